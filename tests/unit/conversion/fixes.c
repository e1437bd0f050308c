/* SPDX-License-Identifier: BSD-2-Clause */
/* fixes.c - whole machines, as distributions install them: plan, apply, once more, undo */
#include "conversion/fixup/fixup.h"
#include "conversion/fixup/linux/cpio.h"
#include "memory_volume.h"
#include "tap.h"

#include <unistd.h>

#define ROOT "b1b1b1b1-0001-4000-8000-000000000001"
#define SWAP "b2b2b2b2-0002-4000-8000-000000000002"

static struct nacre_inventory inventory;
static struct nacre_fix_options options;
static struct nacre_volume *root, *boot, *esp;
static struct nacre_error e;
static char work[] = "/tmp/nacre-fixes.XXXXXX", undo[64];
static char said[65536];
static const char *lib; /* "/lib", or "/usr/lib" where /usr is merged */

static void say(void *arg, const char *fix, const char *text)
{
	size_t n = strlen(said);

	(void)arg;
	snprintf(said + n, sizeof(said) - n, "%s: %s\n", fix, text);
}

static void place(int number, const char *type, const char *uuid, const char *mount, struct nacre_volume *v)
{
	struct nacre_place *p = &inventory.places[inventory.place_count++];

	p->partition.number = number;
	snprintf(p->type, sizeof(p->type), "%s", type);
	snprintf(p->info.uuid, sizeof(p->info.uuid), "%s", uuid);
	snprintf(p->mount, sizeof(p->mount), "%s", mount);
	p->volume = v;
	if (mount[0] && mount[1]) {
		struct nacre_mount *m = &inventory.mounts[inventory.mount_count++];

		snprintf(m->path, sizeof(m->path), "%s", mount);
		m->place = (int)(p - inventory.places);
	}
	if (v)
		snprintf(memory_info(v)->type, sizeof(p->type), "%s", type);
}

static void kernel(const char *version, const char *initramfs)
{
	struct nacre_kernel *k = &inventory.kernels[inventory.kernel_count++];

	snprintf(k->version, sizeof(k->version), "%s", version);
	snprintf(k->initramfs, sizeof(k->initramfs), "%s", initramfs);
}

static void nic(const char *name, const char *mac)
{
	struct nacre_nic *n = &inventory.nics[inventory.nic_count++];

	snprintf(n->name, sizeof(n->name), "%s", name);
	snprintf(n->mac, sizeof(n->mac), "%s", mac);
}

/* Modules with @suffix, as depmod lists them. */
static void modules(const char *version, const char *suffix)
{
	static const char *const all[] = {"drivers/virtio/virtio", "drivers/virtio/virtio_ring", "drivers/virtio/virtio_pci",
					  "drivers/block/virtio_blk", "drivers/scsi/virtio_scsi", "drivers/net/virtio_net",
					  "drivers/net/net_failover", "drivers/scsi/sd_mod", "lib/crc-t10dif",
					  "crypto/crct10dif_generic", "drivers/ata/ata_piix", NULL};
	char path[256], dep[4096] = "";

	for (int i = 0; all[i]; i++) {
		snprintf(path, sizeof(path), "%s/modules/%s/kernel/%s.ko%s", lib, version, all[i], suffix);
		memory_text(root, path, all[i]);
		snprintf(dep + strlen(dep), sizeof(dep) - strlen(dep), "kernel/%s.ko%s:", all[i], suffix);
		if (strstr(all[i], "virtio_blk"))
			snprintf(dep + strlen(dep), sizeof(dep) - strlen(dep), " kernel/%s.ko%s kernel/%s.ko%s", all[0], suffix,
				 all[1], suffix);
		if (strstr(all[i], "virtio_net"))
			snprintf(dep + strlen(dep), sizeof(dep) - strlen(dep), " kernel/%s.ko%s", all[6], suffix);
		if (strstr(all[i], "sd_mod"))
			snprintf(dep + strlen(dep), sizeof(dep) - strlen(dep), " kernel/%s.ko%s", all[8], suffix);
		strcat(dep, "\n");
	}
	snprintf(path, sizeof(path), "%s/modules/%s/modules.dep", lib, version);
	memory_text(root, path, dep);
	snprintf(path, sizeof(path), "%s/modules/%s/modules.softdep", lib, version);
	memory_text(root, path, "softdep crc_t10dif pre: crct10dif\n");
	snprintf(path, sizeof(path), "%s/modules/%s/modules.alias", lib, version);
	memory_text(root, path, "alias virtio:d00000002v* virtio_blk\nalias crct10dif crct10dif_generic\n");
	snprintf(path, sizeof(path), "%s/modules/%s/modules.builtin", lib, version);
	memory_text(root, path, "kernel/fs/ext4/ext4.ko\n");
}

static void machine(void)
{
	memset(&inventory, 0, sizeof(inventory));
	memset(&options, 0, sizeof(options));
	options.serial_console = true;
	root = memory_volume_new();
	boot = esp = NULL;
	lib = "/lib";
	strcpy(inventory.architecture, "x86_64");
}

static void debian(void)
{
	machine();
	place(1, "ext4", ROOT, "/", root);
	place(5, "swap", SWAP, "", NULL);
	strcpy(inventory.family, "debian");
	modules("6.1.0-18-amd64", "");
	kernel("6.1.0-18-amd64", "/boot/initrd.img-6.1.0-18-amd64");
	nic("eth0", "52:54:00:AA:bb:cc");
	memory_text(root, "/boot/initrd.img-6.1.0-18-amd64", "\x28\xb5\x2f\xfd zstd 13.");
	memory_text(root, "/etc/fstab", "/dev/sda1 / ext4 errors=remount-ro 0 1\n/dev/sda5 none swap sw 0 0\n");
	memory_text(root, "/boot/grub/grub.cfg", "\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro quiet\n");
	memory_text(root, "/boot/grub/device.map", "(hd0) /dev/sda\n");
	memory_text(root, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"\"\n");
	memory_text(root, "/etc/initramfs-tools/initramfs.conf", "MODULES=dep\n");
	memory_text(root, "/etc/initramfs-tools/modules", "# empty\n");
	memory_text(root, "/etc/initramfs-tools/conf.d/resume", "RESUME=/dev/sda5\n");
	memory_text(root, "/etc/udev/rules.d/70-persistent-net.rules",
		    "SUBSYSTEM==\"net\", DRIVERS==\"e1000\", ATTR{address}==\"52:54:00:aa:bb:cc\", NAME=\"lan0\"\n");
	memory_text(root, "/lib/udev/rules.d/80-net-setup-link.rules", "");
	memory_text(root, "/lib/systemd/systemd", "");
	memory_text(root, "/lib/systemd/system/serial-getty@.service", "");
	memory_text(root, "/lib/systemd/system/smartmontools.service", "");
	memory_link(root, "/lib/systemd/system/smartmontools.service", "/etc/systemd/system/smartd.service");
	memory_text(root, "/lib/systemd/system/irqbalance.service", "");
	memory_text(root, "/etc/init.d/hp-health", "");
	memory_text(root, "/lib/systemd/system/ssh.service", "");
	memory_text(root, "/etc/ssh/ssh_host_rsa_key", "secret");
	memory_text(root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
}

static void fedora(void)
{
	machine();
	boot = memory_volume_new();
	esp = memory_volume_new();
	place(1, "vfat", "1234-ABCD", "/boot/efi", esp);
	place(2, "ext4", "c2c2c2c2-0002-4000-8000-000000000002", "/boot", boot);
	place(3, "ext4", ROOT, "/", root);
	inventory.root = 2;
	inventory.uefi = inventory.selinux = true;
	strcpy(inventory.family, "redhat");
	memory_directory(root, "/boot");
	memory_directory(boot, "/efi");
	memory_link(root, "usr/lib", "/lib");
	memory_directory(root, "/usr/lib");
	lib = "/usr/lib";
	modules("5.14.0-362.el9", ".xz");
	memory_directory(root, "/etc");
	for (int i = 0; i < 2; i++)
		nacre_volume_set_attribute(root, i ? "/etc" : "/", "security.selinux", i ? "etc_t" : "root_t", 5 + !i, NULL);
	kernel("5.14.0-362.el9", "/boot/initramfs-5.14.0-362.el9.img");
	nic("enp3s0f0", "00:11:22:33:44:55");
	memory_text(boot, "/initramfs-5.14.0-362.el9.img", "\x1f\x8b gzip");
	memory_text(root, "/etc/fstab", "UUID=" ROOT " / ext4 defaults 0 0\nUUID=c2c2c2c2-0002-4000-8000-000000000002 /boot ext4 defaults 0 0\n"
					"UUID=1234-ABCD /boot/efi vfat umask=0077 0 2\n");
	memory_text(boot, "/loader/entries/a-5.14.0-362.el9.conf", "title R\noptions root=/dev/sda3 ro crashkernel=1G\n");
	memory_text(root, "/usr/lib/dracut/dracut-init.sh", "");
	memory_text(root, "/etc/dracut.conf.d/other.conf", "");
	nacre_volume_set_attribute(root, "/etc/dracut.conf.d/other.conf", "security.selinux", "dracut_t", 8, NULL);
	memory_text(root, "/usr/lib/udev/rules.d/80-net-setup-link.rules", "");
	memory_text(root, "/etc/lvm/devices/system.devices", "IDTYPE=sys_wwid\n");
	memory_text(esp, "/EFI/redhat/shimx64.efi", "shim");
	memory_text(esp, "/EFI/redhat/grubx64.efi", "grub");
	memory_text(esp, "/EFI/redhat/grub.cfg", "search");
}

static void alpine(void)
{
	machine();
	place(1, "ext4", ROOT, "/", root);
	strcpy(inventory.family, "alpine");
	modules("6.6.14-0-lts", ".gz");
	kernel("6.6.14-0-lts", "/boot/initramfs-lts");
	nic("eth0", "52:54:00:aa:bb:cc");
	memory_text(root, "/boot/initramfs-lts", "\x1f\x8b gzip.");
	memory_text(root, "/etc/fstab", "/dev/nvme0n1p1\t/\text4\trw,relatime 0 1\n");
	memory_text(root, "/boot/extlinux.conf", "LABEL lts\n  APPEND root=/dev/nvme0n1p1 modules=sd-mod,ext4 quiet\n");
	memory_text(root, "/etc/update-extlinux.conf", "default_kernel_opts=\"quiet\"\nroot=/dev/nvme0n1p1\n");
	memory_text(root, "/etc/mkinitfs/mkinitfs.conf", "features=\"base ext4 nvme\"\n");
	memory_text(root, "/etc/mkinitfs/features.d/virtio.modules", "kernel/drivers/virtio\n");
	memory_text(root, "/etc/inittab", "::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n");
	memory_text(root, "/etc/init.d/smartd", "");
	memory_link(root, "/etc/init.d/smartd", "/etc/runlevels/default/smartd");
}

static void arch(void)
{
	machine();
	place(1, "vfat", "1234-ABCD", "/boot", esp = memory_volume_new());
	place(2, "ext4", ROOT, "/", root);
	inventory.root = 1;
	inventory.uefi = true;
	strcpy(inventory.family, "arch");
	memory_directory(root, "/boot");
	memory_link(root, "usr/lib", "/lib");
	memory_directory(root, "/usr/lib");
	lib = "/usr/lib";
	modules("6.9.1-arch1-1", ".zst");
	kernel("6.9.1-arch1-1", "/boot/initramfs-linux.img");
	memory_text(esp, "/initramfs-linux.img", "\x28\xb5\x2f\xfd zstd.");
	memory_text(root, "/etc/fstab", "/dev/nvme0n1p2 / ext4 rw 0 1\n/dev/nvme0n1p1 /boot vfat rw 0 2\n");
	memory_text(esp, "/loader/entries/arch.conf", "title Arch\noptions root=/dev/nvme0n1p2 rw\n");
	memory_text(esp, "/EFI/systemd/systemd-bootx64.efi", "sd-boot");
	memory_text(root, "/etc/mkinitcpio.conf", "MODULES=()\nHOOKS=(base udev autodetect)\n");
}

static char *picture(void)
{
	char *a = memory_picture(root), *b = boot ? memory_picture(boot) : strdup(""),
	     *c = esp ? memory_picture(esp) : strdup(""), *all = NULL;

	if (asprintf(&all, "%s\n%s\n%s", a, b, c) < 0)
		exit(99);
	free(a);
	free(b);
	free(c);
	return all;
}

static void end(void)
{
	memory_volume_free(root);
	if (boot)
		memory_volume_free(boot);
	if (esp)
		memory_volume_free(esp);
}

/* Return: how many files changed. */
static int run(bool apply)
{
	struct nacre_tree *tree = nacre_fixup_tree(&inventory, apply ? undo : NULL, &e);
	struct nacre_fixing f = {&inventory, tree, &options, say, NULL};
	size_t count = 0;
	int result;

	said[0] = 0;
	if (!tree)
		return -1;
	result = apply ? nacre_fixup_apply(&f, &e) : nacre_fixup_plan(&f, &e);
	nacre_tree_changes(tree, &count);
	nacre_tree_free(tree);
	return result < 0 ? -1 : (int)count;
}

static bool take_back(void)
{
	struct nacre_tree *tree = nacre_fixup_tree(&inventory, NULL, &e);
	bool done = nacre_tree_undo(tree, undo, &e) == 0;

	nacre_tree_free(tree);
	return done;
}

/* What every machine goes through; the tree is fixed at the end. */
static char *start(void (*make)(void), const char *name)
{
	char *before, *after, *plan, *fixed;
	int count;

	make();
	before = picture();
	tap_ok(run(false) == 0, "%s: a plan is made", name);
	plan = strdup(said);
	after = picture();
	tap_ok(!strcmp(before, after), "%s: and changes nothing", name);
	free(after);
	count = run(true);
	if (!tap_ok(count > 0, "%s: the fixes are applied (%d files)", name, count))
		printf("# %s: %s\n", e.where, e.msg);
	if (!tap_ok(!strcmp(plan, said), "%s: they say what the plan said", name))
		printf("# plan %s\n# apply %s\n", plan, said);
	free(plan);
	fixed = picture();
	count = run(true);
	after = picture();
	if (!tap_ok(count == 0 && !strcmp(fixed, after), "%s: a second time changes nothing", name))
		printf("# %d: %s\n# %s\n", count, said, e.msg);
	free(after);
	tap_ok(take_back(), "%s: all is undone", name);
	after = picture();
	if (!tap_ok(!strcmp(before, after), "%s: every file is as it was", name))
		printf("# %s\n# %s\n", before, after);
	free(after);
	free(before);
	tap_ok(run(true) > 0, "%s: and applied once more", name);
	return fixed;
}

static void has(const char *fixed, const char *text, const char *what)
{
	if (!tap_ok(strstr(fixed, text) != NULL, "%s", what))
		printf("# wanted %s\n# in %.6000s\n", text, fixed);
}

static void finish(char *fixed)
{
	free(fixed);
	take_back();
	end();
}

static void test_debian(void)
{
	char *fixed = start(debian, "Debian");

	has(fixed, "zstd 13.~~~070701", "the archive starts on a multiple of 4 bytes");
	has(fixed, "lib/modules/6.1.0-18-amd64/kernel/drivers/block/virtio_blk.ko", "virtio_blk is in it");
	has(fixed, "070701000000", "as newc");
	has(fixed, "crct10dif_generic.ko", "and what a soft dependency asks for by an alias");
	tap_ok(!strstr(fixed, "kernel/drivers/ata/ata_piix.ko~"), "no driver that is not needed");
	has(fixed, "etc/systemd/network/10-nacre-lan0.link", "the NIC's name is the one that the old rule gave it");
	has(fixed, "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:aa:bb:cc\", NAME=\"lan0\"", "the rule has lost its driver");
	has(fixed, "UUID=" ROOT " / ext4 errors", "fstab has UUIDs");
	has(fixed, "RESUME=UUID=" SWAP, "the initramfs resumes from the swap area by UUID");
	has(fixed, "root=UUID=" ROOT " ro quiet console=tty0 console=ttyS0,115200", "so has GRUB's menu, and consoles");
	has(fixed, "/etc/systemd/system/smartd.service 120777 0 0 ", "smartd's alias is a link");
	has(fixed, "/etc/systemd/system/smartmontools.service 120777", "smartmontools is masked");
	has(fixed, "/etc/systemd/system/hp-health.service 120777", "a vendor's script in init.d is masked");
	tap_ok(!strstr(fixed, "system/irqbalance.service 120777"), "irqbalance is not");
	tap_ok(!strstr(fixed, "device.map"), "device.map is gone");
	has(fixed, "serial-getty@ttyS0.service 120777", "there is a login on the serial line");
	has(fixed, "ssh_host_rsa_key", "the machine keeps its identity");
	finish(fixed);
	debian();
	options.new_identity = true;
	run(true);
	fixed = picture();
	tap_ok(!strstr(fixed, "ssh_host_rsa_key") && strstr(fixed, "nacre-ssh-keys.service"),
	       "unless a new one is wanted: Debian makes its host keys by a unit of ours");
	has(fixed, "/etc/machine-id 100644 0 0 ", "and machine-id is there");
	tap_ok(!strstr(fixed, "0123456789abcdef"), "but empty");
	finish(fixed);
}

static void test_others(void)
{
	char *fixed = start(fedora, "Fedora");

	has(fixed, "lib/modules/5.14.0-362.el9/kernel/drivers/block/virtio_blk.ko.xz", "compressed modules go as they are");
	has(fixed, "options root=UUID=" ROOT " ro crashkernel=1G console=tty0", "the entry's root is learned from its number");
	has(fixed, "/EFI/BOOT/BOOTX64.EFI 100644 0 0 ", "firmware finds a loader by itself");
	has(fixed, "/EFI/BOOT/grubx64.efi", "and shim its GRUB");
	has(fixed, "/etc/dracut.conf.d/90-nacre.conf", "dracut will add the drivers");
	has(fixed, "sd_mod \"\n security.selinux=dracut_t", "new files have the labels of their neighbours");
	tap_ok(!strstr(fixed, "system.devices"), "LVM's list of devices is gone");
	tap_ok(!strstr(fixed, ".autorelabel"), "nothing needs a relabelling");
	finish(fixed);
	fixed = start(alpine, "Alpine");
	has(fixed, "features=\"base ext4 nvme virtio\"", "mkinitfs gets the feature");
	has(fixed, "APPEND root=UUID=" ROOT, "extlinux has a UUID");
	has(fixed, "eth0 52:54:00:aa:bb:cc", "mactab names the NIC");
	has(fixed, "ttyS0::respawn:", "inittab has the serial line");
	tap_ok(!strstr(fixed, "runlevels/default/smartd"), "smartd is in no runlevel");
	finish(fixed);
	fixed = start(arch, "Arch");
	has(fixed, "MODULES=(virtio_pci virtio_blk", "mkinitcpio gets the modules");
	has(fixed, "/EFI/BOOT/BOOTX64.EFI", "systemd-boot is where firmware looks");
	has(fixed, "UUID=1234-ABCD /boot vfat", "the ESP is mounted by UUID");
	finish(fixed);
}

/* The image fails at each change of an apply in turn. */
static void test_failures(void)
{
	int wrong = 0, at = 0, result = -1;

	for (; result < 0 && at < 300; at++) {
		char *before, *after;

		debian();
		before = picture();
		memory_fail_once(root, at);
		result = run(true);
		memory_fail_once(root, -1);
		after = picture();
		if (result < 0 && strcmp(before, after))
			wrong++;
		free(before);
		free(after);
		take_back();
		end();
	}
	tap_ok(wrong == 0 && at > 15, "wherever an apply fails, it takes back all that it did (%d places)", at);
}

static void test_refusals(void)
{
	char *before, *after;

	debian();
	before = picture();
	memory_info(root)->free = 4096;
	tap_ok(run(true) < 0 && e.code == NACRE_E_SUPPORT, "a full file system is refused");
	memory_info(root)->free = 1 << 29;
	memory_info(root)->inodes_free = 3;
	tap_ok(run(true) < 0 && strstr(e.msg, "inodes"), "one without inodes too");
	after = picture();
	tap_ok(!strcmp(before, after), "before anything changes");
	memory_info(root)->inodes_free = 999;
	options.skip = (const char *const[]){"initramfs", "network", NULL};
	run(true);
	free(after);
	after = picture();
	tap_ok(!strstr(after, "nacre-initramfs") && !strstr(after, "10-nacre"), "what is to be skipped is skipped");
	take_back();
	free(before);
	free(after);
	memory_text(root, "/lib/modules/6.1.0-18-amd64/modules.dep", "kernel/drivers/ata/ata_piix.ko:\n");
	options.skip = NULL;
	run(false);
	tap_ok(strstr(said, "has no virtio drivers") != NULL, "a kernel without virtio is named");
	memory_text(root, "/lib/modules/6.1.0-18-amd64/modules.builtin",
		    "kernel/virtio.ko\nkernel/virtio_pci.ko\nkernel/virtio_blk.ko\nkernel/virtio_ring.ko\n");
	run(false);
	tap_ok(!strstr(said, "initrd.img-6.1.0-18-amd64"), "one with virtio built in needs no modules");
	modules("6.1.0-18-amd64", "");
	memory_text(root, "/boot/initrd.img-6.1.0-18-amd64", "");
	run(false);
	tap_ok(strstr(said, "does not look like an initramfs") != NULL, "an empty initramfs is left alone, and said");
	inventory.root = -1;
	tap_ok(run(false) < 0, "a disk without a system has no tree");
	end();
}

int main(void)
{
	if (!mkdtemp(work))
		return 99;
	snprintf(undo, sizeof(undo), "%s/undo", work);
	test_debian();
	test_others();
	test_failures();
	test_refusals();
	rmdir(work);
	return tap_done();
}
