/* SPDX-License-Identifier: BSD-2-Clause */
/* reader.c - grains of disks are read past the page cache; see reader.h
 *
 * The threads sleep until there is a job: so that none has to be started, and no memory found, while something is frozen. Each
 * takes the next run of grains in the order of the disks, never across a multiple of READER_PIECE. The first error ends
 * the job.
 */
#include "conversion/snapshot/reader.h"

#include "conversion/snapshot/bits.h"
#include "os/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	WORKERS = 8,
	STACK = 128 << 10,
	SKIP = 64 << 10, /* zeroes are looked for in pieces of this size */
	TRIES = 3,
	PACE_MS = 100
};

struct kept {
	unsigned disk;
	uint64_t offset;
	uint32_t length;
	uint8_t *data;
};

struct reader {
	const struct reader_disk *disks;
	unsigned disk_count;
	struct nacre_snapshot_sink sink;
	uint64_t **bad; /* of each disk, a bit for each grain that could not be read when it was last; NULL: that is an error */
	bool any_bad;
	uint64_t rate;
	pthread_t threads[WORKERS];
	int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t work, rest;
	/* The job; under the lock. */
	unsigned job, disk;
	uint64_t grain;
	bool keep, failed, end;
	int busy;
	struct nacre_error error;
	struct reader_counts counts;
	/* What is kept. */
	uint8_t *memory, *buffers;
	size_t memory_used;
	struct kept *kept;
	size_t kept_count;
	double began;
	uint64_t began_read;
};

struct piece {
	unsigned disk;
	uint64_t offset;
	uint32_t length;
	uint8_t *data; /* where it is kept, NULL: it is not */
};

/* Under the lock. A place in memory for the piece, if it is to be kept and there is room. */
static void find_room(struct reader *r, struct piece *p)
{
	p->data = NULL;
	if (!r->keep || r->memory_used + p->length > READER_KEEP || r->kept_count == READER_KEPT_MAX)
		return;
	p->data = r->memory + r->memory_used;
	r->memory_used += (p->length + 4095) / 4096 * 4096;
	r->kept[r->kept_count++] = (struct kept){p->disk, p->offset, p->length, p->data};
}

static bool next_piece(struct reader *r, struct piece *p)
{
	while (!r->failed && r->disk < r->disk_count) {
		const struct reader_disk *d = &r->disks[r->disk];
		uint64_t grains = (d->size + d->grain - 1) / d->grain, most = READER_PIECE / d->grain;
		uint64_t first = bits_next(d->todo, r->grain, grains, true), end;

		if (first == grains) {
			r->disk++;
			r->grain = 0;
			continue;
		}
		end = (first / most + 1) * most;
		end = bits_next(d->todo, first, end < grains ? end : grains, false);
		r->grain = end;
		*p = (struct piece){.disk = r->disk, .offset = first * d->grain};
		end *= d->grain;
		p->length = (uint32_t)((end < d->size ? end : d->size) - p->offset);
		find_room(r, p);
		return true;
	}
	return false;
}

static int read_all(const struct reader_disk *d, uint64_t offset, uint8_t *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(d->fd, data + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || n % 512)
			return n < 0 ? errno : EIO;
		done += (size_t)n;
	}
	return 0;
}

static int read_again(const struct reader_disk *d, uint64_t offset, uint8_t *data, size_t size)
{
	int error = 0;

	for (int i = 0; i < TRIES; i++)
		if (!(error = read_all(d, offset, data, size)))
			return 0;
	return error;
}

/* A grain may be read again, in a later round, and may be well then. */
static void note_bad(struct reader *r, unsigned disk, uint64_t offset, uint32_t length, bool bad)
{
	uint32_t grain = r->disks[disk].grain;

	pthread_mutex_lock(&r->lock);
	r->any_bad |= bad;
	if (r->any_bad)
		bits_fill(r->bad[disk], offset / grain, (offset + length + grain - 1) / grain, bad);
	pthread_mutex_unlock(&r->lock);
}

/* What can be read of a piece that cannot be read as a whole; the rest is zeroes. */
static void read_bad(struct reader *r, const struct piece *p, uint8_t *data)
{
	const struct reader_disk *d = &r->disks[p->disk];

	for (uint32_t at = 0; at < p->length; at += d->grain) {
		uint32_t n = p->length - at < d->grain ? p->length - at : d->grain;

		bool bad = read_again(d, p->offset + at, data + at, n) != 0;

		if (bad)
			memset(data + at, 0, n);
		note_bad(r, p->disk, p->offset + at, n, bad);
	}
}

static int read_piece(struct reader *r, const struct piece *p, uint8_t *data, struct nacre_error *e)
{
	const struct reader_disk *d = &r->disks[p->disk];
	int error = read_again(d, p->offset, data, p->length);

	if (!error && r->bad)
		note_bad(r, p->disk, p->offset, p->length, false);
	if (!error)
		return 0;
	if (!r->bad)
		return nacre_error_set(e, NACRE_E_SYSTEM, error, d->path,
				       "cannot be read at byte %" PRIu64 "; --on-read-error zero goes on with zeroes", p->offset);
	read_bad(r, p, data);
	return 0;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

/* Zeroes that are many go as such. */
static int send(struct reader *r, const struct piece *p, const uint8_t *data, struct reader_counts *counts,
		struct nacre_error *e)
{
	const struct nacre_snapshot_sink *sink = &r->sink;
	uint32_t at = 0;

	while (at < p->length) {
		uint32_t end = at, n;
		bool zero = false;

		for (; end < p->length; end += n) {
			bool this;

			n = p->length - end < SKIP ? p->length - end : SKIP;
			this = is_zero(data + end, n);
			if (end > at && this != zero)
				break;
			zero = this;
		}
		n = end - at;
		if (zero ? sink->zero(sink->arg, p->disk, p->offset + at, n, e)
			 : sink->write(sink->arg, p->disk, p->offset + at, data + at, n, e))
			return -1;
		*(zero ? &counts->zeroes : &counts->written) += n;
		at = end;
	}
	return 0;
}

/* Sleep as long as the rate that was asked for has it. Not while something is frozen. */
static void keep_rate(struct reader *r)
{
	double due, ahead;

	if (!r->rate || r->keep)
		return;
	pthread_mutex_lock(&r->lock);
	due = r->began + (double)(r->counts.read - r->began_read) / (double)r->rate;
	pthread_mutex_unlock(&r->lock);
	ahead = due - nacre_now();
	if (ahead > 0)
		nanosleep(&(struct timespec){.tv_sec = (time_t)ahead,
					     .tv_nsec = (long)((ahead - (double)(time_t)ahead) * 1e9)}, NULL);
}

static void do_pieces(struct reader *r, uint8_t *buffer)
{
	struct reader_counts counts = {0};
	struct nacre_error e = {0};
	struct piece p;

	while (next_piece(r, &p)) {
		uint8_t *data = p.data ? p.data : buffer;
		int failed;

		r->counts.read += p.length;
		pthread_mutex_unlock(&r->lock);
		keep_rate(r);
		failed = read_piece(r, &p, data, &e);
		if (!failed && !p.data)
			failed = send(r, &p, data, &counts, &e);
		pthread_mutex_lock(&r->lock);
		if (failed && !r->failed) {
			r->failed = true;
			r->error = e;
		}
	}
	r->counts.written += counts.written;
	r->counts.zeroes += counts.zeroes;
}

struct worker {
	struct reader *reader;
	uint8_t *buffer;
};

static void *work(void *arg)
{
	struct worker w = *(struct worker *)arg;
	struct reader *r = w.reader;
	unsigned seen = 0;

	free(arg);
	pthread_mutex_lock(&r->lock);
	while (!r->end) {
		if (seen == r->job) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		seen = r->job;
		do_pieces(r, w.buffer);
		if (!--r->busy)
			pthread_cond_signal(&r->rest);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void start_threads(struct reader *r)
{
	pthread_attr_t attr;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = malloc(sizeof(*w));

		if (!w)
			break;
		*w = (struct worker){r, r->buffers + (size_t)i * READER_PIECE};
		if (pthread_create(&r->threads[r->thread_count], &attr, work, w)) {
			free(w);
			break;
		}
		r->thread_count++;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void *memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static uint64_t bad_words(const struct reader *r, unsigned disk)
{
	return r->disks[disk].size / r->disks[disk].grain / 64 + 1;
}

static int make_bad(struct reader *r)
{
	r->bad = calloc(r->disk_count, sizeof(*r->bad));
	for (unsigned i = 0; r->bad && i < r->disk_count; i++)
		if (!(r->bad[i] = calloc(bad_words(r, i), sizeof(**r->bad))))
			return -1;
	return r->bad ? 0 : -1;
}

struct reader *reader_open(const struct reader_disk *disks, unsigned count, const struct nacre_snapshot_sink *sink,
			   const struct nacre_snapshot_options *o, struct nacre_error *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	if (r) {
		*r = (struct reader){.disks = disks, .disk_count = count, .sink = *sink,
				     .rate = o->bytes_per_second};
		pthread_mutex_init(&r->lock, NULL);
		pthread_cond_init(&r->work, NULL);
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&r->rest, &attr);
		pthread_condattr_destroy(&attr);
		r->memory = memory(READER_KEEP);
		r->buffers = memory((size_t)WORKERS * READER_PIECE);
		r->kept = memory(READER_KEPT_MAX * sizeof(*r->kept));
		if (r->memory && r->buffers && r->kept && (!o->zero_bad || make_bad(r) == 0))
			start_threads(r);
	}
	if (!r || !r->thread_count) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is not enough to read a disk");
		reader_close(r);
		return NULL;
	}
	return r;
}

static int run(struct reader *r, bool keep, void (*progress)(void *arg, uint64_t bytes), void *arg,
	       struct nacre_error *e)
{
	int failed;

	pthread_mutex_lock(&r->lock);
	r->keep = keep;
	r->failed = false;
	r->disk = 0;
	r->grain = 0;
	r->busy = r->thread_count;
	r->began = keep ? 0 : nacre_now();
	r->began_read = r->counts.read;
	r->job++;
	pthread_cond_broadcast(&r->work);
	while (r->busy) {
		struct timespec until;
		uint64_t done;

		if (!progress) {
			pthread_cond_wait(&r->rest, &r->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += PACE_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&r->rest, &r->lock, &until) != ETIMEDOUT)
			continue;
		done = r->counts.read - r->began_read;
		pthread_mutex_unlock(&r->lock);
		progress(arg, done);
		pthread_mutex_lock(&r->lock);
	}
	failed = r->failed;
	if (failed && e)
		*e = r->error;
	pthread_mutex_unlock(&r->lock);
	return failed ? -1 : 0;
}

int reader_copy(struct reader *r, void (*progress)(void *arg, uint64_t bytes), void *arg, struct nacre_error *e)
{
	return run(r, false, progress, arg, e);
}

int reader_keep(struct reader *r, struct nacre_error *e)
{
	return run(r, true, NULL, NULL, e);
}

int reader_send(struct reader *r, struct nacre_error *e)
{
	for (size_t i = 0; i < r->kept_count; i++) {
		const struct kept *k = &r->kept[i];
		const struct piece p = {.disk = k->disk, .offset = k->offset, .length = k->length};

		if (send(r, &p, k->data, &r->counts, e) < 0)
			return -1;
	}
	r->kept_count = 0;
	r->memory_used = 0;
	return 0;
}

const struct reader_counts *reader_counts(struct reader *r)
{
	r->counts.bad = 0;
	for (unsigned i = 0; r->bad && i < r->disk_count; i++) {
		uint64_t grains = bad_words(r, i) * 64;

		if (!r->counts.bad)
			r->counts.first_bad = bits_next(r->bad[i], 0, grains, true) * r->disks[i].grain;
		r->counts.bad += bits_count(r->bad[i], (size_t)grains / 64);
	}
	return &r->counts;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->end = true;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	for (int i = 0; i < r->thread_count; i++)
		pthread_join(r->threads[i], NULL);
	if (r->memory)
		munmap(r->memory, READER_KEEP);
	if (r->buffers)
		munmap(r->buffers, (size_t)WORKERS * READER_PIECE);
	if (r->kept)
		munmap(r->kept, READER_KEPT_MAX * sizeof(*r->kept));
	for (unsigned i = 0; r->bad && i < r->disk_count; i++)
		free(r->bad[i]);
	free(r->bad);
	pthread_cond_destroy(&r->work);
	pthread_cond_destroy(&r->rest);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
