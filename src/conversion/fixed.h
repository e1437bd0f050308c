/* SPDX-License-Identifier: BSD-2-Clause */
/* fixed.h - what was fixed before it came here: the list of changes, and the journal that takes them back
 *
 * Both come from the other end of a connection. Of a change the words are known ones and the texts are texts; the
 * journal is a file of a fixed name, bounded, and read through before the machine gets its name. What a journal
 * puts back later it puts into the guest, whose files its sender had in hand anyway.
 */
#ifndef NACRE_CONVERSION_FIXED_H
#define NACRE_CONVERSION_FIXED_H

#include "conversion/fixup/fixup.h"

/** struct nacre_fixed - zero-initialised */
struct nacre_fixed {
	struct nacre_change *changes;
	size_t count, room, texts; /* @texts: bytes of the changes' texts */
	int undo;                  /* descriptor of the journal; 0: there is none yet */
	size_t undo_size;
};

/** nacre_fixed_change() - copy @change; one whose words are not known is refused */
int nacre_fixed_change(struct nacre_fixed *f, const struct nacre_change *change, struct nacre_error *e);
/** nacre_fixed_undo() - the next bytes of the journal in directory @path, which is made by the first */
int nacre_fixed_undo(struct nacre_fixed *f, const char *path, const void *data, size_t size, struct nacre_error *e);
/** nacre_fixed_end() - the journal, if there is one, is whole and on the disk */
int nacre_fixed_end(struct nacre_fixed *f, const char *path, struct nacre_error *e);
void nacre_fixed_free(struct nacre_fixed *f);

#endif
