/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c - make a report of a conversion that has a bit of everything, for report.sh
 *
 *	report OUT PICTURE [failed]
 */
#include "conversion/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct nacre_fix initramfs = {.id = "initramfs", .title = "virtio drivers in every initramfs"},
			      fstab = {.id = "fstab", .title = "file systems by UUID in fstab"},
			      grub = {.id = "grub", .title = "the root by UUID in GRUB's configuration"};
static const struct nacre_fix *const fixes[] = {&initramfs, &fstab, &grub, NULL};

static struct nacre_change changes[] = {
	{.path = (char *)"/boot/initrd.img-6.1.0-28-amd64", .how = "appended", .size_before = 38654321,
	 .size_after = 41003008, .fix = "initramfs"},
	{.path = (char *)"/etc/initramfs-tools/modules", .how = "changed",
	 .before = (char *)"# List of modules that you want to include in your initramfs.\n"
		   "# They will be loaded at boot time in the order below.\n",
	 .after = (char *)"# List of modules that you want to include in your initramfs.\n"
		  "# They will be loaded at boot time in the order below.\nvirtio_pci\nvirtio_blk\nvirtio_scsi\n",
	 .size_before = 117, .size_after = 152, .fix = "initramfs"},
	{.path = (char *)"/etc/fstab", .how = "changed",
	 .before = (char *)"# /etc/fstab: static file system information.\n/dev/sda1 / ext4 errors=remount-ro 0 1\n"
		   "/dev/sda5 none swap sw 0 0\n/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n",
	 .after = (char *)"# /etc/fstab: static file system information.\n"
		  "UUID=3f1e3c1c-0c1b-4d65-9b9f-8f2f1e1f0a11 / ext4 errors=remount-ro 0 1\n"
		  "UUID=9c9f7d1a-5a64-44f7-8a0e-0d4a6f2b7c22 none swap sw 0 0\n"
		  "/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n",
	 .size_before = 174, .size_after = 231, .fix = "fstab"},
	{.path = (char *)"/etc/<script>alert(1)</script>&\"'\xff\x1b[31m\xe2\x80\xae.conf", .how = "removed",
	 .before = (char *)"<img src=x onerror=alert(1)>\n</pre><h1>hostile</h1>\n", .size_before = 52,
	 .fix = "grub"},
	{.path = (char *)"/etc/systemd/network/10-nacre-eth0.link", .how = "made",
	 .after = (char *)"[Match]\nMACAddress=52:54:00:a1:b2:c3\n\n[Link]\nName=eth0\n", .size_after = 55,
	 .fix = "names"},
};

static const struct nacre_finding findings[] = {
	{NACRE_NOTE, "the swap area is made anew", "it keeps its UUID and label, so that fstab finds it"},
	{NACRE_WARNING, "the network card was an e1000",
	 "the virtual machine has a virtio card with the same MAC; the name eth0 is kept by a .link file"},
	{NACRE_OBSTACLE, "/srv is on a second disk", "only /dev/sda was converted; the mount is marked nofail"},
};

static const struct nacre_report_fact facts[] = {
	{"Computer", "Dell Inc. PowerEdge R210"}, {"System", "Debian GNU/Linux 12 (bookworm)"},
	{"Kernel", "6.1.0-28-amd64"}, {"Partition table", "MBR, GRUB 2"},
	{"Root", "/dev/sda1, ext4, 1.5 GiB of 3.5 GiB in use"}, {"Host name", "web<b>1</b>"},
};

static const struct nacre_report_step steps[] = {
	{"looking at the disk", 100, 100.08}, {"copying", 100.08, 100.93}, {"mending", 100.93, 101.12},
	{"defining the virtual machine", 101.12, 101.13}, {"checking that it boots", 101.13, 142.6},
};

enum { MIB = 1 << 20 };

static int fill(struct nacre_extents *map)
{
	int failed = nacre_extents_add(map, 0, MIB, NACRE_FS_USED);

	for (uint64_t at = 1; at < 3500; at += 1 + at % 37)
		if (at < 1200 || at % 5 == 0)
			failed |= nacre_extents_add(map, at * MIB, (at < 700 ? 37 : 1 + at % 9) * (uint64_t)MIB,
						    NACRE_FS_USED);
	failed |= nacre_extents_add(map, 1500ull * MIB, 180ull * MIB, NACRE_FS_HIBERNATION);
	failed |= nacre_extents_add(map, 2300ull * MIB, MIB, NACRE_FS_BAD);
	return failed | nacre_extents_add(map, 3600ull * MIB, 496ull * MIB, NACRE_FS_SWAP);
}

int main(int argc, char **argv)
{
	static const struct nacre_report_region regions[] = {{"1 ext4 /", MIB, 3599ull * MIB},
							     {"5 swap", 3600ull * MIB, 496ull * MIB}};
	struct nacre_boot_result boot = {.up = argc < 4, .stage = NACRE_STAGE_LOGIN, .seconds = 41.3,
					 .accelerator = "tcg", .root_device = "vda1"};
	struct nacre_definition d;
	struct nacre_extents map = {0};
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_report_disk disk = {.map = &map, .size = 4096ull * MIB, .regions = regions, .region_count = 2};
	struct nacre_report r = {.definition = &d, .source = "/dev/sda</p><script>", .when = "21 November 2026, 11:30",
				 .facts = facts, .fact_count = 6, .disks = &disk, .disk_count = 1, .steps = steps, .step_count = 5,
				 .changes = changes, .change_count = 5, .fixes = fixes, .findings = findings,
				 .finding_count = 3, .boot = &boot};
	int failed;

	if (argc < 3 || nacre_definition_init(&d, "web1", &e) || fill(&map))
		return 2;
	d.disks[d.disk_count++] = (struct nacre_definition_disk){"disk0.vhd", "vhd", disk.size};
	snprintf(d.os_name, sizeof(d.os_name), "Debian GNU/Linux 12 (bookworm)");
	d.nic_count = 1;
	snprintf(d.nics[0].mac, sizeof(d.nics[0].mac), "52:54:00:a1:b2:c3");
	snprintf(d.nics[0].name, sizeof(d.nics[0].name), "eth0");
	r.picture = argv[2];
	if (!boot.up) {
		boot.stage = NACRE_STAGE_INITRAMFS;
		snprintf(boot.why, sizeof(boot.why), "the initramfs did not find the root file system and stopped in its shell");
	}
	snprintf(boot.tail, sizeof(boot.tail), "[    4.32] EXT4-fs (vda1): mounted filesystem\n<b>Debian</b> web1 ttyS0\nweb1 login: ");
	failed = nacre_report_write(&r, argv[1], &e);
	if (failed)
		fprintf(stderr, "%s: %s\n", e.where, e.msg);
	nacre_extents_free(&map);
	return failed ? 1 : 0;
}
