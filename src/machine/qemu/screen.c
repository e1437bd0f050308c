/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c - the picture of a machine's screen, and the text in it
 *
 * A guest decides what is on its screen, so the picture is somebody else's bytes. Text is found by
 * the letters' shapes: a cell's commonest colour is its background, the rest is ink, and the letter
 * is the one of the known fonts that differs in the fewest pixels. Fonts of the VGA family
 * differ from each other in a few pixels of a few letters, so that near is good enough.
 */
#include "machine/qemu/screen.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	LETTERS = 95,
	CELL_HEIGHT = 16,
	NEAR = 6,  /* pixels of 128 in which a letter may differ from its font */
};

/* A decimal number of a PPM's head, and the white space before it. */
static bool take_number(const uint8_t **at, const uint8_t *end, uint32_t most, uint32_t *to)
{
	const uint8_t *p = *at;
	uint32_t n = 0;

	while (p < end && (*p == ' ' || *p == '\n'))
		p++;
	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (n > most)
			return false;
	}
	*at = p;
	*to = n;
	return n > 0;
}

int nacre_screen_parse(struct nacre_screen *s, const uint8_t *data, size_t size, struct nacre_error *e)
{
	const uint8_t *at = data + 2, *end = data + size;
	uint32_t depth = 0;
	size_t want;

	memset(s, 0, sizeof(*s));
	if (size < 3 || memcmp(data, "P6", 2) || !take_number(&at, end, NACRE_SCREEN_SIDE, &s->width) ||
	    !take_number(&at, end, NACRE_SCREEN_SIDE, &s->height) || !take_number(&at, end, 255, &depth) ||
	    depth != 255 || at == end || *at++ != '\n')
		return nacre_error_set(e, NACRE_E_INPUT, 0, "screen", "QEMU's picture of it is not a PPM");
	want = (size_t)s->width * s->height * 3;
	if ((size_t)(end - at) != want)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "screen", "QEMU's picture of it has another size");
	s->rgb = malloc(want);
	if (!s->rgb)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "screen", "no memory for a picture");
	memcpy(s->rgb, at, want);
	return 0;
}

void nacre_screen_free(struct nacre_screen *s)
{
	free(s->rgb);
	s->rgb = NULL;
}

int nacre_screen_png(const struct nacre_screen *s, const char *path, struct nacre_error *e)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = s->width, .height = s->height,
			   .format = PNG_FORMAT_RGB};
	FILE *to;
	int sys;

	if (unlink(path) && errno != ENOENT)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be replaced");
	to = fopen(path, "wxe");
	if (!to)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be made");
	if (!png_image_write_to_stdio(&image, to, 0, s->rgb, 0, NULL)) {
		fclose(to);
		unlink(path);
		return nacre_error_set(e, NACRE_E_SYSTEM, 0, path, "cannot be written: %s", image.message);
	}
	sys = fclose(to) ? errno : 0;
	return sys ? nacre_error_set(e, NACRE_E_SYSTEM, sys, path, "cannot be written") : 0;
}

static uint32_t pixel(const struct nacre_screen *s, uint32_t x, uint32_t y)
{
	const uint8_t *p = s->rgb + ((size_t)y * s->width + x) * 3;

	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* The ink of the cell at @x, @y. False: it has more than two colours, so it is no letter. */
static bool read_cell(const struct nacre_screen *s, uint32_t x, uint32_t y, uint8_t ink[CELL_HEIGHT])
{
	uint32_t ground = pixel(s, x, y), other = ground;
	unsigned inked = 0;

	for (uint32_t row = 0; row < CELL_HEIGHT; row++) {
		ink[row] = 0;
		for (uint32_t column = 0; column < 8; column++) {
			uint32_t colour = pixel(s, x + column, y + row);

			if (colour == ground)
				continue;
			if (other != ground && colour != other)
				return false;
			other = colour;
			ink[row] |= (uint8_t)(0x80 >> column);
			inked++;
		}
	}
	for (int row = 0; inked > 64 && row < CELL_HEIGHT; row++) /* the corner was ink */
		ink[row] = (uint8_t)~ink[row];
	return true;
}

static unsigned difference(const uint8_t *a, const uint8_t *b)
{
	uint64_t left[2], right[2];

	memcpy(left, a, CELL_HEIGHT);
	memcpy(right, b, CELL_HEIGHT);
	return (unsigned)(__builtin_popcountll(left[0] ^ right[0]) + __builtin_popcountll(left[1] ^ right[1]));
}

/* Is @ink nearer to @letter's shape than @best? */
static void compare(const uint8_t *ink, const uint8_t *shape, char letter, unsigned *best, char *found)
{
	unsigned n = difference(ink, shape);

	if (n < *best) {
		*best = n;
		*found = letter;
	}
}

/* The letter, ' ' for an empty cell, '?' for what is none. */
static char name_cell(const uint8_t ink[CELL_HEIGHT])
{
	static const uint8_t empty[CELL_HEIGHT];
	unsigned best = NEAR + 1;
	char found = '?';

	if (!memcmp(ink, empty, CELL_HEIGHT))
		return ' ';
	for (int font = 0; nacre_screen_fonts[font]; font++)
		for (int i = 1; i < LETTERS && best; i++)
			compare(ink, nacre_screen_fonts[font][i], (char)(' ' + i), &best, &found);
	for (const struct nacre_screen_letter *v = nacre_screen_variants; v->letter && best; v++)
		compare(ink, v->ink, v->letter, &best, &found);
	return found;
}

/* All rows in cells of @width pixels. Return: letters that were read, less what was no letter. */
static long read_grid(const struct nacre_screen *s, uint32_t width, char *text, size_t size, size_t *letters)
{
	size_t used = 0, unknown = 0;

	*letters = 0;
	for (uint32_t y = 0; y + CELL_HEIGHT <= s->height; y += CELL_HEIGHT) {
		size_t end = used;

		for (uint32_t x = 0; x + width <= s->width && used + 2 < size; x += width) {
			uint8_t ink[CELL_HEIGHT];
			char c = read_cell(s, x, y, ink) ? name_cell(ink) : '?';

			text[used++] = c;
			if (c != ' ')
				end = used;
			*letters += c != ' ' && c != '?';
			unknown += c == '?';
		}
		used = end;
		if (used + 1 < size)
			text[used++] = '\n';
	}
	while (used && text[used - 1] == '\n')
		used--;
	text[used] = 0;
	return (long)*letters - (long)unknown;
}

size_t nacre_screen_text(const struct nacre_screen *s, char *text, size_t size)
{
	/* A text mode of 80 columns is 720 pixels wide, which is no usual width for anything else. */
	uint32_t width = s->width == 720 && s->height % CELL_HEIGHT == 0 ? 9 : 8;
	size_t letters = 0;

	text[0] = 0;
	if (!s->rgb || read_grid(s, width, text, size, &letters) <= 0) {
		text[0] = 0;
		return 0;
	}
	return letters;
}
