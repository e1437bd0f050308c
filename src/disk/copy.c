/* SPDX-License-Identifier: BSD-2-Clause */
/* copy.c - what is used of one image goes into another
 *
 * A few threads take pieces of the extents in the order of the disk, each with a buffer of its own: while
 * one waits for the target, the others read. Pieces do not cross a multiple of PIECE, so no two threads
 * write the same block of a VHD.
 *
 * The target is written past the page cache (image->direct) where it lets us: what was copied is on the
 * disk when nacre_image_finish() asks, one copy of every byte is saved, and the host keeps its cache for
 * better things. The source is read through the cache, where a part of it may be, but without reading ahead:
 * what is not used may be unreadable, and is not wanted.
 *
 * An error stops all: a worker looks for it between two pieces. Pieces begin in the order of the disk, so the
 * error that is reported, the first one by place, is always the same.
 */
#include "disk/copy.h"

#include "base/extents.h"
#include "disk/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	WORKERS = 4,
	PIECE = NACRE_DISK_COPY_MEMORY / WORKERS,
	BUFFER = PIECE + NACRE_FILE_BLOCK, /* data lies in it as aligned as it does on the disk */
	GRAIN = 4096,          /* zeroes are looked for in these */
	SKIP = 64 << 10,       /* fewer zeroes between data are written with it */
	PACE = 100 * 1000 * 1000 /* nanoseconds between two calls of progress */
};

struct job {
	struct nacre_image *from, *to;
	const struct nacre_extents *what;
	uint32_t tag;
	pthread_mutex_t lock;
	pthread_cond_t ended;   /* a worker did */
	size_t extent;          /* the next piece begins here, */
	uint64_t offset;        /* at this byte or the extent's first */
	uint64_t done;
	int running;
	bool failed;
	struct nacre_disk_copied counts;
	uint64_t failed_at;     /* the first piece on the disk that failed has the say */
	struct nacre_error error;
};

struct worker {
	struct job *job;
	pthread_t thread;
	uint8_t *buffer;
	struct nacre_disk_copied counts;
	struct nacre_error error;
};

static bool is_zero(const uint8_t *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

/* The next piece, or false: there is none, or nothing more is to be done. @done: bytes of the last one */
static bool next_piece(struct job *job, uint64_t done, uint64_t *start, uint64_t *length)
{
	bool found = false;

	pthread_mutex_lock(&job->lock);
	job->done += done;
	while (!found && !job->failed && job->extent < job->what->count) {
		const struct nacre_extent *extent = &job->what->list[job->extent];
		uint64_t end = extent->start + extent->length;

		end = end < job->from->size ? end : job->from->size;
		*start = extent->start > job->offset ? extent->start : job->offset;
		if (extent->tag != job->tag || *start >= end) {
			job->extent++;
			continue;
		}
		*length = PIECE - *start % PIECE;
		*length = *length < end - *start ? *length : end - *start;
		job->offset = *start + *length;
		found = true;
	}
	pthread_mutex_unlock(&job->lock);
	return found;
}

/* [start, end) of the target is to be zero: nothing is to be done where it has no data. */
static int put_zeroes(struct worker *w, uint64_t start, uint64_t end)
{
	static const uint8_t zeroes[SKIP] __attribute__((aligned(NACRE_FILE_BLOCK)));
	struct nacre_image *to = w->job->to;
	uint64_t at = start;

	while (at < end) {
		uint64_t data, length;

		if (nacre_image_data(to, at, &data, &length, &w->error))
			return -1;
		if (!length || data >= end) {
			w->counts.zeroes += end - at;
			return 0;
		}
		w->counts.zeroes += data - at;
		length = length < end - data ? length : end - data;
		for (at = data; at < data + length;) {
			uint64_t left = data + length - at;
			size_t n = left < sizeof(zeroes) ? (size_t)left : sizeof(zeroes);

			if (nacre_image_write(to, at, zeroes, n, &w->error))
				return -1;
			w->counts.written += n;
			at += n;
		}
	}
	return 0;
}

static int put_data(struct worker *w, uint64_t offset, const uint8_t *data, size_t size)
{
	w->counts.written += size;
	return size ? nacre_image_write(w->job->to, offset, data, size, &w->error) : 0;
}

/* The end of the run of grains that are zero, or are not, from @at on; grains are those of the disk. */
static size_t run_end(const uint8_t *data, uint64_t offset, size_t at, size_t size, bool *zero)
{
	size_t end = at, last;
	bool first = true, now;

	for (last = at; end < size; last = end) {
		size_t n = GRAIN - (size_t)((offset + end) % GRAIN);

		n = n < size - end ? n : size - end;
		now = is_zero(data + end, n);
		if (first)
			*zero = now;
		else if (now != *zero)
			return last;
		first = false;
		end += n;
	}
	return end;
}

/* Data is written in long runs; zeroes that are many, or lie at an end of the piece, are not. */
static int put(struct worker *w, uint64_t offset, const uint8_t *data, size_t size)
{
	size_t from = 0, at = 0;

	while (at < size) {
		bool zero = false;
		size_t end = run_end(data, offset, at, size, &zero);

		if (zero && (end - at >= SKIP || at == 0 || end == size)) {
			if (put_data(w, offset + from, data + from, at - from) ||
			    put_zeroes(w, offset + at, offset + end))
				return -1;
			from = end;
		}
		at = end;
	}
	return put_data(w, offset + from, data + from, size - from);
}

static int copy_piece(struct worker *w, uint64_t start, uint64_t length)
{
	struct nacre_image *from = w->job->from;
	uint64_t end = start + length, data, n;

	while (start < end) {
		uint8_t *buffer;

		if (nacre_image_data(from, start, &data, &n, &w->error))
			return -1;
		if (!n || data >= end)
			return put_zeroes(w, start, end);
		n = n < end - data ? n : end - data;
		if (put_zeroes(w, start, data))
			return -1;
		buffer = w->buffer + data % NACRE_FILE_BLOCK;
		if (nacre_image_read(from, data, buffer, (size_t)n, &w->error)) {
			nacre_error_add(&w->error, "reading the disk from byte %" PRIu64 " on", data);
			return -1;
		}
		w->counts.read += n;
		if (put(w, data, buffer, (size_t)n))
			return -1;
		start = data + n;
	}
	return 0;
}

static void *work(void *user)
{
	struct worker *w = user;
	struct job *job = w->job;
	uint64_t start = 0, length = 0;
	bool failed = false;

	while (!failed && next_piece(job, length, &start, &length))
		failed = copy_piece(w, start, length) != 0;
	pthread_mutex_lock(&job->lock);
	job->counts.read += w->counts.read;
	job->counts.written += w->counts.written;
	job->counts.zeroes += w->counts.zeroes;
	if (failed && (!job->failed || start < job->failed_at)) {
		job->error = w->error;
		job->failed_at = start;
	}
	job->failed |= failed;
	job->running--;
	pthread_cond_signal(&job->ended);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

/* Until all workers have ended; what they have done is told. */
static void watch(struct job *job, nacre_disk_progress progress, void *user, uint64_t total)
{
	pthread_mutex_lock(&job->lock);
	while (job->running) {
		struct timespec until;
		uint64_t done = job->done;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += PACE;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&job->ended, &job->lock, &until) != ETIMEDOUT || !progress)
			continue;
		pthread_mutex_unlock(&job->lock);
		if (progress(user, done, total)) {
			pthread_mutex_lock(&job->lock);
			if (!job->failed)
				nacre_error_set(&job->error, NACRE_E_FAILED, 0, nacre_file_where(job->to),
						"was stopped after %" PRIu64 " of %" PRIu64 " bytes", done, total);
			job->failed = true;
		} else {
			pthread_mutex_lock(&job->lock);
		}
	}
	pthread_mutex_unlock(&job->lock);
}

/* As many workers as can be had; 0 is a failure. Signals stay with the caller's threads. */
static int start_workers(struct job *job, struct worker *workers, uint8_t *buffer)
{
	sigset_t all, old;
	int count = 0, error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&job->lock);
	for (; count < WORKERS && !error; count += !error) {
		workers[count] = (struct worker){.job = job, .buffer = buffer + (size_t)count * BUFFER};
		error = pthread_create(&workers[count].thread, NULL, work, &workers[count]);
	}
	job->running = count;
	pthread_mutex_unlock(&job->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!count)
		nacre_error_set(&job->error, NACRE_E_SYSTEM, error, nacre_file_where(job->to),
				"no thread can be started to copy");
	return count;
}

static int run(struct job *job, nacre_disk_progress progress, void *user, uint64_t total)
{
	struct worker workers[WORKERS] = {0};
	pthread_condattr_t attr;
	void *buffer;
	int count;

	if (posix_memalign(&buffer, NACRE_FILE_BLOCK, (size_t)WORKERS * BUFFER))
		return nacre_error_set(&job->error, NACRE_E_SYSTEM, ENOMEM, nacre_file_where(job->to),
				       "there is no memory for buffers");
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attr);
	pthread_condattr_destroy(&attr);
	count = start_workers(job, workers, buffer);
	watch(job, progress, user, total);
	for (int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(buffer);
	return count && !job->failed ? 0 : -1;
}

/* Bytes to be copied; 0 with *fits false: the target is too small for them. */
static uint64_t measure(const struct job *job, bool *fits)
{
	uint64_t total = 0;

	*fits = true;
	for (size_t i = 0; i < job->what->count; i++) {
		const struct nacre_extent *extent = &job->what->list[i];
		uint64_t end = extent->start + extent->length;

		end = end < job->from->size ? end : job->from->size;
		if (extent->tag != job->tag || extent->start >= end)
			continue;
		*fits &= end <= job->to->size;
		total += end - extent->start;
	}
	return total;
}

int nacre_disk_copy(struct nacre_image *from, struct nacre_image *to, const struct nacre_extents *what,
		    uint32_t tag, nacre_disk_progress progress, void *user,
		    struct nacre_disk_copied *counts, struct nacre_error *e)
{
	struct job job = {.from = from, .to = to, .what = what, .tag = tag};
	uint64_t total;
	bool fits;
	int status;

	total = measure(&job, &fits);
	if (!fits)
		return nacre_error_set(e, NACRE_E_USAGE, 0, nacre_file_where(to),
				       "is smaller (%" PRIu64 " bytes) than what is to be copied", to->size);
	nacre_image_direct(to, true);
	posix_fadvise(from->fd, 0, 0, POSIX_FADV_RANDOM);
	status = run(&job, progress, user, total);
	posix_fadvise(from->fd, 0, 0, POSIX_FADV_NORMAL);
	nacre_image_direct(to, false);
	if (counts)
		*counts = job.counts;
	if (status && e)
		*e = job.error;
	if (!status && progress && progress(user, total, total))
		return nacre_error_set(e, NACRE_E_FAILED, 0, nacre_file_where(to), "was stopped at its end");
	return status;
}
