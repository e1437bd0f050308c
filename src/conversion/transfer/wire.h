/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.h - frames on a byte stream, and the fields in them; docs/transfer.md has the layout
 *
 * A frame is a head of NACRE_FRAME_HEAD bytes, fields, and data, which may be compressed. Head and
 * contents have checksums (XXH3, 64 bits), and frames are counted in each direction, so what was damaged, lost,
 * or said twice is found out. All numbers are little endian. Nothing of a frame is used before all of it is
 * here, in memory of its own, and its sums hold.
 */
#ifndef NACRE_CONVERSION_WIRE_H
#define NACRE_CONVERSION_WIRE_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NACRE_WIRE_VERSION = 2,
	NACRE_FRAME_HEAD = 48,
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* no input is as long, and buffers are made for each of them */
	NACRE_FRAME_FIELDS = 32 << 10,
	NACRE_FRAME_DATA = 128 << 10,
#else
	NACRE_FRAME_FIELDS = 512 << 10, /* bytes at most */
	NACRE_FRAME_DATA = 2 << 20,     /* bytes at most, compressed or not */
#endif
	NACRE_FRAME_ALIGN = 4096
};

enum nacre_frame_type {
	/* from the source to the VM host */
	NACRE_FRAME_HELLO = 1, NACRE_FRAME_MAP, NACRE_FRAME_CREATE, NACRE_FRAME_MAKE_WRITABLE,
	NACRE_FRAME_WRITE, NACRE_FRAME_ZERO, NACRE_FRAME_PATCH, NACRE_FRAME_SYNC, NACRE_FRAME_HAVE,
	NACRE_FRAME_VERIFY, NACRE_FRAME_ATTACH, NACRE_FRAME_BOOT_RECORD, NACRE_FRAME_MODIFY,
	NACRE_FRAME_DETACH, NACRE_FRAME_DEFINE, NACRE_FRAME_CHECK, NACRE_FRAME_BYE, NACRE_FRAME_DROP,
	NACRE_FRAME_READ, NACRE_FRAME_CHANGED, NACRE_FRAME_UNDO,
	/* and back */
	NACRE_FRAME_WELCOME = 64, NACRE_FRAME_TAKEN, NACRE_FRAME_DONE, NACRE_FRAME_FAILED, NACRE_FRAME_SAYS
};

enum { NACRE_FRAME_ZSTD = 1 }; /* flag: the data is one zstd frame of `raw` bytes */

/**
 * struct nacre_frame - one that was received; @fields and @data are the link's until the next one
 * @data: for WRITE it lies in memory as it does on the disk, modulo NACRE_FRAME_ALIGN
 */
struct nacre_frame {
	enum nacre_frame_type type;
	uint64_t sequence;
	const uint8_t *fields, *data;
	size_t field_size, data_size;
};

/** struct nacre_link - a connection; one thread at a time */
struct nacre_link {
	int in, out;
	uint64_t sent, received; /* frames */
	uint64_t bytes_sent, bytes_received;
	uint64_t limit;          /* bytes per second that are sent at most; 0: as fast as it goes */
	double allowed;          /* when the next may be sent */
	uint8_t *fields, *data, *packed;
	void *unpacker;
};

/** nacre_link_init() - the descriptors stay the caller's */
int nacre_link_init(struct nacre_link *link, int in, int out, struct nacre_error *e);
void nacre_link_free(struct nacre_link *link);

/** struct nacre_outgoing - a frame to be sent; @raw: size of the data when it is unpacked, with NACRE_FRAME_ZSTD */
struct nacre_outgoing {
	enum nacre_frame_type type;
	const void *fields, *data;
	size_t field_size, data_size;
	uint32_t flags, raw;
};

/** nacre_link_send() - all of it, or an error: NACRE_E_LOST where the other end is gone. No memory is taken */
int nacre_link_send(struct nacre_link *link, const struct nacre_outgoing *frame, struct nacre_error *e);
/**
 * nacre_link_receive() - the next frame
 *
 * Return: 1: there is one; 0: the other end has closed the connection between two frames; -1: it is gone in the
 * middle of one (NACRE_E_LOST), or what it sent is no frame (NACRE_E_VIOLATION).
 */
int nacre_link_receive(struct nacre_link *link, struct nacre_frame *frame, struct nacre_error *e);
/** nacre_link_waiting() - is there something to receive, or the end? It waits at most @timeout_ms */
bool nacre_link_waiting(const struct nacre_link *link, int timeout_ms);

/** struct nacre_put - fields that are being written; what does not fit sets @full */
struct nacre_put {
	uint8_t *at, *end;
	bool full;
};

/** struct nacre_get - fields that are being read; what is not there sets @bad, and reads as nothing */
struct nacre_get {
	const uint8_t *at, *end;
	bool bad;
};

void nacre_put_number(struct nacre_put *p, uint64_t value, int bytes);
/** nacre_put_text() - length in 2 bytes, then the bytes */
void nacre_put_text(struct nacre_put *p, const char *text);
uint64_t nacre_get_number(struct nacre_get *g, int bytes);
/** nacre_get_text() - into @text of @size bytes; longer is bad, a zero byte is bad, control characters become '?' */
void nacre_get_text(struct nacre_get *g, char *text, size_t size);
/** nacre_get_done() - all was there, and nothing else */
bool nacre_get_done(const struct nacre_get *g);

#endif
