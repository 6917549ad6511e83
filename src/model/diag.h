/* SPDX-License-Identifier: BSD-2-Clause */
/* Located complaints about an operator's text: file:line:col, what is wrong, a hint. */
#ifndef WEIR_MODEL_DIAG_H
#define WEIR_MODEL_DIAG_H

#include "base/arena.h"
#include "base/bytes.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diag {
	enum severity	severity;
	const char     *file;
	unsigned	line, column, width;	/* 1-based; width: characters to underline */
	const char     *message;
	const char     *hint;			/* behind "hint: ", or NULL */
	const char     *beside;			/* short, beside the caret ("did you mean ..."), or NULL */
	const char     *source_line;		/* the line's text, or NULL */
};

/* Owns its texts.  Kept in the order in which they were added. */
struct diags {
	struct arena	arena;
	struct diag    *list;
	size_t		n, cap;
	unsigned	errors, warnings, notes;
};

void diags_init(struct diags *d);
void diags_release(struct diags *d);
/* Copies every text of the diag. */
void diags_add(struct diags *d, const struct diag *diag);

#endif
