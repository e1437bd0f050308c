/* SPDX-License-Identifier: BSD-2-Clause */
/* auto.h - cleanup on the declaration, and handing over what it guards */
#ifndef NACRE_BASE_AUTO_H
#define NACRE_BASE_AUTO_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void nacre_auto_free(void *p)
{
	free(*(void **)p);
}

static inline void nacre_auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void nacre_auto_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define NACRE_AUTO_FREE __attribute__((cleanup(nacre_auto_free)))
#define NACRE_AUTO_FD   __attribute__((cleanup(nacre_auto_close)))
#define NACRE_AUTO_FILE __attribute__((cleanup(nacre_auto_fclose)))

/* The guarded pointer's value; the guard lets go of it. */
#define nacre_steal(p)                                                                             \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

static inline int nacre_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
