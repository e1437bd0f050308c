/* SPDX-License-Identifier: BSD-2-Clause */
/* hello.c - lies in the handshake: the function that starts lanes is replaced while loading */
#include "bad.h"

#include "extension/stub/lane.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;

static bool is(const char *name)
{
	return !strcmp(how, name);
}

static void say_hello(struct nacre_map *map)
{
	struct nacre_hello hello = {.protocol = NACRE_PROTOCOL + is("hello-protocol"),
				    .op_count = nacre_stub_process.stub->op_count + is("hello-count"),
				    .serial = nacre_stub_process.serial + is("hello-serial")};
	struct nacre_writer w;

	memcpy(hello.digest, nacre_stub_process.stub->digest, sizeof(hello.digest));
	hello.digest[15] ^= is("hello-digest");
	nacre_map_write(map, &w);
	memcpy(w.at, &hello, sizeof(hello));
	w.at += is("hello-short") ? 8 : sizeof(hello);
	if (is("hello-no-life"))
		pthread_mutex_unlock(&map->page->life);
	if (is("hello-long"))
		map->page->stub.length = UINT64_MAX;
	nacre_map_send(map, &w, is("hello-kind") ? NACRE_KIND_RETURN : NACRE_KIND_HELLO, 0, 0);
	if (is("hello-long"))
		map->page->stub.length = UINT64_MAX;
}

static void *lane_main(void *arg)
{
	struct nacre_map *map = malloc(sizeof(*map));

	if (is("hello-exit"))
		_exit(0);
	if (is("hello-end") || nacre_map_attach(map, (int)(intptr_t)arg, NULL) < 0)
		return NULL;
	if (is("hello-late"))
		usleep(1500000);
	if (!is("hello-none"))
		say_hello(map);
	for (;;)
		pause();
}

static int lane_start(int fd, struct nacre_error *e)
{
	(void)e;
	bad_thread(lane_main, (void *)(intptr_t)fd);
	return 0;
}

static int do_hello(long a)
{
	how = getenv("VICTIM_LOAD");
	bad_jump((void *)nacre_lane_start, (void *)lane_start);
	return (int)a;
}

const struct bad bad_hello[] = {
	{"hello-protocol", do_hello}, {"hello-count", do_hello}, {"hello-serial", do_hello},
	{"hello-digest", do_hello},   {"hello-short", do_hello}, {"hello-no-life", do_hello},
	{"hello-long", do_hello},     {"hello-kind", do_hello},  {"hello-exit", do_hello},
	{"hello-end", do_hello},      {"hello-late", do_hello},  {"hello-none", do_hello},
	{NULL, NULL}};
