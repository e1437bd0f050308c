/* SPDX-License-Identifier: BSD-2-Clause */
/* faults.c - the virtual process is killed, stopped, forked away from; only behind a proxy
 *
 * A host knows nothing of virtual processes. This one plays the accident as well: the proxy holds a
 * pidfd of each virtual process, and /proc says whose.
 */
#include "host.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 100000 };

static uint8_t plain[SIZE], packed[2 * SIZE];

static int pid_behind(const char *fd)
{
	char path[300], line[100];
	int pid = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", fd);
	info = fopen(path, "r");
	while (info && fgets(line, sizeof(line), info))
		sscanf(line, "Pid: %d", &pid);
	if (info)
		fclose(info);
	return pid == getpid() ? 0 : pid; /* the proxy has one of the host too, for a moment */
}

/* Is each thread of @pid stopped or dead? A thread that is neither may still answer one more call. */
static bool is_still(int pid)
{
	char path[300], state;
	struct dirent *entry;
	bool still = true;
	FILE *stat;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, entry->d_name);
		stat = fopen(path, "r");
		if (!stat)
			continue;
		if (fscanf(stat, "%*d %*s %c", &state) == 1 && !strchr("TZX", state))
			still = false;
		fclose(stat);
	}
	if (dir)
		closedir(dir);
	return still;
}

static void nap(int ms)
{
	struct timespec pause = {0, ms * 1000000L};

	nanosleep(&pause, NULL);
}

/* Send @signal to all virtual processes. Return: how many there are */
static int strike(int signal)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *entry;
	int count = 0, pid;

	while (dir && (entry = readdir(dir))) {
		pid = pid_behind(entry->d_name);
		if (pid > 0 && !kill(pid, signal))
			count++;
		for (int i = 0; pid > 0 && signal && i < 5000 && !is_still(pid); i++)
			nap(1);
	}
	if (dir)
		closedir(dir);
	return count;
}

static void begin(z_stream *s)
{
	memset(s, 0, sizeof(*s));
	printf("begun: %d\n", deflateInit(s, 6));
	s->next_in = plain;
	s->avail_in = SIZE;
	s->next_out = packed;
	s->avail_out = sizeof(packed);
}

/* What depends on nothing but its arguments is asked again, and nobody notices. */
static void pure(void)
{
	uLong sum = crc32(0, plain, SIZE), other = adler32(1, plain, SIZE);
	uLongf size = sizeof(packed), again = SIZE;
	static uint8_t back[SIZE];
	int right = 0;

	for (int i = 0; i < 10; i++) {
		strike(SIGKILL);
		right += crc32(0, plain, SIZE) == sum;
		strike(SIGKILL);
		right += adler32(1, plain, SIZE) == other;
	}
	printf("%d of 20 sums right after a kill\n", right);
	strike(SIGKILL);
	printf("version after a kill: %s\n", zlibVersion());
	strike(SIGKILL);
	printf("compress after a kill: %d", compress(packed, &size, plain, SIZE));
	strike(SIGKILL);
	printf(", uncompress after another: %d", uncompress(back, &again, packed, size));
	printf(", %s\n", memcmp(plain, back, SIZE) ? "others" : "the same");
}

static void stale(void)
{
	z_stream s, other = {0};
	int result;

	begin(&s);
	printf("in use: %d\n", deflate(&s, Z_NO_FLUSH));
	strike(SIGKILL);
	printf("after a kill: %d %d\n", deflate(&s, Z_FINISH), deflate(&s, Z_FINISH));
	printf("%s\n", s.next_in == plain + SIZE && s.avail_in == 0 ? "nothing moved" : "it moved");
	printf("reset %d, end %d\n", deflateReset(&s), deflateEnd(&s));
	printf("another: %d", inflateInit(&other));
	printf(", ended %d\n", inflateEnd(&other));
	begin(&s);
	result = deflate(&s, Z_FINISH);
	printf("works again: %d, %lu", result, s.total_in);
	printf(", ended %d\n", deflateEnd(&s));
}

static void never_begun(void)
{
	z_stream s;

	memset(&s, 0xa5, sizeof(s));
	s.next_in = plain;
	s.avail_in = 10;
	s.next_out = packed;
	s.avail_out = 10;
	printf("never begun: %d %d %d %d\n", deflate(&s, 0), inflate(&s, 0), deflateEnd(&s), inflateEnd(&s));
}

static void stopped(void)
{
	struct timespec from, to;
	z_stream s;
	int result;

	begin(&s);
	strike(SIGSTOP);
	clock_gettime(CLOCK_MONOTONIC, &from);
	result = deflate(&s, Z_FINISH);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("stopped: %d, %s\n", result,
	       to.tv_sec - from.tv_sec < 3 ? "at its deadline" : "after its deadline");
	printf("ended %d, %s\n", deflateEnd(&s),
	       crc32(0, (const Bytef *)"nacre", 5) == 0x9fa558d ? "sums are right" : "sums are wrong");
}

/* The child has the stream's handle, but not the virtual process that it belongs to. */
static void forked(void)
{
	uLong sum = crc32(0, plain, SIZE);
	z_stream s;
	int result;

	begin(&s);
	fflush(stdout);
	if (fork() == 0) {
		result = deflate(&s, Z_FINISH);
		_exit(result == Z_STREAM_ERROR && crc32(0, plain, SIZE) == sum ? 0 : 1);
	}
	wait(&result);
	printf("the child: %s\n", result ? "is wrong" : "is told, and computes");
	result = deflate(&s, Z_FINISH);
	printf("its parent goes on: %d, %lu", result, s.total_in);
	printf(", ended %d\n", deflateEnd(&s));
}

static atomic_int wrong, served, failed;
static atomic_bool over;

/* Results are right or declared failures, never anything else. */
static void *work(void *arg)
{
	uint8_t *to = room(2 * SIZE), *back = room(SIZE);
	uLongf size, again;
	z_stream s;
	int result;

	(void)arg;
	while (!atomic_load(&over)) {
		size = 2 * SIZE;
		again = SIZE;
		result = compress(to, &size, plain, SIZE);
		if (result == Z_OK)
			result = uncompress(back, &again, to, size);
		if (result == Z_OK ? memcmp(back, plain, SIZE) != 0 : result != Z_MEM_ERROR)
			atomic_fetch_add(&wrong, 1);
		memset(&s, 0, sizeof(s));
		if (result == Z_OK && inflateInit(&s) == Z_OK) {
			s.next_in = to;
			s.avail_in = (uInt)size;
			s.next_out = back;
			s.avail_out = SIZE;
			result = inflate(&s, Z_FINISH);
			if (result != Z_STREAM_END && result != Z_STREAM_ERROR)
				atomic_fetch_add(&wrong, 1);
			inflateEnd(&s);
		}
		atomic_fetch_add(result == Z_STREAM_END ? &served : &failed, 1);
	}
	free(to);
	free(back);
	return NULL;
}

static void under_fire(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	/* Forty times as fast as it can be bad; then in peace enough for a slow machine to serve. */
	for (int i = 0; i < 40 || (i < 340 && served <= 20); i++) {
		nap(i < 40 ? 30 : 200);
		strike(SIGKILL);
	}
	nap(30);
	atomic_store(&over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	fprintf(stderr, "%d served, %d failed\n", served, failed);
	printf("under fire: %s, %d wrong\n", served > 20 ? "served" : "hardly served", wrong);
}

void show_faults(void)
{
	fill(plain, SIZE, 6);
	printf("%s\n", crc32(0, plain, 1) && strike(0) ? "behind a proxy" : "no proxy");
	pure();
	stale();
	never_begun();
	stopped();
	forked();
	under_fire();
}
