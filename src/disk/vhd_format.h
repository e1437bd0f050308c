/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_format.h - footer and header of a VHD, between bytes and structs
 *
 * Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0 (2006). All numbers are big endian.
 *
 *	fixed:    the disk | footer
 *	dynamic:  footer | header | block allocation table | blocks | footer
 *	block:    sector bitmap (1: the sector is here, 0: it reads as zeroes) | data
 */
#ifndef NACRE_DISK_VHD_FORMAT_H
#define NACRE_DISK_VHD_FORMAT_H

#include "disk/image.h"

enum {
	VHD_SECTOR = 512,
	VHD_FOOTER = 512,
	VHD_HEADER = 1024,
	VHD_BLOCK = 2 << 20, /* what every reader knows */
	VHD_BLOCK_LEAST = 4096,
	VHD_BLOCK_MOST = 256 << 20,
	VHD_ENTRIES_MOST = 1 << 24
};

enum vhd_type { VHD_FIXED = 2, VHD_DYNAMIC = 3, VHD_DIFFERENCING = 4 };

#define VHD_FREE     0xffffffffu   /* a table entry without a block */
#define VHD_SIZE_MAX (2040ull << 30) /* what Hyper-V takes */

/** struct vhd_footer - what a reader needs of it */
struct vhd_footer {
	uint64_t header;        /* where the dynamic header is; all ones for fixed */
	uint64_t original, current;
	uint32_t type;          /* enum vhd_type */
	uint32_t time;          /* seconds since 2000 */
	uint32_t features;
	char creator[4];
	uint16_t cylinders;
	uint8_t heads, sectors;
	uint8_t uuid[16];
};

struct vhd_header {
	uint64_t table;         /* where the table is */
	uint32_t entries, block;
};

/** vhd_geometry() - cylinders, heads, sectors as the specification's appendix computes them */
void vhd_geometry(uint64_t sectors, struct vhd_footer *footer);
/** vhd_footer_make() - a footer for a new disk of @size bytes */
void vhd_footer_make(struct vhd_footer *footer, enum vhd_type type, uint64_t size);
void vhd_footer_encode(const struct vhd_footer *footer, uint8_t out[VHD_FOOTER]);
/** vhd_footer_decode() - -1: no footer, damaged, or of a kind that cannot be read; @where for the message */
int vhd_footer_decode(const uint8_t in[VHD_FOOTER], struct vhd_footer *footer, const char *where,
		      struct nacre_error *e);
/** vhd_footer_type() - the type if it looks like a footer at all, sound or not; otherwise 0 */
uint32_t vhd_footer_type(const uint8_t in[VHD_FOOTER]);
/**
 * vhd_footer_size() - the size of the disk in bytes
 *
 * Virtual PC and QEMU's writer of its kind ("vpc ", "qemu") mean the geometry, unless it is the largest one;
 * everybody else means the current size.
 */
uint64_t vhd_footer_size(const struct vhd_footer *footer);
void vhd_header_encode(const struct vhd_header *header, uint8_t out[VHD_HEADER]);
int vhd_header_decode(const uint8_t in[VHD_HEADER], struct vhd_header *header, const char *where,
		      struct nacre_error *e);

/** vhd_find_footer() - the footer at the end or, if that is damaged, its copy at the beginning */
int vhd_find_footer(const struct nacre_image *image, struct vhd_footer *footer, bool *from_copy,
		    struct nacre_error *e);
/** vhd_check_size() - can a VHD hold image->size? */
int vhd_check_size(const struct nacre_image *image, struct nacre_error *e);

#endif
