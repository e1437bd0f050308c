/* SPDX-License-Identifier: BSD-2-Clause */
/* fixed.c - of what the other end says it has fixed, what is none is refused */
#include "conversion/fixed.h"
#include "conversion/fixup/undo.h"
#include "conversion/transfer/transfer.h"

#include "../disk/scratch.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nacre_error e;

static bool takes(const char *path, const char *how, const char *fix, const char *before, const char *after)
{
	const struct nacre_change c = {.path = (char *)(uintptr_t)path, .how = how, .fix = fix,
				       .before = (char *)(uintptr_t)before, .after = (char *)(uintptr_t)after};
	struct nacre_fixed f = {0};
	bool taken = nacre_fixed_change(&f, &c, &e) == 0;

	if (!taken && e.code != NACRE_E_VIOLATION)
		exit(99);
	nacre_fixed_free(&f);
	return taken;
}

static void test_changes(void)
{
	struct nacre_change many = {.path = (char *)"/x", .how = "made", .fix = ""};
	struct nacre_fixed f = {0};
	static char long_text[1 << 20];

	tap_ok(takes("/etc/fstab", "changed", "fstab", "old\n", "new\n"), "a change with its texts is taken");
	tap_ok(takes("/x", "made", "", NULL, NULL), "and one of no fix, without texts");
	tap_ok(!takes("/etc/fstab", "<b>changed</b>", "fstab", NULL, NULL), "a way to change that is not known is none");
	tap_ok(!takes("/etc/fstab", "changed", "../fstab", NULL, NULL), "nor is a fix");
	tap_ok(!takes("etc/fstab", "changed", "fstab", NULL, NULL), "nor a path that does not begin at the root");
	tap_ok(!takes("/etc/fstab", "changed", "fstab", NULL, "\1\2\3\4\5\6\7"), "nor a text that is none");
	for (int i = 0; i < NACRE_SINK_CHANGES; i++)
		if (nacre_fixed_change(&f, &many, &e))
			exit(99);
	tap_ok(nacre_fixed_change(&f, &many, &e) < 0, "of changes there may be so many");
	nacre_fixed_free(&f);
	memset(long_text, 'x', sizeof(long_text) - 1);
	many.after = long_text;
	for (int i = 0; i < 64; i++)
		if (nacre_fixed_change(&f, &many, &e))
			exit(99);
	tap_ok(f.count == 64 && nacre_fixed_change(&f, &many, &e) < 0, "and of texts so many bytes");
	nacre_fixed_free(&f);
}

/* @size bytes of @journal come in two pieces. */
static int receive(const char *path, const char *journal, size_t size)
{
	struct nacre_fixed f = {0};
	int status = nacre_fixed_undo(&f, path, journal, 1, &e) || (size > 1 && nacre_fixed_undo(&f, path, journal + 1, size - 1, &e)) ||
		     nacre_fixed_end(&f, path, &e);

	nacre_fixed_free(&f);
	return status;
}

static void forget(const char *path)
{
	nacre_undo_forget(path, 0, NULL);
}

int main(void)
{
	static char journal[4096], made[64], received[64];
	struct nacre_undo_record r = {.kind = NACRE_UNDO_CONTENT, .path = "/etc/fstab", .mode = 0644, .data = "old", .length = 3};
	struct nacre_undo *u;
	char name[80];
	struct stat st;
	ssize_t size;
	int fd;

	scratch_make();
	test_changes();
	snprintf(made, sizeof(made), "%s", scratch("made"));
	snprintf(received, sizeof(received), "%s", scratch("received"));
	u = nacre_undo_open(made, &e);
	if (!u || nacre_undo_add(u, &r, &e) || nacre_undo_add(u, &r, &e))
		return 99;
	nacre_undo_close(u);
	snprintf(name, sizeof(name), "%s/journal", made);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	size = read(fd, journal, sizeof(journal));
	close(fd);
	forget(made);

	tap_ok(size > 40 && receive(received, journal, (size_t)size) == 0, "a journal that comes in pieces is whole");
	snprintf(name, sizeof(name), "%s/journal", received);
	tap_ok(stat(name, &st) == 0 && (st.st_mode & 07777) == 0600, "and its owner's alone");
	tap_ok(receive(received, journal, (size_t)size) != 0, "where one is already it is not written over");
	forget(received);
	tap_ok(receive(received, journal, (size_t)size - 1) != 0, "one that is cut short is refused");
	forget(received);
	journal[size - 3] ^= 1;
	tap_ok(receive(received, journal, (size_t)size - 1) != 0, "and one that is damaged");
	forget(received);
	tap_ok(receive(received, "#!/bin/sh\n", 10) != 0, "and what is no journal");
	forget(received);
	if (symlink(scratch_dir, received))
		return 99;
	tap_ok(receive(received, journal, (size_t)size) != 0, "a link that lies there is not followed");
	unlink(received);
	return tap_done();
}
