/* SPDX-License-Identifier: BSD-2-Clause */
/* disks.c - what of each disk is in use, was written, and is up to date in the copy; see snapshot.h */
#include "conversion/snapshot/disks.h"

#include "conversion/snapshot/bits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Small grains make the last set small; a bitmap is to stay below 4 MiB. */
static uint32_t choose_grain(uint64_t size)
{
	uint32_t grain = 4096;

	while (grain < 65536 && size / grain > 8ull * (4 << 20))
		grain *= 2;
	return grain;
}

/* The kernel's number of what is in the drive, or what the loop device is of. */
static uint64_t sequence_of(const struct disk *d)
{
	uint64_t sequence = 0;

#ifdef BLKGETDISKSEQ
	if (ioctl(d->fd, BLKGETDISKSEQ, &sequence))
		sequence = 0;
#endif
	return sequence;
}

/* The tracking of an earlier copy goes on, if it can be trusted. Else it is removed: it costs, and is of no use. */
static void find_left(struct disk *d, const struct nacre_tracker_disk *what, const char *directory)
{
	struct nacre_kept_record record = {0};

	d->tracker = nacre_tracker_find(what, directory, NULL);
	if (d->tracker)
		d->kept = nacre_kept_find(directory, nacre_tracker_words(d->tracker), NULL);
	if (d->kept && !nacre_tracker_check(d->tracker, NULL) && !nacre_kept_get(d->kept, &record, NULL) &&
	    record.grain == d->grain && record.size == d->size && record.sequence == sequence_of(d)) {
		nacre_tracker_witness(d->tracker, nacre_kept_bits(d->kept));
		return;
	}
	nacre_tracker_close(d->tracker);
	nacre_kept_close(d->kept);
	d->tracker = NULL;
	d->kept = NULL;
	nacre_kept_forget(directory);
}

static int open_disk(struct disk *d, const char *path, const char *left, struct nacre_error *e)
{
	uint64_t **const maps[] = {&d->used, &d->begun, &d->have, &d->marks, &d->ever, &d->left, &d->swap, &d->unwanted, &d->todo};
	struct nacre_tracker_disk what;
	char sysfs[64];
	struct stat st;
	int sector = 512;

	snprintf(d->path, sizeof(d->path), "%s", path);
	d->fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (d->fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path, "cannot be opened");
	if (fstat(d->fd, &st) || !S_ISBLK(st.st_mode) || ioctl(d->fd, BLKGETSIZE64, &d->size) ||
	    ioctl(d->fd, BLKSSZGET, &sector))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, path, "is no disk");
	d->grain = choose_grain(d->size);
	if (sector > (int)d->grain)
		d->grain = (uint32_t)sector;
	d->grains = (d->size + d->grain - 1) / d->grain;
	d->device = st.st_rdev;
	snprintf(sysfs, sizeof(sysfs), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	if (nacre_tracker_judge(sysfs, path, e) < 0)
		return -1;
	what = (struct nacre_tracker_disk){d->path, st.st_rdev, d->size, d->grain};
	if (left)
		find_left(d, &what, left);
	if (!d->tracker)
		d->tracker = nacre_tracker_open(&what, e);
	if (!d->tracker)
		return -1;
	d->words = nacre_tracker_words(d->tracker);
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (!(*maps[i] = calloc(d->words, sizeof(**maps[i]))))
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "there is no memory for its map");
	if (d->kept)
		memcpy(d->have, nacre_kept_bits(d->kept), d->words * sizeof(*d->have));
	d->trusted = d->kept;
	return 0;
}

static void close_disk(struct disk *d)
{
	uint64_t *const maps[] = {d->used, d->begun, d->have, d->marks, d->ever, d->left, d->swap, d->unwanted, d->todo};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		free(maps[i]);
	nacre_tracker_close(d->tracker);
	nacre_kept_close(d->kept);
	if (d->fd >= 0)
		close(d->fd);
}

void disks_sync(const struct nacre_snapshot *s)
{
	for (int i = 0; i < s->lives.count; i++)
		if (s->lives.list[i].fd >= 0)
			syncfs(s->lives.list[i].fd);
}

struct nacre_snapshot *nacre_snapshot_again(const char *const *paths, const char *const *left, unsigned count,
					    struct nacre_error *e)
{
	struct nacre_snapshot *s = calloc(1, sizeof(*s));
	dev_t devices[NACRE_LIVE_DISKS];
	struct stat st;
	bool good = s && count <= NACRE_LIVE_DISKS;

	if (!good)
		nacre_error_set(e, s ? NACRE_E_SUPPORT : NACRE_E_SYSTEM, s ? 0 : ENOMEM, "disks", "there are too many");
	for (unsigned i = 0; good && i < count; i++) {
		s->disks[i].fd = -1;
		s->count = i + 1;
		good = open_disk(&s->disks[i], paths[i], left ? left[i] : NULL, e) == 0 && fstat(s->disks[i].fd, &st) == 0;
		devices[i] = st.st_rdev;
	}
	if (s)
		swapfiles_open(&s->swapfiles);
	if (good && !(s->memory = nacre_live_memory_new()))
		good = nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left") == 0;
	for (unsigned i = 0; good && i < count; i++)
		good = s->disks[i].kept || nacre_tracker_begin(s->disks[i].tracker, e) == 0;
	if (!good || nacre_live_find(devices, (int)count, &s->lives, e) < 0) {
		nacre_snapshot_close(s);
		return NULL;
	}
	disks_sync(s);
	return s;
}

struct nacre_snapshot *nacre_snapshot_open(const char *const *paths, unsigned count, struct nacre_error *e)
{
	return nacre_snapshot_again(paths, NULL, count, e);
}

struct nacre_kept *nacre_snapshot_kept(const struct nacre_snapshot *s, unsigned disk)
{
	return s->disks[disk].kept;
}

void disks_distrust(struct disk *d)
{
	if (d->kept)
		memset(nacre_kept_bits(d->kept), 0, d->words * sizeof(uint64_t));
	memset(d->have, 0, d->words * sizeof(*d->have));
	d->trusted = false;
}

bool nacre_snapshot_trusted(const struct nacre_snapshot *s, unsigned disk)
{
	return s->disks[disk].trusted;
}

void nacre_snapshot_distrust(struct nacre_snapshot *s, unsigned disk)
{
	disks_distrust(&s->disks[disk]);
}

void nacre_snapshot_read(struct nacre_snapshot *s, unsigned disk, uint64_t offset, uint8_t *data, size_t size, bool *same)
{
	struct disk *d = &s->disks[disk];
	uint64_t first = offset / d->grain, count = (size + d->grain - 1) / d->grain;

	for (uint64_t i = 0; i < count; i++) {
		size_t at = (size_t)(i * d->grain), n = size - at < d->grain ? size - at : d->grain, whole = (size_t)(count - i) * d->grain;
		ssize_t got;

		/* All that is left at once; where that fails, what can be read of it. */
		whole = whole < size - at ? whole : size - at;
		got = i ? -1 : pread(d->fd, data, whole, (off_t)offset);
		if (got == (ssize_t)whole) {
			memset(same, true, count);
			break;
		}
		same[i] = pread(d->fd, data + at, n, (off_t)(offset + at)) == (ssize_t)n;
	}
	for (uint64_t i = 0; i < count; i++)
		same[i] &= !nacre_tracker_is_marked(d->tracker, first + i);
}

bool nacre_snapshot_lost(const struct nacre_snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (nacre_tracker_missed(s->disks[i].tracker))
			return true;
	return false;
}

void nacre_snapshot_overwritten(struct nacre_snapshot *s, unsigned disk, uint64_t offset, uint64_t length)
{
	struct disk *d = &s->disks[disk];
	uint64_t end = (offset + length + d->grain - 1) / d->grain;

	end = end < d->grains ? end : d->grains;
	if (offset / d->grain >= end)
		return;
	bits_fill(d->have, offset / d->grain, end, false);
	if (d->kept)
		bits_fill(nacre_kept_bits(d->kept), offset / d->grain, end, false);
}

/* What of @kept is up to date: what was copied at the instant. What was written since is marked. */
static int fill(struct disk *d, struct nacre_kept *kept, const struct nacre_kept_record *record, struct nacre_error *e)
{
	struct nacre_kept_record r = *record;

	r.version = NACRE_KEPT_VERSION;
	r.grain = d->grain;
	r.size = d->size;
	r.sequence = sequence_of(d);
	snprintf(r.disk, sizeof(r.disk), "%s", d->path);
	memcpy(nacre_kept_bits(kept), d->have, d->words * sizeof(*d->have));
	return nacre_kept_put(kept, &r, e);
}

int nacre_snapshot_leave(struct nacre_snapshot *s, unsigned disk, const char *directory,
			 const struct nacre_kept_record *record, struct nacre_error *e)
{
	struct disk *d = &s->disks[disk];
	struct nacre_kept *kept;
	int failed;

	if (d->kept)
		return fill(d, d->kept, record, e);
	kept = nacre_kept_new(d->words, e);
	if (!kept)
		return -1;
	nacre_kept_forget(directory); /* what cannot be used */
	failed = fill(d, kept, record, e) || nacre_tracker_leave(d->tracker, directory, e) ||
		 nacre_kept_leave(kept, directory, e);
	if (failed)
		nacre_kept_forget(directory);
	nacre_kept_close(kept);
	return failed ? -1 : 0;
}

const struct nacre_lives *nacre_snapshot_lives(const struct nacre_snapshot *s)
{
	return &s->lives;
}

uint64_t nacre_snapshot_size(const struct nacre_snapshot *s, unsigned disk)
{
	return s->disks[disk].size;
}

const uint64_t *nacre_snapshot_used(const struct nacre_snapshot *s, unsigned disk, uint32_t *grain)
{
	*grain = s->disks[disk].grain;
	return s->disks[disk].used;
}

/* What the caller knows: a grain that is partly in use is in use; what is left out is whole grains. */
void disks_take_map(struct disk *d, const struct nacre_extents *map, uint32_t unwanted)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct nacre_extent *x = &map->list[i];
		uint64_t end = x->start + x->length < d->size ? x->start + x->length : d->size;

		if (x->start >= end)
			continue;
		if (x->tag)
			bits_fill(d->left, (x->start + d->grain - 1) / d->grain, end / d->grain, true);
		if (x->tag && x->tag == unwanted)
			bits_fill(d->unwanted, (x->start + d->grain - 1) / d->grain, end / d->grain, true);
		else
			bits_fill(d->begun, x->start / d->grain, (end - 1) / d->grain + 1, true);
	}
}

void disks_drop_unwanted(struct nacre_snapshot *s)
{
	int kept = 0;

	for (int i = 0; i < s->lives.count; i++) {
		const struct nacre_live *live = &s->lives.list[i];
		const struct disk *d = &s->disks[live->disk];

		/* The first grain may be shared with what is before. */
		if (live->map == NACRE_LIVE_ELSEWHERE || !bit_get(d->unwanted, live->start / d->grain + 1))
			s->lives.list[kept++] = *live;
		else if (live->fd >= 0)
			close(live->fd);
	}
	s->lives.count = kept;
}

/* Nothing of a mounted file system is left out by what was once found: its blocks may serve something else by now. */
void disks_keep_mounted(struct nacre_snapshot *s)
{
	for (int i = 0; i < s->lives.count; i++) {
		const struct nacre_live *live = &s->lives.list[i];
		struct disk *d = &s->disks[live->disk];

		if (live->map == NACRE_LIVE_ELSEWHERE || !live->length)
			continue;
		for (uint64_t g = live->start / d->grain; g * d->grain < live->start + live->length && g < d->grains; g++)
			if (bit_get(d->left, g)) {
				bits_fill(d->left, g, g + 1, false);
				bits_fill(d->begun, g, g + 1, true);
			}
	}
}

void disks_take_marks(struct nacre_snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct disk *d = &s->disks[i];

		memset(d->marks, 0, d->words * sizeof(*d->marks));
		nacre_tracker_take(d->tracker, d->marks);
		for (size_t w = 0; w < d->words; w++) {
			d->ever[w] |= d->marks[w];
			d->have[w] &= ~d->marks[w];
		}
	}
}

/* What is in use now. */
int disks_find_used(struct nacre_snapshot *s, struct nacre_error *e)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct disk *d = &s->disks[i];

		for (size_t w = 0; w < d->words; w++)
			d->used[w] = d->begun[w] | (d->ever[w] & ~d->left[w]);
	}
	for (int i = 0; i < s->lives.count; i++) {
		const struct nacre_live *live = &s->lives.list[i];
		struct disk *d = &s->disks[live->disk];

		if (live->map == NACRE_LIVE_FSMAP && live->fd >= 0 &&
		    nacre_live_used(live, s->memory, d->grain, d->used, e) < 0)
			return -1;
	}
	for (unsigned i = 0; i < s->count; i++)
		for (size_t w = 0; w < s->disks[i].words; w++)
			s->disks[i].used[w] &= ~(s->disks[i].swap[w] | s->disks[i].unwanted[w]);
	return 0;
}

/* Not while anything is frozen. */
void disks_find_swap(struct nacre_snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++)
		memset(s->disks[i].swap, 0, s->disks[i].words * sizeof(*s->disks[i].swap));
	for (int i = 0; i < s->lives.count; i++) {
		struct disk *d = &s->disks[s->lives.list[i].disk];

		swapfiles_mark(&s->swapfiles, &s->lives.list[i], d->grain, d->swap);
	}
}

/* btrfs: what is in use once all is synced; what is written later is marked. */
int disks_find_begun(struct nacre_snapshot *s, struct nacre_error *e)
{
	for (int i = 0; i < s->lives.count; i++) {
		const struct nacre_live *live = &s->lives.list[i];
		struct disk *d = &s->disks[live->disk];

		if (live->map == NACRE_LIVE_BTRFS && live->fd >= 0 &&
		    nacre_live_used(live, s->memory, d->grain, d->begun, e) < 0)
			return -1;
	}
	return 0;
}

/* Return: bytes that are in use and not up to date; they are in todo. */
uint64_t disks_find_todo(struct nacre_snapshot *s)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < s->count; i++) {
		struct disk *d = &s->disks[i];
		uint64_t grains = 0;

		for (size_t w = 0; w < d->words; w++) {
			d->todo[w] = d->used[w] & ~d->have[w];
			grains += (uint64_t)__builtin_popcountll(d->todo[w]);
		}
		bytes += grains * d->grain;
	}
	return bytes;
}

void disks_have_todo(struct nacre_snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++)
		for (size_t w = 0; w < s->disks[i].words; w++)
			s->disks[i].have[w] |= s->disks[i].todo[w];
}

uint64_t disks_dirty(const struct nacre_snapshot *s)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < s->count; i++)
		bytes += nacre_tracker_marked(s->disks[i].tracker) * s->disks[i].grain;
	return bytes;
}

bool disks_lost(const struct nacre_snapshot *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (nacre_tracker_lost(s->disks[i].tracker))
			return true;
	return false;
}

void nacre_snapshot_close(struct nacre_snapshot *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++)
		close_disk(&s->disks[i]);
	swapfiles_close(&s->swapfiles);
	nacre_live_free(&s->lives);
	nacre_live_memory_free(s->memory);
	free(s);
}
