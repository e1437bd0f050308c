/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c - programs that write to a mounted file system; see load.h */
#include "load.h"

#include "lab.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, FILES = 40, FAST = 50 << 20 };

struct load {
	char directory[128];
	uint64_t rate;
	unsigned blocks; /* of the file that is overwritten */
	pthread_t overwriter, filer, journal;
	atomic_bool end;
	_Atomic uint64_t promised, written, longest_us;
};

static void note_time(struct load *l, double start)
{
	uint64_t us = (uint64_t)((lab_now() - start) * 1e6), was = l->longest_us;

	while (us > was && !atomic_compare_exchange_weak(&l->longest_us, &was, us))
		;
}

static void *overwrite(void *user)
{
	struct load *l = user;
	char path[160], data[BLOCK];
	unsigned seed = 7;
	double began = lab_now();
	uint64_t bytes = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/overwritten", l->directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	while (!l->end && fd >= 0) {
		double start = lab_now(), ahead = began + (double)bytes / (double)l->rate - start;

		if (ahead > 0.001) {
			lab_sleep(1);
			continue;
		}
		memset(data, rand_r(&seed), sizeof(data));
		if (pwrite(fd, data, sizeof(data), (off_t)((unsigned)rand_r(&seed) % l->blocks) * BLOCK) == sizeof(data))
			bytes += sizeof(data);
		note_time(l, start);
		l->written = bytes;
	}
	close(fd);
	return NULL;
}

static void *file(void *user)
{
	struct load *l = user;
	char path[160], data[5000];
	unsigned seed = 9;
	int orphan;

	snprintf(path, sizeof(path), "%s/orphan", l->directory);
	orphan = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unlink(path);
	for (unsigned n = 0; !l->end; n++) {
		int fd;

		snprintf(path, sizeof(path), "%s/file%u", l->directory, (unsigned)rand_r(&seed) % FILES);
		if (n % 3 == 2) {
			unlink(path);
		} else if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) >= 0) {
			memset(data, (int)n, sizeof(data));
			if (write(fd, data, sizeof(data)) < 0 || (n % 7 == 0 && posix_fallocate(fd, 0, 256 << 10)))
				lab_sleep(1); /* full: something goes soon */
			close(fd);
		}
		if (orphan >= 0 && write(orphan, data, 512) < 0)
			lab_sleep(1);
		lab_sleep(2);
	}
	close(orphan);
	return NULL;
}

static void *journal(void *user)
{
	struct load *l = user;
	char path[160], line[32];
	int fd;

	snprintf(path, sizeof(path), "%s/journal", l->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (uint64_t n = 1; !l->end; n++) {
		int length = snprintf(line, sizeof(line), "%llu\n", (unsigned long long)n);

		if (write(fd, line, (size_t)length) != length || fdatasync(fd))
			break;
		l->promised = n;
		lab_sleep(1);
	}
	close(fd);
	return NULL;
}

struct load *load_start(const char *directory, uint64_t rate)
{
	struct load *l = calloc(1, sizeof(*l));
	char path[160];
	int fd;

	if (!l)
		abort();
	snprintf(l->directory, sizeof(l->directory), "%s", directory);
	l->rate = rate;
	l->blocks = rate > FAST ? 20480 : 8192;
	snprintf(path, sizeof(path), "%s/overwritten", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < l->blocks; i++) {
		char data[BLOCK];

		memset(data, (int)i, sizeof(data));
		if (write(fd, data, sizeof(data)) != sizeof(data))
			abort();
	}
	fsync(fd);
	close(fd);
	pthread_create(&l->overwriter, NULL, overwrite, l);
	pthread_create(&l->filer, NULL, file, l);
	pthread_create(&l->journal, NULL, journal, l);
	return l;
}

uint64_t load_promised(const struct load *l)
{
	return l->promised;
}

double load_longest(const struct load *l)
{
	return (double)l->longest_us / 1000;
}

uint64_t load_written(const struct load *l)
{
	return l->written;
}

void load_stop(struct load *l)
{
	l->end = true;
	pthread_join(l->overwriter, NULL);
	pthread_join(l->filer, NULL);
	pthread_join(l->journal, NULL);
	free(l);
}

bool load_check(const char *directory, uint64_t promised)
{
	char path[160], line[32];
	uint64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/journal", directory);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && strchr(line, '\n') && strtoull(line, NULL, 10) == n + 1)
		n++;
	if (f)
		fclose(f);
	if (n < promised)
		printf("# %llu lines of %llu\n", (unsigned long long)n, (unsigned long long)promised);
	return n >= promised;
}
