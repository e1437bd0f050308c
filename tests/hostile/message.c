/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c - lies in the messages that the stub sends for the extension
 *
 * The stub's nacre_map_send() is overwritten with a jump to the one below, which does the same but
 * for the one message that victim_plan() has chosen: the next reply, or with "callback-" before the
 * name, the next callback. So every field and every word of real messages can be wrong, whatever
 * the generated code makes of them.
 */
#include "bad.h"

#include "extension/stub/lane.h"

#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
	char how[24]; /* empty: be honest */
	uint16_t kind;
	int skip; /* the reply to victim_plan() itself */
} plan;

/** struct lie - a message on its way */
struct lie {
	struct nacre_map *map;
	uint8_t *data;
	uint64_t length;  /* as announced */
	size_t size;      /* as it is */
	uint16_t kind;
	uint32_t op, step;
	int sys;
	bool small;
};

static void publish(const struct lie *l)
{
	struct nacre_line *line = &l->map->page->stub;

	line->kind = l->kind;
	line->cpu = (uint16_t)sched_getcpu();
	line->op = l->op;
	line->sys = l->sys;
	line->length = l->length;
	if (l->size && l->small)
		memcpy(line->small, l->map->small, NACRE_INLINE);
	l->map->sent += l->step;
	atomic_store(&line->seq, l->map->sent);
	syscall(SYS_futex, &line->seq, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void lie_word(struct lie *l)
{
	if ((size_t)bad_which * 8 + 8 <= l->size)
		memcpy(l->data + bad_which * 8, &bad_amount, 8);
}

static void lie_length(struct lie *l)
{
	l->length = bad_amount;
}

static void lie_cut(struct lie *l)
{
	l->length -= bad_amount < l->length ? bad_amount : l->length;
}

/* So many words more than there should be. */
static void lie_more(struct lie *l)
{
	size_t size = l->size + bad_amount * 8;

	if (size > NACRE_INLINE && l->small) {
		memcpy(l->map->arena, l->data, l->size);
		l->small = false;
	}
	l->length = l->size = size;
}

static void lie_kind(struct lie *l)
{
	l->kind = (uint16_t)bad_amount;
}

static void lie_op(struct lie *l)
{
	l->op = (uint32_t)bad_amount;
}

static void lie_reject(struct lie *l)
{
	l->kind = NACRE_KIND_REJECT;
	l->op = (uint32_t)bad_amount;
	l->length = 0;
}

static void lie_errno(struct lie *l)
{
	l->sys = (int)bad_amount;
}

static void lie_sequence(struct lie *l)
{
	l->step = (uint32_t)bad_amount;
}

static void lie_twice(struct lie *l)
{
	publish(l);
	usleep((useconds_t)bad_amount);
}

/* Answer as well what has not been asked yet. */
static void lie_early(struct lie *l)
{
	publish(l);
	usleep(20000); /* until this one is taken */
	l->op = (uint32_t)bad_amount;
}

static void lie_late(struct lie *l)
{
	(void)l;
	usleep((useconds_t)bad_amount * 1000);
}

/* A callback that nobody's thunk made: function token and a few words. */
static void lie_callback(struct lie *l)
{
	uint64_t words[5] = {bad_amount, 1, 0, 0, NACRE_ABSENT};

	l->kind = NACRE_KIND_CALLBACK;
	l->op = (uint32_t)bad_which;
	l->length = l->size = sizeof(words);
	memcpy(l->map->small, words, sizeof(words));
	l->small = true;
}

static const struct {
	const char *name;
	void (*apply)(struct lie *l);
} lies[] = {{"word", lie_word},         {"length", lie_length},     {"cut", lie_cut},
	    {"more", lie_more},         {"kind", lie_kind},         {"op", lie_op},
	    {"reject", lie_reject},     {"errno", lie_errno},       {"sequence", lie_sequence},
	    {"twice", lie_twice},       {"early", lie_early},       {"late", lie_late},
	    {"stray-callback", lie_callback}};

static void tell(struct lie *l)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		if (!strcmp(lies[i].name, plan.how))
			lies[i].apply(l);
	plan.how[0] = 0;
}

static bool send_as_planned(struct nacre_map *map, const struct nacre_writer *w, uint16_t kind,
			    uint32_t op, int sys)
{
	struct lie l = {.map = map, .kind = kind, .op = op, .sys = sys, .step = 1};

	if (w) {
		l.data = w->start;
		l.size = l.length = (size_t)(w->at - w->start);
		l.small = w->start == (uint8_t *)map->small;
	}
	if (plan.how[0] && plan.skip)
		plan.skip = 0;
	else if (plan.how[0] && kind == plan.kind)
		tell(&l);
	publish(&l);
	return true;
}

bool bad_plan_message(const char *how)
{
	static bool jumps;
	bool callback = !strncmp(how, "callback-", 9), known = false;

	how += callback ? 9 : 0;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		known |= !strcmp(lies[i].name, how);
	if (!known)
		return false;
	snprintf(plan.how, sizeof(plan.how), "%s", how);
	plan.kind = callback ? NACRE_KIND_CALLBACK : NACRE_KIND_RETURN;
	plan.skip = 1;
	if (!jumps)
		bad_jump((void *)nacre_map_send, (void *)send_as_planned);
	jumps = true;
	return true;
}

/* Callbacks as fast as they can be told, and never a reply. */
static int do_flood(long token)
{
	struct nacre_lane *lane = nacre_lane_current();
	struct nacre_heard heard;
	struct nacre_reader in;
	struct nacre_writer w;

	for (;;) {
		nacre_map_write(&lane->map, &w);
		nacre_put_word(&w, (uint64_t)token);
		nacre_map_send(&lane->map, &w, NACRE_KIND_CALLBACK, 0, 0);
		if (nacre_lane_wait(lane, &heard, &in) == 0)
			nacre_map_release(&lane->map);
	}
	return BAD_NOTHING;
}

const struct bad bad_message[] = {{"flood", do_flood}, {NULL, NULL}};
