/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.h - what the commands that deal with machines share */
#ifndef NACRE_CLI_MACHINE_H
#define NACRE_CLI_MACHINE_H

#include "cli.h"
#include "conversion/convert.h"

/** cli_size() - "40G", "512MiB", "1048576": bytes, binary units. Return: false if it is none of these */
bool cli_size(const char *text, uint64_t *bytes);

/** cli_bytes() - "1.5 GiB", in one of a few static buffers */
const char *cli_bytes(uint64_t bytes);

/** struct cli_progress - one line on stderr, rewritten in place on a terminal, sparse elsewhere */
struct cli_progress {
	bool quiet, terminal, open;
	double began, shown;
};
/** cli_progress_says() - what a conversion calls; @p lives as long as it does */
struct nacre_convert_says cli_progress_says(struct cli_progress *p, bool quiet);
/** cli_progress_end() - finish the line that is open */
void cli_progress_end(struct cli_progress *p);

#endif
