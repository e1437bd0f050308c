/* SPDX-License-Identifier: BSD-2-Clause */
/* message.h - the encoding of requests and replies, both sides
 *
 * A message is a sequence of 8-byte words, little-endian, in the order that the overlay gives.
 * Proxy and stub come from one overlay, so nothing describes itself: the handshake's digest proves
 * that both mean the same.
 *
 *	scalar   one word, sign-extended; floating point by its bits
 *	bytes    a word with the length, then the bytes, padded with 0 to 8
 *	absent   NACRE_ABSENT in place of a length: the pointer is NULL
 *
 * The writer writes straight into memory that the other side can see, and never reads it back. The
 * reader only ever reads a private copy of the whole message, made in one go (channel/): what was
 * checked is what is used.
 */
#ifndef NACRE_MESSAGE_H
#define NACRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NACRE_ABSENT UINT64_MAX
#define NACRE_MESSAGE_MAX ((size_t)1 << 31) /* bytes; a larger message fails on the sending side */

/**
 * struct nacre_writer - a message under construction
 * @at, @end: free space; @at is always a multiple of 8 behind @start
 * @failed:   set once something did not fit or was malformed; nothing is written after that
 */
struct nacre_map;

struct nacre_writer {
	uint8_t *start, *at, *end;
	struct nacre_map *map; /* the channel that it goes to; NULL: it cannot grow */
	bool failed;
};

/** struct nacre_reader - a private copy of a message; @bad is set by the first malformed item */
struct nacre_reader {
	const uint8_t *at, *end;
	bool bad;
};

/**
 * nacre_writer_grow() - make room for @need more bytes, or set @failed
 *
 * Moves the message where there is no room behind it. Implemented by channel/.
 */
bool nacre_writer_grow(struct nacre_writer *w, size_t need) __attribute__((cold));

static inline size_t nacre_padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static inline uint64_t nacre_at_most(uint64_t n, uint64_t most)
{
	return n < most ? n : most;
}

static inline bool nacre_writer_room(struct nacre_writer *w, size_t need)
{
	if (__builtin_expect((size_t)(w->end - w->at) >= need && !w->failed, 1))
		return true;
	return nacre_writer_grow(w, need);
}

static inline void nacre_put_word(struct nacre_writer *w, uint64_t value)
{
	if (!nacre_writer_room(w, 8))
		return;
	memcpy(w->at, &value, 8);
	w->at += 8;
}

static inline void nacre_put_double(struct nacre_writer *w, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, 8);
	nacre_put_word(w, bits);
}

/** nacre_put_bytes() - @n bytes at @data; NULL is sent as absent */
static inline void nacre_put_bytes(struct nacre_writer *w, const void *data, size_t n)
{
	if (!data) {
		nacre_put_word(w, NACRE_ABSENT);
		return;
	}
	if (n > NACRE_MESSAGE_MAX || !nacre_writer_room(w, 8 + nacre_padded(n))) {
		w->failed = true;
		return;
	}
	uint64_t length = n;

	memcpy(w->at, &length, 8);
	if (n & 7) /* the padding, before the last bytes land on it */
		memset(w->at + 8 + (n & ~(size_t)7), 0, 8);
	memcpy(w->at + 8, data, n);
	w->at += 8 + nacre_padded(n);
}

static inline uint64_t nacre_get_word(struct nacre_reader *r)
{
	uint64_t value = 0;

	if (__builtin_expect((size_t)(r->end - r->at) < 8, 0)) {
		r->bad = true;
		return 0;
	}
	memcpy(&value, r->at, 8);
	r->at += 8;
	return value;
}

static inline double nacre_get_double(struct nacre_reader *r)
{
	uint64_t bits = nacre_get_word(r);
	double value;

	memcpy(&value, &bits, 8);
	return value;
}

/**
 * nacre_get_bytes() - the next byte sequence
 * @n: its length in bytes; 0 where it is absent
 *
 * Return: the bytes, aligned to 8, inside the reader's private copy: valid as long as that is, and
 * writable by its owner. NULL where they are absent, or where the message is malformed (@bad).
 */
static inline void *nacre_get_bytes(struct nacre_reader *r, size_t *n)
{
	uint64_t length = nacre_get_word(r);
	const uint8_t *data = r->at;

	*n = 0;
	if (length == NACRE_ABSENT || r->bad)
		return NULL;
	if (length > NACRE_MESSAGE_MAX || (size_t)(r->end - r->at) < nacre_padded(length)) {
		r->bad = true;
		return NULL;
	}
	*n = length;
	r->at += nacre_padded(length);
	return (void *)(uintptr_t)data;
}

/**
 * nacre_get_array() - the next byte sequence, which must be an array of @count elements
 *
 * Return: as nacre_get_bytes(); a length that is not @count * @size is malformed.
 */
static inline void *nacre_get_array(struct nacre_reader *r, uint64_t count, size_t size)
{
	size_t n, want;
	void *data = nacre_get_bytes(r, &n);

	if (data && (__builtin_mul_overflow(count, size, &want) || n != want)) {
		r->bad = true;
		return NULL;
	}
	return data;
}

/**
 * nacre_get_string() - the next byte sequence, which must end with its only 0
 * @max: the most bytes before the 0
 */
static inline char *nacre_get_string(struct nacre_reader *r, size_t max)
{
	size_t n;
	char *text = nacre_get_bytes(r, &n);

	if (text && (n == 0 || n - 1 > max || memchr(text, 0, n) != text + n - 1)) {
		r->bad = true;
		return NULL;
	}
	return text;
}

/** nacre_put_string() - the characters at @text with their 0; longer than @max fails the message */
static inline void nacre_put_string(struct nacre_writer *w, const char *text, size_t max)
{
	size_t n = text ? strnlen(text, max + 1) : 0;

	if (n > max)
		w->failed = true;
	else
		nacre_put_bytes(w, text, n + 1);
}

/** nacre_put_array() - @count elements of @size bytes at @data; NULL is sent as absent */
static inline void nacre_put_array(struct nacre_writer *w, const void *data, uint64_t count,
				   size_t size)
{
	size_t n;

	if (data && __builtin_mul_overflow(count, size, &n))
		w->failed = true;
	else
		nacre_put_bytes(w, data, data ? n : 0);
}

/**
 * nacre_put_used() - what an out buffer holds after the call, or absent
 * @wanted: there is a buffer and the call succeeded
 * @used, @room: elements of @size bytes; more than there is room for is sent as absent
 */
static inline void nacre_put_used(struct nacre_writer *w, const void *data, bool wanted,
				  uint64_t used, uint64_t room, size_t size)
{
	nacre_put_array(w, wanted && used <= room ? data : NULL, used, size);
}

/** nacre_put_strings() - an array of strings that ends with NULL: their number, then each */
static inline void nacre_put_strings(struct nacre_writer *w, const char *const *list, size_t max)
{
	uint64_t count = 0;

	while (list && list[count])
		count++;
	nacre_put_word(w, list ? count : NACRE_ABSENT);
	for (uint64_t i = 0; i < count; i++)
		nacre_put_string(w, list[i], max);
}

/** nacre_get_flat() - a byte sequence of exactly @size bytes, copied to @to */
static inline void nacre_get_flat(struct nacre_reader *r, void *to, size_t size)
{
	size_t n;
	const void *data = nacre_get_bytes(r, &n);

	if (data && n == size)
		memcpy(to, data, size);
	else
		r->bad = true;
}

/**
 * nacre_get_room() - the capacity of an out buffer
 * @want: the capacity by the overlay's own words: another one is malformed
 *
 * Return: false where there is no buffer.
 */
static inline bool nacre_get_room(struct nacre_reader *r, uint64_t want, uint64_t *room)
{
	uint64_t word = nacre_get_word(r);

	*room = 0;
	if (word != NACRE_ABSENT && word != want)
		r->bad = true;
	if (word == NACRE_ABSENT || r->bad)
		return false;
	*room = word;
	return true;
}

/** nacre_get_count() - a number of elements that was put before them, or absent */
static inline bool nacre_get_count(struct nacre_reader *r, uint64_t count)
{
	uint64_t n = nacre_get_word(r);

	if (n != NACRE_ABSENT && n != count)
		r->bad = true;
	return n != NACRE_ABSENT && !r->bad;
}

/** nacre_put_text() - the string in a buffer of @room bytes with its 0; absent where it has none */
static inline void nacre_put_text(struct nacre_writer *w, const char *text, uint64_t room)
{
	size_t n = text ? strnlen(text, room) : 0;

	nacre_put_bytes(w, n < room ? text : NULL, n + 1);
}

/** nacre_double_of() - the number whose bits a word is */
static inline double nacre_double_of(uint64_t word)
{
	double value;

	memcpy(&value, &word, 8);
	return value;
}

/** nacre_put_part() - the first @n bytes of a union of @size bytes */
static inline void nacre_put_part(struct nacre_writer *w, const void *data, uint64_t n, size_t size)
{
	if (n > size)
		w->failed = true;
	else
		nacre_put_bytes(w, data, n);
}

/** nacre_get_part() - the same, into the union at @to */
static inline void nacre_get_part(struct nacre_reader *r, void *to, uint64_t n, size_t size)
{
	if (n > size)
		r->bad = true;
	else
		nacre_get_flat(r, to, n);
}

#endif
