/* SPDX-License-Identifier: BSD-2-Clause */
/* libvirt.c - the definition as a libvirt domain (https://libvirt.org/formatdomain.html)
 *
 * BIOS machines are of type pc, where virtio devices speak to drivers of any age; UEFI machines
 * are of type q35, which that firmware is made for.
 */
#include "machine/definition.h"

#include "base/auto.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What XML 1.0 cannot hold (control characters, odd UTF-8) was refused before. */
static void put_text(FILE *to, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&': fputs("&amp;", to); break;
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '\'': fputs("&apos;", to); break;
		case '"': fputs("&quot;", to); break;
		default: fputc(*s, to);
		}
	}
}

/* printf whose only conversions are %s, escaped, and %u */
static void put(FILE *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%')
			fputc(*fmt, to);
		else if (*++fmt == 's')
			put_text(to, va_arg(ap, const char *));
		else
			fprintf(to, "%u", va_arg(ap, unsigned));
	}
	va_end(ap);
}

static int put_firmware(FILE *to, const struct nacre_definition *d, const char *directory,
			struct nacre_error *e)
{
	const struct nacre_firmware *firmware;

	if (!d->uefi)
		return 0;
	firmware = nacre_firmware_find(e);
	if (!firmware)
		return -1;
	put(to, "    <loader readonly='yes' type='pflash'>%s</loader>\n", firmware->code);
	put(to, "    <nvram template='%s'>%s/" NACRE_DEFINITION_VARS "</nvram>\n", firmware->vars, directory);
	return 0;
}

static int put_head(FILE *to, const struct nacre_definition *d, const char *directory,
		    struct nacre_error *e)
{
	put(to, "<domain type='kvm'>\n  <name>%s</name>\n  <uuid>%s</uuid>\n", d->name, d->uuid);
	if (d->os_name[0])
		put(to, "  <title>%s</title>\n", d->os_name);
	put(to, "  <memory unit='MiB'>%u</memory>\n  <vcpu>%u</vcpu>\n", d->memory_mb, d->cpus);
	put(to, "  <os>\n    <type arch='x86_64' machine='%s'>hvm</type>\n", d->uefi ? "q35" : "pc");
	if (put_firmware(to, d, directory, e))
		return -1;
	put(to, "  </os>\n  <features>\n    <acpi/>\n    <apic/>\n  </features>\n"
		"  <cpu mode='host-model'/>\n"
		"  <clock offset='utc'/>\n"
		"  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n"
		"  <on_crash>destroy</on_crash>\n");
	return 0;
}

static void put_disk(FILE *to, const struct nacre_definition_disk *disk, unsigned number, const char *directory)
{
	char name[] = "vda";

	name[2] = (char)('a' + number);
	put(to, "    <disk type='file' device='disk'>\n"
		"      <driver name='qemu' type='%s' discard='unmap'/>\n      <source file='%s/%s'/>\n"
		"      <target dev='%s' bus='virtio'/>\n      <boot order='%u'/>\n    </disk>\n",
	    strcmp(disk->format, "raw") ? "vpc" : "raw", directory, disk->file, name, number + 1);
}

static void put_devices(FILE *to, const struct nacre_definition *d, const char *directory)
{
	put(to, "  <devices>\n");
	for (int i = 0; i < d->disk_count; i++)
		put_disk(to, &d->disks[i], (unsigned)i, directory);
	for (int i = 0; i < d->nic_count; i++)
		put(to, "    <interface type='network'>\n      <mac address='%s'/>\n"
			"      <source network='default'/>\n      <model type='virtio'/>\n    </interface>\n",
		    d->nics[i].mac);
	put(to, "    <serial type='pty'/>\n    <console type='pty'/>\n"
		"    <input type='tablet' bus='usb'/>\n    <input type='keyboard' bus='ps2'/>\n"
		"    <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>\n"
		"    <video>\n      <model type='vga'/>\n    </video>\n"
		"    <memballoon model='virtio'/>\n"
		"    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n"
		"  </devices>\n</domain>\n");
}

char *nacre_definition_libvirt(const struct nacre_definition *d, const char *directory,
			       struct nacre_error *e)
{
	char *text = NULL;
	size_t size;
	FILE *to;
	int failed;

	if (nacre_definition_check(d, e))
		return NULL;
	for (const char *s = directory; *s; s++)
		if (directory[0] != '/' || (unsigned char)*s < ' ' || *s == 127) {
			nacre_error_set(e, NACRE_E_USAGE, 0, directory,
					"a libvirt domain needs an absolute path without control characters");
			return NULL;
		}
	to = open_memstream(&text, &size);
	failed = !to || put_head(to, d, directory, e);
	if (!failed)
		put_devices(to, d, directory);
	if (!to || fclose(to)) {
		nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, d->name, "cannot be written as XML");
		failed = 1;
	}
	if (failed) {
		free(text);
		return NULL;
	}
	return text;
}
