/* SPDX-License-Identifier: BSD-2-Clause */
/* qcow2.c - qcow2 and VHDX, read only, through qemu-nbd and libnbd
 *
 * qemu-nbd knows these formats; it is started for one image and speaks to nobody else: the socket exists
 * under a name only while the connections are made, in a directory of its own, and is gone before
 * qemu-nbd runs. It ends with this process, whatever the end is. There is a connection for each thread
 * that may read at the same time.
 *
 * An image can name other files, which are then read as well. Where the format was only found out by looking,
 * the bytes may be those of a guest that wrote a header onto its raw disk to get at files of the host: such
 * an image is opened only if the caller says its format.
 */
#include "base/auto.h"
#include "disk/file.h"
#include "disk/format.h"
#include "os/child.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libnbd.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	CONNECTIONS = 4,
	REQUEST = 4 << 20,         /* every server takes so much at once */
	ALIGN_MOST = 4096,
	ASK = 1 << 30,             /* bytes that one question about allocation covers */
	INCOMPATIBLE_DATA_FILE = 4 /* qcow2: the data is in another file */
};

struct server {
	struct nacre_child child;
	int said;                  /* what it writes to its standard error */
	struct connection {
		struct nbd_handle *nbd;
		pthread_mutex_t lock;
	} connection[CONNECTIONS];
	unsigned next;
	uint32_t align;            /* of offsets and sizes that it takes */
	bool has_map;
};

static bool qcow2_probe(const uint8_t *head, size_t size, const uint8_t *tail)
{
	(void)tail;
	return size >= 72 && !memcmp(head, "QFI\xfb", 4);
}

static bool vhdx_probe(const uint8_t *head, size_t size, const uint8_t *tail)
{
	(void)tail;
	return size >= 512 && !memcmp(head, "vhdxfile", 8);
}

static int refuse_others(const struct nacre_image *image, struct nacre_error *e)
{
	uint8_t head[80];
	uint64_t backing, features = 0;
	uint32_t version;

	if (image->named || image->ops != &nacre_image_qcow2)
		return 0;
	if (nacre_file_read(image, 0, head, sizeof(head), e))
		return -1;
	memcpy(&version, head + 4, sizeof(version));
	memcpy(&backing, head + 8, sizeof(backing));
	if (be32toh(version) >= 3)
		memcpy(&features, head + 72, sizeof(features));
	if (!backing && !(be64toh(features) & INCOMPATIBLE_DATA_FILE))
		return 0;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
			       "names another file that is part of it; if it is no guest's doing, say that "
			       "its format is qcow2");
}

/* A listening socket, and connections to it that nobody has accepted yet. */
static int connect_all(int *listener, int fds[CONNECTIONS])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char directory[] = "/tmp/nacre-nbd.XXXXXX";
	int status = -1;

	if (!mkdtemp(directory))
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	*listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listener < 0 || bind(*listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(*listener, CONNECTIONS))
		goto undo;
	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&address, sizeof(address)))
			goto undo;
	}
	status = 0;
undo:
	unlink(address.sun_path);
	rmdir(directory);
	return status;
}

/* "driver=...,file.filename=...": a comma in the name is doubled. */
static char *image_options(const struct nacre_image *image)
{
	NACRE_AUTO_FREE char *path = realpath(image->path, NULL);
	size_t size = path ? 2 * strlen(path) + 100 : 0;
	char *options = path ? malloc(size) : NULL, *at;

	if (!options)
		return NULL;
	at = options + snprintf(options, size, "driver=%s,file.driver=file,file.filename=", image->ops->name);
	for (const char *c = path; *c; c++) {
		*at++ = *c;
		if (*c == ',')
			*at++ = ',';
	}
	*at = 0;
	return options;
}

/* qemu-nbd takes a listening socket as systemd hands it over: as 3, and said for its own process. */
static int start(const struct nacre_image *image, struct server *s, int listener, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *options = image_options(image);
	char shared[8];
	const char *argv[] = {"sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec qemu-nbd \"$@\"", "sh", "--read-only",
			"--shared", shared, "--image-opts", options, NULL};

	if (!options)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be opened");
	snprintf(shared, sizeof(shared), "%d", CONNECTIONS);
	if (nacre_child_start(&s->child, "/bin/sh", (char *const *)argv, &listener, 1, s->said, e))
		return nacre_error_add(e, "qemu-nbd cannot be started");
	return 0;
}

/* Our failure, and what qemu-nbd says about it in its last line. */
static int server_error(const struct nacre_image *image, const struct server *s, struct nacre_error *e)
{
	char text[512] = "", *line;
	ssize_t n = s->said >= 0 ? pread(s->said, text, sizeof(text) - 1, 0) : 0;

	text[n > 0 ? n : 0] = 0;
	line = strrchr(text, '\n');
	if (line)
		*line = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	/* It repeats all options first. */
	if (!strncmp(line, "qemu-nbd: Failed to blk_new_open", 32) && strstr(line, "': "))
		line = strstr(line, "': ") + 3;
	if (strstr(line, "qemu-nbd: not found"))
		return nacre_error_set(e, NACRE_E_ABSENT, 0, nacre_file_where(image),
				       "is read by qemu-nbd, which is not there; install qemu-utils");
	return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image), "cannot be opened as %s: %s",
			       image->ops->name, *line ? line : nbd_get_error());
}

static int greet(struct nacre_image *image, struct server *s, int fds[CONNECTIONS], struct nacre_error *e)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct nbd_handle *nbd = nbd_create();

		s->connection[i].nbd = nbd;
		if (!nbd || nbd_add_meta_context(nbd, LIBNBD_CONTEXT_BASE_ALLOCATION))
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be opened");
		if (nbd_connect_socket(nbd, nacre_steal_fd(&fds[i])))
			return server_error(image, s, e);
	}
	return 0;
}

static int serve(struct nacre_image *image, struct server *s, struct nacre_error *e)
{
	int fds[CONNECTIONS] = {-1, -1, -1, -1}, status = -1;
	NACRE_AUTO_FD int listener = -1;

	s->said = memfd_create("qemu-nbd", MFD_CLOEXEC);
	if (s->said < 0 || connect_all(&listener, fds)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, nacre_file_where(image), "there is no socket to read it by");
		goto undo;
	}
	if (start(image, s, listener, e))
		goto undo;
	close(nacre_steal_fd(&listener)); /* or a connection would wait for ever if it ends at once */
	status = greet(image, s, fds, e);
undo:
	for (int i = 0; i < CONNECTIONS; i++)
		nacre_auto_close(&fds[i]);
	return status;
}

static int foreign_open(struct nacre_image *image, struct nacre_error *e)
{
	struct server *s;
	int64_t size, align;

	if (refuse_others(image, e))
		return -1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(image), "cannot be opened");
	s->said = -1;
	s->child = NACRE_NO_CHILD;
	for (int i = 0; i < CONNECTIONS; i++)
		pthread_mutex_init(&s->connection[i].lock, NULL);
	image->own = s;
	if (serve(image, s, e))
		return -1;
	size = nbd_get_size(s->connection[0].nbd);
	if (size <= 0 || size % 512)
		return nacre_error_set(e, NACRE_E_INPUT, 0, nacre_file_where(image),
				       "has %" PRId64 " bytes, which is no size of a disk", size);
	align = nbd_get_block_size(s->connection[0].nbd, LIBNBD_SIZE_MINIMUM);
	if (align > ALIGN_MOST || align & (align - 1))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
				       "can only be read in pieces of %" PRId64 " bytes", align);
	image->size = (uint64_t)size;
	s->align = align > 0 ? (uint32_t)align : 1;
	s->has_map = nbd_can_meta_context(s->connection[0].nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
	return 0;
}

static void foreign_close(struct nacre_image *image)
{
	struct server *s = image->own;

	if (!s)
		return;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (s->connection[i].nbd)
			nbd_close(s->connection[i].nbd);
		pthread_mutex_destroy(&s->connection[i].lock);
	}
	nacre_child_kill(&s->child);
	nacre_auto_close(&s->said);
	free(s);
}

/* A connection that is free, or the next one in turn. */
static struct connection *take(struct server *s)
{
	struct connection *c;

	for (int i = 0; i < CONNECTIONS; i++)
		if (pthread_mutex_trylock(&s->connection[i].lock) == 0)
			return &s->connection[i];
	c = &s->connection[__atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED) % CONNECTIONS];
	pthread_mutex_lock(&c->lock);
	return c;
}

static int read_some(struct nacre_image *image, struct connection *c, uint64_t offset, void *data,
		     size_t size, struct nacre_error *e)
{
	if (nbd_pread(c->nbd, data, size, offset, 0) == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, nbd_get_errno(), nacre_file_where(image),
			       "cannot be read in the %zu bytes from byte %" PRIu64 " on", size, offset);
}

static int foreign_read(struct nacre_image *image, uint64_t offset, void *data, size_t size,
			struct nacre_error *e)
{
	struct server *s = image->own;
	struct connection *c = take(s);
	uint8_t *to = data, unit[ALIGN_MOST];
	int status = 0;

	while (size && !status) {
		size_t off = (size_t)(offset % s->align), n = size < REQUEST ? size : REQUEST;

		if (off || n < s->align) {
			n = s->align - off < n ? s->align - off : n;
			status = read_some(image, c, offset - off, unit, s->align, e);
			if (!status)
				memcpy(to, unit + off, n);
		} else {
			n -= n % s->align;
			status = read_some(image, c, offset, to, n, e);
		}
		to += n;
		offset += n;
		size -= n;
	}
	pthread_mutex_unlock(&c->lock);
	return status;
}

struct question {
	uint64_t at, end;        /* what is known so far ends at @at */
	uint64_t start, length;  /* the first range with data */
};

/* Pairs of length and flags, from question->at on. */
static int answer(void *user, const char *context, uint64_t offset, uint32_t *entries, size_t count,
		  int *error)
{
	struct question *q = user;

	(void)error;
	if (strcmp(context, LIBNBD_CONTEXT_BASE_ALLOCATION) || offset != q->at)
		return 0;
	for (size_t i = 0; i + 1 < count && q->at < q->end; i += 2) {
		uint64_t n = entries[i] < q->end - q->at ? entries[i] : q->end - q->at;

		if (!(entries[i + 1] & LIBNBD_STATE_ZERO)) {
			if (!q->length)
				q->start = q->at;
			q->length += n;
		} else if (q->length) {
			q->end = q->at;
			break;
		}
		q->at += n;
	}
	return 0;
}

static int foreign_data(struct nacre_image *image, uint64_t offset, uint64_t *start, uint64_t *length,
			struct nacre_error *e)
{
	struct server *s = image->own;
	struct question q = {.at = offset};
	struct connection *c;
	int status = 0;

	*start = offset;
	*length = image->size - offset;
	if (!s->has_map)
		return 0;
	c = take(s);
	while (q.at < image->size && !q.length && !status) {
		uint64_t before = q.at;

		q.end = image->size - q.at < ASK ? image->size : q.at + ASK;
		if (nbd_block_status(c->nbd, q.end - q.at, q.at,
				     (nbd_extent_callback){.callback = answer, .user_data = &q}, 0) ||
		    q.at == before)
			status = nacre_error_set(e, NACRE_E_SYSTEM, nbd_get_errno(), nacre_file_where(image),
						 "what is in it is not known from byte %" PRIu64 " on", before);
	}
	pthread_mutex_unlock(&c->lock);
	*start = q.start;
	*length = q.length;
	return status;
}

static int foreign_finish(struct nacre_image *image, struct nacre_error *e)
{
	(void)image, (void)e;
	return 0;
}

const struct nacre_image_ops nacre_image_qcow2 = {
	.name = "qcow2",
	.probe = qcow2_probe,
	.open = foreign_open,
	.read = foreign_read,
	.data = foreign_data,
	.finish = foreign_finish,
	.close = foreign_close,
};

const struct nacre_image_ops nacre_image_vhdx = {
	.name = "vhdx",
	.probe = vhdx_probe,
	.open = foreign_open,
	.read = foreign_read,
	.data = foreign_data,
	.finish = foreign_finish,
	.close = foreign_close,
};
