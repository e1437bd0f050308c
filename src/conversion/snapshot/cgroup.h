/* SPDX-License-Identifier: BSD-2-Clause */
/* cgroup.h - the control groups of programs that are to hold still, or to write less */
#ifndef NACRE_CONVERSION_SNAPSHOT_CGROUP_H
#define NACRE_CONVERSION_SNAPSHOT_CGROUP_H

#include <nacre/error.h>

#include <stdbool.h>

/**
 * nacre_cgroup_of_unit() - the directory of a systemd unit's control group
 * @unit: "nginx" is "nginx.service"
 *
 * Return: new memory, or NULL: the unit does not run (NACRE_E_ABSENT), or it holds ourselves.
 */
char *nacre_cgroup_of_unit(const char *unit, struct nacre_error *e);
/** nacre_cgroup_check() - can this directory's programs be stopped, and is it not we? */
int nacre_cgroup_check(const char *directory, struct nacre_error *e);

/* The files with the limits of versions 2 and 1. */
#define NACRE_CGROUP_IO_MAX "io.max"
#define NACRE_CGROUP_BLKIO "blkio.throttle.write_bps_device"

/** nacre_cgroup_throttled_unit() - the same unit's directory where it can be told how much it may write; of ourselves too */
char *nacre_cgroup_throttled_unit(const char *unit, struct nacre_error *e);
/** nacre_cgroup_throttles() - can it be told how much it may write? @v2: in the way of version 2 */
int nacre_cgroup_throttles(const char *directory, bool *v2, struct nacre_error *e);

#endif
