/* SPDX-License-Identifier: BSD-2-Clause */
/* From text to syntax: LANGUAGE 1 and 2, by recursive descent.  Every mistake is told, and
 * what could be read stands in the tree all the same. */
#ifndef WEIR_POLICY_PARSE_H
#define WEIR_POLICY_PARSE_H

#include "model/diag.h"
#include "policy/syntax.h"

/* Copies name and text into the arena.  Never NULL; diags->errors says whether it was good. */
const struct syntax *syntax_parse(struct arena *arena, const char *file, const char *text,
				  size_t n, struct diags *diags);

/* A set as --set gives it: addresses only, the braces may be left out (S24).  NULL, with
 * errors told, where it is none. */
const struct expr *set_value_parse(struct arena *arena, const char *file, const char *text,
				   struct diags *diags);

/* One line of a source without its end; NULL where it is very long or not there. */
const char *source_line(const struct source *source, unsigned line, struct arena *arena);

/* Adds a complaint about a spot.  `beside` and `hint` may be NULL. */
struct complaint {
	enum severity severity;
	const char   *beside, *hint;
};

void spot_complain(struct diags *diags, const struct spot *spot, struct complaint how,
	      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
