/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer_seeds.c - what both ends of a transfer really say becomes inputs of their fuzzers:
 * transfer_seeds DIRECTORY (with a directory for each of them)
 *
 * An input of yesterday's wire gets no further than to its first frame today. So tests/fuzz/run has
 * these made anew: the fuzzers' own source and their own sink talk to each other, and what passes
 * is written down.
 */
#define LLVMFuzzerTestOneInput fuzz_serve
#include "fuzz_transfer_serve.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_stream
#include "fuzz_transfer_stream.c"

#include <pthread.h>
#include <sys/socket.h>

enum { MOST = 1 << 20, WRITE_CUT = 512 };

/* One direction: what is read at @from is written down, and to @to. */
struct tap {
	pthread_t thread;
	int from, to;
	size_t size;
	uint8_t bytes[MOST];
};

static void *tap_run(void *arg)
{
	struct tap *t = arg;
	ssize_t n;

	while ((n = read(t->from, t->bytes + t->size, sizeof(t->bytes) - t->size)) > 0) {
		if (write(t->to, t->bytes + t->size, (size_t)n) != n)
			abort();
		t->size += (size_t)n;
	}
	shutdown(t->to, SHUT_WR);
	return NULL;
}

static void *serve_run(void *arg)
{
	struct nacre_serve_options o = {.in = *(int *)arg, .out = *(int *)arg, .open = open_sink};
	struct nacre_error e = {0};

	if (nacre_serve(&o, &e))
		fprintf(stderr, "transfer_seeds: the sink: %s: %s\n", e.where, e.msg);
	shutdown(o.out, SHUT_WR);
	return NULL;
}

/* As frames.h reads it. The data of a write is cut: any will do. */
static void write_seed(const struct tap *t, uint8_t flags, const char *directory, const char *name)
{
	static uint8_t unpacked[NACRE_FRAME_DATA];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		exit(1);
	}
	fputc(flags, f);
	for (size_t at = 0; at + NACRE_FRAME_HEAD <= t->size;) {
		const uint8_t *head = t->bytes + at, *fields = head + NACRE_FRAME_HEAD;
		size_t field_size = nacre_le32(head + 8), data_size = nacre_le32(head + 12);
		bool zstd = nacre_le16(head + 6) & NACRE_FRAME_ZSTD;
		const uint8_t *data = fields + field_size;
		uint8_t out[6] = {(uint8_t)nacre_le16(head + 4), zstd};

		at += NACRE_FRAME_HEAD + field_size + data_size;
		if (zstd) {
			data_size = ZSTD_decompress(unpacked, sizeof(unpacked), data, data_size);
			data = unpacked;
		}
		if (out[0] == NACRE_FRAME_WRITE)
			data_size = WRITE_CUT;
		nacre_put_le16(out + 2, (uint16_t)field_size);
		nacre_put_le16(out + 4, (uint16_t)data_size);
		fwrite(out, 1, sizeof(out), f);
		fwrite(fields, 1, field_size, f);
		fwrite(data, 1, data_size, f);
	}
	if (fclose(f))
		exit(1);
}

static void talk(uint8_t flags, const char *in, const char *name)
{
	static struct tap asked, answered;
	int client[2], server[2];
	struct nacre_stream_options o = {.watch = -1, .name = "web1"};
	struct input nothing = {&flags, &flags};
	struct frames f = {.in = &nothing, .link.out = -1, .flags = flags};
	struct nacre_error e = {0};
	struct nacre_sink *sink;
	char directory[4000];
	pthread_t serving;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, client) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, server))
		exit(1);
	asked.size = answered.size = 0;
	asked.from = answered.to = client[1];
	answered.from = asked.to = server[0];
	pthread_create(&asked.thread, NULL, tap_run, &asked);
	pthread_create(&answered.thread, NULL, tap_run, &answered);
	pthread_create(&serving, NULL, serve_run, &server[1]);
	o.in = o.out = client[0];
	sink = nacre_stream_open(&o, &e);
	if (!sink || convert(sink, &f, &e)) {
		fprintf(stderr, "transfer_seeds: %s: %s: %s\n", name, e.where, e.msg);
		exit(1);
	}
	nacre_sink_close(sink);
	pthread_join(asked.thread, NULL);
	pthread_join(serving, NULL);
	pthread_join(answered.thread, NULL);
	snprintf(directory, sizeof(directory), "%s/transfer_serve", in);
	write_seed(&asked, 0, directory, name);
	snprintf(directory, sizeof(directory), "%s/transfer_stream", in);
	write_seed(&answered, flags, directory, name);
	close(client[1]);
	close(server[0]);
	close(server[1]);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: transfer_seeds DIRECTORY\n");
		return 2;
	}
	talk(0, argv[1], "whole");
	talk(FIXED_HERE, argv[1], "whole-fixed-here");
	return 0;
}
