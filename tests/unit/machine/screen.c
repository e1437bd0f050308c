/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c - what is written on a screen is read from its picture, and odd pictures are refused */
#include "machine/qemu/screen.h"
#include "tap.h"

#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 64 };

static void draw(struct nacre_screen *s, unsigned x, unsigned y, const uint8_t *shape, const uint8_t ink[3],
		 const uint8_t ground[3])
{
	for (unsigned row = 0; row < 16; row++)
		for (unsigned column = 0; column < 8; column++)
			memcpy(s->rgb + ((size_t)(y + row) * s->width + x + column) * 3,
			       shape[row] & 0x80 >> column ? ink : ground, 3);
}

/* @text in a font of ours; what is not covered stays black. */
static void write_text(struct nacre_screen *s, unsigned cell, unsigned row, const char *text, int font,
		       bool inverse)
{
	static const uint8_t grey[3] = {170, 170, 170}, black[3];

	for (unsigned i = 0; text[i]; i++)
		draw(s, i * cell, row * 16, nacre_screen_fonts[font][text[i] - ' '], inverse ? black : grey,
		     inverse ? grey : black);
}

static struct nacre_screen blank(unsigned width, unsigned height)
{
	return (struct nacre_screen){width, height, calloc((size_t)width * height, 3)};
}

static void test_fonts(void)
{
	char all[96], text[512];

	for (int c = '!'; c <= '~'; c++)
		all[c - '!'] = (char)(c == '?' ? '!' : c); /* which also stands for what is no letter */
	all['~' - '!' + 1] = 0;
	for (int font = 0; nacre_screen_fonts[font]; font++) {
		struct nacre_screen s = blank(800, HEIGHT);

		write_text(&s, 8, 1, all, font, false);
		tap_is_number(nacre_screen_text(&s, text, sizeof(text)), strlen(all), "every letter of a font is read");
		tap_is_string(text + 1, all, "and none is taken for another");
		write_text(&s, 8, 3, "debian login: ", font, true);
		nacre_screen_text(&s, text, sizeof(text));
		tap_ok(strstr(text, "\n\ndebian login:"), "so is dark writing on bright ground, in its row");
		nacre_screen_free(&s);
	}
}

static void test_text_mode(void)
{
	struct nacre_screen s = blank(720, 400);
	char text[4096];

	write_text(&s, 9, 0, "SeaBIOS (version 1.16.2)", 0, false);
	write_text(&s, 9, 24, "No bootable device.", 0, false);
	nacre_screen_text(&s, text, sizeof(text));
	tap_ok(strstr(text, "SeaBIOS (version 1.16.2)\n") == text && strstr(text, "\nNo bootable device."),
	       "a text mode has cells of nine pixels");
	nacre_screen_text(&s, text, 10);
	tap_is_string(text, "SeaBIOS", "where there is no room the text is cut");
	nacre_screen_free(&s);
}

static void test_picture(void)
{
	struct nacre_screen s = blank(WIDTH, HEIGHT);
	char text[4096];

	tap_is_number(nacre_screen_text(&s, text, sizeof(text)), 0, "an empty screen has no text");
	for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++)
		s.rgb[i] = (uint8_t)(i * 7919 >> 3);
	tap_ok(nacre_screen_text(&s, text, sizeof(text)) == 0 && !text[0], "neither has a picture");
	nacre_screen_free(&s);
}

static int parse(const char *head, size_t pixels, struct nacre_screen *s)
{
	uint8_t data[4096] = {0};
	size_t n = strlen(head);

	memcpy(data, head, n);
	return nacre_screen_parse(s, data, n + pixels, NULL);
}

static void test_parse(void)
{
	static const struct {
		const char *head;
		size_t pixels;
		const char *what;
	} bad[] = {
		{"", 0, "nothing"}, {"P6", 0, "a head alone"}, {"P5 2 2 255\n", 12, "another kind"},
		{"P6 2 2 255\n", 11, "too few bytes"}, {"P6 2 2 255\n", 13, "too many"},
		{"P6 0 2 255\n", 0, "no width"}, {"P6 9000 2 255\n", 12, "more pixels than a screen has"},
		{"P6 99999999999 2 255\n", 12, "a number that would wrap"}, {"P6 2 2 65535\n", 24, "deeper colours"},
		{"P6 -2 2 255\n", 12, "a sign"}, {"P6 2 2 255x", 12, "no end of the head"},
	};
	struct nacre_screen s;

	tap_ok(!parse("P6\n2 2\n255\n", 12, &s) && s.width == 2 && s.height == 2, "a PPM is read");
	nacre_screen_free(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tap_ok(parse(bad[i].head, bad[i].pixels, &s), "%s is refused", bad[i].what);
		nacre_screen_free(&s);
	}
}

int main(void)
{
	test_fonts();
	test_text_mode();
	test_picture();
	test_parse();
	return tap_done();
}
