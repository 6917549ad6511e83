/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as a set of things that are known: each one is a line of text, kept by its hash.
 * Reads the document weir-audit/1; knows no packets. */
#include "cmd/baseline.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct baseline {
	uint64_t	    *hashes;		/* sorted */
	size_t		     n, cap;
	const struct report *report;		/* while it is applied */
	struct text	     line;
};

/* FNV-1a, finished by a mix: 64 bits are enough for a report's worth of lines. */
static uint64_t hash_of(const struct text *line)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < line->n; i++)
		h = (h ^ (unsigned char)line->p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

static void put_field(struct text *line, const char *field)
{
	text_put(line, field ? field : "");
	text_char(line, '\t');
}

static const char *field_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void add(struct baseline *b)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 1024;
		b->hashes = memory_grow(b->hashes, b->cap, sizeof(b->hashes[0]));
	}
	b->hashes[b->n++] = hash_of(&b->line);
}

/* Every object of an array, as a line of the named fields. */
static void add_array(struct baseline *b, const json_t *document, const char *array,
		      const char *const *fields)
{
	const json_t *list = json_object_get(document, array), *length;
	size_t i;
	json_t *object;

	json_array_foreach(list, i, object) {
		text_reset(&b->line);
		put_field(&b->line, array);
		for (size_t f = 0; fields[f]; f++)
			put_field(&b->line, field_of(object, fields[f]));
		length = json_object_get(object, "group_len");
		if (length)
			text_printf(&b->line, "/%lld", (long long)json_integer_value(length));
		add(b);
	}
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static const char *const flow_fields[] = { "source", "speaker", "group", "point", "verdict", "rule",
					   NULL };
static const char *const finding_fields[] = { "kind", "source", "speaker", "group", "point", "rule",
					      NULL };
static const char *const ras_fields[] = { "address", "hostname", "domain", NULL };

struct baseline *baseline_read(const char *file, const struct io *io, int *out_status)
{
	struct baseline *b = NULL;
	json_error_t error;
	json_t *document;
	const char *schema;

	errno = 0;					/* of a folder the parser says nothing useful */
	document = json_load_file(file, 0, &error);
	schema = field_of(document, "schema");
	if (!document) {
		complain(io, "cannot read the baseline %s: %s", file,
			 errno == EISDIR ? strerror(errno) : error.text);
		*out_status = EXIT_SYSTEM;
		return NULL;
	}
	if (!schema || strcmp(schema, "weir-audit/1") != 0) {
		complain(io, "the baseline %s is no report of weir audit -j", file);
		*out_status = EXIT_USAGE;
	} else {
		b = memory_take(sizeof(*b));
		add_array(b, document, "flows", flow_fields);
		add_array(b, document, "findings", finding_fields);
		add_array(b, document, "ras", ras_fields);
		if (b->n > 0)
			qsort(b->hashes, b->n, sizeof(b->hashes[0]), order);
	}
	json_decref(document);
	return b;
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	free(baseline->hashes);
	text_release(&baseline->line);
	free(baseline);
}

static bool is_known(const struct baseline *b)
{
	uint64_t hash = hash_of(&b->line);

	return b->n > 0 && bsearch(&hash, b->hashes, b->n, sizeof(hash), order);
}

/* Source, speaker and group as the document has them. */
static void put_pair(struct text *line, struct addr source, uint8_t kind, struct addr group)
{
	char buffer[ADDR_TEXT];
	const char *from = kind == FLOW_SOURCE_ANY	? "*"
			   : source.family != FAMILY_NONE ? addr_text(source, buffer)
							  : "";

	put_field(line, kind == FLOW_SOURCE_SPEAKER ? "" : from);
	put_field(line, kind == FLOW_SOURCE_SPEAKER ? from : "");
	put_field(line, group.family != FAMILY_NONE ? addr_text(group, buffer) : "");
}

static void put_length(struct text *line, struct addr group, uint8_t group_len)
{
	if (addr_is_there(group) && group_len < addr_bits(group))
		text_printf(line, "/%u", group_len);
}

static bool knows_flow(void *context, const struct report_flow *flow)
{
	struct baseline *b = context;

	text_reset(&b->line);
	put_field(&b->line, "flows");
	put_pair(&b->line, flow->key.source, flow->key.kind, flow->key.group);
	put_field(&b->line, point_name(flow->key.point));
	put_field(&b->line, action_name(flow->verdict.action));
	put_field(&b->line, report_rule_name(b->report->boundary, flow->verdict.rule));
	put_length(&b->line, flow->key.group, flow->key.group_len);
	return is_known(b);
}

/* A name as jansson returns it: JSON's escapes undone, weir's own (\xNN) left. */
static void put_name(struct text *line, const struct ras_name *name)
{
	text_escape_utf8(line, (struct span){ name->bytes, name->n });
	text_char(line, '\t');
}

static bool knows_host(struct baseline *b, const struct ras_host *host)
{
	char buffer[ADDR_TEXT];

	text_reset(&b->line);
	put_field(&b->line, "ras");
	put_field(&b->line, addr_text(host->address, buffer));
	put_name(&b->line, &host->hostname);
	put_name(&b->line, &host->domain);
	return is_known(b);
}

static bool knows_finding(void *context, const struct report_finding *f)
{
	struct baseline *b = context;

	if (f->kind == FINDING_RAS && !knows_host(b, f->host))
		return false;
	text_reset(&b->line);
	put_field(&b->line, "findings");
	put_field(&b->line, finding_name(f->kind));
	put_pair(&b->line, f->source, f->source_kind, f->group);
	put_field(&b->line, f->point != POINT_NONE ? point_name(f->point) : "");
	put_field(&b->line, f->rule != RULE_NONE ? report_rule_name(b->report->boundary, f->rule)
						 : "");
	put_length(&b->line, f->group, f->group_len);
	return is_known(b);
}

static bool knows_ras(void *context, const struct ras_host *host)
{
	return knows_host(context, host);
}

void baseline_apply(struct baseline *baseline, struct report *report)
{
	const struct report_known known = { .flow = knows_flow, .finding = knows_finding,
					    .host = knows_ras, .context = baseline };

	baseline->report = report;
	report_leave_out(report, &known);
	baseline->report = NULL;
}
