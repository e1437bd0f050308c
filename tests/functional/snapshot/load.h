/* SPDX-License-Identifier: BSD-2-Clause */
/* load.h - programs that write to a mounted file system, as machines do, and know what they were promised */
#ifndef NACRE_TESTS_SNAPSHOT_LOAD_H
#define NACRE_TESTS_SNAPSHOT_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load;

/**
 * load_start() - write into @directory from now on: random 4 KiB overwrites of 32 MiB at
 * @rate bytes a second (of 80 MiB, if that is more than 50 MiB), files that
 * come, grow and go, space that is reserved and not written, a file that is open and unlinked, and a journal: lines with a
 * number, each synced before the next
 */
struct load *load_start(const char *directory, uint64_t rate);
/** load_promised() - lines of the journal that are on the disk by all that the system says */
uint64_t load_promised(const struct load *l);
/** load_longest() - milliseconds that the longest write() took */
double load_longest(const struct load *l);
/** load_written() - bytes */
uint64_t load_written(const struct load *l);
void load_stop(struct load *l);
/** load_check() - does the journal in @directory have its lines from 1 to at least @promised? */
bool load_check(const char *directory, uint64_t promised);

#endif
