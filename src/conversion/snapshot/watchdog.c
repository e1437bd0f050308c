/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.c - the process that thaws whatever happens to the rest
 *
 * It is forked from a process that may have threads: until its end it calls nothing that takes a lock or memory. What
 * both know lies in a shared page; the bell makes it look. The states are only ever changed by one side:
 *
 *	REST -> ARMED     by us, with a deadline; it answers with the number of the order in `heard`
 *	ARMED -> FIRED    by it, when the deadline is over; it thaws again and again
 *	ARMED, FIRED -> REST  by us, when all goes on
 *	END               by us; it ends
 */
#include "conversion/snapshot/watchdog.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum state { REST, ARMED, FIRED, END };

struct watchdog_shared {
	_Atomic uint32_t state, orders, heard, hooks_held, limits_set, hurried;
	_Atomic uint64_t deadline; /* nanoseconds of CLOCK_MONOTONIC */
};

enum { AGAIN_MS = 10, LAST_TRIES = 20, HOOK_S = 30, ANSWER_MS = 2000, PIECES = 512 };

/* Memory that the watchdog needs: what can be written to, and the files that its code is in. */
struct needed {
	struct piece {
		uintptr_t start, end;
	} list[PIECES];
	int count;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void rest_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void slow_down(const struct watchdog *dog)
{
	if (dog->expedited >= 0 && dog->expedited_was[0] &&
	    pwrite(dog->expedited, dog->expedited_was, strlen(dog->expedited_was), 0) < 0)
		return; /* it was readable, and stays as it is: no harm is done */
}

void watchdog_continue(const struct watchdog_cgroup *c)
{
	const char *word = c->v2 ? "0" : "THAWED";

	if (pwrite(c->control, word, strlen(word), 0) < 0)
		return; /* the group is gone */
}

static void thaw_all(const struct watchdog *dog)
{
	for (int i = dog->mount_count - 1; i >= 0; i--)
		ioctl(dog->mounts[i], FITHAW, 0);
	for (int i = dog->cgroup_count - 1; i >= 0; i--)
		watchdog_continue(&dog->cgroups[i]);
}

/* The hooks let go of their programs. Each has its time, then it is left alone. */
static void run_hooks(const struct watchdog *dog)
{
	for (int i = 0; dog->hooks && dog->hooks[i]; i++) {
		char *argv[] = {(char *)(uintptr_t)dog->hooks[i], (char *)(uintptr_t)"thaw", NULL};
		
		pid_t pid = fork();

		if (!pid) {
			signal(SIGTERM, SIG_DFL);
			signal(SIGINT, SIG_DFL);
			signal(SIGHUP, SIG_DFL);
			signal(SIGPIPE, SIG_DFL);
			execve(argv[0], argv, environ);
			_exit(127);
		}
		for (int ms = 0; pid > 0 && ms < HOOK_S * 1000 && waitpid(pid, NULL, WNOHANG) == 0; ms += AGAIN_MS)
			rest_ms(AGAIN_MS);
	}
}

/* We are gone: nothing must stay frozen. A FIFREEZE that was under way when we were killed has ended by now. */
__attribute__((noreturn)) static void alone(const struct watchdog *dog)
{
	bool held = dog->shared->state == ARMED || dog->shared->state == FIRED;

	/* What somebody else has frozen is not ours to thaw. */
	for (int i = 0; held && i < LAST_TRIES; i++) {
		thaw_all(dog);
		slow_down(dog);
		rest_ms(AGAIN_MS);
	}
	if (dog->shared->limits_set)
		throttle_restore(dog->throttle);
	if (dog->shared->hooks_held)
		run_hooks(dog);
	_exit(0);
}

static int wait_ms(const struct watchdog_shared *shared)
{
	uint64_t now = now_ns(), until = shared->deadline;

	if (shared->state == FIRED)
		return AGAIN_MS;
	if (shared->state != ARMED)
		return -1;
	return until > now ? (int)((until - now + 999999) / 1000000) : 0;
}

__attribute__((noreturn)) static void watch(const struct watchdog *dog, int owner)
{
	struct watchdog_shared *shared = dog->shared;
	struct pollfd fds[] = {{.fd = owner, .events = POLLIN}, {.fd = dog->bell, .events = POLLIN}};

	for (;;) {
		uint64_t rings;
		uint32_t armed = ARMED;

		shared->heard = shared->orders;
		if (poll(fds, 2, wait_ms(shared)) < 0 && errno != EINTR)
			alone(dog);
		if (fds[1].revents & POLLIN && read(dog->bell, &rings, sizeof(rings)) < 0)
			rest_ms(1);
		if (shared->state == END)
			_exit(0);
		if (fds[0].revents)
			alone(dog);
		if (shared->state == ARMED && now_ns() >= shared->deadline &&
		    !atomic_compare_exchange_strong(&shared->state, &armed, FIRED))
			continue;
		if (shared->state == FIRED)
			thaw_all(dog);
	}
}

/* Only what is needed stays open: a log on a frozen file system is not, nor the end of somebody's pipe. */
static void close_others(const struct watchdog *dog, int owner)
{
	for (int fd = 0; fd < 65536; fd++) {
		bool ours = fd == owner || fd == dog->bell || fd == dog->expedited;

		for (int i = 0; i < dog->mount_count; i++)
			ours |= fd == dog->mounts[i];
		for (int i = 0; i < dog->cgroup_count; i++)
			ours |= fd == dog->cgroups[i].control;
		for (int i = 0; dog->throttle && i < dog->throttle->count; i++)
			ours |= fd == dog->throttle->items[i].fd;
		if (!ours)
			close(fd);
	}
}

/* A line of /proc/self/maps: "55d0c8a00000-55d0c8a21000 r-xp 00001000 fd:01 1234   /usr/bin/nacre" */
struct mapping {
	uintptr_t start, end;
	char access[5], file[256];
};

static bool parse_mapping(const char *line, struct mapping *m)
{
	m->file[0] = 0;
	return sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %255[^\n]", &m->start, &m->end, m->access, m->file) >= 3;
}

static bool holds(const struct mapping *m, const void *address)
{
	return m->start <= (uintptr_t)address && (uintptr_t)address < m->end;
}

/*
 * Told by us, before the watchdog is there: reading this takes memory. Of libraries that it does not call, one has 30 MB of data. All
 * functions have been found when the program was started (it is linked so), so that no library is searched for one.
 */
static void find_needed(struct needed *n)
{
	char code[2][sizeof(((struct mapping *)0)->file)] = {"", ""}, line[512];
	const void *const addresses[2] = {(const void *)(uintptr_t)watch, (const void *)(uintptr_t)poll};
	struct mapping m;

	n->count = 0;
	for (int pass = 0; pass < 2; pass++) {
		NACRE_AUTO_FILE FILE *maps = fopen("/proc/self/maps", "re");

		while (maps && fgets(line, sizeof(line), maps)) {
			if (!parse_mapping(line, &m))
				continue;
			for (int i = 0; i < 2 && !pass; i++)
				if (holds(&m, addresses[i]))
					memcpy(code[i], m.file, sizeof(m.file));
			if (pass && n->count < PIECES &&
			    (m.access[1] == 'w' || (*m.file && (!strcmp(m.file, code[0]) || !strcmp(m.file, code[1])))))
				n->list[n->count++] = (struct piece){m.start, m.end};
		}
	}
}

static void lock(const struct needed *n)
{
	for (int i = 0; i < n->count; i++)
		if (mlock((const void *)n->list[i].start, n->list[i].end - n->list[i].start))
			rest_ms(0); /* it only makes it safer */
}

static void become(struct watchdog *dog, const struct needed *needed, int owner)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU, SIGTTIN};
	struct sched_param fifo = {.sched_priority = 1};
	sigset_t none;
	int fd;

	setsid();
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others(dog, owner);
	fd = open("/dev/null", O_RDWR); /* 0, 1 and 2 of the hooks */
	if (fd == 0) {
		dup2(fd, 1);
		dup2(fd, 2);
	}
	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "-1000", 5) < 0)
			rest_ms(0); /* in a container: then it is like everybody else */
		close(fd);
	}
	sched_setscheduler(0, SCHED_FIFO, &fifo);
	if (chdir("/"))
		rest_ms(0);
	lock(needed);
}

static int ring(const struct watchdog *dog)
{
	uint64_t one = 1;

	return write(dog->bell, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

/* Tell it, and wait until it has heard. */
static int order(struct watchdog *dog, struct nacre_error *e)
{
	uint32_t number = ++dog->shared->orders;

	if (ring(dog) == 0)
		for (int i = 0; i < ANSWER_MS * 20; i++) {
			if (dog->shared->heard == number)
				return 0;
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
		}
	return nacre_error_set(e, NACRE_E_SYSTEM, 0, "the watchdog", "does not answer; nothing is frozen without it");
}

int watchdog_start(struct watchdog *dog, struct nacre_error *e)
{
	int owner = (int)syscall(SYS_pidfd_open, getpid(), 0);
	static struct needed needed;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	dog->bell = eventfd(0, EFD_CLOEXEC);
	dog->expedited = open("/sys/kernel/rcu_expedited", O_RDWR | O_CLOEXEC);
	dog->shared = page == MAP_FAILED ? NULL : page;
	dog->pid = 0;
	if (dog->expedited >= 0) {
		ssize_t n = pread(dog->expedited, dog->expedited_was, sizeof(dog->expedited_was) - 1, 0);

		dog->expedited_was[n > 0 ? n : 0] = 0;
	}
	find_needed(&needed);
	if (owner >= 0 && dog->shared && dog->bell >= 0)
		dog->pid = fork();
	if (!dog->pid && owner >= 0 && dog->shared && dog->bell >= 0) {
		become(dog, &needed, owner);
		watch(dog, owner);
	}
	if (dog->pid <= 0)
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "the watchdog", "cannot be started");
	if (owner >= 0)
		close(owner);
	return dog->pid > 0 ? order(dog, e) : -1;
}

int watchdog_arm(struct watchdog *dog, uint32_t ms, struct nacre_error *e)
{
	dog->shared->deadline = now_ns() + ms * 1000000ull;
	dog->shared->state = ARMED;
	if (order(dog, e) == 0)
		return 0;
	dog->shared->state = REST;
	return -1;
}

bool watchdog_disarm(struct watchdog *dog)
{
	bool fired = watchdog_fired(dog);

	fired |= atomic_exchange(&dog->shared->state, REST) == FIRED;
	ring(dog);
	return fired;
}

bool watchdog_fired(const struct watchdog *dog)
{
	return dog->shared->state == FIRED;
}

void watchdog_hooks(struct watchdog *dog, bool held)
{
	dog->shared->hooks_held = held;
}

void watchdog_limits(struct watchdog *dog, bool set)
{
	dog->shared->limits_set = set;
}

void watchdog_hurry(struct watchdog *dog, bool hurry)
{
	if (!hurry)
		slow_down(dog);
	else if (dog->expedited >= 0 && pwrite(dog->expedited, "1", 1, 0) < 0)
		dog->expedited_was[0] = 0;
}

void watchdog_end(struct watchdog *dog)
{
	if (dog->pid > 0) {
		dog->shared->state = END;
		ring(dog);
		while (waitpid(dog->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (dog->shared)
		munmap(dog->shared, 4096);
	if (dog->bell > 0)
		close(dog->bell);
	if (dog->expedited > 0)
		close(dog->expedited);
	for (int i = 0; i < dog->cgroup_count; i++) {
		close(dog->cgroups[i].control);
		close(dog->cgroups[i].state);
	}
	*dog = (struct watchdog){.bell = -1, .expedited = -1};
}
