/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c - messages between structs and fields; see message.h
 *
 * Most structs are lists of texts and numbers: a table of members writes and reads them, so that both
 * ends agree by construction. The order of a table is the wire's: a change of it is a new NACRE_WIRE_VERSION.
 */
#include "conversion/transfer/message.h"

#include "base/bytes.h"

#include <string.h>

enum kind { TEXT, BOOL, NUMBER8, NUMBER32, NUMBER64, SECONDS };

struct member {
	enum kind kind;
	size_t offset, size;
};

#define MEMBER(type, name, how) {(how), offsetof(struct type, name), sizeof(((struct type *)0)->name)}
#define END			{0, 0, 0}

static void put_members(struct nacre_put *p, const struct member *m, const void *from)
{
	for (; m->size; m++) {
		const uint8_t *at = (const uint8_t *)from + m->offset;
		double seconds;
		uint64_t number = 0;

		switch (m->kind) {
		case TEXT:
			nacre_put_text(p, (const char *)at);
			break;
		case SECONDS:
			memcpy(&seconds, at, sizeof(seconds));
			nacre_put_number(p, (uint64_t)(seconds * 1e6), 8);
			break;
		case BOOL:
			nacre_put_number(p, *(const bool *)at, 1);
			break;
		default:
			memcpy(&number, at, m->size); /* little endian machines only, as src/disk has it */
			nacre_put_number(p, number, (int)m->size);
		}
	}
}

static void get_members(struct nacre_get *g, const struct member *m, void *to)
{
	for (; m->size; m++) {
		uint8_t *at = (uint8_t *)to + m->offset;
		double seconds;
		uint64_t number;

		switch (m->kind) {
		case TEXT:
			nacre_get_text(g, (char *)at, m->size);
			break;
		case SECONDS:
			number = nacre_get_number(g, 8);
			g->bad |= number > UINT64_C(1) << 50;
			seconds = (double)number / 1e6;
			memcpy(at, &seconds, sizeof(seconds));
			break;
		case BOOL:
			number = nacre_get_number(g, 1);
			g->bad |= number > 1;
			*(bool *)at = number == 1;
			break;
		default:
			number = nacre_get_number(g, (int)m->size);
			memcpy(at, &number, m->size);
		}
	}
}

static const struct member hello_members[] = {
	MEMBER(nacre_hello, oldest, NUMBER32), MEMBER(nacre_hello, newest, NUMBER32),
	MEMBER(nacre_hello, mode, NUMBER32), MEMBER(nacre_hello, version, TEXT), MEMBER(nacre_hello, name, TEXT), END};

static const struct member values_members[] = {
	MEMBER(nacre_sink_values, version, TEXT), MEMBER(nacre_sink_values, hostname, TEXT),
	MEMBER(nacre_sink_values, architecture, TEXT), MEMBER(nacre_sink_values, free, NUMBER64),
	MEMBER(nacre_sink_values, memory_mb, NUMBER32), MEMBER(nacre_sink_values, cpus, NUMBER32),
	MEMBER(nacre_sink_values, kvm, BOOL), MEMBER(nacre_sink_values, uefi, BOOL), END};

static const struct member disk_members[] = {
	MEMBER(nacre_sink_disk, format, TEXT), MEMBER(nacre_sink_disk, size, NUMBER64),
	MEMBER(nacre_sink_disk, source_size, NUMBER64), MEMBER(nacre_sink_disk, name, TEXT),
	MEMBER(nacre_sink_disk, instant, TEXT), MEMBER(nacre_sink_disk, known[0], TEXT),
	MEMBER(nacre_sink_disk, known[1], TEXT), END};

static const struct member definition_members[] = {
	MEMBER(nacre_definition, name, TEXT), MEMBER(nacre_definition, uuid, TEXT),
	MEMBER(nacre_definition, architecture, TEXT), MEMBER(nacre_definition, uefi, BOOL), MEMBER(nacre_definition, memory_mb, NUMBER32),
	MEMBER(nacre_definition, cpus, NUMBER32), MEMBER(nacre_definition, os_id, TEXT),
	MEMBER(nacre_definition, os_name, TEXT), END};

static const struct member definition_disk_members[] = {
	MEMBER(nacre_definition_disk, file, TEXT), MEMBER(nacre_definition_disk, format, TEXT),
	MEMBER(nacre_definition_disk, size, NUMBER64), END};

static const struct member define_members[] = {
	MEMBER(nacre_sink_define, source, TEXT), MEMBER(nacre_sink_define, read, NUMBER64),
	MEMBER(nacre_sink_define, sent, NUMBER64), END};

static const struct member note_members[] = {
	MEMBER(nacre_sink_note, name, TEXT), MEMBER(nacre_sink_note, value, TEXT), END};

static const struct member inventory_members[] = {
	MEMBER(nacre_inventory, uefi, BOOL), MEMBER(nacre_inventory, cpus, NUMBER32),
	MEMBER(nacre_inventory, memory_mb, NUMBER32), MEMBER(nacre_inventory, os_id, TEXT),
	MEMBER(nacre_inventory, os_version, TEXT), MEMBER(nacre_inventory, os_name, TEXT),
	MEMBER(nacre_inventory, family, TEXT), MEMBER(nacre_inventory, architecture, TEXT),
	MEMBER(nacre_inventory, hostname, TEXT), MEMBER(nacre_inventory, selinux, BOOL),
	MEMBER(nacre_inventory, initramfs_tool, TEXT), MEMBER(nacre_inventory, root, NUMBER32), END};

static const struct member table_members[] = {
	MEMBER(nacre_table, kind, NUMBER32), MEMBER(nacre_table, boot, NUMBER32), MEMBER(nacre_table, id, TEXT),
	MEMBER(nacre_table, hybrid, BOOL), MEMBER(nacre_table, used_backup, BOOL),
	MEMBER(nacre_table, backup_misplaced, BOOL), MEMBER(nacre_table, embedded, NUMBER64), END};

static const struct member partition_members[] = {
	MEMBER(nacre_partition, number, NUMBER32), MEMBER(nacre_partition, start, NUMBER64),
	MEMBER(nacre_partition, length, NUMBER64), MEMBER(nacre_partition, mbr_type, NUMBER8),
	MEMBER(nacre_partition, type, TEXT), MEMBER(nacre_partition, guid, TEXT),
	MEMBER(nacre_partition, name, TEXT), MEMBER(nacre_partition, active, BOOL),
	MEMBER(nacre_partition, esp, BOOL), MEMBER(nacre_partition, extended, BOOL),
	MEMBER(nacre_partition, bios_boot, BOOL), END};

static const struct member info_members[] = {
	MEMBER(nacre_fs_info, uuid, TEXT), MEMBER(nacre_fs_info, label, TEXT),
	MEMBER(nacre_fs_info, size, NUMBER64), MEMBER(nacre_fs_info, free, NUMBER64),
	MEMBER(nacre_fs_info, block, NUMBER32), MEMBER(nacre_fs_info, state, NUMBER32), END};

static const struct member place_members[] = {
	MEMBER(nacre_place, disk, NUMBER32), MEMBER(nacre_place, type, TEXT), MEMBER(nacre_place, driver, TEXT), MEMBER(nacre_place, problem, TEXT),
	MEMBER(nacre_place, mount, TEXT), MEMBER(nacre_place, subvolume, TEXT), END};

static const struct member kernel_members[] = {
	MEMBER(nacre_kernel, version, TEXT), MEMBER(nacre_kernel, image, TEXT),
	MEMBER(nacre_kernel, initramfs, TEXT), END};

static const struct member nic_members[] = {
	MEMBER(nacre_nic, name, TEXT), MEMBER(nacre_nic, mac, TEXT), MEMBER(nacre_nic, driver, TEXT),
	MEMBER(nacre_nic, config, TEXT), MEMBER(nacre_nic, address, TEXT), END};

static const struct member finding_members[] = {
	MEMBER(nacre_finding, severity, NUMBER32), MEMBER(nacre_finding, what, TEXT),
	MEMBER(nacre_finding, why, TEXT), END};

static const struct member boot_members[] = {
	MEMBER(nacre_boot_result, up, BOOL), MEMBER(nacre_boot_result, stage, NUMBER32),
	MEMBER(nacre_boot_result, seconds, SECONDS), MEMBER(nacre_boot_result, root_device, TEXT),
	MEMBER(nacre_boot_result, failed_units, TEXT), MEMBER(nacre_boot_result, why, TEXT), END};

static const struct member error_members[] = {
	MEMBER(nacre_error, code, NUMBER32), MEMBER(nacre_error, sys, NUMBER32),
	MEMBER(nacre_error, where, TEXT), MEMBER(nacre_error, msg, TEXT), END};

/* A number of things, of which there may be @most. */
static int get_count(struct nacre_get *g, int most)
{
	uint64_t count = nacre_get_number(g, 4);

	g->bad |= count > (uint64_t)most;
	return g->bad ? 0 : (int)count;
}

void nacre_put_hello(struct nacre_put *p, const struct nacre_hello *h)
{
	put_members(p, hello_members, h);
}

void nacre_get_hello(struct nacre_get *g, struct nacre_hello *h)
{
	get_members(g, hello_members, h);
	g->bad |= h->mode >= NACRE_SINK_MODES;
}

void nacre_put_values(struct nacre_put *p, const struct nacre_sink_values *v)
{
	put_members(p, values_members, v);
}

void nacre_get_values(struct nacre_get *g, struct nacre_sink_values *v)
{
	get_members(g, values_members, v);
}

void nacre_put_disk(struct nacre_put *p, const struct nacre_sink_disk *d)
{
	put_members(p, disk_members, d);
}

void nacre_get_disk(struct nacre_get *g, struct nacre_sink_disk *d)
{
	memset(d, 0, sizeof(*d));
	get_members(g, disk_members, d);
}

void nacre_put_modify(struct nacre_put *p, const struct nacre_sink_modify *m)
{
	int count = 0;

	while (m->fix.skip && m->fix.skip[count])
		count++;
	p->full |= count > NACRE_SKIPS_MOST;
	nacre_put_number(p, m->grow_last, 1);
	nacre_put_number(p, m->fix.new_identity, 1);
	nacre_put_number(p, m->fix.serial_console, 1);
	nacre_put_number(p, (uint64_t)count, 2);
	for (int i = 0; i < count; i++)
		nacre_put_text(p, m->fix.skip[i]);
	nacre_put_number(p, (uint64_t)m->nic_count, 4);
	for (int i = 0; i < m->nic_count; i++)
		put_members(p, nic_members, &m->nics[i]);
}

void nacre_get_modify(struct nacre_get *g, struct nacre_sink_modify *m, const char *skips[NACRE_SKIPS_MOST + 1],
		      char texts[NACRE_SKIPS_MOST][32])
{
	uint64_t flags[3], count;

	memset(m, 0, sizeof(*m));
	for (int i = 0; i < 3; i++) {
		flags[i] = nacre_get_number(g, 1);
		g->bad |= flags[i] > 1;
	}
	m->grow_last = flags[0];
	m->fix.new_identity = flags[1];
	m->fix.serial_console = flags[2];
	count = nacre_get_number(g, 2);
	g->bad |= count > NACRE_SKIPS_MOST;
	count = g->bad ? 0 : count;
	for (uint64_t i = 0; i < count; i++) {
		nacre_get_text(g, texts[i], sizeof(texts[i]));
		skips[i] = texts[i];
	}
	skips[count] = NULL;
	m->fix.skip = skips;
	m->nic_count = get_count(g, NACRE_NICS_MAX);
	for (int i = 0; i < m->nic_count; i++)
		get_members(g, nic_members, &m->nics[i]);
}

void nacre_put_change(struct nacre_put *p, const struct nacre_change *c)
{
	nacre_put_text(p, c->path);
	nacre_put_text(p, c->how);
	nacre_put_text(p, c->fix ? c->fix : "");
	nacre_put_number(p, c->size_before, 8);
	nacre_put_number(p, c->size_after, 8);
	nacre_put_number(p, c->before ? strlen(c->before) : UINT32_MAX, 4);
	nacre_put_number(p, c->after ? strlen(c->after) : UINT32_MAX, 4);
}

void nacre_get_change(struct nacre_get *g, struct nacre_change *c, struct nacre_change_words *words)
{
	nacre_get_text(g, words->path, sizeof(words->path));
	nacre_get_text(g, words->how, sizeof(words->how));
	nacre_get_text(g, words->fix, sizeof(words->fix));
	*c = (struct nacre_change){.path = words->path, .how = words->how, .fix = words->fix};
	c->size_before = nacre_get_number(g, 8);
	c->size_after = nacre_get_number(g, 8);
	g->bad |= c->size_before > INT64_MAX || c->size_after > INT64_MAX;
	words->before = (uint32_t)nacre_get_number(g, 4);
	words->after = (uint32_t)nacre_get_number(g, 4);
}

static void put_place(struct nacre_put *p, const struct nacre_place *place)
{
	put_members(p, partition_members, &place->partition);
	put_members(p, info_members, &place->info);
	put_members(p, place_members, place);
}

static void put_inventory(struct nacre_put *p, const struct nacre_inventory *n)
{
	nacre_put_number(p, (uint64_t)n->disk_count, 4);
	for (int i = 0; i < n->disk_count; i++) {
		nacre_put_number(p, n->disks[i].image->size, 8);
		nacre_put_number(p, n->disks[i].image->sector, 4);
		nacre_put_text(p, n->disks[i].name);
		put_members(p, table_members, &n->disks[i].table);
	}
	put_members(p, inventory_members, n);
	nacre_put_number(p, (uint64_t)n->place_count, 4);
	for (int i = 0; i < n->place_count; i++)
		put_place(p, &n->places[i]);
	nacre_put_number(p, (uint64_t)n->kernel_count, 4);
	for (int i = 0; i < n->kernel_count; i++)
		put_members(p, kernel_members, &n->kernels[i]);
	nacre_put_number(p, (uint64_t)n->nic_count, 4);
	for (int i = 0; i < n->nic_count; i++)
		put_members(p, nic_members, &n->nics[i]);
	nacre_put_number(p, (uint64_t)n->finding_count, 4);
	for (int i = 0; i < n->finding_count; i++)
		put_members(p, finding_members, &n->findings[i]);
}

static void get_inventory_disk(struct nacre_get *g, struct nacre_inventory_disk *d, struct nacre_image *image)
{
	/* Only what the report says of it: the source's format and path are not the far end's to know. */
	static const struct nacre_image_ops remote = {.name = "remote"};

	*image = (struct nacre_image){.ops = &remote, .fd = -1, .direct = -1};
	d->image = image;
	image->size = nacre_get_number(g, 8);
	image->sector = (uint32_t)nacre_get_number(g, 4);
	g->bad |= !image->size || image->size > INT64_MAX;
	nacre_get_text(g, d->name, sizeof(d->name));
	get_members(g, table_members, &d->table);
	g->bad |= (unsigned)d->table.kind > NACRE_TABLE_GPT || (unsigned)d->table.boot > NACRE_BOOT_UNKNOWN;
}

static void get_inventory(struct nacre_get *g, struct nacre_inventory *n, struct nacre_image images[NACRE_DISKS_MAX])
{
	memset(n, 0, sizeof(*n));
	n->disk_count = get_count(g, NACRE_DISKS_MAX);
	g->bad |= !n->disk_count;
	for (int i = 0; i < n->disk_count; i++)
		get_inventory_disk(g, &n->disks[i], &images[i]);
	get_members(g, inventory_members, n);
	n->place_count = get_count(g, NACRE_PARTITIONS_MAX);
	for (int i = 0; i < n->place_count; i++) {
		get_members(g, partition_members, &n->places[i].partition);
		get_members(g, info_members, &n->places[i].info);
		get_members(g, place_members, &n->places[i]);
		g->bad |= n->places[i].disk < 0 || n->places[i].disk >= n->disk_count;
		g->bad |= n->places[i].partition.start > INT64_MAX || n->places[i].partition.length > INT64_MAX;
	}
	g->bad |= n->root < -1 || n->root >= n->place_count;
	n->kernel_count = get_count(g, NACRE_KERNELS_MAX);
	for (int i = 0; i < n->kernel_count; i++)
		get_members(g, kernel_members, &n->kernels[i]);
	n->nic_count = get_count(g, NACRE_NICS_MAX);
	for (int i = 0; i < n->nic_count; i++)
		get_members(g, nic_members, &n->nics[i]);
	n->finding_count = get_count(g, NACRE_FINDINGS_MAX);
	for (int i = 0; i < n->finding_count; i++) {
		get_members(g, finding_members, &n->findings[i]);
		g->bad |= (unsigned)n->findings[i].severity > NACRE_OBSTACLE;
	}
}

void nacre_put_define(struct nacre_put *p, const struct nacre_sink_define *d)
{
	const struct nacre_definition *definition = &d->definition;

	put_members(p, definition_members, definition);
	nacre_put_number(p, (uint64_t)definition->disk_count, 4);
	for (int i = 0; i < definition->disk_count; i++)
		put_members(p, definition_disk_members, &definition->disks[i]);
	nacre_put_number(p, (uint64_t)definition->nic_count, 4);
	for (int i = 0; i < definition->nic_count; i++) {
		nacre_put_text(p, definition->nics[i].mac);
		nacre_put_text(p, definition->nics[i].name);
	}
	put_members(p, define_members, d);
	nacre_put_number(p, (uint64_t)d->note_count, 4);
	for (int i = 0; i < d->note_count; i++)
		put_members(p, note_members, &d->notes[i]);
	put_inventory(p, d->inventory);
}

void nacre_get_define(struct nacre_get *g, struct nacre_sink_define *d, struct nacre_inventory *inventory,
		      struct nacre_image images[NACRE_DISKS_MAX])
{
	struct nacre_definition *definition = &d->definition;

	memset(d, 0, sizeof(*d));
	get_members(g, definition_members, definition);
	definition->disk_count = get_count(g, NACRE_DEFINITION_DISKS);
	for (int i = 0; i < definition->disk_count; i++)
		get_members(g, definition_disk_members, &definition->disks[i]);
	definition->nic_count = get_count(g, NACRE_DEFINITION_NICS);
	for (int i = 0; i < definition->nic_count; i++) {
		nacre_get_text(g, definition->nics[i].mac, sizeof(definition->nics[i].mac));
		nacre_get_text(g, definition->nics[i].name, sizeof(definition->nics[i].name));
	}
	get_members(g, define_members, d);
	g->bad |= d->read > INT64_MAX || d->sent > INT64_MAX;
	d->note_count = get_count(g, NACRE_SINK_NOTES);
	for (int i = 0; i < d->note_count; i++)
		get_members(g, note_members, &d->notes[i]);
	get_inventory(g, inventory, images);
	for (int i = 0; i < inventory->disk_count; i++)
		images[i].path = d->source;
	d->inventory = inventory;
}

void nacre_put_boot(struct nacre_put *p, const struct nacre_boot_result *b)
{
	put_members(p, boot_members, b);
	nacre_put_number(p, b->accelerator && !strcmp(b->accelerator, "kvm"), 1);
	nacre_put_number(p, b->again, 1);
	nacre_put_text(p, b->emulated ? b->emulated : "");
}

void nacre_get_boot(struct nacre_get *g, struct nacre_boot_result *b)
{
	static char emulated[256]; /* such results hold words that stay, and there is one check */

	memset(b, 0, sizeof(*b));
	get_members(g, boot_members, b);
	g->bad |= (unsigned)b->stage > NACRE_STAGE_LOGIN;
	b->accelerator = nacre_get_number(g, 1) ? "kvm" : "tcg";
	b->again = nacre_get_number(g, 1) != 0;
	nacre_get_text(g, emulated, sizeof(emulated));
	b->emulated = *emulated ? emulated : NULL;
}

void nacre_put_error(struct nacre_put *p, const struct nacre_error *error)
{
	put_members(p, error_members, error);
}

void nacre_get_error(struct nacre_get *g, struct nacre_error *error)
{
	get_members(g, error_members, error);
	if (error->code <= NACRE_OK || error->code > NACRE_E_VIOLATION)
		error->code = NACRE_E_FAILED;
	g->bad |= error->sys < 0 || error->sys > 4095;
}

void nacre_put_extent(uint8_t *to, const struct nacre_extent *x)
{
	nacre_put_le64(to, x->start);
	nacre_put_le64(to + 8, x->length);
	nacre_put_le32(to + 16, x->tag);
}

int nacre_get_map(const uint8_t *data, size_t size, struct nacre_extents *map)
{
	if (size % NACRE_EXTENT_BYTES)
		return -1;
	for (; size; data += NACRE_EXTENT_BYTES, size -= NACRE_EXTENT_BYTES) {
		uint64_t start = nacre_le64(data), length = nacre_le64(data + 8);
		uint32_t tag = nacre_le32(data + 16);
		const struct nacre_extent *last = map->count ? &map->list[map->count - 1] : NULL;

		/* In order: so adding them is quick, whatever they are. */
		if (!length || length > INT64_MAX || start > INT64_MAX || tag >= NACRE_USES ||
		    map->count >= NACRE_MAP_MOST || (last && start < last->start + last->length) ||
		    nacre_extents_add(map, start, length, tag))
			return -1;
	}
	return 0;
}
