/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c - the system calls of a virtual process: the lists, with a reason for each group
 *
 * Names that an architecture lacks are passed over. clone, ioctl, prctl, prlimit64, socket, socketpair
 * and, in one point, getsockopt and setsockopt depend on their arguments and are in seccomp.c.
 */
#include "inside.h"

#include <string.h>
#include <sys/syscall.h>

const char *const confine_calls_always[] = {
	/* Memory: the allocator, the dynamic loader, mlock for keys; RLIMIT_AS and MEMLOCK bound it. */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "mlock",
	"mlock2", "munlock", "mlockall", "munlockall", "pkey_alloc", "pkey_free", "pkey_mprotect",
	"mseal", "membarrier",

	/* Threads: pthreads, robust mutexes, the channel's waits, restartable sequences. */
	"futex", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue", "set_robust_list",
	"get_robust_list", "rseq", "set_tid_address", "gettid", "arch_prctl", "set_thread_area",

	/* Where and how threads run: affinity and priorities within RLIMIT_RTPRIO and RLIMIT_NICE. */
	"sched_yield", "sched_getaffinity", "sched_setaffinity", "getcpu", "sched_getparam",
	"sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_setattr",
	"sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "getpriority",
	"setpriority", "ioprio_get",

	/* Signals to itself; a pid namespace, a Landlock scope or the second filter bounds "itself". */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "kill", "tgkill",
	"pause", "restart_syscall", "signalfd", "signalfd4",

	/* The end, and waiting for the ends of its own clones. */
	"exit", "exit_group", "wait4", "waitid", "pidfd_open", "pidfd_send_signal",

	/* Giving up: capabilities (each clone does), Landlock layers, all of which only take away. */
	"capget", "capset", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",

	/* Clocks and timers; setting the time is not among them. */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
	"alarm", "getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime",
	"timer_getoverrun", "timer_delete", "timerfd_create", "timerfd_settime", "timerfd_gettime",

	/* Who and where am I: harmless questions that libraries ask. */
	"getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
	"getgroups", "getpgrp", "getpgid", "getsid", "setsid", "uname", "sysinfo", "getrusage",
	"getrlimit", "setrlimit", "umask", "getcwd", "getrandom",

	/* Descriptors that it has; what they are of was decided when they were opened or sent. */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "lseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "flock", "fstat",
	"fstatfs", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "fadvise64",
	"readahead", "copy_file_range", "sendfile", "getdents", "getdents64", "fchdir", "fchmod",
	"fchown", "fgetxattr", "flistxattr", "fsetxattr", "fremovexattr", "pipe", "pipe2", "eventfd",
	"eventfd2", "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "epoll_pwait2",

	/* Files by name: the private root and Landlock decide which. */
	"open", "openat", "openat2", "creat", "stat", "lstat", "newfstatat", "statx", "statfs", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "chdir", "mkdir", "mkdirat", "rmdir",
	"unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
	"truncate",

	/* Sockets that it has: the side socket of the channel brings descriptors (SCM_RIGHTS). */
	"connect", "bind", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "shutdown", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg",
	NULL
};

/* Landlock has no rights for these: by path they are left to a root that shows only what was declared. */
const char *const confine_calls_private_root[] = {
	"chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "utime", "utimes", "futimesat",
	"utimensat", "getxattr", "lgetxattr", "listxattr", "llistxattr", "setxattr", "lsetxattr",
	"removexattr", "lremovexattr",
	/* By thread id only, so the second filter could not tell whose thread it is. */
	"tkill", NULL
};

/* Processes of its own, and programs in the private root. */
const char *const confine_calls_fork[] = { "fork", "vfork", "execve", "execveat", "setpgid", NULL };

/* Known, and refused: the caller hears EPERM. Whatever else is not allowed does not exist: ENOSYS. */
const int confine_refused[] = {
	/* Looking into, or acting as, other processes. */
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
	SYS_process_madvise, SYS_process_mrelease, SYS_move_pages, SYS_migrate_pages, SYS_userfaultfd,
	SYS_perf_event_open,
	/* New processes and programs, namespaces, roots, mounts. */
	SYS_clone, SYS_execve, SYS_execveat, SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount,
	SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
	SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_fanotify_init,
	SYS_fanotify_mark, SYS_quotactl, SYS_quotactl_fd, SYS_mknodat,
	/* The kernel itself: code, keys, rings, clocks, names, power. */
	SYS_bpf, SYS_seccomp, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_add_key,
	SYS_request_key, SYS_keyctl, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
	SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_syslog, SYS_settimeofday,
	SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname,
	SYS_vhangup, SYS_personality,
	/* Memory that no limit of the process bounds. */
	SYS_memfd_create, SYS_memfd_secret, SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open,
	/* Being somebody else. */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid,
	SYS_setfsgid, SYS_setgroups,
	/* Allowed for some arguments only: the others are refused. */
	SYS_socket, SYS_socketpair, SYS_prctl, SYS_prlimit64, SYS_kill, SYS_tkill, SYS_tgkill,
	SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_setpgid, SYS_getsockopt, SYS_setsockopt,
	/* By path, where the root is not private. */
	SYS_fchmodat, SYS_fchownat, SYS_utimensat, SYS_getxattr, SYS_lgetxattr, SYS_listxattr,
	SYS_llistxattr, SYS_setxattr, SYS_lsetxattr, SYS_removexattr, SYS_lremovexattr,
#ifdef SYS_fork /* the old names, which newer architectures do not have */
	SYS_fork, SYS_vfork, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes,
	SYS_futimesat,
#endif
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

const size_t confine_refused_count = sizeof(confine_refused) / sizeof(*confine_refused);

static bool in_list(const char *name, const char *const *list)
{
	for (; list && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

bool confine_allows(const struct nacre_confinement *c, const char *name)
{
	return in_list(name, confine_calls_always) ||
	       ((!c || c->means & NACRE_CONFINE_USERNS) && in_list(name, confine_calls_private_root)) ||
	       (c && ((c->fork && in_list(name, confine_calls_fork)) || in_list(name, c->syscalls)));
}
