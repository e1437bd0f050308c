/* SPDX-License-Identifier: BSD-2-Clause */
/* print.c - an inventory as text with aligned columns */
#include "conversion/inventory/print.h"

#include <inttypes.h>
#include <string.h>

enum { LEFT = 12, WIDTH_MIN = 60 };

const char *nacre_severity_name(enum nacre_severity severity)
{
	switch (severity) {
	case NACRE_OBSTACLE:
		return "obstacle";
	case NACRE_WARNING:
		return "warning";
	case NACRE_NOTE:
		break;
	}
	return "note";
}

const char *nacre_size_text(char *to, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	int unit = 0;
	uint64_t tenths = bytes;

	if (bytes < 1024) {
		snprintf(to, size, "%" PRIu64 " B", bytes);
		return to;
	}
	/* Tenths, rounded, without floating point: 10 * bytes may not fit. */
	while (tenths >= 1024 * 1024) {
		tenths /= 1024;
		unit++;
	}
	tenths = (tenths * 10 + 512) / 1024;
	unit++;
	snprintf(to, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
	return to;
}

static const char *boot_words(enum nacre_boot_record boot)
{
	switch (boot) {
	case NACRE_BOOT_NONE:
		return "no boot code";
	case NACRE_BOOT_GRUB:
		return "GRUB 2";
	case NACRE_BOOT_GRUB_LEGACY:
		return "GRUB legacy";
	case NACRE_BOOT_WINDOWS:
		return "Windows boot code";
	case NACRE_BOOT_SYSLINUX:
		return "syslinux";
	case NACRE_BOOT_LILO:
		return "LILO";
	case NACRE_BOOT_UNKNOWN:
		break;
	}
	return "unknown boot code";
}

static void field(FILE *to, const char *name, const char *value)
{
	if (*value)
		fprintf(to, "  %-*s%s\n", LEFT, name, value);
}

static void print_disk(const struct nacre_inventory *n, int which, FILE *to)
{
	const struct nacre_inventory_disk *d = &n->disks[which];
	const struct nacre_table *t = &d->table;
	char size[24], embedded[24], title[16] = "Disk";

	if (n->disk_count > 1)
		snprintf(title, sizeof(title), "Disk %d", which);
	fprintf(to, "%s\n", d->image->path);
	fprintf(to, "  %-*s%s, %s, ", LEFT, title, nacre_size_text(size, sizeof(size), d->image->size),
		d->image->ops->name);
	switch (t->kind) {
	case NACRE_TABLE_NONE:
		fputs("no partition table\n", to);
		break;
	case NACRE_TABLE_MBR:
		fprintf(to, "MBR%s%s\n", *t->id ? " " : "", t->id);
		break;
	case NACRE_TABLE_GPT:
		fprintf(to, "%s %s\n", t->hybrid ? "GPT with a hybrid MBR" : "GPT", t->id);
		break;
	}
	if (which)
		return;
	fprintf(to, "  %-*s%s, %s", LEFT, "Firmware", n->uefi ? "UEFI" : "BIOS", boot_words(t->boot));
	if (t->embedded)
		fprintf(to, " and %s behind the table", nacre_size_text(embedded, sizeof(embedded), t->embedded));
	fputc('\n', to);
}

static void print_system(const struct nacre_inventory *n, FILE *to)
{
	char text[192];

	if (n->root < 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s", *n->os_name ? n->os_name : "unknown", *n->architecture ? ", " : "",
		 n->architecture);
	field(to, "System", text);
	field(to, "Host name", n->hostname);
	snprintf(text, sizeof(text), "%s%s", n->initramfs_tool, n->selinux ? ", SELinux is on" : "");
	field(to, "Initramfs", text + (*text == ',' ? 2 : 0));
	if (n->memory_mb)
		fprintf(to, "  %-*s%u CPUs, %u MiB of memory\n", LEFT, "Computer", n->cpus, n->memory_mb);
	for (int i = 0; i < n->kernel_count; i++) {
		const struct nacre_kernel *k = &n->kernels[i];

		fprintf(to, "  %-*s%s", LEFT, i ? "" : n->kernel_count > 1 ? "Kernels" : "Kernel", k->version);
		fprintf(to, "  %s%s%s\n", *k->image ? k->image : "without an image", *k->initramfs ? "  " : "",
			k->initramfs);
	}
}

/* struct table - cells as text, each column as wide as its widest; right[]: numbers */
struct table {
	char cells[NACRE_PARTITIONS_MAX + 1][7][80];
	bool right[7];
	int rows, columns;
};

/* Columns that a terminal uses for UTF-8: one for each character, which is near enough. */
static int columns_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void print_table(const struct table *t, FILE *to)
{
	int width[7] = {0};

	for (int r = 0; r < t->rows; r++)
		for (int c = 0; c < t->columns; c++)
			if (columns_of(t->cells[r][c]) > width[c])
				width[c] = columns_of(t->cells[r][c]);
	for (int r = 0; r < t->rows; r++) {
		int pending = 2;

		for (int c = 0; c < t->columns; c++) {
			int fill = width[c] - columns_of(t->cells[r][c]);

			if (!width[c])
				continue;
			if (t->right[c])
				pending += fill;
			if (*t->cells[r][c]) {
				fprintf(to, "%*s%s", pending, "", t->cells[r][c]);
				pending = 0;
			}
			pending += (t->right[c] ? 0 : *t->cells[r][c] ? fill : width[c]) + 2;
		}
		fputc('\n', to);
	}
}

#define CELL(t, column, ...) snprintf((t)->cells[(t)->rows][column], sizeof((t)->cells[0][0]), __VA_ARGS__)

static void print_places(const struct nacre_inventory *n, FILE *to)
{
	static struct table t;
	char size[24];

	if (!n->place_count)
		return;
	memset(&t, 0, sizeof(t));
	t.columns = 7;
	t.right[0] = t.right[1] = t.right[2] = t.right[4] = true;
	CELL(&t, 0, "Nr");
	CELL(&t, 1, "Start");
	CELL(&t, 2, "Size");
	CELL(&t, 3, "Type");
	CELL(&t, 4, "Used");
	CELL(&t, 5, "Label");
	CELL(&t, 6, "Mounted at");
	t.rows = 1;
	for (int i = 0; i < n->place_count; i++) {
		const struct nacre_place *p = &n->places[i];

		if (n->disk_count > 1 && p->partition.number)
			CELL(&t, 0, "%d:%d", p->disk, p->partition.number);
		else if (n->disk_count > 1)
			CELL(&t, 0, "%d", p->disk);
		else if (p->partition.number)
			CELL(&t, 0, "%d", p->partition.number);
		else
			CELL(&t, 0, "-");
		CELL(&t, 1, "%s", nacre_size_text(size, sizeof(size), p->partition.start));
		CELL(&t, 2, "%s", nacre_size_text(size, sizeof(size), p->partition.length));
		CELL(&t, 3, "%s", *p->type ? p->type : p->partition.bios_boot ? "BIOS boot" : "?");
		if (p->volume && p->info.free <= p->info.size)
			CELL(&t, 4, "%s", nacre_size_text(size, sizeof(size), p->info.size - p->info.free));
		CELL(&t, 5, "%.79s", *p->info.label ? p->info.label : p->partition.name);
		CELL(&t, 6, "%s%s", p->mount, p->volume || !*p->type ? "" : *p->mount ? " (not read)" : "(not read)");
		t.rows++;
	}
	fputs("\nVolumes\n", to);
	print_table(&t, to);
}

static void print_nics(const struct nacre_inventory *n, FILE *to)
{
	static struct table t;

	if (!n->nic_count)
		return;
	memset(&t, 0, sizeof(t));
	t.columns = 5;
	for (int i = 0; i < n->nic_count; i++) {
		const struct nacre_nic *nic = &n->nics[i];

		CELL(&t, 0, "%s", *nic->name ? nic->name : "?");
		CELL(&t, 1, "%s", nic->mac);
		CELL(&t, 2, "%s", nic->driver);
		CELL(&t, 3, "%s", nic->address);
		CELL(&t, 4, "%.79s", nic->config);
		t.rows++;
	}
	fputs("\nNetwork cards\n", to);
	print_table(&t, to);
}

/* @text in lines of at most @width columns, behind @indent ones. */
static void wrap(FILE *to, const char *text, int indent, int width)
{
	int column = indent;

	for (const char *s = text; *s;) {
		size_t n = strcspn(s, " ");
		int columns = 0;

		for (size_t i = 0; i < n; i++)
			columns += (s[i] & 0xc0) != 0x80;
		if (column > indent && column + 1 + columns > width) {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', to);
			column++;
		}
		fwrite(s, 1, n, to);
		column += columns;
		s += n + strspn(s + n, " ");
	}
	fputc('\n', to);
}

static void print_findings(const struct nacre_inventory *n, FILE *to, int width)
{
	static const enum nacre_severity order[] = {NACRE_OBSTACLE, NACRE_WARNING, NACRE_NOTE};
	char text[sizeof(n->findings[0].what) + sizeof(n->findings[0].why) + 2];

	fputs(n->finding_count ? "\nFindings\n" : "\nNothing was found that would not work in a virtual machine.\n", to);
	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
		for (int i = 0; i < n->finding_count; i++) {
			const struct nacre_finding *f = &n->findings[i];

			if (f->severity != order[o])
				continue;
			fprintf(to, "  %-*s", LEFT - 2, nacre_severity_name(f->severity));
			snprintf(text, sizeof(text), "%s: %s", f->what, f->why);
			wrap(to, text, LEFT, width);
		}
	}
}

void nacre_inventory_text(const struct nacre_inventory *inventory, FILE *to, int width)
{
	for (int i = 0; i < inventory->disk_count; i++)
		print_disk(inventory, i, to);
	print_system(inventory, to);
	print_places(inventory, to);
	print_nics(inventory, to);
	print_findings(inventory, to, width < WIDTH_MIN ? WIDTH_MIN : width);
}
