/* SPDX-License-Identifier: BSD-2-Clause */
/* test_startup.c - what the host hands to nacre-vproc arrives, or is refused */
#include "extension/vproc/startup.h"
#include "tap.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char a[] = "/a", b[] = "/b c", pair[] = "K=V", name[] = "name", extension[] = "/lib/x.so",
	    stub[] = "/lib/stub.so";
static char *nothing[] = {NULL}, *reads[] = {a, b, NULL}, *set[] = {pair, NULL};

static struct nacre_registration registration = {
	.name = name, .extension = extension, .stub = stub, .memory_mb = 77,
	.profile = NACRE_PROFILE_THRIFTY, .allow_net = true, .allow_read = reads,
	.allow_write = nothing, .allow_syscall = nothing, .environment = set};

static bool has(char **list, const char *entry)
{
	for (; *list; list++)
		if (!strcmp(*list, entry))
			return true;
	return false;
}

static void test_cuts(void)
{
	struct nacre_startup startup;
	int fd = nacre_startup_write(&registration, NULL);
	struct stat st;
	bool all = true;

	fstat(fd, &st);
	for (off_t cut = 0; cut < st.st_size && cut < 2000; cut += 8) {
		int copy = memfd_create("cut", 0);
		char buffer[2000];
		ssize_t n = pread(fd, buffer, (size_t)cut, 0);

		if (n != cut || write(copy, buffer, (size_t)cut) != cut)
			break;
		all = all && nacre_startup_read(copy, &startup, NULL) < 0;
		nacre_startup_free(&startup);
	}
	tap_ok(all, "a configuration that is cut anywhere is refused");
	close(fd);
}

int main(void)
{
	struct nacre_startup startup;
	struct nacre_error e = {0};
	char profile[64];
	int fd;

	setenv("NACRE_TEST_WORD", "own", 1);
	fd = nacre_startup_write(&registration, &e);
	tap_ok(fd >= 0, "a configuration can be written");
	tap_ok(nacre_startup_read(fd, &startup, &e) == 0, "and read");
	tap_is_string(startup.r.extension, "/lib/x.so", "paths arrive");
	tap_ok(startup.r.memory_mb == 77 && startup.r.allow_net && !startup.r.allow_fork &&
		       startup.r.profile == NACRE_PROFILE_THRIFTY, "numbers and switches arrive");
	tap_ok(has(startup.r.allow_read, "/b c") && !startup.r.allow_write[0], "lists arrive");
	tap_ok(has(startup.environment, "NACRE_TEST_WORD=own") && has(startup.environment, "K=V"),
	       "the environment is the host's and the registration's");
	tap_ok(!startup.learn_to, "nothing is learned unless it is asked for");
	nacre_startup_free(&startup);
	setenv("NACRE_LEARN", "/profiles", 1);
	fd = nacre_startup_write(&registration, &e);
	tap_ok(nacre_startup_read(fd, &startup, &e) == 0, "a learning run is asked for");
	snprintf(profile, sizeof(profile), "/profiles/%s.conf", registration.name);
	tap_is_string(startup.learn_to, profile, "the profile is the registration's own");
	nacre_startup_free(&startup);
	unsetenv("NACRE_LEARN");
	test_cuts();
	return tap_done();
}
