/* SPDX-License-Identifier: BSD-2-Clause */
/* kept.h - what stays with the kernel beside a tracker that was left behind (tracker.h): of which copy it is
 *
 * DOC: Theory of Operation
 *
 * In the directory of a BPF file system where the tracker is, there are two maps more: a bit for each grain that the copy has
 * as it was at its instant, and a record of which copy that is. They live exactly as long as the tracking does: after the computer was started
 * anew there is nothing, and so nothing that is out of date.
 *
 * A bit means: the copy has this grain, and all that was written to it since is marked by the tracker. Before a mark is
 * taken its bit is cleared here (nacre_tracker_witness()). So whenever a run is killed, what it had taken is missed by the next one.
 * Bits are set when the copy is whole, at its new instant.
 */
#ifndef NACRE_CONVERSION_SNAPSHOT_KEPT_H
#define NACRE_CONVERSION_SNAPSHOT_KEPT_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACRE_KEPT_MOUNT "/sys/fs/bpf"
#define NACRE_KEPT_ROOT	 NACRE_KEPT_MOUNT "/nacre"

enum { NACRE_KEPT_VERSION = 1, NACRE_KEPT_INSTANT = 40 };

/** struct nacre_kept_record - texts end with 0 */
struct nacre_kept_record {
	uint32_t version, grain;
	uint64_t size;                  /* bytes of the disk */
	uint64_t sequence;              /* the kernel's number of the disk: another medium has another one */
	uint64_t time;                  /* of the instant, seconds since 1970 */
	uint64_t began;                 /* when tracking began */
	char instant[NACRE_KEPT_INSTANT], next[NACRE_KEPT_INSTANT]; /* that the copy is of; that a later run wanted to make */
	char disk[64], destination[640];
};

struct nacre_kept;

/** nacre_kept_mounted() - is there a BPF file system to leave something in? */
bool nacre_kept_mounted(void);
/** nacre_kept_new() - maps for @words words of bits, all 0; nobody else sees them yet */
struct nacre_kept *nacre_kept_new(size_t words, struct nacre_error *e);
/** nacre_kept_find() - what lies in @directory, for a disk of @words; NACRE_E_ABSENT */
struct nacre_kept *nacre_kept_find(const char *directory, size_t words, struct nacre_error *e);
/** nacre_kept_leave() - into @directory, which is there */
int nacre_kept_leave(struct nacre_kept *k, const char *directory, struct nacre_error *e);
/** nacre_kept_bits() - shared with whoever has it open */
uint64_t *nacre_kept_bits(struct nacre_kept *k);
int nacre_kept_get(const struct nacre_kept *k, struct nacre_kept_record *record, struct nacre_error *e);
int nacre_kept_put(struct nacre_kept *k, const struct nacre_kept_record *record, struct nacre_error *e);
/** nacre_kept_read() - only the record in @directory */
int nacre_kept_read(const char *directory, struct nacre_kept_record *record, struct nacre_error *e);
/** nacre_kept_forget() - @directory is emptied of maps and tracker, and removed; tracking ends when nobody has it open */
void nacre_kept_forget(const char *directory);
void nacre_kept_close(struct nacre_kept *k);

#endif
