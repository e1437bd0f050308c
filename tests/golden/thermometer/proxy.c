/* SPDX-License-Identifier: BSD-2-Clause */
/* proxy.c - what a host loads instead of an extension
 *
 * Made by nacre from the overlay overlay.h: do not edit. Interface thermo 1.0.
 */
#include "overlay.h"

#include <nacre/proxy.h>

#include <errno.h>
#include <pthread.h>

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

static const struct nacre_op ops[] = {
	[OP_thermo_open] = {"thermo_open", 0, 0, 0},
	[OP_thermo_read] = {"thermo_read", 0, 0, 0},
	[OP_thermo_describe] = {"thermo_describe", NACRE_OP_IDEMPOTENT, 0, 0},
	[OP_thermo_name] = {"thermo_name", 0, 0, 0},
	[OP_thermo_unit] = {"thermo_unit", 0, 0, 0},
	[OP_thermo_watch] = {"thermo_watch", 0, 0, 0},
	[OP_thermo_close] = {"thermo_close", 0, 0, 0},
};

static const struct nacre_handle_kind handles[] = {
	[HANDLE_sensor] = {"sensor", (uintptr_t)(0), 64, false},
};

static bool serve_alarm(struct nacre_upcall *up, nacre_function host)
{
	void *user = (void *)nacre_get_token(&up->in, NACRE_TOKEN_PLAIN);
	double celsius = (double)nacre_get_double(&up->in);
	if (!(celsius >= (-273.15) && celsius <= (1e6))) /* range(-273.15, 1e6) */
		return false;
	const char *name = nacre_get_string(&up->in, 15);
	if (!name)
		return false;

	if (!nacre_upcall_ready(up))
		return false;
	((void (*)(void *, const char *, double))host)(user, name, celsius);
	return true;
}

static const struct nacre_callback_kind callbacks[] = {
	[CALLBACK_alarm] = {"alarm", serve_alarm},
};

const struct nacre_interface nacre_interface = {
	.name = "thermo",
	.version = "1.0",
	.digest = {0xc7, 0x6c, 0xd5, 0x4b, 0x7c, 0xfb, 0xe0, 0x09,
		   0xd5, 0x17, 0x1d, 0xc0, 0x10, 0xaf, 0x59, 0xd0},
	.deadline_ms = 2000,
	.op_count = OP_COUNT,
	.handle_count = HANDLE_COUNT,
	.callback_count = CALLBACK_COUNT,
	.ops = ops,
	.handles = handles,
	.callbacks = callbacks,
};

EXPORT struct thermo *thermo_open(const char *name)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_open);
	while (nacre_call_begin(&call)) {
		nacre_call_expect(&call, 8);
		nacre_put_string(&call.out, name, 16 << 20);
		if (!nacre_call_send(&call))
			continue;

		struct thermo *result = (struct thermo *)(uintptr_t)nacre_get_word(&call.in);
		const bool success = result != NULL;

		if (success)
			result = (struct thermo *)(uintptr_t)nacre_handle_in(&call, HANDLE_sensor,
					(uintptr_t)result, true);
		if (nacre_call_accept(&call, success))
			return result;
	}
	errno = EIO;
	return NULL;
}

EXPORT int thermo_read(struct thermo *t, double *samples, int n)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_read);
	while (nacre_call_begin(&call)) {
		uint64_t wire;

		nacre_call_expect(&call, 8);
		if (!nacre_handle_out(&call, HANDLE_sensor, (uintptr_t)t, &wire)) {
			nacre_call_refuse(&call, "t: stale handle");
			errno = ESTALE;
			return -1;
		}
		nacre_put_word(&call.out, wire);
		nacre_put_word(&call.out, n);
		nacre_put_room(&call, samples, n, sizeof(double));
		if (!nacre_call_send(&call))
			continue;

		int result = (int)nacre_get_word(&call.in);
		const bool success = result >= 0;

		nacre_give_array(&call, samples, success, result, n, sizeof(double), "samples");
		if (nacre_call_accept(&call, success))
			return result;
	}
	errno = EIO;
	return -1;
}

EXPORT int thermo_describe(struct thermo *t, struct thermo_info *info)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_describe);
	while (nacre_call_begin(&call)) {
		uint64_t wire;

		nacre_call_expect(&call, 8);
		if (!nacre_handle_out(&call, HANDLE_sensor, (uintptr_t)t, &wire)) {
			nacre_call_refuse(&call, "t: stale handle");
			errno = ESTALE;
			return -1;
		}
		nacre_put_word(&call.out, wire);
		nacre_put_room(&call, info, 1, sizeof(struct thermo_info));
		if (!nacre_call_send(&call))
			continue;

		int result = (int)nacre_get_word(&call.in);
		const bool success = result >= 0;

		nacre_give_array(&call, info, success, 1, 1, sizeof(struct thermo_info), "info");
		if (nacre_call_accept(&call, success))
			return result;
	}
	errno = EIO;
	return -1;
}

EXPORT int thermo_name(struct thermo *t, char *name, size_t size)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_name);
	while (nacre_call_begin(&call)) {
		uint64_t wire;

		nacre_call_expect(&call, 8);
		if (!nacre_handle_out(&call, HANDLE_sensor, (uintptr_t)t, &wire)) {
			nacre_call_refuse(&call, "t: stale handle");
			errno = ESTALE;
			return -1;
		}
		nacre_put_word(&call.out, wire);
		nacre_put_word(&call.out, size);
		nacre_put_room(&call, name, size, 1);
		if (!nacre_call_send(&call))
			continue;

		int result = (int)nacre_get_word(&call.in);
		const bool success = result >= 0;

		nacre_give_text(&call, name, success, size, "name");
		if (nacre_call_accept(&call, success))
			return result;
	}
	errno = EIO;
	return -1;
}

EXPORT const char *thermo_unit(void)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_unit);
	while (nacre_call_begin(&call)) {
		nacre_call_expect(&call, 8 + nacre_padded((4096) + 1));
		if (!nacre_call_send(&call))
			continue;

		const char *result = (const char *)(uintptr_t)nacre_take_string(&call, 4096);
		const bool success = true;

		if (success && !result)
			nacre_call_violate(&call, "the result is NULL");
		if (nacre_call_accept(&call, success))
			return result;
	}
	return "unknown units";
}

EXPORT int thermo_watch(struct thermo *t, double limit, thermo_alarm alarm, void *user)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_watch);
	while (nacre_call_begin(&call)) {
		uint64_t wire;

		nacre_call_expect(&call, 8);
		if (!nacre_handle_out(&call, HANDLE_sensor, (uintptr_t)t, &wire)) {
			nacre_call_refuse(&call, "t: stale handle");
			errno = ESTALE;
			return -1;
		}
		nacre_put_word(&call.out, wire);
		nacre_put_double(&call.out, limit);
		nacre_put_callback(&call, CALLBACK_alarm, (nacre_function)alarm);
		nacre_put_token(&call.out, NACRE_TOKEN_PLAIN, (const void *)(uintptr_t)user);
		if (!nacre_call_send(&call))
			continue;

		int result = (int)nacre_get_word(&call.in);
		const bool success = result >= 0;

		if (nacre_call_accept(&call, success))
			return result;
	}
	errno = EIO;
	return -1;
}

EXPORT void thermo_close(struct thermo *t)
{
	struct nacre_call call;

	nacre_call_open(&call, OP_thermo_close);
	while (nacre_call_begin(&call)) {
		uint64_t wire;

		if (!nacre_handle_out(&call, HANDLE_sensor, (uintptr_t)t, &wire)) {
			nacre_call_refuse(&call, "t: stale handle");
			errno = ESTALE;
			return;
		}
		nacre_put_word(&call.out, wire);
		if (!nacre_call_send(&call))
			continue;

		const bool success = true;

		if (success)
			nacre_handle_close(&call, HANDLE_sensor, (uintptr_t)t);
		if (nacre_call_accept(&call, success))
			return;
	}
	errno = EIO;
}

