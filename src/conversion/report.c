/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c - what a conversion did, as one page for a person; see report.h */
#include "conversion/report_parts.h"

#include "base/auto.h"
#include "conversion/inventory/print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PICTURE_MAX = 16 << 20, LINES_BACK = 25 };

static void put_head(FILE *to, const struct nacre_report *r)
{
	const struct nacre_definition *d = r->definition;

	nacre_html(to, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		       "style-src 'unsafe-inline'; img-src data:\">"
		       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		       "<title>%s: report of its conversion</title>\n<style>%S</style></head>\n<body><main>",
		   d->name, nacre_report_style);
	nacre_html(to, "<header><div><h1>%s</h1><p>", d->name);
	if (d->os_name[0])
		nacre_html(to, "%s, ", d->os_name);
	nacre_html(to, "converted from <bdi>%s</bdi>", r->source);
	if (r->when)
		nacre_html(to, ", %s", r->when);
	nacre_html(to, "</p></div>");
	if (!r->boot)
		nacre_html(to, "<span class=\"verdict\">not checked whether it boots</span>");
	else if (r->boot->up)
		nacre_html(to, "<span class=\"verdict yes\">&#10003; boots in %d s</span>", (int)(r->boot->seconds + 0.5));
	else
		nacre_html(to, "<span class=\"verdict no\">&#10007; does not boot</span>");
	nacre_html(to, "</header>\n");
}

static void put_figure(FILE *to, const char *value, const char *name)
{
	nacre_html(to, "<li><strong>%s</strong>%s</li>", value, name);
}

static void put_figures(FILE *to, const struct nacre_report *r)
{
	uint64_t all = 0;
	char text[32];

	nacre_html(to, "<ul class=\"figures\">");
	for (int i = 0; i < r->definition->disk_count; i++)
		all += r->definition->disks[i].size;
	put_figure(to, nacre_size_text(text, sizeof(text), all), r->definition->disk_count > 1 ? "disks" : "disk");
	if (r->disk_count) {
		uint64_t copied = 0, left = 0;

		for (size_t i = 0; i < r->disk_count; i++) {
			copied += nacre_extents_total(r->disks[i].map, NACRE_FS_USED);
			for (uint32_t use = NACRE_FS_USED + 1; use < NACRE_USES; use++)
				left += nacre_extents_total(r->disks[i].map, use);
		}
		put_figure(to, nacre_size_text(text, sizeof(text), copied), "copied");
		put_figure(to, nacre_size_text(text, sizeof(text), left), "in use, but left out");
	}
	if (r->step_count) {
		snprintf(text, sizeof(text), "%.1f s", r->steps[r->step_count - 1].end - r->steps[0].start);
		put_figure(to, text, "from start to end");
	}
	snprintf(text, sizeof(text), "%zu", r->change_count);
	put_figure(to, text, r->change_count == 1 ? "file changed" : "files changed");
	nacre_html(to, "</ul>\n");
}

/* The PNG as data; @size at least its signature. */
static uint8_t *read_picture(const char *path, size_t *size, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	NACRE_AUTO_FREE uint8_t *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "the picture cannot be read");
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < 8 || st.st_size > PICTURE_MAX) {
		nacre_error_set(e, NACRE_E_INPUT, 0, path, "is no picture, or larger than 16 MiB");
		return NULL;
	}
	*size = (size_t)st.st_size;
	data = malloc(*size);
	if (!data || read(fd, data, *size) != (ssize_t)*size || memcmp(data, "\x89PNG\r\n\x1a\n", 8)) {
		nacre_error_set(e, NACRE_E_INPUT, 0, path, "is no PNG");
		return NULL;
	}
	return nacre_steal(data);
}

static void put_row(FILE *to, const char *name, const char *value)
{
	if (value && *value)
		nacre_html(to, "<tr><th>%s</th><td>%s</td></tr>", name, value);
}

/* The last lines of @tail. */
static const char *end_of(const char *tail)
{
	const char *from = tail + strlen(tail);

	for (int lines = 0; from > tail; from--)
		if (from[-1] == '\n' && lines++ == LINES_BACK)
			break;
	return from;
}

static int put_boot(FILE *to, const struct nacre_report *r, struct nacre_error *e)
{
	const struct nacre_boot_result *b = r->boot;
	NACRE_AUTO_FREE uint8_t *picture = NULL;
	char seconds[32];
	size_t size = 0;

	if (!b)
		return 0;
	if (r->picture) {
		picture = read_picture(r->picture, &size, e);
		if (!picture)
			return -1;
	}
	snprintf(seconds, sizeof(seconds), "%.1f s", b->seconds);
	nacre_html(to, "<section><h2>Does it boot?</h2><div class=\"boot%S\">", picture ? "" : " plain");
	if (picture) {
		nacre_html(to, "<img alt=\"its screen at the end of the check\" src=\"data:image/png;base64,");
		nacre_html_base64(to, picture, size);
		nacre_html(to, "\">");
	}
	nacre_html(to, "<table>");
	put_row(to, "Result", b->up ? "it comes up" : "it does not come up");
	put_row(to, "Why", b->why);
	put_row(to, "Reached", nacre_boot_stage_name(b->stage));
	put_row(to, b->up ? "Time to get there" : "Time spent", seconds);
	put_row(to, "Run by", b->accelerator && !strcmp(b->accelerator, "kvm") ? "KVM" : "software emulation, several times slower than KVM");
	put_row(to, "Why not by KVM", b->emulated ? b->emulated : "");
	put_row(to, "Tried again", b->again ? "the first time, the emulated timer stood still on this busy computer" : "");
	put_row(to, "Root file system on", b->root_device);
	put_row(to, "Units that failed", b->failed_units);
	nacre_html(to, "</table></div>");
	if (b->tail[0]) {
		nacre_html(to, "<details%S><summary>Its last lines</summary>", b->up ? "" : " open");
		nacre_html(to, "<pre class=\"tail\">%s</pre></details>", end_of(b->tail));
	}
	nacre_html(to, "</section>\n");
	return 0;
}

static void put_findings(FILE *to, const struct nacre_report *r)
{
	if (!r->finding_count)
		return;
	nacre_html(to, "<section><h2>What to know</h2><ul class=\"findings\">");
	for (int severity = NACRE_OBSTACLE; severity >= NACRE_NOTE; severity--)
		for (size_t i = 0; i < r->finding_count; i++) {
			const struct nacre_finding *f = &r->findings[i];

			if ((int)f->severity == severity)
				nacre_html(to, "<li><span class=\"mark s%d\">%s</span><strong>%s</strong><br>%s</li>",
					   severity, nacre_severity_name(f->severity), f->what, f->why);
		}
	nacre_html(to, "</ul></section>\n");
}

static void put_machine(FILE *to, const struct nacre_report *r)
{
	const struct nacre_definition *d = r->definition;
	char text[96];

	nacre_html(to, "<section><h2>The virtual machine</h2><table>");
	for (int i = 0; i < d->disk_count; i++)
		put_row(to, "Disk", d->disks[i].file);
	put_row(to, "Firmware", d->uefi ? "UEFI" : "BIOS");
	snprintf(text, sizeof(text), "%u MiB", d->memory_mb);
	put_row(to, "Memory", text);
	snprintf(text, sizeof(text), "%u", d->cpus);
	put_row(to, "CPUs", text);
	for (int i = 0; i < d->nic_count; i++) {
		snprintf(text, sizeof(text), "%s%s%s", d->nics[i].name, d->nics[i].name[0] ? ", " : "", d->nics[i].mac);
		put_row(to, "Network card", text);
	}
	put_row(to, "UUID", d->uuid);
	nacre_html(to, "</table><p class=\"note\">Run it: <code>nacre boot DIRECTORY</code>, or with libvirt: "
		       "<code>virsh define %s.xml</code></p></section>\n", d->name);
}

static void put_facts(FILE *to, const struct nacre_report *r)
{
	if (!r->fact_count)
		return;
	nacre_html(to, "<section><h2>The source</h2><table>");
	for (size_t i = 0; i < r->fact_count; i++)
		put_row(to, r->facts[i].name, r->facts[i].value);
	nacre_html(to, "</table></section>\n");
}

static void put_timeline(FILE *to, const struct nacre_report *r)
{
	double start, all;

	if (!r->step_count)
		return;
	start = r->steps[0].start;
	all = r->steps[r->step_count - 1].end - start;
	nacre_html(to, "<section><h2>Timeline</h2>");
	for (size_t i = 0; i < r->step_count; i++) {
		const struct nacre_report_step *s = &r->steps[i];

		nacre_html(to, "<div class=\"step\"><span>%s</span><i><b style=\"left:min(%f%%,100%% - 3px);width:%f%%\"></b></i>"
			       "<span>%f&#8239;s</span></div>",
			   s->name, all > 0 ? (s->start - start) / all * 100 : 0,
			   all > 0 ? (s->end - s->start) / all * 100 : 0, s->end - s->start);
	}
	nacre_html(to, "</section>\n");
}

static const char *title_of(const struct nacre_report *r, const char *id)
{
	for (const struct nacre_fix *const *f = r->fixes; f && *f; f++)
		if (!strcmp((*f)->id, id))
			return (*f)->title;
	return id;
}

static const char *fix_of(const struct nacre_change *c)
{
	return c->fix ? c->fix : "other";
}

static void put_change(FILE *to, const struct nacre_change *c)
{
	char before[32], after[32];

	nacre_size_text(before, sizeof(before), c->size_before);
	nacre_size_text(after, sizeof(after), c->size_after);
	nacre_html(to, "<div class=\"change\"><h3><bdi>%s</bdi> <small>%s, ", c->path, c->how);
	if (!strcmp(c->how, "made") || !strcmp(c->how, "linked"))
		nacre_html(to, "%s", after);
	else if (!strcmp(c->how, "removed"))
		nacre_html(to, "%s", before);
	else
		nacre_html(to, "%s &rarr; %s", before, after);
	nacre_html(to, "</small></h3>");
	if (c->before || c->after)
		nacre_report_diff(to, c->before ? c->before : "", c->after ? c->after : "");
	nacre_html(to, "</div>");
}

/* Each fix with its changes, in the order in which the fixes came. */
static void put_fixes(FILE *to, const struct nacre_report *r)
{
	nacre_html(to, "<section><h2>Fixes</h2>");
	if (!r->change_count)
		nacre_html(to, "<p class=\"note\">Nothing on the disk had to be changed.</p>");
	for (size_t i = 0; i < r->change_count; i++) {
		const char *id = fix_of(&r->changes[i]);
		size_t before = 0, count = 0;

		while (before < i && strcmp(fix_of(&r->changes[before]), id))
			before++;
		if (before < i)
			continue;
		for (size_t n = i; n < r->change_count; n++)
			count += !strcmp(fix_of(&r->changes[n]), id);
		nacre_html(to, "<details><summary>%s<small>%u %S</small></summary>", title_of(r, id), (unsigned)count,
			   count == 1 ? "change" : "changes");
		for (size_t n = i; n < r->change_count; n++)
			if (!strcmp(fix_of(&r->changes[n]), id))
				put_change(to, &r->changes[n]);
		nacre_html(to, "</details>");
	}
	nacre_html(to, "</section>\n");
}

static int put_page(FILE *to, const struct nacre_report *r, struct nacre_error *e)
{
	put_head(to, r);
	put_figures(to, r);
	if (put_boot(to, r, e))
		return -1;
	put_findings(to, r);
	for (size_t i = 0; i < r->disk_count; i++)
		nacre_report_map(to, &r->disks[i], (unsigned)i);
	put_timeline(to, r);
	put_fixes(to, r);
	nacre_html(to, "<div class=\"two\">");
	put_machine(to, r);
	put_facts(to, r);
	nacre_html(to, "</div><footer>written by nacre</footer></main></body></html>\n");
	return 0;
}

int nacre_report_write(const struct nacre_report *r, const char *path, struct nacre_error *e)
{
	char fresh[4096];
	FILE *to;
	int fd, failed;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return nacre_error_set(e, NACRE_E_USAGE, 0, path, "the path is too long");
	unlink(fresh); /* of a run that was cut short */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, fresh, "cannot be made");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	failed = put_page(to, r, e);
	if (!failed && (fflush(to) || ferror(to)))
		failed = nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	if (fclose(to) && !failed)
		failed = nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	if (!failed && rename(fresh, path))
		failed = nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
	if (failed)
		unlink(fresh);
	return failed;
}
