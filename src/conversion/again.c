/* SPDX-License-Identifier: BSD-2-Clause */
/* again.c - a source in use is converted to the same place again; theory of operation in again.h */
#include "conversion/again.h"

#include "base/auto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

static const char not_mounted[] = "no BPF file system is mounted, where tracking could be left (mount -t bpf bpf " NACRE_KEPT_MOUNT ")";

struct source {
	char directory[64];
	char instant[NACRE_SINK_INSTANT];
	int lock; /* -1: there is nothing to lock yet */
};

struct nacre_again {
	char destination[640];
	struct source sources[NACRE_SINK_DISKS];
	const char *left[NACRE_SINK_DISKS];
	unsigned count;
	bool mounted;
	struct nacre_again_result result;
};

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

int nacre_again_destination(char *to, size_t size, const char *directory, const struct nacre_remote *remote,
			    struct nacre_error *e)
{
	NACRE_AUTO_FREE char *above = NULL, *last = NULL, *real = NULL;
	int n;

	if (remote) {
		n = snprintf(to, size, "%s:%s%s%s", remote->host, remote->root,
			     remote->root[strlen(remote->root) - 1] == '/' ? "" : "/", remote->name);
	} else {
		above = strdup(directory);
		last = strdup(directory);
		if (!above || !last)
			return no_memory(e);
		real = realpath(dirname(above), NULL);
		if (!real)
			return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, directory,
					       "what it would lie in cannot be used");
		n = snprintf(to, size, "%s%s%s", real, strcmp(real, "/") ? "/" : "", basename(last));
	}
	if (n < 0 || (size_t)n >= size)
		return nacre_error_set(e, NACRE_E_USAGE, 0, "--again", "the destination's name is too long");
	return 0;
}

/* Whoever else has it ends first. Return: 0 also where there is nothing yet. */
static int lock(struct source *s, struct nacre_error *e)
{
	s->lock = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->lock < 0 && errno == ENOENT)
		return 0;
	if (s->lock < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, s->directory, "cannot be opened");
	if (flock(s->lock, LOCK_EX | LOCK_NB))
		return nacre_error_set(e, NACRE_E_EXISTS, errno, "--again", "another run is at work with this copy just now");
	return 0;
}

static void make_instant(char to[NACRE_SINK_INSTANT])
{
	uint64_t words[2] = {0};

	if (getrandom(words, sizeof(words), 0) != (ssize_t)sizeof(words))
		words[0] = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	snprintf(to, NACRE_SINK_INSTANT, "%016llx%016llx", (unsigned long long)words[0], (unsigned long long)words[1]);
}

struct nacre_again *nacre_again_open(const char *destination, const char *const *sources, unsigned count,
				     struct nacre_error *e)
{
	struct nacre_again *a = calloc(1, sizeof(*a));
	bool good = a && count <= NACRE_SINK_DISKS;

	if (!good)
		no_memory(e);
	else
		snprintf(a->destination, sizeof(a->destination), "%s", destination);
	if (good)
		a->mounted = nacre_kept_mounted();
	if (good && a->mounted && mkdir(NACRE_KEPT_ROOT, 0700) && errno != EEXIST)
		a->mounted = false; /* it is told when the tracking shall be left */
	for (unsigned i = 0; good && i < count; i++) {
		struct source *s = &a->sources[i];
		struct stat st;

		s->lock = -1;
		a->count = i + 1;
		make_instant(s->instant);
		if (!a->mounted || stat(sources[i], &st))
			continue;
		snprintf(s->directory, sizeof(s->directory), "%s/%016llx", NACRE_KEPT_ROOT,
			 (unsigned long long)XXH3_64bits_withSeed(destination, strlen(destination), st.st_rdev));
		a->left[i] = s->directory;
		good = lock(s, e) == 0;
	}
	if (good)
		return a;
	nacre_again_close(a);
	return NULL;
}

const char *const *nacre_again_left(const struct nacre_again *a)
{
	return a && a->mounted ? a->left : NULL;
}

/* Two destinations may have the same number, though hardly ever. */
static bool is_ours(const struct nacre_again *a, const struct nacre_kept_record *record)
{
	return !strcmp(record->destination, a->destination);
}

static void say_why(struct nacre_again *a, const char *why)
{
	a->result.tracked = false;
	if (!*a->result.why)
		snprintf(a->result.why, sizeof(a->result.why), "%s", why);
}

int nacre_again_name(struct nacre_again *a, struct nacre_snapshot *s, unsigned disk, struct nacre_sink_disk *what,
		     struct nacre_error *e)
{
	struct nacre_kept *kept = nacre_snapshot_kept(s, disk);
	struct nacre_kept_record record;

	snprintf(what->instant, sizeof(what->instant), "%s", a->sources[disk].instant);
	if (!kept)
		return 0;
	if (nacre_kept_get(kept, &record, e))
		return -1;
	if (!is_ours(a, &record))
		return 0;
	snprintf(what->known[0], sizeof(what->known[0]), "%s", record.instant);
	snprintf(what->known[1], sizeof(what->known[1]), "%s", record.next);
	return 0;
}

int nacre_again_agree(struct nacre_again *a, struct nacre_snapshot *s, unsigned disk, unsigned known,
		      struct nacre_error *e)
{
	struct nacre_kept *kept = nacre_snapshot_kept(s, disk);
	struct nacre_kept_record record;

	if (!disk)
		a->result.tracked = true;
	if (!kept) {
		say_why(a, a->mounted ? "no tracking of an earlier copy was found" : not_mounted);
		return 0;
	}
	if (nacre_kept_get(kept, &record, e))
		return -1;
	if (!known) {
		nacre_snapshot_distrust(s, disk);
		*record.instant = 0;
		say_why(a, "the copy there is not the one since which changes were tracked");
	} else if (known == 2) {
		memcpy(record.instant, record.next, sizeof(record.instant));
	}
	if (!a->result.since || record.time < a->result.since)
		a->result.since = record.time;
	memcpy(record.next, a->sources[disk].instant, sizeof(record.next));
	snprintf(record.destination, sizeof(record.destination), "%s", a->destination);
	return nacre_kept_put(kept, &record, e);
}

void nacre_again_leave(struct nacre_again *a, struct nacre_snapshot *s)
{
	struct nacre_error e = {0};

	a->result.goes_on = a->mounted;
	if (!a->mounted)
		snprintf(a->result.why, sizeof(a->result.why), "%s", not_mounted);
	for (unsigned i = 0; i < a->count && a->mounted; i++) {
		struct nacre_kept *kept = nacre_snapshot_kept(s, i);
		struct nacre_kept_record record = {0};

		if (!kept || nacre_kept_get(kept, &record, NULL))
			record.began = (uint64_t)time(NULL);
		record.time = (uint64_t)time(NULL);
		memcpy(record.instant, a->sources[i].instant, sizeof(record.instant));
		*record.next = 0;
		snprintf(record.destination, sizeof(record.destination), "%s", a->destination);
		if (nacre_snapshot_leave(s, i, a->sources[i].directory, &record, &e) == 0)
			continue;
		a->result.goes_on = false;
		snprintf(a->result.why, sizeof(a->result.why), "%.60s: %.90s", e.where, e.msg);
	}
}

void nacre_again_end(struct nacre_again *a)
{
	for (unsigned i = 0; i < a->count; i++)
		if (a->left[i])
			nacre_kept_forget(a->left[i]);
	rmdir(NACRE_KEPT_ROOT);
	a->result.goes_on = false;
}

void nacre_again_note(const struct nacre_again *a, struct nacre_sink_note *note)
{
	time_t since = (time_t)a->result.since;
	struct tm tm;
	char when[32];

	snprintf(note->name, sizeof(note->name), "Brought up to date");
	if (a->result.tracked && gmtime_r(&since, &tm) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(note->value, sizeof(note->value), "only what changed since %s was read", when);
	else
		snprintf(note->value, sizeof(note->value), "all was read: %.140s", a->result.why);
}

const struct nacre_again_result *nacre_again_result(const struct nacre_again *a)
{
	return &a->result;
}

void nacre_again_close(struct nacre_again *a)
{
	for (unsigned i = 0; a && i < a->count; i++)
		if (a->sources[i].lock >= 0)
			close(a->sources[i].lock);
	free(a);
}

int nacre_again_each(int (*each)(void *arg, const struct nacre_again_tracking *t), void *arg, struct nacre_error *e)
{
	DIR *root = nacre_kept_mounted() ? opendir(NACRE_KEPT_ROOT) : NULL;
	struct dirent *entry;
	int status = 0;

	if (!root && nacre_kept_mounted() && errno != ENOENT)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, NACRE_KEPT_ROOT, "cannot be read");
	while (root && !status && (entry = readdir(root))) {
		struct nacre_again_tracking t = {0};
		int fd;

		if (*entry->d_name == '.')
			continue;
		snprintf(t.directory, sizeof(t.directory), "%s/%.64s", NACRE_KEPT_ROOT, entry->d_name);
		fd = open(t.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		t.busy = flock(fd, LOCK_EX | LOCK_NB);
		t.known = !nacre_kept_read(t.directory, &t.record, NULL);
		status = each(arg, &t);
		close(fd);
	}
	if (root)
		closedir(root);
	return status;
}
