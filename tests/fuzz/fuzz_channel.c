/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_channel.c - both ends of a channel receive what a hostile peer left in the control page
 *
 * Input: the peer's line (64 bytes), then what lies in the arena.
 */
#include "extension/channel/channel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void receive(struct nacre_map *map, struct nacre_line *line, const uint8_t *data, size_t size)
{
	struct nacre_heard heard;
	struct nacre_reader in;
	size_t n;

	memcpy(line, data, size < sizeof(*line) ? size : sizeof(*line));
	if (size > sizeof(*line))
		memcpy(map->arena, data + sizeof(*line), size - sizeof(*line));
	if (nacre_map_receive(map, &heard, &in) < 0)
		return;
	while (in.at < in.end && !in.bad) {
		const uint8_t *bytes = nacre_get_bytes(&in, &n);

		for (size_t i = 0; bytes && i < n; i += 64)
			if (bytes[i] == 255 && bytes[n - 1] == 254)
				map->seen++;
	}
	nacre_map_release(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nacre_map map;

	if (!map.page && nacre_map_create(&map, NULL) < 0)
		abort();
	if (size > 60000)
		return 0;
	map.host = true;
	receive(&map, &map.page->stub, data, size);
	map.host = false;
	receive(&map, &map.page->host, data, size);
	map.host = true;
	return 0;
}
