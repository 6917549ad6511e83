/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints about a text: where, and the line that they are about. */
#include <stdio.h>
#include <string.h>

#include "policy/parse.h"

/* A longer line tells a person nothing, and a text of one line would be copied with each of
 * its mistakes. */
#define LINE_MAX_BYTES 1000

const char *source_line(const struct source *source, unsigned line, struct arena *arena)
{
	size_t start, end;
	char *line_text;

	if (!source || line == 0 || line > source->line_count)
		return NULL;
	start = source->lines[line - 1];
	end = line < source->line_count ? source->lines[line] : source->n;
	while (end > start && (source->text[end - 1] == '\n' || source->text[end - 1] == '\r'))
		end--;
	if (end - start > LINE_MAX_BYTES)
		return NULL;
	line_text = arena_text(arena, source->text + start, end - start);
	for (size_t i = 0; i < end - start; i++)
		line_text[i] = line_text[i] ? line_text[i] : '?';	/* a NUL would end it */
	return line_text;
}

void spot_complain(struct diags *diags, const struct spot *spot, struct complaint how,
	      const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diags_add(diags, &(struct diag){
		.severity = how.severity, .file = spot->source ? spot->source->file : "",
		.line = spot->line, .column = spot->column, .width = spot->width,
		.message = message, .hint = how.hint, .beside = how.beside,
		.source_line = source_line(spot->source, spot->line, &diags->arena),
	});
}

void pointers_add(struct pointers *pointers, struct arena *arena, const void *p)
{
	const void **larger;

	if (pointers->n == pointers->cap) {
		pointers->cap = pointers->cap ? pointers->cap * 2 : 8;
		larger = arena_array(arena, pointers->cap, sizeof(*larger));
		if (pointers->n > 0)
			memcpy(larger, pointers->list, pointers->n * sizeof(*larger));
		pointers->list = larger;
	}
	pointers->list[pointers->n++] = p;
}
