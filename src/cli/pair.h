/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.h - the proxy and the stub for an overlay: shipped ready-made, or generated now */
#ifndef NACRE_CLI_PAIR_H
#define NACRE_CLI_PAIR_H

#include "layout.h"

/** struct cli_overlay - an overlay that a user named */
struct cli_overlay {
	char *path;	 /* the header, absolute */
	char *interface; /* the name that its NACRE_INTERFACE declares */
	bool shipped;	 /* it came with nacre: there may be a ready pair */
};

/**
 * cli_overlay_find() - what @word means: a shipped interface's name or a path
 *
 * Says on stderr what is wrong. Return: exit code. cli_overlay_free() in any case.
 */
int cli_overlay_find(struct cli_overlay *o, const char *word, const struct cli_layout *l);
void cli_overlay_free(struct cli_overlay *o);

/** struct cli_pair - three files to be copied */
struct cli_pair {
	char *proxy, *stub, *audit;
	char *temp; /* the directory they were generated in; NULL for a shipped pair */
};

/**
 * cli_pair_make() - the pair for @o, shipped or generated for @extension in a temporary directory
 * @include: directories for the overlay's headers, NULL-ended; may be NULL
 *
 * Says on stderr what is wrong. Return: exit code. cli_pair_free() in any case; it removes .temp.
 */
int cli_pair_make(struct cli_pair *p, const struct cli_overlay *o, const char *extension,
		  const char *const *include, const struct cli_layout *l);
void cli_pair_free(struct cli_pair *p);

/** cli_pair_is_shipped() - can the pair be had without a compiler? */
bool cli_pair_is_shipped(const struct cli_overlay *o, const struct cli_layout *l);

#endif
