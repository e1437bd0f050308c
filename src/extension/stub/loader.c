/* SPDX-License-Identifier: BSD-2-Clause */
/* loader.c - bring extension and stub together in the virtual process */
#include "extension/stub/lane.h"

#include <dlfcn.h>

int nacre_stub_load(const char *extension, const char *stub, struct nacre_error *e)
{
	const struct nacre_stub *found;
	void *plugin, *library;

	library = dlopen(stub, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "stub", "%s", dlerror());
	found = dlsym(library, "nacre_stub");
	if (!found)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "stub",
				       "%s is no stub; run `nacre register` again", stub);
	plugin = dlopen(extension, RTLD_NOW | RTLD_LOCAL);
	if (!plugin)
		return nacre_error_set(e, NACRE_E_INPUT, 0, "extension", "%s", dlerror());
	if (found->bind(plugin, e) < 0)
		return -1;
	nacre_stub_process.stub = found;
	return 0;
}
