/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON (RFC 8259).  Knows no schema. */
#include "base/json.h"

struct json json_of(struct text *out)
{
	return (struct json){ .out = out };
}

static void begin(struct json *j, const char *key)
{
	if (j->comma)
		text_char(j->out, ',');
	if (j->pretty && j->depth == 1)
		text_char(j->out, '\n');
	if (key) {
		text_char(j->out, '"');
		text_escape_json(j->out, span_of(key));
		text_put(j->out, "\":");
	}
	j->comma = true;
}

void json_open(struct json *j, const char *key)
{
	begin(j, key);
	text_char(j->out, '{');
	j->comma = false;
	j->depth++;
}

void json_close(struct json *j)
{
	text_char(j->out, '}');
	j->comma = true;
	j->depth--;
}

void json_open_array(struct json *j, const char *key)
{
	begin(j, key);
	text_char(j->out, '[');
	j->comma = false;
	j->depth++;
}

void json_close_array(struct json *j)
{
	text_char(j->out, ']');
	j->comma = true;
	j->depth--;
}

void json_string(struct json *j, const char *key, const char *value)
{
	json_bytes(j, key, span_of(value));
}

void json_bytes(struct json *j, const char *key, struct span value)
{
	begin(j, key);
	text_char(j->out, '"');
	text_escape_json(j->out, value);
	text_char(j->out, '"');
}

void json_escaped(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	text_char(j->out, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			text_char(j->out, '\\');
		text_char(j->out, *value);
	}
	text_char(j->out, '"');
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	text_number(j->out, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	text_put(j->out, value ? "true" : "false");
}

void json_time(struct json *j, const char *key, struct mtime at, unsigned digits)
{
	char buffer[MTIME_TEXT];

	json_string(j, key, mtime_text(at, digits, buffer));
}
