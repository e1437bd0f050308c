/* SPDX-License-Identifier: BSD-2-Clause */
/* takeover.c - taking the spare over against fork(): until it has answered its first call
 *
 * The supervisor's steps after a loss, one by one: is there a spare, does it live, is its hello right,
 * here is a call. The spare is idle and asleep, as it is in a host.
 */
#include "bench.h"

#include "extension/channel/channel.h"
#include "extension/registry/registry.h"
#include "extension/vproc/vproc.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 300, START_MS = 10000, PAUSE_US = 5000, OP_EMPTY_CALL = 0 };

struct spare {
	struct nacre_vproc v;
	struct nacre_map map;
};

static const struct nacre_vproc_ops *ops = &nacre_vproc_process;
static struct nacre_template *template;
static struct nacre_error error;

static uint64_t soon(void)
{
	return nacre_clock() + START_MS * (uint64_t)1000000;
}

static void well(int result)
{
	check(result >= 0, error.msg);
}

static void await(struct nacre_map *map)
{
	uint64_t deadline = soon();

	while (nacre_map_sleep(map, deadline) != NACRE_WAIT_MESSAGE)
		check(nacre_clock() < deadline, "the virtual process does not answer");
}

/* A spare that is up, has said hello and sleeps. */
static void prepare(struct spare *spare)
{
	static uint64_t serial;

	memset(spare, 0, sizeof(*spare));
	spare->v.serial = ++serial;
	well(nacre_map_create(&spare->map, &error));
	well(ops->clone(template, &spare->v, spare->map.fd, &error));
	await(&spare->map);
	usleep(PAUSE_US);
}

static void take_over(struct spare *spare, struct series *s)
{
	double start = now_ns();
	struct nacre_heard heard;
	struct nacre_reader in;
	struct nacre_writer w;

	well(ops->settle(template, &spare->v, soon(), &error));
	check(ops->alive(&spare->v), "the spare is dead");
	check(nacre_map_receive(&spare->map, &heard, &in) == 0 && heard.kind == NACRE_KIND_HELLO &&
		      in.end - in.at == sizeof(struct nacre_hello),
	      "no hello");
	nacre_map_release(&spare->map);
	check(nacre_map_watch(&spare->map) == 0, "nobody holds the life word");
	nacre_map_write(&spare->map, &w);
	nacre_put_word(&w, 7);
	nacre_map_send(&spare->map, &w, NACRE_KIND_CALL, OP_EMPTY_CALL, 0);
	await(&spare->map);
	check(nacre_map_receive(&spare->map, &heard, &in) == 0 && heard.kind == NACRE_KIND_RETURN &&
		      nacre_get_word(&in) == 7,
	      "a wrong answer");
	series_add(s, now_ns() - start);
	nacre_map_release(&spare->map);
}

static void raw_fork(struct series *s)
{
	int ends[2], status;
	char byte = 0;
	double start;
	pid_t pid;

	check(pipe(ends) == 0, "no pipe");
	start = now_ns();
	pid = fork();
	if (pid == 0)
		_exit(write(ends[1], &byte, 1) != 1);
	check(pid > 0 && read(ends[0], &byte, 1) == 1, "no child");
	series_add(s, now_ns() - start);
	close(ends[0]);
	close(ends[1]);
	check(waitpid(pid, &status, 0) == pid && status == 0, "the child failed");
	usleep(PAUSE_US);
}

int main(int argc, char **argv)
{
	struct series ours = {0}, theirs = {0};
	const struct nacre_registration *r;
	struct nacre_registry registry;
	static struct spare spare;

	bench_begin(argc, argv, 3, "takeover DIVISOR NAME");
	well(nacre_registry_read(&registry, &error));
	r = nacre_registry_by_name(&registry, argv[2]);
	check(r != NULL, "no such registration");
	template = ops->prepare(r, &error);
	check(template != NULL, error.msg);
	for (size_t i = samples(TIMES); i; i--) {
		prepare(&spare);
		take_over(&spare, &ours);
		ops->release(template, &spare.v);
		nacre_map_close(&spare.map);
		usleep(PAUSE_US);
		raw_fork(&theirs);
	}
	ops->destroy(template);
	nacre_registry_free(&registry);
	row_most("spare taken over, first result", &ours, "raw fork, first byte", &theirs, 1.5);
	return 0;
}
