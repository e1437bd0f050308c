/* SPDX-License-Identifier: BSD-2-Clause */
/* initramfs.c - virtio drivers in every initramfs, without building it anew
 *
 * DOC: Theory of Operation
 *
 * The kernel unpacks an initramfs that consists of several archives, each over the one before. So an
 * archive with the modules of this very kernel, and depmod's index of all modules, is put behind it. udev
 * then loads the drivers for the devices that it finds, as it does for any other. Nothing is unpacked,
 * and nothing of the machine runs.
 *
 * The archive names no directory that might be a link ("lib" on a merged /usr, "etc"): an entry for
 * a directory would replace the link. "lib/modules/..." follows it.
 *
 * The last member is a marker, found again by reading the end of the file: a second run adds nothing.
 */
#include "conversion/fixup/linux/cpio.h"
#include "conversion/fixup/linux/index.h"
#include "conversion/fixup/linux/initramfs.h"
#include "conversion/fixup/linux/modules.h"
#include "conversion/fixup/linux/network.h"
#include "base/auto.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char marker[] = "etc/nacre-initramfs";
enum { TAIL = 1024, MODULE_MOST = 64 << 20 };

const char *const nacre_virtio_modules[] = {
	"virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_pci_legacy_dev",
	"virtio_blk", "virtio_scsi", "virtio_net", "sd_mod", NULL};
const char *const nacre_lasting_modules[] = {"virtio_pci", "virtio_blk", "virtio_scsi", "virtio_net", "sd_mod",
					     NULL};

/* depmod's files that name modules by path or alias. */
static const char *const indexes[] = {
	"modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep",
	"modules.devname", "modules.builtin", "modules.builtin.bin", "modules.builtin.alias.bin",
	"modules.builtin.modinfo", NULL};

/** struct kernel - what its files say, for as long as one kernel is worked on */
struct kernel {
	char directory[160]; /* /lib/modules/VERSION */
	char *texts[4];      /* modules.dep, .builtin, .alias, .softdep */
	struct nacre_modules modules;
	size_t chosen;
	bool block, bus; /* can it reach a virtio disk at all? */
	bool unpacked;   /* the initramfs has ".ko" where the system has ".ko.zst" */
};

static void kernel_free(struct kernel *k)
{
	nacre_modules_free(&k->modules);
	for (int i = 0; i < 4; i++)
		free(k->texts[i]);
}

#define AUTO_KERNEL __attribute__((cleanup(kernel_free)))

/* Names that may be part of a path in the archive. */
static bool is_version(const char *version)
{
	return version[0] && version[0] != '.' && !strchr(version, '/');
}

/* Does the tool that made the initramfs unpack modules that are compressed? */
static bool unpacks(struct nacre_run *r, const struct kernel *k)
{
	NACRE_AUTO_FREE char *script = NULL, *config = NULL;
	const char *suffix = "";
	size_t size;

	for (size_t i = 0; i < k->modules.count && !*suffix; i++)
		suffix = nacre_module_suffix(k->modules.list[i].path);
	if (!*suffix)
		return false;
	script = nacre_run_read(r, "/usr/sbin/mkinitramfs", &size);
	if (script)
		return nacre_unpacks_debian((struct nacre_span){script, size}, suffix);
	config = nacre_run_read(r, "/etc/mkinitcpio.conf", &size);
	return config && nacre_unpacks_arch((struct nacre_span){config, size});
}

static int kernel_read(struct nacre_run *r, const struct nacre_kernel *kernel, struct kernel *k)
{
	static const char *const names[4] = {"modules.dep", "modules.builtin", "modules.alias", "modules.softdep"};
	struct nacre_span spans[4];
	char path[256];

	snprintf(k->directory, sizeof(k->directory), "/lib/modules/%s", kernel->version);
	for (int i = 0; i < 4; i++) {
		size_t size;

		snprintf(path, sizeof(path), "%s/%s", k->directory, names[i]);
		k->texts[i] = nacre_run_read(r, path, &size);
		spans[i] = (struct nacre_span){k->texts[i], k->texts[i] ? size : 0};
	}
	if (nacre_modules_parse(&k->modules, spans[0], spans[1], spans[2], spans[3]) < 0)
		return nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, k->directory, "cannot read the modules");
	for (int i = 0; nacre_virtio_modules[i]; i++) {
		enum nacre_module_state state = nacre_modules_choose(&k->modules, nacre_virtio_modules[i]);

		k->block |= state && !strcmp(nacre_virtio_modules[i], "virtio_blk");
		k->bus |= state && !strcmp(nacre_virtio_modules[i], "virtio_pci");
	}
	for (size_t i = 0; i < k->modules.count; i++)
		k->chosen += k->modules.list[i].chosen;
	k->unpacked = k->chosen && unpacks(r, k);
	return 0;
}

/* Is our archive at the end already? */
static bool has_marker(struct nacre_run *r, const char *path, uint64_t size)
{
	char tail[TAIL];
	size_t got = 0;

	if (nacre_tree_read_part(r->f->tree, path, size > TAIL ? size - TAIL : 0, tail, sizeof(tail), &got, NULL) < 0)
		return false;
	return nacre_span_find((struct nacre_span){tail, got}, marker) != NULL;
}

struct reading {
	struct nacre_run *run;
	const char *path;
};

static int read_initramfs(void *arg, uint64_t offset, void *data, size_t size, size_t *got)
{
	struct reading *reading = arg;

	return nacre_tree_read_part(reading->run->f->tree, reading->path, offset, data, size, got, NULL);
}

/* A directory and those above it, up to @from bytes of @path, each once. */
static void add_directories(struct nacre_text *out, const char *path, size_t from, char last[512])
{
	char part[512];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = part + from; (slash = strchr(slash, '/')); *slash++ = '/') {
		size_t n = slash - part;

		*slash = 0;
		if (strncmp(last, part, n) || (last[n] != '/' && last[n]))
			nacre_cpio_add(out, part, S_IFDIR | 0755, "", 0);
	}
	snprintf(last, 512, "%s", path);
}

static int add_file(struct nacre_run *r, struct nacre_text *out, const char *directory, struct nacre_span name,
		    char last[512], bool needed)
{
	NACRE_AUTO_FREE char *data = NULL;
	struct nacre_fs_stat st;
	char path[512];
	size_t size;

	if (snprintf(path, sizeof(path), "%s/%.*s", directory, (int)name.size, name.at) >= (int)sizeof(path))
		return nacre_error_set(r->e, NACRE_E_INPUT, ENAMETOOLONG, directory, "a module's name is too long");
	if (nacre_tree_stat(r->f->tree, path, true, &st, needed ? r->e : NULL) < 0)
		return needed ? -1 : 0;
	if (st.size > MODULE_MOST)
		return nacre_error_set(r->e, NACRE_E_INPUT, EFBIG, path, "this cannot be part of an initramfs");
	if (nacre_tree_read(r->f->tree, path, &data, &size, r->e) < 0)
		return -1;
	add_directories(out, path + 1, strlen("lib/"), last);
	nacre_cpio_add(out, path + 1, S_IFREG | 0644, data, size);
	return 0;
}

static void add_links(struct nacre_run *r, struct nacre_text *out)
{
	struct nacre_nic_name nics[NACRE_NICS_MAX];
	int count = nacre_uses_links(r->f->tree) ? nacre_nic_names(r, nics) : 0;
	char path[64], last[512] = "";

	for (int i = 0; i < count; i++) {
		NACRE_AUTO_TEXT struct nacre_text text = {0};

		nacre_link_path(&nics[i], path);
		nacre_link_text(&nics[i], &text);
		add_directories(out, path + 1, strlen("etc/"), last);
		nacre_cpio_add(out, path + 1, S_IFREG | 0644, text.data, text.size);
	}
}

/* The first two of the index files, which name modules by path. */
static void add_index(const struct kernel *k, struct nacre_text *out)
{
	NACRE_AUTO_TEXT struct nacre_text text = {0}, binary = {0};
	char path[256];

	nacre_index_text(&k->modules, true, &text);
	nacre_index_binary(&k->modules, true, &binary);
	out->failed |= text.failed | binary.failed;
	snprintf(path, sizeof(path), "%s/%s", k->directory + 1, indexes[0]);
	nacre_cpio_add(out, path, S_IFREG | 0644, text.data, text.size);
	snprintf(path, sizeof(path), "%s/%s", k->directory + 1, indexes[1]);
	nacre_cpio_add(out, path, S_IFREG | 0644, binary.data, binary.size);
}

/* The archive for one kernel. */
static int build(struct nacre_run *r, const struct nacre_kernel *kernel, const struct kernel *k,
		 struct nacre_text *out)
{
	char last[512] = "", text[256];

	for (size_t i = 0; i < k->modules.count; i++)
		if (k->modules.list[i].chosen &&
		    add_file(r, out, k->directory, k->modules.list[i].path, last, true) < 0)
			return -1;
	for (int i = k->unpacked ? 2 : 0; indexes[i]; i++)
		if (add_file(r, out, k->directory, (struct nacre_span){indexes[i], strlen(indexes[i])}, last,
			     false) < 0)
			return -1;
	if (k->unpacked)
		add_index(k, out);
	add_links(r, out);
	snprintf(text, sizeof(text), "%zu modules of Linux %s\n", k->chosen, kernel->version);
	nacre_cpio_add(out, marker, S_IFREG | 0644, text, strlen(text));
	nacre_cpio_end(out);
	return out->failed ? nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, kernel->initramfs, "cannot extend it") : 0;
}

static int append(struct nacre_run *r, const struct nacre_kernel *kernel, const struct kernel *k, uint64_t size,
		  const struct nacre_initramfs_end *end)
{
	NACRE_AUTO_TEXT struct nacre_text archive = {0}, out = {0};

	if (build(r, kernel, k, &archive) < 0)
		return -1;
	if (end->lz4)
		nacre_lz4_store(&out, archive.data, archive.size);
	else {
		nacre_text_zeroes(&out, -size & 3);
		nacre_text_add(&out, archive.data, archive.size);
	}
	if (out.failed)
		return nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, kernel->initramfs, "cannot extend it");
	return nacre_tree_append(r->f->tree, kernel->initramfs, out.data, out.size, r->e);
}

/* Has @kernel an initramfs that lacks ours? @st: of it. 1, 0 with a sentence why not. */
static int wants(struct nacre_run *r, const struct nacre_kernel *kernel, struct nacre_fs_stat *st)
{
	if (!kernel->initramfs[0] || !is_version(kernel->version))
		return 0;
	if (nacre_tree_stat(r->f->tree, kernel->initramfs, true, st, NULL) < 0 || !S_ISREG(st->mode)) {
		nacre_run_say(r, "%s: it cannot be read, so kernel %s is left alone", kernel->initramfs,
			      kernel->version);
		return 0;
	}
	return !has_marker(r, kernel->initramfs, st->size);
}

static int one_kernel(struct nacre_run *r, const struct nacre_kernel *kernel)
{
	struct reading reading = {r, kernel->initramfs};
	AUTO_KERNEL struct kernel k = {0};
	struct nacre_initramfs_end end;
	struct nacre_fs_stat st;

	if (!wants(r, kernel, &st))
		return 0;
	if (nacre_initramfs_look(read_initramfs, &reading, st.size, &end) < 0) {
		nacre_run_say(r, "%s: this does not look like an initramfs, so it is left alone", kernel->initramfs);
		return 0;
	}
	if (kernel_read(r, kernel, &k) < 0)
		return -1;
	if (!k.block || !k.bus) {
		nacre_run_say(r, "kernel %s has no virtio drivers: it will not start from a virtio disk; "
				 "please install another kernel before the conversion", kernel->version);
		return 0;
	}
	if (!k.chosen) /* all built in */
		return 0;
	r->changes++;
	nacre_run_say(r, "%s: %zu modules of kernel %s are put behind it", kernel->initramfs, k.chosen,
		      kernel->version);
	return r->mode == NACRE_RUN_APPLY ? append(r, kernel, &k, st.size, &end) : 0;
}

static int body(struct nacre_run *r)
{
	const struct nacre_inventory *inventory = r->f->inventory;

	for (int i = 0; i < inventory->kernel_count; i++)
		if (one_kernel(r, &inventory->kernels[i]) < 0)
			return -1;
	return nacre_initramfs_lasting(r);
}

static uint64_t size_of(struct nacre_run *r, const char *directory, struct nacre_span name)
{
	struct nacre_fs_stat st;
	char path[512];

	snprintf(path, sizeof(path), "%s/%.*s", directory, (int)name.size, name.at);
	return nacre_tree_stat(r->f->tree, path, true, &st, NULL) == 0 ? st.size + 1024 : 0;
}

/* All kernels together, on the volume of /boot. */
static uint64_t room(struct nacre_fixing *f, const char **path)
{
	struct nacre_run r = {.f = f, .mode = NACRE_RUN_DETECT};
	uint64_t sum = 0;

	*path = "/boot";
	for (int i = 0; i < f->inventory->kernel_count; i++) {
		const struct nacre_kernel *kernel = &f->inventory->kernels[i];
		AUTO_KERNEL struct kernel k = {0};
		struct nacre_fs_stat st;

		if (!wants(&r, kernel, &st) || kernel_read(&r, kernel, &k) < 0 || !k.chosen)
			continue;
		for (size_t m = 0; m < k.modules.count; m++)
			if (k.modules.list[m].chosen)
				sum += size_of(&r, k.directory, k.modules.list[m].path);
		for (int n = 0; indexes[n]; n++)
			sum += size_of(&r, k.directory, (struct nacre_span){indexes[n], strlen(indexes[n])});
	}
	return sum;
}

NACRE_FIX(initramfs, "initramfs", "virtio drivers in every initramfs", room, body);
