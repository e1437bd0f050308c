/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.c - the copier moves exactly what it was told, over whatever was there */
#include "base/extents.h"
#include "disk/copy.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

enum { MIB = 1 << 20, SIZE = 12 * MIB + 1536, TAG = 5, OTHER = 6 };

static struct nacre_error e;
static uint64_t state = 88172645463325252u;

static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % limit;
}

/* Bytes with runs of zeroes of many lengths, some of them holes. */
static void fill(uint8_t *data)
{
	for (uint32_t at = 0; at < SIZE;) {
		uint32_t n = 1 + below(below(4) ? 9000 : 400000);

		n = n < SIZE - at ? n : SIZE - at;
		memset(data + at, below(2) ? (int)(1 + below(255)) : 0, n);
		at += n;
	}
}

static struct nacre_image *put(const char *name, const char *format, const uint8_t *data)
{
	struct nacre_image *image = nacre_image_create(scratch(name), format, SIZE, NULL, &e);

	for (uint32_t at = 0; image && at < SIZE;) {
		uint32_t n = SIZE - at < 65536 ? SIZE - at : 65536;
		bool zero = !data[at] && !memcmp(data + at, data + at + 1, n - 1);

		if (!zero && nacre_image_write(image, at, data + at, n, &e))
			exit(99);
		at += n;
	}
	if (!image || nacre_image_finish(image, &e))
		exit(99);
	return image;
}

static void choose(struct nacre_extents *what)
{
	uint32_t unit = below(2) ? 4096 : below(2) ? 512 : 1;

	for (uint32_t i = 0, n = below(40); i < n; i++) {
		uint64_t start = below(SIZE), length = below(below(2) ? 3 * MIB : 20000);

		nacre_extents_add(what, start - start % unit, length - length % unit, below(4) ? TAG : OTHER);
	}
}

/* From a random disk onto another one; the same is done to plain memory. */
static void compare(const char *from_format, const char *to_format)
{
	uint8_t *source = malloc(SIZE), *target = malloc(SIZE), *read = malloc(SIZE);
	bool same = true, exact = true, told = true;

	for (int round = 0; round < 6; round++) {
		struct nacre_extents what = {0};
		struct nacre_disk_copied counts;
		struct nacre_image *from, *to;
		uint64_t wanted = 0;

		fill(source);
		fill(target);
		choose(&what);
		if (round % 2)
			memset(target, 0, SIZE);
		from = put("from", from_format, source);
		to = put("to", to_format, target);
		for (size_t i = 0; i < what.count; i++) {
			struct nacre_extent x = what.list[i];

			x.length = x.start >= SIZE ? 0 : x.start + x.length > SIZE ? SIZE - x.start : x.length;
			if (x.tag == TAG) {
				memcpy(target + x.start, source + x.start, x.length);
				wanted += x.length;
			}
		}
		same &= !nacre_disk_copy(from, to, &what, TAG, NULL, NULL, &counts, &e) &&
			!nacre_image_read(to, 0, read, SIZE, &e) && !memcmp(read, target, SIZE);
		exact &= counts.read <= wanted;
		told &= counts.written + counts.zeroes == wanted;
		nacre_image_close(from);
		nacre_image_close(to);
		remove(scratch("from"));
		remove(scratch("to"));
		nacre_extents_free(&what);
	}
	tap_ok(same, "%s to %s: the target has the source's bytes in the extents, and its own elsewhere",
	       from_format, to_format);
	tap_ok(exact, "no byte is read that is not in them");
	tap_ok(told, "each of their bytes is counted as written or left as zero");
	free(source);
	free(target);
	free(read);
}

struct seen {
	uint64_t done, total;
	int stop;
};

static int watch(void *user, uint64_t done, uint64_t total)
{
	struct seen *seen = user;

	seen->done = done;
	seen->total = total;
	return seen->stop;
}

static void progress(void)
{
	struct nacre_extents what = {0};
	uint8_t *data = calloc(1, SIZE);
	struct nacre_image *from, *to;
	struct seen seen = {0};

	fill(data);
	from = put("from", "raw", data);
	to = nacre_image_create(scratch("to"), "raw", SIZE, NULL, &e);
	nacre_extents_add(&what, 0, 1ull << 40, TAG);
	tap_ok(!nacre_disk_copy(from, to, &what, TAG, watch, &seen, NULL, &e) && seen.done == SIZE && seen.total == SIZE,
	       "progress ends with all of what is on the disk");
	seen.stop = 1;
	tap_ok(nacre_disk_copy(from, to, &what, TAG, watch, &seen, NULL, &e) && e.code == NACRE_E_FAILED &&
	       strstr(e.msg, "stopped"), "it can stop the copy");
	nacre_image_close(to);
	to = nacre_image_create(scratch("to"), "raw", SIZE - 512, NULL, &e);
	tap_ok(nacre_disk_copy(from, to, &what, TAG, NULL, NULL, NULL, &e) && e.code == NACRE_E_USAGE,
	       "a target that is too small is refused before anything is written");
	nacre_extents_remove(&what, SIZE - 512, 1ull << 40);
	tap_ok(!nacre_disk_copy(from, to, &what, TAG, NULL, NULL, NULL, &e), "unless what is copied fits");
	nacre_image_close(to);
	nacre_image_close(from);
	nacre_extents_free(&what);
	free(data);
}

static void failures(void)
{
	struct rlimit limit, low = {.rlim_cur = 5 * MIB};
	struct nacre_extents what = {0};
	uint8_t *data = malloc(SIZE);
	struct nacre_image *from, *to;

	memset(data, 3, SIZE);
	from = put("bad", "vhd-fixed", data);
	to = nacre_image_create(scratch("to"), "vhd", SIZE, NULL, &e);
	nacre_extents_add(&what, 4096, SIZE - 4096, TAG);
	if (truncate(scratch("bad"), 7 * MIB + 100))
		exit(99);
	tap_ok(nacre_disk_copy(from, to, &what, TAG, NULL, NULL, NULL, &e) && strstr(e.msg, "from byte 7340132 on") &&
	       strstr(e.msg, "ends at byte 7340132"), "what cannot be read is said with its place on the disk and in the file");
	nacre_image_close(from);
	nacre_image_close(to);

	from = put("from2", "raw", data);
	to = nacre_image_create(scratch("to"), "vhd", SIZE, NULL, &e);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	low.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &low);
	tap_ok(nacre_disk_copy(from, to, &what, TAG, NULL, NULL, NULL, &e) && e.sys == EFBIG,
	       "a target that cannot grow is an error");
	setrlimit(RLIMIT_FSIZE, &limit);
	nacre_image_close(from);
	nacre_image_close(to);
	tap_ok(access(scratch("to"), F_OK) && access(scratch("to.partial"), F_OK), "and nothing is left of it");
	nacre_extents_free(&what);
	free(data);
}

int main(void)
{
	static const char *const formats[] = {"raw", "vhd-fixed", "vhd"};

	scratch_make();
	for (int i = 0; i < 3; i++)
		compare(formats[(i + 2) % 3], formats[i]);
	progress();
	failures();
	return tap_done();
}
