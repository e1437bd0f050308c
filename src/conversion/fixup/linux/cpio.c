/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio.c - "newc" archives as the kernel unpacks them, and where an initramfs ends */
#include "conversion/fixup/linux/cpio.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	HEADER = 110,
	MEMBERS_MOST = 4096,      /* an early archive has a handful; the main one is not walked to its end */
	LZ4_BLOCK = 8 << 20,      /* what the kernel gives a block of the legacy frame */
	LZ4_MAGIC = 0x184c2102,
};

static void pad(struct nacre_text *out)
{
	nacre_text_zeroes(out, -out->size & 3);
}

void nacre_cpio_add(struct nacre_text *out, const char *name, uint32_t mode, const void *data, size_t size)
{
	/* the inode number only tells hard links apart: any that is unique will do */
	nacre_text_printf(out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x",
			  (unsigned)out->size + 1, mode, 0, 0, S_ISDIR(mode) ? 2 : 1, 0, (unsigned)size, 0, 0, 0, 0,
			  strlen(name) + 1, 0);
	nacre_text_add(out, name, strlen(name) + 1);
	pad(out);
	nacre_text_add(out, data, size);
	pad(out);
}

void nacre_cpio_end(struct nacre_text *out)
{
	nacre_cpio_add(out, "TRAILER!!!", 0, "", 0);
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool hex8(const uint8_t *p, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		uint8_t c = p[i] | 32;

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (c - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* Over an uncompressed archive. Return: 1 *at is behind its trailer, 0 it is too long to walk, -1 it is none. */
static int skip_cpio(nacre_initramfs_reader read, void *arg, uint64_t size, uint64_t *at)
{
	uint8_t head[HEADER + 12];
	size_t got;

	for (int i = 0; i < MEMBERS_MOST; i++) {
		uint32_t name_size, data_size;
		uint64_t next;

		if (read(arg, *at, head, sizeof(head), &got) < 0 || got < HEADER ||
		    (memcmp(head, "070701", 6) && memcmp(head, "070702", 6)) || !hex8(head + 54, &data_size) ||
		    !hex8(head + 94, &name_size))
			return -1;
		next = *at + ((HEADER + (uint64_t)name_size + 3) & ~3ull) + (((uint64_t)data_size + 3) & ~3ull);
		if (next > size + 3)
			return -1;
		*at = next;
		if (name_size == 11 && got >= HEADER + 11 && !memcmp(head + HEADER, "TRAILER!!!", 11))
			return 1;
	}
	return 0;
}

static int skip_zeroes(nacre_initramfs_reader read, void *arg, uint64_t *at)
{
	uint8_t block[4096];
	size_t got;

	for (;;) {
		if (read(arg, *at, block, sizeof(block), &got) < 0)
			return -1;
		for (size_t i = 0; i < got; i++, (*at)++)
			if (block[i])
				return 0;
		if (got < sizeof(block))
			return 0;
	}
}

/* Does the LZ4 stream at @at reach to the very end? Blocks are at most 8 MiB: a few steps. */
static bool lz4_to_the_end(nacre_initramfs_reader read, void *arg, uint64_t size, uint64_t at)
{
	uint8_t word[4];
	size_t got;

	while (size - at >= 4) {
		if (read(arg, at, word, 4, &got) < 0 || got < 4)
			return false;
		if (le32(word) == LZ4_MAGIC) {
			at += 4;
			continue;
		}
		if (!le32(word) || le32(word) > size - at - 4)
			return false;
		at += 4 + (uint64_t)le32(word);
	}
	return at == size;
}

int nacre_initramfs_look(nacre_initramfs_reader read, void *arg, uint64_t size, struct nacre_initramfs_end *end)
{
	uint8_t magic[6];
	uint64_t at = 0;
	size_t got;

	*end = (struct nacre_initramfs_end){0};
	for (int archives = 0; archives < 16; archives++) {
		int result;

		if (skip_zeroes(read, arg, &at) < 0)
			return -1;
		if (at >= size)
			return archives ? 0 : -1;
		if (read(arg, at, magic, sizeof(magic), &got) < 0 || got < sizeof(magic))
			return -1;
		if (memcmp(magic, "07070", 5)) {
			/* compressed: gzip, xz, zstd... end where they end, LZ4 takes all that follows for its own */
			end->lz4 = le32(magic) == LZ4_MAGIC && lz4_to_the_end(read, arg, size, at);
			return 0;
		}
		result = skip_cpio(read, arg, size, &at);
		if (result <= 0)
			return result;
	}
	return 0;
}

/* LZ4's block format: a token, the rest of the count of literals in bytes of 255, and the literals. */
void nacre_lz4_store(struct nacre_text *out, const void *data, size_t size)
{
	static const uint8_t magic[4] = {0x02, 0x21, 0x4c, 0x18};
	const char *at = data;

	nacre_text_add(out, magic, 4);
	while (size) {
		/* the block with its counts has to fit into the kernel's bound as well */
		size_t n = size < LZ4_BLOCK - LZ4_BLOCK / 128 ? size : LZ4_BLOCK - LZ4_BLOCK / 128;
		size_t counts = n < 15 ? 0 : (n - 15) / 255 + 1, length = 1 + counts + n;
		uint8_t word[4] = {length, length >> 8, length >> 16, length >> 24};
		uint8_t token = n < 15 ? n << 4 : 0xf0;

		nacre_text_add(out, word, 4);
		nacre_text_add(out, &token, 1);
		for (size_t i = 0; i < counts; i++)
			nacre_text_add(out, i + 1 < counts ? "\xff" : (char[]){(n - 15) % 255}, 1);
		nacre_text_add(out, at, n);
		at += n;
		size -= n;
	}
}
