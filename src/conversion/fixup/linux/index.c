/* SPDX-License-Identifier: BSD-2-Clause */
/* index.c - depmod's index of modules, written anew */
#include "conversion/fixup/linux/index.h"

#include <string.h>

/* Flags in an offset of the trie. */
enum { PREFIX = 1u << 31, VALUES = 1u << 30, CHILDREN = 1u << 29 };
enum { MAGIC = 0xb007f457, VERSION = 0x00020001, NAME = sizeof(((struct nacre_module *)0)->name) };

static const struct nacre_module *of_path(const struct nacre_modules *m, struct nacre_span path)
{
	size_t low = 0, high = m->count;
	const char *slash = memrchr(path.at, '/', path.size);
	struct nacre_span base = slash ? (struct nacre_span){slash + 1, path.at + path.size - slash - 1} : path;
	const char *dot = memmem(base.at, base.size, ".ko", 3);
	char name[NAME];

	if (!dot || !nacre_span_copy((struct nacre_span){base.at, dot - base.at}, name, sizeof(name)))
		return NULL;
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(m->list[middle].name, name);

		if (!order)
			return &m->list[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void add_path(const struct nacre_modules *m, struct nacre_span path, bool strip, struct nacre_text *out)
{
	const struct nacre_module *module = strip ? of_path(m, path) : NULL;

	if (strip && !(module && module->chosen))
		path.size -= strlen(nacre_module_suffix(path));
	nacre_text_add(out, path.at, path.size);
}

/* "path: needed needed" */
static void add_line(const struct nacre_modules *m, const struct nacre_module *module, bool strip,
		     struct nacre_text *out)
{
	struct nacre_span needs = module->needs, word;

	add_path(m, module->path, strip, out);
	nacre_text_puts(out, ":");
	while (nacre_word_next(&needs, " \t\r\n", &word)) {
		nacre_text_puts(out, " ");
		add_path(m, word, strip, out);
	}
}

void nacre_index_text(const struct nacre_modules *m, bool strip, struct nacre_text *out)
{
	for (size_t i = 0; i < m->count; i++) {
		add_line(m, &m->list[i], strip, out);
		nacre_text_puts(out, "\n");
	}
}

static void be32(uint32_t value, char to[4])
{
	to[0] = value >> 24;
	to[1] = value >> 16;
	to[2] = value >> 8;
	to[3] = value;
}

static void add32(uint32_t value, struct nacre_text *out)
{
	char word[4];

	be32(value, word);
	nacre_text_add(out, word, 4);
}

/*
 * Modules [from, to), which agree in their first @depth letters: one node of the trie, behind those below
 * it. Names have less than 64 letters, so it goes no deeper. Return: its offset and flags.
 */
static uint32_t add_node(const struct nacre_modules *m, size_t from, size_t to, size_t depth, bool strip,
			 struct nacre_text *out)
{
	const char *first = m->list[from].name, *last = m->list[to - 1].name;
	uint32_t children[128] = {0}, offset;
	size_t prefix = 0, values = from;
	unsigned char low, high;

	while (first[depth + prefix] && first[depth + prefix] == last[depth + prefix])
		prefix++;
	while (values < to && !m->list[values].name[depth + prefix])
		values++;
	for (size_t i = values; i < to;) {
		unsigned char c = m->list[i].name[depth + prefix];
		size_t end = i;

		while (end < to && (unsigned char)m->list[end].name[depth + prefix] == c)
			end++;
		if (c < 128)
			children[c] = add_node(m, i, end, depth + prefix + 1, strip, out);
		i = end;
	}
	offset = out->size;
	if (prefix) {
		nacre_text_add(out, first + depth, prefix);
		nacre_text_zeroes(out, 1);
		offset |= PREFIX;
	}
	if (values < to) {
		low = m->list[values].name[depth + prefix];
		high = last[depth + prefix];
		nacre_text_add(out, &low, 1);
		nacre_text_add(out, &high, 1);
		for (unsigned c = low; c <= high && c < 128; c++)
			add32(children[c], out);
		offset |= CHILDREN;
	}
	if (values > from) {
		add32(values - from, out);
		for (size_t i = from; i < values; i++) {
			add32(i, out);
			add_line(m, &m->list[i], strip, out);
			nacre_text_zeroes(out, 1);
		}
		offset |= VALUES;
	}
	return offset;
}

void nacre_index_binary(const struct nacre_modules *m, bool strip, struct nacre_text *out)
{
	size_t start = out->size;
	uint32_t root;

	add32(MAGIC, out);
	add32(VERSION, out);
	add32(0, out);
	root = m->count ? add_node(m, 0, m->count, 0, strip, out) : 0;
	if (!out->failed)
		be32(root, out->data + start + 8);
}

bool nacre_unpacks_debian(struct nacre_span mkinitramfs, const char *suffix)
{
	const char *how = !strcmp(suffix, ".zst") ? "zstd -" : !strcmp(suffix, ".xz") ? "xz -d" : "gzip -d";

	return nacre_span_find(mkinitramfs, ".ko.") && nacre_span_find(mkinitramfs, how);
}

bool nacre_unpacks_arch(struct nacre_span config)
{
	static const char name[] = "MODULES_DECOMPRESS=";
	struct nacre_span line;
	bool unpacks = true; /* as mkinitcpio did before it had a choice */

	while (nacre_line_next(&config, &line)) {
		const char *at = nacre_span_find(line, name);
		bool set = nacre_span_starts(nacre_span_trim(line), name);

		if (!at)
			continue;
		/* the comment shows the default; a line that sets it comes behind */
		at += sizeof(name) - 1;
		at += at < line.at + line.size && (*at == '"' || *at == '\'');
		unpacks = line.at + line.size - at >= 3 && !memcmp(at, "yes", 3);
		if (set)
			break;
	}
	return unpacks;
}
