/* SPDX-License-Identifier: BSD-2-Clause */
/* image.c - opening, making and naming images; raw files with holes */
#include "disk/image.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>

static struct nacre_error e;

static void make_file(const char *name, const void *data, size_t size)
{
	int fd = open(scratch(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		exit(99);
	close(fd);
}

static bool there(const char *name)
{
	return access(scratch(name), F_OK) == 0;
}

static void naming(void)
{
	struct nacre_image *image = nacre_image_create(scratch("a.img"), "raw", 1000, NULL, &e), *other;
	uint8_t data[1024];

	tap_ok(image && image->size == 1024, "a new image has whole sectors");
	tap_ok(!there("a.img") && there("a.img.partial"), "it has no name of its own yet");
	tap_ok(!nacre_image_create(scratch("a.img"), "raw", 512, NULL, &e) && e.code == NACRE_E_EXISTS,
	       "two cannot make the same image");
	nacre_image_close(image);
	tap_ok(!there("a.img") && !there("a.img.partial"), "closed before it is finished, it is gone");

	image = nacre_image_create(scratch("a.img"), "raw", 1000, NULL, &e);
	memset(data, 7, sizeof(data));
	tap_ok(image && !nacre_image_write(image, 512, data, 512, &e) &&
	       !nacre_image_read(image, 0, data, 1024, &e) && !data[0] && !data[511] && data[512] == 7,
	       "it reads as what was written, and zeroes elsewhere");
	tap_ok(nacre_image_write(image, 1000, data, 25, &e) && e.code == NACRE_E_INPUT &&
	       nacre_image_read(image, UINT64_MAX, data, 2, &e), "nothing is read or written beyond its end");
	tap_ok(!nacre_image_finish(image, &e) && there("a.img") && !there("a.img.partial"),
	       "finished, it has its name");
	nacre_image_close(image);
	tap_ok(there("a.img"), "closed after that, it stays");
	tap_ok(!nacre_image_create(scratch("a.img"), "raw", 512, NULL, &e) && e.code == NACRE_E_EXISTS,
	       "what exists is not overwritten");

	image = nacre_image_create(scratch("b.img"), "raw", 512, NULL, &e);
	make_file("b.img", "mine", 4);
	tap_ok(nacre_image_finish(image, &e) && e.code == NACRE_E_EXISTS, "nor what came meanwhile");
	nacre_image_close(image);
	other = nacre_image_open(scratch("b.img"), NULL, false, &e);
	tap_ok(other && other->size == 512 && !nacre_image_read(other, 0, data, 512, &e) &&
	       !memcmp(data, "mine\0\0", 6) && !data[511], "a cut last sector ends with zeroes");
	tap_ok(nacre_image_write(other, 0, data, 1, &e) && e.code == NACRE_E_USAGE &&
	       !nacre_image_finish(other, &e), "what is open for reading is not written");
	nacre_image_close(other);
}

static void refusals(void)
{
	tap_ok(!nacre_image_open(scratch("none"), NULL, false, &e) && e.code == NACRE_E_ABSENT,
	       "an image that is not there is said to be absent");
	tap_ok(!nacre_image_open(scratch_dir, NULL, false, &e) && e.code == NACRE_E_INPUT,
	       "a directory is no image");
	tap_ok(!nacre_image_open("/dev/zero", NULL, false, &e) && e.code == NACRE_E_INPUT,
	       "a character device is no image");
	make_file("empty", "", 0);
	tap_ok(!nacre_image_open(scratch("empty"), NULL, false, &e) && e.code == NACRE_E_INPUT,
	       "an empty file is no image");
	tap_ok(!nacre_image_open(scratch("a.img"), "vmdk", false, &e) && e.code == NACRE_E_USAGE,
	       "a format that nobody knows is refused");
	tap_ok(!nacre_image_create(scratch("c"), "raw", 0, NULL, &e) && e.code == NACRE_E_USAGE && !there("c.partial"),
	       "a disk of no bytes is not made");
	tap_ok(!nacre_image_create(scratch("c"), "raw", UINT64_MAX, NULL, &e) && !there("c.partial"),
	       "nor one of more bytes than a file can have");
}

static void holes(void)
{
	enum { MIB = 1 << 20 };
	struct nacre_image *image = nacre_image_create(scratch("h.img"), "raw", 64 * MIB, NULL, &e);
	uint64_t start, length;
	uint8_t *data = calloc(1, MIB);
	struct stat st;

	memset(data, 1, MIB);
	nacre_image_write(image, 8 * MIB, data, MIB, &e);
	nacre_image_finish(image, &e);
	tap_ok(stat(scratch("h.img"), &st) == 0 && st.st_size == 64 * MIB && st.st_blocks <= 2 * MIB / 512,
	       "what was not written takes no room");
	tap_ok(!nacre_image_data(image, 0, &start, &length, &e) && start == 8 * MIB && length == MIB,
	       "the first data is found behind the hole");
	tap_ok(!nacre_image_data(image, 8 * MIB + 4096, &start, &length, &e) && start == 8 * MIB + 4096 &&
	       length == MIB - 4096, "from within the data, the rest of it");
	tap_ok(!nacre_image_data(image, 9 * MIB, &start, &length, &e) && length == 0, "behind it there is none");
	tap_ok(!nacre_image_data(image, UINT64_MAX, &start, &length, &e) && length == 0, "nor beyond the end");
	nacre_image_close(image);
	free(data);
}

static void full(void)
{
	struct rlimit limit, low = {.rlim_cur = 8192};
	struct nacre_image *image;
	uint8_t data[512] = {1};

	getrlimit(RLIMIT_FSIZE, &limit);
	low.rlim_max = limit.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	image = nacre_image_create(scratch("f.img"), "raw", 4096, NULL, &e);
	setrlimit(RLIMIT_FSIZE, &low);
	tap_ok(!nacre_image_create(scratch("g.img"), "raw", 16384, NULL, &e) && e.code == NACRE_E_SUPPORT,
	       "a size that the file system does not take is refused at once");
	setrlimit(RLIMIT_FSIZE, &limit);
	tap_ok(!nacre_image_write(image, 0, data, 512, &e), "what fits is written");
	nacre_image_close(image);
	if (access("/dev/full", W_OK) == 0) {
		int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

		image = nacre_image_create(scratch("f.img"), "raw", 4096, NULL, &e);
		dup2(fd, image->fd);
		close(fd);
		tap_ok(nacre_image_write(image, 512, data, 512, &e) && e.code == NACRE_E_SYSTEM && e.sys == ENOSPC &&
		       strstr(e.msg, "full at byte 512"), "a full file system is said, with the place");
		nacre_image_close(image);
	}
}

int main(void)
{
	scratch_make();
	naming();
	refusals();
	holes();
	full();
	return tap_done();
}
