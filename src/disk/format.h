/* SPDX-License-Identifier: BSD-2-Clause */
/* format.h - the formats, for the table in image.c */
#ifndef NACRE_DISK_FORMAT_H
#define NACRE_DISK_FORMAT_H

#include "disk/image.h"

extern const struct nacre_image_ops nacre_image_raw;
extern const struct nacre_image_ops nacre_image_vhd;
extern const struct nacre_image_ops nacre_image_vhd_fixed;
extern const struct nacre_image_ops nacre_image_qcow2;
extern const struct nacre_image_ops nacre_image_vhdx;

#endif
