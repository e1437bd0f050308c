#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# faults.sh - a long-running PKCS#11 host outlives its module's end, hang and lies (V5, V6)
. "$(dirname "$0")/../../functions.sh"
signer=${2:?the signing host}
scribble=${3:?the scribbler}
requires_program softhsm2-util
. "$(dirname "$0")/hsm.sh"

make_token
register_module --deadline 1000
pkcs11-tool --module "$module" --token-label test -l --pin 1234 --keypairgen --key-type rsa:2048 --id 01 \
	>/dev/null 2>&1
export ASAN_OPTIONS=detect_leaks=0 # the module is not ours
coproc HOST { exec "$nacre" exec -- "$signer" "$module" test 1234 2>&1; }
host=$HOST_PID
at_exit "kill $host 2>/dev/null"

ask()
{
	echo sign >&"${HOST[1]}"
	IFS= read -t 20 -r answer <&"${HOST[0]}" || answer="no answer"
}
virtual() # pids of the host's virtual processes: it holds a pidfd of each
{
	sed -n 's/^Pid:\t\([1-9][0-9]*\)$/\1/p' /proc/"$host"/fdinfo/* 2>/dev/null
}
says() # SENTENCE PATTERN: ask, and the answer matches
{
	ask
	# shellcheck disable=SC2016 # expanded by the inner shell
	ok "$1" sh -c 'case $1 in '"$2"') ;; *) echo "the host said: $1"; exit 1 ;; esac' sh "$answer"
}

says "the host signs" 'signed*'
says "and signs again" 'signed*'
for signal in SEGV KILL ABRT BUS ILL FPE; do
	for pid in $(virtual); do
		kill -"$signal" "$pid"
		for _ in $(seq 200); do
			[ -d /proc/"$pid" ] || break
			sleep 0.01
		done
	done
	says "after SIG$signal the host gets an error of the standard" '*CKR_DEVICE_REMOVED|*CKR_GENERAL_ERROR|*CKR_SESSION_HANDLE_INVALID'
	says "and signs at its next attempt" 'signed*'
done
for pid in $(virtual); do kill -STOP "$pid"; done
start=$(date +%s%N)
says "a stopped module ends in an error of the standard" '*CKR_DEVICE_REMOVED|*CKR_GENERAL_ERROR'
ok "at its deadline of 1 s" test $((($(date +%s%N) - start) / 1000000)) -lt 1500
says "and the host signs at its next attempt" 'signed*'

"$scribble" "$host" 2 &
declared=yes
for _ in $(seq 40); do
	ask
	case $answer in
	signed* | *CKR_DEVICE_REMOVED | *CKR_GENERAL_ERROR | *CKR_SESSION_HANDLE_INVALID) ;;
	*) declared="$answer" ;;
	esac
done
wait $!
ok "while its channel is overwritten with nonsense it gets results or errors of the standard: $declared" \
	test "$declared" = yes
sleep 3 # a quarantine may have begun
ask
says "and signs once that is over" 'signed*'
ok "the host is still the same process" kill -0 "$host"
ok "the log names the call and the cause" grep -q 'C_[A-Za-z]*: virtual process [0-9]* is lost: ' "$work/log"
exec {HOST[1]}>&-
wait "$host"
ok "the host ends in good order" test $? -eq 0
sleep 0.3
ok "nothing is left behind" sh -c '! pgrep -x "nacre-(zygote|virtual|keeper)" -a | grep -q "$0"' "$work"
finish
