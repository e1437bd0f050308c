/* SPDX-License-Identifier: BSD-2-Clause */
/* drivers.c - files that choose drivers by the old hardware: screen, modules, networks
 *
 * The graphics driver becomes "modesetting", which works on every card that the kernel knows; what keeps virtio
 * modules from being loaded, and conditions on a driver or a slot beside a name or a MAC, are commented out.
 */
#include "conversion/fixup/linux/drivers.h"
#include "conversion/fixup/linux/run.h"

#include <strings.h>

static bool word_is(struct nacre_span word, const char *s)
{
	return word.size == strlen(s) && !strncasecmp(word.at, s, word.size);
}

static bool any_card(struct nacre_span driver)
{
	static const char *const names[] = {"modesetting", "fbdev", "vesa", "dummy", NULL};

	for (int i = 0; names[i]; i++)
		if (word_is(driver, names[i]))
			return true;
	return false;
}

/* xorg.conf(5): what is in a Section "Device" speaks of a card; keywords in any case. */
int nacre_edit_xorg(struct nacre_span in, void *arg, struct nacre_text *out)
{
	static const char separators[] = " \t\r\n\"";
	struct nacre_span line, word, value;
	bool device = false;

	(void)arg;
	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line;

		if (!nacre_word_next(&rest, separators, &word) || !nacre_word_next(&rest, separators, &value))
			value = (struct nacre_span){0};
		if (word_is(word, "Section"))
			device = word_is(value, "Device");
		else if (word_is(word, "EndSection"))
			device = false;
		else if (device && value.size && word_is(word, "Driver") && !any_card(value)) {
			nacre_text_add(out, line.at, value.at - line.at);
			nacre_text_puts(out, "modesetting");
			nacre_text_add(out, value.at + value.size, line.at + line.size - value.at - value.size);
			continue;
		} else if (device && word_is(word, "BusID"))
			nacre_text_puts(out, "#");
		nacre_text_add(out, line.at, line.size);
	}
	return 0;
}

/* modprobe.d(5): "blacklist virtio_blk", "install virtio_blk /bin/true". */
int nacre_edit_modprobe(struct nacre_span in, void *arg, struct nacre_text *out)
{
	struct nacre_span line, word, module;

	(void)arg;
	while (nacre_line_next(&in, &line)) {
		struct nacre_span rest = line;

		if (nacre_word_next(&rest, " \t\r\n", &word) && nacre_word_next(&rest, " \t\r\n", &module) &&
		    (nacre_span_is(word, "blacklist") || nacre_span_is(word, "install")) &&
		    nacre_span_starts(module, "virtio"))
			nacre_text_puts(out, "# ");
		nacre_text_add(out, line.at, line.size);
	}
	return 0;
}

enum condition { NO_CONDITION, OF_NAME, OF_HARDWARE };

/* What does @line of a [Match] ask for? @inside: moves with the sections. */
static enum condition condition_of(struct nacre_span line, bool *inside)
{
	static const char *const names[] = {"Name=", "MACAddress=", "PermanentMACAddress=", NULL};
	struct nacre_span trimmed = nacre_span_trim(line);

	if (nacre_span_starts(trimmed, "["))
		*inside = nacre_span_is(trimmed, "[Match]");
	if (!*inside)
		return NO_CONDITION;
	for (int i = 0; names[i]; i++)
		if (nacre_span_starts(trimmed, names[i]))
			return OF_NAME;
	return nacre_span_starts(trimmed, "Driver=") || nacre_span_starts(trimmed, "Path=") ? OF_HARDWARE : NO_CONDITION;
}

/* systemd.network(5): all conditions have to hold. One on the hardware is needless beside a name. */
int nacre_edit_network(struct nacre_span in, void *arg, struct nacre_text *out)
{
	struct nacre_span line, rest = in;
	bool inside = false, named = false;

	(void)arg;
	while (nacre_line_next(&rest, &line))
		named |= condition_of(line, &inside) == OF_NAME;
	if (!named)
		return -1;
	inside = false;
	while (nacre_line_next(&in, &line)) {
		if (condition_of(line, &inside) == OF_HARDWARE)
			nacre_text_puts(out, "#");
		nacre_text_add(out, line.at, line.size);
	}
	return 0;
}

static int body(struct nacre_run *r)
{
	static const char screen[] = "the driver of the old graphics card becomes \"modesetting\"";
	static const char allowed[] = "virtio drivers may be loaded";
	static const char slots[] = "the old card's driver and slot are no condition any more";

	if (nacre_run_edit(r, "/etc/X11/xorg.conf", nacre_edit_xorg, NULL, screen) < 0 ||
	    nacre_run_edit_each(r, "/etc/X11/xorg.conf.d", ".conf", nacre_edit_xorg, NULL, screen) < 0 ||
	    nacre_run_edit(r, "/etc/modprobe.conf", nacre_edit_modprobe, NULL, allowed) < 0 ||
	    nacre_run_edit_each(r, "/etc/modprobe.d", ".conf", nacre_edit_modprobe, NULL, allowed) < 0)
		return -1;
	return nacre_run_edit_each(r, "/etc/systemd/network", ".network", nacre_edit_network, NULL, slots);
}

NACRE_FIX(drivers, "drivers", "drivers are not chosen by the old hardware", NULL, body);
