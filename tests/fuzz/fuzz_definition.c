/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_definition.c - any bytes as nacre.json: refused, or a definition that is written and read back the same */
#include "machine/definition.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nacre_error e = {.code = NACRE_OK};
	struct nacre_definition d, again;
	char *json, *xml, *whole;

	if (nacre_definition_parse((const char *)data, size, "fuzz", &d, &e)) {
		if (e.code != NACRE_E_INPUT || !e.msg[0])
			abort();
		return 0;
	}
	json = nacre_definition_json(&d, &e);
	d.uefi = false; /* whether there is firmware is not the input's affair */
	xml = nacre_definition_libvirt(&d, "/vm", &e);
	if (!json || !xml || asprintf(&whole, "{\"machine\": %s}", json) < 0)
		abort();
	if (nacre_definition_parse(whole, strlen(whole), "fuzz", &again, &e) || strcmp(d.name, again.name) ||
	    d.nic_count != again.nic_count || d.disk_count != again.disk_count || strcmp(d.disks[0].file, again.disks[0].file))
		abort();
	free(json);
	free(xml);
	free(whole);
	return 0;
}
