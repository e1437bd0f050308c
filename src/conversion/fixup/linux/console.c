/* SPDX-License-Identifier: BSD-2-Clause */
/* console.c - a login on the serial line, which a virtual machine always has */
#include "conversion/fixup/linux/console.h"
#include "conversion/fixup/linux/run.h"

static const char tty[] = "ttyS0";

/* Xen's consoles: init would start a getty on them over and over. */
static bool on_xen(struct nacre_span line)
{
	return !nacre_span_starts(nacre_span_trim(line), "#") && nacre_span_find(line, "getty") &&
	       (nacre_span_find(line, "hvc0") || nacre_span_find(line, "xvc0"));
}

/* inittab(5) of sysvinit, and busybox's, whose first field is a terminal. */
int nacre_edit_inittab(struct nacre_span in, void *arg, struct nacre_text *out)
{
	bool busybox = nacre_span_find(in, "::sysinit:") != NULL, there = false;
	struct nacre_span line, rest = in;

	(void)arg;
	while (nacre_line_next(&rest, &line))
		there |= !nacre_span_starts(nacre_span_trim(line), "#") && nacre_span_find(line, tty) && !on_xen(line);
	for (rest = in; nacre_line_next(&rest, &line);) {
		if (on_xen(line))
			nacre_text_puts(out, "#");
		nacre_text_add(out, line.at, line.size);
	}
	if (there)
		return 0;
	if (out->size && out->data[out->size - 1] != '\n')
		nacre_text_puts(out, "\n");
	nacre_text_puts(out, busybox ? "ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n"
				     : "S0:2345:respawn:/sbin/getty -L ttyS0 115200 vt100\n");
	return 0;
}

/* securetty(5): where root may log in. */
int nacre_edit_securetty(struct nacre_span in, void *arg, struct nacre_text *out)
{
	struct nacre_span line, rest = in;
	bool there = false;

	(void)arg;
	while (nacre_line_next(&rest, &line))
		there |= nacre_span_is(nacre_span_trim(line), tty);
	nacre_text_add(out, in.at, in.size);
	if (there)
		return 0;
	if (out->size && out->data[out->size - 1] != '\n')
		nacre_text_puts(out, "\n");
	nacre_text_printf(out, "%s\n", tty);
	return 0;
}

static int body(struct nacre_run *r)
{
	static const char *const units[] = {"/usr/lib/systemd/system/serial-getty@.service",
					    "/lib/systemd/system/serial-getty@.service", NULL};
	static const char wanted[] = "/etc/systemd/system/getty.target.wants/serial-getty@ttyS0.service";
	static const char why[] = "a login on the serial line";

	if (!r->f->options->serial_console)
		return 0;
	if (nacre_run_edit(r, "/etc/inittab", nacre_edit_inittab, NULL, why) < 0 ||
	    nacre_run_edit(r, "/etc/securetty", nacre_edit_securetty, NULL, why) < 0)
		return -1;
	for (int i = 0; units[i]; i++)
		if (nacre_tree_exists(r->f->tree, units[i]) && !nacre_tree_exists(r->f->tree, wanted))
			return nacre_run_link(r, units[i], wanted, why);
	return 0;
}

NACRE_FIX(console, "console", "a login on the serial line", NULL, body);
