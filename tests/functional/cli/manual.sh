# SPDX-License-Identifier: BSD-2-Clause
# manual.sh - the manual, the help, the completion and the source tell the same story

. "$(dirname "$0")/common.sh"
man=$NACRE_SOURCES/man

if command -v mandoc >/dev/null; then
	for page in "$man"/*.[157]; do
		ok "$(basename "$page") is well-formed" mandoc -Tlint -Wwarning "$page"
		is "$(cat "$work/out")" "" "and mandoc has nothing to say about it"
	done
else
	skip "the manual pages are well-formed" "mandoc is not installed"
fi

# The options of one command, "-n --lines" on a line each, as nacre(1) has them.
manual_options()
{
	awk -v command="$1" '
		/^\.Ss / { on = $2 == "nacre" && ($3 == command || $4 == command) }
		/^\.S[hH] / { on = 0 }
		on && /^\.It Fl / {
			line = ""
			for (i = 3; i <= NF && $i != "Ar" && $i != "Ns"; i++) {
				if ($i == ",")
					continue
				line = line (line ? " " : "") "-" $i
			}
			print line
		}' "$man/nacre.1" | sort
}

help_options()
{
	"$NACRE" "$1" --help | sed -n 's/^  *\(-.\), \(--[a-z-]*\).*/\1 \2/p; s/^  *\(--[a-z-]*\).*/\1/p' |
		grep -v -e '--help' | sort
}

commands=$("$NACRE" help | sed -n 's/^  \([a-z]*\) .*/\1/p')
is "$(sed -n 's/^\.Ss nacre \(Cm \)\{0,1\}\([a-z]*\).*/\2/p' "$man/nacre.1" | sort | tr '\n' ' ')" \
	"$(echo "$commands" | sort | tr '\n' ' ')" "nacre(1) explains the commands that there are"
for command in $commands; do
	is "$(manual_options "$command")" "$(help_options "$command")" \
		"nacre(1) and $command --help name the same options"
done

# Registry keys: the manual against the parser.
registration who "$work/who.so" who.so.1 "$work/proxy.so"
cat >>"$NACRE_REGISTRY/registry.d/who.conf" <<-END
	allow_read = /a
	allow_write = /a
	allow_syscall = openat
	environment = A=1
END
is "$(sed -n 's/^\.It Cm \([a-z_]*\).*/\1/p' "$man/nacre-registry.5" | sort | tr '\n' ' ')" \
	"$("$NACRE" list -v | sed -n 's/^    \([a-z_][a-z_]*\) .*/\1/p' | grep -v '^file$' | sort | tr '\n' ' ')" \
	"nacre-registry(5) explains the keys that there are"

# Words of overlays: the manual against the header.
header_words()
{
	sed -n '/^ \* The interface/,/^ \*\//s/^ \*   \([a-z].*\)/\1/p' \
		"$NACRE_SOURCES/include/nacre/overlay.h" |
		sed 's/  .*//; s/([^()]*)//g' | tr '|,' '\n\n' | tr -s ' ' '\n' |
		grep -x '[a-z_]\{2,\}' | sort -u
}
manual_words()
{
	sed -n 's/^\.It Ic \([a-z].*\)/\1/p' "$man/nacre-overlay.7" |
		sed 's/Ns Po .*Pc , Ic/,/; s/Ns Po.*//; s/Pc , Ic/,/g' | tr ',' '\n' |
		tr -s ' ' '\n' | grep -x '[a-z_]\{2,\}' | sort -u
}
for word in $(header_words); do
	ok "nacre-overlay(7) explains $word" grep -qw "^\.It Ic .*$word" "$man/nacre-overlay.7"
done
for word in $(manual_words); do
	ok "overlay.h knows $word" grep -qw "$word" "$NACRE_SOURCES/include/nacre/overlay.h"
done

if command -v bash >/dev/null; then
	"$NACRE" completion bash >"$work/completion"
	cat >"$work/complete.sh" <<-'END'
		. "$1"
		shift
		compopt() { :; }
		PATH=$(dirname "$NACRE"):$PATH
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_nacre
		echo "${COMPREPLY[@]}"
	END
	complete()
	{
		bash "$work/complete.sh" "$work/completion" nacre "$@" 2>&1
	}
	is "$(complete reg)" "register" "the completion knows the commands"
	is "$(complete register --allow-r)" "--allow-read" "and their options"
	is "$(complete register --max)" "--max-failures" "(all of them)"
	is "$(complete register --profile '')" "balanced latency thrifty" "and choices"
	is "$(complete unregister '')" "who" "and registrations"
	is "$(complete list -)" "--json --names --verbose --help" "each command's own"
	fails 7 "another shell is refused" "$NACRE" completion fish
else
	skip "the completion knows the commands" "bash is not installed"
fi
finish
