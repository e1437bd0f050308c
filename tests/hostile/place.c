/* SPDX-License-Identifier: BSD-2-Clause */
/* place.c - a registry of its own, hosts in children, what is left behind */
#include "place.h"

#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char root[200];

static void bail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(99);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path), 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* In a child that only waits for the end of the test. */
static _Noreturn void clean_up_after(int test)
{
	char byte;

	setsid();
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_IGN);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != test)
			close(fd);
	while (read(test, &byte, 1) < 0 && errno == EINTR)
		;
	remove_tree(root);
	_exit(0);
}

static void make_root(void)
{
	const char *tmp = getenv("TMPDIR");
	int ends[2];
	pid_t pid;

	snprintf(root, sizeof(root), "%s/nacre-test.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(root) || pipe2(ends, O_CLOEXEC) < 0)
		bail("a temporary directory");
	chmod(root, 0755);
	pid = fork();
	if (pid < 0)
		bail("fork");
	if (pid == 0) {
		close(ends[1]);
		clean_up_after(ends[0]);
	}
	close(ends[0]); /* the other end stays open as long as this program and its hosts live */
}

static const char *need(const char *variable)
{
	const char *value = getenv(variable);

	if (!value) {
		printf("Bail out! %s is not set; run this by `meson test`\n", variable);
		exit(99);
	}
	return value;
}

void place_make(struct place *p, const char *what)
{
	static int count;

	if (!root[0])
		make_root();
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "t%d-%d-%.*s", (int)getpid(), ++count,
		 (int)strcspn(what, ":"), what);
	snprintf(p->dir, sizeof(p->dir), "%s/%d", root, count);
	snprintf(p->log, sizeof(p->log), "%s/log", p->dir);
	if (mkdir(p->dir, 0755) < 0)
		bail(p->dir);
	p->proxy = need("NACRE_TEST_PROXY");
	p->stub = need("NACRE_TEST_STUB");
	p->extension = need("NACRE_TEST_EXTENSION");
	p->vproc = need("NACRE_TEST_VPROC");
	p->interface = "victim";
}

void place_register(const struct place *p, const char *more)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/registry.d", p->dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/registry.d/%s.conf", p->dir, p->name);
	f = fopen(path, "we");
	if (!f)
		bail(path);
	fprintf(f, "extension = %s\ninterface = %s\nproxy = %s\nstub = %s\nvproc = %s\n%s%s%s",
		p->extension, p->interface, p->proxy, p->stub, p->vproc,
		more && strstr(more, "memory_mb") ? "" : "memory_mb = 1024\n",
		more && strstr(more, "max_failures") ? "" : "max_failures = 1000000\n",
		more ? more : "");
	fclose(f);
	setenv("NACRE_REGISTRY", p->dir, 1);
	setenv("NACRE_LOG", p->log, 1);
}

void place_remove(const struct place *p)
{
	remove_tree(p->dir);
}

char *place_log(const struct place *p)
{
	FILE *f = fopen(p->log, "re");
	size_t size = 0, n;
	char *text = calloc(1, 1);

	while (f && text && (text = realloc(text, size + 65537)) &&
	       (n = fread(text + size, 1, 65536, f)) > 0)
		text[size += n] = 0;
	if (f)
		fclose(f);
	if (!text)
		bail("memory");
	return text;
}

static bool has_one_of(const char *line, const char *causes)
{
	char part[64];

	for (; *causes; causes += strcspn(causes, "|"), causes += *causes == '|') {
		size_t n = strcspn(causes, "|");

		if (n >= sizeof(part))
			n = sizeof(part) - 1;
		memcpy(part, causes, n);
		part[n] = 0;
		if (strstr(line, part))
			return true;
	}
	return false;
}

bool place_log_has(const struct place *p, const char *function, const char *causes)
{
	char *text = place_log(p), *save = NULL;
	bool found = false;

	for (char *line = strtok_r(text, "\n", &save); line && !found; line = strtok_r(NULL, "\n", &save))
		found = strstr(line, function) && has_one_of(line, causes);
	free(text);
	return found;
}

/* "/path/nacre-vproc\0NAME\0" */
static bool is_ours(const char *pid, const char *name)
{
	char path[64], line[512] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	return n > 0 && strlen(line) + 1 < (size_t)n && !strcmp(line + strlen(line) + 1, name);
}

int place_processes(const struct place *p, pid_t pids[PLACE_PIDS])
{
	DIR *dir = opendir("/proc");
	int n = 0;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && is_ours(d->d_name, p->name) &&
		    n < PLACE_PIDS)
			pids[n++] = atoi(d->d_name);
	if (dir)
		closedir(dir);
	return n;
}

bool place_is_left(const struct place *p, int ms)
{
	double until = now_ms() + ms;
	pid_t pids[PLACE_PIDS];

	while (place_processes(p, pids)) {
		if (now_ms() >= until)
			return false;
		usleep(5000);
	}
	return true;
}

void place_end_all(const struct place *p)
{
	pid_t pids[PLACE_PIDS];
	int n = place_processes(p, pids);

	for (int i = 0; i < n; i++) {
		char text[16];
		int fd = (int)syscall(SYS_pidfd_open, pids[i], 0);

		snprintf(text, sizeof(text), "%d", (int)pids[i]);
		if (fd >= 0 && is_ours(text, p->name)) /* still the same one */
			syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		if (fd >= 0)
			close(fd);
	}
}

bool victim_load(struct victim *v, const struct place *p)
{
	v->library = dlopen(p->proxy, RTLD_NOW | RTLD_LOCAL);
	if (!v->library) {
		printf("# %s\n", dlerror());
		return false;
	}
#define VICTIM_FIND(function)                                                                      \
	v->do_##function = (__typeof__(v->do_##function))dlsym(v->library, "victim_" #function);   \
	if (!v->do_##function) {                                                                   \
		printf("# no victim_" #function "\n");                                             \
		return false;                                                                      \
	}
	VICTIM_FUNCTIONS(VICTIM_FIND)
	return true;
}

void host_start(struct host *h, const struct place *p,
		int (*body)(const struct victim *v, void *arg), void *arg)
{
	pid_t test = getpid();
	struct victim v;

	fflush(stdout);
	h->pid = fork();
	if (h->pid < 0)
		bail("fork");
	if (h->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != test)
			_exit(98);
		if (!p)
			exit(body(NULL, arg));
		exit(victim_load(&v, p) ? body(&v, arg) : 97);
	}
	h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
}

int host_end(struct host *h, int ms)
{
	struct pollfd fd = {.fd = h->pidfd, .events = POLLIN};
	double until = now_ms() + ms;
	bool hung = false;
	int status = -1;

	while (poll(&fd, 1, until > now_ms() ? (int)(until - now_ms()) + 1 : 0) == 0)
		if (now_ms() >= until) {
			hung = true;
			syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
			break;
		}
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(h->pidfd);
	return hung ? -1 : status;
}

int host_run(const struct place *p, int (*body)(const struct victim *v, void *arg), void *arg, int ms)
{
	struct host h;

	host_start(&h, p, body, arg);
	return host_end(&h, ms);
}

const char *host_ended(int status)
{
	static char text[64];

	if (status == -1)
		return "it hung";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "it was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	else
		return "well";
	return text;
}

void *shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		bail("memory");
	return map;
}

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* How long this thread has been ready to run while others ran. */
static double waited_ms(void)
{
	unsigned long long ran, waited = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "re");

	if (f && fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	if (f)
		fclose(f);
	return (double)waited / 1e6;
}

void watch_start(struct watch *w)
{
	w->waited = waited_ms();
	w->from = now_ms();
}

double watch_ms(const struct watch *w)
{
	double ms = now_ms() - w->from;

	return ms - (waited_ms() - w->waited);
}

double slack_ms(void)
{
	const char *slack = getenv("NACRE_TEST_SLACK");

	/* A sanitizer's process takes longer to be taken apart. */
	return slack ? atof(slack) : NACRE_SANITIZED ? 300 : 100;
}
