/* SPDX-License-Identifier: BSD-2-Clause */
/* undo.h - the journal of what files were before they were changed
 *
 * DOC: Format
 *
 * The undo directory holds one file, "journal". Its first line is "nacre-undo 1". Then, for each
 * change, a line of words
 *
 *	KIND MODE UID GID MTIME SIZE LENGTH SUM PATH [NAME]
 *
 * and LENGTH bytes and a newline: what was there before. MODE is octal, MTIME seconds since 1970, with a dot
 * and nanoseconds where there are any, PATH and NAME are percent-encoded,
 * SUM is FNV-1a (64 bits, hexadecimal) of the line so far and the bytes. One file and one fdatasync(2) per
 * change: the record is on the disk before the image changes. A record that is cut short at the end of
 * the file describes a change that never began.
 *
 *	content    PATH had these bytes
 *	length     PATH had SIZE bytes, which ended with these; more came behind them
 *	made       PATH was not there (a file, a link, or an empty directory)
 *	file       PATH was a file with these bytes and was removed
 *	link       PATH was a link to these bytes and was removed
 *	directory  PATH was an empty directory and was removed
 *	attribute  PATH, which is removed next, had the attribute NAME
 *	time       PATH is a directory whose time of change will change
 */
#ifndef NACRE_CONVERSION_UNDO_H
#define NACRE_CONVERSION_UNDO_H

#include <nacre/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nacre_undo_kind {
	NACRE_UNDO_CONTENT,
	NACRE_UNDO_LENGTH,
	NACRE_UNDO_MADE,
	NACRE_UNDO_FILE,
	NACRE_UNDO_LINK,
	NACRE_UNDO_DIRECTORY,
	NACRE_UNDO_ATTRIBUTE,
	NACRE_UNDO_TIME,
	NACRE_UNDO_KINDS
};

/** struct nacre_undo_record - one change; strings belong to whoever made it */
struct nacre_undo_record {
	enum nacre_undo_kind kind;
	const char *path, *name;
	uint32_t mode, uid, gid;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size;
	const void *data;
	size_t length;
};

struct nacre_undo;

/**
 * nacre_undo_open() - the journal in directory @path, which is made if need be; continued where one is
 * there, so that everything since the first run can be undone
 */
struct nacre_undo *nacre_undo_open(const char *path, struct nacre_error *e);
void nacre_undo_close(struct nacre_undo *u);
const char *nacre_undo_path(const struct nacre_undo *u);
/** nacre_undo_add() - write a record; not on the disk before nacre_undo_sync() */
int nacre_undo_add(struct nacre_undo *u, const struct nacre_undo_record *r, struct nacre_error *e);
int nacre_undo_sync(struct nacre_undo *u, struct nacre_error *e);
/** nacre_undo_start() - bytes of the journal that earlier runs wrote */
uint64_t nacre_undo_start(const struct nacre_undo *u);

/** struct nacre_undo_list - records in the order they were written, inside @bytes */
struct nacre_undo_list {
	struct nacre_undo_record *list;
	size_t count;
	char *bytes;      /* owned; names and paths are decoded in place */
	size_t whole;     /* bytes up to the end of the last whole record */
};

/** nacre_undo_parse() - take @bytes (malloc'd, ends with a 0 beyond @size); its ownership goes to @list */
int nacre_undo_parse(char *bytes, size_t size, struct nacre_undo_list *list, struct nacre_error *e);
/** nacre_undo_load() - the journal in directory @path from byte @from (0: all) */
int nacre_undo_load(const char *path, uint64_t from, struct nacre_undo_list *list, struct nacre_error *e);
void nacre_undo_list_free(struct nacre_undo_list *list);
/** nacre_undo_forget() - cut the journal down to its first @keep bytes; 0: remove it and its directory */
int nacre_undo_forget(const char *path, uint64_t keep, struct nacre_error *e);

#endif
