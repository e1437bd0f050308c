/* SPDX-License-Identifier: BSD-2-Clause */
/* lasting.c - config, so that the next initramfs that the machine builds has the drivers too */
#include "conversion/fixup/linux/initramfs.h"

#include <sys/stat.h>

/* /etc/initramfs-tools/modules: a name and its options on each line. */
int nacre_edit_module_list(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const char *const *names = arg;
	bool said = false;

	nacre_text_add(out, in.at, in.size);
	for (; *names; names++) {
		struct nacre_span rest = in, line, word;
		bool there = false;

		while (nacre_line_next(&rest, &line))
			there |= nacre_word_next(&line, " \t\r\n", &word) && nacre_span_is(word, *names);
		if (there)
			continue;
		if (out->size && out->data[out->size - 1] != '\n')
			nacre_text_puts(out, "\n");
		if (!said)
			nacre_text_puts(out, "# nacre: a virtual machine's disk and network\n");
		said = true;
		nacre_text_printf(out, "%s\n", *names);
	}
	return 0;
}

/* NAME=(a b) or NAME="a b": the words that are missing go to the end. False: there is no such line. */
static bool edit_list(struct nacre_span in, const char *name, const char *const *words, struct nacre_text *out)
{
	size_t n = strlen(name);
	struct nacre_span line;
	bool done = false;

	while (nacre_line_next(&in, &line)) {
		struct nacre_span inside, rest, word;
		const char *end;
		size_t begin;
		char close;

		nacre_text_add(out, line.at, line.size);
		if (done || !nacre_span_starts(line, name) || line.size < n + 3 || line.at[n] != '=' ||
		    !nacre_one_of("(\"'", line.at[n + 1]))
			continue;
		close = line.at[n + 1] == '(' ? ')' : line.at[n + 1];
		end = memchr(line.at + n + 2, close, line.size - n - 2);
		if (!end)
			continue;
		inside = (struct nacre_span){line.at + n + 2, end - line.at - n - 2};
		out->size -= line.at + line.size - end;
		begin = out->size - inside.size;
		for (const char *const *w = words; *w; w++) {
			bool there = false;

			for (rest = inside; nacre_word_next(&rest, " \t\"'", &word);)
				there |= nacre_span_is(word, *w);
			if (there)
				continue;
			if (out->size > begin && !nacre_one_of(" \t", out->data[out->size - 1]))
				nacre_text_puts(out, " ");
			nacre_text_puts(out, *w);
		}
		nacre_text_add(out, end, line.at + line.size - end);
		done = true;
	}
	return done;
}

int nacre_edit_mkinitcpio(struct nacre_span in, void *arg, struct nacre_text *out)
{
	return edit_list(in, "MODULES", arg, out) ? 0 : -1;
}

int nacre_edit_suse_kernel(struct nacre_span in, void *arg, struct nacre_text *out)
{
	return edit_list(in, "INITRD_MODULES", arg, out) ? 0 : -1;
}

int nacre_edit_mkinitfs(struct nacre_span in, void *arg, struct nacre_text *out)
{
	return edit_list(in, "features", arg, out) ? 0 : -1;
}

int nacre_initramfs_lasting(struct nacre_run *r)
{
	static const char *const features[] = {"virtio", NULL};
	static const char feature[] = "kernel/drivers/block/virtio_blk.ko*\nkernel/drivers/net/virtio_net.ko*\n"
				      "kernel/drivers/scsi/virtio_scsi.ko*\nkernel/drivers/virtio\n";
	static const char dracut[] = "# nacre: a virtual machine's disk and network\n"
				     "add_drivers+=\" virtio_pci virtio_blk virtio_scsi virtio_net sd_mod \"\n";
	static const char why[] = "virtio drivers in every initramfs to come";
	struct nacre_tree *tree = r->f->tree;
	void *names = (void *)nacre_lasting_modules;

	if (nacre_tree_exists(tree, "/etc/initramfs-tools/initramfs.conf")) {
		if (!nacre_tree_exists(tree, "/etc/initramfs-tools/modules")) {
			NACRE_AUTO_TEXT struct nacre_text text = {0};

			nacre_edit_module_list((struct nacre_span){"", 0}, names, &text);
			if (nacre_run_write(r, "/etc/initramfs-tools/modules", text.data, text.size, why) < 0)
				return -1;
		} else if (nacre_run_edit(r, "/etc/initramfs-tools/modules", nacre_edit_module_list, names, why) < 0) {
			return -1;
		}
	}
	if ((nacre_tree_exists(tree, "/etc/dracut.conf") || nacre_tree_exists(tree, "/etc/dracut.conf.d") ||
	     nacre_tree_exists(tree, "/usr/lib/dracut")) &&
	    nacre_run_write(r, "/etc/dracut.conf.d/90-nacre.conf", dracut, sizeof(dracut) - 1, why) < 0)
		return -1;
	if (nacre_run_edit(r, "/etc/mkinitcpio.conf", nacre_edit_mkinitcpio, names, why) < 0 ||
	    nacre_run_edit(r, "/etc/sysconfig/kernel", nacre_edit_suse_kernel, names, why) < 0)
		return -1;
	if (!nacre_tree_exists(tree, "/etc/mkinitfs/mkinitfs.conf"))
		return 0;
	if (!nacre_tree_exists(tree, "/etc/mkinitfs/features.d/virtio.modules") &&
	    nacre_run_write(r, "/etc/mkinitfs/features.d/virtio.modules", feature, sizeof(feature) - 1, why) < 0)
		return -1;
	return nacre_run_edit(r, "/etc/mkinitfs/mkinitfs.conf", nacre_edit_mkinitfs, (void *)features, why);
}
