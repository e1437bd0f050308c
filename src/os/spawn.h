/* SPDX-License-Identifier: BSD-2-Clause */
/* spawn.h - start a program that the calling process never has to wait for */
#ifndef NACRE_OS_SPAWN_H
#define NACRE_OS_SPAWN_H

#include <nacre/error.h>

/**
 * nacre_spawn_detached() - start @path from inside somebody else's process
 * @argv, @envp: as for execve(2)
 * @fds:   descriptors that the program gets as 3, 4, ...; at most 8
 *
 * The program is nobody's child: no SIGCHLD is raised, no zombie is left, and a waitpid(-1) of the host
 * never sees it. The cost does not depend on the caller's size, as nothing is copied. The program
 * leads a session of its own, gets default signal dispositions, an empty mask, /dev/null as its input, and the caller's standard
 * error as its output and standard error; every other descriptor is closed.
 */
int nacre_spawn_detached(const char *path, char *const argv[], char *const envp[], const int *fds,
			 int fd_count, struct nacre_error *e);

#endif
