/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.c - a drop-in file is read strictly: what is not allowed is an error with file and line */
#include "extension/registry/keys.h"

#include "tap.h"

#define BASE                                                                                       \
	"extension = /lib/x.so\ninterface = x\nproxy = /d/x.so\nstub = /d/stub.so\nvproc = /v\n"

static int parse(struct nacre_registration *r, const char *text, size_t size, struct nacre_error *e)
{
	return nacre_registration_parse(r, "/r/x.conf", "x", text, size, e);
}

static void refused(const char *text, size_t size, const char *where, const char *msg,
		    const char *what)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_registration r;
	bool failed = parse(&r, text, size, &e) < 0;

	if (!tap_ok(failed && e.code == NACRE_E_INPUT && !strcmp(e.where, where) &&
			    strstr(e.msg, msg) && !r.name && !r.allow_read,
		    "%s is refused", what))
		printf("# %s: %s\n", e.where, e.msg);
	if (!failed)
		nacre_registration_clear(&r);
}

#define REFUSED(text, where, msg, what) refused(text, sizeof(text) - 1, where, msg, what)

static void minimal_file_gets_defaults(void)
{
	struct nacre_registration r;

	if (!tap_ok(parse(&r, BASE, strlen(BASE), NULL) == 0, "the required keys are enough"))
		return;
	tap_is_string(r.name, "x", "the name is kept");
	tap_is_string(r.file, "/r/x.conf", "the file is kept");
	tap_is_string(r.backend, "process", "the backend is process by default");
	tap_is_string(r.soname, "", "a missing soname is empty");
	tap_is_number(r.memory_mb, 1024, "memory is 1024 by default");
	tap_is_number(r.deadline_ms, 0, "the deadline is the interface's by default");
	tap_ok(r.profile == NACRE_PROFILE_BALANCED, "the profile is balanced by default");
	tap_ok(!r.cold && !r.allow_net && !r.allow_fork,
	       "nothing is allowed by default");
	tap_ok(r.allow_read && !r.allow_read[0] && r.environment && !r.environment[0],
	       "lists are empty, not NULL");
	nacre_registration_clear(&r);
	tap_ok(!r.name && !r.allow_read, "clearing leaves nothing");
	nacre_registration_clear(&r);
}

static void whole_file_is_read(void)
{
	static const char text[] =
		"# a comment\n\n  extension\t=\t/lib/a b#c.so  \n"
		"soname = libx.so.1\n"
		"interface=x\noverlay = /o/x.h\nproxy = /d/x.so\nstub = /d/stub.so\nvproc = /v\n"
		"backend = process\ndeadline_ms = 250\nmemory_mb = 0\nprofile = thrifty\ncold = "
		"yes\n"
		"allow_net = no\nallow_fork = yes\nallow_read = /a\nallow_read = /b\n"
		"allow_write = /c\nallow_syscall = openat\nenvironment = A=b = c\nenvironment = "
		"_B1=";
	struct nacre_registration r;
	struct nacre_error e;

	if (!tap_ok(parse(&r, text, sizeof(text) - 1, &e) == 0, "every key is understood")) {
		printf("# %s: %s\n", e.where, e.msg);
		return;
	}
	tap_is_string(r.extension, "/lib/a b#c.so", "blanks around a value go, those in it stay");
	tap_is_number(r.deadline_ms, 250, "the deadline is read");
	tap_is_number(r.memory_mb, 0, "no memory limit is read");
	tap_ok(r.profile == NACRE_PROFILE_THRIFTY, "the profile is read");
	tap_ok(r.cold && r.allow_fork && !r.allow_net, "yes and no are read");
	tap_ok(!strcmp(r.allow_read[0], "/a") && !strcmp(r.allow_read[1], "/b") && !r.allow_read[2],
	       "a repeated key makes a list, in order");
	tap_is_string(r.environment[0], "A=b = c", "a variable may hold = and blanks");
	tap_is_string(r.environment[1],
		      "_B1=", "a variable may be empty; the last line needs no end");
	nacre_registration_clear(&r);
}

static void wrong_lines_are_refused(void)
{
	REFUSED(BASE "colour = red\n", "/r/x.conf:6", "unknown key 'colour'", "an unknown key");
	REFUSED(BASE "stub = /e\n", "/r/x.conf:6", "given twice", "a scalar key given twice");
	REFUSED("extension = lib/x.so\n", "/r/x.conf:1", "absolute path", "a relative path");
	REFUSED(BASE "allow_read = .\n", "/r/x.conf:6", "absolute path",
		"a relative path in a list");
	REFUSED(BASE "memory_mb = 1G\n", "/r/x.conf:6", "whole number", "a number with a unit");
	REFUSED(BASE "memory_mb = -1\n", "/r/x.conf:6", "whole number", "a negative number");
	REFUSED(BASE "deadline_ms = 0x10\n", "/r/x.conf:6", "whole number", "a hexadecimal number");
	REFUSED(BASE "deadline_ms = 18446744073709551617\n", "/r/x.conf:6", "too large",
		"a number beyond 64 bits");
	REFUSED(BASE "profile = fast\n", "/r/x.conf:6", "balanced", "an unknown profile");
	REFUSED(BASE "cold = true\n", "/r/x.conf:6", "yes or no", "a boolean in other words");
	REFUSED(BASE "backend = micro\n", "/r/x.conf:6", "process", "a backend that is not there");
	REFUSED(BASE "allow_syscall = open at\n", "/r/x.conf:6", "one system call",
		"two system calls on a line");
	REFUSED(BASE "environment = novalue\n", "/r/x.conf:6", "NAME=VALUE",
		"a variable without =");
	REFUSED(BASE "environment = 1A=x\n", "/r/x.conf:6", "NAME=VALUE",
		"a variable whose name begins with a digit");
	REFUSED(BASE "environment = =x\n", "/r/x.conf:6", "NAME=VALUE",
		"a variable without a name");
	REFUSED(BASE "soname = a/b\n", "/r/x.conf:6", "letters", "a soname with a slash");
	REFUSED(BASE "soname =\n", "/r/x.conf:6", "no value", "a key without a value");
	REFUSED(BASE "nonsense\n", "/r/x.conf:6", "key = value", "a line without =");
	REFUSED(BASE "= x\n", "/r/x.conf:6", "unknown key ''", "a line without a key");
	REFUSED(BASE "soname = a\0b\n", "/r/x.conf:6", "0x00", "a NUL byte");
	REFUSED(BASE "allow_read = /a\tb\n", "/r/x.conf:6", "tab", "a tab within a value");
	REFUSED(BASE "soname = a\r\n", "/r/x.conf:6", "0x0d", "a carriage return");
	REFUSED(BASE "# \x1b[31m\n", "/r/x.conf:6", "0x1b", "an escape sequence in a comment");
	REFUSED("interface = x\n", "/r/x.conf", "extension is missing",
		"a file without an extension");
	REFUSED("", "/r/x.conf", "extension is missing", "an empty file");
}

/* @text, then @count times @unit, then a newline. */
static char *repeat(const char *text, const char *unit, size_t count)
{
	size_t size = strlen(text), step = strlen(unit);
	char *result = malloc(size + step * count + 2);

	memcpy(result, text, size);
	for (size_t i = 0; i < count; i++)
		memcpy(result + size + i * step, unit, step);
	strcpy(result + size + count * step, "\n");
	return result;
}

static void sizes_are_bounded(void)
{
	char *text = repeat(BASE "allow_read = /", "a", 5000);

	refused(text, strlen(text), "/r/x.conf:6", "longer than", "an overlong line");
	free(text);
	text = repeat(BASE "allow_read = /", "a", 4095);
	refused(text, strlen(text), "/r/x.conf:6", "4095", "an overlong path");
	free(text);
	text = repeat(BASE, "allow_read = /a\n", REGISTRY_LIST_MAX + 1);
	refused(text, strlen(text), "/r/x.conf:1030", "more than", "an overlong list");
	free(text);
	text = repeat(BASE, "#\n", REGISTRY_FILE_MAX);
	refused(text, strlen(text), "/r/x.conf", "larger than", "an overlong file");
	free(text);
}

static void long_file_names_keep_their_end(void)
{
	struct nacre_registration r;
	struct nacre_error e;

	nacre_registration_parse(&r,
				 "/home/somebody/with/a/long/name/.config/nacre/registry.d/x.conf",
				 "x", "a\n", 2, &e);
	tap_is_string(e.where, ".../long/name/.config/nacre/registry.d/x.conf:1",
		      "an error keeps the end of a long file name");
}

int main(void)
{
	minimal_file_gets_defaults();
	whole_file_is_read();
	wrong_lines_are_refused();
	sizes_are_bounded();
	long_file_names_keep_their_end();
	return tap_done();
}
