/* SPDX-License-Identifier: BSD-2-Clause */
/* throttle.h - programs that write faster than can be copied are slowed down, for as long as that is needed
 *
 * A control group is told how many bytes a second it may write to a disk: io.max of version 2, where what programs leave in the
 * page cache counts as theirs; blkio.throttle.write_bps_device of version 1, where it does not, and groups below it are
 * groups of their own. What was said there before is noted when it is opened, and put back: by us, or by the watchdog when we are
 * gone (watchdog.h).
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_THROTTLE_H
#define NACRE_CONVERSION_SNAPSHOT_THROTTLE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { THROTTLE_MAX = 64 };

/** struct throttle - @items: a group's limit for a disk */
struct throttle {
	struct throttle_item {
		int fd;
		bool v2;
		unsigned major, minor;
		char before[64]; /* what is written to put it back */
	} items[THROTTLE_MAX];
	int count;
};

/** throttle_open() - @directories: of control groups, NULL-ended, may be NULL; throttle_close() in any case */
int throttle_open(struct throttle *t, const char *const *directories, const dev_t *disks, unsigned disk_count,
		  struct nacre_error *e);
/** throttle_set() - all of them together may write so many bytes a second. Return: 0 with what they really may, or -1 */
int throttle_set(const struct throttle *t, uint64_t *bytes_per_second, struct nacre_error *e);
/** throttle_restore() - as it was before. Takes no memory and no lock; a group that is gone has no limit */
void throttle_restore(const struct throttle *t);
void throttle_close(struct throttle *t);

#endif
