/* SPDX-License-Identifier: BSD-2-Clause */
/* pingpong.c - the least that two processes can do to speak to each other through memory */
#include "pingpong.h"
#include "bench.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct line {
	_Atomic uint32_t word, asleep;
	uint8_t pad[120]; /* processors fetch pairs of lines */
};

struct lines {
	struct line there, back;
};

struct pingpong {
	struct lines *shared; /* only this: all else is private, or it would slow them down */
	int spin;
	uint32_t round;
	pid_t partner;
};

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static inline void post(struct line *line, uint32_t word, int spin)
{
	atomic_store(&line->word, word);
	if (!spin && atomic_load(&line->asleep))
		syscall(SYS_futex, &line->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void await(struct line *line, uint32_t word, int spin)
{
	uint32_t now;

	while (spin && atomic_load_explicit(&line->word, memory_order_acquire) != word)
		relax();
	if (spin)
		return;
	atomic_store(&line->asleep, 1);
	while ((now = atomic_load(&line->word)) != word)
		syscall(SYS_futex, &line->word, FUTEX_WAIT, now, NULL, NULL, 0);
	atomic_store(&line->asleep, 0);
}

static _Noreturn void partner(struct lines *shared, int cpu, int spin)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin_to(cpu);
	for (uint32_t round = 1;; round++) {
		await(&shared->there, round, spin);
		post(&shared->back, round, spin);
	}
}

struct pingpong *pingpong_start(int cpu, int spin)
{
	struct pingpong *p = calloc(1, sizeof(*p));

	check(p != NULL, "no memory");
	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(p->shared != MAP_FAILED, "no shared memory");
	p->spin = spin;
	p->partner = fork();
	check(p->partner >= 0, "cannot fork");
	if (p->partner == 0)
		partner(p->shared, cpu, spin);
	return p;
}

void pingpong_round(struct pingpong *p)
{
	uint32_t round = ++p->round;

	post(&p->shared->there, round, p->spin);
	await(&p->shared->back, round, p->spin);
}

void pingpong_stop(struct pingpong *p)
{
	kill(p->partner, SIGKILL);
	waitpid(p->partner, NULL, 0);
	munmap(p->shared, sizeof(*p->shared));
	free(p);
}
