/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_fixup.c - files of a machine that is converted: config, indexes of modules, an initramfs, the undo journal
 *
 * The first byte chooses. An editor has to reach a fixed point: what it wrote it leaves alone.
 */
#include "conversion/fixup/linux/console.h"
#include "conversion/fixup/linux/cpio.h"
#include "conversion/fixup/linux/drivers.h"
#include "conversion/fixup/linux/editors.h"
#include "conversion/fixup/linux/growfs.h"
#include "conversion/fixup/linux/index.h"
#include "conversion/fixup/linux/initramfs.h"
#include "conversion/fixup/linux/network.h"
#include "conversion/fixup/undo.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void edit(nacre_editor editor, void *arg, struct nacre_span in)
{
	struct nacre_text once = {0}, twice = {0};

	if (editor(in, arg, &once) == 0 &&
	    editor((struct nacre_span){once.data ? once.data : "", once.size}, arg, &twice) == 0)
		if (once.size != twice.size || (once.size && memcmp(once.data, twice.data, once.size)))
			abort();
	nacre_text_free(&once);
	nacre_text_free(&twice);
}

static void device(struct nacre_devices *d, const char *type, const char *uuid)
{
	struct nacre_device *device = &d->list[d->count++];

	*device = (struct nacre_device){.disk = d->count == 3, .number = d->count, .root = d->count == 1};
	strcpy(device->type, type);
	strcpy(device->uuid, uuid);
}

static void edit_devices(uint8_t which, struct nacre_span in)
{
	static const nacre_editor editors[] = {nacre_edit_fstab,  nacre_edit_crypttab,	     nacre_edit_grub_menu,
					       nacre_edit_grubenv, nacre_edit_grub_default, nacre_edit_entry,
					       nacre_edit_extlinux, nacre_edit_arguments_file, nacre_edit_resume};
	static struct nacre_devices d;
	struct nacre_edit how = {.devices = &d, .serial = which & 64};
	struct nacre_growfs_edit grows = {.devices = &d, .number = 3};

	memset(&d, 0, sizeof(d));
	d.disk_count = 2;
	device(&d, "ext4", "11111111-2222-3333-4444-555555555555");
	device(&d, "swap", "21111111-2222-3333-4444-555555555555");
	device(&d, "xfs", "");
	nacre_devices_learn(&d, in, nacre_find_root(in, &d));
	edit(editors[which % (sizeof(editors) / sizeof(*editors))], &how, in);
	edit(nacre_edit_growfs, &grows, in);
}

static void edit_others(uint8_t which, struct nacre_span in)
{
	static const struct nacre_nic_name nics[] = {{"eth0", "52:54:00:aa:bb:cc"}};
	static struct nacre_nic_list list = {nics, 1};
	void *names = (void *)nacre_lasting_modules;
	const struct {
		nacre_editor edit;
		void *arg;
	} editors[] = {{nacre_edit_net_rules, &list}, {nacre_edit_module_list, names}, {nacre_edit_mkinitcpio, names},
		       {nacre_edit_inittab, NULL},    {nacre_edit_securetty, NULL},    {nacre_edit_suse_kernel, names},
		       {nacre_edit_xorg, NULL},	      {nacre_edit_modprobe, NULL},    {nacre_edit_network, NULL}};

	which %= sizeof(editors) / sizeof(*editors);
	edit(editors[which].edit, editors[which].arg, in);
}

static void modules(struct nacre_span in)
{
	struct nacre_span dep = in, rest = {"", 0};
	struct nacre_text text = {0};
	struct nacre_modules m;
	const char *cut = memchr(in.at, 1, in.size);

	if (cut) {
		dep.size = cut - in.at;
		rest = (struct nacre_span){cut + 1, in.at + in.size - cut - 1};
	}
	if (nacre_modules_parse(&m, dep, rest, rest, rest) < 0)
		return;
	nacre_modules_choose(&m, "virtio_blk");
	nacre_modules_choose(&m, "virtio-net");
	nacre_index_text(&m, true, &text);
	nacre_index_binary(&m, true, &text);
	nacre_text_free(&text);
	nacre_modules_free(&m);
}

static int read_span(void *arg, uint64_t offset, void *data, size_t size, size_t *got)
{
	const struct nacre_span *in = arg;

	*got = offset >= in->size ? 0 : in->size - offset < size ? in->size - offset : size;
	if (*got)
		memcpy(data, in->at + offset, *got);
	return 0;
}

static void journal(struct nacre_span in)
{
	struct nacre_undo_list list;
	char *bytes = malloc(in.size + 1);

	if (!bytes)
		return;
	memcpy(bytes, in.at, in.size);
	bytes[in.size] = 0;
	if (nacre_undo_parse(bytes, in.size, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++)
		if (list.list[i].path[0] != '/' || (list.list[i].length && !list.list[i].data))
			abort();
	nacre_undo_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_span in = {(const char *)data + 1, size - 1};
	struct nacre_initramfs_end end;

	if (!size)
		return 0;
	switch (data[0] & 7) {
	case 0:
	case 1:
		edit_devices(data[0] >> 1, in);
		break;
	case 2:
		edit_others(data[0] >> 3, in);
		break;
	case 3:
		modules(in);
		break;
	case 4:
		nacre_initramfs_look(read_span, &in, in.size, &end);
		break;
	case 5:
		journal(in);
		break;
	}
	return 0;
}
