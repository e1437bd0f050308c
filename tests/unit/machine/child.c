/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c - programs of ours: their descriptors, their end, and ours */
#include "os/child.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int start(struct nacre_child *c, const char *script, const int *fds, int count, int output,
		 struct nacre_error *e)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};

	return nacre_child_start(c, "sh", argv, fds, count, output, e);
}

static void text_of(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = 0;
}

static void test_descriptors(void)
{
	int output = memfd_create("output", 0), fds[2] = {memfd_create("a", 0), memfd_create("b", 0)};
	int extra = open("/dev/null", O_RDONLY); /* without CLOEXEC */
	struct nacre_child c;
	char text[256];

	tap_ok(!start(&c, "echo out; echo err >&2; echo a >&3; echo b >&4; ls /proc/self/fd | tr '\\n' ' '; read x || exit 7",
		      fds, 2, output, NULL) &&
		       nacre_child_ended(&c, 20000),
	       "a program is found in PATH, runs and ends");
	tap_ok(WIFEXITED(c.status) && WEXITSTATUS(c.status) == 7, "its input is empty");
	text_of(output, text, sizeof(text));
	tap_is_string(text, "out\nerr\n0 1 2 3 4 5 ", "it has its output and its descriptors, and no others (5 is of ls)");
	text_of(fds[1], text, sizeof(text));
	tap_is_string(text, "b\n", "in their order");
	nacre_child_kill(&c);
	close(extra);
	close(output);
	close(fds[0]);
	close(fds[1]);
}

static void test_failures(void)
{
	char *argv[] = {(char *)"x", NULL};
	struct nacre_error e;
	struct nacre_child c;

	tap_ok(nacre_child_start(&c, "nacre-no-such-program", argv, NULL, 0, 2, &e) && e.code == NACRE_E_ABSENT,
	       "a program that does not exist is said");
	tap_ok(nacre_child_start(&c, "/etc/passwd", argv, NULL, 0, 2, &e) && e.code == NACRE_E_SYSTEM && e.sys,
	       "one that cannot be executed too");
	tap_ok(nacre_child_ended(&c, 0), "and there is nothing to wait for");
	nacre_child_kill(&c);
}

static void test_end(void)
{
	struct nacre_child c;
	int ready[2];
	pid_t pid, grandchild = 0;
	char state = 0;

	start(&c, "exec sleep 1000", NULL, 0, 2, NULL);
	tap_ok(!nacre_child_ended(&c, 10), "a program that runs has not ended");
	nacre_child_kill(&c);
	tap_ok(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGKILL && c.pidfd < 0, "it can be ended");
	if (pipe2(ready, O_CLOEXEC) || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		start(&c, "exec sleep 1000", NULL, 0, 2, NULL);
		if (write(ready[1], &c.pid, sizeof(c.pid)) < 0)
			_exit(1);
		pause();
	}
	close(ready[1]);
	if (read(ready[0], &grandchild, sizeof(grandchild)) != sizeof(grandchild))
		abort();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 200 && state != 'Z'; i++) { /* until it is gone, or waits for init to collect it */
		char path[64], line[256] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		f = fopen(path, "r");
		state = f && fgets(line, sizeof(line), f) && strrchr(line, ')') ? strrchr(line, ')')[2] : 'Z';
		if (f)
			fclose(f);
		usleep(50000);
	}
	tap_ok(state == 'Z', "it ends with its parent");
	close(ready[0]);
}

int main(void)
{
	test_descriptors();
	test_failures();
	test_end();
	return tap_done();
}
