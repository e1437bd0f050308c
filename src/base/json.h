/* SPDX-License-Identifier: BSD-2-Clause */
/* json.h - print JSON whose nesting and commas are always right */
#ifndef NACRE_BASE_JSON_H
#define NACRE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** struct json - where in the text the printer is; zeroed but for .to and .one_line at the start */
struct json {
	FILE *to;
	int depth;
	bool one_line; /* set at the start, where a line is to be one value */
	bool more; /* something stands before the next value on this level */
};

/* @key is NULL in an array and at the top. Bytes that are no UTF-8 become U+FFFD. */
void json_begin(struct json *j, const char *key, char bracket);
void json_end(struct json *j, char bracket);
void json_text(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_list(struct json *j, const char *key, char *const *values);

#endif
