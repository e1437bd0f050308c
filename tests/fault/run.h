/* SPDX-License-Identifier: BSD-2-Clause */
/* run.h - one run of the fault campaign: a host with its workload, and what is done to its extension */
#ifndef NACRE_TESTS_RUN_H
#define NACRE_TESTS_RUN_H

#include "place.h"

#include <stdbool.h>
#include <stdint.h>

enum { RUN_CALLS = 4096, RUN_DEADLINE_MS = 1000, RUN_LATE_MS = 200 };

/** struct record - one call of the host; @end is 0 while it lasts */
struct record {
	uint64_t start, end; /* CLOCK_MONOTONIC, ns */
	unsigned long result;
	const char *name;
	double busy_ms; /* without the time that the thread waited for a processor */
};

/** struct run - shared by the driver and the host of one run */
struct run {
	uint64_t seed;
	char module[256]; /* the proxy */
	volatile uint32_t begun;
	volatile uint32_t injected; /* the driver: the fault is in */
	uint64_t fault_at;
	volatile bool recovered;
	struct record calls[RUN_CALLS];
};

/** draw() - a pseudo-random number; the seed is the state */
uint64_t draw(uint64_t *seed);

/* workload.c: the host */
/** workload() - call until a while after the fault; Return: exit status */
int workload(struct run *r);
/** workload_declared() - is it a result that PKCS#11 has? */
bool workload_declared(unsigned long result);
const char *workload_result(unsigned long result);

/* token.c: what SoftHSM2 works on */
/** token_make() - a token with keys below @dir, whose softhsm2.conf names it */
bool token_make(const char *library, const char *dir);
/** token_copy() - a token like that of @from below @to */
bool token_copy(const char *from, const char *to);
/** token_is_whole() - without nacre: has the token that $SOFTHSM2_CONF names its key? */
bool token_is_whole(const char *library);
#define TOKEN_LABEL "campaign"
#define TOKEN_PIN   "1234"

/** struct fault_kind - what can be done; a list ends with a NULL name */
struct fault_kind {
	const char *name;
	/* @host: the host process; Return: false where it could not be done */
	bool (*inject)(const struct place *p, pid_t host, uint64_t *seed, int argument);
	int argument;
};

/* inject.c */
extern const struct fault_kind fault_kinds[];
/** inject_possible() - may this process write into others' memory? */
bool inject_possible(const char **why);

#endif
