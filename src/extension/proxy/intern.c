/* SPDX-License-Identifier: BSD-2-Clause */
/* intern.c - copies of the extension's constant strings that live as long as the proxy
 *
 * A host may keep such a pointer for ever, so nothing is freed; a bound keeps an extension that
 * invents strings from filling the host.
 */
#include "extension/proxy/runtime.h"

#include <stdlib.h>

enum { STRINGS_MAX = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *strings[STRINGS_MAX];
static int count;

const char *nacre_intern(const char *text)
{
	const char *found = NULL;

	if (!text)
		return NULL;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < count && !found; i++)
		if (!strcmp(strings[i], text))
			found = strings[i];
	if (!found && count < STRINGS_MAX) {
		strings[count] = strdup(text);
		if (strings[count])
			found = strings[count++];
	}
	pthread_mutex_unlock(&lock);
	return found;
}

void nacre_intern_forked(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

	memcpy(&lock, &fresh, sizeof(lock)); /* what was given stays: count grows last */
}
