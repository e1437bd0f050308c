/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h - a host that is linked with libz and prints all that it sees
 *
 * It knows nothing of nacre: what it prints has to be the same with and without a proxy.
 */
#ifndef ZLIB_HOST_H
#define ZLIB_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/** fill() - the same bytes for the same @seed, of which about a third can be compressed away */
void fill(uint8_t *to, size_t size, uint32_t seed);

/** digest() - FNV-1a, so that no result is judged by the library under test */
uint64_t digest(const void *from, size_t size);

/** room() - @size bytes, or the end of the program */
void *room(size_t size);

/** show() - what a stream says of itself */
void show(const char *what, int result, const z_stream *s);

void show_whole(void);
void show_streams(void);
void show_odd(void);
void show_threads(void);
void show_refused(void);
void show_faults(void);

#endif
