/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_transfer_serve.c - any connection to `nacre receive`: what reaches the sink is within its bounds */
#include "conversion/fixed.h"
#include "conversion/transfer/message.h"
#include "conversion/transfer/stream.h"
#include "frames.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Every byte of it can be read. */
static void touch(const void *data, size_t size)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += ((const uint8_t *)data)[i];
	(void)sum;
}

static void within(const struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t size)
{
	check(disk < NACRE_SINK_DISKS && sink->disks[disk].writable && !sink->disks[disk].attached);
	check(offset <= sink->disks[disk].size && size <= sink->disks[disk].size - offset);
}

static int on_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
		     struct nacre_error *e)
{
	uint64_t end = 0;

	(void)sink, (void)e;
	check(disk < NACRE_SINK_DISKS && what->size >= what->source_size && memchr(what->format, 0, sizeof(what->format)));
	for (size_t i = 0; i < what->map->count; i++) {
		check(what->map->list[i].start >= end);
		end = what->map->list[i].start + what->map->list[i].length;
	}
	check(!what->map->count || end <= what->size + (4 << 20));
	return 0;
}

static int on_disk(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	(void)e;
	check(disk < NACRE_SINK_DISKS && sink->disks[disk].size);
	return 0;
}

static int on_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		    struct nacre_error *e)
{
	(void)e;
	within(sink, disk, offset, size);
	check((uintptr_t)data % NACRE_FRAME_ALIGN == offset % NACRE_FRAME_ALIGN);
	touch(data, size);
	return 0;
}

static int on_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length, struct nacre_error *e)
{
	(void)e;
	within(sink, disk, offset, length);
	return 0;
}

static int on_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		    struct nacre_error *e)
{
	(void)e;
	for (int i = 0; i < count; i++) {
		within(sink, disk, ranges[i].offset, ranges[i].length);
		touch(ranges[i].data, ranges[i].length);
	}
	return 0;
}

static int on_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	(void)sink, (void)e;
	return 0;
}

static int on_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		   struct nacre_error *e)
{
	(void)e;
	check(count && first + count <= (sink->disks[disk].size + NACRE_SINK_BLOCK - 1) / NACRE_SINK_BLOCK);
	memset(hashes, 1, (size_t)count * 8);
	return 0;
}

static int on_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
		     const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e)
{
	(void)e, (void)different, (void)where;
	check(count && first + count <= (sink->disks[disk].size + NACRE_SINK_BLOCK - 1) / NACRE_SINK_BLOCK);
	touch(hashes, (size_t)count * 8);
	return 0;
}

static int on_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		   struct nacre_error *e)
{
	(void)e;
	within(sink, disk, offset, size);
	memset(data, 1, size);
	return 0;
}

/* As the sink at the far end takes it: words that are known, texts that are texts. */
static int on_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e)
{
	struct nacre_fixed fixed = {0};
	int status = nacre_fixed_change(&fixed, change, e);

	(void)sink;
	check(status == 0 || e->code == NACRE_E_VIOLATION);
	check(fixed.count == (status == 0));
	if (!status)
		touch(fixed.changes[0].path, strlen(fixed.changes[0].path));
	nacre_fixed_free(&fixed);
	return 0;
}

static int on_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e)
{
	(void)sink, (void)e;
	check(size && size <= NACRE_SINK_MOST);
	touch(data, size);
	return 0;
}

static int on_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
		     struct nacre_error *e)
{
	(void)e;
	*changes = 0;
	for (int i = 0; what->fix.skip[i]; i++)
		touch(what->fix.skip[i], strlen(what->fix.skip[i]));
	sink->says.fix(sink->says.arg, "fstab", "says where the root is");
	return 0;
}

static int on_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e)
{
	const struct nacre_inventory *n = what->inventory;

	(void)sink, (void)e;
	check(what->definition.nic_count >= 0 && what->definition.nic_count <= NACRE_DEFINITION_NICS);
	check(n->place_count >= 0 && n->place_count <= NACRE_PARTITIONS_MAX && n->root < n->place_count);
	check(n->kernel_count >= 0 && n->kernel_count <= NACRE_KERNELS_MAX);
	check(n->nic_count >= 0 && n->nic_count <= NACRE_NICS_MAX);
	check(n->finding_count >= 0 && n->finding_count <= NACRE_FINDINGS_MAX);
	for (int i = 0; i < n->place_count; i++)
		check(!n->places[i].volume && memchr(n->places[i].type, 0, sizeof(n->places[i].type)));
	return 0;
}

static int on_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result, struct nacre_error *e)
{
	(void)result, (void)e;
	sink->says.boot(sink->says.arg, "kernel", 1.5);
	check(timeout_s >= 0 && timeout_s <= 86400);
	return 0;
}

static void on_close(struct nacre_sink *sink, bool drop)
{
	(void)sink, (void)drop;
}

static const struct nacre_sink_ops ops = {
	.name = "fuzz", .create = on_create, .make_writable = on_disk, .write = on_write, .zero = on_zero,
	.patch = on_patch, .read = on_read, .changed = on_changed, .undo = on_undo, .sync = on_sync, .have = on_have, .verify = on_verify, .attach = on_disk,
	.boot_record = on_disk, .modify = on_modify, .detach = on_disk, .define = on_define,
	.check = on_check, .bye = on_sync, .close = on_close};

static struct nacre_sink *open_sink(void *arg, const char *name, enum nacre_sink_mode mode, struct nacre_error *e)
{
	struct nacre_sink *sink = calloc(1, sizeof(*sink));

	check(mode < NACRE_SINK_MODES);
	(void)arg, (void)e;
	check(nacre_sink_name_good(name) && !strchr(name, '/'));
	if (sink)
		sink->ops = &ops;
	return sink;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_serve_options o = {.in = frames_make(&in), .out = frames_nowhere(), .open = open_sink};
	int status = nacre_serve(&o, &e);

	check(status == 0 || (e.code != NACRE_OK && memchr(e.msg, 0, sizeof(e.msg))));
	close(o.in);
	close(o.out);
	return 0;
}
