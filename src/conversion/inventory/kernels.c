/* SPDX-License-Identifier: BSD-2-Clause */
/* kernels.c - /lib/modules against /boot, and whether a kernel knows virtio
 *
 * Where the image of a kernel lies is a matter of taste: /boot/vmlinuz-VERSION (Debian, Fedora, SUSE),
 * /boot/vmlinuz-PACKAGE with the package named in modules/VERSION/pkgbase (Arch), /boot/vmlinuz-FLAVOUR
 * with the flavour at the end of the version (Alpine), /boot/MACHINE-ID/VERSION/linux (kernel-install).
 */
#include "base/auto.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { INDEX_MAX = 8 << 20, SMALL = 4096 };

static bool match(const struct look_names *boot, char *to, size_t size, const char *before, const char *name,
		  const char *behind)
{
	char file[NACRE_FS_NAME];

	if (!*name || snprintf(file, sizeof(file), "%s%s%s", before, name, behind) >= (int)sizeof(file) ||
	    !look_has(boot, file) || strlen(file) + sizeof("/boot/") > size)
		return false;
	snprintf(to, size, "/boot/%s", file);
	return true;
}

static void find_image(const struct look_names *boot, struct nacre_kernel *k, const char *name)
{
	static const char *const images[] = {"vmlinuz-", "vmlinux-", "kernel-", "Image-", "bzImage-"};
	static const char *const initramfs[][2] = {
		{"initrd.img-", ""}, {"initramfs-", ".img"}, {"initrd-", ""}, {"initramfs-", ""},
		{"initrd-", ".img"}, {"initramfs-genkernel-x86_64-", ""}};

	for (size_t i = 0; !k->image[0] && i < sizeof(images) / sizeof(images[0]); i++)
		match(boot, k->image, sizeof(k->image), images[i], name, "");
	for (size_t i = 0; !k->initramfs[0] && i < sizeof(initramfs) / sizeof(initramfs[0]); i++)
		match(boot, k->initramfs, sizeof(k->initramfs), initramfs[i][0], name, initramfs[i][1]);
}

/* kernel-install puts each kernel into a directory of its own, below the machine's id. */
static void find_entry(struct look *look, struct nacre_kernel *k)
{
	static const char *const tops[] = {"/boot", "/efi", "/boot/efi"};
	NACRE_AUTO_FREE char *data = look_read(look, "/etc/machine-id", SMALL);
	char *id = data ? text_trim(data) : NULL, path[sizeof(k->image)];

	for (size_t i = 0; id && strlen(id) == 32 && !k->image[0] && i < 3; i++) {
		if (snprintf(path, sizeof(path), "%s/%.32s/%s/linux", tops[i], id, k->version) >=
			    (int)sizeof(path) || !look_exists(look, path))
			continue;
		strcpy(k->image, path);
		if (snprintf(path, sizeof(path), "%s/%.32s/%s/initrd", tops[i], id, k->version) <
			    (int)sizeof(path) && look_exists(look, path))
			strcpy(k->initramfs, path);
	}
}

static void describe(struct look *look, const struct look_names *boot, struct nacre_kernel *k)
{
	const char *flavour = strrchr(k->version, '-');
	NACRE_AUTO_FREE char *base = NULL;
	char path[192];

	find_image(boot, k, k->version);
	snprintf(path, sizeof(path), "/lib/modules/%s/pkgbase", k->version);
	if (!k->image[0] && (base = look_read(look, path, SMALL)))
		find_image(boot, k, text_trim(base));
	if (!k->image[0] && flavour)
		find_image(boot, k, flavour + 1);
	if (!k->image[0])
		find_entry(look, k);
	snprintf(path, sizeof(path), "/lib/modules/%s/vmlinuz", k->version);
	if (!k->image[0] && strlen(path) < sizeof(k->image) && look_exists(look, path))
		strcpy(k->image, path);
}

/* Does the index of modules name @driver, whatever is behind ".ko"? Names have '-' or '_'. */
static bool index_names(const char *index, const char *driver)
{
	char name[48];

	for (int dash = 0; index && dash < 2; dash++) {
		snprintf(name, sizeof(name), "/%s.ko", driver);
		for (char *p = name; dash && *p; p++)
			if (*p == '_')
				*p = '-';
		if (strstr(index, name))
			return true;
	}
	return false;
}

static bool knows_virtio(struct look *look, const struct nacre_kernel *k, char *missing, size_t size)
{
	static const char *const drivers[] = {"virtio_pci", "virtio_blk", "virtio_net"};
	NACRE_AUTO_FREE char *modules = NULL, *builtin = NULL;
	char path[192];

	*missing = 0;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", k->version);
	modules = look_read(look, path, INDEX_MAX);
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(missing);

		if (index_names(modules, drivers[i]))
			continue;
		snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", k->version);
		if (!builtin)
			builtin = look_read(look, path, INDEX_MAX);
		if (!index_names(builtin, drivers[i]))
			snprintf(missing + n, size - n, "%s%s", n ? ", " : "", drivers[i]);
	}
	return !*missing;
}

static int newest_first(const void *a, const void *b)
{
	return strverscmp(((const struct nacre_kernel *)b)->version, ((const struct nacre_kernel *)a)->version);
}

static void judge(struct nacre_inventory *inventory, struct look *look)
{
	char missing[64], first[64] = "";
	bool any = false;

	for (int i = 0; i < inventory->kernel_count && !any; i++) {
		const struct nacre_kernel *k = &inventory->kernels[i];

		if (!k->image[0])
			nacre_inventory_find(inventory, NACRE_NOTE, "a kernel without an image",
					     "there are modules for %.80s, but nothing in /boot", k->version);
		any = knows_virtio(look, k, missing, sizeof(missing));
		if (!any && !*first)
			strcpy(first, missing);
	}
	if (!any && inventory->kernel_count)
		nacre_inventory_find(inventory, NACRE_OBSTACLE, "no kernel with virtio drivers",
				     "%.60s lacks %.60s: it would see neither disk nor network; install the "
				     "distribution's common kernel first", inventory->kernels[0].version, first);
	if (!inventory->kernel_count)
		nacre_inventory_find(inventory, NACRE_WARNING, "no kernel",
				     "there is nothing in /lib/modules: whether virtio drivers are there cannot be "
				     "told");
}

void inventory_kernels(struct nacre_inventory *inventory, struct look *look)
{
	struct look_names modules, boot;

	look_list(look, "/lib/modules", &modules);
	look_list(look, "/boot", &boot);
	for (size_t i = 0; i < modules.count && inventory->kernel_count < NACRE_KERNELS_MAX; i++) {
		const struct look_name *n = &modules.list[i];
		struct nacre_kernel *k = &inventory->kernels[inventory->kernel_count];

		if ((n->type && !S_ISDIR(n->type)) || strlen(n->name) >= sizeof(k->version) ||
		    n->name[0] < '0' || n->name[0] > '9')
			continue;
		*k = (struct nacre_kernel){.version = ""};
		text_copy(k->version, sizeof(k->version), n->name);
		describe(look, &boot, k);
		inventory->kernel_count++;
	}
	qsort(inventory->kernels, (size_t)inventory->kernel_count, sizeof(inventory->kernels[0]), newest_first);
	free(modules.list);
	free(boot.list);
	judge(inventory, look);
}
