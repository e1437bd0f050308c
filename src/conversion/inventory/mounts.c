/* SPDX-License-Identifier: BSD-2-Clause */
/* mounts.c - fstab against the places that there are
 *
 * What its device names mean: devices.h.
 */
#include "base/auto.h"
#include "conversion/inventory/devices.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdlib.h>
#include <string.h>

enum { FSTAB_MAX = 1 << 20, LINES_MAX = 128 };

/* struct line - one of fstab, in its buffer */
struct line {
	char *what, *where, *type, *options;
};

static struct nacre_span span_of(const char *s)
{
	return (struct nacre_span){s, strlen(s)};
}

static struct nacre_place *place_named(struct nacre_inventory *inventory, const struct nacre_devices *devices, const struct line *l)
{
	const struct nacre_device *device;

	nacre_devices_find(devices, span_of(l->what), &device);
	return device ? &inventory->places[device - devices->list] : NULL;
}

/* What a line names by where its device was plugged in will be named otherwise in a virtual machine. */
static void note_name(struct nacre_inventory *inventory, const struct line *l)
{
	const char *where = l->where[0] == '/' ? l->where : l->type; /* swap is mounted nowhere */

	if (!strncmp(l->what, "/dev/disk/by-id/", 16) || !strncmp(l->what, "/dev/disk/by-path/", 18))
		nacre_inventory_find(inventory, NACRE_WARNING, "a disk named by its hardware",
				     "fstab has %.40s on %.90s: a virtual disk has another serial number and "
				     "another path", where, l->what);
	else if (nacre_device_ordered(span_of(l->what)) && strncmp(l->what, "/dev/vd", 7))
		nacre_inventory_find(inventory, NACRE_NOTE, "a disk named by its order",
				     "fstab has %.40s on %.60s: a virtual disk is /dev/vda", where, l->what);
}

static bool is_network(const struct line *l)
{
	return !strncmp(l->type, "nfs", 3) || !strcmp(l->type, "cifs") || !strcmp(l->type, "9p") ||
	       !strcmp(l->type, "ceph") || !strncmp(l->type, "fuse", 4);
}

/* Has the line a device of a disk, rather than proc, tmpfs, a network or a file? */
static bool is_device(const struct line *l)
{
	return !is_network(l) && (!strncmp(l->what, "/dev/", 5) || strchr(l->what, '=')) &&
	       strcmp(l->what, "/dev/cdrom") && strncmp(l->what, "/dev/sr", 7) && strncmp(l->what, "/dev/fd", 7) &&
	       strncmp(l->what, "/dev/scd", 8) && strncmp(l->what, "/dev/loop", 9);
}

static int read_lines(char *data, struct line *lines)
{
	char *line;
	int count = 0;

	while (count < LINES_MAX && (line = text_line(&data))) {
		struct line *l = &lines[count];

		line = text_trim(line);
		if (*line == '#')
			continue;
		l->what = text_word(&line);
		l->where = l->what ? text_word(&line) : NULL;
		l->type = l->where ? text_word(&line) : NULL;
		if (!l->type)
			continue;
		l->options = text_word(&line);
		nacre_fstab_unescape(l->what);
		nacre_fstab_unescape(l->where);
		count++;
	}
	return count;
}

/*
 * The directory of @p that a line mounts: of btrfs a subvolume, by its path from the top.
 * Return: false where only a number says which
 */
static bool find_below(const struct nacre_place *p, const struct line *l, char *below)
{
	char options[1024], *rest = options, *word;
	bool numbered = false;

	*below = 0;
	if (strcmp(p->type, "btrfs"))
		return true;
	text_copy(below, NACRE_FS_NAME, p->info.root);
	text_copy(options, sizeof(options), l->options ? l->options : "");
	nacre_fstab_unescape(options);
	while ((word = strsep(&rest, ","))) {
		if (!strncmp(word, "subvol=", 7)) {
			nacre_subvolume_path(word + 7, below);
			return true;
		}
		if (!strncmp(word, "subvolid=", 9)) {
			numbered = strcmp(word + 9, "5") && strcmp(word + 9, "0");
			if (!numbered)
				*below = 0;
		}
	}
	return !numbered;
}

static void add_mount(struct nacre_inventory *inventory, const struct nacre_place *p, const struct line *l)
{
	struct nacre_mount *m = &inventory->mounts[inventory->mount_count];

	if (l->where[0] != '/' || !l->where[1] || strlen(l->where) >= sizeof(m->path))
		return;
	for (int i = 0; i < inventory->mount_count; i++)
		if (!strcmp(inventory->mounts[i].path, l->where))
			return;
	if (inventory->mount_count == NACRE_MOUNTS_MAX || !find_below(p, l, m->below)) {
		nacre_inventory_find(inventory, NACRE_NOTE, "a mount that is not followed",
				     "%.60s: %s", l->where, inventory->mount_count == NACRE_MOUNTS_MAX
				     ? "there are too many" : "fstab names its subvolume by a number only");
		return;
	}
	strcpy(m->path, l->where);
	m->place = (int)(p - inventory->places);
	inventory->mount_count++;
}

static void take(struct nacre_inventory *inventory, const struct line *l, const struct nacre_devices *devices)
{
	struct nacre_place *p = place_named(inventory, devices, l);
	const char *where = !strcmp(l->type, "swap") ? "swap" : l->where;

	if (!p) {
		if (!l->options || (!strstr(l->options, "noauto") && !strstr(l->options, "nofail")))
			nacre_inventory_find(inventory, NACRE_WARNING, inventory->disk_count > 1 ? "a volume that is not on these disks" : "a volume that is not on this disk",
					     "fstab mounts %.60s from %.90s, which is not here: the boot would wait "
					     "for it", where, l->what);
		return;
	}
	note_name(inventory, l);
	if ((!*p->mount && p != &inventory->places[inventory->root]) || !strcmp(p->type, "btrfs"))
		add_mount(inventory, p, l);
	/* A place with several mount points has the first one; of the root volume's there is no doubt. */
	if (*p->mount || (*where == '/' && where[1] && p == &inventory->places[inventory->root]))
		return;
	if (strlen(where) < sizeof(p->mount))
		text_copy(p->mount, sizeof(p->mount), where);
}

/* A swap area in a file: what was in it is not worth a copy. */
static void take_swap_file(struct nacre_inventory *inventory, struct look *look, const struct line *l)
{
	struct nacre_swap_file *s = &inventory->swap_files[inventory->swap_file_count];

	if (strcmp(l->type, "swap") || l->what[0] != '/' || !strncmp(l->what, "/dev/", 5) ||
	    inventory->swap_file_count == NACRE_SWAP_FILES_MAX)
		return;
	s->place = look_place(look, l->what, s->path, sizeof(s->path));
	inventory->swap_file_count += s->place >= 0;
}

void inventory_mounts(struct nacre_inventory *inventory, struct look *look)
{
	NACRE_AUTO_FREE char *data = look_read(look, "/etc/fstab", FSTAB_MAX);
	struct line lines[LINES_MAX];
	NACRE_AUTO_FREE struct nacre_devices *devices = malloc(sizeof(*devices));
	int count;

	strcpy(inventory->places[inventory->root].mount, "/");
	if (!data || !devices)
		return;
	nacre_devices_take(devices, inventory);
	nacre_devices_learn(devices, span_of(data), span_of(""));
	count = read_lines(data, lines);
	for (int i = 0; i < count; i++) {
		size_t n = strlen(lines[i].where);

		if (n > 1 && lines[i].where[n - 1] == '/')
			lines[i].where[n - 1] = 0;
		if (is_device(&lines[i]))
			take(inventory, &lines[i], devices);
	}
	look_forget(look);
	for (int i = 0; i < count; i++)
		take_swap_file(inventory, look, &lines[i]);
}
