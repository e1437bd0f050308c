/* SPDX-License-Identifier: BSD-2-Clause */
/* registry.h - what replaces what (V7) */
#ifndef NACRE_REGISTRY_H
#define NACRE_REGISTRY_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How eagerly both sides of a channel wait for each other. */
enum nacre_profile { NACRE_PROFILE_BALANCED, NACRE_PROFILE_LATENCY, NACRE_PROFILE_THRIFTY };

/**
 * struct nacre_registration - one drop-in file: an extension and what stands in for it
 *
 * Paths are absolute. Lists end with NULL and are never NULL themselves. Owns everything it points
 * to.
 */
struct nacre_registration {
	char *name;	       /* "softhsm2": the file is NAME.conf */
	char *file;	       /* where it was read from */
	char *extension;       /* the plug-in that runs in the virtual process */
	char *soname;	       /* what linked hosts ask for; "" where it has none */
	char *interface;       /* "pkcs11" */
	char *overlay;	       /* the overlay it was generated from */
	char *proxy;	       /* what a host loads instead */
	char *stub;	       /* what the virtual process loads beside the extension */
	char *vproc;	       /* the nacre-vproc program */
	char *backend;	       /* "process" */
	uint32_t deadline_ms;  /* 0: the interface's */
	uint32_t memory_mb;    /* address space of a virtual process */
	uint32_t max_failures; /* in ten seconds, then quarantine; 0: 5 */
	enum nacre_profile profile;
	bool cold; /* load the extension in each clone instead of in the zygote */
	bool allow_net, allow_fork;
	char **allow_read, **allow_write; /* files and directories */
	char **allow_syscall;		  /* names, beyond the built-in policy */
	char **environment;		  /* NAME=VALUE set in the virtual process */
};

/** struct nacre_registry - all registrations that are in force, the user's before the system's */
struct nacre_registry {
	struct nacre_registration *list;
	size_t count;
};

/**
 * nacre_registry_read() - read every registry.d directory
 *
 * $NACRE_REGISTRY/registry.d alone where that is set (ignored in secure execution); else
 * $XDG_CONFIG_HOME/nacre/registry.d, /etc/nacre/registry.d, /usr/lib/nacre/registry.d; the first
 * file of a name wins. A malformed file is an error that names file and line; @registry then holds
 * all other registrations, so that a host can go on, and has to be freed all the same.
 */
int nacre_registry_read(struct nacre_registry *registry, struct nacre_error *e);
void nacre_registry_free(struct nacre_registry *registry);

/**
 * nacre_registry_carried() - the registration that the file @path carries behind its last byte
 *
 * A proxy that a program loads for itself (a volume's, in src/fs) has its registration with it: text as
 * in a drop-in file, then a struct nacre_registry_trailer. It goes before every registry.d directory.
 *
 * Return: 1 with @registry holding it alone; 0: the file carries none; -1: it is malformed.
 */
int nacre_registry_carried(struct nacre_registry *registry, const char *path, struct nacre_error *e);

/** nacre_registry_by_proxy() - the registration whose proxy is @path (same file), or NULL */
const struct nacre_registration *nacre_registry_by_proxy(const struct nacre_registry *registry,
							 const char *path);
const struct nacre_registration *nacre_registry_by_name(const struct nacre_registry *registry,
							const char *name);

/** nacre_registration_clear() - free what @r owns and zero it */
void nacre_registration_clear(struct nacre_registration *r);

/**
 * nacre_registration_format() - the text that nacre_registration_write() would write
 * @text: new memory, for the caller to free; only when 0 is returned
 */
int nacre_registration_format(const struct nacre_registration *r, char **text, size_t *size,
			      struct nacre_error *e);

/** nacre_registration_carry() - append @r to the proxy that is open as @fd, for nacre_registry_carried() */
int nacre_registration_carry(const struct nacre_registration *r, int fd, struct nacre_error *e);

/** nacre_registration_write() - write @r to @r->file, atomically; creates the directory */
int nacre_registration_write(const struct nacre_registration *r, struct nacre_error *e);

#endif
