/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c - nacre.json: the machine's definition, and what else a conversion writes beside it */
#include "machine/definition.h"

#include "base/auto.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { RECORD_MAX = 64 << 20, FORMAT = 1 };

static void auto_json(json_t **j)
{
	json_decref(*j);
}
#define AUTO_JSON __attribute__((cleanup(auto_json)))

/** struct reader - where in the file we are, for messages */
struct reader {
	const char *where;
	struct nacre_error *e;
};

static int wrong(struct reader *r, const char *member, const char *reason)
{
	return nacre_error_set(r->e, NACRE_E_INPUT, 0, r->where, "%s: machine.%s %s", r->where, member, reason);
}

static int take_text(struct reader *r, json_t *from, const char *member, char *to, size_t size)
{
	json_t *value = json_object_get(from, member);
	const char *text = json_string_value(value);

	if (!value)
		return wrong(r, member, "is missing");
	if (!text)
		return wrong(r, member, "must be a text");
	if (json_string_length(value) >= size || strlen(text) != json_string_length(value))
		return wrong(r, member, "is too long, or has a 0 inside");
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

static int take_number(struct reader *r, json_t *from, const char *member, uint64_t most, uint64_t *to)
{
	json_t *value = json_object_get(from, member);

	if (!value)
		return wrong(r, member, "is missing");
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > most)
		return wrong(r, member, "must be a whole number, and not that large");
	*to = (uint64_t)json_integer_value(value);
	return 0;
}

/* Is every member one of @known (NULL-ended)? */
static int check_members(struct reader *r, json_t *object, const char *member, const char *const *known)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return wrong(r, member, "must be an object");
	json_object_foreach(object, key, value) {
		const char *const *k = known;

		while (*k && strcmp(*k, key))
			k++;
		if (!*k)
			return nacre_error_set(r->e, NACRE_E_INPUT, 0, r->where,
					       "%s: the machine has an unknown member \"%.40s\"", r->where, key);
	}
	return 0;
}

static int take_disks(struct reader *r, json_t *machine, struct nacre_definition *d)
{
	static const char *const known[] = {"file", "format", "size", NULL};
	json_t *disks = json_object_get(machine, "disks");

	if (!json_is_array(disks) || json_array_size(disks) > NACRE_DEFINITION_DISKS)
		return wrong(r, "disks", "must be an array of at most 16");
	d->disk_count = (int)json_array_size(disks);
	for (int i = 0; i < d->disk_count; i++) {
		json_t *disk = json_array_get(disks, (size_t)i);
		struct nacre_definition_disk *to = &d->disks[i];

		if (check_members(r, disk, "disks", known) || take_text(r, disk, "file", to->file, sizeof(to->file)) ||
		    take_text(r, disk, "format", to->format, sizeof(to->format)) ||
		    take_number(r, disk, "size", INT64_MAX, &to->size))
			return -1;
	}
	return 0;
}

static int take_nics(struct reader *r, json_t *machine, struct nacre_definition *d)
{
	static const char *const known[] = {"mac", "name", NULL};
	json_t *nics = json_object_get(machine, "nics");

	if (!json_is_array(nics) || json_array_size(nics) > NACRE_DEFINITION_NICS)
		return wrong(r, "nics", "must be an array of at most 16");
	d->nic_count = (int)json_array_size(nics);
	for (int i = 0; i < d->nic_count; i++) {
		json_t *nic = json_array_get(nics, (size_t)i);

		if (check_members(r, nic, "nics", known) ||
		    take_text(r, nic, "mac", d->nics[i].mac, sizeof(d->nics[i].mac)) ||
		    take_text(r, nic, "name", d->nics[i].name, sizeof(d->nics[i].name)))
			return -1;
	}
	return 0;
}

static int take_os(struct reader *r, json_t *machine, struct nacre_definition *d)
{
	static const char *const known[] = {"id", "name", NULL};
	json_t *os = json_object_get(machine, "os");

	if (check_members(r, os, "os", known) || take_text(r, os, "id", d->os_id, sizeof(d->os_id)))
		return -1;
	return take_text(r, os, "name", d->os_name, sizeof(d->os_name));
}

static int take_machine(struct reader *r, json_t *machine, struct nacre_definition *d)
{
	static const char *const known[] = {"format", "name", "uuid", "architecture", "firmware", "memory_mb",
					    "cpus", "disks", "nics", "os", NULL};
	uint64_t format = 0, memory = 0, cpus = 0;
	char firmware[8];

	if (check_members(r, machine, "", known) || take_number(r, machine, "format", FORMAT, &format) ||
	    take_text(r, machine, "name", d->name, sizeof(d->name)) ||
	    take_text(r, machine, "uuid", d->uuid, sizeof(d->uuid)) ||
	    take_text(r, machine, "architecture", d->architecture, sizeof(d->architecture)) ||
	    take_text(r, machine, "firmware", firmware, sizeof(firmware)) ||
	    take_number(r, machine, "memory_mb", UINT32_MAX, &memory) ||
	    take_number(r, machine, "cpus", UINT32_MAX, &cpus) || take_disks(r, machine, d) ||
	    take_nics(r, machine, d) || take_os(r, machine, d))
		return -1;
	if (strcmp(firmware, "bios") && strcmp(firmware, "uefi"))
		return wrong(r, "firmware", "is bios or uefi");
	d->uefi = !strcmp(firmware, "uefi");
	d->memory_mb = (uint32_t)memory;
	d->cpus = (uint32_t)cpus;
	return 0;
}

static json_t *parse(const char *text, size_t size, const char *where, struct nacre_error *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);

	if (!root)
		nacre_error_set(e, NACRE_E_INPUT, 0, where, "%s: line %d: %.100s", where, why.line, why.text);
	else if (!json_is_object(root)) {
		json_decref(root);
		root = NULL;
		nacre_error_set(e, NACRE_E_INPUT, 0, where, "%s: must be an object", where);
	}
	return root;
}

int nacre_definition_parse(const char *text, size_t size, const char *where, struct nacre_definition *d,
			   struct nacre_error *e)
{
	AUTO_JSON json_t *root = parse(text, size, where, e);
	struct reader r = {.where = where, .e = e};
	json_t *machine = root ? json_object_get(root, "machine") : NULL;

	memset(d, 0, sizeof(*d));
	if (!root)
		return -1;
	if (!machine)
		return nacre_error_set(e, NACRE_E_INPUT, 0, where, "%s: has no machine in it", where);
	if (take_machine(&r, machine, d))
		return -1;
	if (nacre_definition_check(d, e))
		return nacre_error_add(e, "%s", where);
	return 0;
}

/* The text of DIRECTORY/nacre.json; *text NULL where there is none and that may be. */
static int read_record(const char *path, bool absent, char **text, size_t *size, struct nacre_error *e)
{
	NACRE_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	*text = NULL;
	*size = 0;
	if (fd < 0 && errno == ENOENT && absent)
		return 0;
	if (fd < 0)
		return nacre_error_set(e, errno == ENOENT ? NACRE_E_ABSENT : NACRE_E_SYSTEM, errno, path,
				       "this describes the machine, and cannot be read");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > RECORD_MAX)
		return nacre_error_set(e, NACRE_E_INPUT, 0, path, "is no file, or larger than 64 MiB");
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot be read");
	while (*size < (size_t)st.st_size && (n = read(fd, *text + *size, (size_t)st.st_size - *size)) > 0)
		*size += (size_t)n;
	return 0;
}

static int record_path(const char *directory, const char *suffix, char *path, size_t size,
		       struct nacre_error *e)
{
	if ((size_t)snprintf(path, size, "%s/" NACRE_DEFINITION_FILE "%s", directory, suffix) < size)
		return 0;
	return nacre_error_set(e, NACRE_E_USAGE, 0, directory, "the path is too long");
}

int nacre_definition_read(const char *directory, struct nacre_definition *d, struct nacre_error *e)
{
	NACRE_AUTO_FREE char *text = NULL;
	char path[4096];
	size_t size;

	if (record_path(directory, "", path, sizeof(path), e) || read_record(path, false, &text, &size, e))
		return -1;
	return nacre_definition_parse(text, size, NACRE_DEFINITION_FILE, d, e);
}

static void print_machine(struct json *j, const struct nacre_definition *d)
{
	json_begin(j, NULL, '{');
	json_number(j, "format", FORMAT);
	json_text(j, "name", d->name);
	json_text(j, "uuid", d->uuid);
	json_text(j, "architecture", d->architecture);
	json_text(j, "firmware", d->uefi ? "uefi" : "bios");
	json_number(j, "memory_mb", d->memory_mb);
	json_number(j, "cpus", d->cpus);
	json_begin(j, "disks", '[');
	for (int i = 0; i < d->disk_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "file", d->disks[i].file);
		json_text(j, "format", d->disks[i].format);
		json_number(j, "size", (int64_t)d->disks[i].size);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_begin(j, "nics", '[');
	for (int i = 0; i < d->nic_count; i++) {
		json_begin(j, NULL, '{');
		json_text(j, "mac", d->nics[i].mac);
		json_text(j, "name", d->nics[i].name);
		json_end(j, '}');
	}
	json_end(j, ']');
	json_begin(j, "os", '{');
	json_text(j, "id", d->os_id);
	json_text(j, "name", d->os_name);
	json_end(j, '}');
	json_end(j, '}');
}

char *nacre_definition_json(const struct nacre_definition *d, struct nacre_error *e)
{
	struct json j = {0};
	char *text = NULL;
	size_t size;

	if (nacre_definition_check(d, e))
		return NULL;
	j.to = open_memstream(&text, &size);
	if (j.to) {
		print_machine(&j, d);
		if (!fclose(j.to))
			return text;
	}
	free(text);
	nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, d->name, "cannot be written as JSON");
	return NULL;
}

/* The new text takes the place of the old one when all of it is on the disk. */
static int replace(const char *directory, const json_t *root, struct nacre_error *e)
{
	char path[4096], fresh[4096];
	NACRE_AUTO_FD int fd = -1;

	if (record_path(directory, "", path, sizeof(path), e) ||
	    record_path(directory, ".new", fresh, sizeof(fresh), e))
		return -1;
	unlink(fresh); /* of a run that was cut short */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return nacre_error_set(e, NACRE_E_SYSTEM, errno, fresh, "cannot be made");
	if (json_dumpfd(root, fd, JSON_INDENT(2)) || write(fd, "\n", 1) != 1 || fsync(fd) || rename(fresh, path)) {
		nacre_error_set(e, NACRE_E_SYSTEM, errno, path, "cannot be written");
		unlink(fresh);
		return -1;
	}
	return 0;
}

int nacre_definition_put(const char *directory, const char *member, const char *text,
			 struct nacre_error *e)
{
	AUTO_JSON json_t *root = NULL, *value = NULL;
	NACRE_AUTO_FREE char *old = NULL;
	char path[4096];
	json_error_t why;
	size_t size;

	if (record_path(directory, "", path, sizeof(path), e) || read_record(path, true, &old, &size, e))
		return -1;
	root = old ? parse(old, size, NACRE_DEFINITION_FILE, e) : json_object();
	if (!root)
		return -1;
	value = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!value)
		return nacre_error_set(e, NACRE_E_FAILED, 0, member, "%s: line %d: %.100s", member, why.line,
				       why.text);
	if (json_object_set(root, member, value))
		return nacre_error_set(e, NACRE_E_SYSTEM, ENOMEM, path, "cannot be written");
	return replace(directory, root, e);
}
