/* SPDX-License-Identifier: BSD-2-Clause */
/* boot_record.c - whose code is in the first sector
 *
 * Recognised by the words that the code prints, which stay the same over versions, and by its first
 * instructions where words are translated (Windows). Sources: boot.S of GRUB 2, stage1.S of GRUB
 * 0.97, the MBR code of syslinux 6, first.S of LILO 24, and the sectors that Windows 2000 to 11 write.
 */
#include "disk/table_parts.h"

#include <string.h>

enum { CODE_SIZE = 440 };

/* Are the words in the first @size bytes? */
static bool within(const uint8_t *sector, size_t size, const char *words)
{
	size_t n = strlen(words);

	for (size_t at = 0; at + n <= size; at++)
		if (!memcmp(sector + at, words, n))
			return true;
	return false;
}

static bool has(const uint8_t *sector, const char *words)
{
	return within(sector, MBR_SIZE - 2, words);
}

static bool starts(const uint8_t *sector, const char *code, size_t size)
{
	return !memcmp(sector, code, size);
}

enum nacre_boot_record nacre_boot_record_find(const uint8_t *sector)
{
	bool code = false;

	for (int i = 0; i < CODE_SIZE; i++)
		code |= sector[i] != 0;
	if (!code)
		return NACRE_BOOT_NONE;
	/* Stage 1 of both GRUBs says "GRUB Geom Hard Disk Read Error"; the jump over its data differs. */
	if (has(sector, "GRUB ") && has(sector, "Geom") && has(sector, "Hard Disk"))
		return starts(sector, "\xeb\x48", 2) ? NACRE_BOOT_GRUB_LEGACY : NACRE_BOOT_GRUB;
	if (within(sector, 16, "LILO"))
		return NACRE_BOOT_LILO;
	if (has(sector, "Operating system load error") || has(sector, "isolinux.bin missing") ||
	    has(sector, "SYSLINUX"))
		return NACRE_BOOT_SYSLINUX;
	if (has(sector, "Error loading operating system") ||
	    starts(sector, "\x33\xc0\x8e\xd0\xbc\x00\x7c", 7))
		return NACRE_BOOT_WINDOWS;
	return NACRE_BOOT_UNKNOWN;
}

const char *nacre_boot_record_name(enum nacre_boot_record boot)
{
	switch (boot) {
	case NACRE_BOOT_NONE:
		return "none";
	case NACRE_BOOT_GRUB:
		return "grub";
	case NACRE_BOOT_GRUB_LEGACY:
		return "grub-legacy";
	case NACRE_BOOT_WINDOWS:
		return "windows";
	case NACRE_BOOT_SYSLINUX:
		return "syslinux";
	case NACRE_BOOT_LILO:
		return "lilo";
	case NACRE_BOOT_UNKNOWN:
		break;
	}
	return "unknown";
}
