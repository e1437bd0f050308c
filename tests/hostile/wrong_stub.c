/* SPDX-License-Identifier: BSD-2-Clause */
/* wrong_stub.c - a stub of another interface */
#include <nacre/stub.h>

static void serve(struct nacre_service *s)
{
	(void)s;
}

static void (*const functions[])(struct nacre_service *s) = {serve};
static const char *const names[] = {"nothing"};

static int bind_nothing(void *library, struct nacre_error *e)
{
	(void)library;
	(void)e;
	return 0;
}

extern const struct nacre_stub nacre_stub;
__attribute__((visibility("default"))) const struct nacre_stub nacre_stub = {
	.name = "wrong", .version = "1", .digest = {1}, .op_count = 1, .op_names = names,
	.serve = functions, .bind = bind_nothing};
