/* SPDX-License-Identifier: BSD-2-Clause */
/* carried.c - a proxy that carries its registration, and files that only look like one */
#include "extension/registry/registry.h"

#include "tap.h"

#include <sys/mman.h>
#include <unistd.h>

static char *none[] = {NULL};
static const char content[] = "what a proxy is made of";

static struct nacre_registration sample(void)
{
	return (struct nacre_registration){.name = (char *)"carried",
					   .file = (char *)"carried",
					   .extension = (char *)"/lib/x.so",
					   .soname = (char *)"",
					   .interface = (char *)"x",
					   .overlay = (char *)"",
					   .proxy = (char *)"/p",
					   .stub = (char *)"/s",
					   .vproc = (char *)"/v",
					   .backend = (char *)"process",
					   .memory_mb = 77,
					   .allow_read = none,
					   .allow_write = none,
					   .allow_syscall = none,
					   .environment = none};
}

/* A file with @content, and a registration behind it where @r is given. */
static int make(const struct nacre_registration *r, struct nacre_error *e)
{
	int fd = memfd_create("carried", MFD_CLOEXEC);

	if (fd < 0 || write(fd, content, sizeof(content)) != sizeof(content))
		exit(99);
	if (r && nacre_registration_carry(r, fd, e)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int read_back(int fd, struct nacre_registry *registry, struct nacre_error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return nacre_registry_carried(registry, path, e);
}

static void damaged(off_t from_end, int byte, const char *what)
{
	struct nacre_registration r = sample();
	struct nacre_registry registry;
	struct nacre_error e;
	int fd = make(&r, &e);
	char to = (char)byte;

	if (pwrite(fd, &to, 1, lseek(fd, 0, SEEK_END) - from_end) != 1)
		exit(99);
	tap_ok(read_back(fd, &registry, &e) == -1 && !registry.count && !registry.list,
	       "%s is refused: %.100s", what, e.msg);
	close(fd);
}

int main(void)
{
	struct nacre_registration r = sample();
	struct nacre_registry registry;
	struct nacre_error e;
	int fd = make(&r, &e);

	tap_ok(fd >= 0 && read_back(fd, &registry, &e) == 1 && registry.count == 1,
	       "a file carries a registration");
	tap_ok(registry.count == 1 && !strcmp(registry.list[0].name, "carried") &&
		       !strcmp(registry.list[0].extension, "/lib/x.so") &&
		       registry.list[0].memory_mb == 77,
	       "with its name and its values");
	nacre_registry_free(&registry);
	if (ftruncate(fd, lseek(fd, 0, SEEK_END) - 1))
		return 99;
	tap_ok(read_back(fd, &registry, &e) == 0 && !registry.count, "a mark that is cut short is none");
	close(fd);
	fd = make(NULL, &e);
	tap_ok(read_back(fd, &registry, &e) == 0 && !registry.count, "a file without a mark carries none");
	close(fd);
	tap_ok(nacre_registry_carried(&registry, "/nowhere/at/all", &e) == 0, "nor does one that is not there");
	damaged(88, '/', "a name that could not be a file's");
	damaged(24, 1, "a text of another size");
	damaged(17, 0x7f, "a size beyond the file");
	damaged(88 + 5, '\n', "a text that does not parse");
	r.name = (char *)"a/b";
	tap_ok(make(&r, &e) == -1, "a registration without a proper name is not written");
	return tap_done();
}
