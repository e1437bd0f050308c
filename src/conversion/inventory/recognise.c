/* SPDX-License-Identifier: BSD-2-Clause */
/* recognise.c - volumes that are known and named, but not read: LVM, md, LUKS, BitLocker
 *
 * Sources: lib/format_text/layout.h and lib/label/label.h of LVM2; md_p.h of Linux; the LUKS1 and LUKS2
 * on-disk format specifications; the volume header of BitLocker ("-FVE-FS-").
 */
#include "base/auto.h"
#include "base/bytes.h"
#include "conversion/inventory/parts.h"
#include "conversion/inventory/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 8192, LVM_TEXT_MAX = 1 << 20, LUKS_JSON_MAX = 1 << 22 };
#define MD_MAGIC 0xa92b4efcu
/* What a finding calls a place. */
#define NAME(inventory, place) nacre_inventory_name(inventory, place, (char[48]){""}, 48)

/* @size bytes of @place at @offset; what is beyond its end is zeroes. */
static int read_at(const struct nacre_inventory *inventory, const struct nacre_place *place, uint64_t offset,
		   void *data, size_t size, struct nacre_error *e)
{
	uint64_t length = place->partition.length;

	memset(data, 0, size);
	if (offset >= length)
		return 0;
	if (size > length - offset)
		size = (size_t)(length - offset);
	return nacre_image_read(nacre_inventory_image(inventory, place), place->partition.start + offset, data, size, e);
}

static void known(struct nacre_place *place, const char *type, const char *label)
{
	snprintf(place->type, sizeof(place->type), "%s", type);
	text_copy(place->info.label, sizeof(place->info.label), label);
}

static void print_uuid(char *to, size_t size, const uint8_t *u)
{
	snprintf(to, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

/* The names of logical volumes in the text of a volume group: blocks inside of logical_volumes { }. */
static void lvm_volumes(char *text, char *to, size_t size)
{
	char *s = strstr(text, "logical_volumes {"), *name = NULL;
	int depth = 0;
	size_t n = 0;

	*to = 0;
	for (; s && *s; s++) {
		if (*s == '{') {
			if (depth++ == 1 && name) {
				n += (size_t)snprintf(to + n, size - n, "%s%.*s", n ? ", " : "",
						      (int)strcspn(name, " \t\n{"), name);
				if (n + 64 > size)
					return;
			}
			name = NULL;
		} else if (*s == '}') {
			if (--depth == 0)
				return;
		} else if (depth == 1 && !isspace((unsigned char)*s) && !name) {
			name = s;
		}
	}
}

/* The text of the first metadata area says what the volume group is called. @label: the sector with LABELONE */
static int lvm_names(struct nacre_inventory *inventory, struct nacre_place *place, const uint8_t *label,
		     struct nacre_error *e)
{
	uint32_t header = nacre_le32(label + 20);
	uint64_t area = 0, offset, size;
	uint8_t mda[512];
	NACRE_AUTO_FREE char *text = NULL;
	char volumes[256], copy[256];
	int lists = 0;

	/* The header of the physical volume: UUID, size, data areas up to a pair of zeroes, metadata areas. */
	for (uint32_t at = header + 40; at + 16 <= 512 && lists < 2; at += 16) {
		if (!nacre_le64(label + at))
			lists++;
		else if (lists == 1 && !area)
			area = nacre_le64(label + at);
	}
	if (!area)
		return 0;
	if (read_at(inventory, place, area, mda, sizeof(mda), e))
		return -1;
	offset = nacre_le64(mda + 40);
	size = nacre_le64(mda + 48);
	if (memcmp(mda + 4, " LVM2 x[5A%r0N*>", 16) || offset > place->partition.length || !size ||
	    size > LVM_TEXT_MAX)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	if (read_at(inventory, place, area + offset, text, size, e))
		return -1;
	text[size] = 0;
	text_clean(text, strlen(text));
	lvm_volumes(text, volumes, sizeof(volumes));
	text[strcspn(text, " \t\n{")] = 0;
	text_copy(place->info.label, sizeof(place->info.label), text);
	text_copy(copy, sizeof(copy), volumes);
	nacre_inventory_find(inventory, NACRE_OBSTACLE, "a member of a volume group (LVM)",
			     "%s belongs to group %.40s with the volumes %.100s: it is copied whole, "
			     "what is in it is not changed", NAME(inventory, place), place->info.label, copy);
	return 0;
}

static int lvm(struct nacre_inventory *inventory, struct nacre_place *place, const uint8_t *head,
	       struct nacre_error *e)
{
	for (int i = 0; i < 4; i++) {
		const uint8_t *label = head + i * 512;
		uint32_t header = nacre_le32(label + 20);

		if (memcmp(label, "LABELONE", 8) || memcmp(label + 24, "LVM2 001", 8) || header < 32 ||
		    header > 512 - 40)
			continue;
		known(place, "lvm2", "");
		for (int n = 0, at = 0; n < 32; n++) {
			/* LVM prints its UUIDs in groups of 6-4-4-4-4-4-6. */
			if (n == 6 || n == 10 || n == 14 || n == 18 || n == 22 || n == 26)
				place->info.uuid[at++] = '-';
			place->info.uuid[at++] = isalnum(label[header + n]) ? (char)label[header + n] : '?';
		}
		return lvm_names(inventory, place, label, e) ? -1 : 1;
	}
	return 0;
}

static void md_found(struct nacre_inventory *inventory, struct nacre_place *place, const char *version,
		     int32_t level, uint32_t disks, const char *name)
{
	char kind[40];

	known(place, "linux_raid", name);
	if (level == 1)
		snprintf(kind, sizeof(kind), "a mirror of %u disks", disks & 0xffff);
	else
		snprintf(kind, sizeof(kind), "a RAID %d of %u disks", level, disks & 0xffff);
	if (level == 1)
		nacre_inventory_find(inventory, NACRE_WARNING, "one half of a mirror (Linux RAID)",
				     "%s is part of %s (metadata %s, name %.40s): in a virtual machine without the others "
				     "the array comes up degraded", NAME(inventory, place), kind, version,
				     *name ? name : "none");
	else
		nacre_inventory_find(inventory, NACRE_OBSTACLE, "a member of a Linux RAID",
				     "%s is part of %s (metadata %s): without its other disks it cannot "
				     "be read", NAME(inventory, place), kind, version);
}

static int md(struct nacre_inventory *inventory, struct nacre_place *place, const uint8_t *head,
	      struct nacre_error *e)
{
	uint64_t length = place->partition.length;
	uint64_t last[2] = {length >= 8192 ? ((length / 512 - 16) & ~7ull) * 512 : 0,
			    length >= 131072 ? (length & ~65535ull) - 65536 : 0};
	const uint8_t *super[3] = {head, head + 4096, NULL};
	static const char *const versions[3] = {"1.1", "1.2", "1.0"};
	uint8_t end[512], old[512];
	char name[33];

	if (read_at(inventory, place, last[0], end, sizeof(end), e) ||
	    read_at(inventory, place, last[1], old, sizeof(old), e))
		return -1;
	super[2] = end;
	for (int i = 0; i < 3; i++) {
		const uint8_t *s = super[i];

		if (nacre_le32(s) != MD_MAGIC || nacre_le32(s + 4) != 1)
			continue;
		memcpy(name, s + 32, 32);
		name[32] = 0;
		print_uuid(place->info.uuid, sizeof(place->info.uuid), s + 16);
		md_found(inventory, place, versions[i], (int32_t)nacre_le32(s + 72), nacre_le32(s + 92), name);
		return 1;
	}
	/* The old superblock has the byte order of its machine; PCs are little-endian. */
	if (nacre_le32(old) == MD_MAGIC && nacre_le32(old + 4) == 0 && nacre_le32(old + 8) <= 91) {
		md_found(inventory, place, "0.90", (int32_t)nacre_le32(old + 28), nacre_le32(old + 40), "");
		return 1;
	}
	return 0;
}

/* LUKS2 has a text that says which keys there are; those of a TPM stay in the old computer. */
static int luks_tokens(struct nacre_inventory *inventory, struct nacre_place *place, const uint8_t *head,
		       struct nacre_error *e)
{
	uint64_t size = nacre_be64(head + 8);
	NACRE_AUTO_FREE char *json = NULL;

	if (size <= 4096 || size > LUKS_JSON_MAX)
		return 0;
	json = malloc(size - 4096 + 1);
	if (!json)
		return 0;
	if (read_at(inventory, place, 4096, json, size - 4096, e))
		return -1;
	json[size - 4096] = 0;
	if (strstr(json, "systemd-tpm2") || strstr(json, "\"clevis\"") || strstr(json, "tpm2"))
		nacre_inventory_find(inventory, NACRE_OBSTACLE, "encryption bound to this computer's TPM",
				     "%s is unlocked by a key in the TPM, which stays behind: have a "
				     "passphrase ready, and bind it anew in the virtual machine",
				     NAME(inventory, place));
	return 0;
}

static int luks(struct nacre_inventory *inventory, struct nacre_place *place, const uint8_t *head,
		struct nacre_error *e)
{
	uint16_t version = nacre_be16(head + 6);
	char label[49], uuid[41];

	if (memcmp(head, "LUKS\xba\xbe", 6))
		return 0;
	memcpy(label, head + 24, 48);
	label[48] = 0;
	memcpy(uuid, head + 168, 40);
	uuid[40] = 0;
	known(place, "luks", version == 2 ? label : "");
	text_copy(place->info.uuid, sizeof(place->info.uuid), uuid);
	nacre_inventory_find(inventory, NACRE_OBSTACLE, "an encrypted volume (LUKS)",
			     "%s is copied whole, what is in it is not changed: drivers that are missing "
			     "there have to be added in it", NAME(inventory, place));
	return version == 2 && luks_tokens(inventory, place, head, e) ? -1 : 1;
}

int inventory_recognise(struct nacre_inventory *inventory, struct nacre_place *place, struct nacre_error *e)
{
	uint8_t head[HEAD];
	int result;

	if (read_at(inventory, place, 0, head, sizeof(head), e))
		return -1;
	result = luks(inventory, place, head, e);
	if (!result)
		result = lvm(inventory, place, head, e);
	if (!result)
		result = md(inventory, place, head, e);
	if (!result && !memcmp(head + 3, "-FVE-FS-", 8)) {
		known(place, "bitlocker", "");
		nacre_inventory_find(inventory, NACRE_OBSTACLE, "an encrypted volume (BitLocker)",
				     "%s is copied whole; its key in the TPM stays behind: suspend BitLocker "
				     "first, or have the recovery key ready", NAME(inventory, place));
		result = 1;
	}
	return result;
}
