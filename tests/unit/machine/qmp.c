/* SPDX-License-Identifier: BSD-2-Clause */
/* qmp.c - QEMU's control channel, with a peer that answers well and one that does not */
#include "machine/qemu/qmp.h"
#include "tap.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

/* A channel whose peer is a child that writes @first, then @each for every line that it reads. */
static int peer(const char *first, const char *each, pid_t *pid)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || (*pid = fork()) < 0)
		abort();
	if (*pid) {
		close(pair[1]);
		return pair[0];
	}
	close(pair[0]);
	if (send(pair[1], first, strlen(first), 0) < 0)
		_exit(1);
	for (unsigned id = 1;; id++) {
		char line[4096], answer[4096];
		ssize_t n = recv(pair[1], line, sizeof(line), 0);

		if (n <= 0 || !each)
			_exit(0);
		snprintf(answer, sizeof(answer), each, id);
		if (send(pair[1], answer, strlen(answer), 0) < 0)
			_exit(1);
	}
}

static void test_good(void)
{
	struct nacre_error e;
	struct nacre_qmp q;
	json_t *result = NULL;
	pid_t pid;
	int fd = peer(GREETING,
		      "{\"event\": \"RESET\", \"data\": {\"guest\": true}}\r\n{\"return\": 1, \"id\": 9999}\r\n"
		      "{\"event\": \"STOP\"}\r\n{\"return\": {\"a\": 1}, \"id\": %u}\r\n", &pid);

	tap_ok(!nacre_qmp_open(&q, fd, 20000, &e), "the greeting is taken");
	tap_ok(!nacre_qmp_call(&q, "query-status", NULL, 20000, &result, &e) &&
		       json_integer_value(json_object_get(result, "a")) == 1,
	       "a command gets its answer, and not another's");
	tap_ok(q.resets == 2 && q.stopped && !q.shutdown, "events on the way are counted");
	json_decref(result);
	nacre_qmp_close(&q);
	waitpid(pid, NULL, 0);
}

static void test_bad(const char *first, const char *each, int code, const char *what)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_qmp q;
	pid_t pid;
	int fd = peer(first, each, &pid);
	bool refused = nacre_qmp_open(&q, fd, 500, &e) != 0;

	if (!tap_ok(refused && e.code == code, "%s is an error", what))
		printf("# %d: %s\n", e.code, e.msg);
	if (!refused)
		nacre_qmp_close(&q);
	waitpid(pid, NULL, 0);
}

static void test_endless(void)
{
	static char many[65536];
	struct nacre_qmp q = {.fd = -1};
	struct nacre_error e = {.code = NACRE_OK};
	int failed = 0, pieces = 0;

	memset(many, 'x', sizeof(many));
	while (!failed && pieces++ < 1000)
		failed = nacre_qmp_feed(&q, many, sizeof(many), &e);
	tap_ok(failed && e.code == NACRE_E_LOST && pieces < 20, "a line without an end is an error before it fills memory");
	nacre_qmp_close(&q);
}

int main(void)
{
	test_good();
	test_bad("{\"QMP\": ", NULL, NACRE_E_LOST, "silence");
	test_bad("nonsense\r\n", NULL, NACRE_E_LOST, "what is no JSON");
	test_bad("[1, 2]\r\n", NULL, NACRE_E_LOST, "what is no object");
	test_bad(GREETING, NULL, NACRE_E_LOST, "a peer that ends");
	test_bad(GREETING, "{\"error\": {\"class\": \"X\", \"desc\": \"no\"}, \"id\": %u}\r\n", NACRE_E_FAILED,
		 "a refusal");
	test_bad(GREETING, "{\"id\": %u}\r\n", NACRE_E_FAILED, "an answer without a value");
	test_endless();
	return tap_done();
}
