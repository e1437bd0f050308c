/* SPDX-License-Identifier: BSD-2-Clause */
/* index.h - depmod's index of modules, for an initramfs whose modules are not compressed as the system's are
 *
 * initramfs-tools and mkinitcpio may unpack ".ko.zst" into ".ko" when they build an initramfs. The system's
 * modules.dep would then name files that are not there, and no module of the initramfs could be loaded any
 * more. So the index is written anew: modules of ours with their suffix, all others without.
 */
#ifndef NACRE_CONVERSION_INDEX_H
#define NACRE_CONVERSION_INDEX_H

#include "conversion/fixup/linux/modules.h"

/** nacre_index_text() - modules.dep. @strip: all but chosen modules lose their suffix */
void nacre_index_text(const struct nacre_modules *m, bool strip, struct nacre_text *out);
/** nacre_index_binary() - modules.dep.bin: the trie that libkmod reads (kmod: libkmod/libkmod-index.c, tools/depmod.c) */
void nacre_index_binary(const struct nacre_modules *m, bool strip, struct nacre_text *out);

/** nacre_unpacks_modules() - do initramfs-tools or mkinitcpio unpack modules? Their script and config, or empty */
bool nacre_unpacks_debian(struct nacre_span mkinitramfs, const char *suffix);
bool nacre_unpacks_arch(struct nacre_span config);

#endif
