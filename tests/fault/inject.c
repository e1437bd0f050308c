/* SPDX-License-Identifier: BSD-2-Clause */
/* inject.c - faults from outside: signals, flipped bits in the extension's memory, corrupted channels */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t draw(uint64_t *seed)
{
	/* splitmix64: any seed will do, also one that differs by 1 */
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool is_named(pid_t pid, const char *wanted)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && !fgets(name, sizeof(name), f))
		*name = 0;
	if (f)
		fclose(f);
	return !strncmp(name, wanted, strlen(wanted));
}

/* One of the registration's processes: any but the keeper, or any at all. Return: 0 for none */
static pid_t draw_process(const struct place *p, uint64_t *seed, bool keeper_too)
{
	pid_t pids[PLACE_PIDS];
	int n = place_processes(p, pids), kept = 0;

	for (int i = 0; i < n; i++)
		if (keeper_too || !is_named(pids[i], "nacre-keeper"))
			pids[kept++] = pids[i];
	return kept ? pids[draw(seed) % (unsigned)kept] : 0;
}

static bool inject_signal(const struct place *p, pid_t host, uint64_t *seed, int sig)
{
	/* A stopped keeper could do nothing when the host ends; only who may do that anyway can stop it. */
	pid_t pid = draw_process(p, seed, sig != SIGSTOP);
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	bool done = fd >= 0 && syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0;

	(void)host;
	if (fd >= 0)
		close(fd);
	return done;
}

enum area { CODE = 1, DATA = 2, HEAP = 4 };

/** struct region - a piece of a process' memory */
struct region {
	uint64_t start, end;
};

static bool is_extension(const char *path)
{
	return strstr(path, "softhsm") || strstr(path, "libcrypto") || strstr(path, "libstdc++");
}

static bool draw_region(pid_t pid, int areas, uint64_t *seed, struct region *r)
{
	char path[64], line[512], rights[8];
	unsigned long long start, end;
	struct region found[64];
	int n = 0, at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	while (f && n < 64 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %7s %*s %*s %*s%n", &start, &end, rights, &at) < 3)
			continue;
		if ((areas & CODE && rights[2] == 'x' && is_extension(line + at)) ||
		    (areas & DATA && rights[1] == 'w' && is_extension(line + at)) ||
		    (areas & HEAP && strstr(line + at, "[heap]")))
			found[n++] = (struct region){start, end};
	}
	if (f)
		fclose(f);
	if (n)
		*r = found[draw(seed) % (unsigned)n];
	return n > 0;
}

static bool flip(int mem, const struct region *r, uint64_t *seed)
{
	off_t at = (off_t)(r->start + draw(seed) % (r->end - r->start));
	uint8_t byte;

	if (pread(mem, &byte, 1, at) != 1)
		return false;
	byte ^= (uint8_t)(1u << draw(seed) % 8);
	return pwrite(mem, &byte, 1, at) == 1;
}

static bool flip_bits(const struct place *p, uint64_t *seed, int areas, int bits)
{
	pid_t pid = draw_process(p, seed, false);
	struct region region;
	char path[64];
	int mem, flipped = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = pid ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (mem < 0)
		return false;
	for (int i = 0; i < bits; i++)
		flipped += draw_region(pid, areas, seed, &region) && flip(mem, &region, seed);
	close(mem);
	return flipped > 0;
}

static bool inject_code(const struct place *p, pid_t host, uint64_t *seed, int bits)
{
	(void)host;
	return flip_bits(p, seed, CODE, bits);
}

static bool inject_data(const struct place *p, pid_t host, uint64_t *seed, int bits)
{
	(void)host;
	return flip_bits(p, seed, DATA | HEAP, bits);
}

/* One of the channels that the host has open. Return: -1 for none */
static int open_channel(pid_t host, uint64_t *seed)
{
	char path[320], link[256];
	int fds[64], n = 0, fd;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)host);
	dir = opendir(path);
	for (struct dirent *d; dir && n < 64 && (d = readdir(dir));) {
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)host, d->d_name);
		size = readlink(path, link, sizeof(link) - 1);
		if (size <= 0)
			continue;
		link[size] = 0;
		if (strstr(link, "memfd:nacre-channel"))
			fds[n++] = atoi(d->d_name);
	}
	if (dir)
		closedir(dir);
	if (!n)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)host, fds[draw(seed) % (unsigned)n]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd;
}

enum { PAGE = 4096, CONTROL = 1024, ARENA = 1024 };

static bool write_word(int fd, off_t from, unsigned size, uint64_t *seed)
{
	uint64_t value = draw(seed);

	if (value % 3 == 0)
		value = value % 2 ? UINT64_MAX : value % 128;
	return pwrite(fd, &value, 8, from + (off_t)(draw(seed) % (size / 8) * 8)) == 8;
}

static bool inject_control(const struct place *p, pid_t host, uint64_t *seed, int words)
{
	int fd = open_channel(host, seed);
	bool done = fd >= 0;

	(void)p;
	for (int i = 0; i < words && done; i++)
		done = write_word(fd, 0, CONTROL, seed);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Without a pause, for a while: from @from on, so that it hits what is being written and read. */
static bool storm(pid_t host, uint64_t *seed, int ms, off_t from, unsigned size)
{
	int fd = open_channel(host, seed);
	double until = now_ms() + ms;
	bool done = fd >= 0;

	while (done && now_ms() < until)
		done = write_word(fd, from, size, seed);
	if (fd >= 0)
		close(fd);
	return done;
}

static bool inject_arena(const struct place *p, pid_t host, uint64_t *seed, int ms)
{
	(void)p;
	return storm(host, seed, ms, PAGE, ARENA);
}

static bool inject_all(const struct place *p, pid_t host, uint64_t *seed, int ms)
{
	(void)p;
	return storm(host, seed, ms, 0, PAGE + ARENA);
}

bool inject_possible(const char **why)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	if (mem < 0) {
		*why = "/proc/PID/mem cannot be written here";
		return false;
	}
	close(mem);
	return true;
}

const struct fault_kind fault_kinds[] = {
	{"SIGSEGV", inject_signal, SIGSEGV},
	{"SIGBUS", inject_signal, SIGBUS},
	{"SIGILL", inject_signal, SIGILL},
	{"SIGFPE", inject_signal, SIGFPE},
	{"SIGABRT", inject_signal, SIGABRT},
	{"SIGKILL", inject_signal, SIGKILL},
	{"SIGSTOP", inject_signal, SIGSTOP},
	{"SIGTERM", inject_signal, SIGTERM},
	{"a bit of code", inject_code, 1},
	{"1000 bits of code", inject_code, 1000},
	{"a bit of data", inject_data, 1},
	{"1000 bits of data", inject_data, 1000},
	{"control words", inject_control, 24},
	{"a storm on arena", inject_arena, 20},
	{"a storm on channel", inject_all, 20},
	{NULL, NULL, 0}};
