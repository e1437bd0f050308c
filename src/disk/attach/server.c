/* SPDX-License-Identifier: BSD-2-Clause */
/* server.c - the process that decodes an image
 *
 * It is confined before it decodes anything, if no other program has to be started for the format; else
 * afterwards, and that program (qemu-nbd) does most of the decoding. The lock on the image is taken on the
 * image's own descriptor and ends with this process.
 */
#include "server.h"

#include "base/auto.h"
#include "disk/file.h"
#include "disk/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>

enum { FILES_MOST = 64 };

/* A disk whose server was chosen for want of memory fails everybody who uses it. Only root may say so. */
static void stay_alive(void)
{
	NACRE_AUTO_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "-1000", 5) < 0)
		return;
}

static int limit(struct nacre_error *e)
{
	const struct rlimit core = {1, 1}, files = {FILES_MOST, FILES_MOST};

	/* 1, not 0: see core(5), a program that takes cores would still be started. */
	if (setrlimit(RLIMIT_CORE, &core) || setrlimit(RLIMIT_NOFILE, &files))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "limits", "cannot be lowered");
	return 0;
}

static int confine(const struct nacre_attach_options *o, const char *image, struct nacre_error *e)
{
	if (limit(e) < 0)
		return -1;
	return o->confine ? o->confine(image, o->writable, e) : 0;
}

static int lock(const struct nacre_image *image, const struct nacre_attach_options *o, struct nacre_error *e)
{
	if (flock(image->fd, (o->writable ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image), "cannot be locked");
	return nacre_error_set(e, NACRE_E_EXISTS, 0, nacre_file_where(image),
			       o->writable ? "is attached already, or locked by another program; only one may "
					     "write to it (nacre attach --list; nacre detach)"
					   : "is attached for writing already, or locked by another program "
					     "(nacre attach --list; nacre detach)");
}

static struct nacre_image *open_image(const struct nacre_attach_options *o, const char *path, struct nacre_error *e)
{
	struct nacre_image *image;
	const char *format = o->format ? o->format : nacre_image_probe(path, e);
	bool alone = format && strcmp(format, "qcow2") && strcmp(format, "vhdx");

	if (!format || (alone && confine(o, path, e) < 0))
		return NULL;
	image = nacre_image_open(path, alone ? format : o->format, o->writable, e);
	if (image && lock(image, o, e) == 0 && (alone || confine(o, NULL, e) == 0))
		return image;
	nacre_image_close(image);
	return NULL;
}

/* What the kernel may not find by itself. A table that cannot be read is no reason not to have the disk. */
static void find_partitions(struct nacre_image *image, struct nacre_shared *shared)
{
	static struct nacre_table table;

	if (nacre_table_read(image, &table, NULL) < 0)
		return;
	for (int i = 0; i < table.count && shared->partition_count < NACRE_SHARED_PARTITIONS; i++) {
		const struct nacre_partition *p = &table.list[i];
		uint32_t n = shared->partition_count++;

		shared->partitions[n].number = p->number;
		shared->partitions[n].start = p->start;
		/* Of an extended partition Linux shows as much as a boot loader needs. */
		shared->partitions[n].length = p->extended && p->length > 1024 ? 1024 : p->length;
	}
}

static int prepare(const struct nacre_attach_options *o, const char *path, int device, const char *place,
		   struct nacre_shared *shared, struct nacre_server **server, struct nacre_error *e)
{
	struct nacre_image *image;

	/* Mounting starts a program where this is not root: so it comes before all that is given up. */
	*server = nacre_server_new(&shared->served, device, place, e);
	if (!*server)
		return -1;
	stay_alive();
	nacre_server_flusher();
	image = open_image(o, path, e);
	if (!image)
		return -1;
	shared->served.image = image;
	shared->served.length = shared->size = image->size;
	shared->served.writable = o->writable;
	snprintf(shared->format, sizeof(shared->format), "%s", image->ops->name);
	find_partitions(image, shared);
	return 0;
}

void nacre_server_process(const struct nacre_attach_options *o, const char *image, int device, const char *place,
			  struct nacre_shared *shared, int ready)
{
	struct nacre_server *server = NULL;
	struct nacre_error e = {.code = 0};
	int failed = prepare(o, image, device, place, shared, &server, &e);

	if (failed) {
		shared->failed = 1;
		shared->error = e;
	}
	if (write(ready, "", 1) != 1 || failed) {
		nacre_server_free(server);
		_exit(1);
	}
	close(ready);
	failed = nacre_server_run(server, &shared->error);
	if (o->writable && nacre_image_finish(shared->served.image, &e) < 0 &&
	    atomic_fetch_add(&shared->served.refused, 1) == 0)
		shared->served.error = e;
	nacre_image_close(shared->served.image);
	nacre_server_free(server);
	_exit(failed || atomic_load(&shared->served.refused) ? 1 : 0);
}
