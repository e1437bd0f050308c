/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c - the sink at the other end of a byte stream
 *
 * One lock guards the connection: whoever has it sends, and receives what comes back. Data is sent
 * without waiting for it to be taken, up to a window of frames and bytes; the other end says TAKEN with
 * the number of the last one. So what comes back meanwhile always fits into the pipe, and neither end can wait for
 * the other. Everything else waits for its answer.
 *
 * Data is compressed (zstd, by the calling thread, outside of the lock) where that has been faster lately:
 * the link's rate is bytes by the time that sending took, zstd's rate and ratio are those of a sample that is
 * taken now and then.
 *
 * An error of the other end comes with its next answer, or is found behind the broken connection. It is kept, and
 * every call from then on ends with it.
 */
#include "conversion/transfer/stream.h"

#include "base/bytes.h"
#include "conversion/transfer/message.h"

#include "config.h"
#include "os/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <zstd.h>

enum {
	WINDOW_FRAMES = 256,
	WINDOW_BYTES = 32 << 20,
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* they are made for every input */
	PACKERS = 1,
#else
	PACKERS = 4,            /* threads that compress at a time */
#endif
	LEVEL = 1,
	PACK_LEAST = 16 << 10,  /* smaller data is not compressed */
	SAMPLE_EVERY = 32
};

struct packer {
	ZSTD_CCtx *context;
	uint8_t *data;
	bool busy;
};

struct stream {
	struct nacre_link link;
	struct nacre_stream_options o;
	pthread_mutex_t lock;
	uint64_t taken;          /* sequence of the next data frame that is not taken yet */
	uint64_t sizes[WINDOW_FRAMES]; /* of frames that are not taken, by sequence */
	uint64_t outstanding;    /* bytes of them */
	bool failed;
	struct nacre_error error;
	struct nacre_error *opening; /* where it goes wrong already: the error that is told */
	struct packer packers[PACKERS];
	pthread_mutex_t pack_lock; /* of the packers' busy */
	double busy;             /* seconds spent sending */
	uint64_t plain;          /* data frames since the last sample */
	double zstd_rate, ratio; /* bytes per second of one thread; packed by unpacked. 0: not known */
};

/* The first error stays. */
static int fail(struct stream *s, struct nacre_error *e)
{
	if (!s->failed && e)
		s->error = *e;
	s->failed = true;
	if (e)
		*e = s->error;
	return -1;
}

static void take_says(struct nacre_sink *sink, const struct nacre_frame *f)
{
	struct nacre_get g = {f->fields, f->fields + f->field_size, false};
	char first[64], second[512];
	uint64_t kind = nacre_get_number(&g, 1), ms = nacre_get_number(&g, 8);

	nacre_get_text(&g, first, sizeof(first));
	nacre_get_text(&g, second, sizeof(second));
	if (!nacre_get_done(&g))
		return;
	if (kind == 0 && sink->says.stage)
		sink->says.stage(sink->says.arg, first);
	if (kind == 1 && sink->says.fix)
		sink->says.fix(sink->says.arg, first, second);
	if (kind == 2 && sink->says.boot)
		sink->says.boot(sink->says.arg, first, (double)ms / 1000);
}

static int take_failed(const struct nacre_frame *f, struct nacre_error *e)
{
	struct nacre_get g = {f->fields, f->fields + f->field_size, false};
	struct nacre_error error = {0};

	nacre_get_error(&g, &error);
	if (!nacre_get_done(&g))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end failed, and not in words");
	if (e)
		*e = error;
	return -1;
}

static int take_taken(struct stream *s, const struct nacre_frame *f, struct nacre_error *e)
{
	struct nacre_get g = {f->fields, f->fields + f->field_size, false};
	uint64_t next = nacre_get_number(&g, 8);

	if (!nacre_get_done(&g) || next > s->link.sent || next < s->taken)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end took what was never sent");
	for (; s->taken < next; s->taken++) {
		s->outstanding -= s->sizes[s->taken % WINDOW_FRAMES];
		s->sizes[s->taken % WINDOW_FRAMES] = 0;
	}
	return 0;
}

/* One frame that came back. Return: 1: it is the answer that somebody waits for; 0: something else; -1 */
static int take_one(struct nacre_sink *sink, struct nacre_frame *f, struct nacre_error *e)
{
	struct stream *s = sink->own;
	int status = nacre_link_receive(&s->link, f, e);

	if (status == 0)
		return nacre_error_set(e, NACRE_E_LOST, 0, "connection", "the other end has closed it");
	if (status < 0)
		return -1;
	switch (f->type) {
	case NACRE_FRAME_SAYS:
		take_says(sink, f);
		return 0;
	case NACRE_FRAME_TAKEN:
		return take_taken(s, f, e);
	case NACRE_FRAME_FAILED:
		return take_failed(f, e);
	case NACRE_FRAME_DONE:
	case NACRE_FRAME_WELCOME:
		return 1;
	default:
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end gives orders");
	}
}

/* The connection broke while we sent: why may be on its way to us. */
static int why_broken(struct nacre_sink *sink, struct nacre_error *e)
{
	struct nacre_error told;
	struct nacre_frame f;
	int status = 0;

	while (status == 0)
		status = take_one(sink, &f, &told);
	if (status < 0 && told.code != NACRE_E_LOST && e)
		*e = told;
	return -1;
}

static int send_frame(struct nacre_sink *sink, const struct nacre_outgoing *f, struct nacre_error *e)
{
	struct stream *s = sink->own;

	return nacre_link_send(&s->link, f, e) ? why_broken(sink, e) : 0;
}

/* Nobody is there any more who wants the answer. */
static bool deserted(const struct stream *s)
{
	struct pollfd p = {.fd = s->o.watch, .events = POLLIN};
	int waiting = 0;

	if (s->o.watch < 0 || poll(&p, 1, 0) <= 0)
		return false;
	return p.revents & (POLLHUP | POLLERR) ||
	       (p.revents & POLLIN && !ioctl(s->o.watch, FIONREAD, &waiting) && !waiting);
}

/* Until the answer is there. @f is valid until the lock is given up. */
static int wait_answer(struct nacre_sink *sink, enum nacre_frame_type type, struct nacre_frame *f,
		       struct nacre_error *e)
{
	struct stream *s = sink->own;
	int status = 0;

	while (status == 0) {
		while (s->o.watch >= 0 && !nacre_link_waiting(&s->link, 500))
			if (deserted(s))
				return nacre_error_set(e, NACRE_E_LOST, 0, "connection", "the source is gone");
		status = take_one(sink, f, e);
	}
	if (status > 0 && f->type != type)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end answers something else");
	return status > 0 ? 0 : -1;
}

/* Send, wait, and read the answer's fields with @read (NULL: there are none). */
static int ask(struct nacre_sink *sink, const struct nacre_outgoing *f,
	       int (*read)(struct nacre_get *g, const struct nacre_frame *answer, void *arg), void *arg,
	       struct nacre_error *e)
{
	struct stream *s = sink->own;
	struct nacre_error own;
	struct nacre_frame answer;
	struct nacre_get g;
	int status = -1;

	e = e ? e : &own;
	pthread_mutex_lock(&s->lock);
	if (s->failed) {
		fail(s, e);
	} else if (send_frame(sink, f, e) || wait_answer(sink, NACRE_FRAME_DONE, &answer, e)) {
		fail(s, e);
	} else {
		/* What was sent before the question was taken before the answer. */
		s->taken = s->link.sent;
		s->outstanding = 0;
		memset(s->sizes, 0, sizeof(s->sizes));
		g = (struct nacre_get){answer.fields, answer.fields + answer.field_size, false};
		status = read ? read(&g, &answer, arg) : answer.data_size ? -1 : 0;
		if (status || !nacre_get_done(&g)) {
			nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end's answer is none");
			status = fail(s, e);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return status;
}

/* Data: there has to be room in the window first. */
static int send_data(struct nacre_sink *sink, const struct nacre_outgoing *f, struct nacre_error *e)
{
	struct stream *s = sink->own;
	uint64_t size = f->data_size + f->field_size + NACRE_FRAME_HEAD;
	struct nacre_error own;
	struct nacre_frame got;
	double start;
	int status = 0;

	e = e ? e : &own;
	pthread_mutex_lock(&s->lock);
	start = nacre_now();
	while (!status && !s->failed &&
	       (s->link.sent - s->taken >= WINDOW_FRAMES || s->outstanding + size > WINDOW_BYTES ||
		nacre_link_waiting(&s->link, 0)))
		status = take_one(sink, &got, e);
	if (status > 0)
		status = nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end answers what nobody asked");
	if (!status && !s->failed) {
		s->sizes[s->link.sent % WINDOW_FRAMES] = size;
		s->outstanding += size;
		status = send_frame(sink, f, e);
		s->busy += nacre_now() - start;
	}
	if (status || s->failed)
		status = fail(s, e);
	pthread_mutex_unlock(&s->lock);
	return status;
}

/* Is it time for a sample, or has compressing paid? Racy reads of figures that are estimates anyway. */
static bool should_pack(struct stream *s, size_t size)
{
	double link, plain, packed;

	if (size < PACK_LEAST)
		return false;
	if (__atomic_add_fetch(&s->plain, 1, __ATOMIC_RELAXED) % SAMPLE_EVERY == 1 || s->zstd_rate <= 0)
		return true;
	if (s->busy <= 0 || s->link.bytes_sent < 4 * WINDOW_BYTES / 32)
		return false;
	link = (double)s->link.bytes_sent / s->busy;
	plain = 1 / link;
	packed = s->ratio / link > 1 / s->zstd_rate ? s->ratio / link : 1 / s->zstd_rate;
	return packed < 0.8 * plain;
}

static struct packer *take_packer(struct stream *s)
{
	struct packer *found = NULL;

	pthread_mutex_lock(&s->pack_lock);
	for (int i = 0; i < PACKERS && !found; i++)
		if (!s->packers[i].busy)
			found = &s->packers[i];
	if (found)
		found->busy = true;
	pthread_mutex_unlock(&s->pack_lock);
	return found;
}

static int stream_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
			struct nacre_error *e)
{
	struct stream *s = sink->own;
	uint8_t fields[16] = {0};
	struct nacre_outgoing f = {.type = NACRE_FRAME_WRITE, .fields = fields, .field_size = sizeof(fields),
				   .data = data, .data_size = size};
	struct packer *packer = NULL;
	int status;

	nacre_put_le32(fields, disk);
	nacre_put_le64(fields + 8, offset);
	if (should_pack(s, size) && (packer = take_packer(s))) {
		double start = nacre_now();
		size_t n = ZSTD_compressCCtx(packer->context, packer->data, NACRE_FRAME_DATA, data, size, LEVEL);

		if (ZSTD_isError(n))
			n = size;
		s->zstd_rate = (double)size / (nacre_now() - start + 1e-9);
		s->ratio = s->ratio > 0 ? 0.5 * s->ratio + 0.5 * (double)n / (double)size : (double)n / (double)size;
		if (n < size - size / 16) {
			f.data = packer->data;
			f.data_size = n;
			f.flags = NACRE_FRAME_ZSTD;
			f.raw = (uint32_t)size;
		}
	}
	status = send_data(sink, &f, e);
	if (packer)
		__atomic_store_n(&packer->busy, false, __ATOMIC_RELEASE);
	return status;
}

static int stream_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		       struct nacre_error *e)
{
	uint8_t fields[24] = {0};

	nacre_put_le32(fields, disk);
	nacre_put_le64(fields + 8, offset);
	nacre_put_le64(fields + 16, length);
	return send_data(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_ZERO, .fields = fields,
							.field_size = sizeof(fields)}, e);
}

/* The ranges are fields; their data is gathered in a packer's buffer, or sent range by range. */
static int stream_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
			struct nacre_error *e)
{
	uint8_t fields[8 + 12 * NACRE_SINK_RANGES];
	struct packer *packer = take_packer(sink->own);
	struct nacre_outgoing f = {.type = NACRE_FRAME_PATCH, .fields = fields,
				   .field_size = 8 + 12 * (size_t)count, .data = packer ? packer->data : NULL};
	int status = 0;

	if (!packer) {
		for (int i = 0; i < count && !status; i++)
			status = stream_write(sink, disk, ranges[i].offset, ranges[i].data, ranges[i].length, e);
		return status;
	}
	nacre_put_le32(fields, disk);
	nacre_put_le32(fields + 4, (uint32_t)count);
	for (int i = 0; i < count; i++) {
		nacre_put_le64(fields + 8 + 12 * i, ranges[i].offset);
		nacre_put_le32(fields + 16 + 12 * i, ranges[i].length);
		memcpy(packer->data + f.data_size, ranges[i].data, ranges[i].length);
		f.data_size += ranges[i].length;
	}
	status = send_data(sink, &f, e);
	__atomic_store_n(&packer->busy, false, __ATOMIC_RELEASE);
	return status;
}

/* A question about a disk and nothing more. */
static int ask_disk(struct nacre_sink *sink, enum nacre_frame_type type, unsigned disk, struct nacre_error *e)
{
	uint8_t fields[4];

	nacre_put_le32(fields, disk);
	return ask(sink, &(struct nacre_outgoing){.type = type, .fields = fields, .field_size = sizeof(fields)},
		   NULL, NULL, e);
}

static int stream_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_MAKE_WRITABLE, disk, e);
}

static int stream_attach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_ATTACH, disk, e);
}

static int stream_boot_record(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_BOOT_RECORD, disk, e);
}

static int stream_detach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_DETACH, disk, e);
}

static int stream_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_SYNC, 0, e);
}

static int stream_bye(struct nacre_sink *sink, struct nacre_error *e)
{
	return ask_disk(sink, NACRE_FRAME_BYE, 0, e);
}

/* The map goes before, in as many frames as it takes. A map of more pieces than that is told more coarsely. */
static int send_map(struct nacre_sink *sink, const struct nacre_extents *map, struct nacre_error *e)
{
	enum { EXTENTS = 8192 };
	struct nacre_extents coarse = {0};
	uint8_t *data = malloc((size_t)EXTENTS * NACRE_EXTENT_BYTES);
	int status = data ? 0 : -1;
	uint32_t granule = 64 << 10;

	for (size_t i = 0; map && i < map->count && !status; i++)
		status = nacre_extents_add(&coarse, map->list[i].start, map->list[i].length, map->list[i].tag);
	for (; !status && coarse.count > NACRE_MAP_MOST / 2 && granule < 1u << 30; granule *= 2)
		for (uint32_t use = NACRE_FS_USED; use < NACRE_USES && !status; use++)
			status = nacre_extents_widen(&coarse, use, granule, granule);
	if (status)
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	for (size_t i = 0; i < coarse.count && !status;) {
		size_t n = 0;

		for (; n < EXTENTS && i < coarse.count; i++, n++)
			nacre_put_extent(data + n * NACRE_EXTENT_BYTES, &coarse.list[i]);
		status = ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_MAP, .data = data,
							    .data_size = n * NACRE_EXTENT_BYTES}, NULL, NULL, e);
	}
	nacre_extents_free(&coarse);
	free(data);
	return status;
}

struct created {
	bool resumed;
	unsigned known;
};

static int read_created(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	struct created *c = arg;

	(void)answer;
	c->resumed = nacre_get_number(g, 1) == 1;
	c->known = (unsigned)nacre_get_number(g, 1);
	return c->known > NACRE_SINK_KNOWN ? -1 : 0;
}

static int stream_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
			 struct nacre_error *e)
{
	uint8_t fields[256];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	struct created created = {false, 0};

	nacre_put_number(&p, disk, 4);
	nacre_put_disk(&p, what);
	if (send_map(sink, what->map, e))
		return -1;
	if (ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_CREATE, .fields = fields,
					       .field_size = (size_t)(p.at - fields)}, read_created, &created, e))
		return -1;
	sink->resumed = created.resumed;
	sink->disks[disk].known = created.known;
	return 0;
}

struct hashes {
	uint64_t *to;
	uint32_t count;
};

static int read_hashes(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	struct hashes *h = arg;

	(void)g;
	if (answer->data_size != (size_t)h->count * 8)
		return -1;
	for (uint32_t i = 0; i < h->count; i++)
		h->to[i] = nacre_le64(answer->data + 8 * (size_t)i);
	return 0;
}

static int stream_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		       struct nacre_error *e)
{
	struct hashes h = {hashes, count};
	uint8_t fields[16];

	nacre_put_le32(fields, disk);
	nacre_put_le32(fields + 4, count);
	nacre_put_le64(fields + 8, first);
	return ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_HAVE, .fields = fields,
						  .field_size = sizeof(fields)}, read_hashes, &h, e);
}

struct difference {
	uint32_t *different;
	uint64_t *where;
};

static int read_difference(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	struct difference *d = arg;

	(void)answer;
	*d->different = (uint32_t)nacre_get_number(g, 4);
	*d->where = nacre_get_number(g, 8);
	return 0;
}

static int stream_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
			 const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e)
{
	struct difference d = {different, where};
	uint8_t fields[16];

	/* As they lie in memory: see message.c on the order of bytes. */
	nacre_put_le32(fields, disk);
	nacre_put_le32(fields + 4, count);
	nacre_put_le64(fields + 8, first);
	return ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_VERIFY, .fields = fields,
						  .field_size = sizeof(fields), .data = hashes,
						  .data_size = (size_t)count * 8}, read_difference, &d, e);
}

struct bytes {
	void *to;
	size_t size;
};

static int read_bytes(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	struct bytes *b = arg;

	(void)g;
	if (answer->data_size != b->size)
		return -1;
	memcpy(b->to, answer->data, b->size);
	return 0;
}

static int stream_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		       struct nacre_error *e)
{
	struct bytes b = {data, size};
	uint8_t fields[16];

	nacre_put_le32(fields, disk);
	nacre_put_le32(fields + 4, (uint32_t)size);
	nacre_put_le64(fields + 8, offset);
	return ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_READ, .fields = fields,
						  .field_size = sizeof(fields)}, read_bytes, &b, e);
}

static int stream_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e)
{
	size_t before = change->before ? strlen(change->before) : 0, after = change->after ? strlen(change->after) : 0;
	uint8_t *fields = malloc(NACRE_FS_PATH + 128 + before + after), *data = fields + NACRE_FS_PATH + 128;
	struct nacre_put p = {fields, data, false};
	int status = -1;

	if (!fields)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	nacre_put_change(&p, change);
	if (before)
		memcpy(data, change->before, before);
	if (after)
		memcpy(data + before, change->after, after);
	if (p.full || before + after > NACRE_FRAME_DATA)
		nacre_error_set(e, NACRE_E_SUPPORT, 0, change->path, "was changed by more than can be told");
	else
		status = ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_CHANGED, .fields = fields,
							    .field_size = (size_t)(p.at - fields), .data = data,
							    .data_size = before + after}, NULL, NULL, e);
	free(fields);
	return status;
}

static int stream_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e)
{
	return ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_UNDO, .data = data, .data_size = size}, NULL, NULL,
		   e);
}

static int read_changes(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	(void)answer;
	*(size_t *)arg = (size_t)nacre_get_number(g, 8);
	return 0;
}

/* What has many fields is written into memory that is taken for it: this is never said under a freeze. */
static int ask_large(struct nacre_sink *sink, enum nacre_frame_type type,
		     void (*put)(struct nacre_put *p, const void *what), const void *what,
		     int (*read)(struct nacre_get *g, const struct nacre_frame *answer, void *arg), void *arg,
		     struct nacre_error *e)
{
	uint8_t *fields = malloc(NACRE_FRAME_FIELDS);
	struct nacre_put p = {fields, fields + NACRE_FRAME_FIELDS, false};
	int status = -1;

	if (!fields)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	put(&p, what);
	if (p.full)
		nacre_error_set(e, NACRE_E_SUPPORT, 0, "connection", "there is too much to be said of this machine");
	else
		status = ask(sink, &(struct nacre_outgoing){.type = type, .fields = fields,
							    .field_size = (size_t)(p.at - fields)}, read, arg, e);
	free(fields);
	return status;
}

static void put_modify(struct nacre_put *p, const void *what)
{
	nacre_put_modify(p, what);
}

static void put_define(struct nacre_put *p, const void *what)
{
	nacre_put_define(p, what);
}

static int stream_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
			 struct nacre_error *e)
{
	return ask_large(sink, NACRE_FRAME_MODIFY, put_modify, what, read_changes, changes, e);
}

static int stream_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e)
{
	return ask_large(sink, NACRE_FRAME_DEFINE, put_define, what, NULL, NULL, e);
}

static int read_boot(struct nacre_get *g, const struct nacre_frame *answer, void *arg)
{
	(void)answer;
	nacre_get_boot(g, arg);
	return 0;
}

static int stream_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
			struct nacre_error *e)
{
	uint8_t fields[4];

	nacre_put_le32(fields, (uint32_t)timeout_s);
	return ask(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_CHECK, .fields = fields,
						  .field_size = sizeof(fields)}, read_boot, result, e);
}

static void free_packers(struct stream *s)
{
	for (int i = 0; i < PACKERS; i++) {
		ZSTD_freeCCtx(s->packers[i].context);
		free(s->packers[i].data);
	}
}

static void stream_close(struct nacre_sink *sink, bool drop)
{
	struct stream *s = sink->own;

	if (drop && !s->failed)
		ask_disk(sink, NACRE_FRAME_DROP, 0, NULL);
	close(s->o.in);
	if (s->o.out != s->o.in)
		close(s->o.out);
	if (s->o.ended)
		s->o.ended(s->o.arg, s->opening);
	nacre_link_free(&s->link);
	free_packers(s);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->pack_lock);
	free(s);
}

static const struct nacre_sink_ops stream_ops = {
	.name = "stream", .create = stream_create, .make_writable = stream_make_writable,
	.write = stream_write, .zero = stream_zero, .patch = stream_patch, .sync = stream_sync,
	.have = stream_have, .verify = stream_verify, .read = stream_read, .attach = stream_attach,
	.changed = stream_changed, .undo = stream_undo,
	.boot_record = stream_boot_record, .modify = stream_modify, .detach = stream_detach,
	.define = stream_define, .check = stream_check, .bye = stream_bye, .close = stream_close};

/* Buffers are touched here, so that nothing has to be taken later. */
static int make_packers(struct stream *s)
{
	for (int i = 0; i < PACKERS; i++) {
		s->packers[i].context = ZSTD_createCCtx();
		s->packers[i].data = malloc(NACRE_FRAME_DATA);
		if (!s->packers[i].context || !s->packers[i].data)
			return -1;
		memset(s->packers[i].data, 0, NACRE_FRAME_DATA);
		ZSTD_compressCCtx(s->packers[i].context, s->packers[i].data, PACK_LEAST,
				  s->packers[i].data + PACK_LEAST, NACRE_FRAME_DATA - PACK_LEAST, LEVEL);
	}
	return 0;
}

static int greet(struct nacre_sink *sink, struct nacre_error *e)
{
	struct stream *s = sink->own;
	struct nacre_hello hello = {.oldest = NACRE_WIRE_VERSION, .newest = NACRE_WIRE_VERSION,
				    .mode = s->o.mode, .version = NACRE_VERSION};
	uint8_t fields[256];
	struct nacre_put p = {fields, fields + sizeof(fields), false};
	struct nacre_frame answer;
	struct nacre_get g;

	if (!nacre_sink_name_good(s->o.name))
		return nacre_error_set(e, NACRE_E_USAGE, 0, s->o.name,
				       "is no name for a machine: letters, digits, and . _ + - in between");
	strcpy(hello.name, s->o.name);
	nacre_put_hello(&p, &hello);
	if (send_frame(sink, &(struct nacre_outgoing){.type = NACRE_FRAME_HELLO, .fields = fields,
						      .field_size = (size_t)(p.at - fields)}, e) ||
	    wait_answer(sink, NACRE_FRAME_WELCOME, &answer, e))
		return -1;
	g = (struct nacre_get){answer.fields, answer.fields + answer.field_size, false};
	if (nacre_get_number(&g, 4) != NACRE_WIRE_VERSION)
		g.bad = true;
	nacre_get_values(&g, &sink->values);
	if (!nacre_get_done(&g))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "the other end's welcome is none");
	return 0;
}

struct nacre_sink *nacre_stream_open(const struct nacre_stream_options *o, struct nacre_error *e)
{
	struct nacre_sink *sink = calloc(1, sizeof(*sink));
	struct stream *s = calloc(1, sizeof(*s));
	struct nacre_error own;

	e = e ? e : &own;
	if (!sink || !s || make_packers(s) || nacre_link_init(&s->link, o->in, o->out, e)) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		if (s)
			free_packers(s);
		free(s);
		free(sink);
		close(o->in);
		if (o->out != o->in)
			close(o->out);
		if (o->ended)
			o->ended(o->arg, NULL);
		return NULL;
	}
	s->o = *o;
	s->link.limit = o->limit;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->pack_lock, NULL);
	sink->ops = &stream_ops;
	sink->own = s;
	if (greet(sink, e) == 0)
		return sink;
	s->failed = true;
	s->opening = e;
	nacre_sink_close(sink);
	return NULL;
}

uint64_t nacre_stream_sent(const struct nacre_sink *sink)
{
	return sink && sink->ops == &stream_ops ? ((const struct stream *)sink->own)->link.bytes_sent : 0;
}
