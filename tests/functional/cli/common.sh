# SPDX-License-Identifier: BSD-2-Clause
# common.sh - a registry of the test's own, and libraries that say who they are

. "$(dirname "$0")/../../functions.sh"
requires_file "$NACRE"
CC=${CC:-cc}
unset NACRE_LEARN NACRE_LOG_LEVEL LD_AUDIT LD_LIBRARY_PATH
export NACRE_REGISTRY="$work/registry" NACRE_LOG="$work/log" HOME="$work/home"
mkdir -p "$NACRE_REGISTRY/registry.d" "$HOME"

# library FILE WORDS [SONAME]: a shared object whose who() returns WORDS.
library()
{
	mkdir -p "$(dirname "$1")"
	echo "const char *who(void); const char *who(void) { return \"$2\"; }" >"$work/library.c"
	$CC -shared -fPIC ${3:+-Wl,-soname,$3} "$work/library.c" -o "$1"
}

# dlopen_host FILE: a program that opens each argument and prints its who().
dlopen_host()
{
	cat >"$work/host.c" <<-END
		#include <dlfcn.h>
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			for (int i = 1; i < argc; i++) {
				void *object = dlopen(argv[i], RTLD_NOW);
				const char *(*who)(void) = object ? dlsym(object, "who") : NULL;

				puts(who ? who() : dlerror());
				if (object)
					dlclose(object);
			}
			return 0;
		}
	END
	$CC "$work/host.c" -o "$1" -ldl
}

# registration NAME EXTENSION SONAME PROXY: a drop-in file as register would write it.
registration()
{
	touch "$work/stub.so"
	cat >"$NACRE_REGISTRY/registry.d/$1.conf" <<-END
		extension = $2
		${3:+soname = $3}
		interface = test
		proxy = $4
		stub = $work/stub.so
		vproc = /bin/true
	END
}
