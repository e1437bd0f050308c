/* SPDX-License-Identifier: BSD-2-Clause */
/* tracker.c - loads the program of tracker.bpf.c and reads what it marks; theory of operation in tracker.h */
#include "conversion/snapshot/tracker.h"

#include "base/auto.h"

#include <linux/types.h>

#include "conversion/snapshot/tracker_shared.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

static const uint8_t program[] = {
#include "tracker_program.inc"
};

/* What is kept open; -1: not there, as of a disk with requests a second program. @target as the programs have it. */
struct nacre_tracker {
	char path[48];
	int link[2], program[2], dirty, counters, target_map;
	int stat, inflight; /* the disk's statistics */
	struct tracker_target target;
	uint64_t *bits; /* shared with the kernel */
	const struct tracker_row *rows;
	size_t processors; /* rows of theirs; ours is the one behind them */
	uint64_t *witness; /* may be NULL */
	size_t words;
};

static const char *const pins[] = {"link", "program", "dirty", "counters", "target", "link2", "program2"};

static int *pinned_fd(struct nacre_tracker *t, size_t which)
{
	int *const fds[] = {&t->link[0], &t->program[0], &t->dirty, &t->counters, &t->target_map, &t->link[1], &t->program[1]};

	return fds[which];
}

static int programs_of(const struct nacre_tracker *t)
{
	return t->target.bios ? 2 : 1;
}

/* How many of the pins there are: each program has two. */
static size_t pins_of(const struct nacre_tracker *t)
{
	return sizeof(pins) / sizeof(*pins) - 2 * (size_t)(2 - programs_of(t));
}

enum { PINS = sizeof(pins) / sizeof(*pins), BALANCE_TRIES = 500, BUSY_TRIES = 10000, LOST_TRIES = 5, BALANCE_NS = 200000 };

static size_t bits_size(const struct nacre_tracker *t)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (t->words * sizeof(*t->bits) + page - 1) / page * page;
}

static size_t rows_size(const struct nacre_tracker *t)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ((t->processors + 1) * sizeof(*t->rows) + page - 1) / page * page;
}

static uint64_t counted(const struct nacre_tracker *t, enum tracker_counter which)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->processors; i++)
		sum += __atomic_load_n(&t->rows[i].cells[which], __ATOMIC_SEQ_CST);
	return sum;
}

static int open_file(const char *directory, const char *name)
{
	NACRE_AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		path = NULL;
	return path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static struct nacre_tracker *new_tracker(const struct nacre_tracker_disk *disk, struct nacre_error *e)
{
	struct nacre_tracker *t = calloc(1, sizeof(*t));
	int processors = libbpf_num_possible_cpus();
	uint32_t shift = 0;
	char sysfs[64];

	while (disk->grain > 512U << shift && shift < 31)
		shift++;
	if (!t || disk->grain < 4096 || disk->grain > 65536 || disk->grain != 512U << shift || !disk->size) {
		free(t);
		nacre_error_set(e, t ? NACRE_E_USAGE : NACRE_E_SYSTEM, t ? 0 : ENOMEM, disk->path,
				"cannot be tracked in grains of %u bytes", disk->grain);
		return NULL;
	}
	snprintf(t->path, sizeof(t->path), "%s", disk->path);
	for (size_t i = 0; i < PINS; i++)
		*pinned_fd(t, i) = -1;
	snprintf(sysfs, sizeof(sysfs), "/sys/dev/block/%u:%u", major(disk->device), minor(disk->device));
	t->stat = open_file(sysfs, "stat");
	t->inflight = open_file(sysfs, "inflight");
	if (t->stat < 0 || t->inflight < 0) {
		nacre_error_set(e, NACRE_E_SUPPORT, errno, disk->path, "its statistics cannot be read (%s)", sysfs);
		nacre_tracker_close(t);
		return NULL;
	}
	t->target = (struct tracker_target){.major = major(disk->device), .minor = minor(disk->device),
					    .shift = shift, .layout = TRACKER_LAYOUT, .bios = nacre_tracker_of_bios(sysfs),
					    .grains = (disk->size + disk->grain - 1) / disk->grain};
	t->words = (size_t)((t->target.grains + 63) / 64);
	t->processors = processors > 0 ? (size_t)processors : 1;
	return t;
}

/* All of the kernel's refusals end in the same two words: say what they mean. */
static int refused(const struct nacre_tracker *t, int error, struct nacre_error *e)
{
	const char *why = "this kernel does not run the program that tracks changes (BPF, BTF, Linux 5.15 are needed)";

	if (error == EPERM || error == EACCES)
		why = "the kernel forbids BPF programs: be root; lockdown=confidentiality and a container without "
		      "CAP_BPF forbid them too";
	return nacre_error_set(e, NACRE_E_SUPPORT, error, t->path,
			       "cannot be tracked while it works: %s. Convert it while it is not in use", why);
}

static int map_both(struct nacre_tracker *t, struct nacre_error *e)
{
	void *p = mmap(NULL, bits_size(t), PROT_READ | PROT_WRITE, MAP_SHARED, t->dirty, 0);

	if (p == MAP_FAILED)
		return refused(t, errno, e);
	t->bits = p;
	p = mmap(NULL, rows_size(t), PROT_READ, MAP_SHARED, t->counters, 0);
	if (p == MAP_FAILED)
		return refused(t, errno, e);
	t->rows = p;
	return 0;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int keep(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* Set up what is known only now: which disk, how many grains, how many processors. */
static int prepare(struct nacre_tracker *t, struct bpf_object *object)
{
	struct bpf_map *bits = bpf_object__find_map_by_name(object, "dirty"), *map;
	struct bpf_map *rows = bpf_object__find_map_by_name(object, "counters");
	struct bpf_map *begun = bpf_object__find_map_by_name(object, "begun");
	struct bpf_program *p;
	bool set = false;

	bpf_object__for_each_program(p, object)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), "on_request") == !t->target.bios);
	bpf_object__for_each_map(map, object) {
		size_t size = 0;

		if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata") &&
		    bpf_map__initial_value(map, &size) && size == sizeof(t->target))
			set = !bpf_map__set_initial_value(map, &t->target, sizeof(t->target));
	}
	return bits && rows && begun && set && !bpf_map__set_autocreate(begun, t->target.bios) && !bpf_map__set_max_entries(bits, (__u32)t->words) &&
		       !bpf_map__set_max_entries(rows, (__u32)t->processors + 1) ? 0 : -1;
}

static int attach(struct nacre_tracker *t, struct bpf_object *object, const char *name, int which)
{
	struct bpf_program *p = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link = p ? bpf_program__attach(p) : NULL;

	if (!link)
		return -1;
	t->link[which] = keep(bpf_link__fd(link));
	t->program[which] = keep(bpf_program__fd(p));
	bpf_link__destroy(link);
	return 0;
}

/* Load, attach; only descriptors are kept. */
static int load(struct nacre_tracker *t, struct bpf_object *object)
{
	static const char *const requests[] = {"on_request"}, *const bios[] = {"on_bio_complete", "on_bio_queue"};
	struct bpf_map *map;

	if (prepare(t, object) < 0 || bpf_object__load(object))
		return -1;
	/* The end is seen before the beginning is: a bio that lacks it is told from one that was never seen. */
	for (int i = 0; i < programs_of(t); i++)
		if (attach(t, object, (t->target.bios ? bios : requests)[i], i) < 0)
			return -1;
	t->dirty = keep(bpf_object__find_map_fd_by_name(object, "dirty"));
	t->counters = keep(bpf_object__find_map_fd_by_name(object, "counters"));
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata"))
			t->target_map = keep(bpf_map__fd(map));
	for (size_t i = 0; i < pins_of(t); i++)
		if (*pinned_fd(t, i) < 0)
			return -1;
	return 0;
}

struct nacre_tracker *nacre_tracker_open(const struct nacre_tracker_disk *disk, struct nacre_error *e)
{
	struct nacre_tracker *t = new_tracker(disk, e);
	libbpf_print_fn_t before;
	struct bpf_object *object;
	int failed = -1, error;

	if (!t)
		return NULL;
	before = libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	object = bpf_object__open_mem(program, sizeof(program), NULL);
	if (object)
		failed = load(t, object);
	error = errno;
	bpf_object__close(object);
	libbpf_set_print(before);
	if (failed)
		refused(t, error, e);
	if (failed || map_both(t, e) < 0) {
		nacre_tracker_close(t);
		return NULL;
	}
	return t;
}

size_t nacre_tracker_words(const struct nacre_tracker *t)
{
	return t->words;
}

void nacre_tracker_witness(struct nacre_tracker *t, uint64_t *bits)
{
	t->witness = bits;
}

uint64_t nacre_tracker_take(struct nacre_tracker *t, uint64_t *bits)
{
	uint64_t count = 0;

	for (size_t i = 0; i < t->words; i++) {
		uint64_t word;

		/* Most words are zero, and stay shared between processors when they are only read. */
		if (!__atomic_load_n(&t->bits[i], __ATOMIC_RELAXED))
			continue;
		if (t->witness) {
			/* Only those bits are taken that are witnessed; one that comes in between stays. */
			word = __atomic_load_n(&t->bits[i], __ATOMIC_SEQ_CST);
			t->witness[i] &= ~word;
			__atomic_fetch_and(&t->bits[i], ~word, __ATOMIC_SEQ_CST);
		} else {
			word = __atomic_exchange_n(&t->bits[i], 0, __ATOMIC_SEQ_CST);
		}
		bits[i] |= word;
		count += (uint64_t)__builtin_popcountll(word);
	}
	return count;
}

bool nacre_tracker_is_marked(const struct nacre_tracker *t, uint64_t grain)
{
	return __atomic_load_n(&t->bits[grain / 64], __ATOMIC_SEQ_CST) >> grain % 64 & 1;
}

uint64_t nacre_tracker_marked(const struct nacre_tracker *t)
{
	uint64_t count = 0;

	for (size_t i = 0; i < t->words; i++)
		count += (uint64_t)__builtin_popcountll(__atomic_load_n(&t->bits[i], __ATOMIC_RELAXED));
	return count;
}

void nacre_tracker_put_back(struct nacre_tracker *t, const uint64_t *bits)
{
	for (size_t i = 0; i < t->words; i++)
		if (bits[i])
			__atomic_fetch_or(&t->bits[i], bits[i], __ATOMIC_SEQ_CST);
}

uint64_t nacre_tracker_events(const struct nacre_tracker *t)
{
	return counted(t, TRACKER_EVENTS);
}

/*
 * Sectors that were written or discarded, by the disk's statistics: the 7th and 14th number (Documentation/block/stat.rst).
 * Where there are no requests drivers count as they like: only what was written.
 */
static uint64_t stat_sectors(const struct nacre_tracker *t)
{
	unsigned long long n[14] = {0};
	char text[512], *at = text;
	ssize_t size = pread(t->stat, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = 0;
	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++)
		n[i] = strtoull(at, &at, 10);
	return t->target.bios ? n[6] : n[6] + n[13];
}

/* Is nothing being written? Requests are counted when they end; some drivers count bios when they begin. */
static bool is_idle(const struct nacre_tracker *t)
{
	char text[64];
	ssize_t size;

	if (!t->target.bios)
		return true;
	size = pread(t->inflight, text, sizeof(text) - 1, 0);
	text[size > 0 ? size : 0] = 0;
	return size > 0 && sscanf(text, "%*s %zd", &size) == 1 && size == 0;
}

/* How many sectors the statistics have more than the program; in a moment in which neither changes. */
static int difference(const struct nacre_tracker *t, int tries, uint64_t *more)
{
	for (int i = 0; i < tries; i++) {
		bool idle = is_idle(t);
		uint64_t seen = counted(t, TRACKER_SECTORS), sectors = stat_sectors(t);

		*more = sectors - seen;
		if (idle && sectors == stat_sectors(t) && seen == counted(t, TRACKER_SECTORS) && is_idle(t))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = BALANCE_NS}, NULL);
	}
	return -1;
}

int nacre_tracker_begin(struct nacre_tracker *t, struct nacre_error *e)
{
	__u32 key = (__u32)t->processors;
	struct tracker_row ours = {{0}};
	uint64_t more;

	if (difference(t, t->target.bios ? BUSY_TRIES : BALANCE_TRIES, &more) < 0)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, t->path,
				       "is written to without any pause: what was tracked cannot be checked");
	ours.cells[TRACKER_BASE] = more;
	ours.cells[TRACKER_EARLY] = counted(t, TRACKER_EARLY);
	ours.cells[TRACKER_ZEROES] = counted(t, TRACKER_ZEROES);
	if (bpf_map_update_elem(t->counters, &key, &ours, 0))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, t->path, "the tracking cannot be begun");
	return 0;
}

/* What the statistics have @more than the program: is it what it was at the beginning? */
static bool balanced(const struct nacre_tracker *t, uint64_t more)
{
	const uint64_t *begun = (const uint64_t *)t->rows[t->processors].cells;

	more -= begun[TRACKER_BASE];
	return !more || more == counted(t, TRACKER_ZEROES) - begun[TRACKER_ZEROES];
}

bool nacre_tracker_lost(struct nacre_tracker *t)
{
	uint64_t more;

	/* Others may write to what is not frozen: a second look. Little time: the rest is frozen meanwhile. */
	for (int i = 0; i < 3; i++)
		if (difference(t, LOST_TRIES, &more) == 0 && balanced(t, more))
			return false;
	return true;
}

bool nacre_tracker_missed(struct nacre_tracker *t)
{
	uint64_t more, first;

	/* Twice the same: not something that one of the two had counted already. */
	return difference(t, BALANCE_TRIES, &first) == 0 && !balanced(t, first) && difference(t, BALANCE_TRIES, &more) == 0 &&
	       more == first;
}

int nacre_tracker_check(struct nacre_tracker *t, struct nacre_error *e)
{
	uint64_t missed = 0, outside = counted(t, TRACKER_OUTSIDE);
	uint64_t early = counted(t, TRACKER_EARLY) - t->rows[t->processors].cells[TRACKER_EARLY];
	uint64_t all = counted(t, TRACKER_ALL);
	uint64_t unknown = counted(t, TRACKER_UNKNOWN);

	for (int i = 0; i < programs_of(t); i++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(t->program[i], &info, &size))
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, t->path, "it cannot be told what the tracking missed");
		missed += info.recursion_misses;
	}
	if (missed)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, t->path,
				       "the kernel did not report %llu changes, as tracing was busy: end other tracing "
				       "tools, and begin anew", (unsigned long long)missed);
	if (outside || all)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, t->path,
				       "%llu changes could not be placed on the disk (was it resized?): begin anew",
				       (unsigned long long)(outside + all));
	if (early)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, t->path,
				       "where %llu changes were is not known, as more were on their way than can be noted: begin anew",
				       (unsigned long long)early);
	if (unknown)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, t->path,
				       "%llu commands went past the block layer (SG_IO, NVMe passthrough) and may have "
				       "written anywhere: end what sends them, and begin anew",
				       (unsigned long long)unknown);
	return 0;
}

void nacre_tracker_close(struct nacre_tracker *t)
{
	if (!t)
		return;
	if (t->bits)
		munmap(t->bits, bits_size(t));
	if (t->rows)
		munmap((void *)(uintptr_t)t->rows, rows_size(t));
	for (size_t i = 0; i < PINS; i++)
		if (*pinned_fd(t, i) >= 0)
			close(*pinned_fd(t, i));
	if (t->stat >= 0)
		close(t->stat);
	if (t->inflight >= 0)
		close(t->inflight);
	free(t);
}

int nacre_tracker_leave(struct nacre_tracker *t, const char *directory, struct nacre_error *e)
{
	if (mkdir(directory, 0700) < 0)
		return nacre_error_set(e, errno == EEXIST ? NACRE_E_EXISTS : NACRE_E_SYSTEM, errno, directory,
				       "the tracking cannot be left there (mount -t bpf bpf /sys/fs/bpf)");
	for (size_t i = 0; i < pins_of(t); i++) {
		NACRE_AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, pins[i]) < 0 || bpf_obj_pin(*pinned_fd(t, i), path)) {
			nacre_error_set(e, NACRE_E_SYSTEM, errno, directory,
					"the tracking cannot be left there (mount -t bpf bpf /sys/fs/bpf)");
			nacre_tracker_forget(directory);
			return -1;
		}
	}
	return 0;
}

struct nacre_tracker *nacre_tracker_find(const struct nacre_tracker_disk *disk, const char *directory,
					 struct nacre_error *e)
{
	struct nacre_tracker *t = new_tracker(disk, e);
	struct tracker_target left = {0};
	bool there = t;
	__u32 key = 0;

	if (!t)
		return NULL;
	for (size_t i = 0; there && i < pins_of(t); i++) {
		NACRE_AUTO_FREE char *path = NULL;

		*pinned_fd(t, i) = asprintf(&path, "%s/%s", directory, pins[i]) < 0 ? -1 : bpf_obj_get(path);
		there = *pinned_fd(t, i) >= 0;
	}
	/* Map, program and link belong together as only root writes there; the disk may have become another one. */
	if (!there || bpf_map_lookup_elem(t->target_map, &key, &left) || memcmp(&left, &t->target, sizeof(left))) {
		nacre_error_set(e, NACRE_E_ABSENT, 0, directory, "no tracking of this disk goes on there");
		nacre_tracker_close(t);
		return NULL;
	}
	if (map_both(t, e) < 0) {
		nacre_tracker_close(t);
		return NULL;
	}
	return t;
}

void nacre_tracker_forget(const char *directory)
{
	for (size_t i = 0; i < PINS; i++) {
		NACRE_AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, pins[i]) >= 0)
			unlink(path);
	}
	rmdir(directory);
}
