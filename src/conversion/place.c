/* SPDX-License-Identifier: BSD-2-Clause */
/* place.c - a machine is made in a directory of this computer; see place.h
 *
 *	NAME.partial/disk0.vhd.partial   the first disk's image, until it is detached; disk1.vhd... alike
 *	NAME.partial/disk0.vhd.blocks    what is in its blocks (transfer/blocks.h), so that a copy can be resumed
 *	NAME.partial/disk0.vhd.undo/     what the fix-ups changed, on whatever disk
 *	NAME.partial/disk0.vhd.before    and what the image's blocks were before, for a later time (earlier.h)
 *
 * The directory is locked (flock) by whoever receives, so that two runs cannot make the same machine.
 * define writes the record and gives the directory its name, in one step that never replaces anything.
 */
#include "conversion/place.h"

#include "base/auto.h"
#include "conversion/earlier.h"
#include "conversion/fixed.h"
#include "conversion/grow.h"
#include "conversion/mend.h"
#include "conversion/result.h"
#include "conversion/transfer/blocks.h"

#include "config.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

struct disk {
	char file[32], name[64];    /* its name in the directory, and the one that the source's kernel has for it */
	char *path, *blocks, *before; /* in @partial */
	char instant[NACRE_SINK_INSTANT];
	struct nacre_image *image, *under; /* with its note, and without */
};

struct place {
	char *directory, *partial;  /* where it will be, and where it is */
	char *above;                /* made for it; NULL: was there */
	char *undo;                 /* in @partial */
	struct disk disks[NACRE_SINK_DISKS];
	unsigned disk_count;
	uint64_t promised;          /* bytes that the disks so far will need, and do not have yet */
	int lock;
	enum nacre_sink_mode mode;
	bool defined, earlier;      /* @earlier: there is something in it that is not ours to remove */
	bool taken;                 /* @directory was made before, and nothing of it is changed yet */
	struct nacre_plan plan;     /* what the maps say */
	struct nacre_inventory copy;
	bool looked;
	struct nacre_fixing fixing;
	struct nacre_fixed fixed;   /* what was fixed elsewhere */
	struct nacre_fix_options fix;
	struct nacre_growth growth; /* if @grown */
	bool grown;
	struct nacre_timeline timeline;
	struct nacre_sink_define told;
	struct nacre_inventory *source; /* a copy of told's, without volumes */
	struct nacre_convert_result result;
};

static void stage(struct nacre_sink *sink, const char *name)
{
	struct place *p = sink->own;

	nacre_timeline_next(&p->timeline, name, nacre_now());
	if (name && sink->says.stage)
		sink->says.stage(sink->says.arg, name);
}

static int no_memory(struct nacre_error *e)
{
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, "memory", "there is none left");
}

void nacre_place_values(const char *directory, struct nacre_sink_values *values)
{
	struct nacre_error e;
	struct utsname name;
	struct sysinfo info;
	struct statvfs fs;

	memset(values, 0, sizeof(*values));
	snprintf(values->version, sizeof(values->version), "%s", NACRE_VERSION);
	if (!uname(&name)) {
		snprintf(values->hostname, sizeof(values->hostname), "%.63s", name.nodename);
		snprintf(values->architecture, sizeof(values->architecture), "%.15s", name.machine);
	}
	if (!statvfs(directory, &fs))
		values->free = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (!sysinfo(&info))
		values->memory_mb = (uint32_t)(((uint64_t)info.totalram * info.mem_unit) >> 20);
	values->cpus = (uint32_t)get_nprocs();
	values->kvm = !access("/dev/kvm", R_OK | W_OK);
	values->uefi = nacre_firmware_find(&e) != NULL;
}

static int check_room(struct place *p, unsigned disk, const struct nacre_sink_disk *what, struct nacre_error *e)
{
	uint64_t wanted = what->size, have = 0;
	struct statvfs fs;
	struct stat st;

	if (strcmp(what->format, "vhd-fixed"))
		wanted = nacre_extents_total(&p->plan.maps[disk], NACRE_FS_USED);
	if (!stat(p->disks[disk].path, &st))
		have = (uint64_t)st.st_blocks * 512;
	if (wanted > have)
		p->promised += wanted - have;
	if (statvfs(p->partial, &fs) || (uint64_t)fs.f_bavail * fs.f_frsize >= p->promised)
		return 0;
	return nacre_error_set(e, NACRE_E_SYSTEM, ENOSPC, p->directory,
			       "%" PRIu64 " MiB are needed, %" PRIu64 " MiB are free", p->promised >> 20,
			       ((uint64_t)fs.f_bavail * fs.f_frsize) >> 20);
}

static int keep_map(struct place *p, unsigned disk, const struct nacre_extents *map, struct nacre_error *e)
{
	for (size_t i = 0; map && i < map->count; i++)
		if (nacre_extents_add(&p->plan.maps[disk], map->list[i].start, map->list[i].length, map->list[i].tag))
			return no_memory(e);
	p->plan.count = (int)disk + 1;
	nacre_plan_sum(&p->plan);
	return 0;
}

/* The image as it was left: begun, or already whole. */
static struct nacre_image *open_begun(const struct place *p, const struct disk *d, const struct nacre_sink_disk *what,
				      struct nacre_error *e)
{
	struct nacre_blocks_head head;
	struct stat st;

	if (nacre_blocks_look(d->blocks, &head, e))
		return NULL;
	if (strcmp(head.format, what->format) || head.size != what->size || head.source_size != what->source_size) {
		nacre_error_set(e, NACRE_E_EXISTS, 0, p->partial,
				"was begun as %s of %" PRIu64 " bytes, from %" PRIu64
				": say the same, or remove it and begin anew", head.format, head.size,
				head.source_size);
		return NULL;
	}
	nacre_result_remove(p->undo, NULL); /* what was fixed is overwritten */
	if (!stat(d->path, &st))
		return nacre_image_open(d->path, what->format, true, e);
	return nacre_image_resume(d->path, what->format, what->size, e);
}

/* An image without its note was just being made when its maker ended. The directory is ours alone. */
static void forget_begun(const struct disk *d)
{
	NACRE_AUTO_FREE char *partial = NULL;

	if (asprintf(&partial, "%s.partial", d->path) < 0)
		partial = NULL;
	else
		unlink(partial);
}

/* The disk of the earlier machine lies there under another name. */
static bool is_other_kind(const struct place *p, unsigned disk, const struct nacre_sink_disk *what)
{
	char name[32];

	snprintf(name, sizeof(name), "disk%u.%s", disk, strcmp(what->format, "raw") ? "raw" : "vhd");
	return !faccessat(p->lock, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int open_image(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what, struct nacre_error *e)
{
	struct nacre_blocks_head head = {.size = what->size, .source_size = what->source_size};
	struct place *p = sink->own;
	struct disk *d = &p->disks[disk];
	const struct nacre_earlier_disk paths = {d->path, d->blocks, d->before};
	struct nacre_blocks_head was;
	struct nacre_image *image;
	bool begun = !access(d->blocks, F_OK);

	if (begun && nacre_blocks_look(d->blocks, &was, e))
		return -1;
	if (!begun && p->earlier && is_other_kind(p, disk, what))
		return nacre_error_set(e, NACRE_E_EXISTS, 0, p->directory,
				       "was made with another kind of disk, not %s: say the same --format as then, or "
				       "convert to another name", what->format);
	if (begun) {
		image = open_begun(p, d, what, e);
	} else {
		forget_begun(d);
		image = nacre_image_create(d->path, what->format, what->size, &p->plan.maps[disk], e);
	}
	if (!image)
		return -1;
	p->taken = false;
	snprintf(head.format, sizeof(head.format), "%s", what->format);
	d->image = nacre_blocks_image(image, d->blocks, begun ? NULL : &head, e);
	if (!d->image)
		return -1;
	nacre_image_keep(image);
	nacre_image_direct(image, true);
	d->under = image;
	if (begun && nacre_earlier_restore(d->image, &paths, &was, what, &sink->disks[disk].known, e))
		return -1;
	p->earlier |= begun && p->mode >= NACRE_SINK_AGAIN;
	snprintf(d->instant, sizeof(d->instant), "%s", what->instant);
	sink->resumed |= begun;
	return 0;
}

static int place_create(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_disk *what,
			struct nacre_error *e)
{
	struct place *p = sink->own;
	struct disk *d = &p->disks[disk];
	bool raw = !strcmp(what->format, "raw");

	if (!raw && strcmp(what->format, "vhd") && strcmp(what->format, "vhd-fixed"))
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, "format",
				       "is none that is made; there are vhd, vhd-fixed and raw");
	snprintf(d->file, sizeof(d->file), "disk%u.%s", disk, raw ? "raw" : "vhd");
	snprintf(d->name, sizeof(d->name), "%s", what->name);
	p->disk_count = disk + 1;
	if (asprintf(&d->path, "%s/%s", p->partial, d->file) < 0) {
		d->path = NULL;
		return no_memory(e);
	}
	if (asprintf(&d->blocks, "%s.blocks", d->path) < 0 || asprintf(&d->before, "%s.before", d->path) < 0 ||
	    (!disk && asprintf(&p->undo, "%s.undo", d->path) < 0))
		return no_memory(e);
	if (!keep_map(p, disk, what->map, e) && !check_room(p, disk, what, e) && !open_image(sink, disk, what, e))
		return 0;
	/* A machine of which nothing was changed keeps its name. */
	if (p->taken)
		renameat2(AT_FDCWD, p->partial, AT_FDCWD, p->directory, RENAME_NOREPLACE);
	return -1;
}

static struct nacre_image *image_of(struct nacre_sink *sink, unsigned disk)
{
	return ((struct place *)sink->own)->disks[disk].image;
}

static int place_make_writable(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct place *p = sink->own;

	(void)disk, (void)e;
	nacre_timeline_next(&p->timeline, "copying", nacre_now());
	return 0;
}

static int place_write(struct nacre_sink *sink, unsigned disk, uint64_t offset, const void *data, size_t size,
		       struct nacre_error *e)
{
	return nacre_image_write(image_of(sink, disk), offset, data, size, e);
}

static int place_zero(struct nacre_sink *sink, unsigned disk, uint64_t offset, uint64_t length,
		      struct nacre_error *e)
{
	return nacre_blocks_zero(image_of(sink, disk), offset, length, e);
}

static int place_patch(struct nacre_sink *sink, unsigned disk, const struct nacre_sink_range *ranges, int count,
		       struct nacre_error *e)
{
	for (int i = 0; i < count; i++)
		if (place_write(sink, disk, ranges[i].offset, ranges[i].data, ranges[i].length, e))
			return -1;
	return 0;
}

static int place_sync(struct nacre_sink *sink, struct nacre_error *e)
{
	(void)sink, (void)e;
	return 0;
}

static int place_have(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count, uint64_t *hashes,
		      struct nacre_error *e)
{
	return nacre_blocks_have(image_of(sink, disk), first, count, hashes, e);
}

/* What its note says is not what lies there: nobody is to rely on it who goes on with this disk. */
static int doubt(struct nacre_image *image, struct nacre_error *e)
{
	struct nacre_blocks_head head = *nacre_blocks_head(image);

	head.doubted = true;
	return nacre_blocks_mark(image, &head, e);
}

static int place_verify(struct nacre_sink *sink, unsigned disk, uint64_t first, uint32_t count,
			const uint64_t *hashes, uint32_t *different, uint64_t *where, struct nacre_error *e)
{
	NACRE_AUTO_FREE uint64_t *here = malloc((size_t)count * sizeof(*here));

	if (!here)
		return no_memory(e);
	if (nacre_blocks_read(image_of(sink, disk), first, count, here, e))
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (here[i] != hashes[i] && !(*different)++)
			*where = first + i;
	return *different ? doubt(image_of(sink, disk), e) : 0;
}

static int place_read(struct nacre_sink *sink, unsigned disk, uint64_t offset, void *data, size_t size,
		      struct nacre_error *e)
{
	return nacre_image_read(image_of(sink, disk), offset, data, size, e);
}

static int place_attach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct place *p = sink->own;

	nacre_image_direct(p->disks[disk].under, false); /* what comes now is small, and read again */
	return p->mode >= NACRE_SINK_AGAIN ? nacre_blocks_log(image_of(sink, disk), p->disks[disk].before, e) : 0;
}

static int place_boot_record(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	return nacre_table_fit(image_of(sink, disk), e);
}

/* The last partition of the first disk takes what that has more, and what is in it follows where it can. */
static int grow(struct nacre_sink *sink, const struct nacre_fix_options *options, struct nacre_error *e)
{
	struct place *p = sink->own;

	stage(sink, "growing the last partition");
	if (nacre_growth_apply(p->disks[0].image, options, &p->growth, e) < 0)
		return -1;
	p->grown = true;
	if (sink->says.fix)
		sink->says.fix(sink->says.arg, "grow", p->growth.text);
	return 0;
}

static int place_modify(struct nacre_sink *sink, const struct nacre_sink_modify *what, size_t *changes,
			struct nacre_error *e)
{
	struct place *p = sink->own;
	struct nacre_image *images[NACRE_SINK_DISKS];
	const char *names[NACRE_SINK_DISKS];

	if (what->grow_last && grow(sink, &what->fix, e) < 0)
		return -1;
	stage(sink, "making it fit");
	p->looked = true;
	for (unsigned i = 0; i < p->disk_count; i++) {
		images[i] = p->disks[i].image;
		names[i] = p->disks[i].name;
	}
	if (nacre_inventory_take(images, names, (int)p->disk_count, true, &p->copy, e) < 0)
		return -1;
	nacre_inventory_cards(&p->copy, what->nics, what->nic_count);
	p->fix = what->fix;
	p->fix.growfs = p->growth.kind == NACRE_GROWTH_FIRST_START ? p->growth.partition : 0;
	p->fixing = (struct nacre_fixing){.inventory = &p->copy, .options = &p->fix, .say = sink->says.fix,
					  .arg = sink->says.arg};
	if (nacre_mend(&p->fixing, p->undo, false, e) < 0)
		return -1;
	p->fix.skip = NULL; /* was the caller's */
	nacre_tree_changes(p->fixing.tree, changes);
	p->result.changes = *changes;
	return 0;
}

static int place_changed(struct nacre_sink *sink, const struct nacre_change *change, struct nacre_error *e)
{
	struct place *p = sink->own;

	return nacre_fixed_change(&p->fixed, change, e);
}

static int place_undo(struct nacre_sink *sink, const void *data, size_t size, struct nacre_error *e)
{
	struct place *p = sink->own;

	return nacre_fixed_undo(&p->fixed, p->undo, data, size, e);
}

static int place_detach(struct nacre_sink *sink, unsigned disk, struct nacre_error *e)
{
	struct place *p = sink->own;
	struct disk *d = &p->disks[disk];

	for (int i = 0; p->looked && i < p->copy.place_count; i++) {
		struct nacre_volume *volume = p->copy.places[i].volume;

		if (p->copy.places[i].disk != (int)disk)
			continue;
		p->copy.places[i].volume = NULL;
		if (nacre_volume_close(volume, e) < 0)
			return -1;
	}
	if (nacre_image_finish(d->image, e) < 0)
		return -1;
	nacre_image_close(d->image);
	d->image = NULL;
	return 0;
}

static int tell(struct place *p, const char *directory, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *place = realpath(directory, NULL);
	char *end = place && directory == p->partial ? strrchr(place, '.') : NULL;
	struct nacre_told t = {
		.directory = directory, .place = place, .source = p->told.source, .result = &p->result,
		.inventory = p->source, .plan = &p->plan, .tree = p->fixing.tree, .fixed = &p->fixed, .timeline = &p->timeline,
		.notes = p->told.notes, .note_count = p->told.note_count};

	if (!place)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, directory, "is gone");
	if (end)
		*end = 0; /* ".partial" */
	return nacre_result_write(&t, e);
}

/* The source is told of once more after the check, when the caller's inventory may be gone. */
static int keep_source(struct place *p, const struct nacre_sink_define *what, struct nacre_error *e)
{
	struct nacre_image *images;

	p->told = *what;
	p->source = malloc(sizeof(*p->source) + NACRE_DISKS_MAX * sizeof(*images));
	if (!p->source)
		return no_memory(e);
	images = (struct nacre_image *)(p->source + 1);
	*p->source = *what->inventory;
	for (int i = 0; i < p->source->disk_count; i++) {
		const struct nacre_image *image = what->inventory->disks[i].image;

		images[i] = (struct nacre_image){.ops = image->ops, .path = p->told.source, .fd = -1, .direct = -1,
						 .size = image->size, .sector = image->sector};
		p->source->disks[i].image = &images[i];
	}
	for (int i = 0; i < p->source->place_count; i++)
		p->source->places[i].volume = NULL;
	return 0;
}

/* For record and report; what is left to do is a warning as well. */
static void note_growth(struct place *p)
{
	if (p->grown)
		nacre_growth_tell(&p->growth, p->told.notes, &p->told.note_count, p->source);
}

/* What a later time needs is on the disk before the machine has its name. */
static int keep_notes(struct place *p, struct nacre_error *e)
{
	for (unsigned i = 0; i < p->disk_count && p->mode >= NACRE_SINK_AGAIN; i++) {
		const struct disk *d = &p->disks[i];

		if (nacre_earlier_keep(&(struct nacre_earlier_disk){d->path, d->blocks, d->before}, d->instant, e))
			return -1;
	}
	return 0;
}

static void forget_notes(const struct place *p)
{
	for (unsigned i = 0; i < p->disk_count; i++) {
		unlinkat(p->lock, strrchr(p->disks[i].blocks, '/') + 1, 0);
		unlinkat(p->lock, strrchr(p->disks[i].before, '/') + 1, 0);
	}
}

static int give_name(struct place *p, struct nacre_error *e)
{
	int status = renameat2(AT_FDCWD, p->partial, AT_FDCWD, p->directory, RENAME_NOREPLACE);
	NACRE_AUTO_FREE char *above = NULL;
	NACRE_AUTO_FD int fd = -1;

	/* NFS and some others only know the older way, which replaces an empty directory at most. */
	if (status && (errno == EINVAL || errno == ENOSYS))
		status = rename(p->partial, p->directory);
	if (status)
		return nacre_error_set(e, errno == EEXIST || errno == ENOTEMPTY ? NACRE_E_EXISTS : NACRE_E_SYSTEM,
				       errno, p->directory, "cannot be named so; all is in %s", p->partial);
	p->defined = true;
	if (p->mode < NACRE_SINK_AGAIN)
		forget_notes(p);
	if (asprintf(&above, "%s/..", p->directory) < 0) {
		above = NULL;
		return no_memory(e);
	}
	fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, p->directory, "its name did not reach the disk");
	return 0;
}

/* Is it of the disks that are here? */
static bool fits(const struct place *p, const struct nacre_sink_define *what)
{
	const struct nacre_definition *d = &what->definition;

	if (d->disk_count != (int)p->disk_count || what->inventory->disk_count != d->disk_count)
		return false;
	for (int i = 0; i < d->disk_count; i++)
		if (strcmp(d->disks[i].file, p->disks[i].file))
			return false;
	return true;
}

static int place_define(struct nacre_sink *sink, const struct nacre_sink_define *what, struct nacre_error *e)
{
	struct place *p = sink->own;
	struct nacre_definition old;

	if (!fits(p, what) || nacre_definition_check(&what->definition, e))
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer",
				       "the machine's definition does not fit its %u disks", p->disk_count);
	if (nacre_fixed_end(&p->fixed, p->undo, e) || keep_source(p, what, e))
		return -1;
	note_growth(p);
	p->result.definition = what->definition;
	/* Who knows the machine knows it by this. */
	if (p->earlier && !nacre_definition_read(p->partial, &old, NULL))
		memcpy(p->result.definition.uuid, old.uuid, sizeof(old.uuid));
	p->result.used = p->plan.used;
	p->result.skipped = p->plan.skipped;
	p->result.read = what->read;
	p->result.written = what->sent;
	nacre_timeline_next(&p->timeline, NULL, nacre_now());
	return tell(p, p->partial, e) || keep_notes(p, e) || give_name(p, e) ? -1 : 0;
}

static int place_check(struct nacre_sink *sink, int timeout_s, struct nacre_boot_result *result,
		       struct nacre_error *e)
{
	struct place *p = sink->own;
	NACRE_AUTO_FREE char *picture = NULL, *serial = NULL;
	struct nacre_boot_options boot = {.directory = p->directory, .check = true, .headless = true,
					  .timeout_s = timeout_s, .progress = sink->says.boot,
					  .arg = sink->says.arg};

	if (!p->defined)
		return nacre_error_set(e, NACRE_E_VIOLATION, 0, "transfer", "there is no machine to check yet");
	stage(sink, "booting it, its changes thrown away");
	if (asprintf(&picture, "%s/boot.png", p->directory) < 0 ||
	    asprintf(&serial, "%s/boot.log", p->directory) < 0)
		return no_memory(e);
	boot.picture = picture;
	boot.serial_log = serial;
	p->result.checked = true;
	if (nacre_boot(&p->result.definition, &boot, &p->result.boot, e))
		return -1;
	*result = p->result.boot;
	stage(sink, NULL);
	return tell(p, p->directory, e);
}

static int place_bye(struct nacre_sink *sink, struct nacre_error *e)
{
	struct place *p = sink->own;

	(void)e;
	if (p->defined && p->mode == NACRE_SINK_LAST)
		forget_notes(p);
	return 0;
}

static void place_close(struct nacre_sink *sink, bool drop)
{
	struct place *p = sink->own;

	nacre_tree_free(p->fixing.tree);
	nacre_fixed_free(&p->fixed);
	if (p->looked)
		nacre_inventory_free(&p->copy);
	for (unsigned i = 0; i < p->disk_count; i++) {
		nacre_image_close(p->disks[i].image);
		free(p->disks[i].path);
		free(p->disks[i].blocks);
		free(p->disks[i].before);
	}
	if (drop && !p->defined && !p->earlier && p->lock >= 0)
		nacre_result_remove(p->partial, p->undo);
	if (drop && p->above)
		rmdir(p->above); /* if nothing else is there */
	nacre_plan_free(&p->plan);
	if (p->lock >= 0)
		close(p->lock);
	free(p->source);
	free(p->undo);
	free(p->partial);
	free(p->above);
	free(p->directory);
	free(p);
}

static const struct nacre_sink_ops place_ops = {
	.name = "place", .create = place_create, .make_writable = place_make_writable, .write = place_write,
	.zero = place_zero, .patch = place_patch, .sync = place_sync, .have = place_have,
	.verify = place_verify, .read = place_read, .attach = place_attach, .boot_record = place_boot_record,
	.modify = place_modify, .changed = place_changed, .undo = place_undo, .detach = place_detach, .define = place_define, .check = place_check,
	.bye = place_bye, .close = place_close};

char *nacre_place_above(const char *directory)
{
	char *copy = strdup(directory), *above = copy;

	if (!copy)
		return NULL;
	do
		above = dirname(above);
	while (access(above, F_OK) && errno == ENOENT && strcmp(above, ".") && strcmp(above, "/"));
	above = strdup(above);
	free(copy);
	return above;
}

/* With the directory above it, as that is what a user means by vms/web1. */
static int make_partial(struct place *p)
{
	char *slash = strrchr(p->partial, '/');

	if (!mkdir(p->partial, 0755) || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !slash || slash == p->partial || !(p->above = strndup(p->partial, (size_t)(slash - p->partial))))
		return -1;
	return mkdir(p->above, 0755) || mkdir(p->partial, 0755) ? -1 : 0;
}

/* NAME.partial is made, or taken up, and locked. */
static int open_directory(struct place *p, enum nacre_sink_mode mode, struct nacre_error *e)
{
	struct stat st;

	if (mode >= NACRE_SINK_AGAIN && nacre_earlier_take(p->directory, p->partial, &p->lock, e))
		return -1;
	p->taken = p->earlier = p->lock >= 0;
	if (p->taken)
		return 0;
	if (!lstat(p->directory, &st))
		return nacre_error_set(e, NACRE_E_EXISTS, 0, p->directory,
				       "is there already; nothing is overwritten");
	/* An empty one is from a run that did not get far. */
	if (mode == NACRE_SINK_NEW && rmdir(p->partial) && errno == ENOTEMPTY)
		return nacre_error_set(e, NACRE_E_EXISTS, 0, p->partial,
				       "is of a run that was cut short: --resume goes on with it; else remove it");
	if (make_partial(p))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, p->above ? p->above : p->directory, "cannot be made");
	p->lock = open(p->partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (p->lock < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, p->partial, "cannot be opened");
	if (flock(p->lock, LOCK_EX | LOCK_NB))
		return nacre_error_set(e, NACRE_E_EXISTS, errno, p->partial, "another run is making it just now");
	return 0;
}

struct nacre_sink *nacre_place_open(const char *directory, enum nacre_sink_mode mode, struct nacre_error *e)
{
	struct nacre_sink *sink = calloc(1, sizeof(*sink));
	struct place *p = calloc(1, sizeof(*p));
	size_t length = strlen(directory);

	while (length > 1 && directory[length - 1] == '/')
		length--;
	if (!sink || !p || !(p->directory = strndup(directory, length)) ||
	    asprintf(&p->partial, "%s.partial", p->directory) < 0) {
		no_memory(e);
		free(p ? p->directory : NULL);
		free(p);
		free(sink);
		return NULL;
	}
	p->lock = -1;
	p->mode = mode;
	sink->ops = &place_ops;
	sink->own = p;
	if (open_directory(p, mode, e) == 0) {
		nacre_place_values(p->partial, &sink->values);
		return sink;
	}
	nacre_sink_close(sink);
	return NULL;
}
