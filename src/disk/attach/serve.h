/* SPDX-License-Identifier: BSD-2-Clause */
/* serve.h - the bytes of an image as one file of a FUSE file system */
#ifndef NACRE_DISK_ATTACH_SERVE_H
#define NACRE_DISK_ATTACH_SERVE_H

#include "disk/image.h"

#include <stdatomic.h>

#define NACRE_SERVED_NAME "disk.raw"

/**
 * struct nacre_served - what is served: [start, start + length) of @image
 * @refused: writes that the image did not take; @error: the first one's reason, once it is not 0
 */
struct nacre_served {
	struct nacre_image *image;
	uint64_t start, length;
	bool writable;
	atomic_uint refused;
	atomic_bool stopped; /* nothing is read or written any more: every request is EIO */
	struct nacre_error error;
};

struct nacre_server;

/** nacre_serve_device() - a new connection to the kernel. Return: descriptor, -1 */
int nacre_serve_device(struct nacre_error *e);
/**
 * nacre_serve_mount() - the file system of connection @device, mounted nowhere (needs root)
 *
 * Return: a descriptor for nacre_serve_open(); the file system lives as long as it or what it opened
 */
int nacre_serve_mount(int device, struct nacre_error *e);
/** nacre_serve_open() - the file in it; waits until somebody serves. Return: descriptor, -1 */
int nacre_serve_open(int mount, bool writable, struct nacre_error *e);

/**
 * nacre_server_new() - get ready to serve
 * @device: a connection, taken over where this succeeds; -1: make one by mounting at @place (fusermount3, without root)
 */
struct nacre_server *nacre_server_new(struct nacre_served *served, int device, const char *place,
				      struct nacre_error *e);
/**
 * nacre_server_flusher() - the calling thread, and those that it starts, write what memory waits for
 *
 * It does not wait for memory that becomes free by writing. Needs privileges; without them nothing happens.
 */
void nacre_server_flusher(void);
/** nacre_server_run() - answer until the file system is gone. Return: 0, -1: the connection broke */
int nacre_server_run(struct nacre_server *server, struct nacre_error *e);
/** nacre_server_free() - also NULL */
void nacre_server_free(struct nacre_server *server);

#endif
