/* SPDX-License-Identifier: BSD-2-Clause */
/* test_channel.c - both ends of a channel, the stub's in a process of its own */
#include "extension/channel/channel.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYE = 99 };

/* The stub's end: sends every message back, with its op + 1; for kind BYE it ends. */
static void echo(int fd)
{
	struct nacre_map map;
	struct nacre_heard heard;
	struct nacre_reader in;
	struct nacre_writer w;

	if (nacre_map_attach(&map, fd, NULL) < 0)
		_exit(1);
	nacre_map_send(&map, NULL, NACRE_KIND_HELLO, 0, 0);
	for (;;) {
		while (!nacre_map_spin(&map, 1000, NULL))
			nacre_map_sleep(&map, 0);
		if (nacre_map_receive(&map, &heard, &in) < 0 || heard.kind == BYE)
			break;
		nacre_map_write(&map, &w);
		if (nacre_writer_room(&w, (size_t)(in.end - in.at)))
			memcpy(w.at, in.at, (size_t)(in.end - in.at));
		w.at += in.end - in.at;
		nacre_map_send(&map, &w, NACRE_KIND_RETURN, heard.op + 1, heard.sys);
		nacre_map_release(&map);
	}
	pthread_mutex_unlock(&map.page->life);
	nacre_map_close(&map);
}

/* In a process of its own, as in life. The child keeps the channel's file, not its mapping. */
static pid_t echo_process(const struct nacre_map *map)
{
	pid_t pid = fork();

	if (pid == 0) {
		echo(map->fd);
		_exit(0);
	}
	return pid;
}

static bool await(struct nacre_map *map)
{
	uint64_t until = nacre_clock() + 5000000000u;

	while (!nacre_map_ready(map) && nacre_clock() < until)
		nacre_map_sleep(map, until);
	return nacre_map_ready(map);
}

static bool exchange(struct nacre_map *map, const uint8_t *data, size_t size, uint32_t op)
{
	struct nacre_heard heard;
	struct nacre_reader in;
	struct nacre_writer w;
	bool same;

	nacre_map_write(map, &w);
	if (!nacre_writer_room(&w, size))
		return false;
	memcpy(w.at, data, size);
	w.at += size;
	nacre_map_send(map, &w, NACRE_KIND_CALL, op, -7);
	if (!await(map) || nacre_map_receive(map, &heard, &in) < 0)
		return false;
	same = (size_t)(in.end - in.at) == size && !memcmp(in.at, data, size) && heard.op == op + 1 &&
	       heard.sys == -7 && heard.kind == NACRE_KIND_RETURN;
	nacre_map_release(map);
	return same;
}

static bool greet(struct nacre_map *map)
{
	struct nacre_heard heard;
	struct nacre_reader in;

	if (!await(map) || nacre_map_receive(map, &heard, &in) < 0)
		return false;
	nacre_map_release(map);
	return heard.kind == NACRE_KIND_HELLO && nacre_map_watch(map) == 0;
}

static void test_sizes(void)
{
	static const size_t sizes[] = {0, 8, 40, 48, 4096, NACRE_ARENA_FIRST, NACRE_ARENA_FIRST + 8,
				       3 << 20, 16};
	static uint8_t data[3 << 20];
	struct nacre_map map;
	pid_t stub;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
	tap_ok(nacre_map_create(&map, NULL) == 0, "a channel can be created");
	stub = echo_process(&map);
	tap_ok(greet(&map), "the stub's end says hello and holds the life word");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		tap_ok(exchange(&map, data, sizes[i], (uint32_t)i), "%zu bytes come back unchanged", sizes[i]);
	bool all = true;

	for (uint32_t i = 0; i < 20000 && all; i++)
		all = exchange(&map, (uint8_t *)&i, 4, i);
	tap_ok(all, "20000 short messages come back in order");
	nacre_map_send(&map, NULL, BYE, 0, 0);
	waitpid(stub, NULL, 0);
	tap_ok(!nacre_map_alive(&map), "the life word tells that the stub's end is gone");
	nacre_map_close(&map);
}

/* The life word has to hold for as long as the channel, also where large messages made it larger. */
static void test_death(size_t size)
{
	struct nacre_map map;
	uint8_t *data = calloc(1, size);
	uint64_t start;
	pid_t pid;

	nacre_map_create(&map, NULL);
	pid = echo_process(&map);
	tap_ok(greet(&map), "a stub in another process says hello");
	tap_ok(data && exchange(&map, data, size, 1), "it has %zu bytes sent to it", size);
	kill(pid, SIGKILL);
	start = nacre_clock();
	enum nacre_wait wait = nacre_map_sleep(&map, start + 5000000000u);
	while (wait == NACRE_WAIT_TIMEOUT && nacre_clock() < start + 5000000000u)
		wait = nacre_map_sleep(&map, start + 5000000000u);
	tap_ok(wait == NACRE_WAIT_DEATH, "a kill is seen as a death");
	tap_ok(nacre_clock() - start < 100000000u, "it is seen within 100 ms, not at a deadline");
	waitpid(pid, NULL, 0);
	nacre_map_close(&map);
	free(data);
}

static void test_deadline(void)
{
	struct nacre_map map;
	uint64_t start, took;

	nacre_map_create(&map, NULL);
	start = nacre_clock();
	tap_ok(nacre_map_sleep(&map, start + 20000000) == NACRE_WAIT_TIMEOUT, "a sleep ends at its deadline");
	took = nacre_clock() - start;
	tap_ok(took >= 1000000 && took < 1000000000, "and not much earlier or later");
	nacre_map_close(&map);
}

static void test_hostile_end(void)
{
	struct nacre_map map;
	struct nacre_heard heard;
	struct nacre_reader in;

	nacre_map_create(&map, NULL);
	tap_ok(ftruncate(map.fd, 0) < 0 && errno == EPERM, "the file cannot be cut short under the host");
	map.page->stub.length = (uint64_t)1 << 40;
	map.page->stub.seq = 1;
	tap_ok(nacre_map_receive(&map, &heard, &in) < 0, "a length beyond the arena is refused");
	map.page->stub.length = NACRE_ARENA_FIRST + 1;
	map.page->stub.seq = 2;
	tap_ok(nacre_map_receive(&map, &heard, &in) < 0, "one byte beyond the arena is refused");
	tap_ok(nacre_map_watch(&map) < 0, "a life word that nobody holds is refused");
	nacre_map_close(&map);
}

static void test_descriptors(void)
{
	int pair[2], fds[NACRE_FDS_MAX], give[2];
	char byte = 'x';

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	give[0] = dup(1);
	give[1] = dup(2);
	tap_ok(nacre_fds_send(pair[0], &byte, 1, give, 2) == 0, "descriptors can be sent");
	tap_ok(nacre_fds_receive(pair[1], &byte, 1, fds, true) == 1 && fds[0] >= 0 && fds[1] >= 0 &&
		       fds[2] == -1, "and arrive");
	tap_ok(nacre_fds_receive(pair[1], &byte, 1, fds, false) < 0 && errno == EAGAIN,
	       "nothing more is there");
	close(pair[1]);
	tap_ok(nacre_fds_send(pair[0], &byte, 1, NULL, 0) < 0 && errno == EPIPE,
	       "a closed peer is an error, not a signal");
}

int main(void)
{
	test_sizes();
	test_death(8);
	test_death(3 << 20);
	test_deadline();
	test_hostile_end();
	test_descriptors();
	return tap_done();
}
