/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.h - clocks, series of samples, and the rows of the table
 *
 * A bench takes its samples of both sides in turn (A B A B ...), so that a drift of the machine meets
 * both, and prints one row per figure: fields with tabs between them, which bench/run makes a table
 * of. Its first argument divides the number of samples: 1 for figures, more for a quick look.
 */
#ifndef NACRE_BENCH_H
#define NACRE_BENCH_H

#include <stddef.h>
#include <stdint.h>

/** struct series - samples of one thing, in ns */
struct series {
	double *at;
	size_t count, room;
	int sorted;
};

double now_ns(void);
void series_add(struct series *s, double ns);
/** series_quantile() - 0.5 for the median */
double series_quantile(struct series *s, double q);

/** samples() - how many to take: @full divided by the first argument, at least 2 */
size_t samples(size_t full);
/** bench_begin() - look at the arguments; ends the program with @usage where there are too few */
void bench_begin(int argc, char **argv, int at_least, const char *usage);

/** row_most() - a row whose wanted ratio ours : theirs is at most @most; 0: nothing is wanted */
void row_most(const char *what, struct series *ours, const char *peer, struct series *theirs,
	      double most);
/** row_faster() - a row for which ours is wanted @times faster than theirs */
void row_faster(const char *what, struct series *ours, const char *peer, struct series *theirs,
		double times);
/** row_limit() - a row whose median is wanted to be at most @limit_ns */
void row_limit(const char *what, struct series *ours, double limit_ns);
/** row_bytes() - an amount of memory, wanted to be at most @limit KiB */
void row_bytes(const char *what, double kib, double limit);

/** the_cpu() - the number of the @n-th CPU that this program may use, or -1 */
int the_cpu(int n);
void pin_to(int cpu);

/** library() - open @path; symbol() - look a name up in it; both end the program on failure */
void *library(const char *path);
void *symbol(void *handle, const char *name);
/** check() - end the program with @what where @well does not hold: wrong answers have no speed */
void check(int well, const char *what);

#endif
