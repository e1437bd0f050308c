/* SPDX-License-Identifier: BSD-2-Clause */
/* short.c - names of eight and three characters, in code page 437 */
#include "fat.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const uint16_t page437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
	0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2,
	0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1,
	0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd,
	0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562,
	0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534,
	0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
	0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393,
	0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6,
	0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0,
	0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};

static size_t part(const uint8_t *from, size_t length, bool small, uint8_t *units)
{
	while (length && from[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++) {
		uint16_t c = from[i] < 0x80 ? from[i] : page437[from[i] - 0x80];

		if (c < 0x20 || c == '/')
			c = '_';
		c = small ? fs_fold(c) : c;
		units[2 * i] = (uint8_t)c;
		units[2 * i + 1] = (uint8_t)(c >> 8);
	}
	return length;
}

void fat_short_text(const uint8_t *name, uint8_t nt, char *text, size_t capacity)
{
	uint8_t units[24] = {0}, base[8];
	size_t n, m;

	memcpy(base, name, sizeof(base));
	if (base[0] == 0x05)
		base[0] = 0xe5; /* which is a free slot's mark */
	n = part(base, 8, nt & 8, units);
	m = part(name + 8, 3, nt & 16, units + 2 * n + 2);
	if (m)
		units[2 * n] = '.';
	if (!fs_utf16_to_8(units, m ? n + 1 + m : n, text, capacity))
		snprintf(text, capacity, "_");
}

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("$%'-_@~`!(){}^#&", c));
}

bool fat_short_whole(const char *name, uint8_t *short_name)
{
	const char *dot = strchr(name, '.');
	size_t base = dot ? (size_t)(dot - name) : strlen(name), ext = dot ? strlen(dot + 1) : 0;

	if (!base || base > 8 || ext > 3 || (dot && !ext))
		return false;
	memset(short_name, ' ', 11);
	memcpy(short_name, name, base);
	if (dot)
		memcpy(short_name + 8, dot + 1, ext);
	for (size_t i = 0; i < base; i++)
		if (!is_plain(name[i]))
			return false;
	for (size_t i = 0; i < ext; i++)
		if (!is_plain(dot[1 + i]))
			return false;
	return true;
}

/* What of @from, @length bytes, may stand in a short name; the rest becomes '_', or is left out. */
static size_t squeeze(const char *from, size_t length, uint8_t *to, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < most; i++) {
		char c = (char)toupper((unsigned char)from[i]);

		if (c == ' ' || c == '.' || (c & 0xc0) == 0x80)
			continue;
		to[n++] = (uint8_t)(is_plain(c) ? c : '_');
	}
	return n;
}

void fat_short_make(const char *name, uint32_t number, uint8_t *short_name)
{
	const char *dot = strrchr(name, '.');
	size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name), n;
	uint32_t hash = 5381;
	uint8_t base[8];
	char tail[16];

	memset(short_name, ' ', 11);
	if (dot && dot != name)
		squeeze(dot + 1, strlen(dot + 1), short_name + 8, 3);
	n = squeeze(name, length, base, 8);
	/* After a few tries four digits of a hash stand before the number, as thousands may begin
	 * alike. */
	for (const char *p = name; *p; p++)
		hash = hash * 33 + (uint8_t)*p;
	if (number > 4) {
		n = n > 2 ? 2 : n;
		snprintf(tail, sizeof(tail), "%04X~%u", (hash + number / 9) & 0xffff,
			 number % 9 + 1);
	} else {
		snprintf(tail, sizeof(tail), "~%u", number);
	}
	if (n + strlen(tail) > 8)
		n = 8 - strlen(tail);
	memcpy(short_name, base, n);
	memcpy(short_name + n, tail, strlen(tail));
}
