/* SPDX-License-Identifier: BSD-2-Clause */
/* definition.c - a definition is written, read back the same, and refused where it is not one */
#include "machine/definition.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nacre_definition sample(void)
{
	struct nacre_definition d;

	nacre_definition_init(&d, "web 1/../x", NULL);
	d.disks[0] = (struct nacre_definition_disk){"disk0.vhd", "vhd", 1 << 30};
	d.disks[1] = (struct nacre_definition_disk){"disk1.raw", "raw", 3 << 20};
	d.disk_count = 2;
	d.nic_count = 1;
	snprintf(d.nics[0].mac, sizeof(d.nics[0].mac), "52:54:00:12:34:56");
	snprintf(d.nics[0].name, sizeof(d.nics[0].name), "eth0");
	snprintf(d.os_name, sizeof(d.os_name), "Debian <12> & \"more\"");
	return d;
}

/* @text with the first @from replaced, parsed. Return: was it refused for the input's sake? */
static bool refused(const char *text, const char *from, const char *to)
{
	struct nacre_error e = {.code = NACRE_OK};
	const char *at = strstr(text, from);
	struct nacre_definition d;
	char changed[4096];

	if (!at)
		return false;
	snprintf(changed, sizeof(changed), "{\"machine\": %.*s%s%s}", (int)(at - text), text, to,
		 at + strlen(from));
	return nacre_definition_parse(changed, strlen(changed), "test", &d, &e) && e.code == NACRE_E_INPUT &&
	       e.msg[0];
}

static void test_refusals(const char *text)
{
	static const struct {
		const char *from, *to, *what;
	} cases[] = {
		{"\"format\": 1", "\"format\": 2", "a later format"},
		{"\"name\": \"web", "\"name\": \"-web", "a name that looks like an option"},
		{"\"name\": \"web", "\"name\": \"a,b", "a name with a comma"},
		{"disk0.vhd", "../disk0.vhd", "a disk outside the directory"},
		{"disk0.vhd", "disk1.raw", "one file for two disks"},
		{"\"disks\": [", "\"disks\": [], \"other\": [", "a machine without disks"},
		{"\"disks\": [", "\"disks\": [1, ", "a disk that is no object"},
		{"disk0.vhd", "a\\u0000b", "a 0 in a text"},
		{"disk0.vhd", "a\\nb", "a newline in a file name"},
		{"\"vhd\"", "\"qcow2\"", "a format that has backing files"},
		{"1073741824", "1073741825", "a size of no whole sectors"},
		{"1073741824", "-512", "a negative size"},
		{"1073741824", "99999999999999999999", "a size beyond 64 bits"},
		{"\"cpus\": 2", "\"cpus\": 0", "no CPU"},
		{"\"cpus\": 2", "\"cpus\": 4294967298", "a number that would wrap"},
		{"\"cpus\": 2", "\"cpus\": \"2\"", "a text for a number"},
		{"\"cpus\": 2", "\"cpu\": 2", "a misspelt member"},
		{"\"cpus\": 2", "\"cpus\": 2, \"cpus\": 2", "a member twice"},
		{"\"memory_mb\": 2048", "\"memory_mb\": 1", "too little memory"},
		{"52:54:00", "53:54:00", "a group address"},
		{"52:54:00", "52-54-00", "another form of MAC"},
		{"\"nics\": [", "\"nics\": [1, ", "a NIC that is no object"},
		{"\"bios\"", "\"coreboot\"", "another firmware"},
		{"x86_64", "s390x", "another architecture"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(refused(text, cases[i].from, cases[i].to), "%s is refused, with a reason", cases[i].what);
}

static void test_file(const struct nacre_definition *d, const char *text)
{
	char directory[] = "/tmp/nacre-definition.XXXXXX", path[64];
	struct nacre_definition got;
	struct nacre_error e;

	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/nacre.json", directory);
	tap_ok(nacre_definition_read(directory, &got, &e) && e.code == NACRE_E_ABSENT,
	       "a directory without nacre.json has no machine");
	tap_ok(!nacre_definition_put(directory, "changes", "[1, {\"a\": null}]", &e) &&
		       !nacre_definition_put(directory, "machine", text, &e) &&
		       !nacre_definition_put(directory, "copied", "17", &e),
	       "members of nacre.json are set one after the other");
	tap_ok(!nacre_definition_read(directory, &got, &e) && !memcmp(&got, d, sizeof(got)),
	       "and the machine is read back as it was");
	tap_ok(nacre_definition_put(directory, "copied", "{]", &e) && e.code == NACRE_E_FAILED &&
		       !nacre_definition_read(directory, &got, &e),
	       "what is no JSON is not put there");
	unlink(path);
	if (mkfifo(path, 0600))
		abort();
	tap_ok(nacre_definition_read(directory, &got, &e) && e.code == NACRE_E_INPUT,
	       "a pipe for a file is refused, and not waited for");
	unlink(path);
	if (symlink("/etc/passwd", path))
		abort();
	tap_ok(nacre_definition_read(directory, &got, &e) && e.code == NACRE_E_SYSTEM,
	       "a link that leads away is not followed");
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	struct nacre_definition d = sample(), got;
	struct nacre_error e = {.code = NACRE_OK};
	char *text, *xml, whole[4096];

	tap_is_string(d.name, "web-1-..-x", "what a name cannot have becomes a hyphen");
	text = nacre_definition_json(&d, &e);
	if (!tap_ok(text, "a definition is written as JSON"))
		return tap_done();
	snprintf(whole, sizeof(whole), "{\"inventory\": [], \"machine\": %s}", text);
	tap_ok(!nacre_definition_parse(whole, strlen(whole), "test", &got, &e) && !memcmp(&got, &d, sizeof(d)),
	       "it is read back as it was");
	for (size_t n = 0; n < strlen(whole); n++)
		if (!nacre_definition_parse(whole, n, "test", &got, &e))
			tap_ok(false, "cut after %zu bytes it is refused", n);
	test_refusals(text);
	test_file(&d, text);
	xml = nacre_definition_libvirt(&d, "/vms/a & <b>'\"", &e);
	tap_ok(xml && strstr(xml, "'/vms/a &amp; &lt;b&gt;&apos;&quot;/disk0.vhd'"),
	       "a path with odd characters is escaped in XML");
	tap_ok(!nacre_definition_libvirt(&d, "vms/a", &e) && e.code == NACRE_E_USAGE,
	       "a relative path is refused in XML");
	free(xml);
	free(text);
	return tap_done();
}
