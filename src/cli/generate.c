/* SPDX-License-Identifier: BSD-2-Clause */
/* generate.c - run the generator with this installation's parts */
#include "generate.h"
#include "cli.h"

int cli_generate(const char *overlay, const char *extension, const char *dir,
		 const char *const *include, bool build, const struct cli_layout *l)
{
	(void)extension;
	(void)dir;
	(void)include;
	(void)build;
	(void)l;
	return cli_error(NACRE_E_SUPPORT, overlay, "this build of nacre has no generator");
}
