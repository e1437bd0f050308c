/* SPDX-License-Identifier: BSD-2-Clause */
/* log.h - one line per event, to a place that the host never has to know about */
#ifndef NACRE_LOG_H
#define NACRE_LOG_H

#include <stddef.h>

/*
 * DOC: Theory of Operation
 *
 * The runtime lives in somebody else's process: it must not print. Lines go to the file that
 * $NACRE_LOG names ("stderr", "none" or a path), by default to
 * $XDG_STATE_HOME/nacre/log (~/.local/state/nacre/log; /var/log/nacre.log for root). The file is
 * opened at the first line (O_APPEND, O_CLOEXEC), each line is one write(2), so that lines of
 * several processes do not mix. No line is ever lost to a crash of the virtual process, as none
 * is written there. errno is preserved.
 */

enum nacre_log_level { NACRE_LOG_ERROR, NACRE_LOG_WARN, NACRE_LOG_INFO, NACRE_LOG_DEBUG };

/**
 * nacre_log() - write one line: time, level, process, subject, text
 * @subject: what the line is about, e.g. the extension's name; may be NULL
 */
void nacre_log(enum nacre_log_level level, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** nacre_log_path() - the file that lines go to; -1: there is none ("stderr", "none", no home) */
int nacre_log_path(char *path, size_t size);
/** nacre_log_close() - close the file; the next line opens it again */
void nacre_log_close(void);

#endif
