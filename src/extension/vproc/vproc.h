/* SPDX-License-Identifier: BSD-2-Clause */
/* vproc.h - virtual processes behind one ops table
 *
 * A template is prepared once; virtual processes are clones of it; recovery is taking the next clone.
 * The supervisor (proxy/) knows no backend. It serialises all calls on one template, but for alive()
 * and stop(), which any user of a settled virtual process may call. What comes from a template or a
 * virtual process is hostile.
 */
#ifndef NACRE_VPROC_VPROC_H
#define NACRE_VPROC_VPROC_H

#include "extension/registry/registry.h"
#include "os/fd.h"

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nacre_template;

/** struct nacre_vproc - one virtual process, as the host knows it */
struct nacre_vproc {
	uint64_t serial;
	struct nacre_fd pidfd;   /* none until it is settled */
	struct nacre_fd control; /* a socket: new channels; its end ends the virtual process */
	bool stopped;
	bool ended;  /* the template reported its end: */
	int status;  /* as of waitpid(2) */
	bool failed; /* the template could not make it */
};

struct nacre_vproc_ops {
	const char *name;
	/* Begin to prepare a template for @r. Returns at once; a failure shows in settle(). */
	struct nacre_template *(*prepare)(const struct nacre_registration *r, struct nacre_error *e);
	/* Ask for a clone that serves channel @fd (kept by the caller). Returns at once. */
	int (*clone)(struct nacre_template *t, struct nacre_vproc *v, int fd, struct nacre_error *e);
	/* Wait until @v exists or @deadline (CLOCK_MONOTONIC, ns) passes; takes in what was reported. */
	int (*settle)(struct nacre_template *t, struct nacre_vproc *v, uint64_t deadline,
		      struct nacre_error *e);
	/* Have @v serve one more channel. Returns at once. */
	int (*open)(struct nacre_vproc *v, int fd, struct nacre_error *e);
	/* Is it still there, as far as the operating system knows? */
	bool (*alive)(const struct nacre_vproc *v);
	/* End it from outside, now, with everything in it. */
	void (*stop)(struct nacre_vproc *v);
	/* Close what belongs to @v; other threads may go on to use it, and find nothing. */
	void (*leave)(struct nacre_vproc *v);
	/* In a forked child, first: another thread may have been in any of these functions. */
	void (*forked)(void);
	/* Forget @v: stops it, closes what belongs to it; not the struct. */
	void (*release)(struct nacre_template *t, struct nacre_vproc *v);
	/* End the template and all its clones. */
	void (*destroy)(struct nacre_template *t);
};

extern const struct nacre_vproc_ops nacre_vproc_process;

/** nacre_vproc_backend() - the ops table named @name, or NULL */
const struct nacre_vproc_ops *nacre_vproc_backend(const char *name);

#endif
