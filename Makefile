# SPDX-License-Identifier: BSD-2-Clause
# A thin front for Meson. Every target sets up what it needs on Debian 12, apt packages included.
BUILD  ?= build
PREFIX ?= /usr/local
MESON  = $(BUILD)/build.ninja

all: $(MESON)
	@ninja -C $(BUILD)

$(MESON): | deps
	@meson setup $(BUILD) --prefix=$(PREFIX) >/dev/null

deps:
	@tools/deps build
test-deps:
	@tools/deps build test
bench-deps:
	@tools/deps build test bench

demo: test-deps all
	@tools/demo $(BUILD)
	@tools/demo-machine $(BUILD)

# The whole suite, then the suite again under AddressSanitizer and UndefinedBehaviorSanitizer, and
# channel and proxy under ThreadSanitizer. Ends with "N passed, N failed".
test: test-deps all
	@tools/test $(BUILD)

bench: bench-deps all
	@bench/run $(BUILD)

# What takes minutes: a UEFI Debian is converted and booted, a Debian converts itself, disks and links fail; what is slow, under
# sanitizers.
test-long: test-deps all
	@NACRE_MUST_WORK=1 meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite long
	@[ -e $(BUILD)-asan/build.ninja ] || meson setup $(BUILD)-asan -Db_sanitize=address,undefined \
		-Db_lundef=false --prefix=$(PREFIX) >/dev/null
	@ninja -C $(BUILD)-asan >/dev/null
	@NACRE_MUST_WORK=1 meson test -C $(BUILD)-asan --no-rebuild --print-errorlogs --suite slow

# 2,000 runs with a fault at a random call (about 15 minutes).
campaign: test-deps all
	@$(BUILD)/tests/fault/campaign --runs 2000

# Ten CPU-minutes for every decoder.
fuzz: test-deps
	@tests/fuzz/run 600

# The style is checked by a test (house); this is the static analysis on top.
lint: test-deps all
	@ninja -C $(BUILD) -t compdb >/dev/null
	@clang-tidy-14 --quiet -p $(BUILD) src/base/*.c src/os/*.c src/extension/channel/*.c \
		src/extension/proxy/*.c src/extension/stub/*.c src/extension/vproc/*.c

# Where it goes is a matter of each call, not of the first that set the directory up.
install: $(MESON)
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD)
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz

.PHONY: all deps test-deps bench-deps demo test test-long bench campaign fuzz lint install clean
