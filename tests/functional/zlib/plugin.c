/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin.c - a plug-in that is itself linked with libz */
#include <zlib.h>

unsigned long plugin_sum(const unsigned char *data, unsigned size);
void *plugin_function(void);

unsigned long plugin_sum(const unsigned char *data, unsigned size)
{
	return crc32(0, data, size);
}

void *plugin_function(void)
{
	return (void *)crc32;
}
