/* SPDX-License-Identifier: BSD-2-Clause */
/* store.h - the data directory of a registration: its own copies of proxy and stub
 *
 * Each registration has its own copy of the proxy, because both the dynamic linker and the proxy
 * itself tell objects apart by inode. A directory is filled under a temporary name and then takes
 * its place in one step. MANIFEST lists what `register` put there: only that is ever removed.
 */
#ifndef NACRE_CLI_STORE_H
#define NACRE_CLI_STORE_H

#include "extension/registry/registry.h"

#include <stdbool.h>

#define STORE_STUB     "nacre-stub.so"
#define STORE_AUDIT    "audit.txt"
#define STORE_MANIFEST "MANIFEST"
#define STORE_LEARNED  ".learned" /* beside them: what exec --learn finds out; no name begins so */

/** struct store - one data directory in the making */
struct store {
	char *final, *temp;
	bool swapped; /* .temp holds what was there before */
};

/* All: 0, or -1 with @e filled. */

/** store_begin() - make the temporary directory for @data/@name; store_end() follows in any case */
int store_begin(struct store *s, const char *data, const char *name, struct nacre_error *e);
/** store_copy() - put a copy of @from in it, as @name */
int store_copy(struct store *s, const char *from, const char *name, bool program,
	       struct nacre_error *e);
/** store_commit() - the directory takes its place */
int store_commit(struct store *s, struct nacre_error *e);
/** store_revert() - as it was before store_commit() */
void store_revert(struct store *s);
/** store_end() - remove what is left under the temporary name */
void store_end(struct store *s);

/** store_remove() - remove what MANIFEST lists, and the directory unless others put files there */
int store_remove(const char *dir, struct nacre_error *e);

/** store_remove_tree() - remove a temporary directory of our own with everything in it */
void store_remove_tree(const char *dir);

/** store_make_directories() - mkdir -p */
int store_make_directories(const char *dir, struct nacre_error *e);

/** store_problem() - what keeps @r from working, as a sentence in new memory; NULL: nothing */
char *store_problem(const struct nacre_registration *r);

#endif
