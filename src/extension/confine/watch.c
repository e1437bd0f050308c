/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c - a refused system call becomes EPERM or ENOSYS, and somebody hears of it
 *
 * The handler runs on the thread that made the call, after the kernel has undone it: what the handler
 * leaves in the return register is what the caller sees. A thread that has blocked SIGSYS cannot be
 * told: the kernel ends the process with it, which the supervisor reports as such.
 */
#include "inside.h"

#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "where does this architecture return the result of a system call?"
#endif

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code */
#endif

#define CALLS_MOST 1024

static void (*tell)(int nr);
static unsigned char refused[CALLS_MOST / 8]; /* one bit per number: EPERM */

static void set_result(ucontext_t *context, long value)
{
#if defined(__x86_64__)
	context->uc_mcontext.gregs[REG_RAX] = value;
#elif defined(__aarch64__)
	context->uc_mcontext.regs[0] = (unsigned long long)value;
#endif
}

static int answer(int nr)
{
	if (nr >= 0 && nr < CALLS_MOST && refused[nr / 8] & 1 << nr % 8)
		return EPERM;
	/* ioctl is refused as a driver does that does not know the request. */
	return nr == SYS_ioctl ? ENOTTY : ENOSYS;
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	int saved = errno, nr = -1;

	(void)sig;
	if (info->si_code != SYS_SECCOMP)
		return; /* sent by somebody: nothing to answer */
	if (info->si_arch == OWN_ARCH)
		nr = info->si_syscall;
	set_result(context, -answer(nr));
	if (tell)
		tell(nr);
	errno = saved;
}

int nacre_confine_watch(void (*denied)(int nr), struct nacre_error *e)
{
	struct sigaction action = { .sa_sigaction = on_sigsys,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART };
	sigset_t set;
	size_t i;

	for (i = 0; i < confine_refused_count; i++)
		refused[confine_refused[i] / 8] |= (unsigned char)(1 << confine_refused[i] % 8);
	tell = denied;
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigaction(SIGSYS, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "SIGSYS", "cannot watch it");
	return 0;
}
