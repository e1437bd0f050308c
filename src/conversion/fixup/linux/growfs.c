/* SPDX-License-Identifier: BSD-2-Clause */
/* growfs.c - the file system of a partition that has grown is enlarged by the machine itself, at its first start
 *
 * For file systems that only a kernel can enlarge: systemd does it before it mounts what has the option
 * x-systemd.growfs in fstab (systemd.mount(5)), and finds nothing to do at later starts.
 */
#include "conversion/fixup/linux/growfs.h"

#include "conversion/inventory/devices.h"
#include "conversion/fixup/linux/run.h"

#define OPTION "x-systemd.growfs"

static bool has_systemd_growfs(struct nacre_tree *tree)
{
	return nacre_tree_exists(tree, "/usr/lib/systemd/systemd-growfs") ||
	       nacre_tree_exists(tree, "/lib/systemd/systemd-growfs");
}

/* Behind the options of a line, or where they would be. */
static void add_option(struct nacre_span line, const struct nacre_fstab_entry *entry, struct nacre_text *out)
{
	struct nacre_span last = entry->options.size ? entry->options : entry->type;
	const char *after = last.at + last.size;

	nacre_text_add(out, line.at, (size_t)(after - line.at));
	nacre_text_puts(out, entry->options.size ? "," OPTION : "\t" OPTION);
	nacre_text_add(out, after, (size_t)(line.at + line.size - after));
}

int nacre_edit_growfs(struct nacre_span in, void *arg, struct nacre_text *out)
{
	struct nacre_growfs_edit *edit = arg;
	const struct nacre_device *device;
	struct nacre_fstab_entry entry;
	struct nacre_span line;

	edit->found = false;
	while (nacre_line_next(&in, &line)) {
		enum nacre_device_kind kind = NACRE_DEVICE_OTHER;

		if (nacre_fstab_parse(line, &entry))
			kind = nacre_devices_find(edit->devices, entry.spec, &device);
		/* Once is enough: a volume may be mounted at several places. */
		if (edit->found || (kind != NACRE_DEVICE_HERE && kind != NACRE_DEVICE_STABLE) ||
		    device->disk || device->number != edit->number || !entry.type.size) {
			nacre_text_add(out, line.at, line.size);
			continue;
		}
		edit->found = true;
		if (nacre_fstab_option(&entry, OPTION))
			nacre_text_add(out, line.at, line.size);
		else
			add_option(line, &entry, out);
	}
	return 0;
}

static int edit_fstab(struct nacre_run *r, int number, bool *found)
{
	struct nacre_growfs_edit edit = {.devices = nacre_run_devices(r), .number = number};
	int result = nacre_run_edit(r, "/etc/fstab", nacre_edit_growfs, &edit,
				    "the file system grows at the first start");

	*found = edit.found;
	return result;
}

bool nacre_fixup_grows(struct nacre_fixing *f, int number)
{
	struct nacre_error none = {0};
	struct nacre_run r = {.f = f, .id = "growfs", .mode = NACRE_RUN_DETECT, .e = &none};
	bool found = false;

	return has_systemd_growfs(f->tree) && edit_fstab(&r, number, &found) == 0 && found;
}

static int body(struct nacre_run *r)
{
	bool found;

	if (!r->f->options->growfs || !has_systemd_growfs(r->f->tree))
		return 0;
	return edit_fstab(r, r->f->options->growfs, &found);
}

NACRE_FIX(growfs, "growfs", "a file system that grows at the first start", NULL, body);
