/* SPDX-License-Identifier: BSD-2-Clause */
/* qmp.h - QEMU's control channel: JSON, one message per line */
#ifndef NACRE_MACHINE_QEMU_QMP_H
#define NACRE_MACHINE_QEMU_QMP_H

#include <nacre/error.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { NACRE_QMP_LINE = 1 << 20 }; /* bytes; QEMU's answers to our commands are far below */

/** struct nacre_qmp - an open channel; events are counted whenever messages are read */
struct nacre_qmp {
	int fd; /* non-blocking; -1: closed */
	char *buffer;
	size_t used, room;
	unsigned id;      /* of the last command */
	unsigned resets;  /* by the guest */
	bool shutdown;    /* the machine switched itself off */
	bool stopped;     /* it does not run any more */
	json_t *answer;   /* to the last command, once it is there */
};

/** nacre_qmp_open() - greet; @fd is taken over, also on an error */
int nacre_qmp_open(struct nacre_qmp *q, int fd, int timeout_ms, struct nacre_error *e);
void nacre_qmp_close(struct nacre_qmp *q);
/**
 * nacre_qmp_call() - one command, and wait for its answer
 * @arguments: NULL, or an object, which is taken over
 * @result:    NULL, or gets the answer's value, to be given back by json_decref()
 */
int nacre_qmp_call(struct nacre_qmp *q, const char *command, json_t *arguments, int timeout_ms,
		   json_t **result, struct nacre_error *e);
/** nacre_qmp_read() - take in what is there without waiting. Return: -1 when the channel is closed or talks nonsense */
int nacre_qmp_read(struct nacre_qmp *q, struct nacre_error *e);
/** nacre_qmp_feed() - the same for bytes that were read already */
int nacre_qmp_feed(struct nacre_qmp *q, const char *bytes, size_t size, struct nacre_error *e);

#endif
