/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h - the small text formats of a machine's configuration, taken apart in place
 *
 * All of it was written by others. Buffers are changed; nothing is executed or expanded; what is copied
 * out is bounded and has no control characters.
 */
#ifndef NACRE_CONVERSION_TEXT_H
#define NACRE_CONVERSION_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** text_copy() - as much as fits, control characters as '?'; @to always ends with 0 */
void text_copy(char *to, size_t size, const char *from);
/** text_clean() - bytes that would end the text early become spaces: @data has a 0 at @size */
void text_clean(char *data, size_t size);
/** text_line() - the next line, without its end; NULL: that was the last. @rest: moves on */
char *text_line(char **rest);
/** text_trim() - without the white space at both ends */
char *text_trim(char *s);
/** text_word() - the next word between white space; NULL: none. @rest: moves on */
char *text_word(char **rest);
/** text_value() - a value as a shell would take it: quotes go, what follows an unquoted word goes */
char *text_value(char *s);
/** text_assignment() - the value if @line is `KEY=value`, as text_value() gives it; else NULL */
char *text_assignment(char *line, const char *key);
/** text_find() - the value of `KEY=` in all of @data, which is not changed; copied to @to. Return: was it there? */
bool text_find(const char *data, const char *key, char *to, size_t size);
/**
 * text_ini() - call @entry for each `key = value` of an ini file (systemd, NetworkManager)
 * Lines that begin with # or ; are left out
 */
void text_ini(char *data, void (*entry)(void *arg, const char *section, const char *key, char *value),
	      void *arg);
/** text_mac() - is @s a MAC address? @to (20 bytes): in small letters with colons */
bool text_mac(char *to, const char *s);
/** text_suffix() - does @s end with @suffix? */
bool text_suffix(const char *s, const char *suffix);

#endif
