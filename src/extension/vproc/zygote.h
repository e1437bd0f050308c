/* SPDX-License-Identifier: BSD-2-Clause */
/* zygote.h - inside nacre-vproc: the template that is cloned, and the clones */
#ifndef NACRE_VPROC_ZYGOTE_H
#define NACRE_VPROC_ZYGOTE_H

#include "extension/confine/confine.h"
#include "extension/vproc/startup.h"

/** struct nacre_zygote - the state of the template process */
struct nacre_zygote {
	struct nacre_startup startup;
	struct nacre_confinement confinement;
	char **closure;
	int learner; /* socket to the keeper, which serves a learning filter; -1 */
};

/** nacre_zygote_main() - confine this process, load the extension, serve clone requests; exits */
_Noreturn void nacre_zygote_main(struct nacre_zygote *z);

/**
 * nacre_fork_init() - what nacre_fork() needs to know, found out before the filter is on
 */
void nacre_fork_init(void);
/**
 * nacre_fork() - fork as the first process of a new pid namespace, or plainly
 * @flags: CLONE_NEWPID or 0
 */
pid_t nacre_fork(unsigned long flags);

/** nacre_virtual_main() - a new clone: give up what the zygote may do, serve channels; exits */
_Noreturn void nacre_virtual_main(const struct nacre_zygote *z, uint64_t serial, int channel,
				  int control);

#endif
