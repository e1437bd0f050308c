/* SPDX-License-Identifier: BSD-2-Clause */
/* confine.h - the sandbox of a virtual process, in named stages
 *
 * Who calls what: the launcher clones the zygote with nacre_confine_namespaces() and writes its
 * identity; the zygote goes through root, files, limits, syscalls, in that order, before any byte of the
 * extension is loaded; each virtual process ends with nacre_confine_clone().
 */
#ifndef NACRE_CONFINE_H
#define NACRE_CONFINE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** What this machine offers; a stage whose means are missing is skipped and said. */
enum nacre_confine_means {
	NACRE_CONFINE_USERNS = 1,   /* user, mount, pid, ipc, uts namespaces */
	NACRE_CONFINE_NETNS = 2,
	NACRE_CONFINE_LANDLOCK = 4,
	NACRE_CONFINE_SECCOMP = 8
};

/** struct nacre_confinement - what one extension may do; lists end with NULL */
struct nacre_confinement {
	unsigned means;            /* from nacre_confine_probe() */
	const char *const *read;   /* paths it may read and map, on top of the library closure */
	const char *const *write;  /* paths it may also write */
	const char *const *closure;/* files that it needs to be loaded: libraries, ld.so, the program */
	const char *const *syscalls; /* names beyond the built-in policy */
	bool net, fork, learn;
	uint64_t memory;           /* bytes of address space; 0 unlimited */
};

/** nacre_confine_probe() - find out by trying, in a short-lived child; cached */
unsigned nacre_confine_probe(void);

/** nacre_confine_namespaces() - the CLONE_NEW* flags for the zygote */
unsigned long nacre_confine_namespaces(const struct nacre_confinement *c);

/**
 * nacre_confine_clone_flags() - the CLONE_NEW* flags for each virtual process that the zygote clones
 *
 * CLONE_NEWPID, or 0 where there are no user namespaces. The filter lets a zygote make processes with
 * exactly these (and without them only where they are 0 or c->fork is set).
 */
unsigned long nacre_confine_clone_flags(const struct nacre_confinement *c);

/** nacre_confine_identity() - map the caller's uid and gid to themselves in @zygote's namespace */
int nacre_confine_identity(pid_t zygote, struct nacre_error *e);

/** nacre_confine_root() - a root of its own: closure and read paths read-only, write paths, few devices */
int nacre_confine_root(const struct nacre_confinement *c, struct nacre_error *e);
/** nacre_confine_files() - the same policy once more, by Landlock */
int nacre_confine_files(const struct nacre_confinement *c, struct nacre_error *e);
/** nacre_confine_limits() - rlimits, no core, no new privileges, no open descriptors but @keep */
int nacre_confine_limits(const struct nacre_confinement *c, const int *keep, int keep_count,
			 struct nacre_error *e);
/**
 * nacre_confine_syscalls() - the seccomp filter
 * @listener: with c->learn, set to the notification fd; may be NULL otherwise
 *
 * Unknown and denied system calls raise SIGSYS (see nacre_confine_watch()); processes can be made
 * only with CLONE_NEWPID, which a virtual process has no capability for.
 */
int nacre_confine_syscalls(const struct nacre_confinement *c, int *listener, struct nacre_error *e);
/** nacre_confine_clone() - in a new virtual process: give up every capability for good */
int nacre_confine_clone(const struct nacre_confinement *c, struct nacre_error *e);

/**
 * nacre_confine_watch() - turn denied system calls into ENOSYS or EPERM and tell @denied about them
 * @denied: runs in a signal handler, on the thread that made the call
 */
int nacre_confine_watch(void (*denied)(int nr), struct nacre_error *e);

/** nacre_syscall_name() - "openat" for 257; NULL for a number that nobody knows */
const char *nacre_syscall_name(int nr);
/** nacre_syscall_number() - the other way round; -1 for a name that nobody knows */
int nacre_syscall_number(const char *name);

/**
 * nacre_learn_serve() - answer the notifications of a learning filter until it is gone
 * @listener: the notification fd, outside the sandbox
 * @profile:  file that gets "allow_syscall = NAME", "allow_read = PATH", "allow_write = PATH" lines
 */
int nacre_learn_serve(int listener, const char *profile, struct nacre_error *e);
/** nacre_learn_serve_beyond() - the same, leaving out what @c (closure, paths, calls) allows already */
int nacre_learn_serve_beyond(int listener, const struct nacre_confinement *c, const char *profile,
			     struct nacre_error *e);

/**
 * nacre_closure_find() - the files needed to load @objects: themselves, their libraries, ld.so
 * @list: set to a NULL-ended array that the caller frees with nacre_closure_free()
 */
int nacre_closure_find(const char *const *objects, char ***list, struct nacre_error *e);
void nacre_closure_free(char **list);

#endif
