/* SPDX-License-Identifier: BSD-2-Clause */
/* definition.c - what a virtual machine may be, its defaults, and where its firmware is */
#include "machine/definition.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static int bad(struct nacre_error *e, const char *member, const char *reason)
{
	return nacre_error_set(e, NACRE_E_INPUT, 0, member, "%s: %s", member, reason);
}

static bool is_name(const char *s)
{
	if (!isalnum((unsigned char)*s))
		return false;
	return !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")];
}

/* A file's name without a directory, nothing that a terminal or XML could not show. */
static bool is_file_name(const char *s)
{
	if (!*s || !strcmp(s, ".") || !strcmp(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || (unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

/* @form: 'x' stands for a hexadecimal digit. */
static bool has_form(const char *s, const char *form)
{
	for (; *form; s++, form++)
		if (*form == 'x' ? !isxdigit((unsigned char)*s) : *s != *form)
			return false;
	return !*s;
}

/* libvirt and the wire have no use for a group address or the empty one. */
static bool is_mac(const char *s)
{
	return has_form(s, "xx:xx:xx:xx:xx:xx") && strchr("02468aceACE", s[1]) &&
	       strcmp(s, "00:00:00:00:00:00");
}

static bool is_plain_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

static int check_nics(const struct nacre_definition *d, struct nacre_error *e)
{
	if (d->nic_count < 0 || d->nic_count > NACRE_DEFINITION_NICS)
		return bad(e, "nics", "there are at most 16");
	for (int i = 0; i < d->nic_count; i++) {
		if (!is_mac(d->nics[i].mac))
			return bad(e, "nics", "a mac is six bytes like 52:54:00:12:34:56, not a group address");
		if (!is_plain_text(d->nics[i].name))
			return bad(e, "nics", "a name has control characters");
	}
	return 0;
}

static int check_disks(const struct nacre_definition *d, struct nacre_error *e)
{
	if (d->disk_count < 1 || d->disk_count > NACRE_DEFINITION_DISKS)
		return bad(e, "disks", "there are 1 to 16");
	for (int i = 0; i < d->disk_count; i++) {
		const struct nacre_definition_disk *disk = &d->disks[i];

		if (!is_file_name(disk->file))
			return bad(e, "file", "takes the name of a file in the machine's directory");
		for (int k = 0; k < i; k++)
			if (!strcmp(disk->file, d->disks[k].file))
				return bad(e, "file", "is the same for two disks");
		if (strcmp(disk->format, "vhd") && strcmp(disk->format, "raw"))
			return bad(e, "format", "is vhd or raw");
		if (disk->size < 512 || disk->size % 512 || disk->size > INT64_MAX)
			return bad(e, "size", "takes bytes, a multiple of 512");
	}
	return 0;
}

int nacre_definition_check(const struct nacre_definition *d, struct nacre_error *e)
{
	if (!is_name(d->name))
		return bad(e, "name", "takes letters, digits, '.', '_', '+', '-', and begins with one of the first two");
	if (!has_form(d->uuid, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
		return bad(e, "uuid", "takes the form 01234567-89ab-cdef-0123-456789abcdef");
	if (check_disks(d, e))
		return -1;
	if (strcmp(d->architecture, "x86_64") && strcmp(d->architecture, "i686"))
		return bad(e, "architecture", "is x86_64 or i686");
	if (d->memory_mb < 16 || d->memory_mb > 16 * 1024 * 1024)
		return bad(e, "memory_mb", "takes 16 to 16777216");
	if (d->cpus < 1 || d->cpus > 255)
		return bad(e, "cpus", "takes 1 to 255");
	if (!is_plain_text(d->os_id) || !is_plain_text(d->os_name))
		return bad(e, "os", "has control characters");
	return check_nics(d, e);
}

/* A random UUID (RFC 4122, version 4). */
static int make_uuid(char *to, size_t size, struct nacre_error *e)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, "uuid", "no random bytes");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(to, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

int nacre_definition_init(struct nacre_definition *d, const char *name, struct nacre_error *e)
{
	size_t n = 0;

	memset(d, 0, sizeof(*d));
	for (; *name && n < sizeof(d->name) - 1; name++) {
		bool fits = isascii(*name) && (isalnum((unsigned char)*name) || (n && strchr("._+-", *name)));

		if (fits || (n && d->name[n - 1] != '-'))
			d->name[n++] = fits ? *name : '-';
	}
	if (!n)
		snprintf(d->name, sizeof(d->name), "machine");
	snprintf(d->architecture, sizeof(d->architecture), "x86_64");
	d->memory_mb = 2048;
	d->cpus = 2;
	return make_uuid(d->uuid, sizeof(d->uuid), e);
}

const struct nacre_firmware *nacre_firmware_find(struct nacre_error *e)
{
	static const struct nacre_firmware known[] = {
		{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},   /* Debian */
		{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},         /* older ones */
		{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"}, /* Fedora */
		{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"}, /* Arch */
		{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"}, /* SUSE */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!access(known[i].code, R_OK) && !access(known[i].vars, R_OK))
			return &known[i];
	nacre_error_set(e, NACRE_E_ABSENT, 0, "OVMF",
			"the machine needs UEFI, and there is no firmware for it: install the package ovmf");
	return NULL;
}
