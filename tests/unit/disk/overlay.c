/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.c - what is written to an overlay is there, and nowhere else */
#include "base/extents.h"
#include "disk/overlay.h"

#include "scratch.h"
#include "tap.h"

enum { SIZE = 200 * 4096 + 512, LARGER = 300 * 4096 + 1024, TAG = 3 };

static uint8_t model[LARGER], below[SIZE], got[LARGER];
static struct nacre_error e;
static uint64_t state = 88172645463325252u;

static uint32_t any(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % limit;
}

int main(void)
{
	struct nacre_image *under, *over;
	struct nacre_extents changes = {0};
	bool same = true, inside = true, told = true;

	scratch_make();
	for (size_t i = 0; i < SIZE; i++)
		below[i] = (uint8_t)any(256);
	memcpy(model, below, SIZE);
	under = nacre_image_create(scratch("under"), "raw", SIZE, NULL, &e);
	if (!under || nacre_image_write(under, 0, below, SIZE, &e) || nacre_image_finish(under, &e))
		return 99;
	over = nacre_overlay_image(under, LARGER, &e);
	if (!tap_ok(over && over->size == LARGER, "an overlay may be larger than what is below it"))
		return tap_done();
	tap_ok(!nacre_overlay_changes(over, &changes, TAG, &e) && !changes.count, "at first nothing is changed");
	for (int i = 0; i < 300; i++) {
		uint32_t at = any(LARGER - 1), n = 1 + any(any(4) ? 3000 : 40000);

		n = n < LARGER - at ? n : LARGER - at;
		if (any(3)) {
			same &= !nacre_image_read(over, at, got, n, &e) && !memcmp(got, model + at, n);
			continue;
		}
		if (i > 150)
			at = at / 4 + LARGER / 2;
		n = n < LARGER - at ? n : LARGER - at;
		memset(model + at, (int)any(256), n);
		same &= !nacre_image_write(over, at, model + at, n, &e);
	}
	tap_ok(same && !nacre_image_read(over, 0, got, LARGER, &e) && !memcmp(got, model, LARGER),
	       "it reads as it was written, and else as below, then zeroes");
	tap_ok(!nacre_image_read(under, 0, got, SIZE, &e) && !memcmp(got, below, SIZE), "what is below is as it was");
	tap_ok(!nacre_overlay_changes(over, &changes, TAG, &e) && changes.count, "the changes are listed");
	for (uint32_t at = 0; at < LARGER; at++) {
		const struct nacre_extent *x = nacre_extents_find(&changes, at);

		if (model[at] != (at < SIZE ? below[at] : 0))
			told &= x && x->start <= at && x->tag == TAG;
		inside &= !x || x->start + x->length <= LARGER;
	}
	tap_ok(told, "every byte that is another is in the list");
	tap_ok(inside, "which ends with the disk");
	tap_ok(nacre_image_write(over, LARGER, got, 1, &e) && e.code == NACRE_E_INPUT, "nothing is written beyond the end");
	nacre_image_close(over);
	nacre_image_close(under);
	nacre_extents_free(&changes);
	return tap_done();
}
