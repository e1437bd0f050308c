/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_control.c - the zygote's messages, as the host takes them in; no process is started
 *
 * Input: for each message a byte (what is attached, how long it is), then its bytes, zero-filled.
 */
#include "input.h"

#include "extension/channel/channel.h"
#include "extension/vproc/control.h"
#include "extension/vproc/vproc.h"
#include "os/spawn.h"

#include <nacre/log.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLONES = 2 };

static int zygote = -1; /* the zygote's end of the control socket */

/* In place of os/spawn.c: nothing is started, its control socket is kept. */
int nacre_spawn_detached(const char *path, char *const argv[], char *const envp[], const int *fds,
			 int count, struct nacre_error *e)
{
	(void)path;
	(void)argv;
	(void)envp;
	(void)count;
	(void)e;
	zygote = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
	return zygote < 0 ? -1 : 0;
}

void nacre_log(enum nacre_log_level level, const char *subject, const char *fmt, ...)
{
	(void)level;
	if (!subject || !fmt)
		abort();
}

/* Attach nothing, one descriptor of a kind, or as many as go into a message. */
static void say(struct input *in)
{
	uint8_t how = input_byte(in);
	size_t n = sizeof(struct nacre_control), got = input_word(in, 1);
	uint8_t message[sizeof(struct nacre_control) + 8] = {0};
	int fds[NACRE_FDS_MAX], count = 0;
	const uint8_t *bytes = input_bytes(in, &got);

	memcpy(message, bytes, got);
	n = how & 8 ? n - 8 : how & 16 ? n + 8 : n;
	count = (how & 3) == 3 ? NACRE_FDS_MAX : (how & 3) ? 1 : 0;
	for (int i = 0; i < count; i++)
		fds[i] = (how & 3) == 1 ? (int)syscall(SYS_pidfd_open, getpid(), 0)
					: open("/dev/null", O_RDONLY | O_CLOEXEC);
	nacre_fds_send(zygote, message, n, fds, count);
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

static void check(const struct nacre_vproc *v, struct nacre_template *t)
{
	struct nacre_error e = {.code = NACRE_OK};

	/* Nothing that was attached is a process that may be ended. */
	if (v->pidfd.fd >= 0)
		abort();
	if (nacre_vproc_process.settle(t, (struct nacre_vproc *)v, 1, &e) == 0 || e.code != NACRE_E_LOST ||
	    !memchr(e.msg, 0, sizeof(e.msg)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct nacre_vproc_ops *ops = nacre_vproc_backend("process");
	struct nacre_registration r = {.name = (char *)"fuzz", .vproc = (char *)"/nonexistent"};
	struct nacre_vproc clones[CLONES] = {{.serial = 1}, {.serial = 2}};
	struct input in = {data, data + size};
	struct nacre_template *t = ops->prepare(&r, NULL);
	int given, cloned[CLONES];

	if (!t)
		abort();
	for (int i = 0; i < CLONES; i++) {
		given = open("/dev/null", O_RDONLY | O_CLOEXEC);
		cloned[i] = ops->clone(t, &clones[i], given, NULL);
		close(given);
	}
	for (int i = 0; i < 16 && in.at < in.end; i++)
		say(&in);
	if (size & 1)
		close(zygote);
	for (int i = 0; i < CLONES; i++) {
		if (cloned[i] == 0)
			check(&clones[i], t);
		ops->release(t, &clones[i]);
	}
	ops->destroy(t);
	if (!(size & 1))
		close(zygote);
	return 0;
}
