/* SPDX-License-Identifier: BSD-2-Clause */
/* files.c - a virtual process sees the declared files, as far as declared, and nothing else */
#include "sandbox.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static char readable[128], writable[128], linked[128], in_write[160], link_in_write[160];

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void look(struct outcome *o)
{
	char path[200];

	step(o, 0, try_open("/etc/passwd", O_RDONLY));
	step(o, 1, try_open("/etc/shadow", O_RDONLY));
	step(o, 2, try_open(readable, O_RDONLY));
	step(o, 3, try_open(readable, O_WRONLY));
	step(o, 4, chmod(readable, 0777));
	snprintf(path, sizeof(path), "%s/new", writable);
	step(o, 5, try_open(path, O_RDWR | O_CREAT));
	step(o, 6, unlink(path));
	step(o, 7, try_open("/dev/null", O_WRONLY));
	step(o, 8, try_open("/dev/urandom", O_RDONLY));
	step(o, 9, try_open("/tmp/mine", O_RDWR | O_CREAT));
	step(o, 10, try_open("/mine", O_RDWR | O_CREAT));
	step(o, 11, try_open(linked, O_RDONLY));
	step(o, 12, try_open(in_write, O_RDONLY));
	step(o, 13, try_open(in_write, O_WRONLY));
	step(o, 14, try_open("/proc/self/status", O_RDONLY));
	step(o, 15, try_open("/proc/self/mem", O_WRONLY));
	step(o, 16, try_open("/proc/1/mem", O_RDONLY));
	step(o, 17, entries("/home"));
	step(o, 18, chmod("/dev/null", 0666)); /* as it is, in case it works */
	step(o, 19, rename(in_write, "/tmp/moved"));
	snprintf(path, sizeof(path), "%s/../../../../etc/passwd", writable);
	step(o, 20, try_open(path, O_RDONLY));
	step(o, 21, access("/dev/shm", W_OK));
	step(o, 22, entries("/"));
	o->value[23] = !!getcwd(o->text, sizeof(o->text));
}

static void make_files(void)
{
	char command[400];

	snprintf(readable, sizeof(readable), "%s", sandbox_file("readable", "text"));
	snprintf(writable, sizeof(writable), "%s/writable", sandbox_scratch());
	snprintf(linked, sizeof(linked), "%s/by-name/linked", sandbox_scratch());
	snprintf(in_write, sizeof(in_write), "%s/kept", writable);
	snprintf(link_in_write, sizeof(link_in_write), "%s/planted", writable);
	mkdir(writable, 0700);
	sandbox_file("target", "by a link");
	sandbox_file("writable/kept", "read-only inside of a write path");
	snprintf(command, sizeof(command), "cd %s && mkdir real && ln -s real by-name && ln -s ../target real/linked",
		 sandbox_scratch());
	if (system(command) != 0)
		exit(1);
}

/* What holds with every file policy: the private root, Landlock, or both. */
static void check_common(const struct outcome *o, const char *how)
{
	tap_ok(o->value[0] == -1 && o->value[1] == -1, "%s: the password files cannot be read", how);
	tap_ok(o->value[2] == 0, "%s: a read path can be read", how);
	tap_ok(o->value[3] == -1, "%s: ... and not written (%s)", how, strerror(o->error[3]));
	tap_ok(o->value[5] == 0 && o->value[6] == 0, "%s: a write path can be written", how);
	tap_ok(o->value[7] == 0 && o->value[8] == 0, "%s: /dev/null and urandom work", how);
	tap_ok(o->value[10] == -1, "%s: the root cannot be written", how);
	tap_ok(o->value[11] == 0, "%s: a path by symbolic links works as named", how);
	tap_ok(o->value[12] == 0, "%s: a read path inside a write path can be read", how);
	tap_ok(o->value[20] == -1, "%s: dots do not lead out of a write path", how);
}

static void check_root(const struct outcome *o, const char *how)
{
	tap_ok(o->value[4] == -1 && o->value[18] == -1, "%s: modes of read-only files stay", how);
	tap_ok(o->value[9] == 0, "%s: there is a private /tmp", how);
	tap_ok(o->value[13] == -1 && o->value[19] == -1,
	       "%s: a read path inside a write path stays read-only", how);
	tap_ok(o->value[17] == -1 && o->error[17] == ENOENT, "%s: there is no /home", how);
	tap_ok(o->value[21] == 0, "%s: there is a /dev/shm", how);
	tap_ok(!strcmp(o->text, sandbox_scratch()), "%s: the working directory is kept", how);
}

static void test_policy(unsigned means, const char *how)
{
	const char *const read_list[] = { readable, linked, in_write, "/nowhere/at/all", NULL };
	const char *const write_list[] = { writable, NULL };
	struct sandbox s = { .c = { .means = means, .read = read_list, .write = write_list },
			     .in_clone = look };
	int status;
	struct outcome *o = sandbox_run(&s, &status);
	bool root = means & NACRE_CONFINE_USERNS, landlock = means & NACRE_CONFINE_LANDLOCK;

	if (!tap_ok(status == 0, "%s: the sandbox comes up", how)) {
		printf("# status %x stage %d %s\n", (unsigned)status, o->stage, o->e.msg);
		return;
	}
	if (root || landlock)
		check_common(o, how);
	if (root)
		check_root(o, how);
	if (root && landlock && o->value[14] == 0) {
		tap_ok(o->value[15] == -1, "%s: /proc/self/mem cannot be written", how);
		tap_ok(o->value[16] == -1, "%s: the zygote's memory cannot be read", how);
		tap_ok(o->value[22] == -1 && o->error[22] == EACCES, "%s: / cannot be listed", how);
	} else if (root) {
		tap_ok(o->value[14] == -1, "%s: no /proc without Landlock", how);
	}
	if (unlink("/tmp/mine") == 0) /* the next run is not to find it */
		tap_ok(false, "%s: nothing is left in the machine's /tmp", how);
}

static void nothing(struct outcome *o)
{
	(void)o;
}

/* Without any means the stages do nothing, and say nothing. */
static void test_nothing(void)
{
	struct sandbox s = { .c = { .means = 0 }, .in_clone = nothing };
	int status;

	sandbox_run(&s, &status);
	tap_ok(status == 0, "without any means: a virtual process comes up all the same");
}

static void test_refusals(unsigned means)
{
	const char *const read_list[] = { link_in_write, NULL };
	const char *const write_list[] = { writable, NULL };
	const char *const absent[] = { "/nowhere/at/all", NULL };
	const char *const relative[] = { "etc", NULL };
	struct sandbox s = { .c = { .means = means, .read = read_list, .write = write_list },
			     .in_clone = nothing };
	struct outcome *o;
	int status;

	if (symlink("/etc", link_in_write) < 0)
		exit(1);
	o = sandbox_run(&s, &status);
	tap_ok(o->stage && o->e.code == NACRE_E_VIOLATION, "a link planted in a write path is refused");
	unlink(link_in_write);
	s.c.read = NULL;
	s.c.write = absent;
	o = sandbox_run(&s, &status);
	tap_ok(o->stage && o->e.code == NACRE_E_ABSENT, "a write path that does not exist is an error");
	s.c.write = NULL;
	s.c.read = relative;
	o = sandbox_run(&s, &status);
	tap_ok(o->stage && o->e.code == NACRE_E_USAGE, "a relative path is an error");
}

/* A mount whose flags are locked for us: /proc is nosuid, nodev, noexec on most machines. */
static void look_at_mounts(struct outcome *o)
{
	step(o, 0, try_open("/sys/kernel/mm", O_RDONLY | O_DIRECTORY));
	step(o, 1, try_open("/proc/cpuinfo", O_RDONLY));
	step(o, 2, try_open("/sys/kernel/mm/x", O_WRONLY | O_CREAT));
}

static void test_mounted_sources(unsigned means)
{
	const char *const read_list[] = { "/sys", "/proc/cpuinfo", "/dev/pts", NULL };
	struct sandbox s = { .c = { .means = means, .read = read_list }, .in_clone = look_at_mounts };
	struct outcome *o;
	int status;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] == 0, "directories with mounts in them can be read paths");
	tap_ok(o->value[2] == -1, "... and all mounts in them are read-only");
	tap_ok(o->value[1] == 0 || !(means & NACRE_CONFINE_LANDLOCK), "... /proc/cpuinfo too");
}

static int mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int c, n = 0;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	unsigned means;
	int before;

	sandbox_user(argc, argv);
	before = mounts();
	means = nacre_confine_probe();
	make_files();
	if (chdir(sandbox_scratch()) < 0)
		return 1;
	if (!(means & NACRE_CONFINE_USERNS))
		tap_skip("the private root", "no user namespaces here");
	else if (!(means & NACRE_CONFINE_LANDLOCK))
		tap_skip("the policy by Landlock", "no Landlock here");
	test_policy(means, "all means");
	test_policy(means & ~(unsigned)NACRE_CONFINE_LANDLOCK, "without Landlock");
	test_policy(means & ~(unsigned)NACRE_CONFINE_USERNS, "without namespaces");
	test_policy(means & ~(unsigned)NACRE_CONFINE_SECCOMP, "without seccomp");
	test_nothing();
	test_refusals(means);
	if (means & NACRE_CONFINE_USERNS)
		test_mounted_sources(means);
	tap_is_number(mounts(), before, "no mount is left behind");
	tap_ok(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "no process is left behind");
	if (chdir("/") == 0)
		sandbox_clean();
	return tap_done();
}
