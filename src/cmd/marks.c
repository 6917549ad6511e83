/* SPDX-License-Identifier: BSD-2-Clause */
/* Comments: one line for each verdict and finding, as "weir: deny adm-scoped 10.0.0.1 >
 * 239.1.2.3 at data".  Knows no file format. */
#include "cmd/marks.h"

#include "engine/report.h"

static void put_remark(struct text *out, const struct boundary *boundary, const struct remark *r)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	text_put(out, out->n ? "\nweir: " : "weir: ");
	if (r->kind == REMARK_VERDICT)
		text_printf(out, "%s %s", action_name(r->verdict.action),
			    report_rule_name(boundary, r->verdict.rule));
	else
		text_put(out, finding_name(r->kind));
	if (r->source.family != FAMILY_NONE)
		text_printf(out, " %s", addr_text(r->source, a));
	if (r->group.family != FAMILY_NONE)
		text_printf(out, " > %s", addr_text(r->group, b));
	if (r->point != POINT_NONE)
		text_printf(out, " at %s", point_name(r->point));
}

struct pcapng_link marks_link(const struct timeline *timeline, const struct packet *packet)
{
	size_t n;

	return (struct pcapng_link){
		.linktype = packet->linktype,
		.name = timeline_links(timeline, &n)[packet->link].name,
		.time_digits = timeline_inputs(timeline, &n)[packet->file].time_digits,
	};
}

void marks_write(struct pcapng_writer *writer, const struct engine *engine,
		 const struct boundary *boundary, const struct pcapng_link *link,
		 const struct packet *packet, bool always)
{
	size_t n;
	const struct remark *remarks = engine_remarks(engine, &n);
	struct text comment = { 0 };

	for (size_t i = 0; i < n; i++) {
		put_remark(&comment, boundary, &remarks[i]);
		always |= remarks[i].is_finding;
	}
	if (always)
		pcapng_write(writer, packet, link,
			     (struct span){ (const uint8_t *)comment.p, comment.n });
	text_release(&comment);
}
