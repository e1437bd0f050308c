/* SPDX-License-Identifier: BSD-2-Clause */
/* writer.c - writer DIRECTORY BYTES-PER-SECOND: the load of load.h until standard input ends; then its longest write in ms */
#include "load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct load *l;
	char c;

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	l = load_start(argv[1], strtoull(argv[2], NULL, 10));
	printf("writing\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	printf("%.1f\n", load_longest(l));
	load_stop(l);
	return 0;
}
