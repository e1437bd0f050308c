#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fidelity.sh - unmodified PKCS#11 hosts see the same through the proxy as directly (V1, V2, V12)
. "$(dirname "$0")/../../functions.sh"
for program in softhsm2-util pkcs11-tool p11tool openssl; do requires_program "$program"; done
. "$(dirname "$0")/hsm.sh"

make_token
ok "SoftHSM2 can be registered" register_module
tool() { pkcs11-tool --module "$module" --token-label test "$@"; }
proxied() { in_host pkcs11-tool --module "$module" --token-label test "$@"; }

# same SENTENCE ARGUMENTS...: pkcs11-tool prints the same both ways, status included
same()
{
	local what=$1
	shift
	tool "$@" >"$work/direct" 2>&1
	echo "status $?" >>"$work/direct"
	proxied "$@" >"$work/proxied" 2>&1
	echo "status $?" >>"$work/proxied"
	ok "$what" diff -u "$work/direct" "$work/proxied"
}

proxied -M >"$work/mechanisms" 2>/dev/null
ok "70 mechanisms are listed through the proxy" test "$(grep -c '^  ' "$work/mechanisms")" -eq 70
same "the mechanisms and their properties are the same" -M
same "the library's description is the same" -I
same "the slots and tokens are the same" -T

ok "a key pair is generated through the proxy" \
	proxied -l --pin 1234 --keypairgen --key-type rsa:2048 --id 01 --label key
ok "an EC key pair is generated through the proxy" \
	proxied -l --pin 1234 --keypairgen --key-type EC:prime256v1 --id 02 --label ec
ok "a secret key is generated through the proxy" \
	proxied -l --pin 1234 --keygen --key-type AES:32 --id 03 --label aes --sensitive
same "objects that the proxy made look the same" -l --pin 1234 -O
same "a wrong PIN gives the same error" -l --pin 9999 -O
same "the tool's own test prints the same" -l --pin 1234 --test

echo "data to be signed" >"$work/data"
sign() { "$@" -l --pin 1234 --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file "$work/data"; }
sign tool --output-file "$work/signature.direct" >/dev/null 2>&1
ok "the proxy signs" sign proxied --output-file "$work/signature.proxied"
ok "both signatures are the same bytes" cmp "$work/signature.direct" "$work/signature.proxied"
ok "the proxy verifies what was signed directly" proxied -l --pin 1234 --verify --mechanism SHA256-RSA-PKCS \
	--id 01 --input-file "$work/data" --signature-file "$work/signature.direct"
pss()
{
	proxied -l --pin 1234 --sign --mechanism SHA256-RSA-PKCS-PSS --id 01 --input-file "$work/data" \
		--output-file "$work/pss" &&
		proxied -l --pin 1234 --verify --mechanism SHA256-RSA-PKCS-PSS --id 01 \
			--input-file "$work/data" --signature-file "$work/pss"
}
ok "an RSA-PSS signature (mechanism with a parameter) is made and verified" pss
derive()
{
	openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null |
		openssl ec -pubout -outform DER >"$work/peer" 2>/dev/null
	proxied -l --pin 1234 --derive --mechanism ECDH1-DERIVE --id 02 --input-file "$work/peer" \
		--output-file "$work/shared"
}
ok "an ECDH key is derived (parameter with embedded pointers)" derive

export GNUTLS_PIN=1234
gnutls() { p11tool --provider "$module" --login "$@"; }
gnutls_proxied() { in_host p11tool --provider "$module" --login "$@"; }
gnutls --list-all 'pkcs11:token=test' >"$work/direct" 2>&1
gnutls_proxied --list-all 'pkcs11:token=test' >"$work/proxied" 2>&1
ok "GnuTLS' p11tool lists the same objects" diff -u "$work/direct" "$work/proxied"
ok "and there are some" grep -q 'Private key' "$work/direct"
gnutls --list-mechanisms 'pkcs11:token=test' >"$work/direct" 2>&1
gnutls_proxied --list-mechanisms 'pkcs11:token=test' >"$work/proxied" 2>&1
# SoftHSM2 leaves the flags of some mechanisms as it finds them on the host's stack.
sed -i 's/ CKM_\([^ ]*\).*/ CKM_\1/' "$work/direct" "$work/proxied"
ok "and the same mechanisms" diff -u "$work/direct" "$work/proxied"
gnutls_proxied --export 'pkcs11:token=test;object=key;type=public' >"$work/proxied" 2>&1
gnutls --export 'pkcs11:token=test;object=key;type=public' >"$work/direct" 2>&1
ok "and exports the same public key" diff -u "$work/direct" "$work/proxied"
ok "the runtime had nothing to say" test ! -s "$work/log"
finish
