/* SPDX-License-Identifier: BSD-2-Clause */
/* keeper.h - the process that holds an attached disk; theory of operation in attach.h */
#ifndef NACRE_DISK_ATTACH_KEEPER_H
#define NACRE_DISK_ATTACH_KEEPER_H

#include "attach.h"
#include "disk/image.h"

/** struct nacre_keeper_report - the first and only thing that a keeper says */
struct nacre_keeper_report {
	int failed;
	struct nacre_error error;
	struct nacre_attachment made;
};

/**
 * nacre_keeper_run() - attach, report to @report, and stay until SIGTERM or the end of the server
 * @image: its absolute path
 *
 * Runs in a process of its own and does not return. It has no descriptors but @report when it starts.
 */
void nacre_keeper_run(const struct nacre_attach_options *o, const char *image, const char *directory, int report)
	__attribute__((noreturn));

#endif
