/* SPDX-License-Identifier: BSD-2-Clause */
/* whole.c - whole buffers and checksums, of no byte to several MiB */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void one_size(size_t size, int level)
{
	uint8_t *plain = room(size), *packed, *again = room(size);
	uLongf packed_size = compressBound(size), again_size = size;
	int result;

	fill(plain, size, (uint32_t)size);
	packed = room(packed_size);
	result = compress2(packed, &packed_size, plain, size, level);
	printf("%zu bytes, level %d: %d, %lu bytes, %lx\n", size, level, result, packed_size,
	       digest(packed, packed_size));
	result = uncompress(again, &again_size, packed, packed_size);
	printf("and back: %d, %lu bytes, %s\n", result, again_size,
	       memcmp(plain, again, size) ? "others" : "the same");
	printf("sums %lx %lx %lx %lx\n", crc32(7, plain, (uInt)size), adler32(7, plain, (uInt)size),
	       crc32_z(0, plain, size), adler32_z(1, plain, size));
	free(plain);
	free(packed);
	free(again);
}

/* A buffer that is too small, cut off or damaged: what came out before counts too. */
static void damaged(void)
{
	enum { SIZE = 300000 };
	uint8_t *plain = room(SIZE), *packed = room(SIZE + 1000), *again = room(SIZE);
	uLongf size = SIZE + 1000, used;
	uLong taken;

	fill(plain, SIZE, 5);
	printf("pack: %d\n", compress(packed, &size, plain, SIZE));
	for (uLongf small = 0; small < SIZE; small = small * 3 + 1) {
		used = small;
		printf("room for %lu: %d", small, uncompress(again, &used, packed, size));
		printf(", %lu used, %lx\n", used, digest(again, SIZE));
		used = small;
		printf("room for %lu packed: %d", small, compress(again, &used, plain, SIZE));
		printf(", %lu used, %lx\n", used, digest(again, SIZE));
	}
	used = SIZE;
	printf("cut off: %d", uncompress(again, &used, packed, size - 9));
	printf(", %lu used, %lx\n", used, digest(again, SIZE));
	taken = size + 500;
	used = SIZE;
	printf("with more behind: %d", uncompress2(again, &used, packed, &taken));
	printf(", %lu taken, %lu used\n", taken, used);
	for (uLongf at = 0; at < size; at = at * 5 + 1) {
		packed[at] ^= 0x55;
		memset(again, 0, SIZE);
		used = SIZE;
		printf("wrong at %lu: %d", at, uncompress(again, &used, packed, size));
		printf(", %lu used, %lx\n", used, digest(again, SIZE));
		packed[at] ^= 0x55;
	}
	free(plain);
	free(packed);
	free(again);
}

static void nothing(void)
{
	uint8_t small[64] = {0};
	uLongf none = 0, some = sizeof(small);

	printf("sums of nothing: %lx %lx %lx %lx\n", crc32(0, NULL, 0), crc32(5, NULL, 0),
	       adler32(0, NULL, 0), adler32(5, NULL, 0));
	printf("compress nothing: %d", compress(small, &some, NULL, 0));
	printf(", %lu, %lx\n", some, digest(small, sizeof(small)));
	printf("uncompress it into nothing: %d", uncompress(NULL, &none, small, some));
	printf(", %lu\n", none);
	printf("uncompress nothing: %d\n", uncompress(small, &some, NULL, 0));
	some = 0;
	printf("compress into nothing: %d\n", compress(NULL, &some, small, sizeof(small)));
	some = sizeof(small);
	printf("level 42: %d, %lu\n", compress2(small, &some, small, 8, 42), some);
}

static void sums(void)
{
	uint8_t data[1000];
	uLong op = crc32_combine_gen(600);

	fill(data, sizeof(data), 3);
	printf("combined: %lx %lx %lx\n",
	       crc32_combine(crc32(0, data, 400), crc32(0, data + 400, 600), 600),
	       crc32_combine_op(crc32(0, data, 400), crc32(0, data + 400, 600), op),
	       adler32_combine(adler32(1, data, 400), adler32(1, data + 400, 600), 600));
	printf("as one: %lx %lx\n", crc32(0, data, 1000), adler32(1, data, 1000));
}

void show_whole(void)
{
	static const size_t sizes[] = {0,     1,     39,    40,	     41,       4095,   4096,
				       65535, 65536, 65537, 1 << 20, 5 << 20, 9000001};

	printf("%s, flags %lx\n", zlibVersion(), zlibCompileFlags());
	for (int i = -6; i <= 2; i++)
		printf("error %d: %s\n", i, zError(i));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (int level = -1; level <= 9; level += sizes[i] > 1 << 20 ? 5 : 1)
			one_size(sizes[i], level);
	damaged();
	nothing();
	sums();
}
