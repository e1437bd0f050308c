/* SPDX-License-Identifier: BSD-2-Clause */
/* inventory.c - look at a disk: table, volumes, the system on them (C1)
 *
 * DOC: Theory of Operation
 *
 * Every place is asked for what it is: members of LVM, RAID and encryption first, since they may begin
 * like what is inside of them; then a driver by the magic numbers. A volume that cannot be opened is a
 * place with a problem, not an error: only a disk that cannot be read, or whose partition table leaves
 * nothing, is one. The root volume is the one that has a system on it; everything else is read through it.
 */
#include "conversion/inventory/inventory.h"

#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <inttypes.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void nacre_inventory_find(struct nacre_inventory *inventory, enum nacre_severity severity,
			  const char *what, const char *why, ...)
{
	struct nacre_finding *f = &inventory->findings[inventory->finding_count];
	char text[512];
	va_list ap;

	if (inventory->finding_count == NACRE_FINDINGS_MAX)
		return;
	va_start(ap, why);
	vsnprintf(text, sizeof(text), why, ap);
	va_end(ap);
	f->severity = severity;
	text_copy(f->what, sizeof(f->what), what);
	text_copy(f->why, sizeof(f->why), text);
	for (int i = 0; i < inventory->finding_count; i++)
		if (!strcmp(inventory->findings[i].what, f->what) && !strcmp(inventory->findings[i].why, f->why))
			return;
	inventory->finding_count++;
}

struct nacre_image *nacre_inventory_image(const struct nacre_inventory *inventory, const struct nacre_place *place)
{
	return inventory->disks[place->disk].image;
}

const char *nacre_inventory_name(const struct nacre_inventory *inventory, const struct nacre_place *place, char *text,
				 size_t size)
{
	bool one = inventory->disk_count <= 1;
	int number = place->partition.number;

	if (number && one)
		snprintf(text, size, "partition %d", number);
	else if (number)
		snprintf(text, size, "partition %d of disk %d", number, place->disk);
	else if (one)
		snprintf(text, size, "the disk, which has no partitions,");
	else
		snprintf(text, size, "disk %d, which has no partitions,", place->disk);
	return text;
}

/* What the file system says of its own state. */
static void judge_state(struct nacre_inventory *inventory, const struct nacre_place *place)
{
	uint32_t state = place->info.state;
	char name[48];

	nacre_inventory_name(inventory, place, name, sizeof(name));
	if (state & NACRE_FS_HIBERNATED)
		nacre_inventory_find(inventory, NACRE_OBSTACLE, "a hibernated system",
				     "%s holds a saved memory image: start the machine and shut it down first", name);
	if (state & NACRE_FS_ERRORS)
		nacre_inventory_find(inventory, NACRE_WARNING, "a damaged file system",
				     "%s (%s) says so of itself: repair it (fsck) first", name, place->type);
	if (state & NACRE_FS_DIRTY)
		nacre_inventory_find(inventory, NACRE_WARNING, "a file system that was not unmounted",
				     "%s (%s) has a journal or log that waits to be replayed; the copy gets it "
				     "replayed", name, place->type);
	if (place->info.size > place->partition.length)
		nacre_inventory_find(inventory, NACRE_WARNING, "a file system larger than its partition",
				     "%s has %" PRIu64 " bytes, its file system %" PRIu64, name,
				     place->partition.length, place->info.size);
}

static bool is_empty(struct nacre_inventory *inventory, const struct nacre_place *place)
{
	static const uint8_t zeroes[4096];
	uint8_t head[4096];
	size_t size = place->partition.length < sizeof(head) ? (size_t)place->partition.length : sizeof(head);

	return !nacre_image_read(nacre_inventory_image(inventory, place), place->partition.start, head, size, NULL) &&
	       !memcmp(head, zeroes, size);
}

/* Who it is, of a file system that is only read: fstab names it. */
static void describe_only(struct nacre_inventory *inventory, struct nacre_place *place)
{
	struct nacre_volume *volume = nacre_volume_open(nacre_inventory_image(inventory, place),
							place->partition.start, place->partition.length, place->driver,
							false, NULL);

	if (!volume)
		return;
	place->info = *nacre_volume_info(volume);
	text_copy(place->type, sizeof(place->type), place->info.type);
	nacre_volume_close(volume, NULL);
}

static void open_volume(struct nacre_inventory *inventory, struct nacre_place *place, bool writable)
{
	struct nacre_error e = {.code = 0};
	const struct nacre_partition *p = &place->partition;
	struct nacre_image *image = nacre_inventory_image(inventory, place);
	const char *driver = nacre_volume_type(image, p->start, p->length, &e);
	char name[48];

	nacre_inventory_name(inventory, place, name, sizeof(name));
	if (!driver) {
		snprintf(place->problem, sizeof(place->problem), "%s",
			 p->bios_boot ? "" : "no file system that nacre knows");
		place->empty = *place->problem && is_empty(inventory, place);
		if (*place->problem && !place->empty)
			nacre_inventory_find(inventory, NACRE_NOTE, "an unknown file system",
					     "%s is copied whole, free space included", name);
		return;
	}
	snprintf(place->driver, sizeof(place->driver), "%s", driver);
	place->volume = nacre_volume_open(image, p->start, p->length, driver, writable, &e);
	if (!place->volume) {
		text_copy(place->type, sizeof(place->type), driver);
		if (writable)
			describe_only(inventory, place);
		text_copy(place->problem, sizeof(place->problem), e.msg);
		nacre_inventory_find(inventory, NACRE_WARNING, "a file system that cannot be read",
				     "%s is copied whole: %.160s", name, e.msg);
		return;
	}
	place->info = *nacre_volume_info(place->volume);
	text_copy(place->type, sizeof(place->type), place->info.type);
	judge_state(inventory, place);
}

static int add_place(struct nacre_inventory *inventory, int disk, const struct nacre_partition *partition, bool writable,
		     struct nacre_error *e)
{
	struct nacre_place *place = &inventory->places[inventory->place_count];
	int known;

	if (inventory->place_count == NACRE_PARTITIONS_MAX)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, inventory->disks[disk].image->path,
				       "the disks have more than %d volumes together", NACRE_PARTITIONS_MAX);
	place->disk = disk;
	place->partition = *partition;
	text_copy(place->partition.name, sizeof(place->partition.name), partition->name);
	inventory->place_count++;
	known = inventory_recognise(inventory, place, e);
	if (known < 0)
		return -1;
	if (known)
		snprintf(place->problem, sizeof(place->problem), "it is known, but not read");
	else
		open_volume(inventory, place, writable);
	return 0;
}

static int find_places(struct nacre_inventory *inventory, int disk, bool writable, struct nacre_error *e)
{
	const struct nacre_table *t = &inventory->disks[disk].table;
	struct nacre_partition all = {.number = 0, .length = inventory->disks[disk].image->size};

	for (int i = 0; i < t->warning_count; i++)
		nacre_inventory_find(inventory, NACRE_WARNING, "an odd partition table", "%s", t->warnings[i]);
	if (t->kind == NACRE_TABLE_NONE)
		return all.length ? add_place(inventory, disk, &all, writable, e) : 0;
	for (int i = 0; i < t->count; i++)
		if (!t->list[i].extended && add_place(inventory, disk, &t->list[i], writable, e))
			return -1;
	return 0;
}

static bool has(const struct nacre_place *place, const char *below, const char *path)
{
	struct nacre_fs_stat st;
	char full[NACRE_FS_NAME + 96];

	snprintf(full, sizeof(full), "%s%s", below, path);
	return !nacre_volume_stat(place->volume, full, &st, NULL);
}

int inventory_is_root(const struct nacre_place *place, const char *below)
{
	if (!has(place, below, "/usr") && !has(place, below, "/bin"))
		return 0;
	if (has(place, below, "/etc/fstab"))
		return 2;
	return has(place, below, "/etc/os-release") || has(place, below, "/usr/lib/os-release");
}

static void find_root(struct nacre_inventory *inventory)
{
	char name[48], taken[48];
	int best = 0;

	inventory->root = -1;
	for (int i = 0; i < inventory->place_count; i++) {
		struct nacre_place *p = &inventory->places[i];
		int quality;

		if (!p->volume || !strcmp(p->type, "swap") || !strcmp(p->type, "vfat"))
			continue;
		quality = !strcmp(p->type, "btrfs") ? inventory_subvolume(inventory, p) : inventory_is_root(p, "");
		if (quality > best) {
			best = quality;
			inventory->root = i;
		} else if (quality && quality == best) {
			nacre_inventory_find(inventory, NACRE_WARNING, "a second system",
					     "%s has one, too; %s is taken for the root",
					     nacre_inventory_name(inventory, p, name, sizeof(name)),
					     nacre_inventory_name(inventory, &inventory->places[inventory->root], taken,
								  sizeof(taken)));
		}
	}
	for (int i = 0; i < inventory->place_count && inventory->root < 0; i++)
		if (inventory->places[i].volume && !strcmp(inventory->places[i].driver, "ntfs") &&
		    has(&inventory->places[i], "", "/Windows/System32"))
			inventory->root = i;
}

/* Names in the ESP say which firmware was there. FAT knows no case, but its driver may. */
static void find_firmware(struct nacre_inventory *inventory)
{
	bool wide = false, narrow = false, unread = false;

	for (int i = 0; i < inventory->place_count; i++) {
		struct nacre_place *p = &inventory->places[i];

		if (!p->partition.esp && strcmp(p->type, "vfat"))
			continue;
		if (!p->volume) {
			unread |= p->partition.esp;
			continue;
		}
		if (!has(p, "", "/EFI") && !has(p, "", "/efi"))
			continue;
		inventory->uefi = true;
		wide |= has(p, "", "/EFI/BOOT/BOOTX64.EFI") || has(p, "", "/EFI/BOOT/BOOTAA64.EFI");
		narrow |= has(p, "", "/EFI/BOOT/BOOTIA32.EFI");
	}
	if (unread && !inventory->uefi)
		inventory->uefi = inventory->disks[0].table.boot == NACRE_BOOT_NONE;
	if (narrow && !wide)
		nacre_inventory_find(inventory, NACRE_WARNING, "firmware of 32 bits",
				     "only a boot loader for UEFI of 32 bits is there: virtual machines have 64");
}

static void no_root(struct nacre_inventory *inventory)
{
	char name[48];

	for (int i = 0; i < inventory->place_count; i++) {
		const char *type = inventory->places[i].type;

		if (!strcmp(type, "lvm2") || !strcmp(type, "luks") || !strcmp(type, "linux_raid") ||
		    !strcmp(type, "bitlocker")) {
			nacre_inventory_find(inventory, NACRE_OBSTACLE, "no system in sight",
					     "it may be on %s (%s), which is not read: the disk can be copied, but not "
					     "mended", nacre_inventory_name(inventory, &inventory->places[i], name,
									    sizeof(name)), type);
			return;
		}
	}
	nacre_inventory_find(inventory, NACRE_NOTE, "no system", "no volume has one: --volume says what is to be copied, as data");
}

static int find_system(struct nacre_inventory *inventory, struct nacre_error *e)
{
	struct look *look = look_new(inventory);

	if (!look)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, inventory->disks[0].image->path, "cannot be looked at");
	if (!strcmp(inventory->places[inventory->root].driver, "ntfs")) {
		inventory_windows(inventory, look);
	} else {
		inventory_mounts(inventory, look);
		inventory_system(inventory, look);
		inventory_kernels(inventory, look);
		inventory_nics(inventory, look);
		inventory_hardware(inventory, look);
		inventory_bound(inventory, look);
	}
	look_free(look);
	return 0;
}

/* Table and volumes of the next disk. */
static int add_disk(struct nacre_inventory *inventory, struct nacre_image *image, const char *name, bool writable,
		    struct nacre_error *e)
{
	int number = inventory->disk_count++;
	struct nacre_inventory_disk *disk = &inventory->disks[number];

	disk->image = image;
	snprintf(disk->name, sizeof(disk->name), "%s", name ? name : "");
	return nacre_table_read(image, &disk->table, e) || find_places(inventory, number, writable, e) ? -1 : 0;
}

int nacre_inventory_take(struct nacre_image *const *images, const char *const *names, int count, bool writable,
			 struct nacre_inventory *inventory, struct nacre_error *e)
{
	memset(inventory, 0, sizeof(*inventory));
	inventory->root = -1;
	if (count < 1 || count > NACRE_DISKS_MAX)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "disks", "a machine has 1 to %d of them", NACRE_DISKS_MAX);
	for (int i = 0; i < count; i++)
		if (add_disk(inventory, images[i], names ? names[i] : NULL, writable, e)) {
			nacre_inventory_free(inventory);
			return -1;
		}
	find_root(inventory);
	find_firmware(inventory);
	if (inventory->root < 0) {
		no_root(inventory);
		return 0;
	}
	if (find_system(inventory, e)) {
		nacre_inventory_free(inventory);
		return -1;
	}
	return 0;
}

void nacre_inventory_free(struct nacre_inventory *inventory)
{
	for (int i = 0; i < inventory->place_count; i++) {
		nacre_volume_close(inventory->places[i].volume, NULL);
		inventory->places[i].volume = NULL;
	}
}
