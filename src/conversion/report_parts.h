/* SPDX-License-Identifier: BSD-2-Clause */
/* report_parts.h - the pieces of the report's page */
#ifndef NACRE_CONVERSION_REPORT_PARTS_H
#define NACRE_CONVERSION_REPORT_PARTS_H

#include "conversion/report.h"

#include <stdio.h>

/** The page's style. */
extern const char nacre_report_style[];

/**
 * nacre_html() - printf to a page; its only conversions are %s, escaped, %S, as it is, and %u, %f, %d
 *
 * %s: HTML's own characters become entities; what is no UTF-8, control characters, and those that
 * turn the direction of writing become U+FFFD; NULL is nothing.
 */
void nacre_html(FILE *to, const char *fmt, ...);
/** nacre_html_base64() - @size bytes, as a data: URI has them */
void nacre_html_base64(FILE *to, const uint8_t *data, size_t size);

/** nacre_report_map() - the block map of disk @number and its legend */
void nacre_report_map(FILE *to, const struct nacre_report_disk *disk, unsigned number);
/** nacre_report_diff() - lines that went and lines that came, with some around them */
void nacre_report_diff(FILE *to, const char *before, const char *after);

#endif
