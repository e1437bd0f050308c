/* SPDX-License-Identifier: BSD-2-Clause */
/* victim.c - the extension: honest, until it is told to misbehave */
#include "victim.h"
#include "bad.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HANDLES = 64 };

static int calls, level, noted, added;
static int numbers[HANDLES]; /* 0: free */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static victim_visit kept;
static void *kept_user, *first_user;

static char planned[32];
long bad_which;
unsigned long bad_amount;
jmp_buf bad_before;

bool bad_planned(const char *how)
{
	bool is = !strcmp(how, planned);

	if (is)
		*planned = 0;
	return is;
}

int victim_plan(const char *how, long which, unsigned long amount)
{
	bad_which = which;
	bad_amount = amount;
	if (!bad_plan_message(how))
		snprintf(planned, sizeof(planned), "%s", how);
	return 0;
}

int victim_misbehave(const char *how, long argument)
{
	int result;

	if (bad_run(bad_process, how, argument, &result) ||
	    bad_run(bad_channel, how, argument, &result) || bad_run(bad_message, how, argument, &result))
		return result;
	return -2; /* a name that nobody knows: a mistake of the test */
}

int victim_add(int a, int b)
{
	added++;
	if (bad_planned("call-later"))
		return kept ? kept(1, "later", 0, kept_user) : -3;
	return a + b;
}

int victim_count(int die_on_first)
{
	if (++calls == 1 && die_on_first)
		abort();
	return calls;
}

int victim_init(int to)
{
	if (to < 0 && !added) /* when it is repeated, it goes wrong */
		return -1;
	if (to > 1000 && !added)
		victim_sleep(to - 1000);
	level = to;
	return 0;
}

int victim_fini(void)
{
	level = 0;
	return 0;
}

int victim_level(void)
{
	return level;
}

int victim_greet(const char *name, char *text, size_t room)
{
	int n;

	if (bad_planned("greet-endless")) {
		memset(text, 'x', room);
		return (int)room;
	}
	n = snprintf(text, room, "hello, %s", name ? name : "nobody");
	return n < (int)room ? n : -1;
}

static const char *wild_name(void)
{
	char *map;

	if (bad_planned("name-wild"))
		return (const char *)8;
	if (bad_planned("name-endless")) {
		map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(map + 4096, 4096);
		return memset(map, 'n', 4096);
	}
	if (bad_planned("name-long")) {
		map = malloc(bad_amount + 1);
		memset(map, 'n', bad_amount);
		map[bad_amount] = 0;
		return map;
	}
	return NULL;
}

const char *victim_name(int number)
{
	static const char *const names[] = {"anna", "berta", ""};
	const char *wild = wild_name();
	static char many[32];

	if (wild)
		return wild;
	if (number >= VICTIM_MANY) {
		snprintf(many, sizeof(many), "name %d", number);
		return many;
	}
	return number >= 0 && number < 3 ? names[number] : NULL;
}

unsigned long victim_sum(const unsigned char *data, size_t size)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum;
}

int victim_fill(unsigned char *data, size_t room, size_t *used, size_t more)
{
	size_t n = room < VICTIM_FILL + more ? room : VICTIM_FILL + more;

	for (size_t i = 0; data && i < n; i++)
		data[i] = (unsigned char)(i + 1);
	*used = bad_planned("fill-used") ? bad_amount : n;
	return 0;
}

int victim_points(struct victim_point *points, size_t *count)
{
	size_t n = *count < 5 ? *count : 5;

	for (size_t i = 0; points && i < n; i++)
		points[i] = (struct victim_point){(int)i, -(int)i, (double)i / 2};
	*count = bad_planned("points-count") ? bad_amount : n;
	return 0;
}

int victim_center(const struct victim_point *points, size_t count, struct victim_point *center)
{
	*center = (struct victim_point){0};
	for (size_t i = 0; i < count; i++) {
		center->x += points[i].x;
		center->y += points[i].y;
		center->weight += points[i].weight;
	}
	return 0;
}

victim_handle victim_open(const char *name)
{
	victim_handle h;

	if (bad_planned("open-wide"))
		return bad_amount;
	pthread_mutex_lock(&lock);
	for (h = 1; h < HANDLES && numbers[h]; h++)
		;
	if (h < HANDLES)
		numbers[h] = name ? (int)strlen(name) + 1 : 1;
	pthread_mutex_unlock(&lock);
	return h < HANDLES ? h : 0;
}

int victim_close(victim_handle handle)
{
	int open;

	pthread_mutex_lock(&lock);
	open = handle < HANDLES && numbers[handle];
	if (open)
		numbers[handle] = 0;
	pthread_mutex_unlock(&lock);
	if (open)
		return 0;
	errno = EBADF;
	return -1;
}

int victim_number(victim_handle handle, int *number)
{
	int n = handle < HANDLES ? numbers[handle] : 0;

	if (!n) {
		errno = EBADF;
		return -1;
	}
	*number = n - 1;
	return 0;
}

/* One call of the host's function, or one that it should not get. */
static int visit_once(victim_handle handle, victim_visit visit, void *user, int i)
{
	if (bad_planned("each-handle"))
		return visit(bad_amount, "stray", i, user);
	if (bad_planned("each-user"))
		return visit(handle, "stray", i, (void *)bad_amount);
	if (bad_planned("each-first-user"))
		return visit(handle, "visit", i, first_user);
	if (bad_planned("each-denied"))
		bad_deny();
	if (bad_planned("each-no-text"))
		return visit(handle, NULL, i, user);
	if (bad_planned("each-wild-text"))
		return visit(handle, (const char *)8, i, user);
	return visit(handle, "visit", i, user);
}

struct visit_job {
	victim_handle handle;
	victim_visit visit;
	void *user;
	int result;
};

static void *visit_elsewhere(void *arg)
{
	struct visit_job *job = arg;

	job->result = job->visit(job->handle, "thread", 0, job->user);
	return NULL;
}

int victim_each(victim_handle handle, victim_visit visit, void *user, int times)
{
	struct visit_job job = {handle, visit, user, 0};
	pthread_t thread;
	volatile int sum = 0;

	if (bad_planned("each-setjmp") && setjmp(bad_before))
		return BAD_NOTHING;
	kept = visit;
	kept_user = user;
	if (!first_user)
		first_user = user;
	if (bad_planned("each-thread")) {
		pthread_create(&thread, NULL, visit_elsewhere, &job);
		pthread_join(thread, NULL);
		return job.result;
	}
	for (volatile int i = 0; i < times || times < 0; i++)
		sum += visit ? visit_once(handle, visit, user, i) : 0;
	return sum;
}

int victim_pick(int number)
{
	return bad_planned("pick") ? (int)bad_amount : number % (VICTIM_PICK_MAX + 1);
}

int victim_errno(int number)
{
	errno = number;
	return -1;
}

void victim_note(int number)
{
	noted = number;
}

int victim_noted(void)
{
	return noted;
}

int victim_sleep(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
	return ms;
}

int victim_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	if (!dir)
		return -1;
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}
