/* SPDX-License-Identifier: BSD-2-Clause */
/* report_html.c - print HTML in which nobody else's bytes mean anything */
#include "conversion/report_parts.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>

/* Characters that hide or turn what stands beside them (Unicode's bidirectional controls and marks). */
static bool is_deceiving(const unsigned char *s, int size)
{
	if (size == 2) /* C1 controls; U+061C */
		return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
	if (size != 3 || s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && (s[2] == 0x8b || s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf);
}

static void put_text(FILE *to, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (s && *s) {
		int size = nacre_utf8_size(s);

		if (!size || is_deceiving(s, size) || (*s < ' ' && *s != '\n' && *s != '\t') || *s == 127)
			fputs("&#xfffd;", to);
		else if (*s == '&')
			fputs("&amp;", to);
		else if (*s == '<')
			fputs("&lt;", to);
		else if (*s == '>')
			fputs("&gt;", to);
		else if (*s == '"')
			fputs("&quot;", to);
		else if (*s == '\'')
			fputs("&#39;", to);
		else
			fwrite(s, 1, (size_t)size, to);
		s += size ? size : 1;
	}
}

void nacre_html(FILE *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			fputc(*fmt, to);
			continue;
		}
		switch (*++fmt) {
		case 's': put_text(to, va_arg(ap, const char *)); break;
		case 'S': fputs(va_arg(ap, const char *), to); break;
		case 'u': fprintf(to, "%u", va_arg(ap, unsigned)); break;
		case 'd': fprintf(to, "%d", va_arg(ap, int)); break;
		case 'f': fprintf(to, "%.2f", va_arg(ap, double)); break;
		default: fputc(*fmt, to);
		}
	}
	va_end(ap);
}

void nacre_html_base64(FILE *to, const uint8_t *data, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)data[i] << 16 | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) |
				 (i + 2 < size ? data[i + 2] : 0);

		fputc(digits[three >> 18], to);
		fputc(digits[three >> 12 & 63], to);
		fputc(i + 1 < size ? digits[three >> 6 & 63] : '=', to);
		fputc(i + 2 < size ? digits[three & 63] : '=', to);
	}
}
