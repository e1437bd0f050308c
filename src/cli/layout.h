/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.h - where the parts of nacre are, and where registrations are kept */
#ifndef NACRE_CLI_LAYOUT_H
#define NACRE_CLI_LAYOUT_H

#include <stdbool.h>

/** struct cli_layout - absolute paths; whether they exist is for the user of each to see */
struct cli_layout {
	bool built;	     /* run from the build tree */
	char *vproc;	     /* the nacre-vproc program */
	char *mount;	     /* the nacre-mount program */
	char *audit;	     /* nacre-audit.so */
	char *generator;     /* the nacre-generator program */
	char *include;	     /* the directory that holds nacre/overlay.h */
	char *proxy_library; /* libnacre-proxy.a */
	char *overlays;	     /* directory of shipped overlays: NAME.h */
	char *pairs;	     /* directory of ready pairs: NAME/{proxy.so,stub.so,audit.txt} */
	char *drivers;	     /* directory of file-system drivers: TYPE.so; their pair is pairs/fs */
};

/** cli_layout_find() - beside the build tree when this program is in it, else as installed */
void cli_layout_find(struct cli_layout *l);
void cli_layout_free(struct cli_layout *l);

/** struct cli_places - where this user's registrations go */
struct cli_places {
	char *conf; /* directory of drop-in files */
	char *data; /* directory with one directory per registration */
};

/** cli_places_find() - $NACRE_REGISTRY, the system's for root, else the user's. Return: exit code
 */
int cli_places_find(struct cli_places *p);
void cli_places_free(struct cli_places *p);

/** cli_absolute() - @path from / on, without touching the file system; new memory */
char *cli_absolute(const char *path);

/** cli_canonical() - the real directory and the name as it was given: a link stays a link */
char *cli_canonical(const char *path);

#endif
