/* SPDX-License-Identifier: BSD-2-Clause */
/* remote.h - the other computer: where it is, and the program that connects to it */
#ifndef NACRE_CONVERSION_REMOTE_H
#define NACRE_CONVERSION_REMOTE_H

#include "conversion/transfer/transfer.h"

/** struct nacre_remote - a destination user@host:DIR/NAME */
struct nacre_remote {
	char *host;       /* "user@host", as ssh takes it */
	char *root;       /* the directory there; "." where none was named */
	char *name;       /* of the machine in it */
	const char *ssh;  /* program and options, words between blanks; NULL: ssh */
	const char *nacre; /* the program there; NULL: nacre */
	uint64_t limit;   /* bytes per second; 0: as fast as it goes */
	bool nice;        /* at low priority there, too */
};

/** nacre_remote_is() - does @destination name another computer: is there a ':' before any '/'? */
bool nacre_remote_is(const char *destination);
/** nacre_remote_parse() - fill host, root and name; free them with nacre_remote_free(), also after an error */
int nacre_remote_parse(const char *destination, struct nacre_remote *remote, struct nacre_error *e);
void nacre_remote_free(struct nacre_remote *remote);
/** nacre_remote_open() - start the program, and `nacre receive` there. It ends with the sink */
struct nacre_sink *nacre_remote_open(const struct nacre_remote *remote, enum nacre_sink_mode mode, struct nacre_error *e);

#endif
