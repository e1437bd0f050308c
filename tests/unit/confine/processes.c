/* SPDX-License-Identifier: BSD-2-Clause */
/* processes.c - who may make processes, see them, and hold a capability */
#include "sandbox.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned means;
extern char **environ;

static int try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child < 0 || waitpid(child, NULL, 0) != child ? -1 : 0;
}

static int try_clone(unsigned long flags)
{
	pid_t child = sandbox_fork(flags);

	if (child == 0)
		_exit(0);
	return child < 0 || waitpid(child, NULL, 0) != child ? -1 : 0;
}

static int try_spawn(void)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	pid_t child;
	int err = posix_spawn(&child, argv[0], NULL, NULL, argv, environ);

	if (err) {
		errno = err;
		return -1;
	}
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static void fork_in_zygote(struct outcome *o)
{
	step(o, 0, try_clone(CLONE_NEWPID));
	step(o, 1, try_fork());
	step(o, 2, try_clone(CLONE_NEWPID | CLONE_NEWUSER));
}

static int capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	int cap, found = 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	for (cap = 0; cap < 2; cap++)
		found |= data[cap].effective || data[cap].permitted || data[cap].inheritable;
	return found;
}

static void fork_in_clone(struct outcome *o)
{
	step(o, 3, try_fork());
	step(o, 4, try_clone(CLONE_NEWPID));
	step(o, 5, try_spawn());
	step(o, 6, system("true") == 0 ? 0 : -1);
	step(o, 7, capabilities());
	step(o, 8, kill(getppid(), 0)); /* with a pid namespace: to its own group */
	step(o, 9, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	step(o, 10, getuid() == geteuid());
	step(o, 11, kill(-1, 0));
	step(o, 12, syscall(SYS_vfork));
}

static void test_forks(unsigned with, const char *how)
{
	struct sandbox s = { .c = { .means = with }, .in_zygote = fork_in_zygote, .in_clone = fork_in_clone };
	bool namespaces = with & NACRE_CONFINE_USERNS;
	struct outcome *o;
	int status;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0, "%s: a virtual process runs to its end", how);
	if (namespaces) {
		tap_ok(o->value[0] == 0, "%s: the zygote clones into pid namespaces", how);
		tap_ok(o->value[1] == -1 && o->error[1] == EPERM, "%s: ... and not otherwise", how);
	} else {
		tap_ok(o->value[1] == 0, "%s: the zygote forks", how);
	}
	tap_ok(o->value[2] == -1 && o->error[2] == EPERM, "%s: no user namespace in the zygote", how);
	tap_ok(o->value[3] == -1 && o->error[3] == EPERM, "%s: fork fails with EPERM in a clone", how);
	tap_ok(sandbox_was_denied(o, "clone"), "%s: ... and is named", how);
	tap_ok(o->value[4] == -1 && o->error[4] == EPERM, "%s: a clone makes no pid namespace", how);
	tap_ok(o->value[5] == -1 && o->error[5] == EPERM && o->value[6] == -1,
	       "%s: posix_spawn() and system() fail, and the process lives on", how);
	tap_is_number(o->value[7], 0, "no capability is left");
	tap_ok(o->value[9] == 1 && o->value[10] == 1, "%s: no new privileges, the same user", how);
	if (!namespaces)
		tap_ok(o->value[8] == -1 && o->error[8] == EPERM, "%s: no signal to the zygote", how);
	tap_ok(o->value[11] == -1, "%s: no signal to everybody", how);
	tap_ok(o->value[12] == -1, "%s: no vfork", how);
}

static void fork_when_declared(struct outcome *o)
{
	step(o, 0, try_fork());
	step(o, 1, try_spawn());
	step(o, 2, try_clone(CLONE_NEWUSER));
}

static void test_declared(unsigned with, const char *how)
{
	const char *const closure[] = { "/bin/true", "/lib", "/lib64", NULL };
	struct sandbox s = { .c = { .means = with, .closure = closure, .fork = true },
			     .in_clone = fork_when_declared };
	struct outcome *o;
	int status;

	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] == 0 && o->value[1] == 0,
	       "%s: where they are declared, processes and programs run", how);
	tap_ok(o->value[2] == -1 && o->error[2] == EPERM, "%s: ... but not in a namespace", how);
}

static pid_t sibling;

static void make_sibling(struct outcome *o)
{
	const struct nacre_confinement c = { .means = means };

	sibling = sandbox_fork(CLONE_NEWPID);
	if (sibling == 0) {
		if (nacre_confine_clone(&c, &o->e) == 0)
			pause();
		_exit(1);
	}
}

static void look_at_sibling(struct outcome *o)
{
	char path[64];

	usleep(20000); /* it confines itself meanwhile */
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)sibling);
	step(o, 0, open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d/fd/1", (int)sibling);
	step(o, 1, open(path, O_RDWR));
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)sibling);
	step(o, 2, open(path, O_RDONLY));
	step(o, 3, kill(sibling, SIGKILL));
	step(o, 4, open("/proc/self/environ", O_RDONLY));
}

/* The pid 1 of a namespace takes all others along, so nothing is left of the sibling. */
static void test_siblings(void)
{
	const char *const everything[] = { "/proc/version", NULL }; /* the whole of /proc */
	struct sandbox s = { .c = { .means = means, .read = everything },
			     .in_zygote = make_sibling, .in_clone = look_at_sibling };
	struct outcome *o;
	int status;

	if (!(means & NACRE_CONFINE_USERNS) || !(means & NACRE_CONFINE_LANDLOCK)) {
		tap_skip("clones cannot look into each other", "no namespaces or no Landlock here");
		return;
	}
	o = sandbox_run(&s, &status);
	tap_ok(status == 0 && o->value[0] == -1 && o->value[1] == -1 && o->value[2] == -1,
	       "a clone cannot look into another one (%s)", strerror(o->error[1]));
	tap_ok(o->value[3] == -1, "... nor end it (%s)", strerror(o->error[3]));
	tap_ok(o->value[4] >= 0 || o->error[4] == ENOENT, "... but into itself");
}

static char *page; /* the same address in launcher and clone */
static int asking[2], answering[2];

static void wait_for_reader(struct outcome *o)
{
	char byte = 0;

	strcpy(page, "written in the clone");
	step(o, 0, write(answering[1], &byte, 1));
	step(o, 1, read(asking[0], &byte, 1));
}

/* Reads the first grandchild's memory, as the host does for pages that a call has changed. */
static int read_grandchild(pid_t zygote)
{
	char path[64], got[32] = "";
	struct iovec mine = { got, sizeof(got) - 1 }, its = { page, sizeof(got) - 1 };
	int clone = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)zygote, (int)zygote);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &clone) != 1)
		return -1;
	fclose(f);
	if (process_vm_readv(clone, &mine, 1, &its, 1, 0) != (ssize_t)mine.iov_len)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", clone);
	if (access(path, R_OK) < 0)
		return -1;
	return strcmp(got, "written in the clone");
}

static void test_host_reads(void)
{
	struct sandbox s = { .c = { .means = means }, .in_clone = wait_for_reader };
	int status, children = 0, zygote = 0;
	char path[64], byte;
	pid_t launcher;
	FILE *f;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || pipe(asking) < 0 || pipe(answering) < 0)
		exit(1);
	s.keep[0] = asking[0];
	s.keep[1] = answering[1];
	s.keep_count = 2;
	fflush(stdout);
	launcher = fork();
	if (launcher == 0) {
		sandbox_run(&s, &status);
		_exit(status != 0);
	}
	if (read(answering[0], &byte, 1) != 1)
		exit(1);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)launcher, (int)launcher);
	f = fopen(path, "re");
	if (f) {
		children = fscanf(f, "%d", &zygote);
		fclose(f);
	}
	if (!f || children != 1)
		tap_skip("the host can read the memory of a clone", "no /proc/PID/children here");
	else
		tap_ok(read_grandchild(zygote) == 0, "the host can read the memory of a clone");
	if (write(asking[1], "", 1) != 1)
		exit(1);
	waitpid(launcher, &status, 0);
	munmap(page, 4096);
}

int main(int argc, char **argv)
{
	sandbox_user(argc, argv);
	means = nacre_confine_probe();
	if (!(means & NACRE_CONFINE_SECCOMP)) {
		tap_skip("processes are refused", "no seccomp here");
		return tap_done();
	}
	if (means & NACRE_CONFINE_USERNS)
		test_forks(means, "all means");
	test_forks(means & ~(unsigned)NACRE_CONFINE_USERNS, "without namespaces");
	test_declared(means, "all means");
	test_declared(means & ~(unsigned)NACRE_CONFINE_USERNS, "without namespaces");
	test_siblings();
	test_host_reads();
	tap_ok(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "no process is left behind");
	return tap_done();
}
