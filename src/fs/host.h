/* SPDX-License-Identifier: BSD-2-Clause */
/* host.h - a volume inside, and the proxy that it has for itself */
#ifndef NACRE_FS_HOST_H
#define NACRE_FS_HOST_H

#include "fs/volume.h"

/** struct nacre_fs_calls - the functions of fs.h, as one copy of the proxy has them */
struct nacre_fs_calls {
	__typeof__(nacre_fs_open) *open;
	__typeof__(nacre_fs_close) *close;
	__typeof__(nacre_fs_sync) *sync;
	__typeof__(nacre_fs_describe) *describe;
	__typeof__(nacre_fs_map) *map;
	__typeof__(nacre_fs_stat) *stat;
	__typeof__(nacre_fs_list) *list;
	__typeof__(nacre_fs_read_link) *read_link;
	__typeof__(nacre_fs_read_file) *read_file;
	__typeof__(nacre_fs_create) *create;
	__typeof__(nacre_fs_file_map) *file_map;
	__typeof__(nacre_fs_write_file) *write_file;
	__typeof__(nacre_fs_truncate) *truncate;
	__typeof__(nacre_fs_link_symbolic) *link_symbolic;
	__typeof__(nacre_fs_remove) *remove;
	__typeof__(nacre_fs_rename) *rename;
	__typeof__(nacre_fs_get_attribute) *get_attribute;
	__typeof__(nacre_fs_set_attribute) *set_attribute;
	__typeof__(nacre_fs_list_attributes) *list_attributes;
	__typeof__(nacre_fs_set_owner) *set_owner;
	__typeof__(nacre_fs_set_times) *set_times;
	__typeof__(nacre_fs_resize) *resize;
};

/** struct nacre_fs_host - a private copy of the proxy, loaded; zero-initialised, fd -1 */
struct nacre_fs_host {
	int fd; /* the copy: an anonymous file, gone with this process */
	void *library;
	struct nacre_fs_calls calls;
};

/**
 * nacre_fs_host_load() - load a proxy for driver @type, of which nothing is left when it is unloaded
 * @name: of its registration, for the log
 */
int nacre_fs_host_load(struct nacre_fs_host *host, const struct nacre_volume_parts *parts,
		       const char *type, const char *name, struct nacre_error *e);
void nacre_fs_host_unload(struct nacre_fs_host *host);

/** struct nacre_volume - see volume.h */
struct nacre_volume {
	struct nacre_image *image;
	uint64_t start, length;
	char type[16];
	bool writable, lost;
	bool kernel; /* mounted by this computer's kernel: `calls` are nacre_kernel_calls */
	struct nacre_fs_host host;
	struct nacre_fs *fs;
	struct nacre_fs_info info;
	struct nacre_error io; /* the image's last refusal during a call; code 0: none */
};

/**
 * nacre_volume_answer() - turn what a driver returned into words
 * @what: "read", for "cannot read PATH"
 * @path: NULL: the volume
 *
 * Return: 0 if @result is, else -1. Remembers when the driver is lost.
 */
int nacre_volume_answer(struct nacre_volume *v, int result, const char *what, const char *path,
			struct nacre_error *e);
/** nacre_volume_ready() - may a call be made? Forgets the last refusal. Return: 0, -1: lost, with @e set */
int nacre_volume_ready(struct nacre_volume *v, const char *what, const char *path, struct nacre_error *e);

#endif
