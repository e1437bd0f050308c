/* SPDX-License-Identifier: BSD-2-Clause */
/* io.c - libext2fs's I/O manager over the host's two functions
 *
 * DOC: Theory of Operation
 *
 * EXT_LINES lines of EXT_LINE bytes are kept; the one that was not used for the longest time makes room.
 * A miss asks the host for the whole line, as what lies beside a block of metadata is metadata. Written
 * units are marked and wait in their line until it makes room or ext_io_flush(): neighbours travel in one
 * call. Order does not matter: before nothing is flushed nothing is promised.
 */
#include "ext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const uint8_t ext_journal_magic[4] = {0xc0, 0x3b, 0x39, 0x98};

static __thread struct ext_io *next_io;

int ext_io_open(struct ext_io *io)
{
	io->memory = malloc((size_t)EXT_LINES * EXT_LINE);
	if (!io->memory)
		return ENOMEM;
	for (int i = 0; i < EXT_LINES; i++)
		io->lines[i].data = io->memory + (size_t)i * EXT_LINE;
	return 0;
}

void ext_io_free(struct ext_io *io)
{
	free(io->memory);
	free(io->moved);
}

void ext_io_use(struct ext_io *io)
{
	next_io = io;
}

static int failed(struct ext_io *io, int result)
{
	if (result && !io->failed)
		io->failed = result;
	return result;
}

/* Units first .. first + count - 1 of a line. */
static uint64_t mask(unsigned first, unsigned count)
{
	return (count == EXT_UNITS ? UINT64_MAX : ((uint64_t)1 << count) - 1) << first;
}

/* What there is of a line: the last one of the volume is shorter. */
static uint32_t line_size(const struct ext_io *io, uint64_t at)
{
	return io->size - at < EXT_LINE ? (uint32_t)(io->size - at) : EXT_LINE;
}

static int clean(struct ext_io *io, struct ext_line *line)
{
	unsigned first = 0, count;
	uint32_t size = line_size(io, line->at), from, to;

	for (; line->dirty && first < EXT_UNITS; first += count) {
		count = 1;
		if (!(line->dirty >> first & 1))
			continue;
		while (first + count < EXT_UNITS && line->dirty >> (first + count) & 1)
			count++;
		from = first * EXT_UNIT;
		to = from + count * EXT_UNIT < size ? from + count * EXT_UNIT : size;
		if (failed(io, io->write(io->user, line->at + from, line->data + from, to - from)))
			return io->failed;
		line->dirty &= ~mask(first, count);
	}
	return 0;
}

int ext_io_flush(struct ext_io *io)
{
	int result = 0, one;

	for (int i = 0; i < EXT_LINES; i++) {
		one = io->lines[i].taken ? clean(io, &io->lines[i]) : 0;
		if (!result)
			result = one;
	}
	io->written &= result != 0;
	return result;
}

/* The line at @at, maybe without content. */
static int take_line(struct ext_io *io, uint64_t at, struct ext_line **found)
{
	struct ext_line *oldest = &io->lines[0];
	int result;

	for (struct ext_line *l = io->lines; l < io->lines + EXT_LINES; l++) {
		if (l->taken && l->at == at) {
			l->used = ++io->clock;
			*found = l;
			return 0;
		}
		if (l->used < oldest->used)
			oldest = l;
	}
	result = oldest->taken ? clean(io, oldest) : 0;
	if (result)
		return result;
	oldest->at = at;
	oldest->there = oldest->dirty = 0;
	oldest->used = ++io->clock;
	oldest->taken = true;
	*found = oldest;
	return 0;
}

/* Read what is not there yet; what was written stays. */
static int fill(struct ext_io *io, struct ext_line *line)
{
	uint32_t size = line_size(io, line->at);
	uint8_t *fresh;
	int result;

	if (!line->there) {
		result = failed(io, io->read(io->user, line->at, line->data, size));
	} else {
		fresh = malloc(EXT_LINE);
		if (!fresh)
			return ENOMEM;
		result = failed(io, io->read(io->user, line->at, fresh, size));
		for (unsigned i = 0; !result && i < EXT_UNITS; i++)
			if (!(line->there >> i & 1))
				memcpy(line->data + i * EXT_UNIT, fresh + i * EXT_UNIT, EXT_UNIT);
		free(fresh);
	}
	if (!result)
		line->there = UINT64_MAX;
	return result;
}

static uint64_t units_of(uint32_t from, size_t size)
{
	unsigned first = from / EXT_UNIT, last = (unsigned)((from + size - 1) / EXT_UNIT);

	return mask(first, last - first + 1);
}

static bool outside(const struct ext_io *io, uint64_t offset, size_t size)
{
	return offset > io->size || size > io->size - offset;
}

int ext_io_get(struct ext_io *io, uint64_t offset, void *data, size_t size)
{
	struct ext_line *line;
	int result;

	if (outside(io, offset, size))
		return EUCLEAN;
	while (size) {
		uint32_t from = (uint32_t)(offset % EXT_LINE);
		size_t n = size < EXT_LINE - from ? size : EXT_LINE - from;

		result = take_line(io, offset - from, &line);
		if (!result && (line->there & units_of(from, n)) != units_of(from, n))
			result = fill(io, line);
		if (result)
			return result;
		memcpy(data, line->data + from, n);
		data = (uint8_t *)data + n;
		offset += n;
		size -= n;
	}
	return 0;
}

int ext_io_put(struct ext_io *io, uint64_t offset, const void *data, size_t size)
{
	struct ext_line *line;
	int result;

	if (outside(io, offset, size))
		return EUCLEAN;
	if (!io->write)
		return EROFS;
	io->written = true;
	while (size) {
		uint32_t from = (uint32_t)(offset % EXT_LINE);
		size_t n = size < EXT_LINE - from ? size : EXT_LINE - from;
		uint64_t units = units_of(from, n);

		result = take_line(io, offset - from, &line);
		if (!result && (from % EXT_UNIT || n % EXT_UNIT) && (line->there & units) != units)
			result = fill(io, line);
		if (result)
			return result;
		memcpy(line->data + from, data, n);
		line->there |= units;
		line->dirty |= units;
		data = (const uint8_t *)data + n;
		offset += n;
		size -= n;
	}
	return 0;
}

/* What is kept may go: the next look asks the host. */
static int forget(struct ext_io *io)
{
	int result = ext_io_flush(io);

	for (int i = 0; !result && i < EXT_LINES; i++)
		io->lines[i].taken = false;
	return result;
}

int ext_io_enlarge(struct ext_io *io, uint64_t size)
{
	int result = forget(io); /* the last line ends with the volume */

	if (!result)
		io->size = size;
	return result;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

static int clear_chunk(struct ext_io *io, uint64_t offset, uint8_t *data, uint32_t size, bool write, bool *zero)
{
	if (failed(io, io->read(io->user, offset, data, size)))
		return io->failed;
	if (is_zero(data, size))
		return 0;
	*zero = false;
	if (!write)
		return 0;
	memset(data, 0, size);
	return failed(io, io->write(io->user, offset, data, size));
}

/* Past the lines: this is much, and nobody reads it soon. */
int ext_io_clear(struct ext_io *io, uint64_t offset, uint64_t size, bool write, bool *zero)
{
	uint32_t most = size < NACRE_FS_CHUNK ? (uint32_t)size : NACRE_FS_CHUNK;
	uint8_t *data;
	int result;

	*zero = true;
	if (offset > io->size || size > io->size - offset)
		return EUCLEAN;
	result = forget(io);
	if (result)
		return result;
	data = malloc(most + 1);
	if (!data)
		return ENOMEM;
	while (!result && size && (write || *zero)) {
		uint32_t n = size < most ? (uint32_t)size : most;

		result = clear_chunk(io, offset, data, n, write, zero);
		offset += n;
		size -= n;
	}
	free(data);
	return result;
}

/* Where the content of @block is: in the journal, if it has a newer one. */
static const struct ext_moved *moved_from(const struct ext_io *io, uint64_t block)
{
	size_t low = 0, high = io->moved_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (io->moved[middle].block == block)
			return &io->moved[middle];
		if (io->moved[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Bytes of one block, wherever its content is. */
static int get_moved(struct ext_io *io, uint64_t offset, uint8_t *data, size_t size)
{
	uint32_t within = (uint32_t)(offset % io->moved_block);
	const struct ext_moved *m = moved_from(io, offset / io->moved_block);
	int result;

	if (!m)
		return ext_io_get(io, offset, data, size);
	result = ext_io_get(io, m->from * io->moved_block + within, data, size);
	for (size_t i = 0; !result && m->escaped && i < size && within + i < sizeof(ext_journal_magic); i++)
		data[i] = ext_journal_magic[within + i];
	return result;
}

static int get(struct ext_io *io, uint64_t offset, void *data, size_t size)
{
	uint8_t *to = data;
	int result;

	if (!io->moved_count)
		return ext_io_get(io, offset, data, size);
	while (size) {
		size_t n = io->moved_block - offset % io->moved_block;

		n = n < size ? n : size;
		result = get_moved(io, offset, to, n);
		if (result)
			return result;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static errcode_t manager_open(const char *name, int flags, io_channel *channel)
{
	io_channel c = calloc(1, sizeof(*c));

	(void)flags;
	if (!c || !next_io || !(c->name = strdup(name))) {
		free(c);
		return EXT2_ET_NO_MEMORY;
	}
	c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	c->manager = &ext_manager;
	c->block_size = EXT_UNIT;
	c->refcount = 1;
	c->private_data = next_io;
	*channel = c;
	return 0;
}

static errcode_t manager_close(io_channel c)
{
	int result;

	if (--c->refcount > 0)
		return 0;
	result = ext_io_flush(c->private_data);
	free(c->name);
	free(c);
	return result;
}

static errcode_t manager_block_size(io_channel c, int size)
{
	c->block_size = size;
	return 0;
}

/* A negative count is one of bytes. */
static bool bytes_of(io_channel c, unsigned long long block, int count, uint64_t *offset, size_t *size)
{
	*size = count < 0 ? (size_t)-(long)count : (size_t)count * (size_t)c->block_size;
	return !__builtin_mul_overflow(block, (unsigned long long)c->block_size, offset);
}

static errcode_t manager_read64(io_channel c, unsigned long long block, int count, void *data)
{
	uint64_t offset;
	size_t size;

	if (!bytes_of(c, block, count, &offset, &size))
		return EUCLEAN;
	return get(c->private_data, offset, data, size);
}

static errcode_t manager_write64(io_channel c, unsigned long long block, int count, const void *data)
{
	uint64_t offset;
	size_t size;

	if (!bytes_of(c, block, count, &offset, &size))
		return EUCLEAN;
	return ext_io_put(c->private_data, offset, data, size);
}

static errcode_t manager_read(io_channel c, unsigned long block, int count, void *data)
{
	return manager_read64(c, block, count, data);
}

static errcode_t manager_write(io_channel c, unsigned long block, int count, const void *data)
{
	return manager_write64(c, block, count, data);
}

static errcode_t manager_write_byte(io_channel c, unsigned long offset, int count, const void *data)
{
	return count < 0 ? EINVAL : ext_io_put(c->private_data, offset, data, (size_t)count);
}

static errcode_t manager_flush(io_channel c)
{
	return ext_io_flush(c->private_data);
}

struct struct_io_manager ext_manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "nacre",
	.open = manager_open,
	.close = manager_close,
	.set_blksize = manager_block_size,
	.read_blk = manager_read,
	.write_blk = manager_write,
	.flush = manager_flush,
	.write_byte = manager_write_byte,
	.read_blk64 = manager_read64,
	.write_blk64 = manager_write64,
};
