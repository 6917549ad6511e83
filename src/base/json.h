/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON (RFC 8259): commas and quotes are the writer's business, and no byte of a
 * packet gets through unescaped.  A NULL key is for elements of an array and for the top. */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include "base/mtime.h"
#include "base/text.h"

struct json {
	struct text *out;
	bool	     comma;
	bool	     pretty;		/* one top-level member a line */
	unsigned     depth;
};

struct json json_of(struct text *out);
void json_open(struct json *j, const char *key);		/* { */
void json_close(struct json *j);				/* } */
void json_open_array(struct json *j, const char *key);		/* [ */
void json_close_array(struct json *j);				/* ] */
void json_string(struct json *j, const char *key, const char *value);
void json_bytes(struct json *j, const char *key, struct span value);
/* Text that text_escape() or text_escape_utf8() made safe already: its backslashes are not doubled
 * a second time. */
void json_escaped(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_time(struct json *j, const char *key, struct mtime at, unsigned digits);

#endif
