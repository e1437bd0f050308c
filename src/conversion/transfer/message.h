/* SPDX-License-Identifier: BSD-2-Clause */
/* message.h - what is said in frames, between structs and fields
 *
 * Each pair of functions writes and reads one message. The readers take any bytes: what does not fit its struct,
 * counts more than there may be, or is followed by something else makes g->bad; see nacre_get_done().
 */
#ifndef NACRE_CONVERSION_MESSAGE_H
#define NACRE_CONVERSION_MESSAGE_H

#include "conversion/transfer/transfer.h"
#include "conversion/transfer/wire.h"

enum { NACRE_SKIPS_MOST = 32, NACRE_EXTENT_BYTES = 20, NACRE_MAP_MOST = 1 << 18 /* extents */ };

/** struct nacre_hello - who speaks, and of which machine */
struct nacre_hello {
	uint32_t oldest, newest; /* versions of the wire that the speaker knows */
	uint32_t mode;           /* enum nacre_sink_mode */
	char version[32];        /* of nacre */
	char name[64];
};

/** struct nacre_change_words - where the strings of a change are; @before, @after: lengths of its texts, UINT32_MAX: none */
struct nacre_change_words {
	char path[NACRE_FS_PATH], how[16], fix[32];
	uint32_t before, after;
};

void nacre_put_hello(struct nacre_put *p, const struct nacre_hello *h);
void nacre_get_hello(struct nacre_get *g, struct nacre_hello *h);
void nacre_put_values(struct nacre_put *p, const struct nacre_sink_values *v);
void nacre_get_values(struct nacre_get *g, struct nacre_sink_values *v);
void nacre_put_disk(struct nacre_put *p, const struct nacre_sink_disk *d);
/** nacre_get_disk() - @d->map is the caller's to set */
void nacre_get_disk(struct nacre_get *g, struct nacre_sink_disk *d);
void nacre_put_modify(struct nacre_put *p, const struct nacre_sink_modify *m);
/** nacre_get_modify() - @m->fix.skip points into @skips and @texts */
void nacre_get_modify(struct nacre_get *g, struct nacre_sink_modify *m, const char *skips[NACRE_SKIPS_MOST + 1],
		      char texts[NACRE_SKIPS_MOST][32]);
/** nacre_put_change() - all but its texts, which are the frame's data: before, then after */
void nacre_put_change(struct nacre_put *p, const struct nacre_change *c);
/** nacre_get_change() - the strings are @words', but for the texts, of which only the lengths are known (UINT32_MAX: none) */
void nacre_get_change(struct nacre_get *g, struct nacre_change *c, struct nacre_change_words *words);
void nacre_put_define(struct nacre_put *p, const struct nacre_sink_define *d);
/** nacre_get_define() - @d->inventory gets @inventory, and that @images */
void nacre_get_define(struct nacre_get *g, struct nacre_sink_define *d, struct nacre_inventory *inventory,
		      struct nacre_image images[NACRE_DISKS_MAX]);
void nacre_put_boot(struct nacre_put *p, const struct nacre_boot_result *b);
void nacre_get_boot(struct nacre_get *g, struct nacre_boot_result *b);
void nacre_put_error(struct nacre_put *p, const struct nacre_error *error);
void nacre_get_error(struct nacre_get *g, struct nacre_error *error);

/** nacre_put_extent() - NACRE_EXTENT_BYTES at @to */
void nacre_put_extent(uint8_t *to, const struct nacre_extent *x);
/** nacre_get_map() - add extents to @map; -1: they are no map of a disk, or too many */
int nacre_get_map(const uint8_t *data, size_t size, struct nacre_extents *map);

#endif
