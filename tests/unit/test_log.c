/* SPDX-License-Identifier: BSD-2-Clause */
/* test_log.c - one line per event, where the environment says */
#include <nacre/error.h>
#include <nacre/log.h>

#include "tap.h"

#include <errno.h>
#include <unistd.h>

int main(void)
{
	char path[] = "/tmp/nacre-log-XXXXXX", text[2048] = "", *line;
	struct nacre_error e = {0};
	int fd = mkstemp(path);
	ssize_t n;

	setenv("NACRE_LOG", path, 1);
	errno = EXDEV;
	nacre_log(NACRE_LOG_ERROR, "subject", "a %s with a\nnew line", "text");
	tap_is_number(errno, EXDEV, "errno is preserved");
	nacre_log(NACRE_LOG_DEBUG, "subject", "not shown");
	nacre_log(NACRE_LOG_INFO, NULL, "%0600d", 1);
	n = read(fd, text, sizeof(text) - 1);
	tap_ok(n > 0, "lines are written");
	line = strchr(text, '\n');
	tap_ok(line && strstr(text, " error nacre[") && strstr(text, "] subject: a text with a?new line\n"),
	       "a line has level, process, subject, text, and cannot be forged");
	tap_ok(!strstr(text, "not shown"), "debug lines are left out");
	tap_ok(line && strlen(line + 1) < 513 && text[n - 1] == '\n', "an overlong line is cut and ended");
	unlink(path);

	nacre_error_set(&e, NACRE_E_SYSTEM, ENOENT, "file", "cannot open %d", 5);
	tap_is_string(e.msg, "cannot open 5: No such file or directory", "an error says what the system says");
	nacre_error_add(&e, "while %s", "reading");
	tap_is_string(e.msg, "while reading: cannot open 5: No such file or directory",
		      "context comes first");
	tap_ok(nacre_error_set(NULL, NACRE_E_FAILED, 0, "x", "y") == -1, "nobody has to want an error");
	return tap_done();
}
