/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spawn.c - a program is started without becoming anybody's child */
#include "os/spawn.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t children;

static void on_child(int sig)
{
	(void)sig;
	children++;
}

int main(void)
{
	char script[] = "echo $PPID $X >&3; cat <&0; exec 3>&-; ls /proc/self/fd | wc -l >&4";
	char shell[] = "sh", option[] = "-c", word[] = "X=word", path[] = "PATH=/usr/bin:/bin";
	char *argv[] = {shell, option, script, NULL}, *envp[] = {word, path, NULL};
	char text[128] = "", count[32] = "";
	struct nacre_error e = {0};
	int ends[2], other[2], fds[2], leak = open("/dev/null", O_RDONLY);
	ssize_t n;

	signal(SIGCHLD, on_child);
	if (pipe(ends) || pipe(other))
		return 1;
	fds[0] = ends[1];
	fds[1] = other[1];
	tap_ok(nacre_spawn_detached("/bin/sh", argv, envp, fds, 2, &e) == 0, "a shell starts");
	close(ends[1]);
	close(other[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	tap_ok(n > 0 && strstr(text, " word"), "it has the environment and the descriptor that it was given");
	tap_ok(atoi(text) != getpid(), "its parent is somebody else");
	n = read(other[0], count, sizeof(count) - 1);
	tap_ok(n > 0 && atoi(count) <= 5, "no other descriptor leaks into it");
	tap_ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "the host has no child to wait for");
	tap_is_number(children, 0, "the host was not told of any child");
	tap_ok(nacre_spawn_detached("/no/such/program", argv, envp, NULL, 0, &e) < 0 && e.sys == ENOENT,
	       "a program that is missing is an error with its reason");
	close(leak);
	return tap_done();
}
