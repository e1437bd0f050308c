/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - one body for detect, plan and apply of a fix */
#include "conversion/fixup/linux/run.h"
#include "conversion/fixup/linux/editors.h"
#include "base/auto.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CONFIG_MOST = 8 << 20, EACH_MOST = 4096 };

void nacre_run_say(struct nacre_run *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (r->mode == NACRE_RUN_DETECT || !r->f->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->f->say(r->f->arg, r->id, text);
}

char *nacre_run_read(struct nacre_run *r, const char *path, size_t *size)
{
	struct nacre_fs_stat st;
	char *data;

	*size = 0;
	if (nacre_tree_stat(r->f->tree, path, true, &st, NULL) < 0 || !S_ISREG(st.mode) ||
	    st.size > CONFIG_MOST || nacre_tree_read(r->f->tree, path, &data, size, NULL) < 0)
		return NULL;
	return data;
}

int nacre_run_edit(struct nacre_run *r, const char *path, nacre_editor edit, void *arg, const char *what)
{
	NACRE_AUTO_TEXT struct nacre_text out = {0};
	NACRE_AUTO_FREE char *data = NULL;
	size_t size;

	data = nacre_run_read(r, path, &size);
	if (!data)
		return 0;
	if (edit((struct nacre_span){data, size}, arg, &out) < 0)
		return 0;
	if (out.failed)
		return nacre_error_set(r->e, NACRE_E_SYSTEM, ENOMEM, path, "cannot edit it");
	if (out.size == size && (!size || !memcmp(out.data, data, size)))
		return 0;
	r->changes++;
	nacre_run_say(r, "%s: %s", path, what);
	return r->mode == NACRE_RUN_APPLY
		       ? nacre_tree_write(r->f->tree, path, out.data ? out.data : "", out.size, r->e)
		       : 0;
}

struct each {
	struct nacre_run *run;
	const char *path, *suffix, *what;
	nacre_editor edit;
	void *arg;
	int left;
};

static int edit_one(void *arg, const struct nacre_fs_entry *entry)
{
	struct each *each = arg;
	size_t n = strlen(entry->name), tail = strlen(each->suffix);
	char path[NACRE_FS_PATH];

	if (n < tail || strcmp(entry->name + n - tail, each->suffix) ||
	    snprintf(path, sizeof(path), "%s/%s", each->path, entry->name) >= (int)sizeof(path))
		return 0;
	if (!each->left--)
		return 1; /* more than any machine has */
	return nacre_run_edit(each->run, path, each->edit, each->arg, each->what);
}

int nacre_run_edit_each(struct nacre_run *r, const char *path, const char *suffix, nacre_editor edit,
			void *arg, const char *what)
{
	struct each each = {r, path, suffix, what, edit, arg, EACH_MOST};
	struct nacre_fs_stat st;

	if (nacre_tree_stat(r->f->tree, path, true, &st, NULL) < 0 || !S_ISDIR(st.mode))
		return 0;
	return nacre_tree_each(r->f->tree, path, edit_one, &each, r->e) < 0 ? -1 : 0;
}

int nacre_run_write(struct nacre_run *r, const char *path, const void *data, size_t size, const char *why)
{
	NACRE_AUTO_FREE char *old = NULL;
	size_t old_size;

	old = nacre_run_read(r, path, &old_size);
	if (old && old_size == size && !memcmp(old, data, size))
		return 0;
	r->changes++;
	nacre_run_say(r, "%s: %s", path, why);
	return r->mode == NACRE_RUN_APPLY ? nacre_tree_write(r->f->tree, path, data, size, r->e) : 0;
}

int nacre_run_link(struct nacre_run *r, const char *target, const char *path, const char *why)
{
	char old[NACRE_FS_PATH];

	if (nacre_tree_read_link(r->f->tree, path, old, sizeof(old), NULL) == 0 && !strcmp(old, target))
		return 0;
	r->changes++;
	nacre_run_say(r, "%s -> %s: %s", path, target, why);
	return r->mode == NACRE_RUN_APPLY ? nacre_tree_link(r->f->tree, target, path, r->e) : 0;
}

int nacre_run_remove(struct nacre_run *r, const char *path, const char *why)
{
	struct nacre_fs_stat st;

	if (nacre_tree_stat(r->f->tree, path, false, &st, NULL) < 0)
		return 0;
	r->changes++;
	nacre_run_say(r, "%s is removed: %s", path, why);
	return r->mode == NACRE_RUN_APPLY ? nacre_tree_remove(r->f->tree, path, r->e) : 0;
}

/* The first root= of the boot menus, for as long as its file's @text lives. */
struct menu {
	struct nacre_run *run;
	const struct nacre_devices *devices;
	const char *directory;
	char *text;
	struct nacre_span root;
};

static bool try_menu(struct menu *menu, const char *path)
{
	size_t size;

	free(menu->text);
	menu->text = nacre_run_read(menu->run, path, &size);
	menu->root = (struct nacre_span){0};
	if (menu->text)
		menu->root = nacre_find_root((struct nacre_span){menu->text, size}, menu->devices);
	return menu->root.size > 0;
}

static int try_entry(void *arg, const struct nacre_fs_entry *entry)
{
	struct menu *menu = arg;
	char path[NACRE_FS_PATH];

	return snprintf(path, sizeof(path), "%s/%s", menu->directory, entry->name) < (int)sizeof(path) &&
	       try_menu(menu, path);
}

static void find_root(struct menu *menu)
{
	static const char *const files[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
					    "/boot/grub/menu.lst", "/boot/extlinux/extlinux.conf",
					    "/boot/extlinux.conf", "/etc/kernel/cmdline", NULL};
	static const char *const directories[] = {"/boot/loader/entries", "/efi/loader/entries",
						  "/boot/efi/loader/entries", NULL};

	for (int i = 0; files[i]; i++)
		if (try_menu(menu, files[i]))
			return;
	for (int i = 0; directories[i]; i++) {
		menu->directory = directories[i];
		if (nacre_tree_exists(menu->run->f->tree, directories[i]) &&
		    nacre_tree_each(menu->run->f->tree, directories[i], try_entry, menu, NULL) > 0)
			return;
	}
}

const struct nacre_devices *nacre_run_devices(struct nacre_run *r)
{
	struct nacre_devices *d = &r->f->devices;
	NACRE_AUTO_FREE char *fstab = NULL;
	struct menu menu = {.run = r, .devices = d};
	size_t size;

	if (r->f->learned)
		return d;
	r->f->learned = true;
	nacre_devices_take(d, r->f->inventory);
	fstab = nacre_run_read(r, "/etc/fstab", &size);
	find_root(&menu);
	nacre_devices_learn(d, (struct nacre_span){fstab, size}, menu.root);
	free(menu.text);
	return d;
}

int nacre_run_all(struct nacre_fixing *f, const char *id, enum nacre_run_mode mode,
		  int (*body)(struct nacre_run *r), struct nacre_error *e)
{
	struct nacre_run r = {f, id, mode, 0, e};

	if (body(&r) < 0)
		return -1;
	return mode == NACRE_RUN_DETECT ? r.changes > 0 : 0;
}
