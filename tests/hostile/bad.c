/* SPDX-License-Identifier: BSD-2-Clause */
/* bad.c - look up what to do, jump into other people's functions, misbehave while being loaded */
#include "bad.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool bad_run(const struct bad *list, const char *how, long argument, int *result)
{
	for (; list->name; list++)
		if (!strcmp(list->name, how)) {
			*result = list->run(argument);
			return true;
		}
	return false;
}

void bad_jump(void *from, void *to)
{
#if defined(__x86_64__)
	uint8_t code[12] = {0x48, 0xb8, [10] = 0xff, 0xe0}; /* mov $to, %rax; jmp *%rax */
	enum { AT = 2 };
#elif defined(__aarch64__)
	uint8_t code[16] = {0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6}; /* ldr x16, .+8; br x16 */
	enum { AT = 8 };
#else
#error "say how to jump on this processor"
#endif
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)from & ~(page - 1);

	memcpy(code + AT, &to, sizeof(to));
	if (mprotect((void *)start, page * 2, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		abort();
	memcpy(from, code, sizeof(code));
	__builtin___clear_cache((char *)from, (char *)from + sizeof(code));
}

void bad_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		abort();
	pthread_detach(thread);
}

__attribute__((constructor)) static void loaded(void)
{
	const char *how = getenv("VICTIM_LOAD");
	int result;

	if (how && *how && !bad_run(bad_hello, how, 0, &result))
		bad_run(bad_control, how, 0, &result);
}
