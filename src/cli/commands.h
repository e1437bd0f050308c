/* SPDX-License-Identifier: BSD-2-Clause */
/* commands.h - the verbs, one cmd_<verb>.c each */
#ifndef NACRE_CLI_COMMANDS_H
#define NACRE_CLI_COMMANDS_H

#include "cli.h"

extern const struct cli_command cli_cmd_attach, cli_cmd_boot, cli_cmd_completion, cli_cmd_convert, cli_cmd_detach,
	cli_cmd_exec, cli_cmd_help, cli_cmd_inspect,
	cli_cmd_list, cli_cmd_log, cli_cmd_probe, cli_cmd_receive, cli_cmd_register, cli_cmd_repair, cli_cmd_tracking, cli_cmd_unregister, cli_cmd_version,
	cli_cmd_wrap;

#endif
