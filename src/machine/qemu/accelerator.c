/* SPDX-License-Identifier: BSD-2-Clause */
/* accelerator.c - does /dev/kvm run guests, at the speed of hardware?
 *
 * That it opens and makes a virtual machine says little: some kernels have one that emulates
 * the guest's kernel mode one instruction at a time, in which no system ever comes up. So a few bytes
 * of code are run: 131072 instructions, which hardware does in a fraction of a millisecond. What counts is
 * the processor time that they take, as the machine may be busy. A child does it, with a limit of
 * one second, so that nothing can hang.
 */
#include "machine/qemu/vm.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY = 0x4000, CODE = 0x1000, PORT = 0x80, ANSWER = 0x5a, LIMIT_US = 20000 };

/* 16-bit code: count ECX down from 65536, then write ANSWER to PORT. */
static const unsigned char code[] = {
	0x66, 0xb9, 0x00, 0x00, 0x01, 0x00, /* mov ecx, 0x10000 */
	0x66, 0x49,                         /* dec ecx */
	0x75, 0xfc,                         /* jnz to the dec */
	0xb0, ANSWER,                       /* mov al, ANSWER */
	0xe6, PORT,                         /* out PORT, al */
	0xf4,                               /* hlt */
};

static int make_vcpu(int vm, void *memory)
{
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY,
						     .userspace_addr = (uint64_t)(uintptr_t)memory};
	struct kvm_regs regs = {.rip = CODE, .rflags = 2};
	struct kvm_sregs sregs;
	int vcpu;

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return -1;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = sregs.cs.selector = 0;
	return ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs) ? -1 : vcpu;
}

static long used_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum verdict { RUNS, DEAD, SLOW };

/* In the child, which ends with all that it opened. */
static enum verdict run_code(int kvm)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu, size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_run *run;
	long start;

	if (vm < 0 || memory == MAP_FAILED || size < (int)sizeof(*run))
		return DEAD;
	memcpy((char *)memory + CODE, code, sizeof(code));
	vcpu = make_vcpu(vm, memory);
	if (vcpu < 0)
		return DEAD;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		return DEAD;
	start = used_us();
	if (ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_IO || run->io.port != PORT ||
	    run->io.data_offset >= (uint64_t)size || ((unsigned char *)run)[run->io.data_offset] != ANSWER)
		return DEAD;
	return used_us() - start < LIMIT_US ? RUNS : SLOW;
}

/* Try it in a child. A child that has to be ended hangs in guest code: slow is the least to be said of that. */
static enum verdict try_it(int kvm)
{
	struct pollfd done = {.fd = -1, .events = POLLIN};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)run_code(kvm));
	if (pid < 0)
		return DEAD;
	done.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	poll(&done, 1, 1000);
	kill(pid, SIGKILL); /* no effect where it has ended */
	waitpid(pid, &status, 0);
	close(done.fd);
	return WIFEXITED(status) ? (enum verdict)WEXITSTATUS(status) : SLOW;
}

const char *nacre_kvm_trouble(void)
{
	NACRE_AUTO_FD int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0 && errno == ENOENT)
		return "there is no /dev/kvm";
	if (kvm < 0)
		return "/dev/kvm cannot be opened by this user";
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return "/dev/kvm is of a version that nobody uses";
	switch (try_it(kvm)) {
	case RUNS:
		return NULL;
	case SLOW:
		return "/dev/kvm was tried and does not run code at the speed of hardware";
	default:
		return "/dev/kvm was tried and runs no code";
	}
}
