/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h - bytes that grow, and lines and words of somebody else's files
 *
 * An editor of a config file is a function from bytes to bytes: it walks the lines, changes what is
 * meant and copies every other byte as it is (line ends, tabs, comments, a missing last newline).
 */
#ifndef NACRE_BASE_TEXT_H
#define NACRE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** struct nacre_text - zero-initialised; @data ends with a 0 that is not counted; @failed: no memory */
struct nacre_text {
	char *data;
	size_t size, room;
	bool failed;
};

#define NACRE_AUTO_TEXT __attribute__((cleanup(nacre_text_free)))

void nacre_text_add(struct nacre_text *t, const void *data, size_t size);
void nacre_text_puts(struct nacre_text *t, const char *s);
void nacre_text_printf(struct nacre_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** nacre_text_zeroes() - @count of them */
void nacre_text_zeroes(struct nacre_text *t, size_t count);
void nacre_text_free(struct nacre_text *t);

/** struct nacre_span - bytes inside a buffer of somebody else */
struct nacre_span {
	const char *at;
	size_t size;
};

/** nacre_span_is() - equal to @s, byte for byte */
bool nacre_span_is(struct nacre_span a, const char *s);
bool nacre_span_starts(struct nacre_span a, const char *s);
/** nacre_span_trim() - without blanks at both ends */
struct nacre_span nacre_span_trim(struct nacre_span a);
/** nacre_span_find() - where @s starts in it, or NULL */
const char *nacre_span_find(struct nacre_span a, const char *s);
/** nacre_span_copy() - into @to with a 0; false: it does not fit, or holds a 0 */
bool nacre_span_copy(struct nacre_span a, char *to, size_t room);

/** nacre_line_next() - the next line, its newline included, off the front of @rest; false: there is none */
bool nacre_line_next(struct nacre_span *rest, struct nacre_span *line);
/** nacre_word_next() - the next run of bytes that are none of @blanks; false: there is none */
bool nacre_word_next(struct nacre_span *rest, const char *blanks, struct nacre_span *word);
/** nacre_one_of() - is @c one of @set? Other than strchr(3), a zero byte is not */
static inline bool nacre_one_of(const char *set, char c)
{
	return c && strchr(set, c);
}
/** nacre_is_text() - no zero bytes and few that are not printed */
bool nacre_is_text(const char *data, size_t size);

#endif
