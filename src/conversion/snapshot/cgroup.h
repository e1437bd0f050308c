/* SPDX-License-Identifier: BSD-2-Clause */
/* cgroup.h - the control groups of programs that are to hold still */
#ifndef NACRE_CONVERSION_SNAPSHOT_CGROUP_H
#define NACRE_CONVERSION_SNAPSHOT_CGROUP_H

#include <nacre/error.h>

/**
 * nacre_cgroup_of_unit() - the directory of a systemd unit's control group
 * @unit: "nginx" is "nginx.service"
 *
 * Return: new memory, or NULL: the unit does not run (NACRE_E_ABSENT), or it holds ourselves.
 */
char *nacre_cgroup_of_unit(const char *unit, struct nacre_error *e);
/** nacre_cgroup_check() - can this directory's programs be stopped, and is it not we? */
int nacre_cgroup_check(const char *directory, struct nacre_error *e);

#endif
