/* SPDX-License-Identifier: BSD-2-Clause */
/* archive.c - what is put behind an initramfs: archive, LZ4 stream, index of modules */
#include "conversion/fixup/linux/cpio.h"
#include "conversion/fixup/linux/index.h"
#include "tap.h"

#include <sys/stat.h>
#include <unistd.h>

static char work[] = "/tmp/nacre-archive.XXXXXX";

static struct nacre_span span(const char *s)
{
	return (struct nacre_span){s, strlen(s)};
}

static int read_text(void *arg, uint64_t offset, void *data, size_t size, size_t *got)
{
	const struct nacre_text *t = arg;

	*got = offset >= t->size ? 0 : t->size - offset < size ? t->size - offset : size;
	if (*got)
		memcpy(data, t->data + offset, *got);
	return 0;
}

static struct nacre_initramfs_end look(struct nacre_text *t, int *result)
{
	struct nacre_initramfs_end end;

	*result = nacre_initramfs_look(read_text, t, t->size, &end);
	return end;
}

static void save(const char *name, const struct nacre_text *t)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", work, name);
	f = fopen(path, "w");
	fwrite(t->data, 1, t->size, f);
	fclose(f);
}

static bool shell(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && { %s; } >out 2>&1", work, command);
	return system(line) == 0;
}

static void test_archive(void)
{
	struct nacre_text early = {0}, t = {0}, big = {0}, stored = {0};
	int result;

	nacre_cpio_add(&early, "kernel", S_IFDIR | 0755, "", 0);
	nacre_cpio_add(&early, "kernel/x86", S_IFREG | 0644, "microcode", 9);
	nacre_cpio_end(&early);
	tap_is_number(early.size % 4, 0, "an archive has a multiple of 4 bytes");
	save("early.cpio", &early);
	if (shell("command -v cpio"))
		tap_ok(shell("mkdir x && cd x && cpio -id <../early.cpio && [ \"$(cat kernel/x86)\" = microcode ]"),
		       "cpio unpacks it");
	else
		tap_skip("cpio unpacks it", "cpio is not installed");
	look(&early, &result);
	tap_is_number(result, 0, "an archive alone is an initramfs");

	nacre_text_add(&t, early.data, early.size);
	nacre_text_zeroes(&t, 512);
	nacre_text_add(&t, "\x1f\x8b gzip", 8);
	tap_ok(!look(&t, &result).lz4 && result == 0, "microcode, then gzip");

	for (int i = 0; big.size < 9 << 20; i++)
		nacre_text_printf(&big, "%d line of a large file\n", i);
	nacre_lz4_store(&stored, big.data, big.size);
	save("stored.lz4", &stored);
	save("big", &big);
	if (shell("command -v lz4"))
		tap_ok(shell("lz4 -dc <stored.lz4 >got && cmp got big"), "lz4 unpacks a stream of literals, of several blocks");
	else
		tap_skip("lz4 unpacks a stream of literals, of several blocks", "lz4 is not installed");
	nacre_lz4_store(&stored, "second", 6);
	save("stored.lz4", &stored);
	if (shell("command -v lz4"))
		tap_ok(shell("{ cat big; printf second; } >want; lz4 -dc <stored.lz4 >got && cmp got want"),
		       "two streams one behind the other are one");
	t.size = early.size;
	nacre_text_add(&t, stored.data, stored.size);
	tap_ok(look(&t, &result).lz4 && result == 0, "microcode, then LZ4 up to the end: what follows has to be LZ4");
	nacre_text_zeroes(&t, 8);
	tap_ok(!look(&t, &result).lz4 && result == 0, "zeroes behind LZ4 end it");
	t.size = 0;
	nacre_text_puts(&t, "MZ");
	look(&t, &result);
	tap_is_number(result, -1, "a file that is too short is none");
	for (size_t n = 0; n < early.size; n++) {
		t.size = 0;
		nacre_text_add(&t, early.data, n);
		look(&t, &result);
	}
	tap_ok(true, "an archive that is cut short anywhere is looked at");
	nacre_text_free(&early);
	nacre_text_free(&t);
	nacre_text_free(&big);
	nacre_text_free(&stored);
}

static void test_modules(void)
{
	static const char dep[] = "kernel/a/virtio-blk.ko.zst: kernel/v/virtio.ko.zst\nkernel/v/virtio.ko.zst:\n"
				  "kernel/f/ext4.ko.zst: kernel/l/mbcache.ko.zst\nkernel/l/mbcache.ko.zst:\n"
				  "/etc/passwd.ko:\nkernel/../../x.ko:\nno colon\nkernel/v/virtio_loop.ko: kernel/v/virtio_loop.ko\n";
	struct nacre_text text = {0};
	struct nacre_modules m;

	nacre_modules_parse(&m, span(dep), span("kernel/crypto/crc32c.ko\n"), span(""), span(""));
	tap_is_number(m.count, 5, "paths that lead out of the kernel's directory are no modules");
	tap_is_number(nacre_modules_choose(&m, "virtio_blk"), NACRE_MODULE_FILE, "a module is found, '-' or '_'");
	tap_is_number(nacre_modules_choose(&m, "crc32c"), NACRE_MODULE_BUILTIN, "one that is built in is told");
	tap_is_number(nacre_modules_choose(&m, "none"), NACRE_MODULE_NONE, "and one that is not there");
	tap_is_number(nacre_modules_choose(&m, "virtio_loop"), NACRE_MODULE_FILE, "one that needs itself does not hang");
	nacre_index_text(&m, true, &text);
	tap_is_string(text.data,
		      "kernel/f/ext4.ko: kernel/l/mbcache.ko\nkernel/l/mbcache.ko:\nkernel/v/virtio.ko.zst:\n"
		      "kernel/a/virtio-blk.ko.zst: kernel/v/virtio.ko.zst\nkernel/v/virtio_loop.ko: kernel/v/virtio_loop.ko\n",
		      "an index for unpacked modules keeps the suffix of ours only");
	nacre_text_free(&text);
	nacre_modules_free(&m);
	tap_ok(nacre_unpacks_debian(span("find -name '*.ko.*'\n\tzstd -q -d --rm \"${ko}\"\n"), ".zst"),
	       "Debian's mkinitramfs unpacks modules");
	tap_ok(!nacre_unpacks_debian(span("nothing"), ".zst"), "an older one does not");
	tap_ok(nacre_unpacks_arch(span("MODULES=()\n")) && nacre_unpacks_arch(span("#MODULES_DECOMPRESS=\"yes\"\n")),
	       "so did mkinitcpio");
	tap_ok(!nacre_unpacks_arch(span("#MODULES_DECOMPRESS=\"no\"\n")) &&
		       !nacre_unpacks_arch(span("MODULES_DECOMPRESS='no'\n#MODULES_DECOMPRESS=\"yes\"\n")),
	       "newer ones do not");
}

/* The binary index against kmod itself: the modules of a kernel that is installed here, or a few. */
static void test_binary(void)
{
	static const char *const names[] = {"a", "ab", "abc", "virtio", "virtio_blk", "virtio_net", "zz", NULL};
	struct nacre_text dep = {0}, binary = {0};
	struct nacre_modules m;
	bool right = true;
	char line[256];

	if (!shell("command -v modprobe || command -v /sbin/modprobe")) {
		tap_skip("kmod reads the index", "kmod is not installed");
		return;
	}
	shell("mkdir -p r/lib/modules/1.0/kernel && : >r/lib/modules/1.0/modules.builtin && : >r/lib/modules/1.0/modules.order");
	for (int i = 0; names[i]; i++) {
		nacre_text_printf(&dep, "kernel/%s.ko:%s\n", names[i], i ? " kernel/a.ko" : "");
		snprintf(line, sizeof(line), ": >r/lib/modules/1.0/kernel/%s.ko", names[i]);
		shell(line);
	}
	nacre_modules_parse(&m, (struct nacre_span){dep.data, dep.size}, span(""), span(""), span(""));
	nacre_index_binary(&m, false, &binary);
	save("r/lib/modules/1.0/modules.dep.bin", &binary);
	save("r/lib/modules/1.0/modules.dep", &dep);
	for (int i = 0; names[i]; i++) {
		snprintf(line, sizeof(line), "PATH=$PATH:/sbin modprobe -d \"$PWD/r\" -S 1.0 -D %s | grep -q '/%s.ko *$'", names[i], names[i]);
		right &= shell(line);
	}
	tap_ok(right, "kmod finds each module in the index");
	tap_ok(shell("PATH=$PATH:/sbin modprobe -d \"$PWD/r\" -S 1.0 -D virtio_blk | head -n 1 | grep -q /a.ko"),
	       "and what it needs, before it");
	nacre_modules_free(&m);
	nacre_text_free(&dep);
	nacre_text_free(&binary);
}

int main(void)
{
	if (!mkdtemp(work))
		return 99;
	test_archive();
	test_modules();
	test_binary();
	shell("rm -r \"$PWD\"");
	return tap_done();
}
