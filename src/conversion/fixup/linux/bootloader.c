/* SPDX-License-Identifier: BSD-2-Clause */
/* bootloader.c - root= and resume= by UUID, and consoles, in every place that holds kernel command lines */
#include "conversion/fixup/linux/editors.h"
#include "conversion/fixup/linux/run.h"

static void tell(void *arg, const char *text)
{
	nacre_run_say(arg, "%s", text);
}

/* EFI/DISTRIBUTION/grub.cfg of a mounted ESP. */
struct esp {
	struct nacre_run *run;
	struct nacre_edit *edit;
	const char *base;
};

static int esp_menu(void *arg, const struct nacre_fs_entry *entry)
{
	struct esp *esp = arg;
	char path[NACRE_FS_PATH];

	if (snprintf(path, sizeof(path), "%s/%s/grub.cfg", esp->base, entry->name) >= (int)sizeof(path))
		return 0;
	return nacre_run_edit(esp->run, path, nacre_edit_grub_menu, esp->edit, "kernel command lines");
}

static int body(struct nacre_run *r)
{
	static const struct {
		const char *path;
		nacre_editor edit;
	} files[] = {
		{"/boot/grub/grub.cfg", nacre_edit_grub_menu},
		{"/boot/grub2/grub.cfg", nacre_edit_grub_menu},
		{"/boot/grub/menu.lst", nacre_edit_grub_menu},
		{"/boot/grub/grub.conf", nacre_edit_grub_menu},
		{"/boot/grub/custom.cfg", nacre_edit_grub_menu},
		{"/etc/default/grub", nacre_edit_grub_default},
		{"/boot/grub/grubenv", nacre_edit_grubenv},
		{"/boot/grub2/grubenv", nacre_edit_grubenv},
		{"/boot/extlinux.conf", nacre_edit_extlinux},
		{"/boot/extlinux/extlinux.conf", nacre_edit_extlinux},
		{"/boot/syslinux/syslinux.cfg", nacre_edit_extlinux},
		{"/etc/update-extlinux.conf", nacre_edit_grub_default},
		{"/etc/kernel/cmdline", nacre_edit_arguments_file},
		{"/etc/initramfs-tools/conf.d/resume", nacre_edit_resume},
	};
	static const char *const esps[] = {"/boot/efi/EFI", "/efi/EFI", "/boot/EFI", NULL};
	static const char *const entries[] = {"/boot/loader/entries", "/efi/loader/entries",
					      "/boot/efi/loader/entries", NULL};
	const struct nacre_devices *devices = nacre_run_devices(r);
	struct nacre_edit edit = {.devices = devices, .serial = r->f->options->serial_console, .note = tell,
				  .arg = r};

	struct nacre_edit plain = {.devices = devices, .note = tell, .arg = r}; /* has its consoles from elsewhere */

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (nacre_run_edit(r, files[i].path, files[i].edit, &edit, "kernel command lines") < 0)
			return -1;
	if (nacre_run_edit_each(r, "/etc/default/grub.d", ".cfg", nacre_edit_grub_default, &plain, "kernel command lines") < 0 ||
	    nacre_run_edit(r, "/boot/refind_linux.conf", nacre_edit_arguments_file, &plain, "kernel command lines") < 0)
		return -1;
	for (int i = 0; entries[i]; i++)
		if (nacre_run_edit_each(r, entries[i], ".conf", nacre_edit_entry, &edit, "kernel command line") < 0)
			return -1;
	for (int i = 0; esps[i]; i++) {
		struct esp esp = {r, &edit, esps[i]};

		if (nacre_tree_exists(r->f->tree, esps[i]) &&
		    nacre_tree_each(r->f->tree, esps[i], esp_menu, &esp, r->e) < 0)
			return -1;
	}
	return 0;
}

NACRE_FIX(bootloader, "bootloader", "kernel command lines by UUID", NULL, body);
