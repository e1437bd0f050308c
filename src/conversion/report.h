/* SPDX-License-Identifier: BSD-2-Clause */
/* report.h - what a conversion did, as one page for a person (issue's report.html)
 *
 * The page is self-contained: style inline, pictures as data, no script; its own policy keeps a
 * browser from loading anything else. Everything in it may come from a hostile disk and is escaped.
 */
#ifndef NACRE_CONVERSION_REPORT_H
#define NACRE_CONVERSION_REPORT_H

#include "base/extents.h"
#include "conversion/fixup/fixup.h"
#include "conversion/inventory/inventory.h"
#include "machine/definition.h"
#include "machine/qemu/qemu.h"

/** struct nacre_report_fact - one line of the table about the source, in the caller's words */
struct nacre_report_fact {
	const char *name, *value;
};

/** struct nacre_report_region - a partition, for the line above the block map */
struct nacre_report_region {
	const char *name; /* "1 ext4 /" */
	uint64_t start, length;
};

/** struct nacre_report_disk - its block map: extents tagged as a plan's (plan.h) */
struct nacre_report_disk {
	const char *name;        /* above its map; NULL: there is only one */
	const struct nacre_extents *map;
	uint64_t size;           /* bytes that the map is of */
	const struct nacre_report_region *regions;
	size_t region_count;
};

/** struct nacre_report_step - of the timeline; seconds of one clock, @end >= @start */
struct nacre_report_step {
	const char *name;
	double start, end;
};

/** struct nacre_report - all pointers are the caller's; what is NULL with a count of 0 is left out */
struct nacre_report {
	const struct nacre_definition *definition;
	const char *source;      /* what was converted, as the user named it */
	const char *when;        /* date and time as text; NULL: left out */
	const struct nacre_report_fact *facts;
	size_t fact_count;
	const struct nacre_report_disk *disks; /* of the source */
	size_t disk_count;
	const struct nacre_report_step *steps;
	size_t step_count;
	const struct nacre_change *changes;
	size_t change_count;
	const struct nacre_fix *const *fixes; /* NULL-ended, for the titles of the changes' fixes; may be NULL */
	const struct nacre_finding *findings;
	size_t finding_count;
	const struct nacre_boot_result *boot; /* NULL: it was not checked */
	const char *picture;                  /* PNG of its screen, or NULL */
};

/** nacre_report_write() - make or replace @path; a picture that cannot be read is an error */
int nacre_report_write(const struct nacre_report *r, const char *path, struct nacre_error *e);

#endif
