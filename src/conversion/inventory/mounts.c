/* SPDX-License-Identifier: BSD-2-Clause */
/* mounts.c - fstab against the places that there are
 *
 * A device name of the old computer says little: which disk sda was, nobody knows any more, where its kernel was not
 * asked. The root volume's disk is taken for the one that its line names; without such a name, for the first one.
 * Of several disks, a further name is taken for the first one that has no name yet, and has such a volume.
 */
#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FSTAB_MAX = 1 << 20, LINES_MAX = 128 };

/* struct line - one of fstab, in its buffer */
struct line {
	char *what, *where, *type, *options;
};

/* \040 and the like, in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			char c = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));

			*to++ = c ? c : '?';
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

/*
 * Take "/dev/sda3", "/dev/nvme0n1p3", "/dev/cciss/c0d0p3" apart.
 * @disk: the disk's name, @number: of the partition, 0: the whole disk. Return: is it such a name?
 */
static bool device_name(const char *what, char *disk, size_t size, int *number)
{
	static const char *const letters[] = {"/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/ubd"};
	static const char *const digits[] = {"/dev/nvme", "/dev/mmcblk", "/dev/cciss/c", "/dev/ida/c",
					     "/dev/rd/c", "/dev/md"};
	const char *end = what + strlen(what), *p = end;
	bool named = false, numbered = false;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		named |= !strncmp(what, letters[i], strlen(letters[i]));
	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
		numbered |= !strncmp(what, digits[i], strlen(digits[i]));
	if (!named && !numbered)
		return false;
	while (p > what && isdigit((unsigned char)p[-1]))
		p--;
	*number = 0;
	if (numbered && (p == what || p[-1] != 'p'))
		p = end; /* nvme0n1: these digits are the disk's */
	else if (end - p > 0 && end - p < 4)
		*number = atoi(p);
	snprintf(disk, size, "%.*s", (int)(p - what) - (numbered && p != end), what);
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return *a && !strcasecmp(a, b);
}

/* The same for "/dev/disk/by-id/wwn-0x5000c500-part3" and by-path. */
static bool link_name(const char *what, char *disk, size_t size, int *number)
{
	const char *part = strstr(what, "-part");

	if (strncmp(what, "/dev/disk/by-id/", 16) && strncmp(what, "/dev/disk/by-path/", 18))
		return false;
	*number = part && isdigit((unsigned char)part[5]) && strlen(part) < 9 ? atoi(part + 5) : 0;
	snprintf(disk, size, "%.*s", *number ? (int)(part - what) : (int)strlen(what), what);
	return true;
}

enum { NAME = 128 };

/* struct names - what the old computer called its disks: its kernel, and links by the hardware; "": not known */
struct names {
	char kernel[NACRE_DISKS_MAX][NAME], link[NACRE_DISKS_MAX][NAME];
};

static struct nacre_place *place_numbered(struct nacre_inventory *inventory, int disk, int number)
{
	for (int i = 0; i < inventory->place_count; i++)
		if (inventory->places[i].disk == disk && inventory->places[i].partition.number == number)
			return &inventory->places[i];
	return NULL;
}

static bool named_by(const struct nacre_place *p, const char *tag, const char *value)
{
	if (!strcasecmp(tag, "UUID"))
		return same_text(p->info.uuid, value);
	if (!strcasecmp(tag, "LABEL"))
		return *p->info.label && !strcmp(p->info.label, value);
	if (!strcasecmp(tag, "PARTUUID"))
		return same_text(p->partition.guid, value);
	return !strcasecmp(tag, "PARTLABEL") && *p->partition.name && !strcmp(p->partition.name, value);
}

static struct nacre_place *place_tagged(struct nacre_inventory *inventory, const char *what)
{
	static const struct {
		const char *tag, *directory;
	} names[] = {{"UUID", "/dev/disk/by-uuid/"},	     {"LABEL", "/dev/disk/by-label/"},
		     {"PARTUUID", "/dev/disk/by-partuuid/"}, {"PARTLABEL", "/dev/disk/by-partlabel/"}};

	for (size_t t = 0; t < sizeof(names) / sizeof(names[0]); t++) {
		size_t n = strlen(names[t].tag), m = strlen(names[t].directory);
		char text[256], *value = text;

		if (!strncasecmp(what, names[t].tag, n) && what[n] == '=') {
			text_copy(text, sizeof(text), what + n + 1);
			value = text_value(text);
		} else if (!strncmp(what, names[t].directory, m)) {
			text_copy(text, sizeof(text), what + m);
		} else {
			continue;
		}
		for (int i = 0; i < inventory->place_count; i++)
			if (named_by(&inventory->places[i], names[t].tag, value))
				return &inventory->places[i];
	}
	return NULL;
}

/* Is @name what a first disk is called? */
static bool is_first(const char *name)
{
	return strchr("a0", name[strlen(name) - 1]) || text_suffix(name, "0n1");
}

/* The first disk that has no name in @names yet, and a volume @number that is free for line @l. */
static struct nacre_place *place_guessed(struct nacre_inventory *inventory, char (*names)[NAME], const char *name,
					 int number, const struct line *l)
{
	for (int i = 0; i < inventory->disk_count; i++) {
		struct nacre_place *p = place_numbered(inventory, i, number);

		if (*names[i] || !p || *p->mount || (*p->type && strcmp(l->type, "auto") && strcmp(l->type, p->type)))
			continue;
		text_copy(names[i], NAME, name);
		return p;
	}
	return NULL;
}

static struct nacre_place *place_named(struct nacre_inventory *inventory, struct names *names, const struct line *l)
{
	struct nacre_place *p = place_tagged(inventory, l->what);
	char name[NAME];
	bool link;
	int number;

	if (p)
		return p;
	link = link_name(l->what, name, sizeof(name), &number);
	if (!link && !device_name(l->what, name, sizeof(name), &number))
		return NULL;
	if (link && inventory->disk_count == 1)
		return number ? place_numbered(inventory, 0, number) : NULL;
	for (int i = 0; i < inventory->disk_count; i++)
		if (!strcmp((link ? names->link : names->kernel)[i], name))
			return place_numbered(inventory, i, number);
	if (inventory->disk_count > 1)
		return place_guessed(inventory, link ? names->link : names->kernel, name, number, l);
	return !*names->kernel[0] && is_first(name) ? place_numbered(inventory, 0, number) : NULL;
}

/* What a line names by where its device was plugged in will be named otherwise in a virtual machine. */
static void note_name(struct nacre_inventory *inventory, const struct line *l)
{
	const char *where = l->where[0] == '/' ? l->where : l->type; /* swap is mounted nowhere */
	char disk[64];
	int number;

	if (!strncmp(l->what, "/dev/disk/by-id/", 16) || !strncmp(l->what, "/dev/disk/by-path/", 18))
		nacre_inventory_find(inventory, NACRE_WARNING, "a disk named by its hardware",
				     "fstab has %.40s on %.90s: a virtual disk has another serial number and "
				     "another path", where, l->what);
	else if (device_name(l->what, disk, sizeof(disk), &number) && strncmp(l->what, "/dev/vd", 7) &&
		 strncmp(l->what, "/dev/md", 7))
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
		unescape(l->what);
		unescape(l->where);
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
	unescape(options);
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

static void take(struct nacre_inventory *inventory, const struct line *l, struct names *names)
{
	struct nacre_place *p = place_named(inventory, names, l);
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
	struct names names = {0};
	char *own = names.kernel[inventory->places[inventory->root].disk];
	int count, number;

	strcpy(inventory->places[inventory->root].mount, "/");
	if (!data)
		return;
	count = read_lines(data, lines);
	for (int i = 0; i < inventory->disk_count; i++)
		if (!device_name(inventory->disks[i].name, names.kernel[i], NAME, &number) || number)
			*names.kernel[i] = 0;
	for (int i = 0; i < count && !*own; i++)
		if (!strcmp(lines[i].where, "/") && !device_name(lines[i].what, own, NAME, &number))
			*own = 0;
	for (int i = 0; i < count; i++) {
		size_t n = strlen(lines[i].where);

		if (n > 1 && lines[i].where[n - 1] == '/')
			lines[i].where[n - 1] = 0;
		if (is_device(&lines[i]))
			take(inventory, &lines[i], &names);
	}
	look_forget(look);
	for (int i = 0; i < count; i++)
		take_swap_file(inventory, look, &lines[i]);
}
