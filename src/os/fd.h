/* SPDX-License-Identifier: BSD-2-Clause */
/* fd.h - descriptors in somebody else's process, who may close them and use their numbers again
 *
 * A host that becomes a daemon closes every descriptor that it sees. What is kept in a host is
 * therefore remembered with the identity of its file, and looked at again before it is closed or
 * written to. (On kernels before 6.9 all pidfds are one file to fstat(2): there only a number that
 * now means something else entirely is noticed.)
 */
#ifndef NACRE_OS_FD_H
#define NACRE_OS_FD_H

#include <stdbool.h>
#include <stdint.h>

struct nacre_fd {
	int fd; /* -1: none */
	uint64_t device, inode;
};

#define NACRE_NO_FD ((struct nacre_fd){.fd = -1})

/** nacre_fd_own() - remember @fd (-1: none) */
struct nacre_fd nacre_fd_own(int fd);
/** nacre_fd_ours() - is it still the file that it was? */
bool nacre_fd_ours(const struct nacre_fd *f);
/** nacre_fd_drop() - close it if it is ours; forget it */
void nacre_fd_drop(struct nacre_fd *f);

#endif
