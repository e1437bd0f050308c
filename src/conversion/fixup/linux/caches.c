/* SPDX-License-Identifier: BSD-2-Clause */
/* caches.c - files that remember disks by their old names, and LVM's filters */
#include "conversion/fixup/linux/editors.h"
#include "conversion/fixup/linux/run.h"

/* lvm.conf: a filter that accepts disks by name and rejects the rest would hide the new disk. */
int nacre_edit_lvm(struct nacre_span in, void *arg, struct nacre_text *out)
{
	static const char *const names[] = {"filter", "global_filter", NULL};
	static const char *const disks[] = {"/dev/sd", "/dev/hd", "/dev/nvme", "/dev/cciss", "by-id", "by-path",
					    "/dev/mapper/mpath", NULL};
	struct nacre_span line, word;

	(void)arg;
	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line;
		bool filter = false, old = false;

		if (nacre_word_next(&rest, " \t\r\n=[", &word))
			for (int i = 0; names[i]; i++)
				filter |= nacre_span_is(word, names[i]);
		for (int i = 0; disks[i]; i++)
			old |= nacre_span_find(line, disks[i]) != NULL;
		/* over several lines it would take a parser to comment out: rare, left alone */
		if (filter && old && nacre_span_find(line, "]"))
			nacre_text_puts(out, "# ");
		nacre_text_add(out, line.at, line.size);
	}
	return 0;
}

static int body(struct nacre_run *r)
{
	static const struct {
		const char *path, *why;
	} files[] = {
		{"/boot/grub/device.map", "GRUB finds the disks by itself"},
		{"/boot/grub2/device.map", "GRUB finds the disks by itself"},
		{"/etc/blkid.tab", "a cache of old device names"},
		{"/etc/blkid/blkid.tab", "a cache of old device names"},
		{"/etc/lvm/cache/.cache", "a cache of old device names"},
		{"/etc/lvm/devices/system.devices", "LVM looks at all disks again"},
		{"/etc/multipath/bindings", "the old paths' WWIDs"},
		{"/etc/multipath/wwids", "the old paths' WWIDs"},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (nacre_run_remove(r, files[i].path, files[i].why) < 0)
			return -1;
	return nacre_run_edit(r, "/etc/lvm/lvm.conf", nacre_edit_lvm, NULL,
			      "filters for disks of the old machine are commented out");
}

NACRE_FIX(caches, "caches", "remembered device names are forgotten", NULL, body);
