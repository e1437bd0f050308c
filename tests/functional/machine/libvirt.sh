#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# libvirt.sh - the domains that are written are what libvirt's schema wants
. "$(dirname "$0")/../../functions.sh"
requires_program virt-xml-validate xmllint
place="$work/a dir & <b>'s"
mkdir -p "$place"
truncate -s 1M "$place/disk0.vhd" "$place/disk0.raw"

of() # XPATH: in the last one
{
	xmllint --xpath "string($1)" "$xml"
}

ok "a BIOS machine is defined" "$DEFINITION" "$place" disk0.vhd vhd bios 52:54:00:a1:b2:c3 52:54:00:a1:b2:c4
xml=$(ls "$place"/*.xml)
ok "its domain is valid" virt-xml-validate "$xml" domain
is "$(of '//disk/driver/@type') $(of '//disk/target/@bus') $(of '//disk/source/@file')" \
	"vpc virtio $place/disk0.vhd" "its disk is a VHD behind virtio, wherever it is"
is "$(of 'count(//interface[model/@type="virtio"])') $(of '//interface[2]/mac/@address')" "2 52:54:00:a1:b2:c4" \
	"its network cards are virtio and keep their MAC"
is "$(of '//os/type/@machine')$(of '//loader')" "pc" "it has a BIOS"
ok "a UEFI machine is defined" "$DEFINITION" "$place" disk0.raw raw uefi
ok "its domain is valid" virt-xml-validate "$xml" domain
is "$(of '//disk/driver/@type') $(of '//os/type/@machine') $(of '//nvram')" "raw q35 $place/efivars.fd" \
	"it has a raw disk, and firmware with variables of its own"
ok "the firmware is there" test -r "$(of '//loader')" -a -r "$(of '//nvram/@template')"
finish
