/* SPDX-License-Identifier: BSD-2-Clause */
/* devices.c - which volume of the images an old machine's device name means */
#include "conversion/inventory/devices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool nacre_fstab_parse(struct nacre_span line, struct nacre_fstab_entry *entry)
{
	struct nacre_span rest = line;

	*entry = (struct nacre_fstab_entry){0};
	if (!nacre_word_next(&rest, " \t\r\n", &entry->spec) || entry->spec.at[0] == '#')
		return false;
	if (!nacre_word_next(&rest, " \t\r\n", &entry->file))
		return false;
	if (nacre_word_next(&rest, " \t\r\n", &entry->type))
		nacre_word_next(&rest, " \t\r\n", &entry->options);
	return true;
}

bool nacre_fstab_option(const struct nacre_fstab_entry *entry, const char *word)
{
	struct nacre_span options = entry->options, option;

	while (nacre_word_next(&options, ",", &option))
		if (nacre_span_is(option, word))
			return true;
	return false;
}

void nacre_fstab_unescape(char *s)
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

/* A UUID as every tool writes it: what a driver says goes into config files. */
static void take_id(char to[40], const char *from)
{
	size_t n = strnlen(from, 40);

	to[0] = 0;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)from[i]) && from[i] != '-')
			return;
	if (n < 40) {
		memcpy(to, from, n);
		to[n] = 0;
	}
}

/* The digits at the end of @name; @stem: what is before. False: there are none. */
static bool split_number(struct nacre_span name, struct nacre_span *stem, int *number)
{
	size_t n = name.size;

	while (n && isdigit((unsigned char)name.at[n - 1]))
		n--;
	if (n == name.size || name.size - n > 4)
		return false;
	*number = 0;
	for (size_t i = n; i < name.size; i++)
		*number = *number * 10 + name.at[i] - '0';
	*stem = (struct nacre_span){name.at, n};
	return true;
}

/* Does @name go on, behind @prefix, with a name of a disk that ends in letters ("sda")? */
static bool lettered(struct nacre_span name, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!nacre_span_starts(name, prefix) || name.size == n)
		return false;
	for (size_t i = n; i < name.size; i++)
		if (!islower((unsigned char)name.at[i]))
			return false;
	return true;
}

/*
 * Split the name of a partition or a disk: 0 is the whole disk. Names as the kernel's block drivers give
 * them (Documentation/admin-guide/devices.txt), and udev's links (60-persistent-storage.rules).
 */
static bool split(struct nacre_span name, struct nacre_span *stem, int *number)
{
	static const char *const letters[] = {"/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/ubd", NULL};
	static const char *const numbers[] = {"/dev/nvme", "/dev/mmcblk", "/dev/cciss/c", "/dev/ida/c",
					      "/dev/rd/c", "/dev/nbd", NULL};
	static const char *const links[] = {"/dev/disk/by-id/", "/dev/disk/by-path/", "/dev/mapper/mpath", NULL};
	bool numbered = split_number(name, stem, number);

	if (!numbered) {
		*stem = name;
		*number = 0;
	}
	for (int i = 0; letters[i]; i++)
		if (lettered(*stem, letters[i]))
			return true;
	for (int i = 0; numbers[i]; i++)
		if (nacre_span_starts(name, numbers[i])) {
			if (numbered && stem->at[stem->size - 1] == 'p')
				stem->size--;
			else { /* the digits are the disk's */
				*stem = name;
				*number = 0;
			}
			return isdigit((unsigned char)stem->at[stem->size - 1]);
		}
	for (int i = 0; links[i]; i++)
		if (nacre_span_starts(name, links[i])) {
			bool mpath = i == 2;

			if (numbered && stem->size > 5 && !memcmp(stem->at + stem->size - 5, "-part", 5))
				stem->size -= 5;
			else if (numbered && mpath && stem->at[stem->size - 1] == 'p')
				stem->size--;
			else if (!mpath) {
				*stem = name;
				*number = 0;
			}
			return true;
		}
	return false;
}

static struct nacre_device *numbered(const struct nacre_devices *d, int disk, int number)
{
	for (int i = 0; i < d->count; i++)
		if (d->list[i].disk == disk && d->list[i].number == number)
			return (struct nacre_device *)&d->list[i];
	return NULL;
}

/* The value behind "UUID=" or a directory of links: it may stand in quotes, and have escapes of fstab's or (\x20) udev's. */
static bool tag_value(struct nacre_span value, char text[NACRE_FS_NAME])
{
	char *to = text, *from = text;
	unsigned code;

	if (value.size >= 2 && (value.at[0] == '"' || value.at[0] == '\'') && value.at[value.size - 1] == value.at[0])
		value = (struct nacre_span){value.at + 1, value.size - 2};
	if (!nacre_span_copy(value, text, NACRE_FS_NAME))
		return false;
	nacre_fstab_unescape(text);
	while (*from) {
		if (from[0] == '\\' && from[1] == 'x' && isxdigit((unsigned char)from[2]) && isxdigit((unsigned char)from[3]) &&
		    sscanf(from + 2, "%2x", &code) == 1 && code) {
			*to++ = (char)code;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
	return true;
}

/* Is @value, which is not empty, what @device has for the tag of that index? */
static bool has_tag(const struct nacre_device *device, int tag, const char *value)
{
	switch (tag) {
	case 0:
		return !strcasecmp(device->uuid, value);
	case 1:
		return !strcmp(device->label, value);
	case 2:
		return !strcasecmp(device->guid, value);
	default:
		return !strcmp(device->name, value);
	}
}

/* A name that does not depend on drivers. @tagged: it is one of those at all. */
static struct nacre_device *by_tag(const struct nacre_devices *d, struct nacre_span name, bool *tagged)
{
	static const char *const tags[][2] = {{"UUID=", "/dev/disk/by-uuid/"}, {"LABEL=", "/dev/disk/by-label/"},
					      {"PARTUUID=", "/dev/disk/by-partuuid/"},
					      {"PARTLABEL=", "/dev/disk/by-partlabel/"}};
	char value[NACRE_FS_NAME];

	*tagged = false;
	for (int t = 0; t < 8 && !*tagged; t++) {
		size_t n = strlen(tags[t / 2][t % 2]);

		if (!nacre_span_starts(name, tags[t / 2][t % 2]))
			continue;
		*tagged = true;
		if (!tag_value((struct nacre_span){name.at + n, name.size - n}, value) || !*value)
			continue;
		for (int i = 0; i < d->count; i++)
			if (has_tag(&d->list[i], t / 2, value))
				return (struct nacre_device *)&d->list[i];
	}
	return NULL;
}

/* Could fstab's @type be what is on @device? */
static bool type_fits(struct nacre_span type, const struct nacre_device *device)
{
	if (!type.size || !device->type[0] || nacre_span_is(type, "auto") || nacre_span_is(type, device->type))
		return true;
	if (nacre_span_starts(type, "ext") && !strncmp(device->type, "ext", 3))
		return true;
	if (nacre_span_starts(type, "ntfs") && !strncmp(device->type, "ntfs", 4))
		return true;
	return !strcmp(device->type, "vfat") && (nacre_span_is(type, "msdos") || nacre_span_is(type, "fat"));
}

/* The disk that was called @stem, -1: none of these. */
static int disk_of(const struct nacre_devices *d, struct nacre_span stem)
{
	for (int i = 0; i < d->stem_count; i++)
		if (nacre_span_is(stem, d->stems[i].text))
			return d->stems[i].disk;
	return -1;
}

static void add_stem(struct nacre_devices *d, struct nacre_span stem, int disk)
{
	struct nacre_stem *to = &d->stems[d->stem_count];

	if (d->stem_count == NACRE_STEMS_MAX || disk_of(d, stem) >= 0 || !nacre_span_copy(stem, to->text, NACRE_STEM))
		return;
	to->disk = disk;
	d->stem_count++;
}

/* A volume is mounted once, and the root there only; but for btrfs, whose subvolumes have places of their own. */
static bool file_fits(struct nacre_span file, const struct nacre_device *device)
{
	bool shared = !strcmp(device->type, "btrfs");

	if (nacre_span_is(file, "/") ? !device->root : device->root && !shared)
		return false;
	return !device->claimed || shared;
}

/* The next entry whose name is @stem and a number, off the front of @fstab. */
static bool next_of(struct nacre_span *fstab, struct nacre_span stem, struct nacre_fstab_entry *entry, int *number)
{
	struct nacre_span line, other;

	while (nacre_line_next(fstab, &line))
		if (nacre_fstab_parse(line, entry) && split(entry->spec, &other, number) && other.size == stem.size &&
		    !memcmp(other.at, stem.at, stem.size))
			return true;
	return false;
}

/* Does every entry with @stem name a partition of @disk, of its type, and not somebody else's? */
static bool stem_fits(const struct nacre_devices *d, struct nacre_span fstab, struct nacre_span stem, int disk)
{
	struct nacre_fstab_entry entry;
	int number;

	while (next_of(&fstab, stem, &entry, &number)) {
		const struct nacre_device *device = numbered(d, disk, number);

		if (!device || !type_fits(entry.type, device) || !file_fits(entry.file, device))
			return false;
	}
	return true;
}

/* Is @stem one of the kernel's own names, of which one disk has only one? */
static bool kernel_name(struct nacre_span stem)
{
	return !nacre_span_starts(stem, "/dev/disk/") && !nacre_span_starts(stem, "/dev/mapper/");
}

/* Is it what a first disk is called? */
static bool is_first(struct nacre_span stem)
{
	return strchr("a0", stem.at[stem.size - 1]) || (stem.size > 3 && !memcmp(stem.at + stem.size - 3, "0n1", 3));
}

static bool knows_kernel_name(const struct nacre_devices *d, int disk)
{
	for (int i = 0; i < d->stem_count; i++)
		if (d->stems[i].disk == disk &&
		    kernel_name((struct nacre_span){d->stems[i].text, strlen(d->stems[i].text)}))
			return true;
	return false;
}

/* Could @disk have been called @stem, by what else it is known to have been called? */
static bool is_free(const struct nacre_devices *d, struct nacre_span stem, int disk)
{
	return disk_of(d, stem) < 0 && !(kernel_name(stem) && knows_kernel_name(d, disk));
}

static bool try_stem(struct nacre_devices *d, struct nacre_span fstab, struct nacre_span stem, int disk)
{
	struct nacre_fstab_entry entry;
	int number;

	if (!is_free(d, stem, disk) || !stem_fits(d, fstab, stem, disk))
		return false;
	while (next_of(&fstab, stem, &entry, &number))
		numbered(d, disk, number)->claimed = true;
	add_stem(d, stem, disk);
	return true;
}

void nacre_devices_take(struct nacre_devices *d, const struct nacre_inventory *inventory)
{
	struct nacre_span stem;
	int number;

	*d = (struct nacre_devices){.disk_count = inventory->disk_count};
	for (int i = 0; i < inventory->place_count && i < NACRE_PARTITIONS_MAX; i++) {
		const struct nacre_place *p = &inventory->places[i];
		struct nacre_device *device = &d->list[d->count++];

		device->disk = p->disk;
		device->number = p->partition.number;
		device->root = i == inventory->root;
		device->empty = p->empty;
		take_id(device->uuid, p->info.uuid);
		take_id(device->guid, p->partition.guid);
		snprintf(device->type, sizeof(device->type), "%s", p->type);
		snprintf(device->label, sizeof(device->label), "%s", p->info.label);
		snprintf(device->name, sizeof(device->name), "%s", p->partition.name);
		if (!strcmp(p->type, "lvm2") || !strcmp(p->type, "linux_raid") || !strcmp(p->type, "luks") ||
		    p->problem[0])
			d->opaque = true;
	}
	for (int i = 0; i < inventory->disk_count; i++) {
		const char *name = inventory->disks[i].name;

		if (split((struct nacre_span){name, strlen(name)}, &stem, &number) && !number)
			add_stem(d, stem, i);
	}
}

/* The root, as @name has it: what is its disk called? */
static void learn_root(struct nacre_devices *d, struct nacre_span fstab, struct nacre_span name, bool certain)
{
	struct nacre_span stem;
	int number;

	if (!split(name, &stem, &number))
		return;
	for (int i = 0; i < d->count; i++) {
		if (!d->list[i].root || d->list[i].number != number)
			continue;
		if (!certain)
			try_stem(d, fstab, stem, d->list[i].disk);
		else if (is_free(d, stem, d->list[i].disk))
			add_stem(d, stem, d->list[i].disk);
	}
}

void nacre_devices_learn(struct nacre_devices *d, struct nacre_span fstab, struct nacre_span root)
{
	struct nacre_span rest = fstab, line, stem;
	struct nacre_fstab_entry entry;
	bool tagged;
	int number;

	/* what is certain */
	while (nacre_line_next(&rest, &line)) {
		struct nacre_device *device;

		if (nacre_fstab_parse(line, &entry) && (device = by_tag(d, entry.spec, &tagged)))
			device->claimed = true;
	}
	/* the root's own name, as fstab or the command line has it */
	for (rest = fstab; nacre_line_next(&rest, &line);)
		if (nacre_fstab_parse(line, &entry) && nacre_span_is(entry.file, "/"))
			learn_root(d, fstab, entry.spec, false);
	if (root.size)
		learn_root(d, fstab, root, true);
	/* others that fit, in the order of the file and of the disks; one disk alone is hardly the old machine's second one */
	for (rest = fstab; nacre_line_next(&rest, &line);)
		for (int i = 0; i < d->disk_count && nacre_fstab_parse(line, &entry) && split(entry.spec, &stem, &number); i++)
			if ((d->disk_count > 1 || !kernel_name(stem) || is_first(stem)) && try_stem(d, fstab, stem, i))
				break;
}

enum nacre_device_kind nacre_devices_find(const struct nacre_devices *d, struct nacre_span name,
					  const struct nacre_device **device)
{
	struct nacre_span stem;
	bool tagged;
	int number, disk;

	*device = by_tag(d, name, &tagged);
	if (tagged && *device && (*device)->empty)
		return NACRE_DEVICE_ABSENT;
	if (tagged)
		return *device ? NACRE_DEVICE_STABLE : d->opaque ? NACRE_DEVICE_OTHER : NACRE_DEVICE_ABSENT;
	if (!split(name, &stem, &number))
		return NACRE_DEVICE_OTHER;
	disk = disk_of(d, stem);
	if (disk < 0)
		return NACRE_DEVICE_ABSENT;
	*device = numbered(d, disk, number);
	return *device && !(*device)->empty ? NACRE_DEVICE_HERE : NACRE_DEVICE_ABSENT;
}

bool nacre_device_ordered(struct nacre_span name)
{
	struct nacre_span stem;
	int number;

	return split(name, &stem, &number) && kernel_name(stem);
}

bool nacre_device_name(const struct nacre_device *device, char name[64])
{
	if (device->uuid[0])
		snprintf(name, 64, "UUID=%s", device->uuid);
	else if (device->guid[0])
		snprintf(name, 64, "PARTUUID=%s", device->guid);
	else
		return false;
	return true;
}
