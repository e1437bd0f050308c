/* SPDX-License-Identifier: BSD-2-Clause */
/* stub.c - what stands before an extension in its virtual process
 *
 * Made by nacre from the overlay overlay.h: do not edit. Interface thermo 1.0.
 */
#include "overlay.h"

#include <nacre/stub.h>

#include <dlfcn.h>
#include <stdlib.h>

/* An overlay says result >= 0 of unsigned results as well. */
#pragma GCC diagnostic ignored "-Wtype-limits"

#define EXPORT __attribute__((visibility("default")))

enum {
	OP_thermo_open,
	OP_thermo_read,
	OP_thermo_describe,
	OP_thermo_name,
	OP_thermo_unit,
	OP_thermo_watch,
	OP_thermo_close,
	OP_COUNT
};

enum {
	HANDLE_sensor,
	HANDLE_COUNT
};

enum {
	CALLBACK_alarm,
	CALLBACK_COUNT
};

/* The extension's functions; NULL where it has none. */
static struct {
	__typeof__(thermo_open) *thermo_open;
	__typeof__(thermo_read) *thermo_read;
	__typeof__(thermo_describe) *thermo_describe;
	__typeof__(thermo_name) *thermo_name;
	__typeof__(thermo_unit) *thermo_unit;
	__typeof__(thermo_watch) *thermo_watch;
	__typeof__(thermo_close) *thermo_close;
} extension;

static void call_alarm(uint32_t thunk, void *user, const char *name, double celsius)
{
	struct nacre_downcall down;

	if (nacre_downcall_begin(&down, CALLBACK_alarm, thunk)) {
		nacre_put_word(&down.out, (uint64_t)(uintptr_t)user);
		nacre_put_double(&down.out, celsius);
		nacre_put_string(&down.out, name, 15);
		if (nacre_downcall_send(&down)) {
			if (nacre_downcall_end(&down))
				return;
		}
	}
}

#define THUNK_alarm(kind_, slot_) \
	static void alarm_##slot_(void *user, const char *name, double celsius) \
	{ \
		call_alarm(slot_, user, name, celsius); \
	}
NACRE_EACH_THUNK(THUNK_alarm, alarm)

#define THUNK_ENTRY(kind, n) (nacre_function)kind##_##n,
static const nacre_function thunks[][NACRE_THUNKS] = {
	[CALLBACK_alarm] = {NACRE_EACH_THUNK(THUNK_ENTRY, alarm)},
};

static void serve_thermo_open(struct nacre_service *s)
{
	const char *name = nacre_get_string(&s->in, 16 << 20);

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_open))
		return;
	struct thermo *result = extension.thermo_open(name);
	nacre_service_called(s);
	nacre_put_word(&s->out, nacre_object_id(HANDLE_sensor, (void *)(uintptr_t)result));
}

static void serve_thermo_read(struct nacre_service *s)
{
	struct thermo *t = nacre_object_get(s, HANDLE_sensor, nacre_get_word(&s->in));
	int n = (int)nacre_get_word(&s->in);
	double *samples = NULL;
	uint64_t samples_room = 0;
	if (nacre_get_room(&s->in, (uint64_t)(n), &samples_room))
		samples = nacre_service_alloc(s, samples_room, sizeof(double));

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_read))
		return;
	int result = extension.thermo_read(t, samples, n);
	nacre_service_called(s);
	const bool success = result >= 0;

	nacre_put_word(&s->out, result);
	nacre_put_used(&s->out, samples, success && samples, result, samples_room, sizeof(double));
}

static void serve_thermo_describe(struct nacre_service *s)
{
	struct thermo *t = nacre_object_get(s, HANDLE_sensor, nacre_get_word(&s->in));
	struct thermo_info *info = NULL;
	uint64_t info_room = 0;
	if (nacre_get_room(&s->in, (uint64_t)(1), &info_room))
		info = nacre_service_alloc(s, info_room, sizeof(struct thermo_info));

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_describe))
		return;
	int result = extension.thermo_describe(t, info);
	nacre_service_called(s);
	const bool success = result >= 0;

	nacre_put_word(&s->out, result);
	nacre_put_used(&s->out, info, success && info, 1, info_room, sizeof(struct thermo_info));
}

static void serve_thermo_name(struct nacre_service *s)
{
	struct thermo *t = nacre_object_get(s, HANDLE_sensor, nacre_get_word(&s->in));
	size_t size = (size_t)nacre_get_word(&s->in);
	char *name = NULL;
	uint64_t name_room = 0;
	if (nacre_get_room(&s->in, (uint64_t)(size), &name_room))
		name = nacre_service_alloc(s, name_room, 1);

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_name))
		return;
	int result = extension.thermo_name(t, name, size);
	nacre_service_called(s);
	const bool success = result >= 0;

	nacre_put_word(&s->out, result);
	nacre_put_text(&s->out, success && name ? name : NULL, name_room);
}

static void serve_thermo_unit(struct nacre_service *s)
{
	if (!nacre_service_ready(s, (nacre_function)extension.thermo_unit))
		return;
	const char *result = extension.thermo_unit();
	nacre_service_called(s);
	nacre_put_string(&s->out, result, 4096);
}

static void serve_thermo_watch(struct nacre_service *s)
{
	struct thermo *t = nacre_object_get(s, HANDLE_sensor, nacre_get_word(&s->in));
	double limit = (double)nacre_get_double(&s->in);
	thermo_alarm alarm = (thermo_alarm)nacre_get_callback(s, CALLBACK_alarm);
	void *user = (void *)nacre_token_pointer(nacre_get_word(&s->in));

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_watch))
		return;
	int result = extension.thermo_watch(t, limit, alarm, user);
	nacre_service_called(s);
	nacre_put_word(&s->out, result);
}

static void serve_thermo_close(struct nacre_service *s)
{
	struct thermo *t = nacre_object_get(s, HANDLE_sensor, nacre_get_word(&s->in));
	const uint64_t t_id = nacre_object_id(HANDLE_sensor, t);

	if (!nacre_service_ready(s, (nacre_function)extension.thermo_close))
		return;
	extension.thermo_close(t);
	nacre_service_called(s);
	const bool success = true;

	if (success)
		nacre_object_remove(HANDLE_sensor, t_id);
}

static const char *const op_names[] = {
	[OP_thermo_open] = "thermo_open",
	[OP_thermo_read] = "thermo_read",
	[OP_thermo_describe] = "thermo_describe",
	[OP_thermo_name] = "thermo_name",
	[OP_thermo_unit] = "thermo_unit",
	[OP_thermo_watch] = "thermo_watch",
	[OP_thermo_close] = "thermo_close",
};

static int bind_extension(void *library, struct nacre_error *e)
{
	static nacre_function *const slots[] = {
		(nacre_function *)&extension.thermo_open,
		(nacre_function *)&extension.thermo_read,
		(nacre_function *)&extension.thermo_describe,
		(nacre_function *)&extension.thermo_name,
		(nacre_function *)&extension.thermo_unit,
		(nacre_function *)&extension.thermo_watch,
		(nacre_function *)&extension.thermo_close,
	};
	unsigned found = 0;

	for (unsigned i = 0; i < OP_COUNT; i++) {
		*slots[i] = (nacre_function)dlsym(library, op_names[i]);
		found += *slots[i] != NULL;
	}
	if (found == 0)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "thermo",
				"the extension has none of the interface's functions");
	return 0;
}

static void (*const serve[])(struct nacre_service *s) = {
	[OP_thermo_open] = serve_thermo_open,
	[OP_thermo_read] = serve_thermo_read,
	[OP_thermo_describe] = serve_thermo_describe,
	[OP_thermo_name] = serve_thermo_name,
	[OP_thermo_unit] = serve_thermo_unit,
	[OP_thermo_watch] = serve_thermo_watch,
	[OP_thermo_close] = serve_thermo_close,
};

EXPORT const struct nacre_stub nacre_stub = {
	.name = "thermo",
	.version = "1.0",
	.digest = {0xc7, 0x6c, 0xd5, 0x4b, 0x7c, 0xfb, 0xe0, 0x09,
		   0xd5, 0x17, 0x1d, 0xc0, 0x10, 0xaf, 0x59, 0xd0},
	.op_count = OP_COUNT,
	.callback_count = CALLBACK_COUNT,
	.op_names = op_names,
	.serve = serve,
	.thunks = thunks,
	.bind = bind_extension,
};
