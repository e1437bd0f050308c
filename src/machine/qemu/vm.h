/* SPDX-License-Identifier: BSD-2-Clause */
/* vm.h - one running QEMU */
#ifndef NACRE_MACHINE_QEMU_VM_H
#define NACRE_MACHINE_QEMU_VM_H

#include "machine/qemu/qemu.h"
#include "machine/qemu/qmp.h"
#include "machine/qemu/screen.h"
#include "os/child.h"

/** struct nacre_vm - all its descriptors are ours alone; NACRE_NO_VM: none */
struct nacre_vm {
	struct nacre_child child;
	struct nacre_qmp qmp;
	int serial; /* the machine's serial line, both ways */
	int screen; /* a file in memory that QEMU dumps the screen to */
	int output; /* and one with what QEMU said */
	const char *accelerator;
};

#define NACRE_NO_VM ((struct nacre_vm){.child = NACRE_NO_CHILD, .qmp = {.fd = -1}, .serial = -1, .screen = -1, .output = -1})

/** struct nacre_vm_options - how to start it */
struct nacre_vm_options {
	const char *directory;
	bool kvm;        /* else software emulation */
	bool throw_away; /* changes go to a file without a name, which ends with QEMU */
	bool alone;      /* it cannot reach the network; memory and CPUs are what this computer can spare */
	bool window;     /* show its screen */
};

/** nacre_kvm_trouble() - NULL where /dev/kvm runs guest code at the speed of hardware, else what is wrong with it; takes at most a second */
const char *nacre_kvm_trouble(void);

/**
 * nacre_vm_start() - start the machine, which stands still until nacre_vm_go()
 *
 * QEMU gets descriptors and no names: of the disk, of the firmware's variables, of its channels. Its
 * system calls are filtered, and it ends with the thread that started it.
 */
int nacre_vm_start(struct nacre_vm *vm, const struct nacre_definition *d, const struct nacre_vm_options *o,
		   struct nacre_error *e);
int nacre_vm_go(struct nacre_vm *vm, struct nacre_error *e);
/** nacre_vm_end() - at once; also NACRE_NO_VM */
void nacre_vm_end(struct nacre_vm *vm);
/** nacre_vm_screen() - its screen now */
int nacre_vm_screen(struct nacre_vm *vm, struct nacre_screen *screen, struct nacre_error *e);
/** nacre_vm_said() - the last line that QEMU wrote about itself, "" for none */
void nacre_vm_said(struct nacre_vm *vm, char *text, size_t size);

#endif
