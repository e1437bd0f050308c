/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_transfer_stream.c - any answers of a VM host: errors in words, never more than there is room for */
#include "conversion/transfer/message.h"
#include "conversion/transfer/stream.h"
#include "frames.h"

#include <stdio.h>

enum { FIXED_HERE = 2 }; /* a flag of the input, beside frames.h's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_text(void *arg, const char *text)
{
	(void)arg;
	if (strlen(text) > 64)
		abort();
}

static void on_fix(void *arg, const char *fix, const char *sentence)
{
	on_text(arg, fix);
	for (; *sentence; sentence++)
		if ((unsigned char)*sentence < ' ' || *sentence == 127)
			abort();
}

static void on_boot(void *arg, const char *stage, double seconds)
{
	on_text(arg, stage);
	if (seconds < 0)
		abort();
}

/* One of everything. */
static void make_inventory(struct nacre_inventory *n, struct nacre_image *image)
{
	memset(n, 0, sizeof(*n));
	n->disks[0].image = image;
	n->disk_count = n->place_count = n->kernel_count = n->nic_count = n->finding_count = 1;
	strcpy(n->places[0].type, "ext4");
	strcpy(n->kernels[0].version, "6.1.0-1");
	strcpy(n->nics[0].name, "eth0");
	strcpy(n->findings[0].what, "odd");
}

/* A whole conversion, as far as the answers let it come. */
static int convert(struct nacre_sink *sink, struct frames *f, struct nacre_error *e)
{
	static uint8_t block[NACRE_SINK_BLOCK * 16];
	static uint64_t hashes[NACRE_SINK_HASHES];
	static struct nacre_inventory inventory;
	struct nacre_image image = {.size = 1 << 20};
	struct nacre_extents map = {0};
	struct nacre_sink_disk disk = {.format = "vhd", .size = 1 << 20, .source_size = 1 << 20, .map = &map};
	struct nacre_sink_range range = {.offset = 4096, .length = 512, .data = block};
	struct nacre_sink_modify modify = {.grow_last = true};
	struct nacre_sink_define define = {.inventory = &inventory};
	struct nacre_change change = {.path = (char *)"/etc/fstab", .how = "changed", .fix = "fstab", .before = (char *)"a",
				      .after = (char *)"b"};
	struct nacre_boot_result boot;
	uint64_t where;
	uint32_t different;
	size_t changes;
	bool fixed_here = f->flags & FIXED_HERE;
	int status;

	make_inventory(&inventory, &image);
	strcpy(define.definition.name, "web1");
	define.definition.disk_count = define.definition.nic_count = define.note_count = 1;
	status = nacre_extents_add(&map, 0, 65536, NACRE_FS_USED) || frames_more(f, true) || frames_more(f, true) ||
		 nacre_sink_create(sink, 0, &disk, e);
	nacre_extents_free(&map);
	if (status || frames_more(f, true) || nacre_sink_make_writable(sink, 0, e) ||
	    frames_more(f, true) || nacre_sink_have(sink, 0, 0, 256, hashes, e) ||
	    nacre_sink_write(sink, 0, 0, block, sizeof(block), e) ||
	    frames_more(f, false) || nacre_sink_patch(sink, 0, &range, 1, e) ||
	    frames_more(f, false) || nacre_sink_zero(sink, 0, 8192, 4096, e) ||
	    (fixed_here && (frames_more(f, true) || nacre_sink_read(sink, 0, 4096, block, 4096, e))) ||
	    frames_more(f, true) || nacre_sink_sync(sink, e) ||
	    frames_more(f, true) || nacre_sink_verify(sink, 0, 0, 256, hashes, &different, &where, e) ||
	    frames_more(f, true) || nacre_sink_attach(sink, 0, e) ||
	    frames_more(f, true) || (fixed_here ? nacre_sink_changed(sink, &change, e) : nacre_sink_boot_record(sink, 0, e)) ||
	    frames_more(f, true) ||
	    (fixed_here ? nacre_sink_undo(sink, block, 100, e) : nacre_sink_modify(sink, &modify, &changes, e)) ||
	    frames_more(f, true) || nacre_sink_detach(sink, 0, e) ||
	    frames_more(f, true) || nacre_sink_define(sink, &define, e) ||
	    frames_more(f, true) || nacre_sink_check(sink, 60, &boot, e))
		return -1;
	if (!memchr(boot.why, 0, sizeof(boot.why)) || (unsigned)boot.stage > NACRE_STAGE_LOGIN)
		abort();
	return frames_more(f, true) || nacre_sink_bye(sink, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct nacre_error e = {.code = NACRE_OK};
	struct frames f;
	struct nacre_stream_options o = {.in = frames_open(&f, &in), .out = frames_nowhere(), .watch = -1, .name = "web1"};
	struct nacre_sink *sink;

	frames_more(&f, true);
	sink = nacre_stream_open(&o, &e);
	if (sink) {
		sink->says = (struct nacre_sink_says){on_text, on_fix, on_boot, NULL};
		if (convert(sink, &f, &e) && (e.code <= NACRE_OK || e.code > NACRE_E_VIOLATION ||
					      !memchr(e.msg, 0, sizeof(e.msg))))
			abort();
	} else if (e.code == NACRE_OK) {
		abort();
	}
	frames_end(&f);
	nacre_sink_close(sink);
	return 0;
}
