/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spawn.c - a program is started without becoming anybody's child */
#include "os/spawn.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t children;

static void on_child(int sig)
{
	(void)sig;
	children++;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int under_lock;

static void *count_up(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		under_lock++;
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

static void *spawn_and_count_up(void *arg)
{
	char word[] = "true", *argv[] = {word, NULL}, *envp[] = {NULL};

	if (nacre_spawn_detached("/bin/true", argv, envp, NULL, 0, NULL) < 0)
		return arg;
	return count_up(NULL);
}

/*
 * A host may be built with a sanitizer that stands before the C library: in the shared memory of the
 * children it must see nothing that it takes for the host's own.
 */
static void test_host_with_sanitizer(void)
{
	void *spawned = NULL;
	pthread_t threads[2];

	children = 0;
	raise(SIGCHLD);
	tap_is_number(children, 1, "the host's handler is still there");
	pthread_create(&threads[0], NULL, spawn_and_count_up, &lock);
	pthread_create(&threads[1], NULL, count_up, NULL);
	pthread_join(threads[0], &spawned);
	pthread_join(threads[1], NULL);
	pthread_create(&threads[0], NULL, count_up, NULL);
	pthread_join(threads[0], NULL);
	tap_ok(!spawned && under_lock == 3000, "a thread that started a program goes on with the others");
}

/* A host that runs without standard input: its number must not stay free in the program. */
static void test_closed_input(void)
{
	char script[] = "readlink /proc/$$/fd/0 >&3", text[64] = "";
	char shell[] = "sh", option[] = "-c", path[] = "PATH=/usr/bin:/bin";
	char *argv[] = {shell, option, script, NULL}, *envp[] = {path, NULL};
	int ends[2], kept = fcntl(0, F_DUPFD_CLOEXEC, 100);

	if (pipe(ends))
		exit(1);
	close(0);
	nacre_spawn_detached("/bin/sh", argv, envp, &ends[1], 1, NULL);
	if (kept >= 0)
		dup2(kept, 0);
	close(ends[1]);
	if (read(ends[0], text, sizeof(text) - 1) < 0)
		text[0] = 0;
	tap_ok(!strcmp(text, "/dev/null\n"), "where the host has no standard input, the program has an empty one");
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
	test_closed_input();
	test_host_with_sanitizer();
	return tap_done();
}
