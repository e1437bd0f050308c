/* SPDX-License-Identifier: BSD-2-Clause */
/* error.h - what went wrong, for a person and for a program */
#ifndef NACRE_ERROR_H
#define NACRE_ERROR_H

#include <stdarg.h>

/**
 * enum nacre_code - the kinds of failure that callers tell apart
 *
 * The numbers are also the exit codes of the `nacre` command, so they only ever grow.
 */
enum nacre_code {
	NACRE_OK = 0,
	NACRE_E_FAILED = 1,   /* anything without a code of its own */
	NACRE_E_USAGE = 2,    /* the caller's words are off */
	NACRE_E_INPUT = 3,    /* a file, an overlay, a message is malformed */
	NACRE_E_SYSTEM = 4,   /* the operating system refused; `sys` holds errno */
	NACRE_E_ABSENT = 5,   /* something named does not exist */
	NACRE_E_EXISTS = 6,   /* something is there already */
	NACRE_E_SUPPORT = 7,  /* this machine or this file cannot do it */
	NACRE_E_LOST = 8,     /* the virtual process ended or hung */
	NACRE_E_VIOLATION = 9 /* the virtual process broke the protocol or the interface */
};

/**
 * struct nacre_error - one failure, owned by the caller
 * @code:  one of enum nacre_code
 * @sys:   errno at the failure, 0 where there is none
 * @where: the object that it concerns: a file, a line, a function
 * @msg:   the reason and, where there is one, the remedy; one sentence without a newline
 *
 * Functions that can fail take it as their last parameter (NULL: not wanted) and return -1 or NULL.
 */
struct nacre_error {
	int code;
	int sys;
	char where[48];
	char msg[192];
};

/**
 * nacre_error_set() - describe a failure
 * @e:   filled; may be NULL
 * @sys: errno, appended to the message as text when it is not 0
 *
 * Return: always -1, so that a caller can write `return nacre_error_set(...)`.
 */
int nacre_error_set(struct nacre_error *e, enum nacre_code code, int sys, const char *where,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/**
 * nacre_error_add() - put context before a message on its way up ("while ...: message")
 *
 * Return: always -1.
 */
int nacre_error_add(struct nacre_error *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
