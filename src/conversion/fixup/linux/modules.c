/* SPDX-License-Identifier: BSD-2-Clause */
/* modules.c - a kernel's modules, as depmod's files describe them
 *
 * Formats: modules.dep(5), modules.builtin, modprobe.d(5) for "softdep" and "alias".
 */
#include "conversion/fixup/linux/modules.h"

#include <stdlib.h>
#include <string.h>

enum { MODULES_MOST = 1 << 17, DEPTH_MOST = 32 };

static const char *const suffixes[] = {".xz", ".zst", ".gz", NULL};

const char *nacre_module_suffix(struct nacre_span path)
{
	for (int i = 0; suffixes[i]; i++) {
		size_t n = strlen(suffixes[i]);

		if (path.size > n && !memcmp(path.at + path.size - n, suffixes[i], n))
			return suffixes[i];
	}
	return "";
}

/* The module's name from its file's: "kernel/drivers/block/virtio-blk.ko.xz" is virtio_blk. */
static bool name_of(struct nacre_span path, char name[64])
{
	struct nacre_span base = path;
	const char *slash = memrchr(path.at, '/', path.size);

	if (slash)
		base = (struct nacre_span){slash + 1, path.at + path.size - slash - 1};
	base.size -= strlen(nacre_module_suffix(base));
	if (base.size < 4 || memcmp(base.at + base.size - 3, ".ko", 3))
		return false;
	base.size -= 3;
	if (!nacre_span_copy(base, name, 64))
		return false;
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return true;
}

/* Would it stay inside the kernel's directory? */
static bool is_inside(struct nacre_span path)
{
	struct nacre_span name;

	if (!path.size || path.at[0] == '/' || path.size > 1024)
		return false;
	while (nacre_word_next(&path, "/", &name))
		if (nacre_span_is(name, "..") || nacre_span_is(name, "."))
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct nacre_module *)a)->name, ((const struct nacre_module *)b)->name);
}

int nacre_modules_parse(struct nacre_modules *m, struct nacre_span dep, struct nacre_span builtin,
			struct nacre_span alias, struct nacre_span soft)
{
	struct nacre_span line;
	size_t room = 0;

	*m = (struct nacre_modules){.builtin = builtin, .alias = alias, .soft = soft};
	while (nacre_line_next(&dep, &line) && m->count < MODULES_MOST) {
		const char *colon = memchr(line.at, ':', line.size);
		struct nacre_module one = {0};

		if (!colon)
			continue;
		one.path = (struct nacre_span){line.at, colon - line.at};
		one.needs = (struct nacre_span){colon + 1, line.at + line.size - colon - 1};
		if (!is_inside(one.path) || !name_of(one.path, one.name))
			continue;
		if (m->count == room) {
			struct nacre_module *more;

			room = room ? room * 2 : 1024;
			more = realloc(m->list, room * sizeof(*more));
			if (!more) {
				nacre_modules_free(m);
				return -1;
			}
			m->list = more;
		}
		m->list[m->count++] = one;
	}
	if (m->count)
		qsort(m->list, m->count, sizeof(*m->list), by_name);
	return 0;
}

void nacre_modules_free(struct nacre_modules *m)
{
	free(m->list);
	*m = (struct nacre_modules){0};
}

static struct nacre_module *find(struct nacre_modules *m, const char *name)
{
	struct nacre_module key;

	strcpy(key.name, name);
	return m->count ? bsearch(&key, m->list, m->count, sizeof(*m->list), by_name) : NULL;
}

static bool is_builtin(const struct nacre_modules *m, const char *name)
{
	struct nacre_span rest = m->builtin, line;
	char other[64];

	while (nacre_line_next(&rest, &line))
		if (name_of(nacre_span_trim(line), other) && !strcmp(name, other))
			return true;
	return false;
}

static enum nacre_module_state choose(struct nacre_modules *m, const char *name, int depth);

/* Modules that take @name by an alias without wildcards: "alias crct10dif crct10dif_generic". */
static void choose_alias(struct nacre_modules *m, const char *name, int depth)
{
	struct nacre_span rest = m->alias, line, word, module;
	char target[64];

	while (nacre_line_next(&rest, &line))
		if (nacre_word_next(&line, " \t\n", &word) && nacre_span_is(word, "alias") &&
		    nacre_word_next(&line, " \t\n", &word) && nacre_span_is(word, name) &&
		    nacre_word_next(&line, " \t\n", &module) && nacre_span_copy(module, target, sizeof(target)))
			choose(m, target, depth);
}

/* "softdep NAME pre: A B post: C" */
static void choose_soft(struct nacre_modules *m, const char *name, int depth)
{
	struct nacre_span rest = m->soft, line, word;
	char other[64];

	while (nacre_line_next(&rest, &line)) {
		if (!nacre_word_next(&line, " \t\n", &word) || !nacre_span_is(word, "softdep") ||
		    !nacre_word_next(&line, " \t\n", &word) || !nacre_span_is(word, name))
			continue;
		while (nacre_word_next(&line, " \t\n", &word))
			if (word.at[word.size - 1] != ':' && nacre_span_copy(word, other, sizeof(other)) &&
			    choose(m, other, depth) == NACRE_MODULE_NONE)
				choose_alias(m, other, depth);
	}
}

static enum nacre_module_state choose(struct nacre_modules *m, const char *name, int depth)
{
	struct nacre_module *module;
	struct nacre_span needs, word;
	char plain[64], other[64];

	if (strlen(name) >= sizeof(plain))
		return NACRE_MODULE_NONE;
	strcpy(plain, name);
	for (char *p = plain; *p; p++)
		if (*p == '-')
			*p = '_';
	module = find(m, plain);
	if (!module)
		return is_builtin(m, plain) ? NACRE_MODULE_BUILTIN : NACRE_MODULE_NONE;
	if (module->chosen || depth == DEPTH_MOST)
		return NACRE_MODULE_FILE;
	module->chosen = true;
	for (needs = module->needs; nacre_word_next(&needs, " \t\r\n", &word);)
		if (name_of(word, other))
			choose(m, other, depth + 1);
	choose_soft(m, plain, depth + 1);
	return NACRE_MODULE_FILE;
}

enum nacre_module_state nacre_modules_choose(struct nacre_modules *m, const char *name)
{
	return choose(m, name, 0);
}
