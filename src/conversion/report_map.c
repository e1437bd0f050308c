/* SPDX-License-Identifier: BSD-2-Clause */
/* report_map.c - the disk as a picture: what was copied, what was left out and why, what is free
 *
 * The disk is cut into equal cells, row by row. A cell has the colour of what most of its used bytes are,
 * in one of four strengths for how much of it is used, so that a sparse region looks like one.
 * Neighbours that look the same are one rectangle.
 */
#include "conversion/inventory/print.h"
#include "conversion/report_parts.h"

enum { COLUMNS = 96, ROWS = 28, CELLS = COLUMNS * ROWS, USES = NACRE_USES, SIDE = 10 };

/* For a person: what it is, and why it did not travel. */
static const char *const names[USES] = {
	[NACRE_FS_USED] = "data", [NACRE_FS_PAGE_FILE] = "page file", [NACRE_FS_HIBERNATION] = "hibernation image",
	[NACRE_FS_SHADOW] = "snapshot area", [NACRE_FS_BAD] = "bad blocks", [NACRE_FS_SWAP] = "swap",
	[NACRE_USE_LEFT] = "other volumes",
};
static const char *const reasons[USES] = {
	[NACRE_FS_USED] = "copied",
	[NACRE_FS_PAGE_FILE] = "left out: its content is of no use after a start",
	[NACRE_FS_HIBERNATION] = "left out: a memory image of the old machine must not be resumed",
	[NACRE_FS_SHADOW] = "left out: it only serves snapshots of the old disk",
	[NACRE_FS_BAD] = "left out: the old disk could not hold it",
	[NACRE_FS_SWAP] = "left out: made anew with its UUID and label",
	[NACRE_USE_LEFT] = "left out: they were not asked for",
};

/** struct cell - what one cell looks like; @level 0: free */
struct cell {
	uint32_t use;
	int level;
};

/* Bytes of each use in [start, end). */
static void sum_uses(const struct nacre_extents *map, uint64_t start, uint64_t end, uint64_t bytes[USES])
{
	const struct nacre_extent *x = nacre_extents_find(map, start);
	const struct nacre_extent *last = map->list + map->count;

	for (; x && x < last && x->start < end; x++) {
		uint64_t from = x->start > start ? x->start : start, to = x->start + x->length;

		if (x->tag < USES)
			bytes[x->tag] += (to < end ? to : end) - from;
	}
}

static struct cell look_at(const struct nacre_extents *map, uint64_t start, uint64_t end)
{
	uint64_t bytes[USES] = {0}, all = 0, size = end - start;
	struct cell cell = {0, 0};

	sum_uses(map, start, end, bytes);
	for (uint32_t use = 0; use < USES; use++) {
		all += bytes[use];
		if (bytes[use] > bytes[cell.use])
			cell.use = use;
	}
	if (all)
		cell.level = all >= size - size / 20 ? 4 : all > size / 2 ? 3 : all > size / 8 ? 2 : 1;
	return cell;
}

static uint64_t cell_start(uint64_t size, unsigned cell)
{
	return size / CELLS * cell + size % CELLS * cell / CELLS;
}

static void put_row(FILE *to, const struct nacre_report_disk *d, unsigned row)
{
	struct cell run = {0, 0};
	unsigned from = 0;

	for (unsigned column = 0; column <= COLUMNS; column++) {
		unsigned at = row * COLUMNS + column;
		struct cell cell = {0, -1};

		if (column < COLUMNS)
			cell = look_at(d->map, cell_start(d->size, at), cell_start(d->size, at + 1));
		if (column && cell.use == run.use && cell.level == run.level)
			continue;
		if (column && run.level)
			nacre_html(to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"u%u l%u\"/>",
				   from * SIDE, row * SIDE, (column - from) * SIDE, (unsigned)SIDE, run.use,
				   (unsigned)run.level);
		run = cell;
		from = column;
	}
}

static void put_regions(FILE *to, const struct nacre_report_disk *d)
{
	uint64_t at = 0;

	if (!d->region_count)
		return;
	nacre_html(to, "<div class=\"regions\">");
	for (size_t i = 0; i < d->region_count; i++) {
		const struct nacre_report_region *region = &d->regions[i];
		char size[32];

		if (region->start < at || region->start > d->size || region->length > d->size - region->start)
			continue; /* extended partitions hold others; nonsense is told by the findings */
		if (region->start > at)
			nacre_html(to, "<i style=\"flex-grow:%f\"></i>",
				   (double)(region->start - at) / (double)d->size * 1000);
		nacre_html(to, "<span style=\"flex-grow:%f\" title=\"%s, %s\">%s <small>%s</small></span>",
			   (double)region->length / (double)d->size * 1000, region->name,
			   nacre_size_text(size, sizeof(size), region->length), region->name, size);
		at = region->start + region->length;
	}
	if (at < d->size)
		nacre_html(to, "<i style=\"flex-grow:%f\"></i>", (double)(d->size - at) / (double)d->size * 1000);
	nacre_html(to, "</div>");
}

static void put_legend(FILE *to, const struct nacre_report_disk *d)
{
	uint64_t used = 0;
	char size[32];

	nacre_html(to, "<ul class=\"legend\">");
	for (uint32_t use = 0; use < USES; use++) {
		uint64_t bytes = nacre_extents_total(d->map, use);

		used += bytes;
		if (bytes)
			nacre_html(to, "<li><b class=\"u%u\"></b>%s <strong>%s</strong> <small>%s</small></li>", use,
				   names[use], nacre_size_text(size, sizeof(size), bytes), reasons[use]);
	}
	if (used < d->size)
		nacre_html(to, "<li><b class=\"free\"></b>free <strong>%s</strong> <small>not read, not copied</small></li>",
			   nacre_size_text(size, sizeof(size), d->size - used));
	nacre_html(to, "</ul>");
}

void nacre_report_map(FILE *to, const struct nacre_report_disk *d, unsigned number)
{
	char cell[32];

	nacre_html(to, "<section><h2>Block map%s%s</h2>", d->name ? " of " : "", d->name ? d->name : "");
	put_regions(to, d);
	nacre_html(to, "<svg class=\"map\" viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"map of the disk's blocks\">"
		       "<defs><pattern id=\"grid%u\" width=\"%u\" height=\"%u\" patternUnits=\"userSpaceOnUse\">"
		       "<path d=\"M%u 0V%uH0\" class=\"line\"/></pattern></defs>"
		       "<rect width=\"%u\" height=\"%u\" class=\"free\"/>",
		   (unsigned)COLUMNS * SIDE, (unsigned)ROWS * SIDE, number, (unsigned)SIDE, (unsigned)SIDE, (unsigned)SIDE,
		   (unsigned)SIDE, (unsigned)COLUMNS * SIDE, (unsigned)ROWS * SIDE);
	for (unsigned row = 0; row < ROWS && d->size; row++)
		put_row(to, d, row);
	nacre_html(to, "<rect width=\"%u\" height=\"%u\" fill=\"url(#grid%u)\"/></svg>", (unsigned)COLUMNS * SIDE,
		   (unsigned)ROWS * SIDE, number);
	nacre_html(to, "<p class=\"note\">One cell is %s; the paler it is, the less of it is in use.</p>",
		   nacre_size_text(cell, sizeof(cell), d->size / CELLS));
	put_legend(to, d);
	nacre_html(to, "</section>");
}
