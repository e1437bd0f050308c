/* SPDX-License-Identifier: BSD-2-Clause */
/* wrap.h - an overlay becomes proxy, stub and audit report */
#ifndef NACRE_WRAP_WRAP_H
#define NACRE_WRAP_WRAP_H

#include <nacre/error.h>

#include <stdbool.h>

/**
 * struct nacre_wrap_options - what to make from what
 *
 * Strings belong to the caller; NULL where it says so.
 */
struct nacre_wrap_options {
	const char *overlay;   /* the overlay header */
	const char *extension; /* gives SONAME and symbol versions, and is compared; NULL: none */
	const char *out;       /* directory, made where it is missing */
	const char *const
		*flags; /* compiler flags for the overlay (-I.., -D..), NULL-ended; NULL: none */
	const char *include_dir; /* where nacre/proxy.h is; NULL: the installed headers */
	const char *proxy_lib;	 /* libnacre-proxy.a; NULL: the installed one */
	const char *soname;	 /* of the proxy; NULL: the extension's */
	const char *cc;		 /* compiler; NULL: $CC, else cc */
	bool build;		 /* compile proxy.so and stub.so as well */
};

/**
 * nacre_wrap() - write proxy.c, stub.c, audit.txt and symbols.map, and compile them on demand
 *
 * Makes @out/proxy.so and @out/stub.so where options->build is set. Return: 0; -1 with the file and
 * line of the overlay in @e and how to mend it.
 */
int nacre_wrap(const struct nacre_wrap_options *options, struct nacre_error *e);

#endif
