/* SPDX-License-Identifier: BSD-2-Clause */
/* fstab.c - mounts and encrypted volumes by UUID: names of disks depend on their drivers */
#include "conversion/fixup/linux/editors.h"
#include "conversion/fixup/linux/run.h"

#include <stdio.h>

static void note(const struct nacre_edit *edit, struct nacre_span spec, const char *what)
{
	char text[256];

	if (!edit->note)
		return;
	snprintf(text, sizeof(text), "%.*s %s", (int)(spec.size < 100 ? spec.size : 100), spec.at, what);
	edit->note(edit->arg, text);
}

/* A disk that stays behind: the machine must start without it. */
static void edit_absent(struct nacre_span line, const struct nacre_fstab_entry *entry,
			const struct nacre_edit *edit, struct nacre_text *out)
{
	struct nacre_span last = entry->options.size ? entry->options : entry->type;
	const char *after = last.at + last.size;

	if (!last.size || nacre_span_is(entry->file, "/") || nacre_fstab_option(entry, "nofail") ||
	    nacre_fstab_option(entry, "noauto")) {
		nacre_text_add(out, line.at, line.size);
		return;
	}
	note(edit, entry->spec, "is not on this disk: nofail");
	nacre_text_add(out, line.at, after - line.at);
	nacre_text_puts(out, entry->options.size ? ",nofail" : "\tnofail");
	nacre_text_add(out, after, line.at + line.size - after);
}

int nacre_edit_fstab(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const struct nacre_edit *edit = arg;
	const struct nacre_device *device;
	struct nacre_fstab_entry entry;
	struct nacre_span line;
	char name[64];

	while (nacre_line_next(&in, &line)) {
		enum nacre_device_kind kind = NACRE_DEVICE_OTHER;

		if (nacre_fstab_parse(line, &entry))
			kind = nacre_devices_find(edit->devices, entry.spec, &device);
		if (kind == NACRE_DEVICE_HERE && nacre_device_name(device, name)) {
			const char *after = entry.spec.at + entry.spec.size;

			nacre_text_add(out, line.at, entry.spec.at - line.at);
			nacre_text_puts(out, name);
			nacre_text_add(out, after, line.at + line.size - after);
		} else if (kind == NACRE_DEVICE_ABSENT) {
			edit_absent(line, &entry, edit, out);
		} else {
			nacre_text_add(out, line.at, line.size);
		}
	}
	return 0;
}

/* crypttab(5): name, device, key, options. A LUKS volume on this disk is named by its UUID or partition. */
int nacre_edit_crypttab(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const struct nacre_edit *edit = arg;
	const struct nacre_device *device;
	struct nacre_fstab_entry entry; /* the first two fields are alike */
	struct nacre_span line;
	char name[64];

	while (nacre_line_next(&in, &line)) {
		enum nacre_device_kind kind = NACRE_DEVICE_OTHER;
		const char *after;

		if (nacre_fstab_parse(line, &entry))
			kind = nacre_devices_find(edit->devices, entry.file, &device);
		if (kind == NACRE_DEVICE_ABSENT)
			note(edit, entry.file, "of crypttab is not on this disk");
		if (kind != NACRE_DEVICE_HERE || !nacre_device_name(device, name)) {
			nacre_text_add(out, line.at, line.size);
			continue;
		}
		after = entry.file.at + entry.file.size;
		nacre_text_add(out, line.at, entry.file.at - line.at);
		nacre_text_puts(out, name);
		nacre_text_add(out, after, line.at + line.size - after);
	}
	return 0;
}

static void tell(void *arg, const char *text)
{
	nacre_run_say(arg, "%s", text);
}

static int body(struct nacre_run *r)
{
	static const char what[] = "device names become UUIDs";
	struct nacre_edit edit = {.devices = nacre_run_devices(r), .note = tell, .arg = r};

	if (nacre_run_edit(r, "/etc/fstab", nacre_edit_fstab, &edit, what) < 0)
		return -1;
	return nacre_run_edit(r, "/etc/crypttab", nacre_edit_crypttab, &edit, what);
}

NACRE_FIX(fstab, "fstab", "mounts by UUID", NULL, body);
