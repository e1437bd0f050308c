/* SPDX-License-Identifier: BSD-2-Clause */
/* overlay.h - every word of an overlay at least once */
#ifndef EVERY_OVERLAY_H
#define EVERY_OVERLAY_H

#include "every.h"
#include <nacre/overlay.h>

NACRE_INTERFACE(every, version("1"), success(result >= 0), on_fail(-77, errno = EIO),
		deadline(5000),
		waive_symbol(every_level, "a level for debugging that hosts do not touch"));
NACRE_HANDLE(counter, stale(-78, errno = ESTALE));
NACRE_HANDLE(file, type(file_id), stale(-78), tracked);

NACRE_VIEW(named) {
	struct named {
		const char *name nacre(string);
		struct point where;
		unsigned char tag[6];
		unsigned values_count;
		int *values nacre(count(values_count));
	};
}
NACRE_VIEW(variant) {
	struct variant {
		int kind;
		union content content
		nacre(cases(kind == 1: bytes(sizeof(int)); kind == 2: bytes(sizeof(double));
						  else: bytes(0)));
	};
}
NACRE_VIEW(query) {
	struct query {
		int id nacre(in);
		char *text nacre(out, cap(length), len(length == (size_t)-1 ? 0 : length));
		size_t length nacre(inout);
	};
}
NACRE_VIEW(reader) {
	struct reader {
		const unsigned char *next nacre(in, cursor, sized_by(available));
		unsigned available;
		unsigned long total;
		struct counter *state nacre(handle(counter));
	};
}
NACRE_VIEW(careful) { /* does not look ahead before something was read, and then at one */
	struct reader {
		const unsigned char *next nacre(in, cursor, sized_by(available), count(total ? 1 : 0));
		unsigned available;
		unsigned long total;
		struct counter *state nacre(handle(counter));
	};
}

NACRE_VIEW(table) {
	struct every_table {
		int version;
		struct point origin;
		int (*add)(signed char a, short b, int c, long d);
		int (*hidden)(int a);
		void (*nothing)(void);
		int64_t (*minus)(int64_t v) nacre(table_entry(negate));
	};
}

NACRE_CALLBACK(visit, int, (void *user nacre(token), const char *name nacre(string),
			    const int *values nacre(in, count(n)), unsigned n nacre(range(0, 5)),
			    struct point *p nacre(inout), long *total nacre(inout)), on_fail(-1));

int add(signed char a, short b, int c, long d);
unsigned add_unsigned(unsigned char a, unsigned short b, unsigned c, unsigned long long d);
double mix(float a, double b, bool c) nacre(on_fail(0));
enum colour next_colour(enum colour c) nacre(oneof(RED, GREEN, BLUE), success(true));
void nothing(void);
int64_t negate(int64_t v) nacre(deadline(none), idempotent);

struct point mirror(struct point p) nacre(success(result.y == p.y), on_fail((struct point){0}));
int weigh(const struct padded *p nacre(in), struct padded *twice nacre(out));
int sum_named(const struct named *list nacre(in, count(n)), int n);
int change(struct variant *v nacre(inout, nonnull));
int answer(struct query *q nacre(inout, count(n)), int n);

int squares(const int *in nacre(in, count(n)), int *out nacre(out, cap(n), len(result)), int n);
int doubles(double *in_place nacre(inout, count(n)), int n);
int fill(unsigned char *buffer nacre(out, cap(*length), len(*length)), size_t *length nacre(inout));
int append(char *text nacre(inout, count(used), cap(room), len(*length)), size_t used, size_t room,
	   size_t *length nacre(out));
size_t length_of(const char *text nacre(string(1000))) nacre(success(result < 5000), on_fail(0));
int join(const char *const *words nacre(strings), char *out nacre(out, string, cap(room)),
	 size_t room);
int pick(const char **word nacre(out, string, borrowed), int which);
const char *colour_name(enum colour c) nacre(string, borrowed, nullable, on_fail("none"));
char *upper(char *text nacre(inout, count(n)), size_t n) nacre(alias(text), on_fail(NULL));
int checked(int *values nacre(out, count(n), range(0, 1000)), int n);
int flags(bool *odd nacre(out, count(n)), const int *values nacre(in, count(n)), int n);

int tagged(int kind,
	   const void *value nacre(in, cases(kind == 0: bytes(size); kind == 1: struct(named);
							kind == 2: string; else: refuse(-79))),
							size_t size);

struct counter *counter_new(int start) nacre(handle(counter), opens, success(result != NULL),
			    on_fail(NULL));
int counter_next(struct counter *c nacre(handle(counter)));
int counter_merge(struct counter *const *list nacre(in, count(n), handle(counter)), int n);
int counter_split(struct counter *c nacre(handle(counter)),
		  struct counter **half nacre(out, handle(counter), opens));
void counter_free(struct counter *c nacre(handle(counter))) nacre(closes(counter, c));
int files_open(file_id *ids nacre(out, count(n), opens), int n);
int file_close(file_id id) nacre(closes(file, id));

int reader_start(struct reader *r nacre(inout, resident(counter), view(reader), opens));
int reader_read(struct reader *r nacre(inout, resident(counter), view(reader)), unsigned n);
int reader_more(struct reader *r nacre(inout, resident(counter), view(careful)));
int reader_end(struct reader *r nacre(inout, resident(counter), view(reader)))
	nacre(closes(counter, r));

int each(int n, visit f nacre(callback(visit)), void *user nacre(token));
int keep(void *user nacre(token)) nacre(replay);
void *kept(void) nacre(token, on_fail(NULL), secret);

int printf_like(const char *format, ...) nacre(refuse, waive("no type is known"), on_fail(-80));
int every_functions(struct every_table **table nacre(out, table));
int hidden(int a);

#endif
