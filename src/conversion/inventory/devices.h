/* SPDX-License-Identifier: BSD-2-Clause */
/* devices.h - which volume of the images an old machine's device name means
 *
 * "/dev/sda1", "/dev/nvme0n1p2", "/dev/disk/by-id/wwn-...-part3": a stem for the disk and a number. An image
 * does not say what the old machine called its disk, but its kernel did where it was asked, else fstab and the kernel
 * command line do: the stem that fits what is mounted where. A name whose stem is no disk's of these belongs to a disk
 * that stays behind. Inventory and fix-ups ask here, so that what is said is what is done.
 */
#ifndef NACRE_CONVERSION_DEVICES_H
#define NACRE_CONVERSION_DEVICES_H

#include "base/text.h"
#include "conversion/inventory/inventory.h"

enum { NACRE_STEMS_MAX = 32, NACRE_STEM = 128 };

/** struct nacre_device - a place of the inventory, with the same index */
struct nacre_device {
	int disk, number; /* @disk: as the inventory counts */
	char uuid[40], guid[40], type[16], label[NACRE_FS_NAME], name[112];
	bool root, claimed; /* @claimed: an entry of fstab means it for certain */
	bool empty;         /* there is nothing on it */
};

struct nacre_devices {
	struct nacre_device list[NACRE_PARTITIONS_MAX];
	int count;
	struct nacre_stem {
		char text[NACRE_STEM];
		int disk;
	} stems[NACRE_STEMS_MAX];                /* what the disks were called */
	int stem_count, disk_count;
	bool opaque; /* LVM, RAID or LUKS: there may be volumes that the list lacks */
};

enum nacre_device_kind {
	NACRE_DEVICE_OTHER,  /* no name of a disk or partition: nfs, LVM, tmpfs, a CD drive */
	NACRE_DEVICE_HERE,   /* a volume of the images */
	NACRE_DEVICE_STABLE, /* a volume of the images, by a name that stays right: UUID=, LABEL=... */
	NACRE_DEVICE_ABSENT  /* on a disk that stays behind, or left out of the copy */
};

void nacre_devices_take(struct nacre_devices *d, const struct nacre_inventory *inventory);
/** nacre_devices_learn() - from fstab, and from @root, the root= of the kernel command line (may be empty) */
void nacre_devices_learn(struct nacre_devices *d, struct nacre_span fstab, struct nacre_span root);
enum nacre_device_kind nacre_devices_find(const struct nacre_devices *d, struct nacre_span name,
					  const struct nacre_device **device);
/** nacre_device_ordered() - is @name one that a kernel gave a disk or partition by the order in which it found it? */
bool nacre_device_ordered(struct nacre_span name);
/** nacre_device_name() - "UUID=..." or "PARTUUID=..." into @name; false: it has neither */
bool nacre_device_name(const struct nacre_device *device, char name[64]);

/** struct nacre_fstab_entry - a line of fstab; spans are empty where a field is missing */
struct nacre_fstab_entry {
	struct nacre_span spec, file, type, options;
};
/** nacre_fstab_parse() - false: a comment or an empty line */
bool nacre_fstab_parse(struct nacre_span line, struct nacre_fstab_entry *entry);
/** nacre_fstab_unescape() - \040 and the like, in place; what is no text becomes '?' */
void nacre_fstab_unescape(char *s);
/** nacre_fstab_option() - is @word one of its comma-separated options? */
bool nacre_fstab_option(const struct nacre_fstab_entry *entry, const char *word);

#endif
