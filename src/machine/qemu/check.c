/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - prove that a machine comes up (C20), on a throw-away layer over its disk
 *
 * DOC: Theory of Operation
 *
 * The machine runs while its serial line and its screen are watched (watch.c). The check ends when they
 * tell that it is up or has failed, when the machine stops, or when time is up. Either way it
 * goes on for a moment, so that the picture and the last lines are of the end: the login prompt on the
 * screen comes a little after the one on the serial line.
 *
 * Where KVM was chosen and QEMU gives up before a kernel ran, the check starts once more with
 * software emulation: a probe cannot foresee everything. And where emulation was so slow that the kernel
 * found no timer that ticks ("IO-APIC + timer doesn't work": it waits for a few ticks only, and this computer
 * was busy with other things), the check starts once more as well: that says nothing about the machine.
 */
#include "machine/qemu/boot.h"

#include "base/auto.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	LOOK_MS = 1500,         /* between two looks at the screen */
	LINGER_UP_S = 4,        /* after the first sign that it is up, for the screen to show it too */
	HELD_UP_S = 45,         /* longer than any answer of QEMU is waited for */
	LINGER_FAILED_MS = 700, /* after a failure, for the last lines */
	RESETS_MAX = 3,
	LOG_MAX = 16 << 20,
	TIMEOUT_KVM_S = 180,
	TIMEOUT_TCG_S = 900
};

/** struct check - one run */
struct check {
	const struct nacre_boot_options *options;
	struct nacre_boot_result *result;
	struct nacre_vm vm;
	struct nacre_watch watch;
	struct nacre_screen screen;  /* the last that was seen */
	char *text;                  /* and what is written on it */
	int log;
	size_t logged;
	double start, looked;        /* seconds of the monotonic clock */
	enum nacre_boot_stage told;
	unsigned resets;
	bool shows_login;            /* the screen does */
};

static double spent(const struct check *c)
{
	return nacre_now() - c->start;
}

static void tell(struct check *c)
{
	if (c->watch.stage == c->told)
		return;
	c->told = c->watch.stage;
	if (c->options->progress)
		c->options->progress(c->options->arg, nacre_boot_stage_name(c->told), spent(c));
}

static void read_serial(struct check *c)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(c->vm.serial, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		nacre_watch_serial(&c->watch, bytes, (size_t)n);
		if (c->log >= 0 && c->logged < LOG_MAX) {
			c->logged += (size_t)n;
			if (write(c->log, bytes, (size_t)n) != n)
				c->logged = LOG_MAX; /* the log is a help, not the purpose */
		}
	}
}

static void look(struct check *c)
{
	struct nacre_screen screen;
	size_t n;

	c->looked = nacre_now();
	if (nacre_vm_screen(&c->vm, &screen, NULL))
		return;
	nacre_screen_free(&c->screen);
	c->screen = screen;
	if (nacre_screen_text(&c->screen, c->text, NACRE_SCREEN_TEXT))
		nacre_watch_screen(&c->watch, c->text);
	n = strlen(c->text);
	while (n && strchr(" \n_?", c->text[n - 1]))
		n--;
	c->shows_login = n >= 6 && !memcmp(c->text + n - 6, "login:", 6);
}

__attribute__((format(printf, 2, 3))) static void fail(struct check *c, const char *fmt, ...)
{
	va_list ap;

	if (c->watch.up || c->watch.failed)
		return;
	c->watch.failed = true;
	va_start(ap, fmt);
	vsnprintf(c->watch.why, sizeof(c->watch.why), fmt, ap);
	va_end(ap);
}

static void take_events(struct check *c)
{
	const char *stage = nacre_boot_stage_name(c->watch.stage);

	if (nacre_qmp_read(&c->vm.qmp, NULL)) {
		char said[128];

		nacre_child_ended(&c->vm.child, 2000);
		nacre_vm_said(&c->vm, said, sizeof(said));
		fail(c, "QEMU ended at the stage \"%s\"%s%s", stage, said[0] ? ": " : "", said);
		return;
	}
	if (c->vm.qmp.resets > c->resets) {
		c->resets = c->vm.qmp.resets;
		if (c->resets > RESETS_MAX)
			fail(c, "it restarts over and over, at last from the stage \"%s\"", stage);
		nacre_watch_restart(&c->watch);
	}
	if (c->vm.qmp.shutdown)
		fail(c, "it switched itself off at the stage \"%s\"", stage);
	else if (c->vm.qmp.stopped)
		fail(c, "QEMU stopped it at the stage \"%s\"", stage);
}

/* Until it is decided, and a little longer. */
static void watch(struct check *c, double limit)
{
	double end = c->start + limit, last = c->start;

	for (;;) {
		struct pollfd p[] = {{.fd = c->vm.qmp.fd, .events = POLLIN}, {.fd = c->vm.serial, .events = POLLIN}};
		double now;
		bool decided = c->watch.up || c->watch.failed;

		poll(p, 2, 200);
		read_serial(c);
		take_events(c);
		if (nacre_now() - c->looked > LOOK_MS / 1000.0 && !c->watch.failed)
			look(c);
		tell(c);
		now = nacre_now();
		if (now - last > HELD_UP_S) { /* we were stopped, and the machine with us: that counts for nobody */
			c->start += now - last;
			end += now - last;
		}
		last = now;
		if ((c->watch.up || c->watch.failed) && !decided) {
			c->result->seconds = spent(c);
			end = now + (c->watch.up ? LINGER_UP_S : LINGER_FAILED_MS / 1000.0);
		}
		if (nacre_child_ended(&c->vm.child, 0)) { /* since they were looked at: its channels tell */
			read_serial(c);
			take_events(c);
			return;
		}
		if (now >= end || c->shows_login)
			return;
	}
}

static void last_words(const char *text, char *to, size_t size)
{
	size_t n = strlen(text);
	const char *from;

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	from = memrchr(text, '\n', n);
	from = from ? from + 1 : text;
	snprintf(to, size, "%.*s", (int)(n - (size_t)(from - text) > 90 ? 90 : n - (size_t)(from - text)), from);
}

/* Time is up: say what was seen last. */
static void explain(struct check *c, double limit)
{
	char words[100], serial[8192];

	snprintf(serial, sizeof(serial), "%s%s", c->watch.tail, c->watch.line);
	last_words(serial[0] ? serial : c->text, words, sizeof(words));
	if (c->watch.detail[0] && !strstr(words, c->watch.detail))
		fail(c, "after %.0f s it was still at the stage \"%s\" (%s)", limit,
		     nacre_boot_stage_name(c->watch.stage), c->watch.detail);
	else if (words[0])
		fail(c, "after %.0f s it was still at the stage \"%s\"; the last line: %s", limit,
		     nacre_boot_stage_name(c->watch.stage), words);
	else
		fail(c, "after %.0f s it had written nothing that can be read: the picture tells more", limit);
}

static int conclude(struct check *c, struct nacre_error *e)
{
	struct nacre_boot_result *r = c->result;

	read_serial(c);
	if (c->vm.qmp.fd >= 0 && !c->shows_login)
		look(c);
	r->up = c->watch.up;
	r->stage = c->watch.stage;
	memcpy(r->root_device, c->watch.root_device, sizeof(r->root_device));
	memcpy(r->failed_units, c->watch.failed_units, sizeof(r->failed_units));
	memcpy(r->why, c->watch.why, sizeof(r->why));
	snprintf(r->tail, sizeof(r->tail), "%s", c->watch.tail);
	if (c->watch.line[0] && strlen(r->tail) + strlen(c->watch.line) < sizeof(r->tail))
		strcat(r->tail, c->watch.line);
	if (!r->tail[0])
		snprintf(r->tail, sizeof(r->tail), "%s", c->text);
	if (c->options->picture && c->screen.rgb)
		return nacre_screen_png(&c->screen, c->options->picture, e);
	return 0;
}

static int open_log(struct check *c, struct nacre_error *e)
{
	c->log = -1;
	if (!c->options->serial_log)
		return 0;
	c->log = open(c->options->serial_log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	return c->log >= 0 ? 0
			   : nacre_error_set(e, NACRE_E_SYSTEM, errno, c->options->serial_log,
					     "the serial line's text cannot be written there");
}

/* Did the kernel panic because a busy computer kept its emulated timer from ticking? */
static bool starved(const struct nacre_boot_result *r)
{
	return !r->up && strstr(r->why, "IO-APIC + timer doesn't work") != NULL;
}

static int check_once(struct check *c, const struct nacre_definition *d, bool kvm, struct nacre_error *e)
{
	struct nacre_vm_options start = {.directory = c->options->directory, .kvm = kvm, .throw_away = true,
					 .alone = true, .window = false};
	double limit = c->options->timeout_s > 0 ? c->options->timeout_s : kvm ? TIMEOUT_KVM_S : TIMEOUT_TCG_S;
	int failed;

	memset(&c->watch, 0, sizeof(c->watch));
	c->told = NACRE_STAGE_STARTED;
	c->resets = 0;
	c->shows_login = false;
	c->start = c->looked = nacre_now();
	c->result->accelerator = kvm ? "kvm" : "tcg";
	if (nacre_vm_start(&c->vm, d, &start, e))
		return -1;
	failed = nacre_vm_go(&c->vm, e);
	if (!failed) {
		watch(c, limit);
		if (!c->watch.up && !c->watch.failed) {
			c->result->seconds = spent(c);
			explain(c, limit);
		}
		failed = conclude(c, e);
	}
	nacre_vm_end(&c->vm);
	return failed;
}

int nacre_boot_check(const struct nacre_definition *d, const struct nacre_boot_options *options,
		     struct nacre_boot_result *result, struct nacre_error *e)
{
	struct check c = {.options = options, .result = result, .vm = NACRE_NO_VM, .log = -1};
	const char *trouble = nacre_kvm_trouble();
	bool kvm = !trouble;
	int failed;

	c.text = calloc(1, NACRE_SCREEN_TEXT);
	if (!c.text)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, d->name, "no memory for the check");
	result->emulated = trouble;
	result->again = false;
	failed = open_log(&c, e) || check_once(&c, d, kvm, e);
	if (kvm && (failed || (!result->up && result->stage < NACRE_STAGE_LOADER))) {
		if (options->progress)
			options->progress(options->arg, "KVM gave up: software emulation", 0);
		result->emulated = "KVM was tried, and gave up";
		failed = check_once(&c, d, false, e);
	} else if (!kvm && !failed && starved(result)) {
		result->again = true;
		if (options->progress)
			options->progress(options->arg, "the emulated timer stood still: once more", 0);
		failed = check_once(&c, d, false, e);
	}
	if (c.log >= 0)
		close(c.log);
	nacre_screen_free(&c.screen);
	free(c.text);
	return failed;
}
