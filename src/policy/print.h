/* SPDX-License-Identifier: BSD-2-Clause */
/* The canonical layout of a policy file (LANGUAGE S51): one rule a line where it fits, columns
 * aligned between blank lines, every comment kept. */
#ifndef WEIR_POLICY_PRINT_H
#define WEIR_POLICY_PRINT_H

#include "base/text.h"
#include "policy/syntax.h"

/* Appends the file's canonical text; the syntax must come from a text without mistakes.
 * What it appends is its own canonical text. */
void syntax_text(const struct syntax *syntax, struct text *out);

#endif
