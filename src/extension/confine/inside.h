/* SPDX-License-Identifier: BSD-2-Clause */
/* inside.h - what the stages of the sandbox share with each other, and with nobody else */
#ifndef NACRE_CONFINE_INSIDE_H
#define NACRE_CONFINE_INSIDE_H

#include "confine.h"

#include <stddef.h>

/* The private /tmp of a virtual process's template. */
#define CONFINE_TMP_SIZE "64m"

/**
 * struct confine_place - one file or directory of the policy, by its real path
 * @path:  absolute, without symbolic links, "." or ".."
 * @fd:    O_PATH descriptor of it, opened without following any link
 * @write: it may be written
 * @directory: it is a directory
 */
struct confine_place {
	char *path;
	int fd;
	bool write, directory;
};

/** struct confine_link - a symbolic link on the way to a place: @path says @target */
struct confine_link {
	char *path, *target;
};

/** struct confine_places - the policy's paths, resolved; @place is sorted, parents first */
struct confine_places {
	struct confine_place *place;
	size_t places;
	struct confine_link *link;
	size_t links;
};

/**
 * confine_places_find() - resolve closure, read and write paths of @c in the present root
 *
 * What does not exist is left out of closure and read paths; a write path has to exist. A symbolic
 * link inside a write path is refused: the extension could have laid it there to be given more at
 * its next start.
 */
int confine_places_find(const struct nacre_confinement *c, struct confine_places *p,
			struct nacre_error *e);
void confine_places_clear(struct confine_places *p);
/** confine_places_cover() - the deepest place above place @i of @p, or NULL */
const struct confine_place *confine_places_cover(const struct confine_places *p, size_t i);
/** confine_path_below() - is @path inside directory @above (not @above itself)? */
bool confine_path_below(const char *path, const char *above);

/** confine_no_new_privileges() - set the process attribute; harmless when it is set */
int confine_no_new_privileges(struct nacre_error *e);

/** confine_landlock_abi() - the kernel's Landlock version, 0 without Landlock */
int confine_landlock_abi(void);
/** confine_landlock_apart() - a domain of its own, so that clones cannot look into each other */
int confine_landlock_apart(struct nacre_error *e);

/**
 * confine_capabilities_zygote() - keep only what clone(CLONE_NEWPID) asks for, for good
 * @keep: keep CAP_SYS_ADMIN (of the zygote's own user namespace); otherwise keep nothing
 */
int confine_capabilities_zygote(bool keep, struct nacre_error *e);

/** confine_filter_clone() - the second filter, for clones that have no pid namespace to end in */
int confine_filter_clone(struct nacre_error *e);

/** The system calls that a virtual process may make; NULL-ended lists of names. */
extern const char *const confine_calls_always[];
/** ... where the root is private, so that a path can only mean what was declared */
extern const char *const confine_calls_private_root[];
/** ... with nacre_confinement.fork */
extern const char *const confine_calls_fork[];
/** confine_allows() - is @name allowed whatever its arguments? @c may be NULL */
bool confine_allows(const struct nacre_confinement *c, const char *name);
/** Numbers that are refused with EPERM; the rest of what is not allowed gets ENOSYS. */
extern const int confine_refused[];
extern const size_t confine_refused_count;

/** confine_learns_path() - does the learning filter report system call @name for its paths? */
bool confine_learns_path(const char *name);

/**
 * confine_child() - fork without SIGCHLD for the parent and without atfork handlers
 *
 * The child may call only async-signal-safe functions and has to end with _exit() or exec.
 */
pid_t confine_child(void);
/** confine_child_wait() - reap it. Return: its exit status, -1 when a signal ended it */
int confine_child_wait(pid_t child);

#endif
