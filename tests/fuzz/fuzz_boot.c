/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_boot.c - what a guest, or a QEMU that it has taken over, can send: serial bytes, screens, QMP messages */
#include "input.h"
#include "machine/qemu/qmp.h"
#include "machine/qemu/screen.h"
#include "machine/qemu/watch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct nacre_watch *w)
{
	if (!memchr(w->why, 0, sizeof(w->why)) || !memchr(w->tail, 0, sizeof(w->tail)) ||
	    !memchr(w->root_device, 0, sizeof(w->root_device)) ||
	    !memchr(w->failed_units, 0, sizeof(w->failed_units)) || w->line_used >= sizeof(w->line) ||
	    (w->up && w->failed) || (w->failed && !w->why[0]))
		abort();
}

static void serial(struct input *in)
{
	struct nacre_watch w = {0};

	while (in->at < in->end) {
		size_t n = input_byte(in) + 1u;
		const uint8_t *bytes = input_bytes(in, &n);

		if (n == 256)
			nacre_watch_restart(&w);
		nacre_watch_serial(&w, (const char *)bytes, n);
		check(&w);
	}
}

static void screen(struct input *in)
{
	static char text[NACRE_SCREEN_TEXT];
	struct nacre_watch w = {0};
	struct nacre_screen s;
	size_t room = 16 + (size_t)input_byte(in) * 255;

	if (!nacre_screen_parse(&s, in->at, (size_t)(in->end - in->at), NULL)) {
		if (nacre_screen_text(&s, text, room) > room || strlen(text) >= room)
			abort();
		nacre_watch_screen(&w, text);
		check(&w);
	}
	nacre_screen_free(&s);
	memcpy(text, in->at, (size_t)(in->end - in->at) < sizeof(text) ? (size_t)(in->end - in->at) : sizeof(text) - 1);
	text[(size_t)(in->end - in->at) < sizeof(text) ? (size_t)(in->end - in->at) : sizeof(text) - 1] = 0;
	nacre_watch_screen(&w, text);
	check(&w);
}

static void control(struct input *in)
{
	struct nacre_qmp q = {.fd = -1, .id = input_byte(in)};
	int failed = 0;

	while (in->at < in->end && !failed) {
		size_t n = input_byte(in) + 1u;
		const uint8_t *bytes = input_bytes(in, &n);

		failed = nacre_qmp_feed(&q, (const char *)bytes, n, NULL);
	}
	nacre_qmp_close(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};

	switch (input_byte(&in) % 3) {
	case 0: serial(&in); break;
	case 1: screen(&in); break;
	case 2: control(&in); break;
	}
	return 0;
}
