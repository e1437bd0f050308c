/* SPDX-License-Identifier: BSD-2-Clause */
/* receive.c - a sink in two processes; see receive.h
 *
 * Until the first attach only @keep is used. Then it is closed, which keeps what it has and unlocks the
 * machine's directory, and the host resumes it: the instructions up to here are said to it again, without
 * the data. From there on only the host is used.
 */
#include "conversion/transfer/receive.h"

#include "conversion/transfer/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct split {
	struct nacre_sink *keep, *host;
	int host_fd, watch;
	enum nacre_sink_mode mode; /* of the host */
	char name[64];
	struct nacre_sink_disk disks[NACRE_SINK_DISKS];
	struct nacre_extents maps[NACRE_SINK_DISKS];
	unsigned count;
};

static int late(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "data comes before the disks are attached, not after");
}

static int split_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
			struct nacre_error *e)
{
	struct split *s = sink->own;

	if (!s->keep)
		return late(e);
	if (nacre_sink_create(s->keep, disk, what, e))
		return -1;
	sink->resumed = s->keep->resumed;
	sink->disks[disk].known = s->keep->disks[disk].known;
	for (size_t i = 0; what->map && i < what->map->count; i++)
		if (nacre_extents_add(&s->maps[disk], what->map->list[i].start, what->map->list[i].length,
				      what->map->list[i].tag))
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	s->disks[disk] = *what;
	s->disks[disk].map = &s->maps[disk];
	s->count++;
	return 0;
}

static int split_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_make_writable(s->keep, disk, e) : late(e);
}

static int split_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		       struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_write(s->keep, disk, offset, data, size, e) : late(e);
}

static int split_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		      struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_zero(s->keep, disk, offset, length, e) : late(e);
}

static int split_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		       struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_patch(s->keep, disk, ranges, count, e) : late(e);
}

static int split_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	struct split *s = sink->own;

	return nacre_sink_sync(s->keep ? s->keep : s->host, e);
}

static int split_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_have(s->keep, disk, first, count, hashes, e) : late(e);
}

static int split_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
			const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_verify(s->keep, disk, first, count, hashes, different, where, e) : late(e);
}

static int split_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		      struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->keep ? nacre_sink_read(s->keep, disk, offset, data, size, e) : late(e);
}

/* What the host says goes on to who listens to us. */
static int hand_over(struct nacre_sink *sink, struct nacre_error *e)
{
	struct split *s = sink->own;
	struct nacre_stream_options o = {.in = s->host_fd, .out = s->host_fd, .watch = s->watch, .name = s->name,
					 .mode = s->mode};

	nacre_sink_close(s->keep);
	s->keep = NULL;
	s->host = nacre_stream_open(&o, e);
	s->host_fd = -1;
	if (!s->host)
		return -1;
	s->host->says = sink->says;
	for (unsigned disk = 0; disk < s->count; disk++)
		if (nacre_sink_create(s->host, disk, &s->disks[disk], e) ||
		    nacre_sink_make_writable(s->host, disk, e))
			return -1;
	return 0;
}

static int split_attach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct split *s = sink->own;

	if (s->keep && hand_over(sink, e))
		return -1;
	return nacre_sink_attach(s->host, disk, e);
}

static int early(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "no disk is attached");
}

static int split_boot_record(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_boot_record(s->host, disk, e) : early(e);
}

static int split_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
			struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_modify(s->host, what, changes, e) : early(e);
}

static int split_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_changed(s->host, change, e) : early(e);
}

static int split_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_undo(s->host, data, size, e) : early(e);
}

static int split_detach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_detach(s->host, disk, e) : early(e);
}

static int split_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_define(s->host, what, e) : early(e);
}

static int split_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
		       struct nacre_error *e)
{
	struct split *s = sink->own;

	return s->host ? nacre_sink_check(s->host, timeout_s, result, e) : early(e);
}

static int split_bye(struct nacre_sink *sink, struct nacre_error *e)
{
	struct split *s = sink->own;

	return nacre_sink_bye(s->host ? s->host : s->keep, e);
}

static void split_close(struct nacre_sink *sink, bool drop)
{
	struct split *s = sink->own;

	if (drop)
		nacre_sink_drop(s->keep), nacre_sink_drop(s->host);
	else
		nacre_sink_close(s->keep), nacre_sink_close(s->host);
	if (s->host_fd >= 0)
		close(s->host_fd);
	for (unsigned disk = 0; disk < NACRE_SINK_DISKS; disk++)
		nacre_extents_free(&s->maps[disk]);
	free(s);
}

static const struct nacre_sink_ops split_ops = {
	.name = "split", .create = split_create, .make_writable = split_make_writable, .write = split_write,
	.zero = split_zero, .patch = split_patch, .sync = split_sync, .have = split_have,
	.verify = split_verify, .read = split_read, .attach = split_attach, .boot_record = split_boot_record,
	.modify = split_modify, .changed = split_changed, .undo = split_undo, .detach = split_detach, .define = split_define, .check = split_check,
	.bye = split_bye, .close = split_close};

struct nacre_sink *nacre_split_open(struct nacre_sink *keep, int host, int watch, const char *name, enum nacre_sink_mode mode,
				    struct nacre_error *e)
{
	struct nacre_sink *sink = calloc(1, sizeof(*sink));
	struct split *s = calloc(1, sizeof(*s));

	if (!sink || !s || strlen(name) >= sizeof(s->name)) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		free(s);
		free(sink);
		nacre_sink_close(keep);
		close(host);
		return NULL;
	}
	s->keep = keep;
	s->host_fd = host;
	s->watch = watch;
	s->mode = mode == NACRE_SINK_NEW ? NACRE_SINK_RESUME : mode;
	strcpy(s->name, name);
	sink->ops = &split_ops;
	sink->own = s;
	sink->values = keep->values;
	return sink;
}
