/* SPDX-License-Identifier: BSD-2-Clause */
/* report_diff.c - two versions of a text, line by line
 *
 * What is common at both ends is taken off first; the longest common subsequence of the rest (Hunt and
 * McIlroy's problem, by the plain table) tells which lines stayed. Where the table would be too large
 * the rest is shown as gone and come: true as well, if longer.
 */
#include "conversion/report_parts.h"

#include "base/auto.h"

#include <string.h>

enum { LINES_MAX = 20000, TABLE_MAX = 4 << 20, AROUND = 3, SHOWN_MAX = 600 };

/** struct text - lines as pieces of one string, without their newlines */
struct text {
	struct piece {
		const char *at;
		size_t size;
	} *lines;
	size_t count;
};

static bool cut(const char *from, struct text *t)
{
	size_t n = 1;

	for (const char *p = from; *p; p++)
		n += *p == '\n';
	t->count = 0;
	t->lines = n > LINES_MAX ? NULL : malloc(n * sizeof(*t->lines));
	while (t->lines && *from) {
		size_t size = strcspn(from, "\n");

		t->lines[t->count++] = (struct piece){from, size};
		from += size + (from[size] == '\n');
	}
	return t->lines;
}

static bool same(const struct piece *a, const struct piece *b)
{
	return a->size == b->size && !memcmp(a->at, b->at, a->size);
}

/** struct diff - the lines on their way out: '-', '+', ' ' */
struct diff {
	FILE *to;
	const struct piece *held[AROUND]; /* context that waits for a change behind it */
	size_t holding, after, shown;     /* @after: context lines still due after a change */
	bool skipped, any;
};

static void put_line(struct diff *d, char mark, const struct piece *line)
{
	char text[512];
	size_t n = line->size < sizeof(text) ? line->size : sizeof(text) - 1;

	if (d->shown++ >= SHOWN_MAX)
		return;
	memcpy(text, line->at, n);
	text[n] = 0;
	nacre_html(d->to, "<span class=\"%S\">%S %s%S</span>", mark == '-' ? "gone" : mark == '+' ? "come" : "same",
		   mark == '-' ? "&minus;" : mark == '+' ? "+" : " ", text, n < line->size ? "&hellip;" : "");
}

static void emit(struct diff *d, char mark, const struct piece *line)
{
	if (mark == ' ') {
		if (d->after) {
			d->after--;
			put_line(d, ' ', line);
			return;
		}
		if (d->holding == AROUND) {
			memmove(d->held, d->held + 1, (AROUND - 1) * sizeof(d->held[0]));
			d->holding--;
			d->skipped = true;
		}
		d->held[d->holding++] = line;
		return;
	}
	if (d->skipped)
		nacre_html(d->to, "<span class=\"hunk\">&#8943;</span>");
	for (size_t i = 0; i < d->holding; i++)
		put_line(d, ' ', d->held[i]);
	d->holding = 0;
	d->skipped = false;
	d->after = AROUND;
	put_line(d, mark, line);
}

/* Lines [from, a_end) against [from, b_end): what went, what came, what stayed. */
static void put_middle(struct diff *d, const struct text *a, const struct text *b, size_t from, size_t a_end,
		       size_t b_end)
{
	size_t rows = a_end - from, columns = b_end - from, i = 0, j = 0, width = columns + 1;
	NACRE_AUTO_FREE uint16_t *table = NULL;

	if ((rows + 1) <= TABLE_MAX / width)
		table = calloc((rows + 1) * width, sizeof(*table));
	for (size_t row = rows; table && row-- > 0;)
		for (size_t column = columns; column-- > 0;) {
			uint16_t down = table[(row + 1) * width + column], right = table[row * width + column + 1];

			table[row * width + column] =
				same(&a->lines[from + row], &b->lines[from + column])
					? (uint16_t)(table[(row + 1) * width + column + 1] + 1)
				: down > right ? down
					       : right;
		}
	while (i < rows || j < columns) {
		if (table && i < rows && j < columns && same(&a->lines[from + i], &b->lines[from + j])) {
			emit(d, ' ', &a->lines[from + i++]);
			j++;
		} else if (i < rows && (!table || j == columns ||
					table[(i + 1) * width + j] >= table[i * width + j + 1]))
			emit(d, '-', &a->lines[from + i++]);
		else
			emit(d, '+', &b->lines[from + j++]);
	}
}

void nacre_report_diff(FILE *to, const char *before, const char *after)
{
	struct text a = {0}, b = {0};
	struct diff d = {.to = to};
	size_t from = 0, a_end, b_end;

	if (!cut(before, &a) || !cut(after, &b)) {
		nacre_html(to, "<p class=\"note\">It has too many lines to be shown here.</p>");
	} else {
		nacre_html(to, "<pre class=\"diff\">");
		while (from < a.count && from < b.count && same(&a.lines[from], &b.lines[from]))
			emit(&d, ' ', &a.lines[from++]);
		a_end = a.count;
		b_end = b.count;
		while (a_end > from && b_end > from && same(&a.lines[a_end - 1], &b.lines[b_end - 1])) {
			a_end--;
			b_end--;
		}
		put_middle(&d, &a, &b, from, a_end, b_end);
		while (a_end < a.count && d.after)
			emit(&d, ' ', &a.lines[a_end++]);
		if (d.shown > SHOWN_MAX)
			nacre_html(to, "<span class=\"hunk\">and %u lines more</span>", (unsigned)(d.shown - SHOWN_MAX));
		nacre_html(to, "</pre>");
	}
	free(a.lines);
	free(b.lines);
}
