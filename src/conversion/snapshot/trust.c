/* SPDX-License-Identifier: BSD-2-Clause */
/* trust.c - can the changes of a disk be told?
 *
 * Where every write ends as a request, or as a bio of a driver that is known to hand it to the kernel's tracing and to count it:
 * device mapper, md, zram. What else is stacked (bcache, DRBD, the common head of several NVMe paths) may redirect it out of
 * sight: its writes are seen at the disks below it, and those can be converted. What is stored by the processor itself (DAX) is never seen.
 */
#include "conversion/snapshot/tracker.h"

#include "base/auto.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_there(const char *directory, const char *name)
{
	NACRE_AUTO_FREE char *path = NULL;
	struct stat st;

	return asprintf(&path, "%s/%s", directory, name) >= 0 && stat(path, &st) == 0;
}

/* The first word of a file; "" where there is none. */
static void read_word(const char *directory, const char *name, char *to, size_t size)
{
	NACRE_AUTO_FREE char *path = NULL;
	NACRE_AUTO_FILE FILE *f = NULL;

	*to = 0;
	if (asprintf(&path, "%s/%s", directory, name) < 0 || !(f = fopen(path, "re")))
		return;
	if (!fgets(to, (int)size, f))
		*to = 0;
	to[strcspn(to, " \t\n")] = 0;
}

static int no(const char *name, struct nacre_error *e, const char *why)
{
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, name,
			       "its changes cannot be told while it works: %s. Convert it while it is not in use", why);
}

static bool is_zram(const char *sysfs)
{
	return is_there(sysfs, "mm_stat");
}

bool nacre_tracker_of_bios(const char *sysfs)
{
	return !is_there(sysfs, "mq") && (is_there(sysfs, "md") || is_there(sysfs, "dm") || is_zram(sysfs));
}

int nacre_tracker_judge(const char *sysfs, const char *name, struct nacre_error *e)
{
	char word[16];

	if (!is_there(sysfs, "queue"))
		return no(name, e, "the kernel knows no such disk");
	read_word(sysfs, "queue/dax", word, sizeof(word));
	if (!strcmp(word, "1"))
		return no(name, e, "the processor stores into it directly (DAX)");
	/* Requests upon requests: the end of one interrupts what is told of another's, and is not told (recursion_misses). */
	if (is_there(sysfs, "dm") && is_there(sysfs, "mq"))
		return no(name, e, "the device mapper hands its requests on (multipath: queue_mode bio does not)");
	if (is_there(sysfs, "bcache"))
		return no(name, e, "it is made of other disks; name those");
	read_word(sysfs, "queue/zoned", word, sizeof(word));
	if (*word && strcmp(word, "none"))
		return no(name, e, "it is a zoned disk");
	read_word(sysfs, "queue/iostats", word, sizeof(word));
	/* zram counts all the same, and so did the device mapper before it asked; if it does not, nacre_tracker_lost() says so. */
	if (!strcmp(word, "0") && !is_zram(sysfs) && !is_there(sysfs, "dm"))
		return no(name, e, "its statistics, by which the tracking is checked, are off (queue/iostats)");
	if (!is_there(sysfs, "mq") && !nacre_tracker_of_bios(sysfs))
		return no(name, e, "it has no requests; its driver passes them on in a way that is not known");
	return 0;
}
