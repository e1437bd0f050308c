/* SPDX-License-Identifier: BSD-2-Clause */
/* inventory.h - what is on a machine's disks, and what of it will not fit a virtual machine (C1) */
#ifndef NACRE_CONVERSION_INVENTORY_H
#define NACRE_CONVERSION_INVENTORY_H

#include "disk/table.h"
#include "fs/volume.h"

enum { NACRE_DISKS_MAX = 16, NACRE_MOUNTS_MAX = 31, NACRE_SWAP_FILES_MAX = 8, NACRE_KERNELS_MAX = 32, NACRE_NICS_MAX = 16, NACRE_FINDINGS_MAX = 64 };

/** What the map of a disk says of bytes besides enum nacre_fs_use, and how many things it can say. */
enum {
	NACRE_USE_LEFT = NACRE_FS_SWAP + 1, /* of a volume that the user does not want */
	NACRE_USES
};

/** struct nacre_inventory_disk - @name: what the source's kernel calls it, "/dev/sda"; "" where nobody knows */
struct nacre_inventory_disk {
	struct nacre_image *image; /* not owned */
	struct nacre_table table;
	char name[64];
};

/** struct nacre_place - one volume: a partition, or a whole disk without a table */
struct nacre_place {
	int disk;                         /* its index in the inventory */
	struct nacre_partition partition; /* number 0: the whole disk */
	char type[16];                    /* "ext4"... from its driver; "lvm2", "linux_raid", "luks": known, not read; "" */
	struct nacre_fs_info info;        /* of its file system, where a driver reads it */
	char driver[16];                  /* "ext", "xfs"...; "" for none */
	char problem[192];                /* why its file system cannot be read, in words; "" */
	char mount[64];                   /* where fstab mounts it; "" */
	bool empty;                       /* there is nothing at its beginning: it was never used, or was left out of a copy */
	char subvolume[NACRE_FS_NAME];    /* of btrfs: the directory that is the root, "/@"; "" */
	struct nacre_volume *volume;      /* open, or NULL; closed by nacre_inventory_free() */
};

/** struct nacre_mount - where fstab shows a place, or of btrfs a directory of it; the root is not one of them */
struct nacre_mount {
	char path[64];
	char below[NACRE_FS_NAME]; /* "/@home"; "": all of it */
	int place;
};

/** struct nacre_swap_file - one that fstab names; @path in its volume */
struct nacre_swap_file {
	char path[NACRE_FS_NAME];
	int place;
};

struct nacre_kernel {
	char version[96];  /* as /lib/modules has it */
	char image[128];   /* path in the machine, "" if there is none */
	char initramfs[128];
};

/** struct nacre_nic - name, MAC and addresses as the machine's files say */
struct nacre_nic {
	char name[32], mac[20], driver[32];
	char config[128]; /* the file that said so */
	char address[64]; /* "192.168.1.5/24", "dhcp", or "" */
};

enum nacre_severity { NACRE_NOTE, NACRE_WARNING, NACRE_OBSTACLE };

/** struct nacre_finding - something that will not work in a virtual machine, or that was odd */
struct nacre_finding {
	enum nacre_severity severity;
	char what[96], why[224];
};

struct nacre_inventory {
	struct nacre_inventory_disk disks[NACRE_DISKS_MAX]; /* the first is the one that is booted from */
	int disk_count;
	struct nacre_place places[NACRE_PARTITIONS_MAX]; /* of all disks, in their order */
	int place_count, root;     /* index of the root volume, -1: none was found */
	struct nacre_mount mounts[NACRE_MOUNTS_MAX];
	int mount_count;
	struct nacre_swap_file swap_files[NACRE_SWAP_FILES_MAX];
	int swap_file_count;
	bool uefi;
	uint32_t cpus, memory_mb;         /* of this computer, where the disk is its own; 0: not known */
	char os_id[32], os_version[32], os_name[96], family[16]; /* family: debian redhat suse arch alpine windows or "" */
	char architecture[16];
	char hostname[64];
	bool selinux;
	char initramfs_tool[24];   /* "initramfs-tools", "dracut", "mkinitcpio", "mkinitfs", or "" */
	struct nacre_kernel kernels[NACRE_KERNELS_MAX];
	int kernel_count;
	struct nacre_nic nics[NACRE_NICS_MAX];
	int nic_count;
	struct nacre_finding findings[NACRE_FINDINGS_MAX];
	int finding_count;
};

/**
 * nacre_inventory_take() - look at all of a machine's disks; volumes stay open, for reading or @writable
 * @images: one a disk, not taken over; the first is the one that is booted from
 * @names:  what the source's kernel calls each, NULL or "" where nobody knows; NULL: nobody knows any
 */
int nacre_inventory_take(struct nacre_image *const *images, const char *const *names, int count, bool writable,
			 struct nacre_inventory *inventory, struct nacre_error *e);
/** nacre_inventory_image() - the image that @place is on */
struct nacre_image *nacre_inventory_image(const struct nacre_inventory *inventory, const struct nacre_place *place);
/** nacre_inventory_name() - "partition 2", or "partition 2 of disk 1" where there are several, into @text */
const char *nacre_inventory_name(const struct nacre_inventory *inventory, const struct nacre_place *place, char *text,
				 size_t size);
/** nacre_inventory_computer() - the disks are this computer's: CPUs, memory, NICs and their drivers as they run */
void nacre_inventory_computer(struct nacre_inventory *inventory);
/** nacre_inventory_cards() - network cards that are known from elsewhere join those of the files */
void nacre_inventory_cards(struct nacre_inventory *inventory, const struct nacre_nic *nics, int count);
void nacre_inventory_free(struct nacre_inventory *inventory);
/** nacre_inventory_find() - add to the findings */
void nacre_inventory_find(struct nacre_inventory *inventory, enum nacre_severity severity,
			  const char *what, const char *why, ...) __attribute__((format(printf, 4, 5)));

#endif
