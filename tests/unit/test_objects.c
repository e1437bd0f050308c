/* SPDX-License-Identifier: BSD-2-Clause */
/* test_objects.c - ids stand for pointers, once and never again */
#include "extension/stub/lane.h"
#include "tap.h"

int main(void)
{
	struct nacre_service s = {0};
	static char objects[3000];
	uint64_t ids[3000], again;
	bool all = true;

	for (int i = 0; i < 3000; i++)
		ids[i] = nacre_object_add(1, &objects[i]);
	for (int i = 0; i < 3000; i++)
		all = all && ids[i] && nacre_object_get(&s, 1, ids[i]) == &objects[i] &&
		      nacre_object_id(1, &objects[i]) == ids[i];
	tap_ok(all && !s.in.bad, "3000 ids lead to their objects and back");
	tap_ok(!nacre_object_get(&s, 2, ids[0]) && s.in.bad, "an id of another kind is malformed");
	s.in.bad = false;
	nacre_object_remove(1, ids[7]);
	tap_ok(!nacre_object_get(&s, 1, ids[7]) && s.in.bad, "a removed id is malformed");
	s.in.bad = false;
	again = nacre_object_add(1, &objects[7]);
	tap_ok(again != ids[7] && nacre_object_get(&s, 1, again) == &objects[7] && !s.in.bad,
	       "an id is not given twice");
	tap_ok(!nacre_object_get(&s, 1, 0) && !s.in.bad, "0 is NULL");
	tap_ok(nacre_object_id(1, NULL) == 0, "NULL is 0");
	tap_ok(!nacre_object_get(&s, 1, UINT64_MAX) && s.in.bad, "nonsense is malformed");
	nacre_object_remove(1, 12345678);
	nacre_object_remove(5, again);
	tap_ok(nacre_object_id(1, &objects[7]) == again, "removing what is not there changes nothing");
	return tap_done();
}
