#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hosts.sh - unmodified programs that are linked with libz: git, pigz, Python
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/zlib.sh"
git=$(command -v git) pigz=$(command -v pigz)
python=/usr/bin/python3 # one from elsewhere in PATH may have a zlib of its own

# Only with debug messages does the log say who was answered with the proxy.
export NACRE_LOG_LEVEL=debug

usable() # NAME PROGRAM: is it there, and linked with the library that is registered?
{
	[ -n "$2" ] && [ -x "$2" ] && [ "$(readlink -f "$(linked_libz "$2")")" = "$(readlink -f "$libz")" ] &&
		return
	skip "$1 does the same" "there is no $1 that is linked with $libz"
	return 1
}

reached() # NUMBER SENTENCE: in so many processes or more the proxy was used, and nothing went wrong there
{
	ok "$2" test "$(proxied_processes)" -ge "$1"
	ok "and nothing went wrong" sh -c '! grep -v " debug " "$0"' "$NACRE_LOG"
	rm -f "$NACRE_LOG"
}

# ---- git: objects are addressed by their content, and their files are what deflate() made of it ----

history() # DIRECTORY GIT...: a repository with some commits, a merge and a tag
{
	local repository=$1
	shift
	mkdir "$repository" && cd "$repository" && "$@" init -q -b main . || return 1
	for i in 1 2 3 4; do
		seq "$i" $((i * 4000)) >numbers
		head -c $((i * 70000)) "$libz" >binary
		: >"empty$i"
		"$@" add . && "$@" commit -q -m "commit $i" || return 1
	done
	"$@" checkout -q -b side HEAD~2 && echo side >side && "$@" add side && "$@" commit -q -m side &&
		"$@" checkout -q main && "$@" merge -q -m merge side && "$@" tag -a -m tagged v1
}

objects() # DIRECTORY: every object's file and the sum of its bytes
{
	(cd "$1/.git/objects" && find . -type f ! -name '*.rev' ! -path './info/*' -exec sha256sum {} + | sort -k 2)
}

look() # GIT...: what is in the repository
{
	"$@" log -p --all --stat --date=iso && "$@" fsck --full --strict && "$@" status --short &&
		"$@" cat-file --batch-all-objects --batch-check && "$@" archive --format=zip HEAD | sha256sum
}

test_git()
{
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=pack.threads GIT_CONFIG_VALUE_0=1
	export GIT_CONFIG_KEY_1=gc.auto GIT_CONFIG_VALUE_1=0
	direct=$work/git.direct proxied=$work/git.proxied

	(history "$direct" "$git") >/dev/null 2>&1
	ok "git makes a history" eval "(history '$proxied' in_host '$git')"
	objects "$direct" >"$work/direct"
	objects "$proxied" >"$work/proxied"
	ok "its $(wc -l <"$work/direct") objects are the same bytes" diff -u "$work/direct" "$work/proxied"
	ok "and there are 20 or more" test "$(wc -l <"$work/direct")" -ge 20
	(cd "$direct" && look "$git") >"$work/direct" 2>&1
	(cd "$direct" && look in_host "$git") >"$work/proxied" 2>&1
	ok "what was made directly looks the same: log, fsck, archive" diff -u "$work/direct" "$work/proxied"
	(cd "$proxied" && look "$git") >"$work/proxied" 2>&1
	ok "what the proxy made looks the same directly" diff -u "$work/direct" "$work/proxied"
	(cd "$direct" && "$git" gc -q --aggressive) >/dev/null 2>&1
	ok "git packs its objects" eval "(cd '$proxied' && in_host '$git' gc -q --aggressive)"
	objects "$direct" >"$work/direct"
	objects "$proxied" >"$work/proxied"
	ok "the packs are the same bytes" diff -u "$work/direct" "$work/proxied"
	(cd "$direct" && look "$git") >"$work/direct" 2>&1
	(cd "$proxied" && look in_host "$git") >"$work/proxied" 2>&1
	ok "and can be read" diff -u "$work/direct" "$work/proxied"
	ok "a clone through git's own protocol arrives" in_host "$git" clone -q --no-local "$proxied" "$work/git.clone"
	(cd "$work/git.clone" && "$git" fsck --full --strict) >"$work/proxied" 2>&1
	ok "and is sound" test $? -eq 0
	reached 40 "git reached the proxy each time, and in the processes that it starts"
}

# ---- pigz: many threads, each with streams that it begins, resets and changes ----

test_pigz()
{
	cat "$libz" "$libz" "$host" >"$work/data"
	for how in '-1' '-6 -p 4' '-9 -z' '-p 1 -3' '-b 32 -p 3 -i' '-R'; do
		# shellcheck disable=SC2086 # several words
		"$pigz" -n -m -c $how "$work/data" >"$work/direct"
		# shellcheck disable=SC2086
		in_host "$pigz" -n -m -c $how "$work/data" >"$work/proxied"
		ok "pigz $how makes the same bytes" cmp "$work/direct" "$work/proxied"
	done
	# It unpacks with inflateBack(), which is refused as it works in the host's memory.
	in_host "$pigz" -dc "$work/direct" >"$work/again" 2>"$work/said"
	ok "pigz -d, which wants what is refused, says so and ends" grep -q '^pigz: abort: ' "$work/said"
	ok "and puts out nothing" test ! -s "$work/again"
	reached 7 "pigz reached the proxy each time"
}

# ---- Python: zlib as a module, which other modules use ----

test_python()
{
	cat >"$work/all.py" <<-'END'
		import binascii, gzip, hashlib, io, sys, zipfile, zlib

		def show(what, data):
		    print(what, len(data), hashlib.sha256(data).hexdigest())

		data = open(sys.argv[1], 'rb').read() * 3
		print(zlib.ZLIB_RUNTIME_VERSION, zlib.crc32(data), zlib.adler32(data), binascii.crc32(data, 5))
		for level in range(-1, 10):
		    packed = zlib.compress(data, level)
		    show('level %d' % level, packed)
		    assert zlib.decompress(packed) == data
		for bits in (-15, 9, 15, 31):
		    for strategy in range(5):
		        c = zlib.compressobj(6, zlib.DEFLATED, bits, 8, strategy)
		        packed = b''.join(c.compress(data[i:i + 7001]) for i in range(0, len(data), 7001))
		        packed += c.flush(zlib.Z_SYNC_FLUSH) + c.flush(zlib.Z_FULL_FLUSH) + c.flush()
		        show('bits %d, strategy %d' % (bits, strategy), packed)
		        d = zlib.decompressobj(bits)
		        out = b''
		        while not d.eof:
		            out += d.decompress(d.unconsumed_tail or packed, 30011)
		        assert out == data and not d.unused_data
		c = zlib.compressobj(zdict=data[:2000])
		packed = c.compress(data) + c.flush()
		show('with a dictionary', packed)
		d = zlib.decompressobj(zdict=data[:2000])
		assert d.decompress(packed + b'more') == data and d.unused_data == b'more'
		for wrong in (packed, b'nonsense', zlib.compress(data)[:-1], b''):
		    try:
		        zlib.decompress(wrong)
		    except zlib.error as e:
		        print(e)
		show('gzip', gzip.compress(data, mtime=0))
		assert gzip.decompress(gzip.compress(data)) == data
		f = io.BytesIO()
		with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as z:
		    z.writestr(zipfile.ZipInfo('a'), data, zipfile.ZIP_DEFLATED)
		show('zip', f.getvalue())
		assert zipfile.ZipFile(f).read('a') == data
	END
	"$python" "$work/all.py" "$libz" >"$work/direct" 2>&1
	ok "Python works directly" test $? -eq 0
	in_host "$python" "$work/all.py" "$libz" >"$work/proxied" 2>&1
	ok "Python's zlib, gzip and zipfile make the same of it" diff -u "$work/direct" "$work/proxied"
	in_host "$python" -c 'import zlib; print(open("/proc/self/maps").read())' >"$work/maps" 2>&1
	is "$(grep -o '/.*libz\.so.*' "$work/maps" | sort -u)" "$NACRE_REGISTRY/data/zlib/libz.so.1" \
		"the proxy is mapped, and no other libz"
	in_host "$python" -c 'import zlib; zlib.compressobj().copy()' >"$work/said" 2>&1
	ok "a copy of a stream, which the overlay refuses, is an exception" grep -q '^MemoryError: ' "$work/said"
	reached 3 "Python reached the proxy each time"
}

ok "zlib can be registered" register_zlib
usable git "$git" && test_git
usable pigz "$pigz" && test_pigz
usable python3 "$python" && test_python
finish
