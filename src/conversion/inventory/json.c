/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c - an inventory as JSON; sizes and offsets are bytes, what is not known is left out */
#include "conversion/inventory/print.h"

#include <string.h>

static void text(struct json *j, const char *key, const char *value)
{
	if (*value)
		json_text(j, key, value);
}

static void json_table(struct json *j, const struct nacre_table *t)
{
	static const char *const kinds[] = {"none", "mbr", "gpt"};

	json_begin(j, "table", '{');
	json_text(j, "kind", kinds[t->kind]);
	text(j, "id", t->id);
	json_text(j, "boot_record", nacre_boot_record_name(t->boot));
	json_bool(j, "hybrid", t->hybrid);
	json_bool(j, "used_backup", t->used_backup);
	json_bool(j, "backup_misplaced", t->backup_misplaced);
	json_number(j, "embedded", (int64_t)t->embedded);
	json_end(j, '}');
}

static void json_disk(struct json *j, const struct nacre_inventory_disk *d)
{
	json_begin(j, NULL, '{');
	json_text(j, "disk", d->image->path);
	text(j, "name", d->name);
	json_text(j, "format", d->image->ops->name);
	json_number(j, "size", (int64_t)d->image->size);
	json_number(j, "sector", d->image->sector);
	json_table(j, &d->table);
	json_end(j, '}');
}

/* Where its directories are mounted. */
static void json_mounts(struct json *j, const struct nacre_inventory *n, const struct nacre_place *p)
{
	json_begin(j, "mounts", '[');
	for (int i = 0; i < n->mount_count; i++) {
		if (&n->places[n->mounts[i].place] != p)
			continue;
		json_begin(j, NULL, '{');
		json_text(j, "path", n->mounts[i].path);
		json_text(j, "subvolume", n->mounts[i].below);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void json_place(struct json *j, const struct nacre_inventory *n, const struct nacre_place *p)
{
	char type[8];

	json_begin(j, NULL, '{');
	json_number(j, "disk", p->disk);
	json_number(j, "number", p->partition.number);
	json_number(j, "start", (int64_t)p->partition.start);
	json_number(j, "length", (int64_t)p->partition.length);
	snprintf(type, sizeof(type), "0x%02x", p->partition.mbr_type);
	text(j, "partition_type", *p->partition.type ? p->partition.type : p->partition.mbr_type ? type : "");
	text(j, "partuuid", p->partition.guid);
	text(j, "partlabel", p->partition.name);
	json_bool(j, "active", p->partition.active);
	json_bool(j, "esp", p->partition.esp);
	json_bool(j, "bios_boot", p->partition.bios_boot);
	text(j, "type", p->type);
	text(j, "driver", p->driver);
	text(j, "uuid", p->info.uuid);
	text(j, "label", p->info.label);
	if (p->info.size) {
		json_number(j, "size", (int64_t)p->info.size);
		json_number(j, "free", (int64_t)p->info.free);
		json_number(j, "block", p->info.block);
		json_bool(j, "dirty", p->info.state & NACRE_FS_DIRTY);
		json_bool(j, "errors", p->info.state & NACRE_FS_ERRORS);
		json_bool(j, "hibernated", p->info.state & NACRE_FS_HIBERNATED);
	}
	json_bool(j, "root", n->root >= 0 && p == &n->places[n->root]);
	text(j, "mount", p->mount);
	text(j, "subvolume", p->subvolume);
	if (!strcmp(p->type, "btrfs"))
		json_mounts(j, n, p);
	text(j, "problem", p->problem);
	json_end(j, '}');
}

static void json_system(struct json *j, const struct nacre_inventory *n)
{
	if (n->root < 0)
		return;
	json_begin(j, "system", '{');
	text(j, "id", n->os_id);
	text(j, "version", n->os_version);
	text(j, "name", n->os_name);
	text(j, "family", n->family);
	text(j, "architecture", n->architecture);
	text(j, "hostname", n->hostname);
	json_bool(j, "selinux", n->selinux);
	text(j, "initramfs_tool", n->initramfs_tool);
	json_begin(j, "kernels", '[');
	for (int i = 0; i < n->kernel_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "version", n->kernels[i].version);
		text(j, "image", n->kernels[i].image);
		text(j, "initramfs", n->kernels[i].initramfs);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_end(j, '}');
}

static void json_nics(struct json *j, const struct nacre_inventory *n)
{
	json_begin(j, "nics", '[');
	for (int i = 0; i < n->nic_count; i++) {
		json_begin(j, NULL, '{');
		text(j, "name", n->nics[i].name);
		text(j, "mac", n->nics[i].mac);
		text(j, "driver", n->nics[i].driver);
		text(j, "address", n->nics[i].address);
		text(j, "config", n->nics[i].config);
		json_end(j, '}');
	}
	json_end(j, ']');
}

void nacre_inventory_json(const struct nacre_inventory *inventory, struct json *j, const char *key)
{
	json_begin(j, key, '{');
	json_begin(j, "disks", '[');
	for (int i = 0; i < inventory->disk_count; i++)
		json_disk(j, &inventory->disks[i]);
	json_end(j, ']');
	json_text(j, "firmware", inventory->uefi ? "uefi" : "bios");
	if (inventory->memory_mb) {
		json_number(j, "cpus", inventory->cpus);
		json_number(j, "memory_mb", inventory->memory_mb);
	}
	json_begin(j, "volumes", '[');
	for (int i = 0; i < inventory->place_count; i++)
		json_place(j, inventory, &inventory->places[i]);
	json_end(j, ']');
	json_system(j, inventory);
	json_nics(j, inventory);
	json_begin(j, "findings", '[');
	for (int i = 0; i < inventory->finding_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "severity", nacre_severity_name(inventory->findings[i].severity));
		json_text(j, "what", inventory->findings[i].what);
		json_text(j, "why", inventory->findings[i].why);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_end(j, '}');
}
