/* SPDX-License-Identifier: BSD-2-Clause */
/* generator.c - the program behind `nacre wrap`; see generate.c for why it is one */
#include "cli.h"
#include "extension/wrap/wrap.h"

#include <string.h>

/* OVERLAY EXTENSION DIRECTORY INCLUDE-DIRECTORY PROXY-LIBRARY build|write [FLAG]... */
int main(int argc, char **argv)
{
	struct nacre_wrap_options options;
	struct nacre_error e;

	if (argc < 7)
		return cli_error(NACRE_E_USAGE, argv[0], "a part of nacre: use `nacre wrap`");
	options = (struct nacre_wrap_options){
		.overlay = argv[1],
		.extension = *argv[2] ? argv[2] : NULL,
		.out = argv[3],
		.include_dir = argv[4],
		.proxy_lib = argv[5],
		.build = !strcmp(argv[6], "build"),
		.flags = (const char *const *)(argv + 7),
	};
	return nacre_wrap(&options, &e) ? cli_fail(NULL, &e) : NACRE_OK;
}
