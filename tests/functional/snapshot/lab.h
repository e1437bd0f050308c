/* SPDX-License-Identifier: BSD-2-Clause */
/* lab.h - disks and mounts that a test makes for itself, and that are gone with it, however it ends
 *
 * Loop devices go when their last user does (autoclear); mounts are in a mount namespace of the test's own. A frozen file
 * system would outlive all of that: whoever freezes one has a guard, which thaws it when the test is gone.
 */
#ifndef NACRE_TESTS_SNAPSHOT_LAB_H
#define NACRE_TESTS_SNAPSHOT_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** struct lab_disk - a loop device on a file of the work directory, or another block device */
struct lab_disk {
	int fd;          /* of the device, buffered; keeps it */
	char path[32];   /* "/dev/loop3" */
	char sysfs[64];  /* "/sys/block/loop3" */
	dev_t device;
	uint64_t size;
	int guard;       /* of a zram device: it goes when this is closed */
};

/** lab_start() - mounts of our own, and a tmpfs as work directory; the test is skipped without root. Return: false then */
bool lab_start(void);
/** lab_path() - NAME in the work directory; in one of a few static buffers */
const char *lab_path(const char *name);
/** lab_disk() - make file NAME of @size bytes and a loop device on it; ends the test if it cannot */
struct lab_disk lab_disk(const char *name, uint64_t size);
/** lab_zram() - a new compressed disk in memory, which has no requests; false: this kernel gives none */
bool lab_zram(uint64_t size, struct lab_disk *disk);
/** lab_existing() - a block device that the caller made */
struct lab_disk lab_existing(const char *path);
void lab_disk_close(struct lab_disk *disk);
/** lab_run() - a shell command, ends the test if it fails */
void lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** lab_guard() - a process that thaws what @fd is on as soon as this one is gone. Return: to be given to lab_release() */
int lab_guard(int fd);
void lab_release(int guard);
/** lab_random() - fill with bytes that no two calls share */
void lab_random(void *data, size_t size);
/** lab_now() - seconds */
double lab_now(void);
/** lab_sleep() - milliseconds */
void lab_sleep(unsigned ms);

#endif
