/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c - can this program have its plug-ins redirected?
 *
 * DOC: Theory of Operation
 *
 * The redirection is done by the host's own dynamic linker (extension/redirect/). Where that cannot
 * work the plug-in would be loaded into the host as if nacre was not there: such a host is
 * refused, with the reason. The reasons are a program without a dynamic linker, one whose
 * linker has no audit modules, one for another machine, and secure execution (AT_SECURE, see
 * ld.so(8)), in which the linker ignores LD_AUDIT. The rules for the last are those of the kernel's
 * cap_bprm_creds_from_file().
 */
#include "host.h"
#include "cli.h"

#include "base/auto.h"
#include "os/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SCRIPT_DEPTH = 5, /* as the kernel has it */ SCRIPT_LINE = 256 };

static bool runnable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Search PATH; *@blocked is set when a file was there that cannot be run. */
static char *search(const char *name, bool *blocked)
{
	const char *path = getenv("PATH");

	if (!path)
		path = "/bin:/usr/bin";
	for (const char *p = path;; p++) {
		size_t size = strcspn(p, ":");
		char *file = cli_format("%.*s%s%s", (int)size, p, size ? "/" : "./", name);

		if (runnable(file))
			return file;
		if (!access(file, F_OK))
			*blocked = true;
		free(file);
		p += size;
		if (!*p)
			return NULL;
	}
}

char *cli_host_find(const char *name, int *code)
{
	bool blocked = false;
	char *file;

	if (strchr(name, '/')) {
		blocked = !access(name, F_OK);
		file = runnable(name) ? cli_format("%s", name) : NULL;
	} else {
		file = *name ? search(name, &blocked) : NULL;
	}
	if (file)
		return file;
	if (blocked)
		*code = cli_error(NACRE_E_SYSTEM, name,
				  "cannot be run: it is not an executable file for this user");
	else
		*code = cli_error(NACRE_E_ABSENT, name, "no such program: check the name%s",
				  strchr(name, '/') ? "" : " and PATH");
	return NULL;
}

/* Does the kernel honour set-id bits and capabilities of this file? */
static bool privileges_count(int fd)
{
	struct statvfs fs;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	       !(fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOSUID));
}

static int check_privileges(const char *path, int fd)
{
	struct stat st;
	const char *why = NULL;

	if (getuid() != geteuid() || getgid() != getegid())
		return cli_error(NACRE_E_SUPPORT, path,
				 "nacre itself runs with changed user or group ids, so the dynamic "
				 "linker would ignore the redirection: start it without them");
	if (fstat(fd, &st))
		return cli_error(NACRE_E_SYSTEM, path, "cannot stat: %s", strerror(errno));
	if (!privileges_count(fd))
		return NACRE_OK;
	if ((st.st_mode & S_ISUID) && st.st_uid != geteuid())
		why = "is setuid";
	else if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		 st.st_gid != getegid())
		why = "is setgid";
	else if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		why = "has file capabilities";
	if (!why)
		return NACRE_OK;
	return cli_error(
		NACRE_E_SUPPORT, path,
		"%s, and the dynamic linker ignores redirections in such programs: run it as "
		"the user that it changes to, or run a copy of it without that bit",
		why);
}

static int check_loader(const char *path, const char *loader)
{
	const char *slash = strrchr(loader, '/'), *name = slash ? slash + 1 : loader;

	if (strncmp(name, "ld-linux", 8) && strncmp(name, "ld.so", 5) &&
	    strncmp(name, "ld64.so", 7))
		return cli_error(
			NACRE_E_SUPPORT, path,
			"its dynamic linker %s is not glibc's, and only that one can redirect",
			loader);
	return NACRE_OK;
}

static int check_elf(const char *path, int fd, const struct nacre_elf *elf)
{
	if (elf->bits == 32)
		return cli_error(
			NACRE_E_SUPPORT, path,
			"a 32-bit program: its plug-ins are 32-bit too, and nacre runs 64-bit "
			"ones only");
	if (!elf->native)
		return cli_error(NACRE_E_SUPPORT, path, "a program for another machine");
	if (!elf->program && !elf->interpreter[0])
		return cli_error(NACRE_E_SUPPORT, path, "a library, not a program");
	if (!elf->interpreter[0])
		return cli_error(
			NACRE_E_SUPPORT, path,
			"a static program: it has no dynamic linker that could load a proxy "
			"instead of a plug-in; use a dynamically linked build");
	if (check_loader(path, elf->interpreter))
		return NACRE_E_SUPPORT;
	return check_privileges(path, fd);
}

/* The interpreter that a script's first line names; NULL when there is none. */
static char *script_interpreter(int fd)
{
	char line[SCRIPT_LINE + 1];
	ssize_t n = pread(fd, line, SCRIPT_LINE, 0);
	size_t skip;

	if (n < 3 || memcmp(line, "#!", 2))
		return NULL;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	skip = 2 + strspn(line + 2, " \t");
	line[skip + strcspn(line + skip, " \t")] = 0;
	return line[skip] ? cli_format("%s", line + skip) : NULL;
}

static int check(const char *path, int depth)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	NACRE_AUTO_FREE char *interpreter = NULL;
	struct nacre_elf elf;
	struct nacre_error e;
	int code;

	if (fd < 0)
		return cli_error(NACRE_E_SYSTEM, path, "cannot be examined: %s", strerror(errno));
	if (nacre_elf_read(fd, path, &elf, &e))
		return cli_fail(path, &e);
	if (elf.bits)
		return check_elf(path, fd, &elf);
	interpreter = script_interpreter(fd);
	if (!interpreter)
		return cli_error(
			NACRE_E_SUPPORT, path,
			"neither an ELF program nor a script that begins with #!: start it by "
			"its interpreter");
	if (depth == SCRIPT_DEPTH)
		return cli_error(NACRE_E_SUPPORT, path, "too many scripts that interpret scripts");
	code = check(interpreter, depth + 1);
	if (code)
		cli_error((enum nacre_code)code, path,
			  "is a script for %s, which is what would run", interpreter);
	return code;
}

int cli_host_check(const char *path)
{
	return check(path, 0);
}
