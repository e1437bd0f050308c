/* SPDX-License-Identifier: BSD-2-Clause */
/* startup.c - the start-up configuration of a virtual process, in the encoding of message.h
 *
 * It is written once by the host and read once by nacre-vproc before anything else happens, so that
 * the program can be started with an environment that no loader setting of the host reaches.
 */
#include "extension/vproc/startup.h"

#include <nacre/message.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 8 << 20, STRING_MAX = 1 << 20, LIST_MAX = 65536 };

extern char **environ;

static void put_list(struct nacre_writer *w, char *const *list)
{
	uint64_t n = 0;

	while (list && list[n])
		n++;
	nacre_put_word(w, n);
	for (uint64_t i = 0; i < n; i++)
		nacre_put_string(w, list[i], STRING_MAX);
}

static void put_config(struct nacre_writer *w, const struct nacre_registration *r)
{
	const char *learn = secure_getenv("NACRE_LEARN");
	char cwd[PATH_MAX], profile[PATH_MAX] = "";
	cpu_set_t cpus;

	nacre_put_string(w, r->name, STRING_MAX);
	nacre_put_string(w, r->extension, STRING_MAX);
	nacre_put_string(w, r->stub, STRING_MAX);
	nacre_put_word(w, r->memory_mb);
	nacre_put_word(w, (uint64_t)r->profile);
	nacre_put_word(w, (uint64_t)(r->cold | r->allow_net << 1 | r->allow_fork << 2));
	put_list(w, r->allow_read);
	put_list(w, r->allow_write);
	put_list(w, r->allow_syscall);
	nacre_put_string(w, getcwd(cwd, sizeof(cwd)) ? cwd : "/", PATH_MAX - 1);
	/* To each registration a profile of its own: what one needs must not be allowed to all. */
	if (learn && *learn &&
	    snprintf(profile, sizeof(profile), "%s/%s.conf", learn, r->name) >= (int)sizeof(profile))
		w->failed = true;
	nacre_put_string(w, profile, PATH_MAX - 1);
	/* Not the calling thread's, which may be bound to one CPU: nobody could then work beside it. */
	CPU_ZERO(&cpus);
	sched_getaffinity(getpid(), sizeof(cpus), &cpus);
	nacre_put_bytes(w, &cpus, sizeof(cpus));
	put_list(w, environ);
	put_list(w, r->environment);
}

int nacre_startup_write(const struct nacre_registration *r, struct nacre_error *e)
{
	struct nacre_writer w = {0};
	uint8_t *memory;
	int fd = memfd_create("nacre-config", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, CONFIG_MAX) < 0)
		goto undo;
	memory = mmap(NULL, CONFIG_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		goto undo;
	w.start = w.at = memory;
	w.end = memory + CONFIG_MAX;
	put_config(&w, r);
	munmap(memory, CONFIG_MAX);
	if (w.failed) {
		errno = E2BIG;
		goto undo;
	}
	if (ftruncate(fd, w.at - w.start) < 0)
		goto undo;
	return fd;
undo:
	nacre_error_set(e, NACRE_E_SYSTEM, errno, r->name, "writing the start-up configuration");
	if (fd >= 0)
		close(fd);
	return -1;
}

static char **get_list(struct nacre_reader *r)
{
	uint64_t n = nacre_get_word(r);
	char **list;

	if (n > LIST_MAX)
		r->bad = true;
	if (r->bad)
		return NULL;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		r->bad = true;
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		list[i] = nacre_get_string(r, STRING_MAX);
		r->bad |= !list[i];
	}
	return list;
}

/* One list from two; both are freed, the strings stay. */
static char **join(char **a, char **b)
{
	size_t n = 0, m = 0;
	char **all;

	while (a && a[n])
		n++;
	while (b && b[m])
		m++;
	all = calloc(n + m + 1, sizeof(*all));
	if (all) {
		if (n)
			memcpy(all, a, n * sizeof(*a));
		if (m)
			memcpy(all + n, b, m * sizeof(*b));
	}
	free(a);
	free(b);
	return all;
}

static void get_config(struct nacre_reader *r, struct nacre_startup *config)
{
	uint64_t flags;
	char **own, **set;

	config->r.name = nacre_get_string(r, STRING_MAX);
	config->r.extension = nacre_get_string(r, STRING_MAX);
	config->r.stub = nacre_get_string(r, STRING_MAX);
	config->r.memory_mb = (uint32_t)nacre_get_word(r);
	config->r.profile = (enum nacre_profile)nacre_get_word(r);
	flags = nacre_get_word(r);
	config->r.cold = flags & 1;
	config->r.allow_net = flags & 2;
	config->r.allow_fork = flags & 4;
	config->r.allow_read = get_list(r);
	config->r.allow_write = get_list(r);
	config->r.allow_syscall = get_list(r);
	config->cwd = nacre_get_string(r, PATH_MAX);
	config->learn_to = nacre_get_string(r, STRING_MAX);
	nacre_get_flat(r, &config->cpus, sizeof(config->cpus));
	own = get_list(r);
	set = get_list(r);
	config->environment = join(own, set);
	if (config->learn_to && !*config->learn_to)
		config->learn_to = NULL;
	r->bad |= !config->r.name || !config->r.extension || !config->r.stub || !config->cwd ||
		  !config->environment || r->at != r->end;
}

int nacre_startup_read(int fd, struct nacre_startup *config, struct nacre_error *e)
{
	struct nacre_reader r = {0};
	struct stat st;
	uint8_t *memory = MAP_FAILED;

	memset(config, 0, sizeof(*config));
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= CONFIG_MAX)
		memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "configuration", "cannot be mapped");
	r.at = memory;
	r.end = memory + st.st_size;
	config->memory = memory;
	config->size = (size_t)st.st_size;
	get_config(&r, config);
	if (r.bad)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "configuration",
				       "malformed: host and nacre-vproc are of different versions");
	return 0;
}

void nacre_startup_free(struct nacre_startup *config)
{
	free(config->r.allow_read);
	free(config->r.allow_write);
	free(config->r.allow_syscall);
	free(config->environment);
	if (config->memory)
		munmap(config->memory, config->size);
	memset(config, 0, sizeof(*config));
}
