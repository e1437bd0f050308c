/* SPDX-License-Identifier: BSD-2-Clause */
/* stay.c - keep the host's thread on its CPU while it sleeps for the stub that works there
 *
 * In a hand-off (channel.h) the stub works on the CPU on which the host sleeps. When it wakes the
 * host, the kernel sees that CPU busy and looks for an idle one; on a virtual machine that one is
 * halted, and to kick it takes longer than most calls. So the thread is bound to its CPU for the
 * time of the sleep. The stub says where it is bound, and says nowhere as soon as others crowd
 * that CPU (stub/pace.c); its word decides about nothing but speed.
 *
 * The thread has its own CPUs again before anything of the host runs: a callback, or what comes after
 * the call. A mask that somebody else gave it meanwhile is left alone. A thread under a seccomp filter,
 * which may not forgive a system call that is new to it, and a thread of one CPU only stay as they are.
 */
#include "extension/proxy/runtime.h"

#include <sys/prctl.h>

void nacre_stay_begin(struct nacre_channel *channel)
{
	int cpu = sched_getcpu();
	cpu_set_t here;

	if (cpu < 0 || channel->stub_cpu != cpu || channel->stays ||
	    sched_getaffinity(0, sizeof(channel->cpus), &channel->cpus) < 0 ||
	    CPU_COUNT(&channel->cpus) < 2 || prctl(PR_GET_SECCOMP) != 0)
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	channel->stays = sched_setaffinity(0, sizeof(here), &here) == 0;
}

void nacre_stay_end(struct nacre_channel *channel)
{
	cpu_set_t now;

	if (!channel->stays)
		return;
	channel->stays = false;
	if (sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_COUNT(&now) == 1 &&
	    CPU_ISSET(channel->stub_cpu, &now))
		sched_setaffinity(0, sizeof(channel->cpus), &channel->cpus);
}
