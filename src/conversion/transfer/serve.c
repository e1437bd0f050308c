/* SPDX-License-Identifier: BSD-2-Clause */
/* serve.c - what comes over a connection is carried out by a sink
 *
 * Frame by frame, in the order of arrival. Every frame is whole and its sums hold before it is looked at
 * (wire.h); its fields are read into structs of our own, checked for their bounds; what they ask for is
 * checked by the sink's functions (sink.c), as for everybody. Anything else ends the connection.
 *
 * Data frames get no answer each: TAKEN tells how far we are, when that is worth telling or nothing more waits to be
 * read. Everything else is answered by DONE. The first error is told as FAILED, and is the last thing that is said.
 */
#include "conversion/transfer/stream.h"

#include "base/auto.h"
#include "base/bytes.h"
#include "conversion/transfer/message.h"

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELL_FRAMES = 64, TELL_BYTES = 4 << 20 };

struct serve {
	struct nacre_link link;
	const struct nacre_serve_options *o;
	struct nacre_sink *sink;
	struct nacre_extents map; /* of the disk that comes next */
	uint64_t untold_frames, untold_bytes;
	bool gone; /* telling makes no sense any more */
	bool over;
};

static int violation(struct nacre_error *e, const char *what)
{
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "%s", what);
}

static int answer(struct serve *s, const struct nacre_put *p, const uint8_t *fields, const void *data, size_t size,
		  struct nacre_error *e)
{
	const struct nacre_outgoing f = {.type = NACRE_FRAME_DONE, .fields = fields,
					 .field_size = p ? (size_t)(p->at - fields) : 0, .data = data,
					 .data_size = size};

	s->untold_frames = s->untold_bytes = 0;
	if (nacre_link_send(&s->link, &f, e) == 0)
		return 0;
	s->gone = true;
	return -1;
}

static int done(struct serve *s, struct nacre_error *e)
{
	return answer(s, NULL, NULL, NULL, 0, e);
}

static void say(struct serve *s, unsigned kind, double seconds, const char *first, const char *second)
{
	uint8_t fields[640];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	char cut[2][512];

	snprintf(cut[0], sizeof(cut[0]), "%.63s", first ? first : "");
	snprintf(cut[1], sizeof(cut[1]), "%.511s", second ? second : "");
	nacre_put_number(&p, kind, 1);
	nacre_put_number(&p, seconds > 0 ? (uint64_t)(seconds * 1000) : 0, 8);
	nacre_put_text(&p, cut[0]);
	nacre_put_text(&p, cut[1]);
	if (!s->gone && nacre_link_send(&s->link, &(struct nacre_outgoing){.type = NACRE_FRAME_SAYS, .fields = fields,
				    .field_size = (size_t)(p.at - fields)}, NULL))
		s->gone = true;
}

static void say_stage(void *arg, const char *stage)
{
	say(arg, 0, 0, stage, NULL);
}

static void say_fix(void *arg, const char *fix, const char *sentence)
{
	say(arg, 1, 0, fix, sentence);
}

static void say_boot(void *arg, const char *stage, double seconds)
{
	say(arg, 2, seconds, stage, NULL);
}

static int on_hello(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint8_t fields[256];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	struct nacre_hello hello;

	nacre_get_hello(g, &hello);
	if (!nacre_get_done(g))
		return violation(e, "the hello is none");
	if (hello.oldest > NACRE_WIRE_VERSION || hello.newest < NACRE_WIRE_VERSION)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "connection",
				       "nacre %s there speaks version %u to %u, nacre %s here speaks %d: "
				       "install the same version at both ends", hello.version, hello.oldest,
				       hello.newest, NACRE_VERSION, NACRE_WIRE_VERSION);
	if (!nacre_sink_name_good(hello.name))
		return violation(e, "what the machine shall be called is no name for one");
	s->sink = s->o->open(s->o->arg, hello.name, (enum nacre_sink_mode)hello.mode, e);
	if (!s->sink)
		return -1;
	s->sink->says = (struct nacre_sink_says){say_stage, say_fix, say_boot, s};
	nacre_put_number(&p, NACRE_WIRE_VERSION, 4);
	nacre_put_values(&p, &s->sink->values);
	if (nacre_link_send(&s->link, &(struct nacre_outgoing){.type = NACRE_FRAME_WELCOME, .fields = fields,
				       .field_size = (size_t)(p.at - fields)}, e) == 0)
		return 0;
	s->gone = true;
	return -1;
}

static int on_map(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	if (!nacre_get_done(g) || nacre_get_map(f->data, f->data_size, &s->map))
		return violation(e, "the map of the disk is none");
	return done(s, e);
}

static int on_create(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint8_t fields[2];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	unsigned disk = (unsigned)nacre_get_number(g, 4);
	struct nacre_sink_disk what;

	nacre_get_disk(g, &what);
	if (!nacre_get_done(g))
		return violation(e, "the disk that shall be made is none");
	if (s->map.count) {
		const struct nacre_extent *last = &s->map.list[s->map.count - 1];

		/* Granules may pass the end, but not by far. */
		if (last->start >= what.size || last->start + last->length > what.size + (4 << 20))
			return violation(e, "the map is of a larger disk");
	}
	what.map = &s->map;
	if (nacre_sink_create(s->sink, disk, &what, e))
		return -1;
	nacre_extents_free(&s->map);
	nacre_put_number(&p, s->sink->resumed, 1);
	nacre_put_number(&p, s->sink->disks[disk].known, 1);
	return answer(s, &p, fields, NULL, 0, e);
}

static int on_write(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	uint64_t disk = nacre_get_number(g, 4), zero = nacre_get_number(g, 4), offset = nacre_get_number(g, 8);

	if (!nacre_get_done(g) || zero)
		return violation(e, "a write is none");
	return nacre_sink_write(s->sink, (unsigned)disk, offset, f->data, f->data_size, e);
}

static int on_zero(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint64_t disk = nacre_get_number(g, 4), zero = nacre_get_number(g, 4), offset = nacre_get_number(g, 8);
	uint64_t length = nacre_get_number(g, 8);

	if (!nacre_get_done(g) || zero)
		return violation(e, "a write of zeroes is none");
	return nacre_sink_zero(s->sink, (unsigned)disk, offset, length, e);
}

static int on_patch(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	struct nacre_sink_range ranges[NACRE_SINK_RANGES];
	unsigned disk = (unsigned)nacre_get_number(g, 4);
	uint64_t count = nacre_get_number(g, 4);
	const uint8_t *at = f->data;
	size_t left = f->data_size;

	if (count > NACRE_SINK_RANGES)
		return violation(e, "a patch is none");
	for (uint64_t i = 0; i < count; i++) {
		ranges[i].offset = nacre_get_number(g, 8);
		ranges[i].length = (uint32_t)nacre_get_number(g, 4);
		ranges[i].data = at;
		if (ranges[i].length > left)
			return violation(e, "a patch has less data than it says");
		at += ranges[i].length;
		left -= ranges[i].length;
	}
	if (!nacre_get_done(g) || left)
		return violation(e, "a patch is none");
	return nacre_sink_patch(s->sink, disk, ranges, (int)count, e);
}

static int on_have(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint64_t disk = nacre_get_number(g, 4), count = nacre_get_number(g, 4), first = nacre_get_number(g, 8);
	uint64_t *hashes;
	int status;

	if (!nacre_get_done(g) || count > NACRE_SINK_HASHES)
		return violation(e, "a question is none");
	hashes = malloc((size_t)count * 8 + 1);
	if (!hashes)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	status = nacre_sink_have(s->sink, (unsigned)disk, first, (uint32_t)count, hashes, e);
	for (uint64_t i = 0; i < count && !status; i++)
		hashes[i] = htole64(hashes[i]);
	if (!status)
		status = answer(s, NULL, NULL, hashes, (size_t)count * 8, e);
	free(hashes);
	return status;
}

static int on_verify(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	uint64_t disk = nacre_get_number(g, 4), count = nacre_get_number(g, 4), first = nacre_get_number(g, 8);
	uint8_t fields[12];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	uint64_t *hashes, where = 0;
	uint32_t different = 0;
	int status;

	if (!nacre_get_done(g) || count > NACRE_SINK_HASHES || f->data_size != count * 8)
		return violation(e, "a list of hashes is none");
	hashes = malloc((size_t)count * 8 + 1);
	if (!hashes)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	for (uint64_t i = 0; i < count; i++)
		hashes[i] = nacre_le64(f->data + 8 * i);
	status = nacre_sink_verify(s->sink, (unsigned)disk, first, (uint32_t)count, hashes, &different, &where, e);
	free(hashes);
	if (status)
		return -1;
	nacre_put_number(&p, different, 4);
	nacre_put_number(&p, where, 8);
	return answer(s, &p, fields, NULL, 0, e);
}

static int on_read(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint64_t disk = nacre_get_number(g, 4), size = nacre_get_number(g, 4), offset = nacre_get_number(g, 8);
	NACRE_AUTO_FREE void *data = NULL;

	if (!nacre_get_done(g) || !size || size > NACRE_SINK_MOST)
		return violation(e, "a read is none");
	data = malloc((size_t)size);
	if (!data)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	if (nacre_sink_read(s->sink, (unsigned)disk, offset, data, (size_t)size, e))
		return -1;
	return answer(s, NULL, NULL, data, (size_t)size, e);
}

/* @size bytes of @f's data from *at on become a text; UINT32_MAX: there is none. -1: they are not there, or no text */
static int take_text(const struct nacre_frame *f, size_t *at, uint32_t size, char **text)
{
	*text = NULL;
	if (size == UINT32_MAX)
		return 0;
	if (size > f->data_size - *at || (size && memchr(f->data + *at, 0, size)))
		return -1;
	*text = strndup((const char *)f->data + *at, size);
	*at += size;
	return *text ? 0 : -1;
}

static int on_changed(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *before = NULL, *after = NULL;
	NACRE_AUTO_FREE struct nacre_change_words *words = malloc(sizeof(*words));
	struct nacre_change change;
	size_t at = 0;

	if (!words)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	nacre_get_change(g, &change, words);
	if (!nacre_get_done(g) || take_text(f, &at, words->before, &before) ||
	    take_text(f, &at, words->after, &after) || at != f->data_size)
		return violation(e, "a change that is told is none");
	change.before = before;
	change.after = after;
	return nacre_sink_changed(s->sink, &change, e) ? -1 : done(s, e);
}

static int on_undo(struct serve *s, struct nacre_get *g, const struct nacre_frame *f, struct nacre_error *e)
{
	if (!nacre_get_done(g))
		return violation(e, "a piece of a journal is none");
	return nacre_sink_undo(s->sink, f->data, f->data_size, e) ? -1 : done(s, e);
}

static int on_modify(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	const char *skips[NACRE_SKIPS_MOST + 1];
	char texts[NACRE_SKIPS_MOST][32];
	struct nacre_sink_modify what;
	uint8_t fields[8];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	size_t changes;

	nacre_get_modify(g, &what, skips, texts);
	if (!nacre_get_done(g))
		return violation(e, "what shall be fixed cannot be made out");
	if (nacre_sink_modify(s->sink, &what, &changes, e))
		return -1;
	nacre_put_number(&p, changes, 8);
	return answer(s, &p, fields, NULL, 0, e);
}

static int on_define(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	struct nacre_inventory *inventory = malloc(sizeof(*inventory));
	struct nacre_sink_define what;
	struct nacre_image images[NACRE_DISKS_MAX];
	int status = -1;

	if (!inventory)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	nacre_get_define(g, &what, inventory, images);
	if (!nacre_get_done(g))
		violation(e, "the machine that shall be defined is none");
	else
		status = nacre_sink_define(s->sink, &what, e);
	free(inventory);
	return status ? -1 : done(s, e);
}

static int on_check(struct serve *s, struct nacre_get *g, struct nacre_error *e)
{
	uint8_t fields[2048];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	struct nacre_boot_result result;
	uint64_t timeout = nacre_get_number(g, 4);

	if (!nacre_get_done(g) || timeout > 86400)
		return violation(e, "the check that shall be made is none");
	if (nacre_sink_check(s->sink, (int)timeout, &result, e))
		return -1;
	nacre_put_boot(&p, &result);
	return answer(s, &p, fields, NULL, 0, e);
}

/* What is said of a disk, or of all, and nothing more. */
static int on_disk(struct serve *s, enum nacre_frame_type type, struct nacre_get *g, struct nacre_error *e)
{
	unsigned disk = (unsigned)nacre_get_number(g, 4);
	int status = -1;

	if (!nacre_get_done(g))
		return violation(e, "an instruction is none");
	switch (type) {
	case NACRE_FRAME_MAKE_WRITABLE:
		status = nacre_sink_make_writable(s->sink, disk, e);
		break;
	case NACRE_FRAME_SYNC:
		status = nacre_sink_sync(s->sink, e);
		break;
	case NACRE_FRAME_ATTACH:
		status = nacre_sink_attach(s->sink, disk, e);
		break;
	case NACRE_FRAME_BOOT_RECORD:
		status = nacre_sink_boot_record(s->sink, disk, e);
		break;
	case NACRE_FRAME_DETACH:
		status = nacre_sink_detach(s->sink, disk, e);
		break;
	case NACRE_FRAME_BYE:
		status = nacre_sink_bye(s->sink, e);
		s->over = !status;
		break;
	case NACRE_FRAME_DROP:
		nacre_sink_drop(s->sink);
		s->sink = NULL;
		s->over = true;
		status = 0;
		break;
	default:
		violation(e, "an instruction is not known");
	}
	return status ? -1 : done(s, e);
}

/* Data was taken: that is told now and then. */
static int taken(struct serve *s, const struct nacre_frame *f, struct nacre_error *e)
{
	uint8_t fields[8];

	s->untold_frames++;
	s->untold_bytes += f->data_size;
	if (s->untold_frames < TELL_FRAMES && s->untold_bytes < TELL_BYTES && nacre_link_waiting(&s->link, 0))
		return 0;
	nacre_put_le64(fields, f->sequence + 1);
	s->untold_frames = s->untold_bytes = 0;
	if (nacre_link_send(&s->link, &(struct nacre_outgoing){.type = NACRE_FRAME_TAKEN, .fields = fields,
				       .field_size = sizeof(fields)}, e) == 0)
		return 0;
	s->gone = true;
	return -1;
}

static int carry_out(struct serve *s, const struct nacre_frame *f, struct nacre_error *e)
{
	struct nacre_get g = {f->fields, f->fields + f->field_size, false};
	bool hello = f->type == NACRE_FRAME_HELLO;

	if (hello != !s->sink)
		return violation(e, hello ? "hello is said once" : "hello is said first");
	switch (f->type) {
	case NACRE_FRAME_WRITE:
		return on_write(s, &g, f, e) ? -1 : taken(s, f, e);
	case NACRE_FRAME_ZERO:
		return on_zero(s, &g, e) ? -1 : taken(s, f, e);
	case NACRE_FRAME_PATCH:
		return on_patch(s, &g, f, e) ? -1 : taken(s, f, e);
	case NACRE_FRAME_HELLO:
		return on_hello(s, &g, e);
	case NACRE_FRAME_MAP:
		return on_map(s, &g, f, e);
	case NACRE_FRAME_CREATE:
		return on_create(s, &g, e);
	case NACRE_FRAME_HAVE:
		return on_have(s, &g, e);
	case NACRE_FRAME_VERIFY:
		return on_verify(s, &g, f, e);
	case NACRE_FRAME_READ:
		return on_read(s, &g, e);
	case NACRE_FRAME_CHANGED:
		return on_changed(s, &g, f, e);
	case NACRE_FRAME_UNDO:
		return on_undo(s, &g, f, e);
	case NACRE_FRAME_MODIFY:
		return on_modify(s, &g, e);
	case NACRE_FRAME_DEFINE:
		return on_define(s, &g, e);
	case NACRE_FRAME_CHECK:
		return on_check(s, &g, e);
	default:
		return on_disk(s, f->type, &g, e);
	}
}

static void tell_failure(struct serve *s, const struct nacre_error *error)
{
	uint8_t fields[512];
	struct nacre_put p = {fields, fields + sizeof(fields), false};

	nacre_put_error(&p, error);
	if (!s->gone)
		nacre_link_send(&s->link, &(struct nacre_outgoing){.type = NACRE_FRAME_FAILED, .fields = fields,
					  .field_size = (size_t)(p.at - fields)}, NULL);
}

int nacre_serve(const struct nacre_serve_options *o, struct nacre_error *e)
{
	struct serve s = {.o = o};
	struct nacre_frame f;
	struct nacre_error own;
	int status = 0;

	e = e ? e : &own;
	if (nacre_link_init(&s.link, o->in, o->out, e))
		return -1;
	while (!status && !s.over) {
		status = nacre_link_receive(&s.link, &f, e);
		if (status == 0)
			status = nacre_error_set(e, NACRE_E_LOST, 0, "connection",
						 "the source ended it before all was done");
		else if (status > 0)
			status = carry_out(&s, &f, e);
	}
	if (status)
		tell_failure(&s, e);
	nacre_sink_close(s.sink);
	nacre_extents_free(&s.map);
	nacre_link_free(&s.link);
	return status;
}
