/* SPDX-License-Identifier: BSD-2-Clause */
/* vm.c - start QEMU for a definition, and end it
 *
 * DOC: Theory of Operation
 *
 * QEMU runs a guest that may be hostile and reads a disk that may be. It gets its files as
 * descriptors, which it opens again under /proc/self/fd: so no name of the definition reaches its
 * command line but the machine's own, which has letters and digits only, and the file that was checked is the
 * file that is used. The throw-away layer over the disk, the copy of the firmware's variables and
 * the picture are files without names: whatever ends nacre or QEMU, nothing is left of them.
 *
 * Channels are socket pairs. QEMU's words about itself go to a file in memory, whose last line is the
 * reason when it does not start.
 *
 * Its system calls are filtered by its own sandbox (no processes, no privileges).
 */
#include "machine/qemu/vm.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	WORDS = 256,
	FIRST_FD = 3, /* of those that a child gets */
	START_MS = 60000,
	ANSWER_MS = 30000
};

/* The order in which QEMU gets its descriptors, from FIRST_FD on: those of disk @n are FD_DISK + n and FD_LAYER + n. */
enum { FD_QMP, FD_SERIAL, FD_SCREEN, FD_VARS, FD_DISK, FD_LAYER = FD_DISK + NACRE_DEFINITION_DISKS,
	FDS = FD_LAYER + NACRE_DEFINITION_DISKS };

/** struct line - a command line that is being made */
struct line {
	char *words[WORDS + 1];
	int count;
	bool failed;
};

static void free_line(struct line *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->words[i]);
}

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	if (l->count == WORDS) {
		l->failed = true;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&l->words[l->count], fmt, ap) < 0)
		l->failed = true;
	else
		l->count++;
	va_end(ap);
}

static int file_without_name(const char *what, struct nacre_error *e)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!directory || *directory != '/')
		directory = "/var/tmp";
	if (snprintf(path, sizeof(path), "%s/nacre.XXXXXX", directory) >= (int)sizeof(path))
		return nacre_error_set(e, NACRE_E_SYSTEM, ENAMETOOLONG, "TMPDIR", "is of no use");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory,
				       "a temporary file for %s cannot be made there (TMPDIR names another place)",
				       what);
	unlink(path);
	return fd;
}

static void last_line(int output, char *text, size_t size)
{
	char all[4096];
	ssize_t n;
	off_t end = lseek(output, 0, SEEK_END);
	char *from;

	text[0] = 0;
	n = pread(output, all, sizeof(all) - 1, end > (off_t)sizeof(all) - 1 ? end - (off_t)sizeof(all) + 1 : 0);
	if (n <= 0)
		return;
	all[n] = 0;
	while (n && (all[n - 1] == '\n' || all[n - 1] == '\r'))
		all[--n] = 0;
	from = strrchr(all, '\n');
	from = from ? from + 1 : all;
	for (char *p = from; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	snprintf(text, size, "%s", from);
}

void nacre_vm_said(struct nacre_vm *vm, char *text, size_t size)
{
	last_line(vm->output, text, size);
}

/* An empty qcow2 over the disk. It names nothing: QEMU is told at its start what lies beneath. */
static int make_layer(uint64_t size, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = file_without_name("changes", e), output = memfd_create("qemu-img", MFD_CLOEXEC);
	struct nacre_child child = NACRE_NO_CHILD;
	char bytes[24], said[128], *argv[] = {(char *)"qemu-img", (char *)"create", (char *)"-q", (char *)"-f",
				 (char *)"qcow2", (char *)"/proc/self/fd/3", bytes, NULL};
	bool good;

	if (fd < 0 || output < 0)
		return -1;
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)size);
	if (nacre_child_start(&child, argv[0], argv, &fd, 1, output, e))
		return e && e->code == NACRE_E_ABSENT ? nacre_error_add(e, "install the package qemu-utils") : -1;
	good = nacre_child_ended(&child, START_MS) && child.status == 0;
	nacre_child_kill(&child);
	last_line(output, said, sizeof(said));
	if (!good)
		return nacre_error_set(e, NACRE_E_FAILED, 0, "qemu-img",
				       "makes no layer for changes: %s", said[0] ? said : "no reason is given");
	return nacre_steal_fd(&fd);
}

static int open_part(const char *directory, const char *name, int flags, struct nacre_error *e)
{
	char path[4096];
	struct stat st;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return nacre_error_set(e, NACRE_E_USAGE, 0, directory, "the path is too long");
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path,
				       "a part of the machine cannot be opened");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "a part of the machine must be a file");
	}
	return fd;
}

static int copy_all(int from, int to, const char *what, struct nacre_error *e)
{
	ssize_t n;

	while ((n = sendfile(to, from, NULL, 1 << 20)) > 0)
		;
	return n < 0 ? nacre_error_set(e, NACRE_E_SYSTEM, errno, what, "cannot be copied") : 0;
}

/* The firmware's variables: the machine's own (made now where it has none yet), or a copy to throw away. */
static int open_vars(const struct nacre_vm_options *o, const struct nacre_firmware *firmware,
		     struct nacre_error *e)
{
	NACRE_AUTO_FD int from = -1, to = -1;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", o->directory, NACRE_DEFINITION_VARS);
	from = open_part(o->directory, NACRE_DEFINITION_VARS, o->throw_away ? O_RDONLY : O_RDWR, e);
	if (from >= 0 && !o->throw_away)
		return nacre_steal_fd(&from);
	if (from < 0 && access(path, F_OK) == 0)
		return -1;
	if (from < 0)
		from = open(firmware->vars, O_RDONLY | O_CLOEXEC);
	to = o->throw_away ? file_without_name("variables", e)
			   : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (from < 0 || to < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "the firmware's variables cannot be made");
	return copy_all(from, to, path, e) ? -1 : nacre_steal_fd(&to);
}

static void add_firmware(struct line *l, const struct nacre_firmware *firmware)
{
	if (!firmware)
		return;
	add(l, "-blockdev");
	add(l, "driver=file,node-name=code,filename=%s,read-only=on", firmware->code);
	add(l, "-blockdev");
	add(l, "driver=file,node-name=vars,filename=/proc/self/fd/%d,locking=off", FIRST_FD + FD_VARS);
}

static void add_disk(struct line *l, const struct nacre_definition *d, int n, const struct nacre_vm_options *o)
{
	const char *format = strcmp(d->disks[n].format, "raw") ? "vpc" : "raw";

	add(l, "-blockdev");
	add(l, "driver=file,node-name=disk%d-file,filename=/proc/self/fd/%d,locking=on,read-only=%s,discard=unmap", n,
	    FIRST_FD + FD_DISK + n, o->throw_away ? "on" : "off");
	add(l, "-blockdev");
	add(l, "driver=%s,node-name=disk%d,file=disk%d-file,read-only=%s,discard=unmap", format, n, n,
	    o->throw_away ? "on" : "off");
	if (o->throw_away) {
		add(l, "-blockdev");
		add(l, "driver=file,node-name=layer%d-file,filename=/proc/self/fd/%d,cache.no-flush=on", n,
		    FIRST_FD + FD_LAYER + n);
		add(l, "-blockdev");
		add(l, "driver=qcow2,node-name=layer%d,file=layer%d-file,backing=disk%d,cache.no-flush=on,"
		       "discard=unmap", n, n, n);
	}
	add(l, "-device");
	add(l, "virtio-blk-pci,drive=%s%d,bootindex=%d", o->throw_away ? "layer" : "disk", n, n + 1);
}

static void add_network(struct line *l, const struct nacre_definition *d, const struct nacre_vm_options *o)
{
	for (int i = 0; i < d->nic_count; i++) {
		add(l, "-netdev");
		add(l, "user,id=net%d,restrict=%s", i, o->alone ? "on" : "off");
		add(l, "-device");
		add(l, "virtio-net-pci,netdev=net%d,mac=%s,romfile=", i, d->nics[i].mac);
	}
}

/* MiB that programs can have without others being swapped out, 0: unknown (proc(5)). */
static uint64_t memory_here(void)
{
	NACRE_AUTO_FILE FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	return kib >> 10;
}

/* A check gets no more than a half of what this computer can spare, and no more than it needs to come up. */
static void add_size(struct line *l, const struct nacre_definition *d, const struct nacre_vm_options *o)
{
	uint32_t memory = d->memory_mb, cpus = d->cpus;
	long here = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t spare = memory_here() / 2;

	if (o->alone && memory > 4096)
		memory = 4096;
	if (o->alone && spare && memory > spare)
		memory = spare > 512 ? (uint32_t)spare : memory < 512 ? memory : 512;
	if (o->alone && here > 0 && cpus > (uint32_t)here)
		cpus = (uint32_t)here;
	add(l, "-m");
	add(l, "%u", memory);
	add(l, "-smp");
	add(l, "%u", cpus);
}

static void add_machine(struct line *l, const struct nacre_definition *d, const struct nacre_vm_options *o)
{
	add(l, "-machine");
	add(l, "%s,accel=%s,usb=off%s", d->uefi ? "q35" : "pc", o->kvm ? "kvm" : "tcg",
	    d->uefi ? ",pflash0=code,pflash1=vars" : "");
	add(l, "-cpu");
	/* Emulated: what today's distributions ask for (x86-64-v2), and nothing that makes emulation slow. */
	add(l, "%s", o->kvm ? "host" : "qemu64,+cx16,+lahf-lm,+popcnt,+ssse3,+sse4.1,+sse4.2");
	add(l, "-name");
	add(l, "guest=%s", d->name);
	add(l, "-uuid");
	add(l, "%s", d->uuid);
	add(l, "-rtc");
	add(l, "base=utc");
	add(l, "-boot");
	add(l, "strict=on");
	add(l, "-vga");
	add(l, "std");
	add(l, "-object");
	add(l, "rng-random,id=random,filename=/dev/urandom");
	add(l, "-device");
	add(l, "virtio-rng-pci,rng=random");
}

static void add_control(struct line *l, const struct nacre_vm_options *o)
{
	add(l, "-S");
	add(l, "-no-user-config");
	add(l, "-nodefaults");
	add(l, "-sandbox");
	add(l, "on,obsolete=deny,elevateprivileges=deny,spawn=deny%s", o->window ? "" : ",resourcecontrol=deny");
	add(l, "-chardev");
	add(l, "socket,id=control,fd=%d", FIRST_FD + FD_QMP);
	add(l, "-mon");
	add(l, "chardev=control,mode=control");
	add(l, "-chardev");
	add(l, "socket,id=serial,fd=%d", FIRST_FD + FD_SERIAL);
	add(l, "-serial");
	add(l, "chardev:serial");
	if (o->alone) {
		add(l, "-action");
		add(l, "shutdown=pause"); /* there is still a picture to take */
	}
	add(l, "-display");
	add(l, "%s", o->window ? "gtk" : "none");
	if (o->window) {
		add(l, "-usb");
		add(l, "-device");
		add(l, "usb-tablet");
	}
}

static void auto_line(struct line *l)
{
	free_line(l);
}

static int start_program(struct nacre_vm *vm, const struct nacre_definition *d,
			 const struct nacre_vm_options *o, const struct nacre_firmware *firmware,
			 const int fds[FDS], struct nacre_error *e)
{
	__attribute__((cleanup(auto_line))) struct line l = {.count = 0};
	int given[FDS];

	add(&l, "qemu-system-x86_64");
	add_control(&l, o);
	add_machine(&l, d, o);
	add_size(&l, d, o);
	add_firmware(&l, firmware);
	for (int i = 0; i < d->disk_count; i++)
		add_disk(&l, d, i, o);
	add_network(&l, d, o);
	if (l.failed)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "QEMU", "no memory for its command line");
	for (int i = 0; i < FDS; i++) /* a number that is not used still has to be something */
		given[i] = fds[i] >= 0 ? fds[i] : vm->output;
	if (!nacre_child_start(&vm->child, l.words[0], l.words, given, FDS, vm->output, e))
		return 0;
	return e && e->code == NACRE_E_ABSENT
		       ? nacre_error_set(e, NACRE_E_SUPPORT, 0, "QEMU",
					 "qemu-system-x86_64 is not installed: install the package qemu-system-x86")
		       : -1;
}

static int open_disks(const struct nacre_definition *d, const struct nacre_vm_options *o, int fds[FDS],
		      struct nacre_error *e)
{
	for (int i = 0; i < d->disk_count; i++) {
		fds[FD_DISK + i] = open_part(o->directory, d->disks[i].file, o->throw_away ? O_RDONLY : O_RDWR, e);
		if (fds[FD_DISK + i] < 0)
			return -1;
		fds[FD_LAYER + i] = o->throw_away ? make_layer(d->disks[i].size, e) : -1;
		if (o->throw_away && fds[FD_LAYER + i] < 0)
			return -1;
	}
	return 0;
}

/* Everything that QEMU gets; fds[FD_QMP] and fds[FD_SERIAL] are its ends. */
static int open_all(struct nacre_vm *vm, const struct nacre_definition *d, const struct nacre_vm_options *o,
		    const struct nacre_firmware *firmware, int fds[FDS], struct nacre_error *e)
{
	int control[2] = {-1, -1}, serial[2] = {-1, -1};

	if (open_disks(d, o, fds, e))
		return -1;
	fds[FD_VARS] = firmware ? open_vars(o, firmware, e) : -1;
	if (firmware && fds[FD_VARS] < 0)
		return -1;
	vm->output = memfd_create("qemu", MFD_CLOEXEC);
	vm->screen = memfd_create("screen", MFD_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial) || vm->output < 0 || vm->screen < 0) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, "QEMU", "its channels cannot be made");
		if (control[0] >= 0) {
			close(control[0]);
			close(control[1]);
		}
		return -1;
	}
	vm->qmp.fd = control[0];
	vm->serial = serial[0];
	fds[FD_QMP] = control[1];
	fds[FD_SERIAL] = serial[1];
	fds[FD_SCREEN] = vm->screen;
	return 0;
}

int nacre_vm_start(struct nacre_vm *vm, const struct nacre_definition *d, const struct nacre_vm_options *o,
		   struct nacre_error *e)
{
	const struct nacre_firmware *firmware = d->uefi ? nacre_firmware_find(e) : NULL;
	int fds[FDS], failed, control;
	char said[128];

	for (int i = 0; i < FDS; i++)
		fds[i] = -1;
	*vm = NACRE_NO_VM;
	vm->accelerator = o->kvm ? "kvm" : "tcg";
	if (d->uefi && !firmware)
		return -1;
	failed = open_all(vm, d, o, firmware, fds, e) || start_program(vm, d, o, firmware, fds, e);
	for (int i = 0; i < FDS; i++)
		if (fds[i] >= 0 && i != FD_SCREEN)
			close(fds[i]);
	if (failed) {
		nacre_vm_end(vm);
		return -1;
	}
	control = vm->qmp.fd;
	if (!nacre_qmp_open(&vm->qmp, control, START_MS, e))
		return 0;
	nacre_vm_said(vm, said, sizeof(said));
	if (said[0])
		nacre_error_set(e, NACRE_E_FAILED, 0, "QEMU", "it does not start: %s%s", said,
				o->window ? " (a window needs the package qemu-system-gui)" : "");
	nacre_vm_end(vm);
	return -1;
}

int nacre_vm_go(struct nacre_vm *vm, struct nacre_error *e)
{
	return nacre_qmp_call(&vm->qmp, "cont", NULL, ANSWER_MS, NULL, e);
}

void nacre_vm_end(struct nacre_vm *vm)
{
	nacre_child_kill(&vm->child);
	nacre_qmp_close(&vm->qmp);
	for (int *fd = (int[]){vm->serial, vm->screen, vm->output, -2}; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	*vm = NACRE_NO_VM;
}

int nacre_vm_screen(struct nacre_vm *vm, struct nacre_screen *screen, struct nacre_error *e)
{
	NACRE_AUTO_FREE uint8_t *data = NULL;
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", FIRST_FD + FD_SCREEN);
	if (nacre_qmp_call(&vm->qmp, "screendump", json_pack("{s:s}", "filename", name), ANSWER_MS, NULL, e))
		return -1;
	if (fstat(vm->screen, &st) || st.st_size <= 0 || st.st_size > NACRE_SCREEN_SIDE * NACRE_SCREEN_SIDE * 3L + 64)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "screen", "QEMU's picture of it is absurd");
	data = malloc((size_t)st.st_size);
	if (!data || pread(vm->screen, data, (size_t)st.st_size, 0) != st.st_size)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "screen", "cannot be read");
	return nacre_screen_parse(screen, data, (size_t)st.st_size, e);
}
