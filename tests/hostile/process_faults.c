/* SPDX-License-Identifier: BSD-2-Clause */
/* process_faults.c - the extension ends, hangs, or does something to its process */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Processes in the innermost pid namespace are virtual ones; the host can tell them by NSpid. */
static int depth_of(pid_t pid)
{
	char path[64], line[256];
	int depth = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "NSpid:", 6))
			for (char *save, *word = strtok_r(line + 6, " \t\n", &save); word;
			     word = strtok_r(NULL, " \t\n", &save))
				depth++;
	if (f)
		fclose(f);
	return depth;
}

static bool is_keeper(pid_t pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && !fgets(name, sizeof(name), f))
		*name = 0;
	if (f)
		fclose(f);
	return !strncmp(name, "nacre-keeper", 12);
}

static struct place here(void)
{
	struct place p;
	DIR *dir;
	char path[600];

	snprintf(p.dir, sizeof(p.dir), "%s", getenv("NACRE_REGISTRY"));
	snprintf(path, sizeof(path), "%s/registry.d", p.dir);
	dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (strstr(d->d_name, ".conf"))
			snprintf(p.name, sizeof(p.name), "%.*s", (int)strlen(d->d_name) - 5, d->d_name);
	if (dir)
		closedir(dir);
	return p;
}

/*
 * Send a signal, soon, to the oldest of the virtual processes, which is the one that is being called;
 * a negative one to all that there is, but for the keeper: who may stop it has won.
 */
static void *signal_soon(void *arg)
{
	int sig = abs((int)(intptr_t)arg), deepest = 0, depth;
	bool all = (intptr_t)arg < 0;
	struct place p = here();
	pid_t pids[PLACE_PIDS], oldest = 0;
	int n = place_processes(&p, pids);

	usleep(20000);
	for (int i = 0; i < n; i++) {
		depth = depth_of(pids[i]);
		if (depth > deepest || (depth == deepest && pids[i] < oldest))
			oldest = pids[i];
		deepest = depth > deepest ? depth : deepest;
	}
	for (int i = 0; i < n; i++)
		if (pids[i] == oldest || (all && (sig != SIGSTOP || !is_keeper(pids[i]))))
			kill(pids[i], sig);
	return NULL;
}

static long while_it_sleeps(const struct victim *v, const struct fault *f)
{
	pthread_t thread;
	int result, sys;

	pthread_create(&thread, NULL, signal_soon, (void *)f->argument);
	result = v->do_sleep(250);
	sys = errno;
	pthread_join(thread, NULL);
	errno = sys;
	return result;
}

static int nested_longjmp(victim_handle handle, const char *text, int number, void *user)
{
	const struct victim *v = user;

	(void)handle;
	(void)text;
	return v->do_misbehave("longjmp", number);
}

static long act_longjmp(const struct victim *v, const struct fault *f)
{
	v->do_plan(f->how, 0, 0);
	return v->do_each(v->do_open("x"), nested_longjmp, (void *)(uintptr_t)v, 1);
}

static long act_host_pid(const struct victim *v, const struct fault *f)
{
	return v->do_misbehave(f->how, getpid());
}

static void *call_add(void *arg)
{
	const struct victim *v = arg;

	errno = 0;
	return (void *)(intptr_t)(v->do_add(1, 1) == -1 ? errno : 0);
}

/* It has lost its sockets: the thread that comes next cannot be served by it. */
static long act_new_thread(const struct victim *v, const struct fault *f)
{
	pthread_t thread;
	void *sys = NULL;

	if (v->do_misbehave(f->how, 0) != 7)
		return -2;
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, call_add, (void *)(uintptr_t)v);
		pthread_join(thread, &sys);
		if (sys)
			break;
	}
	errno = (int)(intptr_t)sys;
	return sys ? -1 : 7;
}

#define SIGNAL_FAULT(sig, text, then_)                                                             \
	{text " from outside", .act = while_it_sleeps, .argument = (sig), .then = then_,           \
	 .function = "victim_sleep", .cause = "SIG|without a word|deadline", FAILS}

const struct fault process_faults[] = {
	{"a write to address 0", "segv", .cause = "SIGSEGV", FAILS},
	{"a write into the kernel", "segv", .argument = -4096, .cause = "SIGSEGV", FAILS},
	{"a jump to nowhere", "jump", .argument = 64, .cause = "SIGSEGV", FAILS},
	{"a bus error", "bus", .cause = "SIGBUS", FAILS},
	{"an illegal instruction", "ill", .cause = "SIGILL", FAILS},
	{"a division by zero", "fpe", .argument = 1, .cause = "SIGFPE", FAILS},
	{"abort()", "abort", .cause = "SIGABRT", FAILS},
	{"raise(SIGTRAP)", "raise", SIGTRAP, .cause = "SIGTRAP", FAILS},
	{"raise(SIGSTOP)", "raise", SIGSTOP, NOTHING},
	{"raise(SIGKILL)", "raise", SIGKILL, NOTHING},
	{"raise(SIGTERM)", "raise", SIGTERM, NOTHING},
	{"exit(0)", "exit", 0, .cause = "exit(0)", FAILS},
	{"exit(3)", "exit", 3, .cause = "exit(3)", FAILS},
	{"_exit(0)", "quick-exit", 0, .cause = "without a word", FAILS},
	{"exit() on another thread", "exit-elsewhere", 5, .cause = "exit(5)", FAILS},
	{"pthread_exit() in a call", "thread-exit", .cause = "without a word", FAILS},
	{"an endless loop", "loop", .cause = "deadline", FAILS},
	{"a hang", "hang", .cause = "deadline", FAILS},
	{"a stack overflow", "overflow", .cause = "SIGSEGV", FAILS, .deadline = 1000},
	{"a stack overflow on another thread", "overflow-elsewhere",
	 .cause = "SIGSEGV|without a word", FAILS, .deadline = 1000},
	{"out of memory, and it goes on", "memory", .more = "memory_mb = 96\n",
	 .cause = "SIGSEGV", FAILS, .deadline = 1000},
	{"it takes all memory it may have", "memory-all", .more = "memory_mb = 256\n",
	 .function = "victim_fill", NOTHING},
	{"a fork bomb", "fork-bomb", .cause = "denied the system call clone", NOTHING},
	{"starting programs", "spawn", .cause = "denied the system call", NOTHING},
	{"a thread bomb", "thread-bomb", 100000, .more = "memory_mb = 128\n", NOTHING, .deadline = 2000},
	{"all its descriptors closed", "close-all", NOTHING},
	{"all its descriptors closed, and a new thread calls", "close-all", .act = act_new_thread,
	 .function = "victim_add", .cause = "without a word|reached|ended|exit", FAILS, .deadline = 10300},
	{"all its descriptors replaced, and a new thread calls", "replace-all", .act = act_new_thread,
	 .function = "victim_add", .cause = "without a word|reached|ended|exit", FAILS, .deadline = 10300},
	{"kill(-1) and everybody else", "kill-all", NOTHING},
	{"a crash with all signals masked", "mask", .cause = "without a word|SIGSEGV", FAILS},
	{"a crash with all signals ignored", "ignore", .cause = "without a word|SIGSEGV", FAILS},
	{"a crash in its own endless signal handler", "handle", .cause = "deadline", FAILS},
	{"another processor, then none", "affinity", 1, NOTHING},
	{"real-time priority and raised limits", "priority", NOTHING},
	{"filling /tmp", "fill-tmp", 1024, NOTHING, .deadline = 5000},
	{"reading, writing and ending the host", "look-outside", .act = act_host_pid,
	 .cause = "denied the system call", NOTHING},
	{"its code taken away", "drop-code", .cause = "SIGSEGV|without a word", FAILS},
	{"longjmp() out of a nested call", "each-setjmp", .act = act_longjmp,
	 .function = "victim_", .cause = "wrong kind|broke|reject", FAILS},
	{"kill(0), its process group", "kill-group", .cause = "without a word", FAILS, .then = THEN_SOON},
	SIGNAL_FAULT(SIGKILL, "SIGKILL", THEN_WORKS),
	SIGNAL_FAULT(SIGSEGV, "SIGSEGV", THEN_WORKS),
	SIGNAL_FAULT(SIGABRT, "SIGABRT", THEN_WORKS),
	SIGNAL_FAULT(SIGSTOP, "SIGSTOP", THEN_WORKS),
	SIGNAL_FAULT(-SIGKILL, "SIGKILL to zygote, keeper and all,", THEN_SOON),
	SIGNAL_FAULT(-SIGSTOP, "SIGSTOP to the zygote and its clones", THEN_SOON),
	{NULL}};
