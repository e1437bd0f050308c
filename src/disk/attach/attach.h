/* SPDX-License-Identifier: BSD-2-Clause */
/* attach.h - an image becomes a disk of this computer, and ceases to be one (C5)
 *
 * DOC: Theory of Operation
 *
 * An attached image has two processes, made by nacre_attach(). The *server* opens the image, is confined
 * before it decodes a byte of it where the format allows that, and answers the kernel's file requests
 * (serve.h). The *keeper* holds the loop device that lies on the server's file, and the state file.
 *
 * Nothing has to be cleaned up after a crash, as everything hangs on descriptors. The file system that
 * the server serves is mounted nowhere: the loop device alone refers to it. The loop device goes when its
 * last user does (autoclear), and the keeper is one. So:
 *
 *	server killed:	the connection ends, what waits on the disk fails with EIO; the keeper lets the
 *			loop device go, which vanishes now, or when it is unmounted
 *	keeper killed:	the loop device writes its cache back through the server, and vanishes; the file
 *			system has lost its last user, and the server ends by itself
 *
 * One process for both could wait for itself: a process that ends closes the loop device, whose cache is
 * then written to the server that it was.
 *
 * Where there is no privilege for loop devices, or none is wanted, the disk is a file in a mounted FUSE file
 * system; that mount is left over when the server is killed, and nacre_detach() takes it away.
 *
 * A state file is alive as long as the keeper holds a record lock on it; the kernel tells whose lock it
 * is, so that no process number is ever believed that was written down.
 *
 * An image that is attached for writing is locked (flock) by its one server; many may read it.
 */
#ifndef NACRE_DISK_ATTACH_H
#define NACRE_DISK_ATTACH_H

#include <nacre/error.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** struct nacre_attach_options - what to attach, and how */
struct nacre_attach_options {
	const char *image;
	const char *format; /* NULL: by content */
	bool writable;	    /* C13's make-writable: what is written to the disk changes the image */
	bool file;	    /* no device: a file with the disk's bytes */
	/**
	 * confine() - give up what a process does not need from here on; NULL: nothing is given up
	 * @image: the only file that it may still open; NULL: none
	 *
	 * Descriptors that it has stay usable. Called in the new processes.
	 */
	int (*confine)(const char *image, bool writable, struct nacre_error *e);
};

/** struct nacre_attachment - one attached image, as its state file tells */
struct nacre_attachment {
	char id[32];	       /* "loop3", "file-1234": of the state file */
	char device[PATH_MAX]; /* "/dev/loop3", or the path of the file */
	char image[PATH_MAX];  /* absolute */
	char format[16];
	uint64_t size;	       /* of the disk, bytes */
	bool writable, file;
	int64_t since;	       /* seconds since 1970 */
	uint64_t backing_device, backing_inode; /* what the loop device lies on */
	pid_t keeper;	       /* 0: it has ended */
	char end[192];	       /* why it ended by itself; "" */
};

/**
 * nacre_attach() - attach an image; it stays so when this process ends
 *
 * NACRE_E_EXISTS: it is attached already, by somebody who writes, or somebody is and @o wants to.
 */
int nacre_attach(const struct nacre_attach_options *o, struct nacre_attachment *made, struct nacre_error *e);
/** nacre_attach_each() - call @visit for each attachment of this user, until it returns non-zero, which is returned */
int nacre_attach_each(int (*visit)(void *arg, const struct nacre_attachment *a), void *arg,
		      struct nacre_error *e);
/**
 * nacre_attach_find() - by device, file or image
 *
 * An image that is attached twice has to be named by its device. Return: 0, -1 with NACRE_E_ABSENT: there is none
 */
int nacre_attach_find(const char *what, struct nacre_attachment *found, struct nacre_error *e);
/**
 * nacre_detach() - the disk is none any more, and all that was written to it is in the image
 *
 * Refused while it is in use; the message says by whom. Of one that ended by itself what is left is taken
 * away; -1 only if something stays.
 */
int nacre_detach(const struct nacre_attachment *a, struct nacre_error *e);

#endif
