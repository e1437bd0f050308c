/* SPDX-License-Identifier: BSD-2-Clause */
/* esp.c - a boot loader where firmware without memory looks for it
 *
 * The old machine's firmware knew "\EFI\debian\shimx64.efi" from its NVRAM, which stays behind. A new
 * firmware takes \EFI\BOOT\BOOTX64.EFI (UEFI 2.10, 3.5.1.1): the distribution's shim, with the GRUB that it
 * loads from beside itself; or GRUB alone; or systemd-boot.
 */
#include "conversion/fixup/linux/run.h"
#include "base/auto.h"

#include <strings.h>
#include <sys/stat.h>

enum { LOADER_MOST = 8 << 20 };

/** struct names - of one architecture's files */
static const struct names {
	const char *architecture, *fallback, *shim, *grub, *manager, *systemd;
} all_names[] = {
	{"x86_64", "BOOTX64.EFI", "shimx64.efi", "grubx64.efi", "mmx64.efi", "systemd-bootx64.efi"},
	{"aarch64", "BOOTAA64.EFI", "shimaa64.efi", "grubaa64.efi", "mmaa64.efi", "systemd-bootaa64.efi"},
	{"i686", "BOOTIA32.EFI", "shimia32.efi", "grubia32.efi", "mmia32.efi", "systemd-bootia32.efi"},
};

static const struct names *names_of(const char *architecture)
{
	for (size_t i = 0; i < sizeof(all_names) / sizeof(*all_names); i++)
		if (!strcmp(all_names[i].architecture, architecture))
			return &all_names[i];
	return &all_names[0]; /* the inventory says amd64, or nothing */
}

/** struct search - a name in a directory, in any case */
struct search {
	const char *name;
	char found[NACRE_FS_NAME];
};

static int match(void *arg, const struct nacre_fs_entry *entry)
{
	struct search *search = arg;

	if (strcasecmp(entry->name, search->name))
		return 0;
	strcpy(search->found, entry->name);
	return 1;
}

/* The real name of @name in @directory, appended to it. */
static bool enter(struct nacre_tree *tree, const char *directory, const char *name, char path[NACRE_FS_PATH])
{
	struct search search = {name, ""};

	if (nacre_tree_each(tree, directory, match, &search, NULL) != 1)
		return false;
	return snprintf(path, NACRE_FS_PATH, "%s/%s", directory, search.found) < NACRE_FS_PATH;
}

/** struct choice - the loader that will be copied */
struct choice {
	struct nacre_tree *tree;
	const struct names *names;
	const char *efi;
	char directory[NACRE_FS_PATH];
	char shim[NACRE_FS_PATH], grub[NACRE_FS_PATH], systemd[NACRE_FS_PATH];
};

/* A distribution's directory: one with shim and GRUB is best, then GRUB, then systemd-boot. */
static int consider(void *arg, const struct nacre_fs_entry *entry)
{
	struct choice *c = arg;
	char directory[NACRE_FS_PATH], shim[NACRE_FS_PATH] = "", grub[NACRE_FS_PATH] = "";

	if (!strcasecmp(entry->name, "BOOT") || !strcasecmp(entry->name, "Microsoft") ||
	    snprintf(directory, sizeof(directory), "%s/%s", c->efi, entry->name) >= (int)sizeof(directory))
		return 0;
	if (!enter(c->tree, directory, c->names->grub, grub))
		grub[0] = 0;
	if (!grub[0] || !enter(c->tree, directory, c->names->shim, shim))
		shim[0] = 0;
	if (grub[0] && (!c->grub[0] || (shim[0] && !c->shim[0]))) {
		strcpy(c->directory, directory);
		strcpy(c->grub, grub);
		strcpy(c->shim, shim);
	}
	if (!c->systemd[0] && !enter(c->tree, directory, c->names->systemd, c->systemd))
		c->systemd[0] = 0;
	return 0;
}

static int copy(struct nacre_run *r, const char *from, const char *directory, const char *name)
{
	NACRE_AUTO_FREE char *data = NULL;
	char to[NACRE_FS_PATH];
	size_t size;

	if (snprintf(to, sizeof(to), "%s/%s", directory, name) >= (int)sizeof(to))
		return 0;
	data = nacre_run_read(r, from, &size);
	return data ? nacre_run_write(r, to, data, size, from) : 0;
}

/* What stands beside GRUB and belongs to it. */
static int copy_beside(struct nacre_run *r, const struct choice *c, const char *boot)
{
	const char *const beside[] = {c->names->manager, "grub.cfg", NULL};
	char path[NACRE_FS_PATH];

	for (int i = 0; beside[i]; i++)
		if (enter(r->f->tree, c->directory, beside[i], path) && copy(r, path, boot, beside[i]) < 0)
			return -1;
	return 0;
}

static int one_esp(struct nacre_run *r, const char *mount)
{
	struct choice c = {.tree = r->f->tree, .names = names_of(r->f->inventory->architecture)};
	struct nacre_volume *volume = nacre_tree_volume(r->f->tree, mount);
	char efi[NACRE_FS_PATH], boot[NACRE_FS_PATH], path[NACRE_FS_PATH];

	if (!volume || strcmp(nacre_volume_info(volume)->type, "vfat") ||
	    !enter(r->f->tree, mount, "EFI", efi))
		return 0;
	if (enter(r->f->tree, efi, "BOOT", boot)) {
		if (enter(r->f->tree, boot, c.names->fallback, path))
			return 0;
	} else if (snprintf(boot, sizeof(boot), "%s/BOOT", efi) >= (int)sizeof(boot)) {
		return 0;
	}
	c.efi = efi;
	if (nacre_tree_each(r->f->tree, efi, consider, &c, r->e) < 0)
		return -1;
	if (!c.grub[0] && !c.systemd[0])
		return 0;
	/* a plan opens nothing for writing */
	if (r->mode == NACRE_RUN_APPLY && !nacre_volume_writable(volume)) {
		nacre_run_say(r, "%s cannot be written, so \\EFI\\BOOT\\%s is missing: choose %s in the firmware's menu",
			      mount, c.names->fallback, c.grub[0] ? c.directory : c.systemd);
		return 0;
	}
	if (!c.grub[0])
		return copy(r, c.systemd, boot, c.names->fallback);
	if (copy(r, c.shim[0] ? c.shim : c.grub, boot, c.names->fallback) < 0 ||
	    (c.shim[0] && copy(r, c.grub, boot, c.names->grub) < 0))
		return -1;
	return copy_beside(r, &c, boot);
}

static int body(struct nacre_run *r)
{
	static const char *const mounts[] = {"/boot/efi", "/efi", "/boot", NULL};

	for (int i = 0; r->f->inventory->uefi && mounts[i]; i++)
		if (nacre_tree_exists(r->f->tree, mounts[i]) && one_esp(r, mounts[i]) < 0)
			return -1;
	return 0;
}

static uint64_t room(struct nacre_fixing *f, const char **path)
{
	*path = nacre_tree_exists(f->tree, "/boot/efi") ? "/boot/efi" : nacre_tree_exists(f->tree, "/efi") ? "/efi" : "/boot";
	return LOADER_MOST;
}

NACRE_FIX(esp, "esp", "a boot loader that firmware finds by itself", room, body);
