/* SPDX-License-Identifier: BSD-2-Clause */
/* scribble.c - play a lying virtual process: write nonsense over every channel of a host
 *
 *	demo-scribble PID SECONDS
 *
 * The channels are the host's own descriptors named "memfd:nacre-channel". The stub's line and the
 * arena are filled with pseudo-random bytes, over and over; the host's own line as well.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, SPAN = PAGE + 65536, CHANNELS = 16 };

static int find_channels(const char *pid, uint8_t **maps)
{
	char path[300], link[300];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && count < CHANNELS && (entry = readdir(dir))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, entry->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = 0;
		if (!strstr(link, "nacre-channel"))
			continue;
		fd = open(path, O_RDWR);
		maps[count] = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (maps[count] != MAP_FAILED)
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	uint8_t *maps[CHANNELS];
	uint64_t x = 88172645463325252u;
	time_t end;
	int count;

	if (argc != 3)
		return 2;
	end = time(NULL) + atoi(argv[2]);
	count = find_channels(argv[1], maps);
	if (!count)
		return 1;
	while (time(NULL) < end)
		for (int i = 0; i < count * 64; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(maps[i % count] + 128 + x % 7 * 8, &x, 8);
			memcpy(maps[i % count] + PAGE + x % 65000, &x, 8);
		}
	return 0;
}
