/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - the directory tree of a machine: walks, changes, undo */
#include "conversion/fixup/tree.h"
#include "conversion/fixup/undo.h"
#include "memory_volume.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char work[] = "/tmp/nacre-tree.XXXXXX";
static char undo[64];
static struct nacre_error e;

static const char *content(struct nacre_tree *tree, const char *path)
{
	static char kept[8][256];
	static int turn;
	char *data = NULL, *to = kept[turn++ % 8];
	size_t size;

	snprintf(to, 256, "none");
	if (nacre_tree_read(tree, path, &data, &size, &e) == 0)
		snprintf(to, 256, "%s", data);
	free(data);
	return to;
}

static void test_walk(void)
{
	struct nacre_volume *root = memory_volume_new(), *boot = memory_volume_new();
	struct nacre_tree *tree = nacre_tree_new(NULL, &e);
	char target[64];
	struct nacre_fs_stat st;

	memory_text(root, "/etc/hostname", "web1");
	memory_directory(root, "/boot");
	memory_text(root, "/boot/hidden", "below the mount");
	memory_text(boot, "/grub/grub.cfg", "menu");
	memory_link(boot, "grub", "/here");
	memory_link(root, "/../../../etc/hostname", "/up");
	memory_link(root, "../../../../../etc", "/etc/self");
	memory_link(root, "b", "/etc/a");
	memory_link(root, "a", "/etc/b");
	memory_link(root, "usr/lib", "/lib");
	memory_text(root, "/usr/lib/x", "lib");
	nacre_tree_mount(tree, "/", root, &e);
	tap_is_string(content(tree, "/boot/hidden"), "below the mount", "a directory shows what is in it");
	tap_ok(nacre_tree_mount(tree, "/boot", boot, &e) == 0, "a volume is mounted at /boot");
	tap_is_string(content(tree, "/boot/hidden"), "none", "what is below a mount point is hidden");
	tap_is_string(content(tree, "/boot/grub/grub.cfg"), "menu", "a path goes on in the mounted volume");
	tap_is_string(content(tree, "/boot/here/../grub/./grub.cfg"), "menu", "links, . and .. are walked");
	tap_is_string(content(tree, "/boot/../etc//hostname"), "web1", ".. leads out of a mounted volume");
	tap_is_string(content(tree, "/up"), "web1", "a link never leads out of the tree");
	tap_is_string(content(tree, "/etc/self/self/hostname"), "web1", "a relative one neither");
	tap_is_string(content(tree, "/lib/x"), "lib", "a link to a directory is followed");
	tap_ok(nacre_tree_stat(tree, "/etc/a", true, &st, &e) < 0 && e.sys == ELOOP, "links in a circle are an error");
	tap_ok(nacre_tree_stat(tree, "/etc/a", false, &st, &e) == 0 && S_ISLNK(st.mode), "a link itself can be looked at");
	tap_ok(nacre_tree_read_link(tree, "/lib", target, sizeof(target), &e) == 0, "a link can be read");
	tap_is_string(target, "usr/lib", "and says where it leads");
	tap_ok(!nacre_tree_exists(tree, "/etc/hostname/x"), "nothing is below a file");
	tap_ok(nacre_tree_write(tree, "/etc/hostname", "x", 1, &e) < 0 && e.sys == EROFS,
	       "a tree without an undo directory changes nothing");
	nacre_tree_free(tree);
	memory_volume_free(root);
	memory_volume_free(boot);
}

/* The changes that the tests make. Return: how many failed. */
static int change_all(struct nacre_tree *tree)
{
	int failed = 0;

	nacre_tree_fix(tree, "test");
	failed += nacre_tree_write(tree, "/etc/fstab", "new and longer", 14, &e) < 0;
	failed += nacre_tree_write(tree, "/etc/link", "x", 1, &e) < 0;
	failed += nacre_tree_write(tree, "/etc/systemd/network/10-nacre.link", "[Match]\n", 8, &e) < 0;
	failed += nacre_tree_append(tree, "/boot/initrd", "1234", 4, &e) < 0;
	failed += nacre_tree_append(tree, "/boot/initrd", "5678", 4, &e) < 0;
	failed += nacre_tree_remove(tree, "/etc/gone", &e) < 0;
	failed += nacre_tree_remove(tree, "/etc/gone-link", &e) < 0;
	failed += nacre_tree_link(tree, "/dev/null", "/etc/smartd.service", &e) < 0;
	failed += nacre_tree_link(tree, "/dev/null", "/etc/new.service", &e) < 0;
	failed += nacre_tree_remove(tree, "/etc/empty", &e) < 0;
	failed += nacre_tree_write(tree, "/etc/fstab", "short", 5, &e) < 0;
	return failed;
}

static struct nacre_volume *sample(void)
{
	struct nacre_volume *v = memory_volume_new();

	memory_text(v, "/etc/fstab", "old fstab");
	memory_text(v, "/etc/real", "behind a link");
	memory_link(v, "real", "/etc/link");
	memory_file(v, "/boot/initrd", "\0\1\2", 3);
	memory_text(v, "/etc/gone", "remove me");
	memory_link(v, "nowhere %\n", "/etc/gone-link");
	memory_link(v, "other", "/etc/smartd.service");
	memory_directory(v, "/etc/empty");
	nacre_volume_set_attribute(v, "/", "security.selinux", "root_t", 6, NULL);
	nacre_volume_set_attribute(v, "/etc", "security.selinux", "etc_t", 5, NULL);
	nacre_volume_set_attribute(v, "/etc/gone", "security.selinux", "gone_t", 6, NULL);
	nacre_volume_set_attribute(v, "/etc/gone", "security.capability", "cap", 3, NULL);
	return v;
}

static void test_changes(void)
{
	struct nacre_volume *v = sample();
	struct nacre_tree *tree = nacre_tree_new(undo, &e);
	char *before = memory_picture(v), *after, *value, *again;
	const struct nacre_change *c;
	struct nacre_fs_stat st;
	size_t count, size;

	nacre_tree_mount(tree, "/", v, &e);
	tap_ok(change_all(tree) == 0, "files are written, appended to, removed and linked");
	tap_is_string(content(tree, "/etc/fstab"), "short", "a file that becomes shorter ends there");
	tap_is_string(content(tree, "/etc/real"), "x", "writing through a link changes what it leads to");
	nacre_tree_stat(tree, "/boot/initrd", true, &st, &e);
	tap_is_number(st.size, 11, "an appended file has grown");
	nacre_volume_get_attribute(v, "/etc/systemd/network/10-nacre.link", "security.selinux", &value, &size, &e);
	tap_ok(value && size == 5 && !memcmp(value, "etc_t", 5), "a new file has the label of its neighbourhood");
	free(value);
	c = nacre_tree_changes(tree, &count);
	tap_is_number(count, 14, "every change is told");
	tap_is_string(c[0].before, "old fstab", "with the text before");
	tap_is_string(c[0].after, "new and longer", "and after");
	tap_is_string(c[0].fix, "test", "and the fix at work");
	after = memory_picture(v);
	tap_ok(nacre_tree_write(tree, "/etc/fstab", "short", 5, &e) == 0 &&
		       nacre_tree_link(tree, "/dev/null", "/etc/new.service", &e) == 0 &&
		       nacre_tree_remove(tree, "/etc/gone", &e) == 0,
	       "what is as wanted is written again");
	again = memory_picture(v);
	nacre_tree_changes(tree, &count);
	tap_ok(count == 14 && !strcmp(after, again), "and nothing changes by that");
	free(again);
	nacre_tree_free(tree);

	tree = nacre_tree_new(NULL, &e);
	nacre_tree_mount(tree, "/", v, &e);
	tap_ok(nacre_tree_undo(tree, undo, &e) == 0, "all is undone, by another run");
	again = memory_picture(v);
	tap_is_string(again, before, "and every file, owner, mode, time, label and link is as it was");
	tap_ok(access(undo, F_OK) < 0, "the undo directory is gone");
	tap_ok(nacre_tree_undo(tree, undo, &e) < 0 && e.code == NACRE_E_ABSENT, "there is nothing more to undo");
	nacre_tree_free(tree);
	memory_volume_free(v);
	free(before);
	free(after);
	free(again);
}

/* What the machine itself has made anew since is not cut. */
static void test_made_anew(void)
{
	struct nacre_volume *v = sample();
	struct nacre_tree *tree = nacre_tree_new(undo, &e);

	nacre_tree_mount(tree, "/", v, &e);
	change_all(tree);
	nacre_tree_free(tree);
	memory_file(v, "/boot/initrd", "another initramfs", 17);
	tree = nacre_tree_new(NULL, &e);
	nacre_tree_mount(tree, "/", v, &e);
	tap_ok(nacre_tree_undo(tree, undo, &e) < 0 && strstr(e.msg, "made anew"), "a file that was made anew is told");
	tap_is_string(content(tree, "/boot/initrd"), "another initramfs", "and left as it is");
	tap_is_string(content(tree, "/etc/fstab"), "old fstab", "the others are put back");
	tap_ok(access(undo, F_OK) == 0, "and the journal is kept");
	memory_file(v, "/boot/initrd", "\0\1\2", 3);
	tap_ok(nacre_tree_undo(tree, undo, &e) == 0, "it is finished once the file is as it was");
	nacre_tree_free(tree);
	memory_volume_free(v);
}

/* The image fails at each change in turn: what was done is undone; so is an interrupted undo. */
static void test_failures(void)
{
	int wrong = 0, runs = 0, failed = 1;

	for (int at = 0; failed && at < 100; at++, runs++) {
		struct nacre_volume *v = sample();
		struct nacre_tree *tree = nacre_tree_new(undo, &e);
		char *before = memory_picture(v), *after;

		nacre_tree_mount(tree, "/", v, &e);
		memory_fail_after(v, at);
		failed = change_all(tree);
		nacre_tree_free(tree);
		tree = nacre_tree_new(NULL, &e);
		nacre_tree_mount(tree, "/", v, &e);
		memory_fail_after(v, at);
		if (nacre_tree_undo(tree, undo, &e) < 0) {
			memory_fail_after(v, -1);
			if (nacre_tree_undo(tree, undo, &e) < 0) {
				printf("# at %d: %s: %s\n", at, e.where, e.msg);
				wrong++;
			}
		}
		after = memory_picture(v);
		if (strcmp(before, after)) {
			printf("# at %d\n# %s\n# %s\n", at, before, after);
			wrong++;
		}
		free(before);
		free(after);
		nacre_tree_free(tree);
		memory_volume_free(v);
	}
	tap_ok(wrong == 0 && runs > 15, "wherever the image fails, and the undo too, an undo gives back what was there (%d runs)",
	       runs);
}

static void test_second_run(void)
{
	struct nacre_volume *v = sample();
	struct nacre_tree *tree = nacre_tree_new(undo, &e);
	char *before = memory_picture(v), *middle, *after;

	nacre_tree_mount(tree, "/", v, &e);
	nacre_tree_write(tree, "/etc/fstab", "first", 5, &e);
	middle = memory_picture(v);
	nacre_tree_free(tree);
	tree = nacre_tree_new(undo, &e);
	nacre_tree_mount(tree, "/", v, &e);
	nacre_tree_write(tree, "/etc/fstab", "second", 6, &e);
	tap_ok(nacre_tree_undo(tree, NULL, &e) == 0, "a second run can undo what it did");
	after = memory_picture(v);
	tap_is_string(after, middle, "and only that");
	free(after);
	tap_ok(nacre_tree_undo(tree, undo, &e) == 0, "the first run can still be undone");
	after = memory_picture(v);
	tap_is_string(after, before, "and then all is as it was");
	nacre_tree_free(tree);
	memory_volume_free(v);
	free(before);
	free(middle);
	free(after);
}

static void test_below(void)
{
	struct nacre_volume *v = memory_volume_new();
	struct nacre_tree *tree = nacre_tree_new(undo, &e);
	char *before, *after;

	memory_text(v, "/@/etc/fstab", "one");
	memory_text(v, "/@/etc/old", "gone");
	memory_directory(v, "/@/home");
	memory_text(v, "/@home/user/file", "two");
	memory_link(v, "/home/user", "/@/etc/user");
	memory_text(v, "/etc/fstab", "another");
	before = memory_picture(v);
	nacre_tree_mount_below(tree, "/", v, "/@", &e);
	tap_ok(nacre_tree_mount_below(tree, "/home", v, "/@home", &e) == 0, "directories of one volume are mounted");
	tap_is_string(content(tree, "/etc/fstab"), "one", "each shows what is in it");
	tap_is_string(content(tree, "/../../etc/user/file"), "two", "links and .. stay in the tree");
	tap_is_string(content(tree, "/@home/user/file"), "none", "and nothing leads beside it");
	tap_ok(nacre_tree_write(tree, "/etc/fstab", "three", 5, &e) == 0 &&
	       nacre_tree_write(tree, "/home/new", "four", 4, &e) == 0 &&
	       nacre_tree_remove(tree, "/etc/old", &e) == 0 && nacre_tree_remove(tree, "/home", &e) < 0,
	       "files are written, made and removed there, and no mount point");
	after = memory_picture(v);
	tap_ok(strstr(after, "\n/@/etc/fstab ") && strstr(after, "three\n") && strstr(after, "\n/@home/new ") &&
	       strstr(after, "another\n") && !strstr(after, "gone\n"), "where they should be");
	free(after);
	tap_ok(nacre_tree_undo(tree, undo, &e) == 0, "and it can be undone");
	after = memory_picture(v);
	tap_is_string(after, before, "and then all is as it was");
	nacre_tree_free(tree);
	memory_volume_free(v);
	free(before);
	free(after);
}

static void test_journal(void)
{
	static const char odd[] = "nacre-undo 1\ncontent 100644 0 0 1 1 1 0000000000000000 /etc/x\ny\nmore\n";
	struct nacre_undo_record r = {.kind = NACRE_UNDO_CONTENT, .path = "/with blank\n%", .data = "abc", .length = 3,
				      .mtime = -5, .mtime_ns = 7};
	struct nacre_undo *u = nacre_undo_open(undo, &e);
	struct nacre_undo_list list;
	char name[80];
	struct stat st;
	int whole = 0;

	nacre_undo_add(u, &r, &e);
	r.path = "/second";
	nacre_undo_add(u, &r, &e);
	nacre_undo_close(u);
	tap_ok(nacre_undo_load(undo, 0, &list, &e) == 0 && list.count == 2, "a journal is read again");
	tap_is_string(list.list[0].path, "/with blank\n%", "odd names survive it");
	tap_is_number(list.list[0].mtime, -5, "and times before 1970");
	tap_is_number(list.list[0].mtime_ns, 7, "with nanoseconds");
	nacre_undo_list_free(&list);
	snprintf(name, sizeof(name), "%s/journal", undo);
	stat(name, &st);
	for (long n = st.st_size - 1; n >= 0; n--) {
		if (truncate(name, n) < 0 || nacre_undo_load(undo, 0, &list, &e) < 0)
			whole = -1000;
		else
			whole += list.count;
		nacre_undo_list_free(&list);
	}
	tap_ok(whole > 0, "cut short anywhere, it gives the records that are whole");
	tap_ok(nacre_undo_parse(strdup(odd), sizeof(odd) - 1, &list, &e) < 0, "a record that was altered is an error");
	nacre_undo_forget(undo, 0, &e);
}

int main(void)
{
	if (!mkdtemp(work))
		return 99;
	snprintf(undo, sizeof(undo), "%s/undo", work);
	test_walk();
	test_changes();
	test_made_anew();
	test_failures();
	test_second_run();
	test_below();
	test_journal();
	rmdir(work);
	return tap_done();
}
