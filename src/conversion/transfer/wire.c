/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c - frames on a byte stream; see wire.h */
#include "conversion/transfer/wire.h"

#include "base/bytes.h"
#include "os/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

enum { MAGIC = 0x3146634e /* "NcF1" */, LOOKED_AT = 60 /* of what is no frame, for the message */, MORE_MS = 300 };

int nacre_link_init(struct nacre_link *link, int in, int out, struct nacre_error *e)
{
	memset(link, 0, sizeof(*link));
	link->in = in;
	link->out = out;
	link->fields = malloc(NACRE_FRAME_FIELDS);
	link->packed = malloc(NACRE_FRAME_DATA);
	link->unpacker = ZSTD_createDCtx();
	if (posix_memalign((void **)&link->data, NACRE_FRAME_ALIGN, NACRE_FRAME_DATA + NACRE_FRAME_ALIGN))
		link->data = NULL;
	if (link->fields && link->packed && link->unpacker && link->data)
		return 0;
	nacre_link_free(link);
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

void nacre_link_free(struct nacre_link *link)
{
	free(link->fields);
	free(link->packed);
	free(link->data);
	ZSTD_freeDCtx(link->unpacker);
	link->fields = link->packed = link->data = NULL;
	link->unpacker = NULL;
}

/* Not faster than link->limit: who is early waits. What was not used for a while is not made up for. */
static void pace(struct nacre_link *link, size_t bytes)
{
	double t = nacre_now(), wait;

	if (!link->limit)
		return;
	if (link->allowed < t - 0.1)
		link->allowed = t - 0.1;
	wait = link->allowed - t;
	link->allowed += (double)bytes / (double)link->limit;
	if (wait > 0) {
		struct timespec d = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};

		while (nanosleep(&d, &d) && errno == EINTR)
			;
	}
}

static int send_all(struct nacre_link *link, struct iovec *part, int count, struct nacre_error *e)
{
	while (count) {
		ssize_t n = writev(link->out, part, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nacre_error_set(e, NACRE_E_LOST, n ? errno : 0, "connection",
					       "the other end is gone");
		for (link->bytes_sent += (uint64_t)n; count && (size_t)n >= part->iov_len; part++, count--)
			n -= (ssize_t)part->iov_len;
		if (count) {
			part->iov_base = (uint8_t *)part->iov_base + n;
			part->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static uint64_t sum_of(const void *fields, size_t field_size, const void *data, size_t data_size)
{
	return XXH3_64bits_withSeed(data, data_size, XXH3_64bits(fields, field_size));
}

int nacre_link_send(struct nacre_link *link, const struct nacre_outgoing *f, struct nacre_error *e)
{
	uint8_t head[NACRE_FRAME_HEAD] = {0};
	struct iovec part[3] = {{head, sizeof(head)},
				{(void *)(uintptr_t)f->fields, f->field_size},
				{(void *)(uintptr_t)f->data, f->data_size}};

	nacre_put_le32(head, MAGIC);
	nacre_put_le16(head + 4, (uint16_t)f->type);
	nacre_put_le16(head + 6, (uint16_t)f->flags);
	nacre_put_le32(head + 8, (uint32_t)f->field_size);
	nacre_put_le32(head + 12, (uint32_t)f->data_size);
	nacre_put_le32(head + 16, f->raw);
	nacre_put_le64(head + 24, link->sent++);
	nacre_put_le64(head + 32, sum_of(f->fields, f->field_size, f->data, f->data_size));
	nacre_put_le64(head + 40, XXH3_64bits(head, 40));
	pace(link, sizeof(head) + f->field_size + f->data_size);
	return send_all(link, part, f->data_size ? 3 : f->field_size ? 2 : 1, e);
}

/* Return: bytes; less than @size only at the end of the stream */
static ssize_t read_all(struct nacre_link *link, uint8_t *to, size_t size, struct nacre_error *e)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(link->in, to + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nacre_error_set(e, NACRE_E_LOST, errno, "connection", "the other end is gone");
		if (n == 0)
			break;
		have += (size_t)n;
		link->bytes_received += (uint64_t)n;
	}
	return (ssize_t)have;
}

static int cut(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_LOST, 0, "connection", "it was cut in the middle of a message");
}

static int violation(struct nacre_error *e, const char *what)
{
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection", "what came is no message of nacre's: %s", what);
}

/* A shell's greeting, a program that is not there: its words say more than ours. */
static int no_frame(struct nacre_link *link, const uint8_t *head, size_t size, struct nacre_error *e)
{
	char text[LOOKED_AT];
	uint8_t said[LOOKED_AT];
	size_t n = 0;

	memcpy(said, head, size);
	while (size < sizeof(said) && nacre_link_waiting(link, MORE_MS) &&
	       read_all(link, said + size, 1, NULL) == 1)
		size++;
	head = said;
	while (n < size && n < sizeof(text) - 1 && (head[n] >= ' ' && head[n] < 127))
		text[n] = (char)head[n], n++;
	text[n] = 0;
	if (n < 4)
		return violation(e, "no head");
	return nacre_error_set(e, NACRE_E_VIOLATION, 0, "connection",
			       "the other end does not speak as nacre does, it said: %s", text);
}

static int check_head(const struct nacre_link *link, const uint8_t *head, struct nacre_error *e)
{
	uint32_t flags = nacre_le16(head + 6), raw = nacre_le32(head + 16);

	if (nacre_le64(head + 40) != XXH3_64bits(head, 40))
		return violation(e, "its head is damaged");
	if (nacre_le64(head + 24) != link->received)
		return violation(e, "one is missing, or came twice");
	if (flags & ~(uint32_t)NACRE_FRAME_ZSTD || nacre_le32(head + 8) > NACRE_FRAME_FIELDS ||
	    nacre_le32(head + 12) > NACRE_FRAME_DATA || raw > NACRE_FRAME_DATA ||
	    (raw != 0) != ((flags & NACRE_FRAME_ZSTD) != 0) || nacre_le32(head + 20))
		return violation(e, "it is too long");
	return 0;
}

static int unpack(struct nacre_link *link, struct nacre_frame *f, uint8_t *to, size_t raw, struct nacre_error *e)
{
	size_t n = ZSTD_decompressDCtx(link->unpacker, to, raw, link->packed, f->data_size);

	if (ZSTD_isError(n) || n != raw)
		return violation(e, "it cannot be unpacked");
	f->data_size = raw;
	return 0;
}

int nacre_link_receive(struct nacre_link *link, struct nacre_frame *f, struct nacre_error *e)
{
	uint8_t head[NACRE_FRAME_HEAD], *to = link->data, *packed;
	ssize_t n = read_all(link, head, 4, e);
	bool zstd;

	/* Who speaks otherwise may have no more to say than that. */
	if (n <= 0)
		return (int)n;
	if (nacre_le32(head) != MAGIC && n == 4)
		return no_frame(link, head, 4, e);
	if (n < 4 || read_all(link, head + 4, sizeof(head) - 4, e) != sizeof(head) - 4)
		return cut(e);
	if (check_head(link, head, e))
		return -1;
	zstd = nacre_le16(head + 6) & NACRE_FRAME_ZSTD;
	*f = (struct nacre_frame){.type = nacre_le16(head + 4), .sequence = link->received,
				  .field_size = nacre_le32(head + 8), .data_size = nacre_le32(head + 12)};
	if (read_all(link, link->fields, f->field_size, e) != (ssize_t)f->field_size)
		return cut(e);
	if (f->type == NACRE_FRAME_WRITE && f->field_size >= 16)
		to += nacre_le64(link->fields + 8) % NACRE_FRAME_ALIGN;
	packed = zstd ? link->packed : to;
	if (read_all(link, packed, f->data_size, e) != (ssize_t)f->data_size)
		return cut(e);
	if (nacre_le64(head + 32) != sum_of(link->fields, f->field_size, packed, f->data_size))
		return violation(e, "it is damaged");
	if (zstd && unpack(link, f, to, nacre_le32(head + 16), e))
		return -1;
	f->fields = link->fields;
	f->data = to;
	link->received++;
	return 1;
}

bool nacre_link_waiting(const struct nacre_link *link, int timeout_ms)
{
	struct pollfd p = {.fd = link->in, .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0;
}

void nacre_put_number(struct nacre_put *p, uint64_t value, int bytes)
{
	if (p->end - p->at < bytes) {
		p->full = true;
		return;
	}
	for (int i = 0; i < bytes; i++)
		*p->at++ = (uint8_t)(value >> (8 * i));
}

void nacre_put_text(struct nacre_put *p, const char *text)
{
	size_t size = strlen(text);

	if (size > UINT16_MAX || (size_t)(p->end - p->at) < size + 2) {
		p->full = true;
		return;
	}
	nacre_put_number(p, size, 2);
	memcpy(p->at, text, size);
	p->at += size;
}

uint64_t nacre_get_number(struct nacre_get *g, int bytes)
{
	uint64_t value = 0;

	if (g->bad || g->end - g->at < bytes) {
		g->bad = true;
		return 0;
	}
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)*g->at++ << (8 * i);
	return value;
}

void nacre_get_text(struct nacre_get *g, char *text, size_t size)
{
	size_t length = (size_t)nacre_get_number(g, 2);

	*text = 0;
	if (g->bad || length >= size || (size_t)(g->end - g->at) < length || memchr(g->at, 0, length)) {
		g->bad = true;
		return;
	}
	for (size_t i = 0; i < length; i++)
		text[i] = g->at[i] < ' ' || g->at[i] == 127 ? '?' : (char)g->at[i];
	text[length] = 0;
	g->at += length;
}

bool nacre_get_done(const struct nacre_get *g)
{
	return !g->bad && g->at == g->end;
}
