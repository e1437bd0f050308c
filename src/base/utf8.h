/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.h - which bytes are a character */
#ifndef NACRE_BASE_UTF8_H
#define NACRE_BASE_UTF8_H

/**
 * nacre_utf8_size() - bytes of the UTF-8 character at @s, 0 when it is none
 * @s: ends with a 0
 *
 * RFC 3629: the shortest form, no surrogates, nothing above U+10FFFF.
 */
int nacre_utf8_size(const unsigned char *s);

#endif
