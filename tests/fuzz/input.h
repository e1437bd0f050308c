/* SPDX-License-Identifier: BSD-2-Clause */
/* input.h - the bytes of a fuzz input, taken one after the other; zeroes where they end */
#ifndef NACRE_FUZZ_INPUT_H
#define NACRE_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *at, *end;
};

static inline uint8_t input_byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint64_t input_word(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)input_byte(in) << 8 * i;
	return value;
}

/* The next @n bytes, or as many as there are. */
static inline const uint8_t *input_bytes(struct input *in, size_t *n)
{
	const uint8_t *bytes = in->at;

	if (*n > (size_t)(in->end - in->at))
		*n = (size_t)(in->end - in->at);
	in->at += *n;
	return bytes;
}

#endif
