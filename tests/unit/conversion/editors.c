/* SPDX-License-Identifier: BSD-2-Clause */
/* editors.c - config files as distributions write them: what is meant changes, every other byte stays */
#include "conversion/fixup/linux/console.h"
#include "conversion/fixup/linux/drivers.h"
#include "conversion/fixup/linux/editors.h"
#include "conversion/fixup/linux/growfs.h"
#include "conversion/fixup/linux/initramfs.h"
#include "conversion/fixup/linux/network.h"
#include "tap.h"

#define ROOT "b1b1b1b1-0001-4000-8000-000000000001"
#define SWAP "b2b2b2b2-0002-4000-8000-000000000002"
#define HOME "b3b3b3b3-0003-4000-8000-000000000003"

static struct nacre_devices devices;
static char notes[2048];

static void note(void *arg, const char *text)
{
	(void)arg;
	strncat(notes, text, sizeof(notes) - strlen(notes) - 1);
	strncat(notes, "\n", sizeof(notes) - strlen(notes) - 1);
}

static struct nacre_span span(const char *s)
{
	return (struct nacre_span){s, strlen(s)};
}

static void device(int number, const char *type, const char *uuid, const char *guid, bool root)
{
	struct nacre_device *d = &devices.list[devices.count++];

	*d = (struct nacre_device){.number = number, .root = root};
	snprintf(d->type, sizeof(d->type), "%s", type);
	snprintf(d->uuid, sizeof(d->uuid), "%s", uuid);
	snprintf(d->guid, sizeof(d->guid), "%s", guid);
}

/* A disk with an ESP (1), root (2), swap (3), home (4) and a LUKS volume (5). */
static void disk(const char *fstab, const char *root)
{
	memset(&devices, 0, sizeof(devices));
	devices.disk_count = 1;
	device(1, "vfat", "1234-ABCD", "", false);
	device(2, "ext4", ROOT, "", true);
	device(3, "swap", SWAP, "", false);
	device(4, "xfs", HOME, "", false);
	device(5, "luks", "", "c5c5c5c5-05", false);
	strcpy(devices.list[1].name, "system");
	strcpy(devices.list[3].label, "my home");
	nacre_devices_learn(&devices, span(fstab), span(root));
	notes[0] = 0;
}

static void expect(nacre_editor edit, void *arg, const char *in, const char *want, const char *what)
{
	struct nacre_text out = {0}, twice = {0};
	int result = edit(span(in), arg, &out);

	tap_is_string(result < 0 ? "left alone" : out.data ? out.data : "", want, what);
	if (result == 0 && out.data) {
		edit((struct nacre_span){out.data, out.size}, arg, &twice);
		if (!twice.data || strcmp(out.data, twice.data))
			tap_ok(false, "%s: once more changes nothing", what);
	}
	nacre_text_free(&out);
	nacre_text_free(&twice);
}

static void expect_devices(nacre_editor edit, bool serial, const char *in, const char *want, const char *what)
{
	struct nacre_edit e = {.devices = &devices, .serial = serial, .note = note};

	expect(edit, &e, in, want, what);
}

static void fstab(const char *in, const char *want, const char *what)
{
	disk(in, "");
	expect_devices(nacre_edit_fstab, false, in, want, what);
}

static void test_fstab(void)
{
	fstab("# /etc/fstab: static file system information.\n#\n"
	      "# <file system> <mount point>   <type>  <options>       <dump>  <pass>\n"
	      "/dev/sda2       /               ext4    errors=remount-ro 0       1\n"
	      "# swap was on /dev/sda3 during installation\n"
	      "/dev/sda3       none            swap    sw              0       0\n"
	      "/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n",
	      "# /etc/fstab: static file system information.\n#\n"
	      "# <file system> <mount point>   <type>  <options>       <dump>  <pass>\n"
	      "UUID=" ROOT "       /               ext4    errors=remount-ro 0       1\n"
	      "# swap was on /dev/sda3 during installation\n"
	      "UUID=" SWAP "       none            swap    sw              0       0\n"
	      "/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n",
	      "Debian's fstab with sdX names gets UUIDs, comments and CD drive stay");
	fstab("UUID=" ROOT "\t/\text4\tdefaults\t0 1\nUUID=1234-ABCD /boot/efi vfat umask=0077 0 1\nproc /proc proc\n"
	      "10.0.0.1:/srv /srv nfs defaults 0 0\n/dev/mapper/vg-data /data xfs defaults 0 0\n",
	      "UUID=" ROOT "\t/\text4\tdefaults\t0 1\nUUID=1234-ABCD /boot/efi vfat umask=0077 0 1\nproc /proc proc\n"
	      "10.0.0.1:/srv /srv nfs defaults 0 0\n/dev/mapper/vg-data /data xfs defaults 0 0\n",
	      "an fstab with UUIDs, NFS and LVM stays as it is");
	fstab("/dev/nvme0n1p2 / ext4 defaults 0 1\n/dev/nvme0n1p4 /home xfs defaults 0 2\n/dev/nvme1n1p1 /data ext4 defaults 0 2",
	      "UUID=" ROOT " / ext4 defaults 0 1\nUUID=" HOME " /home xfs defaults 0 2\n"
	      "/dev/nvme1n1p1 /data ext4 defaults,nofail 0 2",
	      "NVMe names, a second disk that stays behind, no newline at the end");
	tap_is_string(notes, "/dev/nvme1n1p1 is not on this disk: nofail\n", "and a person is told");
	fstab("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part2 / ext4 defaults 1 1\n"
	      "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part3 swap swap defaults 0 0\n"
	      "/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part4 /home xfs defaults 1 2\n",
	      "UUID=" ROOT " / ext4 defaults 1 1\nUUID=" SWAP " swap swap defaults 0 0\n"
	      "UUID=" HOME " /home xfs defaults 1 2\n",
	      "openSUSE's by-id and by-path names, which stand for one disk");
	fstab("/dev/cciss/c0d0p2 / ext4 defaults 0 1\n/dev/cciss/c0d1p1 /big ext4 noauto 0 2\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\n/dev/cciss/c0d1p1 /big ext4 noauto 0 2\n",
	      "cciss names; what is not mounted at the start needs no nofail");
	fstab("UUID=" ROOT " / ext4 defaults 0 1\n/dev/sdb2 /old ext4 defaults 0 2\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\n/dev/sdb2 /old ext4 defaults,nofail 0 2\n",
	      "a second disk's partition is not taken for the root that has its number");
	fstab("UUID=" ROOT " / ext4 defaults 0 1\n/dev/sda4 /home xfs defaults 0 2\n/dev/sdb1 /x ext4\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\nUUID=" HOME " /home xfs defaults 0 2\n/dev/sdb1 /x ext4\tnofail\n",
	      "one name that fits is learned without the root's; options may be missing");
	fstab("UUID=" ROOT " / ext4 defaults 0 1\nUUID=99999999-9999-4000-8000-000000000009 /gone ext4 defaults 0 2\n"
	      "LABEL=nowhere /also ext4 nofail 0 0\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\n"
	      "UUID=99999999-9999-4000-8000-000000000009 /gone ext4 defaults,nofail 0 2\nLABEL=nowhere /also ext4 nofail 0 0\n",
	      "a UUID that is on no disk of the image gets nofail");
	fstab("UUID=" ROOT " / ext4 defaults 0 1\n/dev/sdb4 /old xfs defaults 0 2\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\n/dev/sdb4 /old xfs defaults,nofail 0 2\n",
	      "of one disk, whose name nobody knows, the second one's partitions are none");
	fstab("PARTLABEL=system / ext4 defaults 0 1\nLABEL=my\\040home /home xfs defaults 0 2\n",
	      "PARTLABEL=system / ext4 defaults 0 1\nLABEL=my\\040home /home xfs defaults 0 2\n",
	      "labels of volumes and of partitions are names that stay right, with blanks as well");
	fstab("/dev/disk/by-partlabel/system / ext4 defaults 0 1\n/dev/disk/by-label/my\\x20home /home xfs defaults 0 2\n",
	      "/dev/disk/by-partlabel/system / ext4 defaults 0 1\n/dev/disk/by-label/my\\x20home /home xfs defaults 0 2\n",
	      "and so are udev's links to them");
	disk("", "");
	strcpy(devices.list[1].type, "btrfs");
	nacre_devices_learn(&devices, span("/dev/sda2 / btrfs subvol=@ 0 0\n/dev/sda2 /home btrfs subvol=@home 0 0\n"), span(""));
	expect_devices(nacre_edit_fstab, false, "/dev/sda2 / btrfs subvol=@ 0 0\n/dev/sda2 /home btrfs subvol=@home 0 0\n",
		       "UUID=" ROOT " / btrfs subvol=@ 0 0\nUUID=" ROOT " /home btrfs subvol=@home 0 0\n",
		       "subvolumes of one btrfs are mounted at places of their own");
	fstab("/dev/mapper/mpatha-part2 / ext4 defaults 0 1\n/dev/mapper/mpatha3 swap swap sw 0 0\n",
	      "UUID=" ROOT " / ext4 defaults 0 1\nUUID=" SWAP " swap swap sw 0 0\n", "multipath names");
	fstab("/dev/sda2\r\n\r\n/dev/sda2 / ext4 defaults 0 1\r\n", "/dev/sda2\r\n\r\nUUID=" ROOT " / ext4 defaults 0 1\r\n",
	      "a line without a mount point, and line ends of another system");
	disk("/dev/sda2 / ext4 defaults 0 1\n", "");
	expect_devices(nacre_edit_crypttab, false, "# c\nhome /dev/sda5 none luks\nother /dev/sdb1 none luks\nswap /dev/sda3 /dev/urandom swap\n",
		       "# c\nhome PARTUUID=c5c5c5c5-05 none luks\nother /dev/sdb1 none luks\nswap UUID=" SWAP " /dev/urandom swap\n",
		       "crypttab names its volumes by UUID or partition");
}

static void growfs(int number, const char *in, const char *want, bool found, const char *what)
{
	struct nacre_growfs_edit e = {.devices = &devices, .number = number};

	disk(in, "");
	expect(nacre_edit_growfs, &e, in, want, what);
	tap_ok(e.found == found, "%s: %s", what, found ? "there is a line" : "there is no line");
}

static void test_growfs(void)
{
	growfs(4, "UUID=" ROOT " / ext4 defaults 0 1\nUUID=" HOME "\t/home\txfs\tnoatime\t0 2\n",
	       "UUID=" ROOT " / ext4 defaults 0 1\nUUID=" HOME "\t/home\txfs\tnoatime,x-systemd.growfs\t0 2\n", true,
	       "a file system that grows at the first start");
	growfs(4, "/dev/sda2 / ext4 defaults 0 1\n/dev/sda4 /home xfs", "/dev/sda2 / ext4 defaults 0 1\n"
	       "/dev/sda4 /home xfs\tx-systemd.growfs", true, "by its old name, without options or a last newline");
	growfs(4, "UUID=" HOME " /home xfs x-systemd.growfs 0 2\n", "UUID=" HOME " /home xfs x-systemd.growfs 0 2\n",
	       true, "one that would have grown already");
	growfs(4, "UUID=" HOME " /a xfs rw 0 0\nUUID=" HOME " /b xfs rw 0 0\n",
	       "UUID=" HOME " /a xfs rw,x-systemd.growfs 0 0\nUUID=" HOME " /b xfs rw 0 0\n", true,
	       "one that is mounted twice grows once");
	growfs(4, "UUID=" ROOT " / ext4 defaults 0 1\n# UUID=" HOME " /home xfs rw 0 0\n",
	       "UUID=" ROOT " / ext4 defaults 0 1\n# UUID=" HOME " /home xfs rw 0 0\n", false,
	       "one that is not mounted");
}

static void test_menus(void)
{
	disk("/dev/sda2 / ext4 defaults 0 1\n/dev/sda3 none swap sw 0 0\n", "");
	expect_devices(nacre_edit_grub_menu, false,
		       "menuentry 'Debian GNU/Linux' --class debian {\n\tload_video\n\tsearch --no-floppy --fs-uuid --set=root abc\n"
		       "\techo\t'Loading Linux 6.1.0-18-amd64 ...'\n"
		       "\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=/dev/sda2 ro  quiet resume=/dev/sda3\n"
		       "\tinitrd\t/boot/initrd.img-6.1.0-18-amd64\n}\n",
		       "menuentry 'Debian GNU/Linux' --class debian {\n\tload_video\n\tsearch --no-floppy --fs-uuid --set=root abc\n"
		       "\techo\t'Loading Linux 6.1.0-18-amd64 ...'\n"
		       "\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=" ROOT " ro  quiet resume=UUID=" SWAP "\n"
		       "\tinitrd\t/boot/initrd.img-6.1.0-18-amd64\n}\n",
		       "grub.cfg's linux lines");
	expect_devices(nacre_edit_grub_menu, true, "  linuxefi /vmlinuz root=UUID=" ROOT " ro quiet\n linux /memtest\n",
		       "  linuxefi /vmlinuz root=UUID=" ROOT " ro quiet console=tty0 console=ttyS0,115200\n linux /memtest\n",
		       "consoles are added to kernels with a root only");
	expect_devices(nacre_edit_grub_menu, false,
		       "set default_kernelopts=\"root=/dev/sda2 ro rhgb resume=/dev/sda3 rd.lvm.lv=a/b\"\n",
		       "set default_kernelopts=\"root=UUID=" ROOT " ro rhgb resume=UUID=" SWAP " rd.lvm.lv=a/b\"\n",
		       "RHEL 8's fallback for kernelopts");
	expect_devices(nacre_edit_grub_menu, false,
		       "# kopt=root=/dev/sda2 ro\ntitle CentOS\n\troot (hd0,0)\n\tkernel /vmlinuz ro root=/dev/sda2 rhgb\n",
		       "# kopt=root=UUID=" ROOT " ro\ntitle CentOS\n\troot (hd0,0)\n\tkernel /vmlinuz ro root=UUID=" ROOT " rhgb\n",
		       "GRUB Legacy's menu");
	expect_devices(nacre_edit_grub_menu, false, "linux /v root=/dev/sdb1 ro resume=/dev/sdb5\n", "linux /v root=/dev/sdb1 ro noresume\n",
		       "another disk's root stays, its swap is not waited for");
	expect_devices(nacre_edit_grub_default, true,
		       "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet resume=/dev/sda3\"\nGRUB_CMDLINE_LINUX=\"\"\n"
		       "GRUB_DISABLE_LINUX_UUID=true\n#GRUB_TERMINAL=console\n",
		       "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet resume=UUID=" SWAP "\"\n"
		       "GRUB_CMDLINE_LINUX=\"console=tty0 console=ttyS0,115200\"\n"
		       "#GRUB_DISABLE_LINUX_UUID=true\n#GRUB_TERMINAL=console\n",
		       "/etc/default/grub");
	expect_devices(nacre_edit_grub_default, true, "GRUB_CMDLINE_LINUX='rhgb quiet'\n",
		       "GRUB_CMDLINE_LINUX='rhgb quiet console=tty0 console=ttyS0,115200'\n", "single quotes");
	expect_devices(nacre_edit_grub_default, true,
		       "overwrite=1\ndefault_kernel_opts=\"quiet rootfstype=ext4\"\nmodules=sd-mod,usb-storage,ext4\nroot=/dev/sda2\n",
		       "overwrite=1\ndefault_kernel_opts=\"quiet rootfstype=ext4 console=tty0 console=ttyS0,115200\"\n"
		       "modules=sd-mod,usb-storage,ext4\nroot=UUID=" ROOT "\n",
		       "Alpine's update-extlinux.conf");
	expect_devices(nacre_edit_grub_default, false,
		       "export GRUB_CMDLINE_LINUX=\"resume=/dev/sda3\"\nroot=/dev/sda2 # not root=/dev/sda3\nresume=/dev/sdb5 true\n"
		       "[ -e /x ] && root=/dev/sda2\n",
		       "export GRUB_CMDLINE_LINUX=\"resume=UUID=" SWAP "\"\nroot=UUID=" ROOT " # not root=/dev/sda3\nresume=/dev/sdb5 true\n"
		       "[ -e /x ] && root=/dev/sda2\n",
		       "a shell takes one word where there are no quotes, and no command becomes another");
	expect_devices(nacre_edit_entry, true,
		       "title Fedora Linux (6.8.5) 39\nversion 6.8.5\nlinux /vmlinuz-6.8.5\noptions root=/dev/sda2 ro rootflags=subvol=root rhgb quiet\n",
		       "title Fedora Linux (6.8.5) 39\nversion 6.8.5\nlinux /vmlinuz-6.8.5\n"
		       "options root=UUID=" ROOT " ro rootflags=subvol=root rhgb quiet console=tty0 console=ttyS0,115200\n",
		       "a Boot Loader Specification entry");
	expect_devices(nacre_edit_entry, true, "options $kernelopts $tuned_params\n", "options $kernelopts $tuned_params\n",
		       "an entry that takes its options from grubenv stays");
	expect_devices(nacre_edit_extlinux, false, "DEFAULT lts\nLABEL lts\n  LINUX vmlinuz-lts\n  APPEND root=/dev/sda2 modules=ext4 quiet\n",
		       "DEFAULT lts\nLABEL lts\n  LINUX vmlinuz-lts\n  APPEND root=UUID=" ROOT " modules=ext4 quiet\n", "extlinux.conf");
	expect_devices(nacre_edit_arguments_file, true, "root=/dev/sda2 rw\n", "root=UUID=" ROOT " rw console=tty0 console=ttyS0,115200\n",
		       "/etc/kernel/cmdline");
	expect_devices(nacre_edit_arguments_file, true, "root=/dev/sda2 rw console=tty0\n",
		       "root=UUID=" ROOT " rw console=tty0 console=ttyS0,115200\n", "one console is there already");
	expect_devices(nacre_edit_arguments_file, false, "cryptdevice=/dev/sda5:crypt root=/dev/mapper/crypt rw",
		       "cryptdevice=PARTUUID=c5c5c5c5-05:crypt root=/dev/mapper/crypt rw", "Arch's cryptdevice");
	expect_devices(nacre_edit_resume, false, "RESUME=/dev/sda3\n", "RESUME=UUID=" SWAP "\n", "initramfs-tools' resume");
	expect_devices(nacre_edit_resume, false, "RESUME=\"/dev/sdb3\"\n", "RESUME=\"none\"\n", "a swap area that stays behind");
	expect_devices(nacre_edit_resume, false, "RESUME=/dev/mapper/vg-swap\n", "RESUME=/dev/mapper/vg-swap\n", "a logical volume");
	disk("UUID=" ROOT " / ext4 defaults 0 1\n", "/dev/sda2");
	expect_devices(nacre_edit_arguments_file, false, "root=/dev/sda2", "root=UUID=" ROOT, "the name is learned from root= alone");
	tap_is_string(nacre_find_root(span("linux /v root=/dev/sda2 ro"), &devices).at, "/dev/sda2 ro", "root= is found in a menu");
}

static void test_grubenv(void)
{
	struct nacre_edit e = {.devices = &devices};
	char block[1025], want[1025];
	struct nacre_text out = {0};

	disk("/dev/sda2 / ext4 defaults 0 1\n", "");
	memset(block, '#', 1024);
	memset(want, '#', 1024);
	memcpy(block, "# GRUB Environment Block\nsaved_entry=x\nkernelopts=root=/dev/sda2 ro\nboot_success=0\n", 83);
	memcpy(want, "# GRUB Environment Block\nsaved_entry=x\nkernelopts=root=UUID=" ROOT " ro\nboot_success=0\n", 83 + 32);
	block[1024] = want[1024] = 0;
	nacre_edit_grubenv((struct nacre_span){block, 1024}, &e, &out);
	tap_is_number(out.size, 1024, "GRUB's environment block has 1024 bytes again");
	tap_is_string(out.data, want, "and another root");
	nacre_text_free(&out);
	tap_ok(nacre_edit_grubenv((struct nacre_span){block, 1000}, &e, &out) < 0, "a block of another size is left alone");
	memset(block + 83, 'x', 1024 - 83);
	block[1023] = '\n';
	tap_ok(nacre_edit_grubenv((struct nacre_span){block, 1024}, &e, &out) < 0, "a full block is left alone");
	nacre_text_free(&out);
}

static void test_modules(void)
{
	void *names = (void *)nacre_lasting_modules;
	static const char *const features[] = {"virtio", NULL};

	expect(nacre_edit_module_list, names, "# List of modules\n# raid1\next4\nvirtio_blk\nata_piix",
	       "# List of modules\n# raid1\next4\nvirtio_blk\nata_piix\n# nacre: a virtual machine's disk and network\n"
	       "virtio_pci\nvirtio_scsi\nvirtio_net\nsd_mod\n",
	       "initramfs-tools' list gets what is missing");
	expect(nacre_edit_mkinitcpio, names, "# MODULES=(piix)\nMODULES=(btrfs)\nBINARIES=()\nHOOKS=(base udev)\n",
	       "# MODULES=(piix)\nMODULES=(btrfs virtio_pci virtio_blk virtio_scsi virtio_net sd_mod)\nBINARIES=()\nHOOKS=(base udev)\n",
	       "mkinitcpio.conf");
	expect(nacre_edit_mkinitcpio, names, "MODULES=()\n", "MODULES=(virtio_pci virtio_blk virtio_scsi virtio_net sd_mod)\n",
	       "an empty list");
	expect(nacre_edit_suse_kernel, names, "INITRD_MODULES=\"ahci \"\n",
	       "INITRD_MODULES=\"ahci virtio_pci virtio_blk virtio_scsi virtio_net sd_mod\"\n", "SUSE's /etc/sysconfig/kernel");
	expect(nacre_edit_mkinitcpio, names, "MODULES=(\"ext4\")\n",
	       "MODULES=(\"ext4\" virtio_pci virtio_blk virtio_scsi virtio_net sd_mod)\n", "one whose words are quoted");
	expect(nacre_edit_mkinitcpio, names, "HOOKS=(base)\n", "left alone", "a file without the list is left alone");
	expect(nacre_edit_mkinitfs, (void *)features, "features=\"ata base ide scsi usb ext4\"\n",
	       "features=\"ata base ide scsi usb ext4 virtio\"\n", "Alpine's mkinitfs.conf");
	expect(nacre_edit_mkinitfs, (void *)features, "features=\"base virtio\"\n", "features=\"base virtio\"\n", "which has it already");
	expect(nacre_edit_lvm, NULL, "devices {\n\tfilter = [ \"a|/dev/sda3|\", \"r|.*|\" ]\n\t# filter = [ \"a|/dev/sd|\" ]\n\tdir = \"/dev\"\n}\n",
	       "devices {\n# \tfilter = [ \"a|/dev/sda3|\", \"r|.*|\" ]\n\t# filter = [ \"a|/dev/sd|\" ]\n\tdir = \"/dev\"\n}\n",
	       "LVM's filter for old disks is commented out");
	expect(nacre_edit_inittab, NULL, "::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n#ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n",
	       "::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n#ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n"
	       "ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n",
	       "Alpine's inittab gets a login on the serial line");
	expect(nacre_edit_inittab, NULL, "id:2:initdefault:\n", "id:2:initdefault:\nS0:2345:respawn:/sbin/getty -L ttyS0 115200 vt100\n",
	       "sysvinit's too");
	expect(nacre_edit_securetty, NULL, "console\nttyS0\n", "console\nttyS0\n", "securetty has it already");
}

static void test_rules(void)
{
	static const struct nacre_nic_name nics[] = {{"eth0", "52:54:00:aa:bb:cc"}};
	struct nacre_nic_list list = {nics, 1};
	struct nacre_text text = {0};
	char path[64];

	expect(nacre_edit_net_rules, &list,
	       "# PCI device 0x8086:0x100e (e1000)\n"
	       "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"e1000\", ATTR{address}==\"52:54:00:AA:bb:cc\", ATTR{dev_id}==\"0x0\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
	       "SUBSYSTEM==\"net\", DRIVERS==\"tg3\", ATTR{address}==\"00:11:22:33:44:55\", NAME=\"eth1\"\n",
	       "# PCI device 0x8086:0x100e (e1000)\n"
	       "SUBSYSTEM==\"net\", ACTION==\"add\", ATTR{address}==\"52:54:00:AA:bb:cc\", ATTR{dev_id}==\"0x0\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
	       "SUBSYSTEM==\"net\", DRIVERS==\"tg3\", ATTR{address}==\"00:11:22:33:44:55\", NAME=\"eth1\"\n",
	       "a rule for a NIC loses its driver, another one stays");
	expect(nacre_edit_net_rules, &list,
	       "SUBSYSTEM==\"net\", BUS==\"pci\", KERNELS==\"0000:02:01.0\", ATTR{address}==\"52:54:00:aa:bb:cc\", KERNEL==\"eth1\", NAME=\"eth0\"\n",
	       "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:aa:bb:cc\", NAME=\"eth0\"\n", "bus, slot and first name go");
	expect(nacre_edit_net_rules, &list,
	       "SUBSYSTEM==\"net\", DRIVERS==\"?*\", ATTR{address}==\"52:54:00:aa:bb:cc\", NAME=\"eth0\"",
	       "SUBSYSTEM==\"net\", DRIVERS==\"?*\", ATTR{address}==\"52:54:00:aa:bb:cc\", NAME=\"eth0\"", "any driver is no condition");
	expect(nacre_edit_net_rules, &list, "broken \"\nKERNEL==\n=\"\"\n", "broken \"\nKERNEL==\n=\"\"\n", "what is no rule stays");
	nacre_link_path(&nics[0], path);
	nacre_link_text(&nics[0], &text);
	tap_is_string(path, "/etc/systemd/network/10-nacre-eth0.link", "a .link file per NIC");
	tap_is_string(strstr(text.data, "[Match]"), "[Match]\nMACAddress=52:54:00:aa:bb:cc\nPath=*\n\n[Link]\nName=eth0\n",
		      "says MAC and name");
	nacre_text_free(&text);
}

static void test_drivers(void)
{
	expect(nacre_edit_xorg, NULL,
	       "Section \"InputDevice\"\n  Driver \"wacom\"\nEndSection\nsection\t\"device\"\r\n  Driver  \"nvidia\" # fast\r\n"
	       "  BusID \"PCI:1:0:0\"\nEndSection\nSection \"Device\"\n\tDriver \"fbdev\"\nEndSection",
	       "Section \"InputDevice\"\n  Driver \"wacom\"\nEndSection\nsection\t\"device\"\r\n  Driver  \"modesetting\" # fast\r\n"
	       "#  BusID \"PCI:1:0:0\"\nEndSection\nSection \"Device\"\n\tDriver \"fbdev\"\nEndSection",
	       "xorg.conf: the card's driver and slot, and nobody else's");
	expect(nacre_edit_xorg, NULL, "Section\nSection \"\nDriver\n#Driver \"x\"\n", "Section\nSection \"\nDriver\n#Driver \"x\"\n",
	       "xorg.conf: what is broken stays");
	expect(nacre_edit_modprobe, NULL, "blacklist virtio_blk\nblacklist pcspkr\n install virtio_net /bin/true\nblacklist",
	       "# blacklist virtio_blk\nblacklist pcspkr\n#  install virtio_net /bin/true\nblacklist", "modprobe.d: virtio may be loaded");
	expect(nacre_edit_network, NULL, "[Match]\nName=lan0\nDriver=igb\n[Network]\nPath=x\n[Match]\n Path=pci-0000:02:00.0-*\n",
	       "[Match]\nName=lan0\n#Driver=igb\n[Network]\nPath=x\n[Match]\n# Path=pci-0000:02:00.0-*\n",
	       "a network: driver and slot are no condition beside a name");
	expect(nacre_edit_network, NULL, "[Match]\nDriver=igb\n", "left alone", "a network: but the only one they stay");
	expect(nacre_edit_inittab, NULL, "h0:2345:respawn:/sbin/getty hvc0\nS0:2345:respawn:/sbin/getty -L ttyS0 9600 vt100\n",
	       "#h0:2345:respawn:/sbin/getty hvc0\nS0:2345:respawn:/sbin/getty -L ttyS0 9600 vt100\n", "inittab: Xen's console goes");
}

int main(void)
{
	test_drivers();
	test_fstab();
	test_growfs();
	test_menus();
	test_grubenv();
	test_modules();
	test_rules();
	return tap_done();
}
