/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pool.c - memory of calls in one another */
#include "extension/stub/lane.h"
#include "tap.h"

int main(void)
{
	struct nacre_pool pool = {0};
	size_t outer = nacre_pool_mark(&pool), inner;
	uint8_t *a = nacre_pool_alloc(&pool, 100), *b, *big;
	bool zero = true;

	memset(a, 1, 100);
	inner = nacre_pool_mark(&pool);
	b = nacre_pool_alloc(&pool, 50);
	tap_ok(b >= a + 100 && ((uintptr_t)b & 15) == 0, "pieces do not overlap and are aligned to 16");
	big = nacre_pool_alloc(&pool, 1 << 20);
	memset(big, 2, 1 << 20);
	nacre_pool_release(&pool, inner);
	tap_is_number(nacre_pool_mark(&pool), inner, "an inner call's memory is given back");
	tap_is_number(a[99], 1, "the outer call's memory is untouched");
	b = nacre_pool_alloc(&pool, 200);
	for (int i = 0; i < 200; i++)
		zero = zero && !b[i];
	tap_ok(zero, "memory is zeroed when it is used again");
	tap_ok(nacre_pool_alloc(&pool, 0) != NULL, "no bytes are a piece as well");
	tap_ok(!nacre_pool_alloc(&pool, SIZE_MAX - 3), "a size that overflows is refused");
	for (int i = 0; i < 1000; i++) {
		nacre_pool_release(&pool, outer);
		for (int k = 0; k < 20; k++)
			nacre_pool_alloc(&pool, 700);
	}
	tap_ok(nacre_pool_mark(&pool) < 20 * 8192, "a thousand calls take no more than one");
	nacre_pool_free(&pool);
	return tap_done();
}
