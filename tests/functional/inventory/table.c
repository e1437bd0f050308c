/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - for table.sh: print the partition table of a disk as JSON, fit it, or grow its last partition
 *
 *	table DISK [fit | grow]
 */
#include "disk/table.h"

#include "base/extents.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int fail(const struct nacre_error *e)
{
	fprintf(stderr, "%s: %s\n", e->where, e->msg);
	return e->code;
}

static void print_partition(struct json *j, const struct nacre_partition *p)
{
	char hex[4];

	snprintf(hex, sizeof(hex), "%x", p->mbr_type);
	json_begin(j, NULL, '{');
	json_number(j, "number", p->number);
	json_number(j, "start", (int64_t)(p->start / 512));
	json_number(j, "size", (int64_t)(p->length / 512));
	json_text(j, "mbr_type", hex);
	json_text(j, "type", p->type);
	json_text(j, "guid", p->guid);
	json_text(j, "name", p->name);
	json_bool(j, "active", p->active);
	json_bool(j, "esp", p->esp);
	json_bool(j, "extended", p->extended);
	json_bool(j, "bios_boot", p->bios_boot);
	json_end(j, '}');
}

static int print(struct nacre_image *image, const struct nacre_table *t, struct nacre_error *e)
{
	static const char *const kinds[] = {"none", "mbr", "gpt"};
	struct json j = {.to = stdout};
	struct nacre_extents used = {.count = 0};

	if (nacre_table_extents(image, t, &used, 7, e))
		return -1;
	json_begin(&j, NULL, '{');
	json_text(&j, "kind", kinds[t->kind]);
	json_text(&j, "boot", nacre_boot_record_name(t->boot));
	json_text(&j, "id", t->id);
	json_bool(&j, "hybrid", t->hybrid);
	json_bool(&j, "used_backup", t->used_backup);
	json_bool(&j, "backup_misplaced", t->backup_misplaced);
	json_number(&j, "first", (int64_t)(t->first / 512));
	json_number(&j, "last", (int64_t)(t->last / 512));
	json_number(&j, "embedded", (int64_t)t->embedded);
	json_begin(&j, "partitions", '[');
	for (int i = 0; i < t->count; i++)
		print_partition(&j, &t->list[i]);
	json_end(&j, ']');
	json_begin(&j, "used", '[');
	for (size_t i = 0; i < used.count; i++) {
		json_number(&j, NULL, (int64_t)(used.list[i].start / 512));
		json_number(&j, NULL, (int64_t)(used.list[i].length / 512));
	}
	json_end(&j, ']');
	json_begin(&j, "warnings", '[');
	for (int i = 0; i < t->warning_count; i++)
		json_text(&j, NULL, t->warnings[i]);
	json_end(&j, ']');
	json_end(&j, '}');
	nacre_extents_free(&used);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct nacre_partition grown;
	struct nacre_table table;
	struct nacre_error e;
	struct nacre_image *image = argc > 1 ? nacre_image_open(argv[1], "raw", *verb, &e) : NULL;
	int result;

	if (!image)
		return argc > 1 ? fail(&e) : 2;
	if (!strcmp(verb, "fit")) {
		result = nacre_table_fit(image, &e);
	} else if (!strcmp(verb, "grow")) {
		result = nacre_table_grow_last(image, &grown, &e);
		if (!result)
			printf("%d %" PRIu64 "\n", grown.number, grown.length / 512);
	} else {
		result = nacre_table_read(image, &table, &e) || print(image, &table, &e);
	}
	if (!result && *verb)
		result = nacre_image_finish(image, &e);
	nacre_image_close(image);
	return result ? fail(&e) : 0;
}
