/* SPDX-License-Identifier: BSD-2-Clause */
/* startup.h - what a host hands to nacre-vproc: the registration and its own environment */
#ifndef NACRE_VPROC_STARTUP_H
#define NACRE_VPROC_STARTUP_H

#include "extension/registry/registry.h"

#include <nacre/error.h>

#include <sched.h>

/** struct nacre_startup - as nacre-vproc reads it; strings point into @memory */
struct nacre_startup {
	struct nacre_registration r; /* the fields that matter inside: not file, proxy, overlay */
	char *cwd;
	char **environment; /* the host's, then the registration's */
	cpu_set_t cpus;     /* where the host's first thread may run */
	char *learn_to;     /* its profile, $NACRE_LEARN/NAME.conf; NULL: enforce */
	void *memory;
	size_t size;
};

/** nacre_startup_write() - a memfd with the configuration for @r; -1 on failure */
int nacre_startup_write(const struct nacre_registration *r, struct nacre_error *e);
/** nacre_startup_read() - read it back, checked; @fd is closed */
int nacre_startup_read(int fd, struct nacre_startup *config, struct nacre_error *e);
/** nacre_startup_free() - also after a failed read */
void nacre_startup_free(struct nacre_startup *config);

#endif
