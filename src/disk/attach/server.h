/* SPDX-License-Identifier: BSD-2-Clause */
/* server.h - the process that decodes an image; theory of operation in attach.h */
#ifndef NACRE_DISK_ATTACH_SERVER_H
#define NACRE_DISK_ATTACH_SERVER_H

#include "attach.h"
#include "serve.h"

enum { NACRE_SHARED_PARTITIONS = 128 };

/**
 * struct nacre_shared - memory that the server and its keeper share
 *
 * The server writes, and says by a byte that it is done; the keeper makes one copy and checks that.
 */
struct nacre_shared {
	int failed;
	struct nacre_error error; /* why it failed; later, why the connection ended */
	char format[16];
	uint64_t size;
	uint32_t partition_count;
	struct {
		uint64_t start, length;
		int32_t number;
	} partitions[NACRE_SHARED_PARTITIONS];
	struct nacre_served served; /* of which the keeper reads `refused` and `error` */
};

/**
 * nacre_server_process() - open the image, say on @ready that it is, serve until the file system is gone
 * @device: the connection; -1: mount at @place
 *
 * Does not return. Exit status: 0: all that was written is in the image.
 */
void nacre_server_process(const struct nacre_attach_options *o, const char *image, int device, const char *place,
			  struct nacre_shared *shared, int ready) __attribute__((noreturn));

#endif
