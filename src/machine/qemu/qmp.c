/* SPDX-License-Identifier: BSD-2-Clause */
/* qmp.c - QEMU's control channel (docs/interop/qmp-spec.txt of QEMU)
 *
 * DOC: Theory of Operation
 *
 * One command is under way at a time, named by a number; its answer is kept until the caller takes it,
 * and events that come before it are counted on the way. QEMU runs a hostile guest and might have been
 * taken over by it: so a line is bounded, parsed once, and only what is looked for is used.
 */
#include "machine/qemu/qmp.h"

#include "os/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int lost(struct nacre_error *e, const char *reason)
{
	return nacre_error_set(e, NACRE_E_LOST, 0, "QEMU", "%s", reason);
}

static void take_event(struct nacre_qmp *q, const char *event, const json_t *data)
{
	if (!strcmp(event, "SHUTDOWN"))
		q->shutdown = true;
	else if (!strcmp(event, "RESET"))
		q->resets += json_is_true(json_object_get(data, "guest"));
	else if (!strcmp(event, "STOP"))
		q->stopped = true;
	else if (!strcmp(event, "RESUME"))
		q->stopped = false;
}

static int take_message(struct nacre_qmp *q, const char *line, size_t size, struct nacre_error *e)
{
	json_t *message = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL), *id;
	const char *event;

	if (!json_is_object(message)) {
		json_decref(message);
		return lost(e, "its control channel carries no JSON");
	}
	event = json_string_value(json_object_get(message, "event"));
	id = json_object_get(message, "id");
	if (event)
		take_event(q, event, json_object_get(message, "data"));
	else if (json_object_get(message, "QMP") ? q->id == 0
						 : json_is_integer(id) && q->id && json_integer_value(id) == q->id) {
		json_decref(q->answer);
		q->answer = json_incref(message);
	}
	json_decref(message);
	return 0;
}

static int grow(struct nacre_qmp *q, size_t size, struct nacre_error *e)
{
	char *more;

	if (size > NACRE_QMP_LINE)
		return lost(e, "a message on its control channel has no end");
	if (size <= q->room)
		return 0;
	more = realloc(q->buffer, size + 4096);
	if (!more)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "QEMU", "no memory for its messages");
	q->buffer = more;
	q->room = size + 4096;
	return 0;
}

int nacre_qmp_feed(struct nacre_qmp *q, const char *bytes, size_t size, struct nacre_error *e)
{
	char *newline;
	size_t from = 0;

	if (!size)
		return 0;
	if (grow(q, q->used + size, e))
		return -1;
	memcpy(q->buffer + q->used, bytes, size);
	q->used += size;
	while ((newline = memchr(q->buffer + from, '\n', q->used - from))) {
		size_t end = (size_t)(newline - q->buffer), length = end - from;

		if (length && q->buffer[end - 1] == '\r')
			length--;
		if (length && take_message(q, q->buffer + from, length, e))
			return -1;
		from = end + 1;
	}
	memmove(q->buffer, q->buffer + from, q->used - from);
	q->used -= from;
	return 0;
}

int nacre_qmp_read(struct nacre_qmp *q, struct nacre_error *e)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(q->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		if (nacre_qmp_feed(q, bytes, (size_t)n, e))
			return -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return lost(e, "it closed its control channel");
}

static int wait_answer(struct nacre_qmp *q, int timeout_ms, struct nacre_error *e)
{
	int64_t end = (int64_t)(nacre_now() * 1000) + timeout_ms;

	while (!q->answer) {
		struct pollfd p = {.fd = q->fd, .events = POLLIN};
		int64_t left = end - (int64_t)(nacre_now() * 1000);

		if (left <= 0)
			return lost(e, "it does not answer on its control channel");
		if (poll(&p, 1, (int)left) > 0 && nacre_qmp_read(q, e))
			return -1;
	}
	return 0;
}

int nacre_qmp_call(struct nacre_qmp *q, const char *command, json_t *arguments, int timeout_ms,
		   json_t **result, struct nacre_error *e)
{
	json_t *message, *value, *error;
	char *text;
	size_t size;
	bool sent;

	json_decref(q->answer);
	q->answer = NULL;
	q->id++;
	message = json_pack("{s:s, s:i, s:o*}", "execute", command, "id", (int)q->id, "arguments", arguments);
	text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	if (!text)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "QEMU", "no memory for a command");
	size = strlen(text);
	text[size] = '\n'; /* in the place of the 0: the length is known */
	sent = send(q->fd, text, size + 1, MSG_NOSIGNAL) == (ssize_t)size + 1;
	free(text);
	if (!sent)
		return lost(e, "it does not listen on its control channel");
	if (wait_answer(q, timeout_ms, e))
		return -1;
	error = json_object_get(q->answer, "error");
	value = json_object_get(q->answer, "return");
	if (error || !value) {
		const char *why = json_string_value(json_object_get(error, "desc"));

		return nacre_error_set(e, NACRE_E_FAILED, 0, "QEMU", "%s: %.120s", command,
				       why ? why : "no reason is given");
	}
	if (result)
		*result = json_incref(value);
	return 0;
}

int nacre_qmp_open(struct nacre_qmp *q, int fd, int timeout_ms, struct nacre_error *e)
{
	memset(q, 0, sizeof(*q));
	q->fd = fd;
	if (wait_answer(q, timeout_ms, e) ||
	    nacre_qmp_call(q, "qmp_capabilities", NULL, timeout_ms, NULL, e)) {
		nacre_qmp_close(q);
		return -1;
	}
	return 0;
}

void nacre_qmp_close(struct nacre_qmp *q)
{
	if (q->fd >= 0)
		close(q->fd);
	free(q->buffer);
	json_decref(q->answer);
	*q = (struct nacre_qmp){.fd = -1};
}
