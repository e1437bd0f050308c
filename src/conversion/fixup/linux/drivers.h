/* SPDX-License-Identifier: BSD-2-Clause */
/* drivers.h - editors of files that choose drivers; @arg: NULL. Return: 0, -1: leave it alone */
#ifndef NACRE_CONVERSION_DRIVERS_H
#define NACRE_CONVERSION_DRIVERS_H

#include "base/text.h"

/** xorg.conf and what is in xorg.conf.d */
int nacre_edit_xorg(struct nacre_span in, void *arg, struct nacre_text *out);
/** modprobe.conf and what is in modprobe.d */
int nacre_edit_modprobe(struct nacre_span in, void *arg, struct nacre_text *out);
/** NAME.network of systemd-networkd */
int nacre_edit_network(struct nacre_span in, void *arg, struct nacre_text *out);

#endif
