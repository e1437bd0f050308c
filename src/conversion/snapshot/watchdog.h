/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.h - the process that thaws whatever happens to the rest; part of freeze.h, which explains it */
#ifndef NACRE_CONVERSION_SNAPSHOT_WATCHDOG_H
#define NACRE_CONVERSION_SNAPSHOT_WATCHDOG_H

#include "conversion/snapshot/freeze.h"
#include "conversion/snapshot/throttle.h"

struct watchdog_shared;

struct watchdog_cgroup {
	int control, state;
	bool v2;
};

struct watchdog {
	pid_t pid;
	int bell;      /* an eventfd: look at what is shared */
	int expedited; /* /sys/kernel/rcu_expedited, -1: not there */
	char expedited_was[8];
	struct watchdog_shared *shared;
	int mounts[NACRE_FREEZE_MAX], mount_count;
	struct watchdog_cgroup cgroups[NACRE_FREEZE_MAX];
	int cgroup_count;
	const char *const *hooks;
	const struct throttle *throttle; /* NULL: none */
};

int watchdog_start(struct watchdog *dog, struct nacre_error *e);
/** watchdog_arm() - it thaws in @ms, unless it is disarmed before; returns when it has heard that */
int watchdog_arm(struct watchdog *dog, uint32_t ms, struct nacre_error *e);
/** watchdog_disarm() - Return: true: it has thawed meanwhile */
bool watchdog_disarm(struct watchdog *dog);
bool watchdog_fired(const struct watchdog *dog);
void watchdog_hooks(struct watchdog *dog, bool held);
void watchdog_limits(struct watchdog *dog, bool set);
/** watchdog_hurry() - the kernel's grace periods are short or as they were; put back by the watchdog if need be */
void watchdog_hurry(struct watchdog *dog, bool hurry);
void watchdog_continue(const struct watchdog_cgroup *c);
/** watchdog_end() - also of one that was not started */
void watchdog_end(struct watchdog *dog);

#endif
