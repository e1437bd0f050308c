/* SPDX-License-Identifier: BSD-2-Clause */
/* subvolume.c - which directory of a btrfs is the root of its system?
 *
 * DOC: Theory of Operation
 *
 * A kernel is told by rootflags=subvol=; without that it gets the default subvolume. So boot loaders' files
 * are asked first, on volumes of their own and in every directory of this one that may be a root; then the
 * file system; then fstab in each such directory, which names the directory that it is in if it is the right
 * one; then the names that distributions give. Whatever is said counts only where a system is.
 */
#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CANDIDATES_MAX = 32, FILE_MAX = 1 << 20, ENTRIES = 32 };

/** struct candidates - directories that may be the root, likely ones first */
struct candidates {
	char list[CANDIDATES_MAX][NACRE_FS_NAME];
	int count;
};

void nacre_subvolume_path(const char *value, char *below)
{
	size_t n = 0;

	while (*value && n + 2 < NACRE_FS_NAME) {
		while (*value == '/')
			value++;
		if (!*value)
			break;
		below[n++] = '/';
		while (*value && *value != '/' && n + 1 < NACRE_FS_NAME)
			below[n++] = *value++;
	}
	below[n] = 0;
	/* One that is cut, or leads up, is none. */
	if (*value || strstr(below, "/.."))
		*below = 0;
}

static void add(struct candidates *c, const char *below)
{
	for (int i = 0; i < c->count; i++)
		if (!strcmp(c->list[i], below))
			return;
	if (c->count < CANDIDATES_MAX && strlen(below) < NACRE_FS_NAME)
		strcpy(c->list[c->count++], below);
}

/* The default one, the names that are known, and what else is at the top. */
static void collect(const struct nacre_place *place, struct candidates *c)
{
	static const char *const known[] = {"", "/@", "/root", "/@rootfs", "/@root", "/rootfs",
					    "/@/.snapshots/1/snapshot"};
	NACRE_AUTO_FREE struct nacre_fs_entry *entries = calloc(ENTRIES, sizeof(*entries));
	char below[NACRE_FS_NAME + 1];
	uint64_t cursor = 0;
	uint32_t count;

	add(c, place->info.root);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		add(c, known[i]);
	while (entries && c->count < CANDIDATES_MAX &&
	       !nacre_volume_list(place->volume, "/", &cursor, entries, ENTRIES, &count, NULL) && count)
		for (uint32_t i = 0; i < count; i++)
			if (entries[i].type == S_IFDIR) {
				snprintf(below, sizeof(below), "/%s", entries[i].name);
				add(c, below);
			}
}

static char *read_text(const struct nacre_place *place, const char *below, const char *path)
{
	char full[NACRE_FS_PATH], *data = NULL;
	size_t size;

	snprintf(full, sizeof(full), "%s%s", below, path);
	if (nacre_volume_read_file(place->volume, full, FILE_MAX, &data, &size, NULL))
		return NULL;
	text_clean(data, size);
	return data;
}

/* What the first rootflags= of a file say, if a system is there. Return: as inventory_is_root() */
static int asked_for(struct nacre_place *place, char *text)
{
	for (char *p = text; p && (p = strstr(p, "rootflags=")); p += 10) {
		char *value = strstr(p, "subvol="), below[NACRE_FS_NAME];
		size_t flags = strcspn(p, " \t\r\n\"'");
		int quality;

		if (!value || value >= p + flags)
			continue;
		value += 7;
		value[strcspn(value, ", \t\r\n\"'")] = 0;
		nacre_subvolume_path(value, below);
		quality = inventory_is_root(place, below);
		if (quality)
			strcpy(place->subvolume, below);
		return quality;
	}
	return 0;
}

/* The entries of a directory of the Boot Loader Specification, the newest name first. */
static int in_entries(struct nacre_place *place, const struct nacre_place *boot, const char *below,
		      const char *directory)
{
	NACRE_AUTO_FREE struct nacre_fs_entry *entries = calloc(ENTRIES, sizeof(*entries));
	char path[NACRE_FS_PATH], newest[NACRE_FS_NAME] = "";
	NACRE_AUTO_FREE char *text = NULL;
	uint64_t cursor = 0;
	uint32_t count = 0;

	snprintf(path, sizeof(path), "%s%s", below, directory);
	if (!entries || nacre_volume_list(boot->volume, path, &cursor, entries, ENTRIES, &count, NULL))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (text_suffix(entries[i].name, ".conf") && !strstr(entries[i].name, "rescue") &&
		    strcmp(entries[i].name, newest) > 0)
			strcpy(newest, entries[i].name);
	snprintf(path, sizeof(path), "%s/%s", directory, newest);
	text = *newest ? read_text(boot, below, path) : NULL;
	return asked_for(place, text);
}

/* What boot loaders' files in directory @below of @boot say. */
static int in_boot(struct nacre_place *place, const struct nacre_place *boot, const char *below)
{
	static const char *const files[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/grub/grub.cfg",
					    "/grub2/grub.cfg", "/etc/kernel/cmdline"};
	int quality = in_entries(place, boot, below, "/boot/loader/entries");

	if (!quality)
		quality = in_entries(place, boot, below, "/loader/entries");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !quality; i++) {
		NACRE_AUTO_FREE char *text = read_text(boot, below, files[i]);

		quality = asked_for(place, text);
	}
	return quality;
}

static int by_boot_loader(const struct nacre_inventory *inventory, struct nacre_place *place,
			  const struct candidates *c)
{
	int quality = 0;

	for (int i = 0; i < inventory->place_count && !quality; i++) {
		const struct nacre_place *p = &inventory->places[i];

		if (p != place && p->volume && strcmp(p->type, "swap") && strcmp(p->type, "btrfs"))
			quality = in_boot(place, p, "");
	}
	for (int i = 0; i < c->count && !quality; i++)
		quality = in_boot(place, place, c->list[i]);
	return quality;
}

/* Does the fstab in @below say that this is the directory of the root? */
static bool says_so(const struct nacre_place *place, const char *below)
{
	NACRE_AUTO_FREE char *data = read_text(place, below, "/etc/fstab");
	char *rest = data, *line, path[NACRE_FS_NAME];

	while (data && (line = text_line(&rest))) {
		char *what = text_word(&line), *where = what ? text_word(&line) : NULL;
		char *type = where ? text_word(&line) : NULL, *options = type ? text_word(&line) : NULL, *word;

		if (!options || *what == '#' || strcmp(where, "/"))
			continue;
		while ((word = strsep(&options, ",")))
			if (!strncmp(word, "subvol=", 7)) {
				nacre_subvolume_path(word + 7, path);
				return !strcmp(path, below);
			}
	}
	return false;
}

int inventory_subvolume(const struct nacre_inventory *inventory, struct nacre_place *place)
{
	NACRE_AUTO_FREE struct candidates *c = calloc(1, sizeof(*c));
	int best = 0, quality;

	if (!c)
		return 0;
	collect(place, c);
	quality = by_boot_loader(inventory, place, c);
	if (quality)
		return quality;
	for (int i = 0; i < c->count; i++) {
		quality = inventory_is_root(place, c->list[i]);
		if (quality && ((!i && *c->list[0]) || says_so(place, c->list[i]))) {
			strcpy(place->subvolume, c->list[i]);
			return quality;
		}
		if (quality > best) {
			best = quality;
			strcpy(place->subvolume, c->list[i]);
		}
	}
	return best;
}
