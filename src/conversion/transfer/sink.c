/* SPDX-License-Identifier: BSD-2-Clause */
/* sink.c - what every sink is asked is checked here first; see transfer.h */
#include "conversion/transfer/transfer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

bool nacre_sink_name_good(const char *name)
{
	size_t size = strlen(name);

	if (!size || size >= sizeof(((struct nacre_definition *)0)->name) || strchr(".-_+", *name))
		return false;
	for (const char *p = name; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') &&
		    !strchr(".-_+", *p))
			return false;
	/* These are names that a machine has while it is being made. */
	return size < 8 || strcmp(name + size - 8, ".partial");
}

uint64_t nacre_sink_hash(const void *block, size_t size)
{
	const uint8_t *bytes = block;
	uint64_t hash;

	if (!size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1)))
		return 0;
	hash = XXH3_64bits(block, size);
	/* The two lowest values have meanings of their own: zeroes, and not known. */
	return hash < 2 ? hash + 2 : hash;
}

static int check_disk(const struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	if (disk < NACRE_SINK_DISKS && sink->disks[disk].size)
		return 0;
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "there is no disk %u", disk);
}

static int check_data(const struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t size,
		      struct nacre_error *e)
{
	if (check_disk(sink, disk, e))
		return -1;
	if (!sink->disks[disk].writable || sink->disks[disk].attached)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "disk %u takes no data now", disk);
	if (offset % 512 || size % 512 || !size || offset > sink->disks[disk].size ||
	    size > sink->disks[disk].size - offset)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer",
				       "%" PRIu64 " bytes at %" PRIu64 " are no part of disk %u", size, offset,
				       disk);
	return 0;
}

static int check_blocks(const struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
			struct nacre_error *e)
{
	uint64_t blocks;

	if (check_disk(sink, disk, e))
		return -1;
	blocks = (sink->disks[disk].size + NACRE_SINK_BLOCK - 1) / NACRE_SINK_BLOCK;
	if (count && count <= NACRE_SINK_HASHES && first < blocks && count <= blocks - first &&
	    sink->disks[disk].writable && !sink->disks[disk].attached)
		return 0;
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer",
			       "%u blocks from %" PRIu64 " on cannot be asked for", count, first);
}

int nacre_sink_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
		      struct nacre_error *e)
{
	if (disk >= NACRE_SINK_DISKS || sink->disks[disk].size || (disk && !sink->disks[disk - 1].size) ||
	    !what->source_size || what->size < what->source_size || what->size % 512 ||
	    what->size > INT64_MAX - (1 << 30))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer",
				       "disk %u of %" PRIu64 " bytes cannot be made", disk, what->size);
	if (sink->ops->create(sink, disk, what, e))
		return -1;
	sink->disks[disk].size = what->size;
	return 0;
}

int nacre_sink_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	if (check_disk(sink, disk, e) || sink->ops->make_writable(sink, disk, e))
		return -1;
	sink->disks[disk].writable = true;
	return 0;
}

int nacre_sink_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		     struct nacre_error *e)
{
	if (check_data(sink, disk, offset, size, e))
		return -1;
	if (size > NACRE_SINK_MOST)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "a write of %zu bytes is too long", size);
	return sink->ops->write(sink, disk, offset, data, size, e);
}

int nacre_sink_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		    struct nacre_error *e)
{
	if (check_data(sink, disk, offset, length, e))
		return -1;
	return sink->ops->zero(sink, disk, offset, length, e);
}

int nacre_sink_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		     struct nacre_error *e)
{
	uint64_t total = 0;

	if (count < 0 || count > NACRE_SINK_RANGES)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "%d ranges are too many", count);
	for (int i = 0; i < count; i++) {
		if (check_data(sink, disk, ranges[i].offset, ranges[i].length, e))
			return -1;
		total += ranges[i].length;
	}
	if (total > NACRE_SINK_MOST)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer",
				       "a patch of %" PRIu64 " bytes is too long", total);
	return count ? sink->ops->patch(sink, disk, ranges, count, e) : 0;
}

int nacre_sink_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	return sink->ops->sync(sink, e);
}

int nacre_sink_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		    struct nacre_error *e)
{
	if (check_blocks(sink, disk, first, count, e))
		return -1;
	return sink->ops->have(sink, disk, first, count, hashes, e);
}

int nacre_sink_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
		      const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e)
{
	*different = 0;
	*where = 0;
	if (check_blocks(sink, disk, first, count, e))
		return -1;
	return sink->ops->verify(sink, disk, first, count, hashes, different, where, e);
}

int nacre_sink_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		    struct nacre_error *e)
{
	if (check_data(sink, disk, offset, size, e))
		return -1;
	if (size > NACRE_SINK_MOST)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "a read of %zu bytes is too long", size);
	return sink->ops->read(sink, disk, offset, data, size, e);
}

int nacre_sink_attach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	if (check_disk(sink, disk, e))
		return -1;
	if (!sink->disks[disk].writable || sink->disks[disk].attached)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "disk %u cannot be attached now", disk);
	if (sink->ops->attach(sink, disk, e))
		return -1;
	sink->disks[disk].attached = true;
	return 0;
}

static int check_attached(const struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	if (check_disk(sink, disk, e))
		return -1;
	if (sink->disks[disk].attached)
		return 0;
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "disk %u is not attached", disk);
}

int nacre_sink_boot_record(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return check_attached(sink, disk, e) ? -1 : sink->ops->boot_record(sink, disk, e);
}

int nacre_sink_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
		      struct nacre_error *e)
{
	*changes = 0;
	return check_attached(sink, 0, e) ? -1 : sink->ops->modify(sink, what, changes, e);
}

int nacre_sink_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e)
{
	return check_attached(sink, 0, e) ? -1 : sink->ops->changed(sink, change, e);
}

int nacre_sink_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e)
{
	if (check_attached(sink, 0, e))
		return -1;
	if (!size || size > NACRE_SINK_MOST)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "%zu bytes of a journal are none, or too many",
				       size);
	return sink->ops->undo(sink, data, size, e);
}

int nacre_sink_detach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	if (check_attached(sink, disk, e) || sink->ops->detach(sink, disk, e))
		return -1;
	sink->disks[disk].attached = sink->disks[disk].writable = false;
	return 0;
}

int nacre_sink_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e)
{
	for (unsigned disk = 0; disk < NACRE_SINK_DISKS; disk++)
		if (sink->disks[disk].size && (sink->disks[disk].writable || sink->disks[disk].attached))
			return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "disk %u is not detached yet",
					       disk);
	if (check_disk(sink, 0, e))
		return -1;
	return sink->ops->define(sink, what, e);
}

int nacre_sink_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
		     struct nacre_error *e)
{
	memset(result, 0, sizeof(*result));
	return sink->ops->check(sink, timeout_s, result, e);
}

int nacre_sink_bye(struct nacre_sink *sink, struct nacre_error *e)
{
	return sink->ops->bye(sink, e);
}

static void end(struct nacre_sink *sink, bool drop)
{
	if (!sink)
		return;
	sink->ops->close(sink, drop);
	free(sink);
}

void nacre_sink_close(struct nacre_sink *sink)
{
	end(sink, false);
}

void nacre_sink_drop(struct nacre_sink *sink)
{
	end(sink, true);
}
