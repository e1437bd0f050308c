/* SPDX-License-Identifier: BSD-2-Clause */
/* vhd_format.c - footer and header of a VHD, between bytes and structs */
#include "disk/vhd_format.h"

#include "disk/file.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { EPOCH_2000 = 946684800 };
enum { CYLINDERS_MAX = 65535, HEADS_MAX = 16, SECTORS_MAX = 255 };

/* Offsets in the footer, and of the checksums. */
enum {
	F_FEATURES = 8, F_VERSION = 12, F_HEADER = 16, F_TIME = 24, F_CREATOR = 28, F_CREATOR_VERSION = 32,
	F_HOST = 36, F_ORIGINAL = 40, F_CURRENT = 48, F_CYLINDERS = 56, F_HEADS = 58, F_SECTORS = 59,
	F_TYPE = 60, F_CHECKSUM = 64, F_UUID = 68,
	H_NEXT = 8, H_TABLE = 16, H_VERSION = 24, H_ENTRIES = 28, H_BLOCK = 32, H_CHECKSUM = 36
};

static void put16(uint8_t *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof(value));
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

/* One's complement of the sum of all bytes but the checksum's own. */
static uint32_t checksum(const uint8_t *data, size_t size, size_t field)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += i < field || i >= field + 4 ? data[i] : 0;
	return ~sum;
}

void vhd_geometry(uint64_t sectors, struct vhd_footer *footer)
{
	uint64_t most = (uint64_t)CYLINDERS_MAX * HEADS_MAX * SECTORS_MAX, tracks, heads = HEADS_MAX;
	uint8_t per_track = SECTORS_MAX;

	if (sectors > most)
		sectors = most;
	if (sectors < (uint64_t)CYLINDERS_MAX * HEADS_MAX * 63) {
		per_track = 17;
		tracks = sectors / per_track;
		heads = (tracks + 1023) / 1024;
		if (heads < 4)
			heads = 4;
		if (tracks >= heads * 1024 || heads > HEADS_MAX) {
			per_track = 31;
			heads = HEADS_MAX;
		}
		if (sectors / per_track >= heads * 1024) {
			per_track = 63;
			heads = HEADS_MAX;
		}
	}
	tracks = sectors / per_track;
	footer->cylinders = (uint16_t)(tracks / heads);
	footer->heads = (uint8_t)heads;
	footer->sectors = per_track;
}

void vhd_footer_make(struct vhd_footer *footer, enum vhd_type type, uint64_t size)
{
	*footer = (struct vhd_footer){
		.header = type == VHD_FIXED ? UINT64_MAX : VHD_FOOTER,
		.original = size,
		.current = size,
		.type = type,
		.time = (uint32_t)(time(NULL) - EPOCH_2000),
		.features = 2, /* reserved, always set */
		/* Readers that do not know a creator take the geometry for the size; with Hyper-V's, all
		 * take the current size. */
		.creator = {'w', 'i', 'n', ' '},
	};
	vhd_geometry(size / VHD_SECTOR, footer);
	if (getrandom(footer->uuid, sizeof(footer->uuid), 0) != sizeof(footer->uuid))
		memcpy(footer->uuid, &footer->time, sizeof(footer->time));
	footer->uuid[6] = (footer->uuid[6] & 0x0f) | 0x40;
	footer->uuid[8] = (footer->uuid[8] & 0x3f) | 0x80;
}

void vhd_footer_encode(const struct vhd_footer *footer, uint8_t out[VHD_FOOTER])
{
	memset(out, 0, VHD_FOOTER);
	memcpy(out, "conectix", 8);
	put32(out + F_FEATURES, footer->features);
	put32(out + F_VERSION, 0x10000);
	put64(out + F_HEADER, footer->header);
	put32(out + F_TIME, footer->time);
	memcpy(out + F_CREATOR, footer->creator, sizeof(footer->creator));
	put32(out + F_CREATOR_VERSION, 0xa0000);
	memcpy(out + F_HOST, "Wi2k", 4);
	put64(out + F_ORIGINAL, footer->original);
	put64(out + F_CURRENT, footer->current);
	put16(out + F_CYLINDERS, footer->cylinders);
	out[F_HEADS] = footer->heads;
	out[F_SECTORS] = footer->sectors;
	put32(out + F_TYPE, footer->type);
	memcpy(out + F_UUID, footer->uuid, sizeof(footer->uuid));
	put32(out + F_CHECKSUM, checksum(out, VHD_FOOTER, F_CHECKSUM));
}

uint32_t vhd_footer_type(const uint8_t in[VHD_FOOTER])
{
	uint32_t type = get32(in + F_TYPE);

	if (memcmp(in, "conectix", 8))
		return 0;
	return type >= VHD_FIXED && type <= VHD_DIFFERENCING ? type : 0;
}

int vhd_footer_decode(const uint8_t in[VHD_FOOTER], struct vhd_footer *footer, const char *where,
		      struct nacre_error *e)
{
	if (memcmp(in, "conectix", 8))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "has no VHD footer: it is something else, or was cut short");
	if (get32(in + F_CHECKSUM) != checksum(in, VHD_FOOTER, F_CHECKSUM))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "its VHD footer is damaged (checksum)");
	if (get32(in + F_VERSION) >> 16 != 1)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, where,
				       "is a VHD of version %u.%u; only 1.0 is known", get32(in + F_VERSION) >> 16,
				       get32(in + F_VERSION) & 0xffff);
	*footer = (struct vhd_footer){
		.header = get64(in + F_HEADER),
		.original = get64(in + F_ORIGINAL),
		.current = get64(in + F_CURRENT),
		.type = get32(in + F_TYPE),
		.time = get32(in + F_TIME),
		.features = get32(in + F_FEATURES),
		.cylinders = get16(in + F_CYLINDERS),
		.heads = in[F_HEADS],
		.sectors = in[F_SECTORS],
	};
	memcpy(footer->creator, in + F_CREATOR, sizeof(footer->creator));
	memcpy(footer->uuid, in + F_UUID, sizeof(footer->uuid));
	if (footer->type == VHD_DIFFERENCING)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, where,
				       "is a differencing VHD, which holds only what changed since its parent; "
				       "merge the two first");
	if (!vhd_footer_type(in))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "its VHD footer has an unknown type, %u",
				       footer->type);
	return 0;
}

uint64_t vhd_footer_size(const struct vhd_footer *footer)
{
	uint64_t geometry = (uint64_t)footer->cylinders * footer->heads * footer->sectors;

	if (memcmp(footer->creator, "vpc ", 4) && memcmp(footer->creator, "qemu", 4))
		return footer->current;
	if (!geometry || geometry == (uint64_t)CYLINDERS_MAX * HEADS_MAX * SECTORS_MAX)
		return footer->current;
	return geometry * VHD_SECTOR;
}

void vhd_header_encode(const struct vhd_header *header, uint8_t out[VHD_HEADER])
{
	memset(out, 0, VHD_HEADER);
	memcpy(out, "cxsparse", 8);
	put64(out + H_NEXT, UINT64_MAX);
	put64(out + H_TABLE, header->table);
	put32(out + H_VERSION, 0x10000);
	put32(out + H_ENTRIES, header->entries);
	put32(out + H_BLOCK, header->block);
	put32(out + H_CHECKSUM, checksum(out, VHD_HEADER, H_CHECKSUM));
}

int vhd_header_decode(const uint8_t in[VHD_HEADER], struct vhd_header *header, const char *where,
		      struct nacre_error *e)
{
	if (memcmp(in, "cxsparse", 8))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "has no VHD header where its footer says: it is damaged");
	if (get32(in + H_CHECKSUM) != checksum(in, VHD_HEADER, H_CHECKSUM))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "its VHD header is damaged (checksum)");
	header->table = get64(in + H_TABLE);
	header->entries = get32(in + H_ENTRIES);
	header->block = get32(in + H_BLOCK);
	if (get32(in + H_VERSION) >> 16 != 1)
		return nacre_error_set(e, NACRE_E_SUPPORT, 0, where, "its VHD header has an unknown version, %#x",
				       get32(in + H_VERSION));
	if (header->block < VHD_BLOCK_LEAST || header->block > VHD_BLOCK_MOST ||
	    header->block & (header->block - 1))
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "its VHD header has blocks of %u bytes, which cannot be", header->block);
	return 0;
}

int vhd_find_footer(const struct nacre_image *image, struct vhd_footer *footer, bool *from_copy,
		    struct nacre_error *e)
{
	const char *where = nacre_file_where(image);
	uint8_t bytes[VHD_FOOTER];
	uint64_t size;

	*from_copy = false;
	if (nacre_file_size(image, &size, e))
		return -1;
	if (size < VHD_FOOTER)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "is too short for a VHD");
	if (nacre_file_read(image, size - VHD_FOOTER, bytes, sizeof(bytes), e))
		return -1;
	if (vhd_footer_decode(bytes, footer, where, e)) {
		if (nacre_file_read(image, 0, bytes, sizeof(bytes), NULL) ||
		    vhd_footer_decode(bytes, footer, where, NULL) || footer->type != VHD_DYNAMIC)
			return -1;
		*from_copy = true;
	}
	if (!vhd_footer_size(footer) || vhd_footer_size(footer) % VHD_SECTOR)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where,
				       "its VHD footer says %" PRIu64 " bytes, which is no size of a disk",
				       vhd_footer_size(footer));
	return 0;
}

int vhd_check_size(const struct nacre_image *image, struct nacre_error *e)
{
	if (image->size <= VHD_SIZE_MAX)
		return 0;
	return nacre_error_set(e, NACRE_E_SUPPORT, 0, nacre_file_where(image),
			       "a VHD holds at most 2040 GiB, and the disk has %" PRIu64 ".%02u GiB; choose raw",
			       image->size >> 30, (unsigned)((image->size % (1 << 30)) * 100 >> 30));
}
