/* SPDX-License-Identifier: BSD-2-Clause */
/* fixed.c - what was fixed before it came here; see fixed.h */
#include "conversion/fixed.h"

#include "base/auto.h"
#include "base/text.h"
#include "conversion/fixup/undo.h"
#include "conversion/transfer/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const hows[] = {"changed", "appended", "made", "removed", "linked", NULL};

static const char *known_how(const char *how)
{
	for (int i = 0; hows[i]; i++)
		if (!strcmp(hows[i], how))
			return hows[i];
	return NULL;
}

static const char *known_fix(const char *id)
{
	for (int i = 0; nacre_fixes_linux[i]; i++)
		if (!strcmp(nacre_fixes_linux[i]->id, id))
			return nacre_fixes_linux[i]->id;
	return *id ? NULL : "";
}

static bool good_text(const char *text)
{
	return !text || nacre_is_text(text, strlen(text));
}

int nacre_fixed_change(struct nacre_fixed *f, const struct nacre_change *change, struct nacre_error *e)
{
	const char *how = known_how(change->how), *fix = known_fix(change->fix);
	size_t texts = (change->before ? strlen(change->before) : 0) + (change->after ? strlen(change->after) : 0);
	struct nacre_change *c;

	if (!how || !fix || change->path[0] != '/' || !good_text(change->before) || !good_text(change->after) ||
	    f->count == NACRE_SINK_CHANGES || texts > NACRE_SINK_CHANGED - f->texts)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "a change that is told is none, or one too many");
	if (f->count == f->room) {
		size_t room = f->room ? f->room * 2 : 32;

		c = realloc(f->changes, room * sizeof(*c));
		if (!c)
			return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
		f->changes = c;
		f->room = room;
	}
	c = &f->changes[f->count++];
	*c = *change;
	c->how = how;
	c->fix = fix;
	c->path = strdup(change->path);
	c->before = change->before ? strdup(change->before) : NULL;
	c->after = change->after ? strdup(change->after) : NULL;
	f->texts += texts;
	if (!c->path || (change->before && !c->before) || (change->after && !c->after))
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
	return 0;
}

static int begin_undo(struct nacre_fixed *f, const char *path, struct nacre_error *e)
{
	NACRE_AUTO_FD int directory = -1;

	if (mkdir(path, 0700) && errno != EEXIST)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be made");
	directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	f->undo = directory < 0 ? -1
				: openat(directory, "journal", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->undo > 0)
		return 0;
	f->undo = 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "takes no undo journal");
}

int nacre_fixed_undo(struct nacre_fixed *f, const char *path, const void *data, size_t size, struct nacre_error *e)
{
	const char *from = data;

	if (size > NACRE_SINK_UNDO - f->undo_size)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "the undo journal is too long");
	if (!f->undo && begin_undo(f, path, e))
		return -1;
	f->undo_size += size;
	while (size) {
		ssize_t n = write(f->undo, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nacre_error_set(e, NACRE_E_SYSTEM, n ? errno : EIO, path, "takes no undo journal");
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int nacre_fixed_end(struct nacre_fixed *f, const char *path, struct nacre_error *e)
{
	struct nacre_undo_list list;
	size_t whole;

	if (!f->undo)
		return 0;
	if (fsync(f->undo))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "the undo journal did not reach the disk");
	if (nacre_undo_load(path, 0, &list, e))
		return -1;
	whole = list.whole;
	nacre_undo_list_free(&list);
	if (whole != f->undo_size)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, path, "the undo journal is cut short");
	return 0;
}

void nacre_fixed_free(struct nacre_fixed *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->changes[i].path);
		free(f->changes[i].before);
		free(f->changes[i].after);
	}
	free(f->changes);
	if (f->undo)
		close(f->undo);
	*f = (struct nacre_fixed){0};
}
