/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer.h - the instructions that make a virtual machine, here or at another computer (C13, C14)
 *
 * DOC: Theory of Operation
 *
 * Whoever converts (a quiet disk, a running machine) says what is to be done as instructions to a
 * sink, and does not know where it is: a directory of this computer (conversion/place.h), or the other
 * end of a byte stream (stream.h), where `nacre receive` says the same instructions to a directory of
 * its own. The order:
 *
 *	open           hello, and the VM host's values; the machine's name
 *	create         a disk, of at least the source's size, with its map
 *	make_writable  from here on it takes data
 *	write, zero, patch   in any order and any number of rounds; have, read, sync and verify among them
 *	attach         the disk is complete: it is opened as a disk, its volumes by their drivers
 *	boot_record    table and boot record are made to fit the new disk
 *	modify         the fix-ups; or changed and undo, where they were made before, by whoever converts (--fix-at source)
 *	detach         volumes are closed, the image is whole and no disk any more
 *	define         the machine gets its record, its domain, its report, and its name
 *	check          it is booted, on a throw-away copy
 *	bye
 *
 * Until define the machine is NAME.partial, and its images have no name of an image: what was cut
 * short cannot be taken for a machine. It stays there, with a note of what is in it (see `have`), to be
 * resumed; nacre_sink_close() keeps it, nacre_sink_drop() removes it.
 *
 * A machine that is to be brought up to date later (NACRE_SINK_AGAIN) keeps that note, and what its blocks were before boot_record and
 * modify changed them. At that time create makes it NAME.partial again and puts back what was changed: then it is the
 * copy of an instant, which has a name. Who knows that instant needs only write what is different since. It is not dropped.
 *
 * Each instruction is an op of struct nacre_sink_ops, reached through its function here, which checks what
 * it is given. write, zero and patch may be called by several threads at a time, as long as no two touch the same
 * block; what they were given may be changed as soon as they return. They may return before the data
 * is taken, and then report the error of an earlier call: nacre_sink_sync() waits for all of them. They take no
 * memory from the heap and write no log, so that they can be called under the freeze of a root volume.
 * Everything else is for one thread, while no other is in the sink. After an error only sync, close and drop
 * may be called; the error is the first that happened, at either end.
 */
#ifndef NACRE_CONVERSION_TRANSFER_H
#define NACRE_CONVERSION_TRANSFER_H

#include "base/extents.h"
#include "conversion/fixup/fixup.h"
#include "machine/definition.h"
#include "machine/qemu/qemu.h"

enum {
	NACRE_SINK_DISKS = NACRE_DISKS_MAX,
	NACRE_SINK_BLOCK = 4096,     /* what a hash is of; the last block of a disk may be shorter */
	NACRE_SINK_MOST = 2 << 20,   /* bytes of one write or patch */
	NACRE_SINK_RANGES = 512,     /* of one patch */
	NACRE_SINK_HASHES = 1 << 14, /* of one have or verify: 64 MiB of disk */
	NACRE_SINK_NOTES = 32,
	NACRE_SINK_CHANGES = 4096,     /* files that may be told of as changed, */
	NACRE_SINK_CHANGED = 64 << 20, /* bytes of their texts, before and after, */
	NACRE_SINK_UNDO = 256 << 20    /* and of the journal that takes the changes back */,
	NACRE_SINK_INSTANT = 40,     /* bytes of the name of an instant, with its 0 */
	NACRE_SINK_KNOWN = 2
};

/** enum nacre_sink_mode - what may be there already; its numbers are the wire's */
enum nacre_sink_mode {
	NACRE_SINK_NEW,    /* nothing */
	NACRE_SINK_RESUME, /* what was cut short */
	NACRE_SINK_AGAIN,  /* that, or the machine of an earlier time, which is brought up to date; now and later */
	NACRE_SINK_LAST,   /* the same, for the last time: bye forgets what a later one would need */
	NACRE_SINK_MODES
};

struct nacre_sink;

/** struct nacre_sink_values - what the VM host is (C11); 0 and "": not known */
struct nacre_sink_values {
	char version[32], hostname[64], architecture[16];
	uint64_t free;       /* bytes where the machine goes */
	uint32_t memory_mb, cpus;
	bool kvm, uefi;      /* can run with KVM; has firmware for UEFI machines */
};

/** struct nacre_sink_disk - a disk that is to be made */
struct nacre_sink_disk {
	char format[16];     /* "vhd", "vhd-fixed", "raw" */
	uint64_t size;       /* bytes, a multiple of 512; at least the source's */
	uint64_t source_size;
	char name[64];       /* what the source's kernel calls it, "/dev/sda"; "" where nobody knows */
	char instant[NACRE_SINK_INSTANT]; /* what it will be a copy of, once it is attached; "": it has no name */
	char known[NACRE_SINK_KNOWN][NACRE_SINK_INSTANT]; /* instants since which all changes are known; "": none */
	/** where data will go (tag NACRE_FS_USED), and what stays behind as what; may be exceeded later */
	const struct nacre_extents *map;
};

/** struct nacre_sink_range - @length: a multiple of 512 */
struct nacre_sink_range {
	uint64_t offset;
	uint32_t length;
	const void *data;
};

/** struct nacre_sink_modify - what the fix-ups are to know; they look at the copy for the rest */
struct nacre_sink_modify {
	bool grow_last;      /* the last partition of the first disk takes what that has more */
	struct nacre_fix_options fix;
	struct nacre_nic nics[NACRE_NICS_MAX]; /* cards that the source has, whatever its files say */
	int nic_count;
};

/** struct nacre_sink_note - a line for record and report: "Frozen", "2.1 ms" */
struct nacre_sink_note {
	char name[32], value[160];
};

/** struct nacre_sink_define - the machine, and what its report tells of the source */
struct nacre_sink_define {
	struct nacre_definition definition;
	char source[256];    /* as the user called it */
	const struct nacre_inventory *inventory; /* of the source; volumes need not be open, of images only size and sector count */
	uint64_t read, sent; /* bytes */
	struct nacre_sink_note notes[NACRE_SINK_NOTES];
	int note_count;
};

/** struct nacre_sink_says - what happens meanwhile; any may be NULL */
struct nacre_sink_says {
	void (*stage)(void *arg, const char *stage);
	void (*fix)(void *arg, const char *fix, const char *sentence);
	void (*boot)(void *arg, const char *stage, double seconds);
	void *arg;
};

/** struct nacre_sink_ops - one kind of sink; the functions below say what each does */
struct nacre_sink_ops {
	const char *name; /* "place", "stream" */
	int (*create)(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
		      struct nacre_error *e);
	int (*make_writable)(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
	int (*write)(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		     struct nacre_error *e);
	int (*zero)(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		    struct nacre_error *e);
	int (*patch)(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		     struct nacre_error *e);
	int (*sync)(struct nacre_sink *sink, struct nacre_error *e);
	int (*have)(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		    struct nacre_error *e);
	int (*verify)(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
		      const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e);
	int (*read)(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		    struct nacre_error *e);
	int (*attach)(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
	int (*boot_record)(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
	int (*modify)(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
		      struct nacre_error *e);
	int (*changed)(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e);
	int (*undo)(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e);
	int (*detach)(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
	int (*define)(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e);
	int (*check)(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
		     struct nacre_error *e);
	int (*bye)(struct nacre_sink *sink, struct nacre_error *e);
	void (*close)(struct nacre_sink *sink, bool drop);
};

/** struct nacre_sink - @own: the kind's */
struct nacre_sink {
	const struct nacre_sink_ops *ops;
	struct nacre_sink_values values; /* of the VM host, known once the sink is open */
	struct nacre_sink_says says;     /* set by whoever opened it, before the first instruction */
	bool resumed;                    /* there is something in it already; see nacre_sink_have() */
	struct {
		uint64_t size;           /* 0: not created */
		bool writable, attached;
		unsigned known;          /* it is a copy of this one of the instants that were known; from 1 on, 0: of none */
	} disks[NACRE_SINK_DISKS];
	void *own;
};

/** nacre_sink_name_good() - may a machine be called so? As a definition's name: one part of a path, not hidden */
bool nacre_sink_name_good(const char *name);

/** nacre_sink_create() - make disk number @disk, or take up the one that a resumed sink has; the numbers begin at 0 */
int nacre_sink_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
		      struct nacre_error *e);
int nacre_sink_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
/** nacre_sink_write() - @size bytes, a multiple of 512, at most NACRE_SINK_MOST. Whole blocks are best: they get a hash */
int nacre_sink_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		     struct nacre_error *e);
/** nacre_sink_zero() - [offset, offset + length) reads as zeroes, whatever was there; multiples of 512 */
int nacre_sink_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		    struct nacre_error *e);
/** nacre_sink_patch() - many small writes in one message: the last set. Together at most NACRE_SINK_MOST bytes */
int nacre_sink_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		     struct nacre_error *e);
/** nacre_sink_sync() - all data so far is at the sink's, and would survive the end of any process */
int nacre_sink_sync(struct nacre_sink *sink, struct nacre_error *e);
/**
 * nacre_sink_have() - what is there already, after a transfer that was cut short
 * @first, @count: blocks of NACRE_SINK_BLOCK
 * @hashes: gets nacre_sink_hash() of each; 0: zeroes
 */
int nacre_sink_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		    struct nacre_error *e);
/**
 * nacre_sink_verify() - is what lies on the sink's disk the same? It is read anew
 * @different: blocks that are not; @where: the first of them, if any
 */
int nacre_sink_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
		      const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e);
/** nacre_sink_read() - what was written comes back: @size bytes, a multiple of 512, at most NACRE_SINK_MOST */
int nacre_sink_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		    struct nacre_error *e);
int nacre_sink_attach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
int nacre_sink_boot_record(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
/** nacre_sink_modify() - @changes: how many files were changed */
int nacre_sink_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
		      struct nacre_error *e);
/** nacre_sink_changed() - a file that was changed before it was written here: for record and report */
int nacre_sink_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e);
/** nacre_sink_undo() - the next bytes, at most NACRE_SINK_MOST, of the journal that takes such changes back (fixup/undo.h) */
int nacre_sink_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e);
int nacre_sink_detach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
/** nacre_sink_define() - from here on the machine is there, under its name */
int nacre_sink_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e);
/** nacre_sink_check() - 0 also when it does not come up (@result->up); the report is written again with it */
int nacre_sink_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
		     struct nacre_error *e);
int nacre_sink_bye(struct nacre_sink *sink, struct nacre_error *e);
/** nacre_sink_close() - also NULL; what is not defined yet stays, to be resumed */
void nacre_sink_close(struct nacre_sink *sink);
/** nacre_sink_drop() - the same, but what is not defined yet is removed, where the other end still listens */
void nacre_sink_drop(struct nacre_sink *sink);

/** nacre_sink_hash() - of a block; 0 for zeroes only. XXH3, 64 bits */
uint64_t nacre_sink_hash(const void *block, size_t size);

/**
 * nacre_sink_image() - disk @disk as an image that can be written, for the copier (disk/copy.h)
 *
 * On a resumed sink only what differs from what is there is sent. nacre_image_close() it before anything but
 * write, zero, patch, have and sync is said.
 */
struct nacre_image *nacre_sink_image(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);
/** nacre_sink_image_there() - bytes written to it that were there already, and were not sent */
uint64_t nacre_sink_image_there(const struct nacre_image *image);
/** nacre_sink_back() - disk @disk as an image that can only be read, until it is attached; for one thread */
struct nacre_image *nacre_sink_back(struct nacre_sink *sink, unsigned disk, struct nacre_error *e);

#endif
