/* SPDX-License-Identifier: BSD-2-Clause */
/* errors.c - what libext2fs says, as errno numbers */
#include "ext.h"

#include <errno.h>

int ext_error(const struct ext_io *io, errcode_t code)
{
	static const struct {
		errcode_t code;
		int number;
	} known[] = {
		{EXT2_ET_BAD_MAGIC, EINVAL},
		{EXT2_ET_UNSUPP_FEATURE, ENOTSUP},
		{EXT2_ET_RO_UNSUPP_FEATURE, ENOTSUP},
		{EXT2_ET_REV_TOO_HIGH, ENOTSUP},
		{EXT2_ET_EXTERNAL_JOURNAL_NOSUPP, ENOTSUP},
		{EXT2_ET_LOAD_EXT_JOURNAL, ENOTSUP},
		{EXT2_ET_NO_MEMORY, ENOMEM},
		{EXT2_ET_BLOCK_ALLOC_FAIL, ENOSPC},
		{EXT2_ET_INODE_ALLOC_FAIL, ENOSPC},
		{EXT2_ET_DIR_NO_SPACE, ENOSPC},
		{EXT2_ET_EA_NO_SPACE, ENOSPC},
		{EXT2_ET_INLINE_DATA_NO_SPACE, ENOSPC},
		{EXT2_ET_FILE_NOT_FOUND, ENOENT},
		{EXT2_ET_NO_DIRECTORY, ENOTDIR},
		{EXT2_ET_FILE_EXISTS, EEXIST},
		{EXT2_ET_DIR_EXISTS, EEXIST},
		{EXT2_ET_EA_KEY_NOT_FOUND, ENODATA},
		{EXT2_ET_MISSING_EA_FEATURE, ENODATA},
		{EXT2_ET_FILE_TOO_BIG, EFBIG},
		{EXT2_ET_FILE_RO, EROFS},
		{EXT2_ET_RO_FILSYS, EROFS},
		{EXT2_ET_INVALID_ARGUMENT, EINVAL},
		{EXT2_ET_UNIMPLEMENTED, ENOTSUP},
		{EXT2_ET_OP_NOT_SUPPORTED, ENOTSUP},
	};

	if (!code)
		return 0;
	if (io && io->failed)
		return io->failed;
	if (code > 0 && code < 4096)
		return (int)code;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == code)
			return known[i].number;
	return EUCLEAN;
}
