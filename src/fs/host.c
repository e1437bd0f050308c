/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - a proxy for one volume alone
 *
 * DOC: Theory of Operation
 *
 * All volumes of a type have the same proxy code, but each needs limits, a quarantine and a virtual
 * process of its own. The dynamic linker tells libraries apart by name and by inode, so each volume
 * loads a copy: an anonymous file in memory, which carries its registration behind its last byte
 * (nacre_registration_carry()). Nothing has a name in any directory, so nothing is left behind, however
 * this process ends.
 *
 * The copy is loaded as /proc/self/fd/N. N stays open as long as the library is loaded, so no two
 * loaded copies have one name; and a name that a library kept beyond its dlclose() is passed over.
 */
#include "host.h"

#include "base/auto.h"
#include "extension/registry/registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

enum { MEMORY_MB = 256, COPY_CHUNK = 65536, SAME_NAME = 16 };

/* An anonymous file that may be mapped for execution: in memory, or unlinked where that is forbidden. */
static int anonymous(void)
{
	int fd = memfd_create("nacre-volume", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("nacre-volume", MFD_CLOEXEC);
	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
	return fd;
}

static int copy(int from, int to)
{
	char buffer[COPY_CHUNK];
	ssize_t n, done, m;

	while ((n = read(from, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		for (done = 0; done < n; done += m)
			if ((m = write(to, buffer + done, (size_t)(n - done))) < 0)
				return -1;
	}
	return 0;
}

static int carry(int fd, const struct nacre_volume_parts *parts, const char *proxy, const char *type,
		 const char *name, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *stub = NULL, *driver = NULL;
	char *none[] = {NULL};

	if (asprintf(&stub, "%s/stub.so", parts->pair) < 0)
		stub = NULL;
	if (asprintf(&driver, "%s/%s.so", parts->drivers, type) < 0)
		driver = NULL;
	if (!stub || !driver)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, name, "cannot name its parts");
	if (access(driver, R_OK))
		return nacre_error_set(e, NACRE_E_SUPPORT, errno, name,
				       "there is no driver for %s here (%.100s)", type, driver);
	return nacre_registration_carry(
		&(struct nacre_registration){.name = (char *)(uintptr_t)name,
					     .file = (char *)(uintptr_t)name,
					     .extension = driver,
					     .soname = (char *)(uintptr_t)"",
					     .interface = (char *)(uintptr_t)"fs",
					     .proxy = (char *)(uintptr_t)proxy,
					     .stub = stub,
					     .vproc = (char *)(uintptr_t)parts->vproc,
					     .backend = (char *)(uintptr_t)"process",
					     .deadline_ms = parts->deadline_ms,
					     .memory_mb = parts->memory_mb ? parts->memory_mb : MEMORY_MB,
					     .allow_read = none,
					     .allow_write = none,
					     .allow_syscall = none,
					     .environment = none},
		fd, e);
}

static int load(struct nacre_fs_host *host, struct nacre_error *e)
{
	char path[64];
	void *known;
	int fd;

	for (int i = 0;; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", host->fd);
		known = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
		if (!known)
			break;
		dlclose(known);
		fd = i < SAME_NAME ? fcntl(host->fd, F_DUPFD_CLOEXEC, host->fd + 1) : -1;
		if (fd < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, EMFILE, path, "no free name for a proxy");
		close(host->fd);
		host->fd = fd;
	}
	host->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!host->library)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, path, "cannot load the proxy: %.150s",
				       dlerror());
	return 0;
}

#define CALL(name)                                                                                 \
	{                                                                                          \
		"nacre_fs_" #name, offsetof(struct nacre_fs_calls, name)                           \
	}

static int resolve(struct nacre_fs_host *host, struct nacre_error *e)
{
	static const struct {
		const char *name;
		size_t at;
	} calls[] = {CALL(open),	  CALL(close),	       CALL(sync),	    CALL(describe),
		     CALL(map),		  CALL(stat),	       CALL(list),	    CALL(read_link),
		     CALL(read_file),	  CALL(create),	       CALL(write_file),    CALL(truncate),
		     CALL(link_symbolic), CALL(remove),	       CALL(rename),	    CALL(get_attribute),
		     CALL(set_attribute), CALL(file_map), CALL(list_attributes), CALL(set_owner),    CALL(set_times),
		     CALL(resize)};
	void *function;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		function = dlsym(host->library, calls[i].name);
		if (!function)
			return nacre_error_set(e, NACRE_E_ABSENT, 0, calls[i].name,
					       "the proxy lacks it: build or install nacre anew");
		memcpy((char *)&host->calls + calls[i].at, &function, sizeof(function));
	}
	return 0;
}

int nacre_fs_host_load(struct nacre_fs_host *host, const struct nacre_volume_parts *parts,
		       const char *type, const char *name, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *proxy = NULL;
	NACRE_AUTO_FD int from = -1;

	host->library = NULL;
	host->fd = -1;
	if (asprintf(&proxy, "%s/proxy.so", parts->pair) < 0) {
		proxy = NULL;
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, name, "cannot name its proxy");
	}
	from = open(proxy, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return nacre_error_set(e, NACRE_E_ABSENT, errno, name,
				       "cannot open %.100s: install nacre anew", proxy);
	host->fd = anonymous();
	if (host->fd < 0 || copy(from, host->fd) < 0)
		nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot copy the proxy");
	else if (carry(host->fd, parts, proxy, type, name, e) == 0 && load(host, e) == 0 &&
		 resolve(host, e) == 0)
		return 0;
	nacre_fs_host_unload(host);
	return -1;
}

void nacre_fs_host_unload(struct nacre_fs_host *host)
{
	if (host->library)
		dlclose(nacre_steal(host->library));
	if (host->fd >= 0)
		close(nacre_steal_fd(&host->fd));
}
