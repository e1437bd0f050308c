/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h - can this program have its plug-ins redirected? */
#ifndef NACRE_CLI_HOST_H
#define NACRE_CLI_HOST_H

/** cli_host_find() - the file that @name means, by PATH as execvp(3) does; NULL after saying why */
char *cli_host_find(const char *name, int *code);

/**
 * cli_host_check() - will the dynamic linker honour an audit module in the program @path?
 *
 * Scripts are followed to their interpreter. Says on stderr why not, and what can be done.
 * Return: exit code, NACRE_OK when it will.
 */
int cli_host_check(const char *path);

#endif
