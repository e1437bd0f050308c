/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_probe.c - `nacre probe`: what this machine can do for virtual processes */
#include "commands.h"
#include "base/json.h"

#include "base/auto.h"
#include "extension/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

struct settings {
	bool json;
};

static const struct cli_option options[] = {{.name = "json",
					     .kind = CLI_FLAG,
					     .offset = offsetof(struct settings, json),
					     .help = "print it as JSON"},
					    {.name = NULL}};

/** struct fact - one thing that was found out */
struct fact {
	const char *key;  /* in JSON */
	const char *what; /* in text */
	bool there;
	int number;	     /* a version, 0: none */
	const char *without; /* what follows where it is missing */
};

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* futex_waitv(2), Linux 5.16: with no waiters it says EINVAL where it exists. */
static bool has_futex_waitv(void)
{
	return syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) < 0 && errno != ENOSYS;
}

static int kvm_version(void)
{
	NACRE_AUTO_FD int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version = fd < 0 ? 0 : ioctl(fd, KVM_GET_API_VERSION, 0);

	return version > 0 ? version : 0;
}

enum { FACTS = 6 };

static void find_out(struct fact facts[FACTS])
{
	unsigned means = nacre_confine_probe();
	int abi = landlock_abi(), kvm = kvm_version();
	const struct fact found[FACTS] = {
		{"user_namespaces", "user namespaces", means & NACRE_CONFINE_USERNS, 0,
		 "no root file system and no process ids of its own"},
		{"network_namespaces", "network namespaces", means & NACRE_CONFINE_NETNS, 0,
		 "only the system call filter keeps it off the network"},
		{"landlock", "Landlock", means & NACRE_CONFINE_LANDLOCK, abi,
		 "files are kept from it by its root alone"},
		{"seccomp", "seccomp", means & NACRE_CONFINE_SECCOMP, 0,
		 "its system calls are not filtered"},
		{"futex_waitv", "futex_waitv", has_futex_waitv(), 0,
		 "the end of a virtual process is noticed later: Linux 5.16 has it"},
		{"kvm", "KVM", kvm > 0, kvm,
		 "isolation is by processes, which is all that this version "
		 "uses"},
	};

	memcpy(facts, found, sizeof(found));
}

static void print_json(const struct fact *facts, const char *release)
{
	struct json j = {.to = stdout};

	json_begin(&j, NULL, '{');
	json_text(&j, "kernel", release);
	json_text(&j, "libc", gnu_get_libc_version());
	for (int i = 0; i < FACTS; i++)
		json_bool(&j, facts[i].key, facts[i].there);
	json_number(&j, "landlock_abi", facts[2].number);
	json_end(&j, '}');
}

static void print_text(const struct fact *facts, const char *release)
{
	printf("%-20s Linux %s, glibc %s\n", "system", release, gnu_get_libc_version());
	for (int i = 0; i < FACTS; i++) {
		printf("%-20s %s", facts[i].what, facts[i].there ? "yes" : "no");
		if (facts[i].there && facts[i].number)
			printf(", version %d", facts[i].number);
		if (!facts[i].there)
			printf(": %s", facts[i].without);
		putchar('\n');
	}
}

static int run(void *settings, int argc, char **argv)
{
	const struct settings *s = settings;
	struct fact facts[FACTS];
	struct utsname system;

	(void)argc;
	(void)argv;
	if (uname(&system))
		return cli_error(NACRE_E_SYSTEM, "uname", "%s", strerror(errno));
	find_out(facts);
	if (s->json)
		print_json(facts, system.release);
	else
		print_text(facts, system.release);
	return NACRE_OK;
}

const struct cli_command cli_cmd_probe = {
	.name = "probe",
	.summary = "Say what this machine offers to confine extensions",
	.options = options,
	.settings_size = sizeof(struct settings),
	.run = run};
