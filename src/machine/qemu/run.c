/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - run a machine until it switches itself off, its serial line on the terminal
 *
 * DOC: Theory of Operation
 *
 * Without a window the terminal is the machine's serial console: every key goes there, but Ctrl-],
 * which ends. Ending is polite: the machine is told that its power button was pressed; the second time, or when
 * it has not gone after a minute, it is switched off. SIGINT and SIGTERM mean the same. They come
 * by a descriptor, so that the terminal is always set back.
 */
#include "machine/qemu/boot.h"

#include "base/auto.h"
#include "os/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>

enum { KEY_END = 0x1d /* Ctrl-] */, POWER_OFF_S = 60 };

/** struct run - one run */
struct run {
	struct nacre_vm vm;
	int signals, asked; /* how often the end was asked for */
	double asked_at;
	bool listens;       /* to the terminal's keys */
	struct termios before;
};

static void ask_for_end(struct run *r)
{
	r->asked++;
	r->asked_at = nacre_now();
	if (r->asked == 1 && nacre_qmp_call(&r->vm.qmp, "system_powerdown", NULL, 10000, NULL, NULL))
		r->asked++;
}

static void keys(struct run *r)
{
	char bytes[256];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	char *end = n > 0 ? memchr(bytes, KEY_END, (size_t)n) : NULL;

	if (n <= 0) {
		r->listens = false;
		return;
	}
	if (end)
		n = end - bytes;
	/* A machine that does not read its line loses what is typed, as a real one does. */
	(void)send(r->vm.serial, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (end)
		ask_for_end(r);
}

/* What the machine writes. False: the line is closed. */
static bool show(struct run *r, bool quiet)
{
	char bytes[4096];
	ssize_t n = recv(r->vm.serial, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0 && !quiet && fwrite(bytes, 1, (size_t)n, stdout) == (size_t)n)
		fflush(stdout);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void wait_for_end(struct run *r, bool quiet)
{
	bool line = true;

	for (;;) {
		struct pollfd p[] = {{.fd = r->vm.child.pidfd, .events = POLLIN},
				     {.fd = r->signals, .events = POLLIN},
				     {.fd = line ? r->vm.serial : -1, .events = POLLIN},
				     {.fd = r->listens ? STDIN_FILENO : -1, .events = POLLIN},
				     {.fd = r->vm.qmp.fd, .events = POLLIN}};
		struct signalfd_siginfo info;

		poll(p, 5, 1000);
		if (p[2].revents)
			line = show(r, quiet);
		if (p[4].revents && nacre_qmp_read(&r->vm.qmp, NULL))
			nacre_qmp_close(&r->vm.qmp);
		if (p[1].revents && read(r->signals, &info, sizeof(info)) > 0)
			ask_for_end(r);
		if (p[3].revents)
			keys(r);
		if (nacre_child_ended(&r->vm.child, 0))
			return;
		if (r->asked > 1 || (r->asked && nacre_now() - r->asked_at > POWER_OFF_S)) {
			nacre_child_kill(&r->vm.child);
			return;
		}
	}
}

static void take_terminal(struct run *r)
{
	struct termios raw;

	r->listens = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &r->before);
	if (!r->listens)
		return;
	raw = r->before;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int nacre_boot_run(const struct nacre_definition *d, const struct nacre_boot_options *options,
		   struct nacre_boot_result *result, struct nacre_error *e)
{
	const char *trouble = nacre_kvm_trouble();
	struct nacre_vm_options start = {.directory = options->directory, .kvm = !trouble,
					 .throw_away = options->snapshot, .window = !options->headless};
	struct run r = {.signals = -1};
	double begin = nacre_now();
	sigset_t ends, before;
	bool terminal;
	int status, failed = 0;

	if (nacre_vm_start(&r.vm, d, &start, e))
		return -1;
	result->accelerator = r.vm.accelerator;
	result->emulated = trouble;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	r.signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (options->headless)
		take_terminal(&r);
	terminal = r.listens;
	failed = nacre_vm_go(&r.vm, e);
	if (!failed)
		wait_for_end(&r, !options->headless);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &r.before);
	if (r.signals >= 0)
		close(r.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	status = r.vm.child.status;
	result->seconds = nacre_now() - begin;
	result->up = !failed && (r.asked > 0 || status == 0);
	if (!failed && !result->up) {
		char said[128];

		nacre_vm_said(&r.vm, said, sizeof(said));
		snprintf(result->why, sizeof(result->why), "QEMU ended before the machine did: %s",
			 said[0] ? said : strsignal(WTERMSIG(status)));
	}
	nacre_vm_end(&r.vm);
	return failed;
}

int nacre_boot(const struct nacre_definition *d, const struct nacre_boot_options *options,
	       struct nacre_boot_result *result, struct nacre_error *e)
{
	memset(result, 0, sizeof(*result));
	result->accelerator = "tcg";
	if (nacre_definition_check(d, e))
		return -1;
	return options->check ? nacre_boot_check(d, options, result, e)
			      : nacre_boot_run(d, options, result, e);
}
