/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c - several threads at once, and a stream that goes from one to the other */
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 40, SIZE = 150000 };

struct job {
	pthread_t thread;
	uint32_t number;
	uint64_t sum;
	int wrong;
};

static void whole(struct job *job, uint8_t *plain, uint8_t *packed, uint8_t *again, size_t size)
{
	uLongf packed_size = compressBound(size), again_size = size;

	fill(plain, size, job->number);
	job->wrong += compress2(packed, &packed_size, plain, size, (int)(job->number % 9)) != Z_OK;
	job->sum = job->sum * 31 + digest(packed, packed_size);
	job->wrong += uncompress(again, &again_size, packed, packed_size) != Z_OK;
	job->wrong += memcmp(plain, again, size) != 0;
	job->sum += crc32(0, plain, (uInt)size) + adler32(1, packed, (uInt)packed_size);
}

static void stream(struct job *job, uint8_t *plain, uint8_t *packed)
{
	z_stream s = {0};

	job->wrong += deflateInit(&s, 6) != Z_OK;
	s.next_out = packed;
	s.avail_out = 2 * SIZE;
	for (int i = 0; i < 10; i++) {
		s.next_in = plain + i * (SIZE / 10);
		s.avail_in = SIZE / 10;
		job->wrong += deflate(&s, i == 9 ? Z_FINISH : Z_NO_FLUSH) < 0;
	}
	job->sum = job->sum * 31 + digest(packed, s.total_out);
	job->wrong += deflateEnd(&s) != Z_OK;
}

static void *work(void *arg)
{
	uint8_t *plain = room(SIZE), *packed = room(2 * SIZE), *again = room(SIZE);
	struct job *job = arg;

	for (size_t i = 0; i < ROUNDS; i++) {
		whole(job, plain, packed, again, SIZE >> i % 16);
		stream(job, plain, packed);
	}
	free(plain);
	free(packed);
	free(again);
	return NULL;
}

static uint8_t one[SIZE], other[2 * SIZE];

static void *finish(void *arg)
{
	z_stream *s = arg;

	show("finished elsewhere", deflate(s, Z_FINISH), s);
	return NULL;
}

static void handed_on(void)
{
	pthread_t thread;
	z_stream s = {0};

	fill(one, SIZE, 2);
	deflateInit(&s, 6);
	s.next_in = one;
	s.avail_in = SIZE;
	s.next_out = other;
	s.avail_out = 2 * SIZE;
	show("begun here", deflate(&s, Z_NO_FLUSH), &s);
	pthread_create(&thread, NULL, finish, &s);
	pthread_join(thread, NULL);
	printf("%lx, ended here: %d\n", digest(other, s.total_out), deflateEnd(&s));
}

void show_threads(void)
{
	static struct job jobs[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		jobs[i].number = i;
		pthread_create(&jobs[i].thread, NULL, work, &jobs[i]);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(jobs[i].thread, NULL);
		printf("thread %u: %lx, %d wrong\n", i, jobs[i].sum, jobs[i].wrong);
	}
	handed_on();
}
