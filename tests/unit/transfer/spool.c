/* SPDX-License-Identifier: BSD-2-Clause */
/* spool.c - a disk that is there only until it was sent takes what a copy writes, and leaves nothing */
#include "conversion/spool.h"

#include "disk/image.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = (1 << 20) + 512, BLOCK = NACRE_SINK_BLOCK, TAG = 7 };

static int entries(const char *directory)
{
	DIR *d = opendir(directory);
	int count = 0;

	for (struct dirent *entry; d && (entry = readdir(d));)
		count += *entry->d_name != '.';
	if (d)
		closedir(d);
	return count;
}

static void test(const char *directory)
{
	const struct nacre_lives lives = {.count = 0};
	const struct nacre_sink_disk disk = {.format = "vhd", .size = SIZE, .source_size = SIZE};
	struct nacre_error e = {0};
	struct nacre_sink *spool = nacre_spool_open(directory, &lives, SIZE, &e);
	struct nacre_extents used = {0};
	uint8_t data[3 * BLOCK], back[512];
	uint64_t hashes[SIZE / BLOCK + 1], whole;
	uint32_t count = sizeof(hashes) / sizeof(*hashes);

	memset(data, 'x', sizeof(data));
	whole = nacre_sink_hash(data, BLOCK);
	if (!tap_ok(spool && !nacre_sink_create(spool, 0, &disk, &e) && !nacre_sink_make_writable(spool, 0, &e), "a spool is made: %s",
		    e.msg))
		return;
	tap_is_number(entries(directory), 0, "it has no name");
	tap_ok(!nacre_sink_write(spool, 0, 64 << 10, data, sizeof(data), &e) &&
		       !nacre_sink_write(spool, 0, SIZE - 512, data, 512, &e),
	       "it is written to, up to its end");
	tap_ok(!nacre_sink_zero(spool, 0, (64 << 10) + BLOCK, BLOCK, &e) && !nacre_sink_zero(spool, 0, 512 << 10, 64 << 10, &e),
	       "and zeroes are, where there is something, and where there is nothing");
	tap_ok(!nacre_sink_have(spool, 0, 0, count, hashes, &e), "what is there can be asked for: %s", e.msg);
	tap_ok(hashes[0] == 0 && hashes[16] == whole && hashes[17] == 0 && hashes[18] == whole &&
		       hashes[count - 1] == nacre_sink_hash(data, 512),
	       "by its hashes, of the last block, too, which is short");
	tap_ok(!nacre_sink_read(spool, 0, 64 << 10, back, sizeof(back), &e) && !memcmp(back, data, sizeof(back)) &&
		       !nacre_sink_sync(spool, &e), "it is read back");
	tap_ok(!nacre_spool_used(spool, &used, TAG, &e) && nacre_extents_total(&used, TAG) >= 2 * BLOCK + 512 &&
		       nacre_extents_total(&used, TAG) <= SIZE / 2, "what is used is told");
	nacre_extents_free(&used);
	nacre_sink_close(spool);
	spool = nacre_spool_open(directory, &lives, UINT64_MAX / 4, &e);
	tap_ok(!spool && strstr(e.msg, "MiB are needed"), "where there is no room it is not begun: %s", e.msg);
	spool = nacre_spool_open(NULL, &lives, UINT64_MAX / 4, &e);
	tap_ok(!spool && !strcmp(e.where, "--spool") && strstr(e.msg, "/tmp has"), "nor in any of the usual places: %s", e.msg);
	spool = nacre_spool_open(NULL, &lives, SIZE, &e);
	tap_ok(spool != NULL, "else in one of them");
	nacre_sink_close(spool);
	tap_is_number(entries(directory), 0, "nothing is left");
}

int main(void)
{
	char directory[] = "/tmp/nacre-test-spool.XXXXXX";

	if (!mkdtemp(directory))
		return 1;
	test(directory);
	rmdir(directory);
	return tap_done();
}
