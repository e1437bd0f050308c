/* SPDX-License-Identifier: BSD-2-Clause */
/* load_faults.c - the extension fails before the first call: while it is loaded, or in the handshake */
#include "fault.h"

#include <stdlib.h>

static const char *other(const char *variable)
{
	const char *value = getenv(variable);

	return value ? value : "/nowhere";
}

static void no_object(struct place *p)
{
	p->extension = other("NACRE_TEST_TEXT");
}

static void no_extension(struct place *p)
{
	p->extension = "/nowhere/libnothing.so";
}

static void missing_symbol(struct place *p)
{
	p->extension = other("NACRE_TEST_MISSING");
}

static void other_extension(struct place *p)
{
	p->extension = other("NACRE_TEST_OTHER");
}

static void stub_no_object(struct place *p)
{
	p->stub = other("NACRE_TEST_TEXT");
}

static void stub_is_none(struct place *p)
{
	p->stub = other("NACRE_TEST_OTHER");
}

static void stub_of_another(struct place *p)
{
	p->stub = other("NACRE_TEST_WRONG_STUB");
}

static void no_vproc(struct place *p)
{
	p->vproc = "/nowhere/nacre-vproc";
}

static void vproc_no_program(struct place *p)
{
	p->vproc = other("NACRE_TEST_TEXT");
}

static void vproc_other_program(struct place *p)
{
	p->vproc = "/bin/true";
}

#define FILL .function = "victim_fill", FAILS, .deadline = 1000, .then = THEN_FAILS
#define LOAD(text, load_, cause_) {text, .load = load_, .cause = cause_, FILL}
/* Loaded in each virtual process anew: not the zygote is hit, but what it makes. */
#define COLD(text, load_, cause_) \
	{text ", in each clone", .load = load_, .more = "cold = yes\n", .cause = cause_, FILL}
#define PREPARED(text, prepare_, cause_) {text, .prepare = prepare_, .cause = cause_, FILL}

const struct fault load_faults[] = {
	LOAD("a constructor that calls exit()", "load-exit", "ended|reached|exit"),
	LOAD("a constructor that calls _exit()", "load-quick-exit", "ended|reached|exit"),
	LOAD("a constructor that calls abort()", "load-abort", "ended|reached|SIG"),
	LOAD("a constructor that crashes", "load-segv", "ended|reached|SIG"),
	LOAD("a constructor that throws", "load-throw", "ended|reached|SIG"),
	LOAD("a constructor that hangs", "load-hang", "came up|hello|deadline"),
	LOAD("a constructor that starts a thread", "load-thread", "--cold"),
	LOAD("a constructor that floods the zygote's socket", "load-flood", "came up|makes no sense|socket"),
	LOAD("a message of an unknown kind", "load-nonsense", "makes no sense"),
	LOAD("a failure with control characters", "load-failed", "?xxx"),
	LOAD("a message that is too short", "load-short", "socket|makes no sense"),
	LOAD("a message that is too long", "load-long", "socket|makes no sense"),
	LOAD("a message with 64 descriptors", "load-descriptors", "socket|makes no sense"),
	LOAD("a clone without a descriptor", "load-no-descriptor", "makes no sense"),
	LOAD("the zygote's socket closed", "load-close", "ended|socket"),
	LOAD("a hello of another protocol", "hello-protocol", "protocol"),
	LOAD("a hello of another interface", "hello-digest", "different overlays"),
	LOAD("a hello with another number of functions", "hello-count", "different overlays"),
	LOAD("a hello of another virtual process", "hello-serial", "wrong virtual process"),
	LOAD("a hello that is too short", "hello-short", "handshake|protocol"),
	LOAD("a hello beyond all sizes", "hello-long", "hello|protocol|all sizes"),
	LOAD("a reply in place of the hello", "hello-kind", "handshake|protocol"),
	LOAD("a hello from a thread that holds no life word", "hello-no-life", "life word"),
	LOAD("no hello, as the process ends", "hello-exit", "hello|ended"),
	LOAD("no hello, as the thread ends", "hello-end", "hello"),
	LOAD("no hello", "hello-none", "hello"),
	LOAD("a hello that is late", "hello-late", "hello"),
	{"a constructor that starts a thread, in each clone", .load = "load-thread",
	 .more = "cold = yes\n", .value = 10, .deadline = 1000},
	COLD("a constructor that calls exit()", "load-exit", "ended|hello|exit"),
	COLD("a constructor that crashes", "load-segv", "ended|hello|SIG"),
	COLD("a constructor that throws", "load-throw", "ended|hello|SIG"),
	COLD("a constructor that hangs", "load-hang", "hello|came up"),
	COLD("a hello of another interface", "hello-digest", "different overlays"),
	PREPARED("an extension that is no object", no_object, "ELF|header|loader cannot"),
	PREPARED("an extension that is not there", no_extension, "No such file|not there|exist|found"),
	PREPARED("an extension with a missing symbol", missing_symbol, "undefined symbol"),
	PREPARED("an extension without the functions", other_extension, "does not have|victim_"),
	PREPARED("a stub that is no object", stub_no_object, "ELF|header|loader cannot"),
	PREPARED("a stub that is none", stub_is_none, "is no stub"),
	PREPARED("a stub of another interface", stub_of_another, "different overlays"),
	PREPARED("no nacre-vproc", no_vproc, "cannot be started|No such file"),
	PREPARED("a nacre-vproc that is no program", vproc_no_program, "cannot be started|denied"),
	PREPARED("a nacre-vproc that is another program", vproc_other_program, "ended|reached|socket"),
	{NULL}};
