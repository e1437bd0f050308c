/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c - whatever is printed is JSON */
#include "base/json.h"

#include "tap.h"

static char *text;
static size_t size;

static struct json begin(void)
{
	return (struct json){.to = open_memstream(&text, &size)};
}

static void end(struct json *j, const char *want, const char *what)
{
	fclose(j->to);
	tap_is_string(text, want, what);
	free(text);
}

int main(void)
{
	char *list[] = {(char *)"a", (char *)"b", NULL}, *empty[] = {NULL};
	struct json j = begin();

	json_begin(&j, NULL, '{');
	json_list(&j, "empty", empty);
	json_list(&j, "list", list);
	json_number(&j, "n", -5);
	json_begin(&j, "in", '{');
	json_bool(&j, "yes", true);
	json_end(&j, '}');
	json_bool(&j, "no", false);
	json_end(&j, '}');
	end(&j,
	    "{\n  \"empty\": [],\n  \"list\": [\n    \"a\",\n    \"b\"\n  ],\n  \"n\": -5,\n  "
	    "\"in\": {\n"
	    "    \"yes\": true\n  },\n  \"no\": false\n}\n",
	    "commas and nesting are right");

	j = begin();
	j.one_line = true;
	json_begin(&j, NULL, '{');
	json_list(&j, "list", list);
	json_number(&j, "n", 5);
	json_end(&j, '}');
	end(&j, "{\"list\":[\"a\",\"b\"],\"n\":5}\n", "on one line, where that is asked for");

	j = begin();
	json_text(&j, NULL, "a\"b\\c\n\x01\x7f/");
	end(&j, "\"a\\\"b\\\\c\\u000a\\u0001\x7f/\"",
	    "quotes, backslashes and controls are escaped");
	j = begin();
	json_text(&j, NULL, "\xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80");
	end(&j, "\"\xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80\"", "UTF-8 stays");
	j = begin();
	json_text(&j, NULL, "\xff \xc0\x80 \xed\xa0\x80 \xe2\x82 \xf4\x90\x80\x80 \xc3");
	end(&j,
	    "\"\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \\ufffd\\ufffd "
	    "\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\"",
	    "bytes that are no UTF-8 are replaced, each");
	return tap_done();
}
