/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c - how far a machine came, told from what real machines wrote */
#include "machine/qemu/watch.h"
#include "tap.h"

#define PROMPT NACRE_STAGE_LOGIN

static const struct {
	const char *text, *what;
	enum nacre_boot_stage stage;
	bool up, failed;
	const char *why;
} cases[] = {
	{"Debian GNU/Linux 12 web1 ttyS0\r\n\r\nweb1 login: ", "a login prompt", PROMPT, true, false, ""},
	{"Last login: ", "the time of the last login", NACRE_STAGE_STARTED, false, false, ""},
	{"web1 login: root\r\nPassword: ", "a prompt that was answered", NACRE_STAGE_STARTED, false, false, ""},
	{"\033[0;32m  OK  \033[0m] Reached target \033[0;1;39mmulti-user.target\033[0m - Multi-User System.\r\n",
	 "systemd's multi-user target, in colours", NACRE_STAGE_TARGET, true, false, ""},
	{"[\033[0;32m  OK  \033[0m] Reached target Multi-User System.\r\n", "that of an older systemd",
	 NACRE_STAGE_TARGET, true, false, ""},
	{"Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n", "a panic",
	 NACRE_STAGE_KERNEL, false, true,
	 "the kernel panicked: VFS: Unable to mount root fs on unknown-block(0,0)"},
	{"Gave up waiting for root file system device.  Common problems:\n - Boot args (cat /proc/cmdline)\n"
	 "ALERT!  /dev/sda1 does not exist.  Dropping to a shell!\n\n\nBusyBox v1.35.0\n\n(initramfs) ",
	 "Debian's initramfs shell", NACRE_STAGE_INITRAMFS, false, true,
	 "the initramfs did not find the root file system and stopped in its shell (ALERT!  /dev/sda1 does not "
	 "exist.  Dropping to a shell!)"},
	{"Warning: /dev/disk/by-uuid/1 does not exist\n\nGenerating \"/run/initramfs/rdsosreport.txt\"\n\n\n"
	 "Entering emergency mode. Exit the shell to continue.\n", "dracut's", NACRE_STAGE_INITRAMFS, false, true,
	 "the initramfs (dracut) did not find the root file system and stopped in a shell"},
	{"ERROR: Failed to mount '/dev/sda2' on real root\nYou are now being dropped into an emergency shell.\n",
	 "Arch's", NACRE_STAGE_INITRAMFS, false, true,
	 "the initramfs did not find the root file system and stopped in a shell"},
	{"Mounting root: Mounting root failed.\ninitramfs emergency recovery shell launched. Type 'exit' to\n",
	 "Alpine's", NACRE_STAGE_INITRAMFS, false, true,
	 "the initramfs did not find the root file system and stopped in a shell (Mounting root: Mounting root "
	 "failed.)"},
	{"You are in emergency mode. After logging in, type \"journalctl -xb\"\n", "systemd's emergency mode",
	 NACRE_STAGE_ROOT, false, true, "systemd stopped in emergency mode"},
	{"error: no such device: 3f1e3c1c.\r\nEntering rescue mode...\r\ngrub rescue> ", "GRUB's rescue shell",
	 NACRE_STAGE_LOADER, false, true,
	 "GRUB did not find its files and stopped in its rescue shell (error: no such device: 3f1e3c1c.)"},
	{"error: no such device: 3f1e3c1c.\r\nLoading Linux 6.1.0-28-amd64 ...\r\n", "trouble that GRUB overcame",
	 NACRE_STAGE_LOADER, false, false, ""},
	{"BdsDxe: No bootable option or device was found.\r\n", "a UEFI machine without a loader",
	 NACRE_STAGE_FIRMWARE, false, true, "the UEFI firmware found no boot loader"},
	{"[    0.000000] Linux version 6.1.0\r\n[    1.0] Run /init as init process\r\n", "a kernel that runs",
	 NACRE_STAGE_INITRAMFS, false, false, ""},
	{"\033]0;a title\033\\\033[2J\033[01;01HGNU GRUB  version 2.06\033[05;30HAdvanced\b\b\b\b\b\b ",
	 "a screen that is painted", NACRE_STAGE_LOADER, false, false, ""},
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nacre_watch whole = {0}, pieces = {0};
		size_t n = strlen(cases[i].text);

		nacre_watch_serial(&whole, cases[i].text, n);
		if (!tap_ok(whole.stage == cases[i].stage && whole.up == cases[i].up &&
				    whole.failed == cases[i].failed && !strcmp(whole.why, cases[i].why),
			    "%s is told", cases[i].what))
			printf("# stage %d, up %d, failed %d, why '%s'\n", whole.stage, whole.up, whole.failed,
			       whole.why);
		if (strstr(cases[i].text, "root\r\n")) /* at some moment it was a prompt */
			continue;
		for (size_t at = 0; at < n; at++)
			nacre_watch_serial(&pieces, cases[i].text + at, 1);
		tap_ok(pieces.stage == whole.stage && !strcmp(pieces.why, whole.why) && !strcmp(pieces.tail, whole.tail),
		       "byte by byte too");
	}
}

static void feed(struct nacre_watch *w, const char *text)
{
	nacre_watch_serial(w, text, strlen(text));
}

static void test_details(void)
{
	struct nacre_watch w = {0};

	feed(&w, "[    1.8] EXT4-fs (vda2): INFO: recovery required on readonly filesystem\n");
	tap_is_string(w.root_device, "", "a file system that is only looked at is no root");
	feed(&w, "[    1.9] EXT4-fs (vda2): mounted filesystem with ordered data mode.\n[    2.9] XFS (vda1): Mounting V5\n");
	tap_is_string(w.root_device, "vda2", "the first that is mounted is");
	feed(&w, "[FAILED] Failed to start ssh.service - OpenBSD Secure Shell server.\n[FAILED] Failed to mount /srv.\n"
		 "[\033[0;1;31mFAILED\033[0m] Failed to start ssh.service - OpenBSD Secure Shell server.\n");
	tap_is_string(w.failed_units, "ssh.service, /srv", "units that failed are named once each");
	feed(&w, "one\rtwo\r\n");
	tap_ok(strstr(w.tail, "\ntwo\n") && !strstr(w.tail, "one"), "what was written over is gone");
	feed(&w, "se\xe2\x80");
	feed(&w, "\xa6ice \xc3\xa4\x80\xff\xa6.\n");
	tap_ok(strstr(w.tail, "\nse...ice ??.\n") != NULL, "what is no ASCII is one mark for each character, systemd's ellipsis dots");
	for (int i = 0; i < 5000; i++)
		feed(&w, "0123456789 0123456789 0123456789\n");
	tap_ok(strlen(w.tail) < sizeof(w.tail) && !memcmp(w.tail, "0123456789 ", 11), "the tail has whole lines");
	for (int i = 0; i < 5000; i++)
		feed(&w, "no end ");
	tap_ok(w.line_used < sizeof(w.line), "a line without an end is cut");
	nacre_watch_restart(&w);
	tap_ok(w.stage == NACRE_STAGE_STARTED && strstr(w.tail, "-- the machine restarts --\n"),
	       "after a reset it begins anew");
}

static void test_screen(void)
{
	struct nacre_watch w = {0};

	nacre_watch_screen(&w, "SeaBIOS (version 1.16.2)\n\nBooting from Hard Disk...\nGRUB loading.");
	tap_ok(w.stage == NACRE_STAGE_LOADER && !w.up && !w.failed, "a screen tells the stage");
	nacre_watch_screen(&w, "Debian GNU/Linux 12 web1 tty1\n\nweb1 login: _\n\n\n");
	tap_ok(w.up && w.stage == PROMPT, "a prompt on it is at its end, before the cursor");
	memset(&w, 0, sizeof(w));
	nacre_watch_screen(&w, "web1 login: root\nPassword:\nlast login: \nmore");
	tap_ok(!w.up, "a prompt further up is none");
}

int main(void)
{
	test_cases();
	test_details();
	test_screen();
	return tap_done();
}
