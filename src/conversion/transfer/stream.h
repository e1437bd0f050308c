/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.h - both ends of a connection: a sink that speaks, and who carries out what it says */
#ifndef NACRE_CONVERSION_STREAM_H
#define NACRE_CONVERSION_STREAM_H

#include "conversion/transfer/transfer.h"

/** struct nacre_stream_options - @in, @out: descriptors of the connection, closed with the sink */
struct nacre_stream_options {
	int in, out;
	int watch;          /* its end means that nobody waits for us any more; -1: none */
	const char *name;   /* of the machine */
	enum nacre_sink_mode mode;
	uint64_t limit;     /* bytes per second; 0: as fast as it goes */
	/** called once, after the descriptors were closed; may say better why the connection was lost. May be NULL */
	void (*ended)(void *arg, struct nacre_error *e);
	void *arg;
};

/** nacre_stream_open() - say hello, and hear what the VM host is */
struct nacre_sink *nacre_stream_open(const struct nacre_stream_options *o, struct nacre_error *e);
/** nacre_stream_sent() - bytes on the wire so far; 0 for a sink of another kind */
uint64_t nacre_stream_sent(const struct nacre_sink *sink);

/** struct nacre_serve_options - who carries out what comes in */
struct nacre_serve_options {
	int in, out; /* stay the caller's */
	/** where the machine called @name goes; @name is checked */
	struct nacre_sink *(*open)(void *arg, const char *name, enum nacre_sink_mode mode, struct nacre_error *e);
	void *arg;
};

/**
 * nacre_serve() - carry out instructions until bye, or until the other end is gone
 *
 * What was received and is not defined stays, unless the other end says otherwise. Errors are also told to the
 * other end. Return: 0 after bye; else -1.
 */
int nacre_serve(const struct nacre_serve_options *o, struct nacre_error *e);

#endif
