/* SPDX-License-Identifier: BSD-2-Clause */
/* landlock.c - the policy of the files once more, by Landlock
 *
 * The private root already shows nothing else. This stage says the same by other means, so that a
 * mistake in one of them is not an escape, and it is the file policy where there are no user
 * namespaces. By version it adds: moving between directories (2), truncation (3), TCP (4), ioctl on
 * devices (5), signals and abstract sockets (6).
 *
 * Source of the interface: Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h
 * of Linux 6.10 and later; older headers end at version 2, so everything is defined here.
 */
#include "inside.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FS_EXECUTE    (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE  (UINT64_C(1) << 2)
#define FS_READ_DIR   (UINT64_C(1) << 3)
#define FS_MAKE_BLOCK (UINT64_C(1) << 11)
#define FS_REFER      (UINT64_C(1) << 13) /* version 2 */
#define FS_TRUNCATE   (UINT64_C(1) << 14) /* version 3 */
#define FS_IOCTL_DEV  (UINT64_C(1) << 15) /* version 5 */

#define FS_VERSION_1 ((UINT64_C(1) << 13) - 1)
#define FS_READ	     (FS_EXECUTE | FS_READ_FILE | FS_READ_DIR)
/* What a rule for something else than a directory may contain. */
#define FS_OF_FILE (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

#define NET_BIND_TCP	(UINT64_C(1) << 0) /* version 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0) /* version 6 */
#define SCOPE_SIGNAL		   (UINT64_C(1) << 1)

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH      1

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

int confine_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static struct ruleset what_it_handles(const struct nacre_confinement *c, int abi)
{
	struct ruleset r = { .fs = FS_VERSION_1 };

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 4 && !c->net)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	return r;
}

/* Older versions know fewer fields, and accept longer structures whose rest is zero. */
static int make_ruleset(const struct ruleset *r)
{
	return (int)syscall(SYS_landlock_create_ruleset, r, sizeof(*r), 0);
}

static int allow(int ruleset, int fd, uint64_t access)
{
	struct path_beneath rule = { .allowed = access, .fd = fd };

	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static int allow_places(int ruleset, const struct confine_places *p, uint64_t handled,
			struct nacre_error *e)
{
	size_t i;

	for (i = 0; i < p->places; i++) {
		uint64_t access = p->place[i].write ? handled : handled & FS_READ;

		if (!p->place[i].directory)
			access &= FS_OF_FILE;
		if (allow(ruleset, p->place[i].fd, access) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, p->place[i].path,
					       "Landlock takes no rule for it");
	}
	return 0;
}

/* What root.c adds by itself: devices, and in the private root also /tmp and /proc. */
static int allow_furniture(int ruleset, const struct nacre_confinement *c, uint64_t handled,
			   struct nacre_error *e)
{
	static const struct {
		const char *path;
		uint64_t access;
		bool private; /* only where it is not the machine's */
	} furniture[] = {
		{ "/dev/null", FS_READ_FILE | FS_WRITE_FILE, false },
		{ "/dev/zero", FS_READ_FILE | FS_WRITE_FILE, false },
		{ "/dev/full", FS_READ_FILE | FS_WRITE_FILE, false },
		{ "/dev/random", FS_READ_FILE, false },
		{ "/dev/urandom", FS_READ_FILE, false },
		{ "/tmp", ~(FS_EXECUTE | FS_MAKE_BLOCK), true },
		{ "/proc", FS_READ_FILE | FS_READ_DIR, true },
	};
	size_t i;

	for (i = 0; i < sizeof(furniture) / sizeof(*furniture); i++) {
		NACRE_AUTO_FD int fd = -1;

		if (furniture[i].private && !(c->means & NACRE_CONFINE_USERNS))
			continue;
		fd = open(furniture[i].path, O_PATH | O_CLOEXEC);
		if (fd >= 0 && allow(ruleset, fd, furniture[i].access & handled) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, furniture[i].path,
					       "Landlock takes no rule for it");
	}
	return 0;
}

static int restrict_self(int ruleset, struct nacre_error *e)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "Landlock",
				       "cannot restrict the process");
	return 0;
}

int nacre_confine_files(const struct nacre_confinement *c, struct nacre_error *e)
{
	struct ruleset r = what_it_handles(c, confine_landlock_abi());
	struct confine_places p;
	NACRE_AUTO_FD int ruleset = -1;
	int ret = -1;

	if (!(c->means & NACRE_CONFINE_LANDLOCK) || c->learn)
		return 0;
	if (confine_no_new_privileges(e) < 0)
		return -1;
	ruleset = make_ruleset(&r);
	if (ruleset < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "Landlock", "cannot begin a policy");
	if (confine_places_find(c, &p, e) < 0)
		return nacre_error_add(e, "while collecting the files of the sandbox");
	if (allow_places(ruleset, &p, r.fs, e) == 0 && allow_furniture(ruleset, c, r.fs, e) == 0)
		ret = restrict_self(ruleset, e);
	confine_places_clear(&p);
	return ret;
}

/*
 * A domain that forbids next to nothing (making block devices), but is a domain: a process may look
 * into another one (ptrace, /proc/PID/mem, /proc/PID/fd) and, since version 6, send it signals only
 * where that one's domain is its own or inside it. Siblings are neither; the zygote and the host, from
 * further out, still reach it.
 */
int confine_landlock_apart(struct nacre_error *e)
{
	struct ruleset r = { .fs = FS_MAKE_BLOCK };
	NACRE_AUTO_FD int ruleset = make_ruleset(&r);

	if (ruleset < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "Landlock", "cannot begin a policy");
	return restrict_self(ruleset, e);
}
