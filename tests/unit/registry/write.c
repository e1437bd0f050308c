/* SPDX-License-Identifier: BSD-2-Clause */
/* write.c - what is written can be read, and nothing half-written is ever in place */
#include "extension/registry/registry.h"

#include "tap.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/nacre-registry.XXXXXX";
static char file[256];

static struct nacre_registration sample(void)
{
	static char *read_list[] = {(char *)"/a", (char *)"/b c", NULL};
	static char *none[] = {NULL}, *variables[] = {(char *)"A=1", (char *)"B=x=y", NULL};

	return (struct nacre_registration){.name = (char *)"x",
					   .file = file,
					   .extension = (char *)"/lib/x.so",
					   .soname = (char *)"",
					   .interface = (char *)"x",
					   .overlay = (char *)"/o.h",
					   .proxy = (char *)"/p",
					   .stub = (char *)"/s",
					   .vproc = (char *)"/v",
					   .backend = (char *)"process",
					   .deadline_ms = 5,
					   .memory_mb = 64,
					   .profile = NACRE_PROFILE_LATENCY,
					   .allow_net = true,
					   .allow_read = read_list,
					   .allow_write = none,
					   .allow_syscall = none,
					   .environment = variables};
}

static int entries(void)
{
	char dir[256];
	DIR *d;
	int n = 0;

	snprintf(dir, sizeof(dir), "%s/registry.d", root);
	d = opendir(dir);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static void round_trip_keeps_everything(void)
{
	struct nacre_registration r = sample(), *back;
	struct nacre_registry registry;
	struct nacre_error e;
	struct stat st;

	if (!tap_ok(nacre_registration_write(&r, &e) == 0, "a registration is written"))
		printf("# %s: %s\n", e.where, e.msg);
	tap_ok(nacre_registry_read(&registry, &e) == 0 && registry.count == 1, "and read back");
	back = registry.list;
	tap_ok(back && !strcmp(back->extension, r.extension) && !strcmp(back->overlay, "/o.h") &&
		       !strcmp(back->soname, "") && back->deadline_ms == 5 &&
		       back->memory_mb == 64 && back->profile == NACRE_PROFILE_LATENCY &&
		       back->allow_net && !back->cold && !strcmp(back->allow_read[1], "/b c") &&
		       !back->allow_read[2] && !strcmp(back->environment[1], "B=x=y"),
	       "with every value as it was");
	nacre_registry_free(&registry);
	tap_ok(stat(file, &st) == 0 && (st.st_mode & 0777) == 0644, "everybody may read the file");
	tap_is_number(entries(), 1, "no temporary file is left");
}

static void refused(struct nacre_registration r, const char *what)
{
	struct nacre_error e;
	struct stat before, after;

	stat(file, &before);
	tap_ok(nacre_registration_write(&r, &e) < 0, "%s is refused", what);
	tap_ok(stat(file, &after) == 0 && before.st_ino == after.st_ino && entries() == 1,
	       "and the file that was there stays");
}

static void what_could_not_be_read_is_not_written(void)
{
	struct nacre_registration r = sample();

	r.interface = (char *)"x\nallow_fork = yes";
	refused(r, "a value with a line of its own in it");
	r = sample();
	r.extension = (char *)"/lib/x.so ";
	refused(r, "a value that ends with a blank");
	r = sample();
	r.proxy = (char *)"relative";
	refused(r, "a relative path");
	r = sample();
	r.stub = (char *)"";
	refused(r, "an empty required value");
	r = sample();
	r.name = (char *)"y";
	refused(r, "a file that is not called after the registration");
	r = sample();
	r.file = (char *)"x.conf";
	refused(r, "a relative file name");
}

int main(void)
{
	char dir[256];

	if (!mkdtemp(root))
		return 99;
	snprintf(file, sizeof(file), "%s/registry.d/x.conf", root);
	setenv("NACRE_REGISTRY", root, 1);
	round_trip_keeps_everything();
	what_could_not_be_read_is_not_written();
	unlink(file);
	snprintf(dir, sizeof(dir), "%s/registry.d", root);
	rmdir(dir);
	rmdir(root);
	return tap_done();
}
