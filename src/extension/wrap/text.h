/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h - generated text: indented lines, broken at 100 columns */
#ifndef NACRE_WRAP_TEXT_H
#define NACRE_WRAP_TEXT_H

#include <nacre/error.h>

#include <stddef.h>

/** struct nacre_text - a text that grows; running out of memory ends the generator */
struct nacre_text {
	char *data;
	size_t length, room;
	int indent;
};

/** nacre_text_line() - one line; too long ones are broken behind a comma or an operator */
void nacre_text_line(struct nacre_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** nacre_text_open() - a line that ends with " {" on itself and indents what follows */
void nacre_text_open(struct nacre_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** nacre_text_close() - the matching "}", with @rest behind it */
void nacre_text_close(struct nacre_text *t, const char *rest);
/** nacre_text_function() - the head of a function, its brace on a line of its own */
void nacre_text_function(struct nacre_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** nacre_text_raw() - as it is */
void nacre_text_raw(struct nacre_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** nacre_text_comment() - a block comment, its words filled to the width */
void nacre_text_comment(struct nacre_text *t, const char *text);
void nacre_text_free(struct nacre_text *t);
/** nacre_text_write() - to the file @dir/@name, replaced in one go */
int nacre_text_write(const struct nacre_text *t, const char *dir, const char *name,
		     struct nacre_error *e);

#endif
