/* SPDX-License-Identifier: BSD-2-Clause */
/* shut.c - what a process of nacre gives up once it only works with what it has open
 *
 * The stages of a virtual process (extension/confine) without namespaces of its own: Landlock for the files,
 * seccomp for the calls, no capabilities. Where the image is a block device, its size is asked for by ioctl.
 */
#include "shut.h"

#include "extension/confine/confine.h"

#include <stddef.h>
#include <sys/stat.h>

int cli_shut(const char *image, bool writable, struct nacre_error *e)
{
	const char *const files[] = {image, NULL}, *const calls[] = {"ioctl", NULL};
	struct nacre_confinement c = {.means = nacre_confine_probe() & (NACRE_CONFINE_LANDLOCK | NACRE_CONFINE_SECCOMP)};
	struct stat st;

	if (image && writable)
		c.write = files;
	else if (image)
		c.read = files;
	if (image && stat(image, &st) == 0 && S_ISBLK(st.st_mode))
		c.syscalls = calls;
	if (nacre_confine_watch(NULL, e) < 0 || nacre_confine_files(&c, e) < 0 ||
	    nacre_confine_syscalls(&c, NULL, e) < 0)
		return -1;
	return nacre_confine_clone(&c, e);
}
