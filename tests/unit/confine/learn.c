/* SPDX-License-Identifier: BSD-2-Clause */
/* learn.c - a learning run refuses nothing, and writes down what the policy would have refused */
#include "sandbox.h"
#include "tap.h"

#include "extension/confine/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned means;
static struct nacre_confinement *confinement;
static char profile[128], readable[128], writable[128], directory[128], known[128], listed[128];
static struct nacre_error serve_error;
static int served;

static void serve(int listener)
{
	served = nacre_learn_serve_beyond(listener, confinement, profile, &serve_error);
}

static int use(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static int ask_unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void need_things(struct outcome *o)
{
	char path[200];
	struct stat st;
	pid_t child;

	step(o, 0, use(readable, O_RDONLY));
	step(o, 1, use(writable, O_RDWR));
	snprintf(path, sizeof(path), "%s/new", directory);
	step(o, 2, use(path, O_WRONLY | O_CREAT));
	step(o, 3, use(path, O_RDONLY)); /* made by the run itself */
	step(o, 4, unlink(path));
	step(o, 5, use("/nowhere/at/all", O_RDONLY));
	step(o, 6, use("/dev/null", O_RDWR));
	step(o, 7, use("/tmp/nacre-confine-learn", O_RDWR | O_CREAT));
	step(o, 8, unlink("/tmp/nacre-confine-learn"));
	step(o, 9, use(known, O_RDONLY)); /* allowed already */
	step(o, 10, stat("/etc", &st));   /* asked for, not opened */
	step(o, 11, use(listed, O_RDONLY | O_DIRECTORY));
	snprintf(path, sizeof(path), "%s/inside", listed);
	step(o, 12, use(path, O_RDONLY)); /* said by its directory */
	step(o, 13, syscall(SYS_memfd_create, "x", 0));
	step(o, 14, syscall(SYS_inotify_init1, 0));
	step(o, 15, socket(AF_INET, SOCK_DGRAM, 0));
	child = fork();
	if (child == 0)
		_exit(0);
	step(o, 16, child < 0 || waitpid(child, NULL, 0) != child ? -1 : 0);
	/* Relative, with dots, to something that was noted already. */
	snprintf(path, sizeof(path), "%s/.././readable", directory);
	step(o, 17, use(path, O_RDONLY));
	step(o, 18, chdir(directory));
	step(o, 19, use("../readable", O_RDONLY));
	step(o, 20, use("/proc/self/status", O_RDONLY));
	step(o, 21, ask_unix_socket());
	/* What is not a path. */
	step(o, 22, open((const char *)1, O_RDONLY));
}

static const char *text_of(const char *path)
{
	static char text[4096];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void make_files(void)
{
	snprintf(profile, sizeof(profile), "%s/profile", sandbox_scratch());
	snprintf(readable, sizeof(readable), "%s", sandbox_file("readable", ""));
	snprintf(writable, sizeof(writable), "%s", sandbox_file("writable", ""));
	snprintf(known, sizeof(known), "%s", sandbox_file("known", ""));
	snprintf(directory, sizeof(directory), "%s/directory", sandbox_scratch());
	snprintf(listed, sizeof(listed), "%s/listed", sandbox_scratch());
	if (mkdir(directory, 0700) < 0 || mkdir(listed, 0700) < 0)
		exit(1);
	sandbox_file("listed/inside", "");
}

static int listen_on_unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", sandbox_scratch());
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		exit(1);
	return fd;
}

static void test_run(unsigned with, const char *how)
{
	const char *const read_list[] = { known, NULL };
	struct sandbox s = { .c = { .means = with, .read = read_list, .learn = true },
			     .in_clone = need_things, .serve = serve };
	char want[4096];
	struct outcome *o;
	int status;

	confinement = &s.c;
	unlink(profile);
	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && served == 0, "%s: the run ends, and so does its supervisor (%s)", how,
	       serve_error.msg);
	tap_ok(o->value[0] == 0 && o->value[1] == 0 && o->value[2] == 0 && o->value[9] == 0 &&
	       o->value[12] == 0 && o->value[13] >= 0 && o->value[15] >= 0 && o->value[16] == 0 &&
	       o->value[19] == 0 && o->value[21] == 0,
	       "%s: nothing is refused", how);
	tap_ok(o->value[22] == -1 && o->error[22] == EFAULT, "%s: a wrong pointer is its caller's", how);
	snprintf(want, sizeof(want),
		 "# learned by nacre: read it before you use it\n"
		 "allow_fork = yes\n"
		 "allow_net = yes\n"
		 "allow_read = %s\n"
		 "allow_read = %s\n"
		 "allow_read = %s/socket\n"
		 "allow_syscall = inotify_init1\n"
		 "allow_syscall = memfd_create\n"
		 "allow_write = %s\n"
		 "allow_write = %s\n",
		 listed, readable, sandbox_scratch(), directory, writable);
	tap_is_string(text_of(profile), want, "... the profile says what was needed, once, sorted");
}

static void need_another(struct outcome *o)
{
	step(o, 0, use("/etc/hostname", O_RDONLY));
	step(o, 1, use("/etc/passwd", O_RDONLY));
}

static void test_again(void)
{
	struct sandbox s = { .c = { .means = means, .learn = true }, .in_clone = need_another, .serve = serve };
	int status;

	confinement = NULL;
	sandbox_file("profile", "allow_write = /old\nallow_syscall = memfd_create\n");
	sandbox_run(&s, &status);
	tap_ok(status == 0 && served == 0, "a second run ends");
	tap_ok(strstr(text_of(profile), "allow_read = /etc/passwd\nallow_syscall = memfd_create\n"
					"allow_write = /old\n") != NULL,
	       "... and adds to what the first one has learned");
	s.c.means = NACRE_CONFINE_SECCOMP;
	sandbox_run(&s, &status);
	tap_ok(status == 0 && !strstr(text_of(profile), "allow_fork"),
	       "the zygote's own forks are not learned");
}

/* Two runs of one registration at a time: neither loses what the other has found out. */
static void test_two_writers(void)
{
	struct learn_profile one = { NULL }, two = { NULL };
	struct nacre_error e = { .code = NACRE_OK };
	int bad = 0;

	sandbox_file("profile", "");
	bad |= learn_profile_read(&one, profile, &e) | learn_profile_read(&two, profile, &e);
	bad |= learn_profile_add(&one, LEARN_READ, "/one", &e) | learn_profile_add(&two, LEARN_READ, "/two", &e);
	bad |= learn_profile_write(&one, NULL, profile, &e) | learn_profile_write(&two, NULL, profile, &e);
	tap_ok(!bad && strstr(text_of(profile), "allow_read = /one\nallow_read = /two\n"),
	       "two runs at a time write one profile");
	learn_profile_clear(&one);
	learn_profile_clear(&two);
}

/* What was learned is enough: the same run in the sandbox that it describes. */
static void test_profile_is_enough(void)
{
	const char *const read_list[] = { known, listed, readable, address.sun_path, NULL };
	const char *const write_list[] = { directory, writable, NULL };
	const char *const calls[] = { "inotify_init1", "memfd_create", NULL };
	struct sandbox s = { .c = { .means = means, .read = read_list, .write = write_list,
				    .syscalls = calls, .fork = true, .net = true },
			     .in_clone = need_things };
	struct outcome *o;
	int status, i, failed = 0;

	o = sandbox_run(&s, &status);
	for (i = 0; i < 22; i++)
		if (o->value[i] == -1 && i != 5 && i != 10 && i != 20) {
			printf("# step %d: %s\n", i, strerror(o->error[i]));
			failed++;
		}
	tap_ok(status == 0 && !failed && !o->denied_count, "the learned profile is enough for the same run");
}

int main(int argc, char **argv)
{
	int fd;

	sandbox_user(argc, argv);
	means = nacre_confine_probe();
	if (!(means & NACRE_CONFINE_SECCOMP)) {
		tap_skip("learning", "no seccomp here");
		return tap_done();
	}
	make_files();
	fd = listen_on_unix_socket();
	if (means & NACRE_CONFINE_USERNS)
		test_run(means, "all means");
	test_run(NACRE_CONFINE_SECCOMP, "by seccomp alone");
	test_again();
	test_two_writers();
	test_profile_is_enough();
	close(fd);
	sandbox_clean();
	return tap_done();
}
