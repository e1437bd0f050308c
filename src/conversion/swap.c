/* SPDX-License-Identifier: BSD-2-Clause */
/* swap.c - the header of an empty swap area; see swap.h */
#include "conversion/swap.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 4096, VERSION_AT = 1024, LAST_AT = 1028, UUID_AT = 1036, LABEL_AT = 1052, LABEL = 16 };

static bool parse_uuid(const char *text, uint8_t *uuid)
{
	unsigned byte;
	int n = 0;

	while (*text && n < 16) {
		if (*text == '-') {
			text++;
			continue;
		}
		if (sscanf(text, "%2x", &byte) != 1 || !text[1])
			return false;
		uuid[n++] = (uint8_t)byte;
		text += 2;
	}
	return n == 16 && !*text;
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, 4);
}

int nacre_swap_make(struct nacre_image *image, const struct nacre_place *place,
		    struct nacre_error *e)
{
	const struct nacre_partition *p = &place->partition;
	uint64_t pages = p->length / PAGE;
	uint8_t page[PAGE] = {0};

	if (pages < 10 || pages - 1 > UINT32_MAX)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "swap", "%llu pages of 4 KiB cannot be a swap area",
				       (unsigned long long)pages);
	put32(page + VERSION_AT, 1);
	put32(page + LAST_AT, (uint32_t)(pages - 1));
	if (place->info.uuid[0] && !parse_uuid(place->info.uuid, page + UUID_AT))
		return nacre_error_set(e, NACRE_E_INPUT, 0, "swap", "its UUID is none: %.40s",
				       place->info.uuid);
	memcpy(page + LABEL_AT, place->info.label, strnlen(place->info.label, LABEL));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	return nacre_image_write(image, p->start, page, sizeof(page), e);
}
