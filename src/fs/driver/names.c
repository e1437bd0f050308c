/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c - paths, names in UTF-16, UUIDs */
#include "driver.h"
#include "bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int fs_walk_next(struct fs_walk *w, int *error)
{
	size_t length;

	do {
		w->rest += strspn(w->rest, "/");
		length = strcspn(w->rest, "/");
		if (!length)
			return 0;
		if (length >= sizeof(w->name)) {
			*error = ENAMETOOLONG;
			return -1;
		}
		memcpy(w->name, w->rest, length);
		w->name[length] = 0;
		w->rest += length;
	} while (!strcmp(w->name, "."));
	if (!strcmp(w->name, "..")) {
		*error = EINVAL;
		return -1;
	}
	return 1;
}

static size_t encode(uint32_t c, char *bytes)
{
	if (c < 0x80) {
		bytes[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | c >> 18);
	bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool fs_utf16_to_8(const uint8_t *units, size_t count, char *text, size_t capacity)
{
	size_t done = 0, n;
	char bytes[4];

	for (size_t i = 0; i < count; i++) {
		uint32_t c = le16(units + 2 * i),
			 next = i + 1 < count ? le16(units + 2 * i + 2) : 0;

		if ((c & 0xfc00) == 0xd800 && (next & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (next & 0x3ff);
			i++;
		}
		n = encode(c, bytes);
		if (!c || c == '/' || n >= capacity - done)
			return false;
		memcpy(text + done, bytes, n);
		done += n;
	}
	text[done] = 0;
	return done > 0;
}

/* One character of UTF-8 at *@p, which moves on. Return: -1: none */
static int32_t decode(const uint8_t **p)
{
	const uint8_t *at = *p;
	int more = at[0] < 0x80	  ? 0
		   : at[0] < 0xc2 ? -1
		   : at[0] < 0xe0 ? 1
		   : at[0] < 0xf0 ? 2
		   : at[0] < 0xf5 ? 3
				  : -1;
	int32_t c = more > 0 ? at[0] & (0x3f >> more) : at[0];

	if (more < 0)
		return -1;
	for (int i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (at[i] & 0x3f);
	}
	if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10ffff)))
		return -1;
	*p += more + 1;
	return c;
}

int fs_utf8_to_16(const char *text, uint16_t *units, size_t capacity)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t count = 0;

	while (*p) {
		int32_t c = decode(&p);

		if (c < 0 || capacity - count < (c < 0x10000 ? 1U : 2U))
			return -1;
		if (c < 0x10000) {
			units[count++] = (uint16_t)c;
		} else {
			units[count++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
			units[count++] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	return (int)count;
}

uint16_t fs_fold(uint16_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return (uint16_t)(c + 32);
	if (c >= 0x400 && c <= 0x40f)
		return (uint16_t)(c + 80);
	/* Latin Extended-A: pairs, whose capital is even but for two stretches; U+0130, U+0138
	 * stand alone */
	if ((c >= 0x100 && c <= 0x137 && c != 0x130 && !(c & 1)) ||
	    (c >= 0x14a && c <= 0x177 && !(c & 1)) || (c >= 0x139 && c <= 0x148 && c & 1) ||
	    c == 0x179 || c == 0x17b || c == 0x17d)
		return (uint16_t)(c + 1);
	return c;
}

bool fs_same_name(const char *a, const char *b)
{
	uint16_t x[NACRE_FS_NAME], y[NACRE_FS_NAME];
	int n = fs_utf8_to_16(a, x, NACRE_FS_NAME);

	if (n < 0 || n != fs_utf8_to_16(b, y, NACRE_FS_NAME))
		return !strcmp(a, b);
	for (int i = 0; i < n; i++)
		if (fs_fold(x[i]) != fs_fold(y[i]))
			return false;
	return true;
}

void fs_uuid(const uint8_t *bytes, char *text)
{
	static const uint8_t none[16];

	text[0] = 0;
	if (!memcmp(bytes, none, sizeof(none)))
		return;
	for (size_t i = 0; i < 16; i++)
		text += sprintf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
				bytes[i]);
}
