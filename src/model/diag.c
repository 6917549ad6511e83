/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of complaints.  Knows no language; sink prints it. */
#include "model/diag.h"

#include <stdlib.h>

#include "base/memory.h"

void diags_init(struct diags *d)
{
	*d = (struct diags){ 0 };
	arena_init(&d->arena);
}

void diags_release(struct diags *d)
{
	arena_release(&d->arena);
	free(d->list);
	*d = (struct diags){ 0 };
}

static const char *copy(struct diags *d, const char *text)
{
	return text ? arena_text(&d->arena, text, strlen(text)) : NULL;
}

void diags_add(struct diags *d, const struct diag *diag)
{
	struct diag *own;

	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 16;
		d->list = memory_grow(d->list, d->cap, sizeof(*d->list));
	}
	own = &d->list[d->n++];
	*own = *diag;
	own->file = copy(d, diag->file);
	own->message = copy(d, diag->message);
	own->hint = copy(d, diag->hint);
	own->beside = copy(d, diag->beside);
	own->source_line = copy(d, diag->source_line);
	if (diag->severity == SEVERITY_ERROR)
		d->errors++;
	else if (diag->severity == SEVERITY_WARNING)
		d->warnings++;
	else
		d->notes++;
}
