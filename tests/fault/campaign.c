/* SPDX-License-Identifier: BSD-2-Clause */
/* campaign.c - many hosts, one fault each at a random moment: do all survive, in time, with known errors?
 *
 *	campaign [--runs N] [--seed N] [--json FILE] [--tap] [--only KIND] [--verbose]
 *
 * Each run starts a PKCS#11 host whose SoftHSM2 runs behind a proxy, waits for a random call, does
 * one thing to the virtual process, its zygote or its keeper, and looks at every call that the host
 * made. The same seed makes the same draws; the moment within a call is the machine's.
 */
#include "run.h"
#include "tell.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { KINDS_MAX = 32, HOST_MS = 60000, REPEATS = 3 };

/** struct tally - what has been seen of one kind of fault */
struct tally {
	int runs, skipped, deaths, hangs, undeclared, early, errors, none, served, signs, damaged, left;
	double *ms; /* from fault to error */
	int ms_count;
};

static struct tally tallies[KINDS_MAX];
static int starved_runs;
static struct {
	int runs;
	uint64_t seed;
	const char *json, *only;
	bool tap, verbose;
} options = {.runs = 2000, .seed = 1};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int host_main(const struct victim *v, void *arg)
{
	(void)v;
	return workload(arg);
}

static void place_for_run(struct place *p, struct run *r, const struct place *master)
{
	char more[1200];

	place_make(p, "campaign");
	p->interface = "pkcs11";
	if (!token_copy(master->dir, p->dir)) {
		printf("Bail out! the token cannot be copied\n");
		exit(99);
	}
	snprintf(more, sizeof(more), "deadline_ms = %d\nallow_read = %s/softhsm2.conf\nallow_write = %s/tokens\n",
		 RUN_DEADLINE_MS, p->dir, p->dir);
	place_register(p, more);
	snprintf(r->module, sizeof(r->module), "%s", p->proxy);
}

/* Let the host come as far as call @at, and a little into it; then do it. */
static bool inject(const struct fault_kind *kind, const struct place *p, const struct host *h,
		   struct run *r, uint64_t *seed)
{
	uint32_t at = 12 + (uint32_t)(draw(seed) % 60);
	double until = now_ms() + 10000;
	uint64_t pause = draw(seed) % 2000;
	bool done = false;

	while (r->begun < at && now_ms() < until)
		usleep(50);
	usleep((useconds_t)pause);
	r->fault_at = now_ns();
	for (int i = 0; i < 3 && !done; i++)
		done = kind->inject(p, h->pid, seed, kind->argument);
	r->injected = 1;
	return done;
}

static void add_ms(struct tally *t, double ms)
{
	double *more = realloc(t->ms, (size_t)(t->ms_count + 1) * sizeof(*more));

	if (!more)
		abort();
	t->ms = more;
	t->ms[t->ms_count++] = ms;
}

static void say_call(const struct fault_kind *kind, uint64_t seed, const struct record *c, const char *what)
{
	const char *name = workload_result(c->result);

	printf("# %s, seed %llu: %s: %s, result %#lx (%s), %.1f ms\n", kind->name,
	       (unsigned long long)seed, c->name, what, c->result, name ? name : "unknown", c->busy_ms);
}

/*
 * SoftHSM2 rewrites a token's file in place when a user logs in. Ended at that moment, with nacre or
 * without, it leaves a token that has lost its keys: that is no matter of recovery.
 */
static void judge_recovery(struct tally *t, const struct run *r)
{
	if (r->recovered)
		t->signs++;
	else if (!token_is_whole(getenv("NACRE_TEST_EXTENSION")))
		t->damaged++;
}

static void judge_calls(const struct fault_kind *kind, struct tally *t, const struct run *r, uint64_t seed)
{
	uint32_t n = r->begun < RUN_CALLS ? r->begun : RUN_CALLS;
	bool hung = false, undeclared = false, erred = false, early = false, served = false;

	for (uint32_t i = 0; i < n; i++) {
		const struct record *c = &r->calls[i];

		if (!c->end)
			continue; /* the host ended in it; that is judged elsewhere */
		if (c->busy_ms > RUN_DEADLINE_MS + RUN_LATE_MS && !hung) {
			hung = true;
			say_call(kind, seed, c, "beyond its deadline");
		}
		if (!workload_declared(c->result) && !undeclared) {
			undeclared = true;
			say_call(kind, seed, c, "not a result of PKCS#11");
		}
		if (c->result && c->end < r->fault_at && !early) {
			early = true;
			say_call(kind, seed, c, "failed before the fault");
		}
		served |= erred && !c->result;
		if (c->result && c->end >= r->fault_at && !erred) {
			erred = true;
			add_ms(t, (double)(c->end - r->fault_at) / 1e6);
		}
	}
	t->hangs += hung;
	t->undeclared += undeclared;
	t->early += early;
	t->errors += erred;
	t->none += !erred;
	t->served += served;
	if (erred)
		judge_recovery(t, r);
	if (options.verbose && erred && (!r->recovered || !served))
		for (uint32_t i = 0; i < n; i++)
			if (r->calls[i].result && r->calls[i].end)
				say_call(kind, seed, &r->calls[i],
					 served ? "does not sign again" : "is not served again");
}

/*
 * A machine with too much else to do can let a call pass its deadline before anything has been done to
 * it: that says nothing about faults. Such a run is told in the end, and done again.
 */
static bool starved(const struct run *r)
{
	for (uint32_t i = 0; i < r->begun && i < RUN_CALLS; i++)
		if (r->calls[i].end && r->calls[i].end < r->fault_at && r->calls[i].result)
			return r->calls[i].end - r->calls[i].start >= (RUN_DEADLINE_MS - 1) * 1000000ull;
	return false;
}

static void judge(const struct fault_kind *kind, struct tally *t, const struct run *r, uint64_t seed,
		  int status)
{
	t->runs++;
	if (status) {
		t->deaths++;
		printf("# %s, seed %llu: the host: %s, in call %u (%s)\n", kind->name,
		       (unsigned long long)seed, host_ended(status), r->begun,
		       r->begun ? r->calls[(r->begun - 1) % RUN_CALLS].name : "none");
	}
	judge_calls(kind, t, r, seed);
}

/* Return: false where the machine was too slow for it */
static bool attempt(const struct fault_kind *kind, struct tally *t, uint64_t seed, const struct place *master)
{
	struct run *r = shared(sizeof(*r));
	uint64_t draws = seed;
	struct place p;
	struct host h;
	bool injected, slow;
	int status;

	r->seed = draw(&draws);
	place_for_run(&p, r, master);
	host_start(&h, NULL, host_main, r);
	injected = inject(kind, &p, &h, r, &draws);
	status = host_end(&h, HOST_MS);
	slow = starved(r);
	if (!slow)
		judge(kind, t, r, seed, status);
	t->skipped += !slow && !injected;
	if (!place_is_left(&p, 1000)) {
		t->left++;
		printf("# %s, seed %llu: processes were left\n", kind->name, (unsigned long long)seed);
		place_end_all(&p);
	}
	place_remove(&p);
	munmap(r, sizeof(*r));
	return !slow;
}

static void one_run(int number, const struct place *master)
{
	uint64_t seed = options.seed * 1000003 + (uint64_t)number;
	int count = 0, kind;

	while (fault_kinds[count].name)
		count++;
	kind = number % count;
	if (options.only && !strstr(fault_kinds[kind].name, options.only))
		return;
	for (int i = 0; i < REPEATS && !attempt(&fault_kinds[kind], &tallies[kind], seed, master); i++)
		starved_runs++;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(struct tally *t, double part)
{
	if (!t->ms_count)
		return 0;
	qsort(t->ms, (size_t)t->ms_count, sizeof(*t->ms), compare);
	return t->ms[(int)((t->ms_count - 1) * part + 0.5)];
}

static void add(struct tally *sum, const struct tally *t)
{
	sum->runs += t->runs;
	sum->skipped += t->skipped;
	sum->deaths += t->deaths;
	sum->hangs += t->hangs;
	sum->undeclared += t->undeclared;
	sum->early += t->early;
	sum->errors += t->errors;
	sum->none += t->none;
	sum->served += t->served;
	sum->signs += t->signs;
	sum->damaged += t->damaged;
	sum->left += t->left;
	for (int i = 0; i < t->ms_count; i++)
		add_ms(sum, t->ms[i]);
}

static void print_row(const char *name, struct tally *t)
{
	printf("# %-18s %5d %6d %5d %7d %7d %7d %6d %5d %6d %4d %8.2f %8.2f\n", name, t->runs, t->deaths,
	       t->hangs, t->undeclared, t->errors, t->none, t->served, t->signs,
	       t->damaged, t->left, percentile(t, 0.5), percentile(t, 0.99));
}

static void print_table(struct tally *sum)
{
	printf("# What became of each fault: declared errors, or nothing. Of those with errors: how many hosts\n"
	       "# had a call served again, and signed again, or found the token's file damaged.\n"
	       "# Times: from fault to error, in ms.\n"
	       "# %-18s %5s %6s %5s %7s %7s %7s %6s %5s %6s %4s %8s %8s\n", "fault", "runs", "deaths", "hangs",
	       "unknown", "errors", "nothing", "served", "signs", "damage", "left", "median", "p99");
	for (int i = 0; fault_kinds[i].name; i++)
		if (tallies[i].runs)
			print_row(fault_kinds[i].name, &tallies[i]);
	print_row("all", sum);
	if (starved_runs || sum->skipped)
		printf("# %d runs were repeated, as the machine was too slow for them; %d faults missed\n",
		       starved_runs, sum->skipped);
}

static void json_row(FILE *f, const char *name, struct tally *t, const char *end)
{
	fprintf(f,
		"  {\"fault\": \"%s\", \"runs\": %d, \"host_deaths\": %d, \"hangs\": %d, "
		"\"undeclared\": %d, \"declared_errors\": %d, \"no_effect\": %d, \"served_again\": %d, "
		"\"signs_again\": %d, \"token_damaged\": %d, \"processes_left\": %d, \"median_ms\": %.3f, \"p99_ms\": %.3f}%s\n",
		name, t->runs, t->deaths, t->hangs, t->undeclared, t->errors, t->none, t->served, t->signs,
		t->damaged, t->left, percentile(t, 0.5), percentile(t, 0.99), end);
}

static void write_json(struct tally *sum)
{
	FILE *f = options.json ? strcmp(options.json, "-") ? fopen(options.json, "we") : stdout : NULL;

	if (!f)
		return;
	fprintf(f, "{\"runs\": %d, \"seed\": %llu, \"deadline_ms\": %d, \"faults\": [\n", sum->runs,
		(unsigned long long)options.seed, RUN_DEADLINE_MS);
	for (int i = 0; fault_kinds[i].name; i++)
		if (tallies[i].runs)
			json_row(f, fault_kinds[i].name, &tallies[i], ",");
	json_row(f, "all", sum, "");
	fprintf(f, "]}\n");
	if (f != stdout)
		fclose(f);
}

static int verdict(const struct tally *sum)
{
	bool well = sum->runs > 0 && !sum->deaths && !sum->hangs && !sum->undeclared && !sum->early && !sum->left;

	if (options.tap) {
		tell(sum->deaths == 0, "no host of %d dies or ends badly: %d", sum->runs, sum->deaths);
		tell(sum->hangs == 0, "no call is later than its deadline and %d ms: %d", RUN_LATE_MS,
		     sum->hangs);
		tell(sum->undeclared == 0, "every result is one of PKCS#11: %d are not", sum->undeclared);
		tell(sum->early == 0, "no call fails before the fault: %d do", sum->early);
		tell(sum->left == 0, "no process is left: %d times", sum->left);
		tell(sum->errors > 0 && sum->served * 10 >= sum->errors * 9,
		     "%d of %d hosts that saw an error are served again", sum->served, sum->errors);
		return tell_done();
	}
	printf("verdict: %d faults: %d host deaths, %d hangs, %d unknown results, %d errors before the fault, "
	       "%d times processes left: %s\n", sum->runs, sum->deaths, sum->hangs, sum->undeclared,
	       sum->early, sum->left, well ? "PASS" : "FAIL");
	return !well;
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {{"runs", required_argument, NULL, 'r'},
					      {"seed", required_argument, NULL, 's'},
					      {"json", required_argument, NULL, 'j'},
					      {"only", required_argument, NULL, 'o'},
					      {"tap", no_argument, NULL, 't'},
					      {"verbose", no_argument, NULL, 'v'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'r')
			options.runs = atoi(optarg);
		else if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else if (c == 'j')
			options.json = optarg;
		else if (c == 'o')
			options.only = optarg;
		else if (c == 't')
			options.tap = true;
		else if (c == 'v')
			options.verbose = true;
		else
			exit(2);
	}
}

static int skip(const char *why)
{
	if (getenv("NACRE_MUST_WORK")) {
		tell(false, "the campaign (%s)", why);
		return tell_done();
	}
	printf("1..0 # SKIP %s\n", why);
	return 0;
}

int main(int argc, char **argv)
{
	struct tally sum = {0};
	struct place master;
	const char *why;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("NACRE_TEST_PROXY", CAMPAIGN_PROXY, 0);
	setenv("NACRE_TEST_STUB", CAMPAIGN_STUB, 0);
	setenv("NACRE_TEST_VPROC", CAMPAIGN_VPROC, 0);
	setenv("NACRE_TEST_EXTENSION", "/usr/lib/softhsm/libsofthsm2.so", 0);
	if (!inject_possible(&why))
		return skip(why);
	place_make(&master, "master");
	if (!token_make(master.extension, master.dir))
		return skip("SoftHSM2 cannot make a token; it is in the package softhsm2");
	for (int n = 0; n < options.runs; n++)
		one_run(n, &master);
	for (int i = 0; fault_kinds[i].name; i++)
		add(&sum, &tallies[i]);
	print_table(&sum);
	write_json(&sum);
	return verdict(&sum);
}
