/* SPDX-License-Identifier: BSD-2-Clause */
/* kind.c - which driver a volume asks for, by its magic numbers
 *
 * Sources: the kernel's headers of each file system (ext4.h, xfs_format.h, btrfs_tree.h, swap.h);
 * Microsoft, FAT32 File System Specification 1.03, for what makes a boot sector a FAT's. A number alone
 * is little: what stands beside it has to be possible as well, so that remains of an older file system
 * are not taken for a new one.
 */
#include "fs/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 65536 + 4096 };

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool is_ext(const uint8_t *head)
{
	const uint8_t *super = head + 1024;

	return get16(super + 0x38) == 0xef53 && get32(super + 0x18) <= 6 && get32(super + 0x20) &&
	       get32(super + 0x28) && get32(super + 0x4c) <= 1;
}

static bool is_xfs(const uint8_t *head)
{
	return !memcmp(head, "XFSB", 4);
}

static bool is_btrfs(const uint8_t *head)
{
	return !memcmp(head + 0x10040, "_BHRfS_M", 8);
}

static bool is_ntfs(const uint8_t *head)
{
	return !memcmp(head + 3, "NTFS    ", 8);
}

/* mkswap writes the mark at the end of its machine's page; a memory image has another in its place. */
static bool is_swap(const uint8_t *head)
{
	static const char *const marks[] = {"SWAPSPACE2", "S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001"};

	for (uint32_t page = 4096; page <= 65536; page *= 2)
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
			if (!memcmp(head + page - 10, marks[i], strlen(marks[i])))
				return true;
	return false;
}

static bool is_fat(const uint8_t *head)
{
	uint32_t sector = get16(head + 11);

	if ((head[0] != 0xeb && head[0] != 0xe9) || get16(head + 510) != 0xaa55)
		return false;
	if (sector < 512 || sector > 4096 || !power_of_two(sector) || !power_of_two(head[13]))
		return false;
	return get16(head + 14) && head[16] && head[16] <= 2 && (head[21] == 0xf0 || head[21] >= 0xf8);
}

static const struct {
	const char *type;
	bool (*is)(const uint8_t *head);
} kinds[] = {{"xfs", is_xfs},   {"ext", is_ext},   {"btrfs", is_btrfs},
	     {"ntfs", is_ntfs}, {"swap", is_swap}, {"fat", is_fat}};

const char *nacre_volume_type(struct nacre_image *image, uint64_t start, uint64_t length,
			      struct nacre_error *e)
{
	size_t size = length < HEAD ? (size_t)length : HEAD;
	uint8_t *head = calloc(1, HEAD);
	const char *type = NULL;

	if (!head) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, image->path, "cannot look at a volume");
		return NULL;
	}
	if (nacre_image_read(image, start, head, size, e) == 0) {
		for (size_t i = 0; !type && i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (kinds[i].is(head))
				type = kinds[i].type;
		if (!type)
			nacre_error_set(e, NACRE_E_SUPPORT, 0, image->path,
					"no known file system at byte %llu", (unsigned long long)start);
	}
	free(head);
	return type;
}
