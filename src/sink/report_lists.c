/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of the text report: flows that must not cross, other findings, RAS servers, MSDP,
 * changed verdicts, notes.  Everything that a packet brought is escaped.  Knows no packet. */
#include <inttypes.h>

#include "sink/report_text.h"

#define PAIR_WIDTH_MAX 44
#define NAME_WIDTH_MIN 8	/* less of a name says nothing */
#define WHY_WIDTH_MIN 12
#define WHAT_WIDTH_MIN 16
#define HOST_INDENT 18		/* behind the address of a RAS server */
#define CHANGES_WIDTH 76	/* of a change but its rules, which may have a line of their own */
#define INDENT 6		/* of what is said of a pair in the line below it */

/* --- flows --- */

/* "S > G"; the speaker alone where neither is known. */
static char *pair_text(struct addr source, uint8_t kind, struct addr group, uint8_t group_len,
		       char buffer[2 * ADDR_TEXT + 4])
{
	char a[ADDR_TEXT], b[ADDR_TEXT];
	struct addr from = kind == FLOW_SOURCE_ANY ? ADDR_ANY : source;

	if (!addr_is_there(group))
		return addr_text(from, buffer);
	snprintf(buffer, 2 * ADDR_TEXT + 4, "%-15s > %s", addr_text(from, a),
		 prefix_text(group, group_len, b));
	return buffer;
}

static void put_pair(struct sheet *s, unsigned width, const char *pair)
{
	if (strlen(pair) > width) {
		sheet_put(s, INK_PLAIN, pair);
		sheet_end(s);
		sheet_to(s, width + 3);
		return;
	}
	sheet_left(s, width, INK_PLAIN, pair);
}

/* What the registry calls a flow: its group, or where that has no name of its own the port. */
static void put_flow_name(struct text *out, const struct report_print *p,
			  const struct report_flow *flow)
{
	struct addr group = flow->key.group;
	struct group_name name = { .kind = NAME_NONE };
	const char *service = registry_port(p->registry, flow->port);

	text_reset(out);
	if (!addr_is_there(group) || flow->key.group_len < addr_bits(group))
		return;
	registry_group(p->registry, group, &name);
	if (service && (name.kind == NAME_NONE || name.kind == NAME_BLOCK || name.kind == NAME_SSM))
		text_printf(out, ":%u ", flow->port);
	else
		service = name.text;
	text_escape_utf8(out, span_of(service));
}

static char *ttl_text(const struct report_flow *flow, char buffer[NUMBER_TEXT])
{
	if (!flow->has_ttl)
		snprintf(buffer, NUMBER_TEXT, "-");
	else if (flow->ttl_min == flow->ttl_max)
		snprintf(buffer, NUMBER_TEXT, "%u", flow->ttl_min);
	else
		snprintf(buffer, NUMBER_TEXT, "%u-%u", flow->ttl_min, flow->ttl_max);
	return buffer;
}

/* The rows of a list that are not shown. */
static void print_more(struct sheet *s, size_t left)
{
	char number[NUMBER_TEXT];

	if (left == 0)
		return;
	sheet_printf(s, INK_DIM, "  ... %s more: --all", number_text(left, number));
	sheet_end(s);
}

/* Widths of columns: as wide as the widest of the rows that are shown; a name of 0 is left out.
 * Where the terminal is too narrow for all of them, a row takes two lines. */
struct layout {
	unsigned pair, name, point, packets, ttl;
	bool	 two_lines;
};

static void widen(unsigned *width, size_t n)
{
	if (n > *width)
		*width = (unsigned)n;
}

static bool is_of_kind(const struct report_print *p, const struct report_finding *f, bool scoped)
{
	return (p->report->options.vantage_inside && f->is_scoped) == scoped;
}

/* Up to the columns behind pair and name. */
static unsigned lead_of(const struct layout *l)
{
	return l->two_lines ? INDENT : 2 + l->pair + 1 + (l->name ? l->name + 1 : 0);
}

/* Leaves room for the last column: names are cut, then left out, then pairs have a line of their own. */
static void fit_layout(struct layout *l, unsigned columns)
{
	unsigned rest = l->point + 1 + l->packets + 1 + l->ttl + 1 + WHY_WIDTH_MIN;
	unsigned least = 2 + l->pair + 1 + rest;

	if (least + l->name + 1 <= columns)
		return;
	l->name = columns > least + NAME_WIDTH_MIN ? columns - least - 1 : 0;
	l->two_lines = least > columns;
}

/* Rows of two long addresses take a line of their own, and do not count. */
static struct layout layout_of(const struct sheet *s, const struct report_print *p, size_t rows,
			       bool scoped)
{
	struct layout l = { .pair = 20, .name = 4, .point = 5, .packets = 7, .ttl = 3 };
	char pair[2 * ADDR_TEXT + 4], number[NUMBER_TEXT];
	struct text name = { 0 };

	for (size_t i = 0; i < p->report->flow_finding_count && rows > 0; i++) {
		struct report_finding f = report_finding_at(p->report, i);
		struct report_flow flow;
		size_t n;

		if (!is_of_kind(p, &f, scoped))
			continue;
		rows--;
		n = strlen(pair_text(f.source, f.source_kind, f.group, f.group_len, pair));
		flow = report_finding_flow(p->report, i);
		widen(&l.pair, n <= PAIR_WIDTH_MAX ? n : 0);
		put_flow_name(&name, p, &flow);
		widen(&l.name, name.n);
		widen(&l.point, strlen(point_name(f.point)));
		widen(&l.packets, strlen(number_text(flow.packets, number)));
		widen(&l.ttl, strlen(ttl_text(&flow, number)));
	}
	text_release(&name);
	if (l.name > (s->columns >= 120 ? 28u : 15u))
		l.name = s->columns >= 120 ? 28 : 15;
	fit_layout(&l, s->columns);
	return l;
}

/* Why a flow must not cross: rule, its text and its reference; where that is wider than the
 * line, the rule and as much of the reference as fits, for RULES HIT tells what the rule says. */
static void put_why(struct sheet *s, const struct report_print *p, const struct report_finding *f,
		    enum ink ink)
{
	const struct boundary *b = p->report->boundary;
	const char *ref = f->rule < b->rule_count ? b->rules[f->rule]->ref : NULL;
	size_t room = s->columns > s->at ? s->columns - s->at : 0, n;
	struct text why = { 0 };

	report_finding_text(p->report, f, &why);
	if (why.n > room && ref) {
		text_reset(&why);
		text_printf(&why, "%s: ", report_rule_name(b, f->rule));
		n = strlen(ref);
		while (n > 0 && (why.n + n > room || (ref[n] && !strchr(",;", ref[n]))))
			n--;
		text_escape_utf8(&why, (struct span){ (const uint8_t *)ref, n });
		if (n == 0)
			text_cut(&why, why.n - 2);
	}
	sheet_left(s, 0, ink, text_string(&why));
	text_release(&why);
}

static void print_flow(struct sheet *s, const struct report_print *p, size_t index,
		       struct layout l)
{
	struct report_finding f = report_finding_at(p->report, index);
	struct report_flow flow = report_finding_flow(p->report, index);
	char pair[2 * ADDR_TEXT + 4], ttl[NUMBER_TEXT];
	struct text name = { 0 };

	sheet_put(s, INK_PLAIN, "  ");
	pair_text(f.source, f.source_kind, f.group, f.group_len, pair);
	put_flow_name(&name, p, &flow);
	if (l.two_lines) {
		sheet_printf(s, INK_PLAIN, "%s ", pair);
		sheet_left(s, 0, INK_PLAIN, text_string(&name));
		sheet_end(s);
		sheet_to(s, INDENT);
	} else {
		put_pair(s, l.pair, pair);
	}
	if (l.name)
		sheet_left(s, l.name, INK_PLAIN, text_string(&name));
	text_release(&name);
	sheet_left(s, l.point, INK_PLAIN, point_name(f.point));
	sheet_number(s, l.packets, flow.packets);
	sheet_right(s, l.ttl, INK_PLAIN, ttl_text(&flow, ttl));
	put_why(s, p, &f, ink_of(flow.verdict.action));
	sheet_end(s);
}

static void print_flows_head(struct sheet *s, const char *title, struct layout l)
{
	if (strlen(title) >= lead_of(&l)) {
		sheet_wrap(s, 0, INK_HEAD, title);
		sheet_end(s);
		title = "";
	}
	sheet_left(s, lead_of(&l) - 1, INK_HEAD, title);
	sheet_left(s, l.point, INK_DIM, "point");
	sheet_right(s, l.packets, INK_DIM, "packets");
	sheet_right(s, l.ttl, INK_DIM, "TTL");
	sheet_put(s, INK_DIM, "why");
	sheet_end(s);
}

/* The flows of one kind: those that leak, or the scoped ones that are where they belong. */
static void print_flows(struct sheet *s, const struct report_print *p, const char *title,
			bool scoped)
{
	const struct report *r = p->report;
	size_t rows = p->all ? SIZE_MAX : REPORT_ROWS, shown = 0, left = 0;
	struct layout l = layout_of(s, p, rows, scoped);

	for (size_t i = 0; i < r->flow_finding_count; i++) {
		struct report_finding f;

		if (shown == rows && !r->options.vantage_inside) {	/* all are of one kind */
			left = r->flow_finding_count - i;
			break;
		}
		f = report_finding_at(r, i);
		if (!is_of_kind(p, &f, scoped))
			continue;
		if (shown == rows) {
			left++;
			continue;
		}
		if (shown++ == 0)
			print_flows_head(s, title, l);
		print_flow(s, p, i, l);
	}
	print_more(s, left);
	if (shown > 0)
		sheet_end(s);
}

/* --- other findings --- */

static bool is_listed(const struct report_finding *f)
{
	return f->kind != FINDING_RAS && f->kind != FINDING_POLICER;
}

static struct layout others_layout(const struct report *r, size_t rows, unsigned columns)
{
	struct layout l = { .pair = 20, .name = 10, .packets = 5 };
	char pair[2 * ADDR_TEXT + 4], number[NUMBER_TEXT];

	for (size_t i = 0; i < r->other_finding_count && rows > 0; i++) {
		const struct report_finding *f = &r->other_findings[i];
		size_t n =
			strlen(pair_text(f->source, f->source_kind, f->group, f->group_len, pair));

		if (!is_listed(f))
			continue;
		rows--;
		widen(&l.pair, n <= PAIR_WIDTH_MAX ? n : 0);
		widen(&l.name, strlen(finding_name(f->kind)));
		widen(&l.packets, strlen(number_text(f->count, number)));
	}
	l.two_lines = 2 + l.name + 1 + l.pair + 1 + l.packets + 1 + WHAT_WIDTH_MIN > columns;
	return l;
}

static void print_other(struct sheet *s, const struct report_print *p,
			const struct report_finding *f, struct layout l)
{
	char pair[2 * ADDR_TEXT + 4];
	struct text why = { 0 };

	sheet_put(s, INK_PLAIN, "  ");
	sheet_left(s, l.name, INK_WARN, finding_name(f->kind));
	pair_text(f->source, f->source_kind, f->group, f->group_len, pair);
	if (l.two_lines) {
		sheet_number(s, l.packets, f->count);
		sheet_end(s);
		sheet_to(s, INDENT);
		sheet_put(s, INK_PLAIN, pair);
		sheet_end(s);
		sheet_to(s, INDENT);
	} else if (strlen(pair) > l.pair) {
		sheet_put(s, INK_PLAIN, pair);
		sheet_end(s);
		sheet_to(s, l.name + l.pair + 4);
	} else {
		sheet_left(s, l.pair, INK_PLAIN, pair);
	}
	if (!l.two_lines)
		sheet_number(s, l.packets, f->count);
	report_finding_text(p->report, f, &why);
	sheet_wrap(s, s->at, INK_PLAIN, text_string(&why));
	sheet_end(s);
	text_release(&why);
}

static void print_others_head(struct sheet *s, struct layout l)
{
	sheet_left(s, l.name + 2 + (l.two_lines ? 0 : l.pair + 1), INK_HEAD, "ALSO FOUND");
	sheet_right(s, l.packets, INK_DIM, "times");
	sheet_put(s, INK_DIM, "what");
	sheet_end(s);
}

static void print_others(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	size_t rows = p->all ? SIZE_MAX : REPORT_ROWS, shown = 0, left = 0;
	struct layout l = others_layout(r, rows, s->columns);

	for (size_t i = 0; i < r->other_finding_count; i++) {
		const struct report_finding *f = &r->other_findings[i];

		if (!is_listed(f))
			continue;
		if (shown == rows) {
			left++;
			continue;
		}
		if (shown++ == 0)
			print_others_head(s, l);
		print_other(s, p, f, l);
	}
	print_more(s, left);
	if (shown > 0)
		sheet_end(s);
}

/* --- RAS --- */

static void put_host_name(struct text *out, const struct ras_host *h)
{
	text_escape(out, (struct span){ h->hostname.bytes, h->hostname.n });
	if (h->domain.n > 0) {
		text_char(out, '.');
		text_escape(out, (struct span){ h->domain.bytes, h->domain.n });
	}
}

/* What there is to say beside the columns, each behind two blanks. */
static void put_host_flags(struct text *out, const struct ras_host *h)
{
	if (h->vlan != VLAN_NONE)
		text_printf(out, "  VLAN %u", h->vlan);
	if (h->state == RAS_LATE || h->state == RAS_GONE || h->state == RAS_RETURNED)
		text_printf(out, "  %s", ras_state_name(h->state));
	text_put(out, h->moved ? "  moved" : "");
	text_put(out, h->duplicate_name ? "  duplicate-name" : "");
	for (uint64_t left = h->notes; left; left &= left - 1)
		text_printf(out, "  %s", flag_name((unsigned)__builtin_ctzll(left)));
	if (h->tcp_segments > 0)
		text_printf(out, "  TCP 9753: %" PRIu64, h->tcp_segments);
}

static void print_host(struct sheet *s, const struct report *r, const struct ras_host *h)
{
	char a[ADDR_TEXT], first[LOCAL_TIME_TEXT], last[LOCAL_TIME_TEXT], hops[NUMBER_TEXT];
	const char *verdict = h->authorised == RAS_AUTHORISED ? "authorised"
			      : r->has_ras_list		      ? "NOT AUTHORISED"
							      : "no list given";
	struct text name = { 0 }, flags = { 0 };

	put_host_name(&name, h);
	put_host_flags(&flags, h);
	if (h->hops == RAS_HOPS_UNKNOWN)
		snprintf(hops, sizeof(hops), "? hops");
	else
		snprintf(hops, sizeof(hops), "%u hop%s", h->hops, h->hops == 1 ? "" : "s");
	sheet_put(s, INK_PLAIN, "  ");
	sheet_left(s, 15, INK_PLAIN, addr_text(h->address, a));
	sheet_left(s, s->columns < 100 ? 18 : 22, INK_PLAIN, text_string(&name));
	text_reset(&name);
	if (s->columns >= 100)
		text_printf(&name, "first %s  ", moment_text(r, h->first, first));
	text_printf(&name, "last %s  %" PRIu64 "x  %s", moment_text(r, h->last, last), h->count,
		    hops);
	if (s->at + name.n + 2 + strlen(verdict) > s->columns) {
		sheet_end(s);
		sheet_to(s, HOST_INDENT);
	}
	sheet_wrap(s, HOST_INDENT, INK_PLAIN, text_string(&name));
	sheet_put(s, INK_PLAIN, "  ");
	sheet_put(s, h->authorised == RAS_AUTHORISED ? INK_GOOD : INK_BAD, verdict);
	sheet_wrap(s, HOST_INDENT, INK_DIM, text_string(&flags));
	sheet_end(s);
	text_release(&name);
	text_release(&flags);
}

static void print_ras(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	size_t rows = p->all || r->ras_count <= REPORT_ROWS ? r->ras_count : REPORT_ROWS,
	       strangers = 0;

	if (r->ras_count == 0)
		return;
	for (size_t i = 0; i < r->ras_count; i++)
		strangers += r->ras[i]->authorised != RAS_AUTHORISED;
	if (r->has_ras_list)
		sheet_printf(s, INK_HEAD, "RAS SERVERS (%zu heard, %zu not authorised)", r->ras_count,
			     strangers);
	else
		sheet_printf(s, INK_HEAD, "RAS SERVERS (%zu heard%s)", r->ras_count,
			     s->columns < 60 ? "" : "; --authorised names those you know");
	sheet_end(s);
	for (size_t i = 0; i < rows; i++)
		print_host(s, r, r->ras[i]);
	print_more(s, r->ras_count - rows);
	sheet_put(s, INK_DIM, "  ");
	sheet_wrap(s, 2, INK_DIM, "Each is a dial-in or VPN entrance that the firewall does not see.");
	sheet_end(s);
	sheet_end(s);
}

/* --- MSDP --- */

/* Begins a new line, indented, where the part does not fit any more. */
static void put_wrapped(struct sheet *s, enum ink ink, const char *part)
{
	if (s->at + strlen(part) > s->columns) {
		sheet_end(s);
		sheet_to(s, 7);
	}
	sheet_put(s, ink, part);
}

static void put_gauge(struct sheet *s, const struct report *r, const struct gauge *g)
{
	const struct rule *line = r->boundary->rules[g->rule];
	char part[256], key[ADDR_TEXT], n[NUMBER_TEXT], limit[NUMBER_TEXT];
	static const char *const keys[] = { "peer", "source", "RP" };

	prefix_text(g->key, g->key_len, key);
	number_text(line->over, limit);
	if (g->denied > 0 && line->over_asked)
		snprintf(part, sizeof(part), "; %s %s over %s: %s refused", keys[line->police_key], key,
			 limit, number_text(g->denied, n));
	else if (g->denied > 0)
		snprintf(part, sizeof(part), "; %s %s too fast: %s refused", keys[line->police_key], key,
			 number_text(g->denied, n));
	else if (g->alarmed > 0)
		snprintf(part, sizeof(part), "; ALARM: %s %s over %s, peak %" PRIu32,
			 keys[line->police_key], key, limit, g->peak);
	else if (g->warned > 0)
		snprintf(part, sizeof(part), "; %s %s near %s, peak %" PRIu32, keys[line->police_key],
			 key, limit, g->peak);
	else
		return;
	put_wrapped(s, g->denied || g->alarmed ? INK_BAD : INK_WARN, part);
}

static void print_peer(struct sheet *s, const struct report *r, const struct police_peer *peer)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], n[NUMBER_TEXT], m[NUMBER_TEXT], part[160];

	sheet_printf(s, INK_PLAIN, "%s > %s   ", addr_text(peer->peer, a), addr_text(peer->to, b));
	snprintf(part, sizeof(part), "%s SAs, %s entries", number_text(peer->sas, n),
		 number_text(peer->peak, m));
	put_wrapped(s, INK_PLAIN, part);
	for (size_t i = 0; i < r->gauge_count; i++) {
		const struct rule *line = r->boundary->rules[r->gauges[i].rule];

		if (line->police_key != POLICE_BY_PEER || !line->over_asked || line->over == 0 ||
		    !addr_equal(r->gauges[i].key, peer->peer))
			continue;
		snprintf(part, sizeof(part), "; peer at %" PRIu64 " %% of %s",
			 (uint64_t)r->gauges[i].peak * 100 / line->over,
			 number_text(line->over, n));
		put_wrapped(s, INK_PLAIN, part);
	}
}

static void print_msdp(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	size_t rows = p->all ? SIZE_MAX : REPORT_ROWS;

	if (r->peer_count == 0)
		return;
	for (size_t i = 0; i < r->peer_count && i < rows; i++) {
		sheet_left(s, 6, INK_HEAD, i == 0 ? "MSDP" : "");
		print_peer(s, r, &r->peers[i]);
		if (i + 1 == r->peer_count || i + 1 == rows)
			for (size_t g = 0; g < r->gauge_count; g++)
				put_gauge(s, r, &r->gauges[g]);
		sheet_end(s);
	}
	print_more(s, r->peer_count > rows ? r->peer_count - rows : 0);
	sheet_end(s);
}

/* --- changes, notes --- */

static void print_change(struct sheet *s, const struct report *r, const struct report_flow *flow)
{
	char pair[2 * ADDR_TEXT + 4];
	struct text rules = { 0 };

	sheet_put(s, INK_PLAIN, "  ");
	put_pair(s, s->columns < CHANGES_WIDTH ? INDENT - 3 : 33,
		 pair_text(flow->key.source, flow->key.kind, flow->key.group, flow->key.group_len,
			   pair));
	sheet_left(s, 10, INK_PLAIN, point_name(flow->key.point));
	sheet_number(s, 9, flow->packets);
	sheet_put(s, ink_of(flow->verdict.action), action_name(flow->verdict.action));
	sheet_put(s, INK_PLAIN, " -> ");
	sheet_put(s, ink_of(flow->other.action), action_name(flow->other.action));
	text_printf(&rules, "  %s -> %s", report_rule_name(r->boundary, flow->verdict.rule),
		    report_rule_name(r->against, flow->other.rule));
	if (s->at + rules.n > s->columns) {
		sheet_end(s);
		sheet_to(s, INDENT - 2);
	}
	sheet_left(s, 0, INK_PLAIN, text_string(&rules));
	sheet_end(s);
	text_release(&rules);
}

static void print_changes(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	size_t rows = p->all ? SIZE_MAX : REPORT_ROWS, shown = 0;
	char part[NUMBER_TEXT + 48], n[NUMBER_TEXT];

	if (!r->against)
		return;
	sheet_printf(s, INK_HEAD, "BY %s, boundary %s", p->against->name, r->against->name);
	snprintf(part, sizeof(part), "   %s flow%s would be judged otherwise",
		 number_text(r->change_count, n), r->change_count == 1 ? "" : "s");
	sheet_wrap(s, 2, INK_PLAIN, part);
	sheet_end(s);
	for (size_t i = 0; i < r->flow_count && shown < rows; i++) {
		struct report_flow flow = report_flow_at(r, i);

		if (!report_flow_changes(r, &flow))
			continue;
		print_change(s, r, &flow);
		shown++;
	}
	print_more(s, r->change_count - shown);
	sheet_end(s);
}

static void put_notes(struct sheet *s, const struct report_print *p, const char *title,
		      const struct report_note *list, size_t n)
{
	char count[NUMBER_TEXT], frame[NUMBER_TEXT];
	struct text part = { 0 };

	if (n == 0)
		return;
	if (s->at > 0)
		sheet_put(s, INK_PLAIN, "      ");
	if (s->at + strlen(title) + 24 > s->columns)
		sheet_end(s);
	sheet_printf(s, INK_HEAD, "%s  ", title);
	for (size_t i = 0; i < n; i++) {
		text_reset(&part);
		text_printf(&part, "%s %s (first: packet %s", list[i].name,
			    number_text(list[i].count, count), number_text(list[i].frame, frame));
		if (p->input_count > 1 && list[i].file < p->input_count) {
			text_put(&part, " of ");
			text_escape_utf8(&part, span_of(p->inputs[list[i].file].name));
		}
		text_put(&part, i + 1 < n ? "), " : ")");
		put_wrapped(s, INK_PLAIN, text_string(&part));
	}
	text_release(&part);
}

/* Every bounded table says so where something found no room. */
static void print_full(struct sheet *s, const struct report *r)
{
	struct text words = { 0 };
	char number[NUMBER_TEXT];

	if (r->full_count == 0)
		return;
	text_put(&words, "No room was left for");
	for (size_t i = 0; i < r->full_count; i++)
		text_printf(&words, "%s %s %s", i ? "," : "", number_text(r->full[i].count, number),
			    r->full[i].meaning);
	text_char(&words, '.');
	sheet_wrap(s, 2, INK_WARN, text_string(&words));
	sheet_end(s);
	text_release(&words);
}

static void print_notes(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	char groups[NUMBER_TEXT], packets[NUMBER_TEXT];

	put_notes(s, p, "NOTES", r->notes, r->note_count);
	put_notes(s, p, "ODD PACKETS", r->anomalies, r->anomaly_count);
	if (s->at > 0)
		sheet_end(s);
	if (r->link_local_packets > 0) {
		sheet_printf(s, INK_DIM, "Link-local, never forwarded: %s group%s, %s packet%s.",
			     number_text(r->link_local_groups, groups),
			     r->link_local_groups == 1 ? "" : "s",
			     number_text(r->link_local_packets, packets),
			     r->link_local_packets == 1 ? "" : "s");
		sheet_end(s);
	}
	print_full(s, r);
	if (r->note_count + r->anomaly_count + r->link_local_packets + r->full_count > 0)
		sheet_end(s);
}

void print_lists(struct sheet *sheet, const struct report_print *print)
{
	print_flows(sheet, print, "MUST NOT CROSS", false);
	if (print->report->options.vantage_inside)
		print_flows(sheet, print, "WOULD BE STOPPED AT THE BORDER (scoped, seen inside)", true);
	print_others(sheet, print);
	print_ras(sheet, print);
	print_msdp(sheet, print);
	print_changes(sheet, print);
	print_notes(sheet, print);
}
