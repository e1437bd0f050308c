/* SPDX-License-Identifier: BSD-2-Clause */
/* lane.c - stands for the thread, the pace and the crash notes of a stub in its fuzz targets
 *
 * lane.c, downcall.c and pool.c of the stub are included: the calling thread has to become a lane, the
 * table of callbacks is emptied for each input, and memory is bounded, as it is by a sandbox.
 */
#include "lane.h"

#include <dlfcn.h>
#include <stdlib.h>

enum { MEMORY_MAX = 4 << 20 };

static size_t memory_used;

static void *bounded_calloc(size_t n, size_t size)
{
	if (size && n > (MEMORY_MAX - memory_used) / size)
		return NULL;
	memory_used += n * size;
	return calloc(n, size);
}

#define nacre_map_receive exact_receive
#include "extension/stub/lane.c"
#include "extension/stub/downcall.c"
#undef nacre_map_receive
#define calloc bounded_calloc
#include "extension/stub/pool.c"
#undef calloc

struct input lane_input;

/* The host speaks: an answer to a callback, a call inside it, or nonsense. */
void nacre_pace_wait(struct nacre_lane *lane)
{
	static const uint16_t kinds[] = {NACRE_KIND_CALLBACK_RETURN, NACRE_KIND_CALL,
					 NACRE_KIND_CALLBACK_FAILED, NACRE_KIND_BYE};
	uint8_t say = lane_input.at < lane_input.end ? input_byte(&lane_input) : 2;

	exact_say(&lane->map, &lane_input, kinds[say & 3], input_byte(&lane_input), 0);
}

void nacre_pace_begin(struct nacre_lane *lane)
{
	(void)lane;
}

void nacre_pace_end(struct nacre_lane *lane)
{
	(void)lane;
}

void nacre_pace_note(struct nacre_lane *lane)
{
	(void)lane;
}

void nacre_pace_init(struct nacre_pace *pace, enum nacre_profile profile)
{
	(void)pace;
	(void)profile;
}

int nacre_crash_stack(void)
{
	return 0;
}

bool nacre_crash_lane(struct nacre_lane *lane)
{
	return lane != NULL;
}

void nacre_crash_forget(struct nacre_lane *lane)
{
	(void)lane;
}

void lane_read(const void *data, size_t size)
{
	const volatile uint8_t *bytes = data;

	for (size_t i = 0; data && i < size; i++)
		(void)bytes[i];
}

static void prepare(struct nacre_lane *lane, const struct nacre_stub *stub)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_map host;

	if (nacre_map_create(&host, &e) < 0 || nacre_map_attach(&lane->map, host.fd, &e) < 0 ||
	    stub->bind(dlopen(NULL, RTLD_NOW), &e) < 0)
		abort();
	nacre_stub_process.stub = stub;
	current = lane;
}

/* What was said for a request: one reply or one rejection, and nothing is left of it. */
static void check(const struct nacre_lane *lane, uint32_t said)
{
	const struct nacre_line *line = &lane->map.page->stub;

	if (lane->map.sent == said || lane->depth || lane->map.frame)
		abort();
	if (line->kind != NACRE_KIND_RETURN && line->kind != NACRE_KIND_REJECT)
		abort();
	if (line->length > NACRE_MESSAGE_MAX || line->length % 8)
		abort();
}

void lane_run(const struct nacre_stub *stub, const uint8_t *data, size_t size)
{
	static struct nacre_lane lane;
	struct nacre_heard heard;
	struct nacre_reader in;
	uint32_t said;

	if (!current)
		prepare(&lane, stub);
	lane_input = (struct input){data, data + size};
	memset(tokens, 0, sizeof(tokens));
	for (int calls = 0; calls < 8 && lane_input.at < lane_input.end; calls++) {
		uint8_t op = input_byte(&lane_input);

		memory_used = 0;
		said = lane.map.sent;
		exact_say(&lane.map, &lane_input, NACRE_KIND_CALL, op, op & 7);
		if (exact_receive(&lane.map, &heard, &in) < 0)
			abort();
		nacre_lane_serve(&lane, &heard, &in);
		nacre_map_release(&lane.map);
		check(&lane, said);
	}
}
