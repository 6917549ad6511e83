/* SPDX-License-Identifier: BSD-2-Clause */
/* The canonical text of expressions, clauses and rules, each on one line, and the names that
 * are made of it. */
#ifndef WEIR_POLICY_TEXT_H
#define WEIR_POLICY_TEXT_H

#include "base/text.h"
#include "policy/syntax.h"

/* Each appends to `out`. */
void expr_text(const struct expr *expr, struct text *out);
/* A name, address, prefix, pattern or range. */
void item_text(const struct expr *expr, struct text *out);
/* "to { 224.0.1.1, ff0x::101 }" */
void clause_text(const struct clause *clause, struct text *out);
/* All clauses in canonical order, blanks between. */
void clauses_text(const struct rule_syntax *rule, struct text *out);
/* "limit 20/s burst 100 by source" */
void action_text(const struct rule_syntax *rule, struct text *out);
/* "over 1000 warn 900 new 1/s then deny", behind "police sa by source". */
void police_text(const struct rule_syntax *rule, struct text *out);
/* A text in quotes, escaped. */
void quoted_text(const char *string, struct text *out);
/* "2027-03-31" */
void day_text(int64_t day, struct text *out);
/* `as NAME "text" ref "..." owner "..." until D`, those that are there, a blank before each. */
void trailers_text(const struct trailers *trailers, struct text *out);

/* The name that a rule has without `as` (LANGUAGE S34), in the arena. */
const char *derived_name(const struct rule_syntax *rule, struct arena *arena);

#endif
