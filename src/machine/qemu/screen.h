/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.h - a machine's screen: the picture that QEMU dumps, and the text in it */
#ifndef NACRE_MACHINE_QEMU_SCREEN_H
#define NACRE_MACHINE_QEMU_SCREEN_H

#include <nacre/error.h>

#include <stddef.h>
#include <stdint.h>

enum { NACRE_SCREEN_SIDE = 8192, NACRE_SCREEN_TEXT = 65536 };

/** struct nacre_screen - @rgb: three bytes per pixel, line after line; freed by nacre_screen_free() */
struct nacre_screen {
	uint32_t width, height;
	uint8_t *rgb;
};

/** nacre_screen_parse() - a binary PPM (P6, depth 255) of at most 8192x8192 pixels; all of @data is it */
int nacre_screen_parse(struct nacre_screen *s, const uint8_t *data, size_t size, struct nacre_error *e);
void nacre_screen_free(struct nacre_screen *s);
/** nacre_screen_png() - write it to @path, which is replaced */
int nacre_screen_png(const struct nacre_screen *s, const char *path, struct nacre_error *e);
/**
 * nacre_screen_text() - what is written on it, one line per row of letters, without spaces at the ends
 * @text: ends with a 0; cut where it does not fit. What looks like no letter is '?'
 *
 * Reads the text mode of a graphics card (cells of 9x16 or 8x16) and the console of a frame buffer (8x16),
 * in the fonts of font.c and what differs little from them.
 *
 * Return: how many letters were read; 0: an empty screen, a picture, or a font that is not known
 */
size_t nacre_screen_text(const struct nacre_screen *s, char *text, size_t size);

/** Printable ASCII from the space on, 95 letters each of 16 lines; NULL-ended */
extern const uint8_t (*const nacre_screen_fonts[])[16];
/** struct nacre_screen_letter - one letter in another shape; a letter of 0 ends the list */
struct nacre_screen_letter {
	char letter;
	uint8_t ink[16];
};
extern const struct nacre_screen_letter nacre_screen_variants[];

#endif
