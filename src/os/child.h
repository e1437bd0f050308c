/* SPDX-License-Identifier: BSD-2-Clause */
/* child.h - a program of ours that never outlives us
 *
 * For commands, which own their process; a library inside a host uses spawn.h.
 */
#ifndef NACRE_OS_CHILD_H
#define NACRE_OS_CHILD_H

#include <nacre/error.h>

#include <stdbool.h>
#include <sys/types.h>

/** struct nacre_child - @pidfd is readable when the program has ended; -1: none was started */
struct nacre_child {
	pid_t pid;
	int pidfd;
	int status; /* as waitpid(2) has it, once it has ended */
};

#define NACRE_NO_CHILD ((struct nacre_child){.pid = -1, .pidfd = -1})

/**
 * nacre_child_start() - start a program
 * @program: a path, or a name that is looked for in PATH; NACRE_E_ABSENT where there is none
 * @argv:    as for execve(2), with the name first
 * @fds:     descriptors that it gets as 3, 4, ...; at most 40. All others are closed
 * @output:  its standard output and standard error; its input is /dev/null
 *
 * It leads a session of its own, so that Ctrl-C is ours alone to handle, and is killed when the thread
 * that started it ends, whatever the reason. Signal dispositions and mask are the default ones.
 */
int nacre_child_start(struct nacre_child *child, const char *program, char *const argv[],
		      const int *fds, int fd_count, int output, struct nacre_error *e);
/** nacre_child_ended() - wait at most @timeout_ms (-1: without end) for its end */
bool nacre_child_ended(struct nacre_child *child, int timeout_ms);
/** nacre_child_kill() - end it, collect it, close the descriptor; also where there is none */
void nacre_child_kill(struct nacre_child *child);

#endif
