/* SPDX-License-Identifier: BSD-2-Clause */
/* caps.c - capabilities: one for the zygote, none for a virtual process
 *
 * DOC: Theory of Operation
 *
 * The zygote of a new user namespace has every capability in it. After its set-up it needs one:
 * CAP_SYS_ADMIN, for clone(CLONE_NEWPID). The stage of the limits drops all others, empties the
 * bounding set and locks the securebits, so that neither uid 0 nor execve() gives any back. What is
 * left for the hot path of a clone is a single capset(2): the ambient set is a subset of the others
 * and empties with them.
 */
#include "inside.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels may know more capabilities than the header. */
#define CAPABILITIES 64

static int capabilities_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };

	return (int)syscall(SYS_capget, &header, data);
}

static int capabilities_set(uint64_t keep)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep, .permitted = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

int confine_capabilities_zygote(bool keep, struct nacre_error *e)
{
	const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	struct __user_cap_data_struct now[2];
	uint64_t permitted;
	int cap;

	if (capabilities_get(now) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "capget",
				       "cannot read the capabilities");
	permitted = now[0].permitted | (uint64_t)now[1].permitted << 32;
	/* Without CAP_SETPCAP there is nothing to lock: no_new_privs alone keeps the sets empty. */
	if (permitted & UINT64_C(1) << CAP_SETPCAP) {
		if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, "securebits",
					       "cannot lock them");
		for (cap = 0; cap < CAPABILITIES; cap++)
			if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
				break; /* EINVAL: past the last one */
	}
	permitted &= keep ? UINT64_C(1) << CAP_SYS_ADMIN : 0;
	if (capabilities_set(permitted) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "capset",
				       "cannot drop the capabilities");
	return 0;
}

int nacre_confine_clone(const struct nacre_confinement *c, struct nacre_error *e)
{
	if (capabilities_set(0) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "capset",
				       "cannot drop the capabilities");
	if ((c->means & NACRE_CONFINE_LANDLOCK) && !c->learn && confine_landlock_apart(e) < 0)
		return -1;
	/* With a pid namespace, the missing capability already forbids new processes. */
	if ((c->means & NACRE_CONFINE_SECCOMP) && !(c->means & NACRE_CONFINE_USERNS) && !c->fork &&
	    !c->learn)
		return confine_filter_clone(e);
	return 0;
}
