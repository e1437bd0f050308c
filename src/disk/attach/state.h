/* SPDX-License-Identifier: BSD-2-Clause */
/* state.h - the files that say what is attached: DIRECTORY/ID.state, locked by the keeper as long as it lives */
#ifndef NACRE_DISK_ATTACH_STATE_H
#define NACRE_DISK_ATTACH_STATE_H

#include "attach.h"

/**
 * nacre_state_directory() - /run/nacre/attach for root, else below $XDG_RUNTIME_DIR, else below /tmp
 * @make: make it if it is not there
 *
 * Return: its path in new memory; NULL with @e set, where it is somebody else's for example
 */
char *nacre_state_directory(bool make, struct nacre_error *e);
/** nacre_state_write() - the file of @a, locked. Return: a descriptor that holds the lock, -1 */
int nacre_state_write(const char *directory, const struct nacre_attachment *a, struct nacre_error *e);
/** nacre_state_end() - say in it why the keeper ends */
void nacre_state_end(int fd, const char *why);
/** nacre_state_read() - @a->keeper: who holds the lock, 0: nobody. NACRE_E_ABSENT: there is no such file */
int nacre_state_read(const char *directory, const char *id, struct nacre_attachment *a, struct nacre_error *e);
void nacre_state_remove(const char *directory, const char *id);

#endif
