/* SPDX-License-Identifier: BSD-2-Clause */
/* arguments.c - kernel command lines, wherever boot loaders keep them
 *
 * Only words that name a device are changed, and consoles are added at the end; everything else, blanks and
 * quotes included, stays as it is. Formats: GRUB 2 manual (linux, environment block), Boot Loader Specification,
 * SYSLINUX's doc/syslinux.txt, kernel-parameters.txt.
 */
#include "conversion/fixup/linux/editors.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char separators[] = " \t\r\n\"'";
static const char consoles[] = "console=tty0 console=ttyS0,115200";

static void span_add(struct nacre_text *out, struct nacre_span s)
{
	nacre_text_add(out, s.at, s.size);
}

static void note(const struct nacre_edit *edit, const char *fmt, struct nacre_span what)
{
	char text[256];

	if (!edit->note)
		return;
	snprintf(text, sizeof(text), fmt, (int)(what.size < 128 ? what.size : 128), what.at);
	edit->note(edit->arg, text);
}

/* The value of a word that starts with @name and "=". */
static bool value_of(struct nacre_span word, const char *name, struct nacre_span *value)
{
	size_t n = strlen(name);

	if (!nacre_span_starts(word, name) || word.size < n + 1 || word.at[n] != '=')
		return false;
	*value = (struct nacre_span){word.at + n + 1, word.size - n - 1};
	return true;
}

static void edit_word(struct nacre_span word, const struct nacre_edit *edit, struct nacre_text *out)
{
	static const char *const roots[] = {"root", "real_root", "rootdev", NULL};
	const struct nacre_device *device;
	struct nacre_span value;
	char name[64];

	for (int i = 0; roots[i]; i++)
		if (value_of(word, roots[i], &value)) {
			if (nacre_devices_find(edit->devices, value, &device) == NACRE_DEVICE_HERE &&
			    nacre_device_name(device, name))
				nacre_text_printf(out, "%s=%s", roots[i], name);
			else
				span_add(out, word);
			return;
		}
	if (value_of(word, "cryptdevice", &value)) {
		const char *colon = memchr(value.at, ':', value.size);
		struct nacre_span tail = {colon, colon ? (size_t)(value.at + value.size - colon) : 0};

		value.size -= tail.size;
		if (nacre_devices_find(edit->devices, value, &device) == NACRE_DEVICE_HERE &&
		    nacre_device_name(device, name)) {
			nacre_text_printf(out, "cryptdevice=%s", name);
			span_add(out, tail);
			return;
		}
	} else if (value_of(word, "resume", &value)) {
		switch (nacre_devices_find(edit->devices, value, &device)) {
		case NACRE_DEVICE_HERE:
			if (!nacre_device_name(device, name))
				break;
			nacre_text_printf(out, "resume=%s", name);
			return;
		case NACRE_DEVICE_ABSENT:
			/* an initramfs would wait for it */
			note(edit, "resume=%.*s is not on this disk: noresume", value);
			nacre_text_puts(out, "noresume");
			return;
		default:
			break;
		}
	}
	span_add(out, word);
}

void nacre_edit_arguments(struct nacre_span in, const struct nacre_edit *edit, bool serial,
			  struct nacre_text *out)
{
	struct nacre_span body = in, rest, word;
	bool ttys = nacre_span_find(in, "console=ttyS") != NULL, tty0 = nacre_span_find(in, "console=tty0") != NULL;

	while (body.size && memchr(" \t\r\n", body.at[body.size - 1], 4))
		body.size--;
	rest = body;
	while (rest.size) {
		const char *from = rest.at;

		if (!nacre_word_next(&rest, separators, &word))
			word = (struct nacre_span){body.at + body.size, 0};
		nacre_text_add(out, from, word.at - from);
		edit_word(word, edit, out);
	}
	if (serial && !ttys) {
		if (body.size && !memchr(separators, body.at[body.size - 1], sizeof(separators) - 1))
			nacre_text_puts(out, " ");
		nacre_text_puts(out, tty0 ? strchr(consoles, ' ') + 1 : consoles);
	}
	nacre_text_add(out, body.at + body.size, in.size - body.size);
}

static bool has_root(struct nacre_span args)
{
	return nacre_span_find(args, "root=") != NULL;
}

int nacre_edit_grub_menu(struct nacre_span in, void *arg, struct nacre_text *out)
{
	static const char *const commands[] = {"linux", "linux16", "linuxefi", "kernel", NULL};
	static const char *const variables[] = {"default_kernelopts=", "kernelopts=", NULL};
	const struct nacre_edit *edit = arg;
	struct nacre_span line;

	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line, word, args = {0};

		nacre_word_next(&rest, " \t\r\n", &word);
		for (int i = 0; commands[i]; i++)
			if (nacre_span_is(word, commands[i]) && nacre_word_next(&rest, " \t\r\n", &word))
				args = rest;
		if (nacre_span_is(word, "set")) {
			struct nacre_span name = rest;

			while (name.size && (name.at[0] == ' ' || name.at[0] == '\t')) {
				name.at++;
				name.size--;
			}
			for (int i = 0; variables[i]; i++)
				if (nacre_span_starts(name, variables[i]))
					args = rest;
		}
		/* update-grub of GRUB Legacy takes the options of new kernels from this comment */
		if (nacre_span_starts(line, "# kopt="))
			args = (struct nacre_span){line.at + 7, line.size - 7};
		if (!args.at) {
			span_add(out, line);
			continue;
		}
		nacre_text_add(out, line.at, args.at - line.at);
		/* inside quotes there is no place at the end */
		nacre_edit_arguments(args, edit,
				     edit->serial && has_root(args) && !nacre_span_find(args, "\""), out);
	}
	return 0;
}

/* What a shell takes for the name of a variable; NAME+=VALUE too. */
static bool is_variable(struct nacre_span name)
{
	size_t n = name.size && name.at[name.size - 1] == '+' ? name.size - 1 : name.size;

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name.at[i]) && name.at[i] != '_')
			return false;
	return n;
}

/* NAME=VALUE of a shell's config file: where VALUE, without its quotes, is. Without quotes it is one word. */
static bool assignment(struct nacre_span line, struct nacre_span *name, struct nacre_span *value)
{
	static const char before[] = "export ";
	struct nacre_span trimmed = nacre_span_trim(line);
	size_t size = 0;
	const char *equal = trimmed.size ? memchr(trimmed.at, '=', trimmed.size) : NULL;

	if (!equal)
		return false;
	*name = (struct nacre_span){trimmed.at, equal - trimmed.at};
	if (nacre_span_starts(*name, before))
		*name = (struct nacre_span){name->at + strlen(before), name->size - strlen(before)};
	if (!is_variable(*name))
		return false;
	*value = (struct nacre_span){equal + 1, trimmed.at + trimmed.size - equal - 1};
	if (value->size >= 2 && (value->at[0] == '"' || value->at[0] == '\'')) {
		const char *end = memchr(value->at + 1, value->at[0], value->size - 1);

		if (!end)
			return false; /* it goes on in the next line */
		*value = (struct nacre_span){value->at + 1, end - value->at - 1};
		return true;
	}
	while (size < value->size && !memchr(" \t\r\n", value->at[size], 4))
		size++;
	value->size = size;
	return true;
}

int nacre_edit_grub_default(struct nacre_span in, void *arg, struct nacre_text *out)
{
	static const char *const names[] = {"GRUB_CMDLINE_LINUX", "default_kernel_opts", NULL};
	const struct nacre_edit *edit = arg;
	struct nacre_span line, rest = in, name, value;
	bool serial = edit->serial && !nacre_span_find(in, "console=ttyS"), quoted;

	while (nacre_line_next(&rest, &line)) {
		bool ours = false;

		if (!assignment(line, &name, &value)) {
			span_add(out, line);
			continue;
		}
		if (nacre_span_is(name, "GRUB_DISABLE_LINUX_UUID") && nacre_span_is(value, "true")) {
			nacre_text_puts(out, "#"); /* or the next grub-mkconfig writes device names again */
			span_add(out, line);
			continue;
		}
		for (int i = 0; names[i]; i++)
			ours |= nacre_span_is(name, names[i]);
		/* an unquoted value cannot take two words */
		quoted = value.at[-1] == '"' || value.at[-1] == '\'';
		nacre_text_add(out, line.at, value.at - line.at);
		if (nacre_span_is(name, "root")) {
			struct nacre_span whole = {name.at, value.at + value.size - name.at};

			out->size -= value.at - name.at;
			nacre_edit_arguments(whole, edit, false, out);
		} else {
			nacre_edit_arguments(value, edit, serial && ours && quoted, out);
		}
		nacre_text_add(out, value.at + value.size, line.at + line.size - value.at - value.size);
	}
	return 0;
}

int nacre_edit_grubenv(struct nacre_span in, void *arg, struct nacre_text *out)
{
	static const char head[] = "# GRUB Environment Block\n";
	const struct nacre_edit *edit = arg;
	struct nacre_span line, rest = in;

	if (in.size != 1024 || !nacre_span_starts(in, head))
		return -1;
	while (nacre_line_next(&rest, &line)) {
		if (nacre_span_starts(line, "kernelopts=")) {
			nacre_text_puts(out, "kernelopts=");
			nacre_edit_arguments((struct nacre_span){line.at + 11, line.size - 11}, edit,
					     edit->serial && has_root(line), out);
		} else if (line.at[line.size - 1] == '\n') {
			span_add(out, line);
		} /* else the padding */
	}
	if (out->size > 1024) {
		note(edit, "the GRUB environment block is full: %.*s", (struct nacre_span){"kernelopts is kept", 18});
		return -1;
	}
	while (out->size < 1024 && !out->failed)
		nacre_text_puts(out, "#");
	return 0;
}

/* Lines whose first word is @command, in any case: arguments follow. */
static int edit_command(struct nacre_span in, const struct nacre_edit *edit, const char *command,
			struct nacre_text *out)
{
	struct nacre_span line, word;

	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line;

		nacre_word_next(&rest, " \t\r\n", &word);
		if (word.size == strlen(command) && !strncasecmp(word.at, command, word.size)) {
			nacre_text_add(out, line.at, rest.at - line.at);
			nacre_edit_arguments(rest, edit, edit->serial && has_root(rest), out);
		} else {
			span_add(out, line);
		}
	}
	return 0;
}

int nacre_edit_entry(struct nacre_span in, void *arg, struct nacre_text *out)
{
	return edit_command(in, arg, "options", out);
}

int nacre_edit_extlinux(struct nacre_span in, void *arg, struct nacre_text *out)
{
	return edit_command(in, arg, "append", out);
}

int nacre_edit_arguments_file(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const struct nacre_edit *edit = arg;

	nacre_edit_arguments(in, edit, edit->serial && has_root(in), out);
	return 0;
}

int nacre_edit_resume(struct nacre_span in, void *arg, struct nacre_text *out)
{
	const struct nacre_edit *edit = arg;
	const struct nacre_device *device;
	struct nacre_span line, name, value;
	char uuid[64];

	while (nacre_line_next(&in, &line)) {
		enum nacre_device_kind kind = NACRE_DEVICE_OTHER;

		if (assignment(line, &name, &value) && nacre_span_is(name, "RESUME"))
			kind = nacre_devices_find(edit->devices, value, &device);
		if (kind == NACRE_DEVICE_ABSENT)
			snprintf(uuid, sizeof(uuid), "none");
		else if (kind != NACRE_DEVICE_HERE || !nacre_device_name(device, uuid)) {
			span_add(out, line);
			continue;
		}
		nacre_text_add(out, line.at, value.at - line.at);
		nacre_text_puts(out, uuid);
		nacre_text_add(out, value.at + value.size, line.at + line.size - value.at - value.size);
	}
	return 0;
}

struct nacre_span nacre_find_root(struct nacre_span menu, const struct nacre_devices *d)
{
	struct nacre_span word, value;
	int root = -1;

	for (int i = 0; i < d->count; i++)
		if (d->list[i].root)
			root = d->list[i].number;
	while (nacre_word_next(&menu, separators, &word)) {
		size_t n;
		int number = 0;

		if (!value_of(word, "root", &value) || !nacre_span_starts(value, "/dev/"))
			continue;
		for (n = value.size; n && value.at[n - 1] >= '0' && value.at[n - 1] <= '9';)
			n--;
		for (size_t i = n; i < value.size && number < 100000; i++)
			number = number * 10 + value.at[i] - '0';
		if (number == root)
			return value;
	}
	return (struct nacre_span){0};
}
