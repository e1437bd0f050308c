/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c - how far a machine has come up, told from what it writes
 *
 * DOC: Theory of Operation
 *
 * Text comes as a stream from the serial console and as whole screens. Both are cut into lines, and each
 * line is held against one table: what it says of the stage, whether it means the end. A prompt
 * is a line that nobody ended: it counts only at the end of what there is. The words are those of the programs
 * themselves: SeaBIOS, OVMF, GRUB, Linux, initramfs-tools, dracut, mkinitcpio, Alpine's mkinitfs,
 * systemd, OpenRC, getty.
 *
 * The guest writes what it likes, so everything is bounded; at worst a guest deceives about itself.
 */
#include "machine/qemu/watch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum verdict {
	GOES_ON,
	TROUBLE, /* worth telling should it fail */
	FAILED,
	UP
};

/** struct sign - a part of a line, and what it means */
struct sign {
	const char *text;
	enum nacre_boot_stage stage; /* reached at least */
	enum verdict verdict;
	const char *why; /* of a failure; the rest of the line follows where it ends with ": " */
};

static const struct sign line_signs[] = {
	{"Kernel panic - not syncing: ", NACRE_STAGE_KERNEL, FAILED, "the kernel panicked: "},
	{"No bootable device", NACRE_STAGE_FIRMWARE, FAILED, "the firmware found nothing to boot from"},
	{"No bootable option or device was found", NACRE_STAGE_FIRMWARE, FAILED,
	 "the UEFI firmware found no boot loader"},
	{"Missing operating system", NACRE_STAGE_FIRMWARE, FAILED, "the boot record found no operating system"},
	{"Error loading operating system", NACRE_STAGE_FIRMWARE, FAILED,
	 "the boot record could not read the operating system"},
	{"Invalid partition table", NACRE_STAGE_FIRMWARE, FAILED,
	 "the boot record does not like the partition table"},
	{"dropped into an emergency shell", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs did not find the root file system and stopped in a shell"},
	{"initramfs emergency recovery shell launched", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs did not find the root file system and stopped in a shell"},
	{"Entering emergency mode. Exit the shell to continue", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs (dracut) did not find the root file system and stopped in a shell"},
	{"You are in emergency mode", NACRE_STAGE_ROOT, FAILED, "systemd stopped in emergency mode"},
	{"You are in rescue mode", NACRE_STAGE_ROOT, FAILED, "systemd stopped in rescue mode"},
	{"Give root password for", NACRE_STAGE_ROOT, FAILED, "the system stopped for maintenance"},
	{"Cannot open access to console, the root account is locked", NACRE_STAGE_ROOT, FAILED,
	 "systemd stopped in emergency mode"},
	{"Boot failed", NACRE_STAGE_FIRMWARE, TROUBLE, NULL},
	{"error: no such device", NACRE_STAGE_LOADER, TROUBLE, NULL},
	{"error: no such partition", NACRE_STAGE_LOADER, TROUBLE, NULL},
	{"error: unknown filesystem", NACRE_STAGE_LOADER, TROUBLE, NULL},
	{"error: file `", NACRE_STAGE_LOADER, TROUBLE, NULL},
	{"ALERT!", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"Gave up waiting for", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"dracut-initqueue timeout", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"Mounting root failed", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"Cannot open root device", NACRE_STAGE_KERNEL, TROUBLE, NULL},
	{"Timed out waiting for device", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"Dependency failed for", NACRE_STAGE_INITRAMFS, TROUBLE, NULL},
	{"Reached target multi-user", NACRE_STAGE_TARGET, UP, NULL},
	{"Reached target Multi-User System", NACRE_STAGE_TARGET, UP, NULL},
	{"Reached target graphical", NACRE_STAGE_TARGET, UP, NULL},
	{"Reached target Graphical Interface", NACRE_STAGE_TARGET, UP, NULL},
	{"OpenRC 0.", NACRE_STAGE_ROOT, GOES_ON, NULL},
	{"INIT: version", NACRE_STAGE_ROOT, GOES_ON, NULL},
	{"Loading, please wait", NACRE_STAGE_INITRAMFS, GOES_ON, NULL},
	{"Run /init as init process", NACRE_STAGE_INITRAMFS, GOES_ON, NULL},
	{"dracut: ", NACRE_STAGE_INITRAMFS, GOES_ON, NULL},
	{":: running early hook", NACRE_STAGE_INITRAMFS, GOES_ON, NULL},
	{"Alpine Init", NACRE_STAGE_INITRAMFS, GOES_ON, NULL},
	{"Linux version ", NACRE_STAGE_KERNEL, GOES_ON, NULL},
	{"Command line: ", NACRE_STAGE_KERNEL, GOES_ON, NULL},
	{"Decompressing Linux", NACRE_STAGE_KERNEL, GOES_ON, NULL},
	{"EFI stub: ", NACRE_STAGE_KERNEL, GOES_ON, NULL},
	{"GRUB loading", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"Welcome to GRUB", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"GNU GRUB", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"Loading Linux", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"Loading initial ramdisk", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"SYSLINUX ", NACRE_STAGE_LOADER, GOES_ON, NULL},
	{"SeaBIOS", NACRE_STAGE_FIRMWARE, GOES_ON, NULL},
	{"BdsDxe: ", NACRE_STAGE_FIRMWARE, GOES_ON, NULL},
	{"Booting from Hard Disk", NACRE_STAGE_FIRMWARE, GOES_ON, NULL},
};

/* Lines that nobody ended; they begin or end so. */
static const struct sign prompt_signs[] = {
	{"(initramfs)", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs did not find the root file system and stopped in its shell"},
	{"dracut:/#", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs (dracut) did not find the root file system and stopped in a shell"},
	{"[rootfs", NACRE_STAGE_INITRAMFS, FAILED,
	 "the initramfs did not find the root file system and stopped in a shell"},
	{"grub rescue>", NACRE_STAGE_LOADER, FAILED, "GRUB did not find its files and stopped in its rescue shell"},
	{"grub>", NACRE_STAGE_LOADER, FAILED, "GRUB found no configuration and stopped in its shell"},
	{"Shell>", NACRE_STAGE_FIRMWARE, FAILED, "the UEFI firmware found no boot loader and stopped in its shell"},
};

const char *nacre_boot_stage_name(enum nacre_boot_stage stage)
{
	static const char *const words[] = {"started", "firmware", "boot loader", "kernel",
					    "initramfs", "root file system", "multi-user target", "login prompt"};

	return words[stage];
}

static void decide(struct nacre_watch *w, const struct sign *sign, const char *rest)
{
	size_t n = strlen(sign->why);
	bool with_rest = n > 2 && !strcmp(sign->why + n - 2, ": ");

	if (w->up || w->failed)
		return;
	w->failed = true;
	if (with_rest)
		snprintf(w->why, sizeof(w->why), "%s%.160s", sign->why, rest);
	else if (w->detail[0])
		snprintf(w->why, sizeof(w->why), "%s (%s)", sign->why, w->detail);
	else
		snprintf(w->why, sizeof(w->why), "%s", sign->why);
}

static void reach(struct nacre_watch *w, const struct sign *sign, const char *line, const char *rest)
{
	if (sign->stage > w->stage)
		w->stage = sign->stage;
	if (sign->verdict == TROUBLE)
		snprintf(w->detail, sizeof(w->detail), "%.150s", line);
	else if (sign->verdict == FAILED)
		decide(w, sign, rest);
	else if (sign->verdict == UP && !w->failed)
		w->up = true;
}

/* "EXT4-fs (vda1): mounted", "XFS (vda2): Mounting", "BTRFS info (device vda2": the first is the root. */
static void find_root(struct nacre_watch *w, const char *line)
{
	static const char *const before[] = {"EXT4-fs (", "EXT3-fs (", "EXT2-fs (", "XFS (", "BTRFS info (device ",
					     "F2FS-fs (", "JFS: (", "EROFS: (device "};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && !w->root_device[0]; i++) {
		const char *at = strstr(line, before[i]), *from = at ? at + strlen(before[i]) : NULL;
		size_t n = from ? strcspn(from, ") ") : 0;

		if (!n || n >= sizeof(w->root_device) || from[n] != ')')
			continue;
		if (i < 4 && !strstr(from + n, "ount")) /* mounted, Mounting, mounting */
			continue;
		memcpy(w->root_device, from, n);
		w->root_device[n] = 0;
		if (w->stage < NACRE_STAGE_ROOT)
			w->stage = NACRE_STAGE_ROOT;
	}
}

/* "[FAILED] Failed to start ssh.service - OpenBSD Secure Shell server." Each unit once, separated by ", ". */
static void find_failed_unit(struct nacre_watch *w, const char *line)
{
	const char *at = strstr(line, "[FAILED] Failed to "), *dash;
	size_t n, used = strlen(w->failed_units);
	char name[128];

	if (!at)
		return;
	at += strlen("[FAILED] Failed to ");
	at += strcspn(at, " ");
	at += strspn(at, " ");
	dash = strstr(at, " - ");
	n = dash ? (size_t)(dash - at) : strlen(at);
	while (n && (at[n - 1] == '.' || at[n - 1] == ' '))
		n--;
	if (!n || n >= sizeof(name))
		return;
	memcpy(name, at, n);
	name[n] = 0;
	if (!strstr(w->failed_units, name) && used + n + 3 < sizeof(w->failed_units))
		snprintf(w->failed_units + used, sizeof(w->failed_units) - used, "%s%s", used ? ", " : "", name);
}

static void judge_line(struct nacre_watch *w, const char *line)
{
	for (size_t i = 0; i < sizeof(line_signs) / sizeof(line_signs[0]); i++) {
		const char *at = strstr(line, line_signs[i].text);

		if (!at)
			continue;
		reach(w, &line_signs[i], line, at + strlen(line_signs[i].text));
		break;
	}
	find_root(w, line);
	find_failed_unit(w, line);
}

/* @line without what a cursor looks like. */
static void judge_prompt(struct nacre_watch *w, const char *line)
{
	static const struct sign login = {"", NACRE_STAGE_LOGIN, UP, NULL};
	size_t n = strlen(line);

	while (n && strchr(" _?", line[n - 1]))
		n--;
	if (n > 6 && !memcmp(line + n - 6, "login:", 6) && strncmp(line, "Last login:", 11))
		reach(w, &login, line, "");
	for (size_t i = 0; i < sizeof(prompt_signs) / sizeof(prompt_signs[0]); i++)
		if (!strncmp(line, prompt_signs[i].text, strlen(prompt_signs[i].text)))
			reach(w, &prompt_signs[i], line, "");
}

static void keep_line(struct nacre_watch *w, const char *line)
{
	size_t used = strlen(w->tail), n = strlen(line) + 1;

	while (used + n >= sizeof(w->tail)) {
		char *next = strchr(w->tail, '\n');

		next = next ? next + 1 : w->tail + used;
		used -= (size_t)(next - w->tail);
		memmove(w->tail, next, used + 1);
	}
	memcpy(w->tail + used, line, n - 1);
	w->tail[used + n - 1] = '\n';
	w->tail[used + n] = 0;
}

static void end_line(struct nacre_watch *w)
{
	w->line[w->line_used] = 0;
	if (w->line_used) {
		keep_line(w, w->line);
		judge_line(w, w->line);
	}
	w->line_used = 0;
	w->returned = false;
}

static void put_letter(struct nacre_watch *w, char c)
{
	if (w->returned) /* what stood there is written over */
		w->line_used = 0;
	w->returned = false;
	if (w->line_used == sizeof(w->line) - 1)
		end_line(w);
	w->line[w->line_used++] = c;
}

/* A byte of a character that is not ASCII, of which one '?' is kept; systemd's ellipsis is three dots. */
static void put_other(struct nacre_watch *w, unsigned char c)
{
	if (c >= 0xc0 || !w->letter) {
		w->letter = c;
		put_letter(w, '?');
		return;
	}
	w->letter = w->letter << 8 | c;
	if (w->letter != 0xe280a6 || !w->line_used)
		return;
	w->line_used--;
	for (int i = 0; i < 3; i++)
		put_letter(w, '.');
}

/* A control sequence (ECMA-48): only moves of the cursor to another place mean anything: a new line. */
static void take_escape(struct nacre_watch *w, char c)
{
	size_t n = w->escape_used;
	bool title = n > 1 && w->escape[1] == ']', ends;

	if (n == 1)
		ends = c != '[' && c != ']' && c != '(' && c != ')' && c != '#';
	else if (title)
		ends = c == '\a' || c == '\\';
	else
		ends = w->escape[1] != '[' || (c >= '@' && c <= '~');
	if (n < sizeof(w->escape))
		w->escape[w->escape_used++] = c;
	else
		ends = true;
	if (!ends)
		return;
	w->escape_used = 0;
	if (n > 1 && w->escape[1] == '[' && (c == 'H' || c == 'f' || c == 'J'))
		end_line(w);
}

void nacre_watch_serial(struct nacre_watch *w, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];

		if (w->escape_used)
			take_escape(w, c);
		else if (c == '\033')
			w->escape[w->escape_used++] = c;
		else if (c == '\n')
			end_line(w);
		else if (c == '\r')
			w->returned = true;
		else if (c == '\b')
			w->line_used -= w->line_used > 0;
		else if (c == '\t' || isprint((unsigned char)c))
			put_letter(w, c == '\t' ? ' ' : c);
		else if ((unsigned char)c >= 0x80)
			put_other(w, (unsigned char)c);
		if (!((unsigned char)c & 0x80))
			w->letter = 0;
	}
	w->line[w->line_used] = 0;
	if (w->line_used)
		judge_prompt(w, w->line);
}

void nacre_watch_screen(struct nacre_watch *w, const char *text)
{
	char line[1025], last[1025] = "";

	while (*text) {
		size_t n = strcspn(text, "\n"), kept = n < sizeof(line) ? n : sizeof(line) - 1;

		memcpy(line, text, kept);
		line[kept] = 0;
		judge_line(w, line);
		if (kept)
			memcpy(last, line, kept + 1);
		text += n + (text[n] == '\n');
	}
	judge_prompt(w, last);
}

void nacre_watch_restart(struct nacre_watch *w)
{
	end_line(w);
	keep_line(w, "-- the machine restarts --");
	if (!w->up && !w->failed)
		w->stage = NACRE_STAGE_STARTED;
	w->escape_used = 0;
	w->detail[0] = 0;
}
