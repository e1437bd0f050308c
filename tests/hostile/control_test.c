/* SPDX-License-Identifier: BSD-2-Clause */
/* control_test.c - the extension speaks to the host in the zygote's name, and lives on */
#include "fault.h"
#include "tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** struct talk - what a host with such an extension saw */
struct talk {
	long first, lost, next;
	int first_sys, lost_sys;
	double first_ms, lost_ms;
	bool burns;
};

static long ask(const struct victim *v)
{
	unsigned char data[8];
	size_t used = 0;

	errno = 0;
	return v->do_fill(data, 5, &used, 0) == 0 ? (long)used : -1;
}

static int talk_host(const struct victim *v, void *arg)
{
	struct talk *t = arg;
	struct watch watch;

	watch_start(&watch);
	t->first = ask(v);
	t->first_sys = errno;
	t->first_ms = watch_ms(&watch);
	watch_start(&watch);
	errno = 0;
	t->lost = v->do_misbehave("loop", 0);
	t->lost_sys = errno;
	t->lost_ms = watch_ms(&watch);
	for (int i = 0; i < 5 && t->next != 5; i++)
		t->next = ask(v);
	unsetenv("VICTIM_LOAD"); /* the next zygote is well */
	for (int i = 0; i < 5 && t->next != 5; i++)
		t->next = ask(v);
	return 0;
}

static void talk(const char *load, const char *name)
{
	struct talk *t = shared(sizeof(*t));
	struct place p;
	bool left;
	int status;

	place_make(&p, load);
	place_register(&p, NULL);
	setenv("VICTIM_LOAD", load, 1);
	status = host_run(&p, talk_host, t, 30000);
	unsetenv("VICTIM_LOAD");
	left = place_is_left(&p, 1000);
	if (!tell(status == 0 && left && (t->first == 5 || (t->first == -1 && t->first_sys == EIO)) &&
		    t->first_ms <= 1000 + slack_ms() && t->lost == -1 && t->lost_sys == EIO &&
		    t->lost_ms <= 300 + slack_ms() && t->next == 5,
		    "%s: the host lives, results are right or declared, all its processes end", name)) {
		char *log = place_log(&p);

		printf("# host: %s; first call %ld (%s) after %.1f ms, looping call %ld (%s) after "
		       "%.1f ms, then %ld; %s left\n# %.300s\n", host_ended(status), t->first,
		       strerrorname_np(t->first_sys), t->first_ms, t->lost, strerrorname_np(t->lost_sys),
		       t->lost_ms, t->next, left ? "nothing" : "processes", log);
		free(log);
	}
	place_end_all(&p);
	place_remove(&p);
}

void test_control(void)
{
	talk("load-ended", "ends of clones that did not end");
	talk("load-no-clone", "a clone that is said to have failed");
	talk("load-eventfd", "a clone whose descriptor is none of a process");
	talk("load-suicide", "a clone whose descriptor is that of the host");
}
