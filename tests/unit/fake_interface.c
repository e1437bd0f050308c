/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_interface.c - the tables that a generated proxy would bring, for tests of the runtime alone */
#include <nacre/proxy.h>

static const struct nacre_op ops[] = {{.name = "first"}, {.name = "second"}};
static const struct nacre_handle_kind handles[] = {
	{.name = "session", .none = 0, .bits = 64, .tracked = true},
	{.name = "object", .none = 0, .bits = 64, .tracked = false},
	{.name = "narrow", .none = UINT32_MAX, .bits = 32, .tracked = false},
};

const struct nacre_interface nacre_interface = {
	.name = "fake",
	.version = "1",
	.deadline_ms = 1000,
	.op_count = 2,
	.ops = ops,
	.handle_count = 3,
	.handles = handles,
};
