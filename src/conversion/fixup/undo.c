/* SPDX-License-Identifier: BSD-2-Clause */
/* undo.c - the journal of what files were before they were changed */
#include "conversion/fixup/undo.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char head[] = "nacre-undo 1\n";
static const char *const kinds[NACRE_UNDO_KINDS] = {"content", "length",    "made",      "file",
						     "link",    "directory", "attribute", "time"};
enum { JOURNAL_MOST = 1 << 30 };

struct nacre_undo {
	char path[PATH_MAX];
	int fd;
	uint64_t start, end;
};

/* FNV-1a, 64 bits (Fowler, Noll, Vo): tells a torn record from a whole one; it need not withstand malice. */
static uint64_t fnv(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ p[i]) * 0x100000001b3;
	return sum;
}

static uint64_t sum_of(const char *line, size_t line_size, const void *data, size_t size)
{
	return fnv(fnv(0xcbf29ce484222325, line, line_size), data, size);
}

static void encode(struct nacre_text *t, const char *s)
{
	for (; *s; s++) {
		unsigned char c = *s;

		if (c <= ' ' || c >= 127 || c == '%')
			nacre_text_printf(t, "%%%02x", c);
		else
			nacre_text_add(t, s, 1);
	}
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; @s becomes a string. */
static bool decode(char *s, size_t size)
{
	char *to = s;

	for (size_t i = 0; i < size; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			if (size - i < 3 || digit(s[i + 1]) < 0 || digit(s[i + 2]) < 0)
				return false;
			c = digit(s[i + 1]) * 16 + digit(s[i + 2]);
			i += 2;
		}
		if (!c)
			return false;
		*to++ = c;
	}
	*to = 0;
	return to > s;
}

static int journal_name(const char *path, char name[PATH_MAX], struct nacre_error *e)
{
	if (snprintf(name, PATH_MAX, "%s/journal", path) >= PATH_MAX)
		return nacre_error_set(e, NACRE_E_USAGE, ENAMETOOLONG, path, "cannot name the undo journal");
	return 0;
}

/* The directory's entry too has to be on the disk before the image changes. */
static int sync_directory(const char *path)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -1 : 0;
}

struct nacre_undo *nacre_undo_open(const char *path, struct nacre_error *e)
{
	struct nacre_undo_list list = {0};
	NACRE_AUTO_FREE struct nacre_undo *u = calloc(1, sizeof(*u));
	char name[PATH_MAX];
	int wrong = 0;

	if (!u || journal_name(path, name, e) < 0) {
		if (!u)
			nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot keep an undo journal");
		return NULL;
	}
	snprintf(u->path, sizeof(u->path), "%s", path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot make the undo directory");
		return NULL;
	}
	if (access(name, F_OK) == 0) {
		if (nacre_undo_load(path, 0, &list, e) < 0)
			return NULL;
		u->end = list.whole;
		nacre_undo_list_free(&list);
	}
	u->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (u->fd < 0) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot open the undo journal");
		return NULL;
	}
	if (u->end < sizeof(head) - 1) {
		u->end = sizeof(head) - 1;
		wrong = nacre_write_at(u->fd, head, sizeof(head) - 1, 0) ? errno : 0;
	}
	if (!wrong && (ftruncate(u->fd, u->end) < 0 || fsync(u->fd) < 0 || sync_directory(path) < 0))
		wrong = errno;
	if (wrong) {
		nacre_error_set(e, NACRE_E_SYSTEM, wrong, name, "cannot write the undo journal");
		close(u->fd);
		return NULL;
	}
	u->start = u->end;
	return nacre_steal(u);
}

void nacre_undo_close(struct nacre_undo *u)
{
	if (!u)
		return;
	close(u->fd);
	free(u);
}

const char *nacre_undo_path(const struct nacre_undo *u)
{
	return u->path;
}

uint64_t nacre_undo_start(const struct nacre_undo *u)
{
	return u->start;
}

int nacre_undo_add(struct nacre_undo *u, const struct nacre_undo_record *r, struct nacre_error *e)
{
	NACRE_AUTO_TEXT struct nacre_text line = {0}, words = {0};
	int wrong;

	nacre_text_printf(&words, "%s %o %" PRIu32 " %" PRIu32 " %" PRId64, kinds[r->kind], r->mode, r->uid,
			  r->gid, r->mtime);
	if (r->mtime_ns)
		nacre_text_printf(&words, ".%09" PRIu32, r->mtime_ns);
	nacre_text_printf(&words, " %" PRIu64 " %zu", r->size, r->length);
	nacre_text_puts(&line, " ");
	encode(&line, r->path);
	if (r->name) {
		nacre_text_puts(&line, " ");
		encode(&line, r->name);
	}
	if (!words.failed && !line.failed) {
		uint64_t sum = fnv(sum_of(words.data, words.size, line.data, line.size), r->data, r->length);

		nacre_text_printf(&words, " %016" PRIx64, sum);
		nacre_text_add(&words, line.data, line.size);
		nacre_text_puts(&words, "\n");
		nacre_text_add(&words, r->data, r->length);
		nacre_text_puts(&words, "\n");
	}
	if (words.failed || line.failed)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, r->path, "cannot remember the file for undo");
	if (words.size > JOURNAL_MOST - u->end)
		return nacre_error_set(e, NACRE_E_SUPPORT, EFBIG, r->path, "the undo journal would be too long");
	wrong = nacre_write_at(u->fd, words.data, words.size, u->end) ? errno : 0;
	if (wrong)
		return nacre_error_set(e, NACRE_E_SYSTEM, wrong, u->path,
				       "cannot write the undo journal, so nothing is changed");
	u->end += words.size;
	return 0;
}

int nacre_undo_sync(struct nacre_undo *u, struct nacre_error *e)
{
	if (fdatasync(u->fd) == 0)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, u->path,
			       "cannot write the undo journal, so nothing is changed");
}

/* A whole number of @base in @word, nothing else. */
static bool number(struct nacre_span word, int base, uint64_t most, uint64_t *value)
{
	*value = 0;
	if (!word.size)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		int d = digit(word.at[i]);

		if (d < 0 || d >= base || __builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)d, value) || *value > most)
			return false;
	}
	return true;
}

/* Seconds with a sign, and nine digits behind a dot. */
static bool time_of(struct nacre_span word, struct nacre_undo_record *r)
{
	bool negative = nacre_span_starts(word, "-");
	uint64_t seconds, nanoseconds = 0;

	word.at += negative;
	word.size -= negative;
	if (word.size > 10 && word.at[word.size - 10] == '.') {
		if (!number((struct nacre_span){word.at + word.size - 9, 9}, 10, 999999999, &nanoseconds))
			return false;
		word.size -= 10;
	}
	if (!number(word, 10, INT64_MAX, &seconds))
		return false;
	r->mtime = negative ? -(int64_t)seconds : (int64_t)seconds;
	r->mtime_ns = (uint32_t)nanoseconds;
	return true;
}

/* @line without its newline. The sum covers the words before it, those behind it, and the data. */
static bool parse_line(struct nacre_span line, struct nacre_undo_record *r, uint64_t *sum,
		       uint64_t *partial, struct nacre_span names[2])
{
	struct nacre_span rest = line, word[8];
	uint64_t mode, uid, gid, length;

	for (int i = 0; i < 8; i++)
		if (!nacre_word_next(&rest, " ", &word[i]))
			return false;
	*partial = sum_of(line.at, word[7].at - 1 - line.at, rest.at, rest.size);
	for (r->kind = 0; r->kind < NACRE_UNDO_KINDS; r->kind++)
		if (nacre_span_is(word[0], kinds[r->kind]))
			break;
	if (r->kind == NACRE_UNDO_KINDS || !number(word[1], 8, UINT32_MAX, &mode) ||
	    !number(word[2], 10, UINT32_MAX, &uid) || !number(word[3], 10, UINT32_MAX, &gid) ||
	    !time_of(word[4], r) || !number(word[5], 10, INT64_MAX, &r->size) ||
	    !number(word[6], 10, JOURNAL_MOST, &length) || !number(word[7], 16, UINT64_MAX, sum))
		return false;
	r->mode = mode;
	r->uid = uid;
	r->gid = gid;
	r->length = length;
	names[1] = (struct nacre_span){0};
	return nacre_word_next(&rest, " ", &names[0]) &&
	       (r->kind != NACRE_UNDO_ATTRIBUTE || nacre_word_next(&rest, " ", &names[1])) && !rest.size;
}

static bool decode_names(struct nacre_undo_record *r, struct nacre_span names[2])
{
	if (!decode((char *)names[0].at, names[0].size))
		return false;
	r->path = names[0].at;
	if (names[1].at) {
		if (!decode((char *)names[1].at, names[1].size))
			return false;
		r->name = names[1].at;
	}
	return r->path[0] == '/';
}

/* One record at @rest. Return: 1 it is whole, 0 the file ends within it, -1 it is damaged. */
static int parse_record(struct nacre_span *rest, struct nacre_undo_record *r)
{
	struct nacre_span names[2], line, after = *rest;
	uint64_t sum, partial;

	*r = (struct nacre_undo_record){0};
	if (!nacre_line_next(&after, &line) || line.at[line.size - 1] != '\n')
		return 0;
	line.size--;
	if (!parse_line(line, r, &sum, &partial, names))
		return -1;
	if (after.size <= r->length)
		return 0;
	if (after.at[r->length] != '\n' || fnv(partial, after.at, r->length) != sum)
		return after.size == r->length + 1 ? 0 : -1;
	r->data = after.at;
	if (!decode_names(r, names))
		return -1;
	rest->at = after.at + r->length + 1;
	rest->size = after.size - r->length - 1;
	return 1;
}

int nacre_undo_parse(char *bytes, size_t size, struct nacre_undo_list *list, struct nacre_error *e)
{
	struct nacre_span rest = {bytes, size};
	struct nacre_undo_record r;
	size_t room = 0;
	int got = 1;

	*list = (struct nacre_undo_list){.bytes = bytes};
	if (!nacre_span_starts(rest, head)) {
		/* cut short while the head was written: nothing was changed yet */
		if (size < sizeof(head) - 1 && !memcmp(bytes, head, size))
			return 0;
		nacre_error_set(e, NACRE_E_INPUT, 0, "journal", "this is no undo journal");
		goto bad;
	}
	rest.at += sizeof(head) - 1;
	rest.size -= sizeof(head) - 1;
	while (rest.size && (got = parse_record(&rest, &r)) > 0) {
		if (list->count == room) {
			struct nacre_undo_record *more;

			room = room ? room * 2 : 32;
			more = realloc(list->list, room * sizeof(*more));
			if (!more) {
				nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "journal", "cannot read it");
				goto bad;
			}
			list->list = more;
		}
		list->list[list->count++] = r;
	}
	if (got < 0) {
		nacre_error_set(e, NACRE_E_INPUT, 0, "journal",
				"record %zu of the undo journal is damaged", list->count + 1);
		goto bad;
	}
	list->whole = rest.at - bytes;
	return 0;
bad:
	nacre_undo_list_free(list);
	return -1;
}

int nacre_undo_load(const char *path, uint64_t from, struct nacre_undo_list *list, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *bytes = NULL;
	NACRE_AUTO_FD int fd = -1;
	char name[PATH_MAX];
	size_t got, skip;
	ssize_t n;
	struct stat st;

	if (journal_name(path, name, e) < 0)
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, name,
				       "there is nothing to undo");
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MOST || from > (uint64_t)st.st_size)
		return nacre_error_set(e, NACRE_E_INPUT, 0, name, "this is no undo journal");
	/* later records alone need the head in front of them again */
	skip = from ? from : sizeof(head) - 1;
	bytes = malloc((size_t)st.st_size + sizeof(head));
	if (!bytes)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, name, "cannot read the undo journal");
	n = nacre_read_at(fd, bytes, (size_t)st.st_size, 0);
	if (n != st.st_size)
		return nacre_error_set(e, NACRE_E_SYSTEM, n < 0 ? errno : EIO, name, "cannot read the undo journal");
	got = (size_t)n;
	if (from) {
		memmove(bytes + sizeof(head) - 1, bytes + skip, got - skip);
		memcpy(bytes, head, sizeof(head) - 1);
		got = got - skip + sizeof(head) - 1;
	}
	bytes[got] = 0;
	return nacre_undo_parse(nacre_steal(bytes), got, list, e);
}

void nacre_undo_list_free(struct nacre_undo_list *list)
{
	free(list->list);
	free(list->bytes);
	*list = (struct nacre_undo_list){0};
}

int nacre_undo_forget(const char *path, uint64_t keep, struct nacre_error *e)
{
	char name[PATH_MAX];

	if (journal_name(path, name, e) < 0)
		return -1;
	if (keep > sizeof(head) - 1) {
		if (truncate(name, keep) < 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot shorten it");
		return 0;
	}
	if (unlink(name) < 0 && errno != ENOENT)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, name, "cannot remove it");
	rmdir(path); /* others may keep something there */
	return 0;
}
