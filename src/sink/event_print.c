/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of `weir watch`.  Names from packets are escaped by base/text.h. */
#include "sink/event_print.h"

#include "base/json.h"
#include "engine/finding.h"
#include "engine/report.h"
#include "os/localtime.h"

#define RAS_KIND EVENT_COUNT
#define POLICER_KIND (EVENT_COUNT + 1)

static const char *const words[] = { "flow", "verdict", "rule", "finding", "anomaly", "goes-on",
				     "ras", "policer" };
static const char *const labels[] = { "new flow", "verdict", "first hit", "finding", "anomaly",
				      "goes on", "ras", "policer" };
static const char *const held_words[] = { "new flows", "changed verdicts", "first hits", "findings",
					  "anomalies", "flows that go on", "news of RAS servers",
					  "news of police lines" };

static void put_line(struct event_print *print)
{
	text_char(&print->line, '\n');
	fwrite(print->line.p, 1, print->line.n, print->out);
	text_reset(&print->line);
}

static struct json begin_json(struct event_print *print, const char *event, struct mtime at)
{
	struct json j = json_of(&print->line);

	json_open(&j, NULL);
	json_time(&j, "time", at, 6);
	json_string(&j, "event", event);
	return j;
}

static void end_json(struct event_print *print, struct json *j)
{
	json_close(j);
	put_line(print);
}

static void begin_text(struct event_print *print, const char *label, struct mtime at, bool is_bad)
{
	char clock[LOCAL_TIME_TEXT];
	bool colours = print->colour && is_bad;

	text_printf(&print->line, "%s  %s%-9s%s  ", local_clock_text(at, 0, clock),
		    colours ? "\033[31m" : "", label, colours ? "\033[0m" : "");
}

/* True where the line is one too many for this second. */
static bool hold(struct event_print *print, unsigned kind)
{
	if (print->said[kind] < EVENT_LINES_MAX) {
		print->said[kind]++;
		return false;
	}
	print->held[kind]++;
	return true;
}

/* True where the same was told not long ago: a flow that the table forgot and met again. */
static bool is_repeated(struct event_print *print, const struct event *e)
{
	uint64_t hash = flow_hash(&e->key) * 31 + e->key.point * 7u + e->kind * 1009u +
			e->verdict.rule * 131u + e->verdict.action * 17u + e->which;
	uint64_t *slot = &print->recent[hash % EVENT_RECENT];

	if (e->kind == EVENT_GOES_ON)
		return false;
	if (*slot == (hash | 1))
		return true;
	*slot = hash | 1;
	return false;
}

static const char *interface_of(const struct event_print *print, const struct event *e)
{
	return e->file < print->interface_count ? print->interfaces[e->file] : "";
}

/* --- JSON --- */

static void put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	if (a.family != FAMILY_NONE)
		json_string(j, key, addr_text(a, buffer));
}

static void put_key(struct json *j, const struct flow_key *key)
{
	if (key->kind == FLOW_SOURCE_ANY)
		json_string(j, "source", "*");
	else
		put_addr(j, "source", key->source);
	put_addr(j, "group", key->group);
	if (key->point < POINT_COUNT)
		json_string(j, "point", point_name(key->point));
}

static void put_verdict(struct json *j, const struct event_print *print, struct verdict v)
{
	json_string(j, "verdict", action_name(v.action));
	json_string(j, "rule", report_rule_name(print->boundary, v.rule));
}

static void print_json(struct event_print *print, const struct event *e)
{
	struct json j = begin_json(print, words[e->kind], e->at);

	if (e->kind == EVENT_FINDING)
		json_string(&j, "kind", finding_name(e->which));
	if (e->kind == EVENT_ANOMALY)
		json_string(&j, "anomaly", anomaly_name(e->which));
	put_key(&j, &e->key);
	if (e->kind != EVENT_FINDING && e->kind != EVENT_ANOMALY)
		put_verdict(&j, print, e->verdict);
	if (e->has_ttl)
		json_number(&j, "ttl", e->ttl);
	if (e->kind == EVENT_GOES_ON) {
		json_number(&j, "packets", e->packets);
		json_number(&j, "bytes", e->bytes);
	} else {
		json_string(&j, "interface", interface_of(print, e));
	}
	end_json(print, &j);
}

/* --- text --- */

static void put_flow(struct text *t, const struct flow_key *key)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (key->kind == FLOW_SOURCE_ANY)
		text_put(t, "*");
	else if (key->source.family != FAMILY_NONE)
		text_put(t, addr_text(key->source, a));
	else
		text_put(t, "-");
	if (key->group.family != FAMILY_NONE)
		text_printf(t, " > %s", addr_text(key->group, b));
	if (key->point < POINT_COUNT)
		text_printf(t, " at %s", point_name(key->point));
}

static void put_judged(struct event_print *print, const struct event *e)
{
	const char *rule = report_rule_name(print->boundary, e->verdict.rule);
	char packets[NUMBER_TEXT], bytes[NUMBER_TEXT];
	struct text *t = &print->line;

	text_printf(t, "%-6s ", action_name(e->verdict.action));
	put_flow(t, &e->key);
	text_printf(t, "  %s", rule);
	if (e->has_ttl)
		text_printf(t, "  ttl %u", e->ttl);
	if (e->kind == EVENT_GOES_ON)
		text_printf(t, "  %s packets, %s so far", number_text(e->packets, packets),
			    bytes_text(e->bytes, bytes));
	else
		text_printf(t, "  %s", interface_of(print, e));
}

static void print_text(struct event_print *print, const struct event *e)
{
	bool is_verdict = e->kind != EVENT_FINDING && e->kind != EVENT_ANOMALY;
	bool is_bad = e->kind == EVENT_FINDING ||
		      (is_verdict && e->verdict.action >= ACTION_LIMIT && !e->is_link_local);
	struct text *t = &print->line;

	begin_text(print, labels[e->kind], e->at, is_bad);
	if (is_verdict) {
		put_judged(print, e);
		put_line(print);
		return;
	}
	text_printf(t, "%s  ", e->kind == EVENT_FINDING ? finding_name(e->which)
							: anomaly_name(e->which));
	put_flow(t, &e->key);
	text_printf(t, "  %s  %s", interface_of(print, e),
		    e->kind == EVENT_FINDING ? finding_meaning(e->which)
					     : anomaly_meaning(e->which));
	put_line(print);
}

void event_print(struct event_print *print, const struct event *event)
{
	if (is_repeated(print, event) || hold(print, event->kind))
		return;
	if (print->json)
		print_json(print, event);
	else
		print_text(print, event);
}

/* --- what is no packet --- */

void event_print_begin(struct event_print *print, struct mtime now)
{
	struct json j;

	if (!print->json)
		return;
	j = begin_json(print, "begin", now);
	json_string(&j, "schema", "weir-watch/1");
	json_open(&j, "policy");
	json_string(&j, "name", print->policy->name);
	json_string(&j, "sha256", policy_sha256(print->policy));
	json_close(&j);
	json_string(&j, "boundary", print->boundary->name);
	json_open_array(&j, "interfaces");
	for (size_t i = 0; i < print->interface_count; i++)
		json_string(&j, NULL, print->interfaces[i]);
	json_close_array(&j);
	end_json(print, &j);
}

static struct span name_of(const struct ras_name *name)
{
	return (struct span){ name->bytes, name->n };
}

static void print_ras_json(struct event_print *print, const struct ras_host *host, struct mtime now)
{
	struct json j = begin_json(print, "ras", now);

	put_addr(&j, "address", host->address);
	json_bytes(&j, "hostname", name_of(&host->hostname));
	if (host->domain.n > 0)
		json_bytes(&j, "domain", name_of(&host->domain));
	json_string(&j, "state", ras_state_name(host->state));
	json_number(&j, "count", host->count);
	if (host->hops != RAS_HOPS_UNKNOWN)
		json_number(&j, "hops", host->hops);
	if (host->authorised != RAS_NO_LIST)
		json_bool(&j, "authorised", host->authorised == RAS_AUTHORISED);
	json_bool(&j, "moved", host->moved);
	json_bool(&j, "duplicate_name", host->duplicate_name);
	end_json(print, &j);
}

static void print_ras_text(struct event_print *print, const struct ras_host *host, struct mtime now)
{
	struct text *t = &print->line;
	char a[ADDR_TEXT];

	begin_text(print, labels[RAS_KIND], now, host->authorised != RAS_AUTHORISED);
	text_printf(t, "%s  ", addr_text(host->address, a));
	text_escape(t, name_of(&host->hostname));
	if (host->domain.n > 0) {
		text_put(t, " in ");
		text_escape(t, name_of(&host->domain));
	}
	text_printf(t, "  %s", ras_state_name(host->state));
	if (host->hops != RAS_HOPS_UNKNOWN)
		text_printf(t, ", %u hops away", host->hops);
	text_printf(t, "%s%s%s", host->moved ? ", moved here" : "",
		    host->duplicate_name ? ", duplicate name" : "",
		    host->renamed ? ", renamed" : "");
	if (host->authorised != RAS_AUTHORISED)
		text_put(t, host->authorised == RAS_NO_LIST ? ", no list given"
							    : ", NOT AUTHORISED");
	put_line(print);
}

void event_print_ras(struct event_print *print, const struct ras_host *host, struct mtime now)
{
	if (hold(print, RAS_KIND))
		return;
	if (print->json)
		print_ras_json(print, host, now);
	else
		print_ras_text(print, host, now);
}

/* A line that refuses refuses on: the worst is said. */
static const char *gauge_state(const struct gauge *gauge)
{
	return gauge->denied > 0 ? "refuses" : gauge->alarmed > 0 ? "alarm" : "warns";
}

static void print_gauge_json(struct event_print *print, const struct gauge *gauge, struct mtime now)
{
	struct json j = begin_json(print, "policer", now);
	char key[ADDR_TEXT];

	json_string(&j, "rule", report_rule_name(print->boundary, gauge->rule));
	json_string(&j, "key", prefix_text(gauge->key, gauge->key_len, key));
	json_string(&j, "state", gauge_state(gauge));
	json_number(&j, "live", gauge->live);
	json_number(&j, "peak", gauge->peak);
	json_number(&j, "warned", gauge->warned);
	json_number(&j, "alarmed", gauge->alarmed);
	json_number(&j, "denied", gauge->denied);
	end_json(print, &j);
}

static void print_gauge_text(struct event_print *print, const struct gauge *gauge, struct mtime now)
{
	const struct rule *rule = print->boundary->rules[gauge->rule];
	char key[ADDR_TEXT], live[NUMBER_TEXT], over[NUMBER_TEXT];
	struct text *t = &print->line;

	begin_text(print, labels[POLICER_KIND], now, gauge->denied > 0 || gauge->alarmed > 0);
	text_printf(t, "%s %s: %s entries live", report_rule_name(print->boundary, gauge->rule),
		    prefix_text(gauge->key, gauge->key_len, key), number_text(gauge->live, live));
	if (rule->over_asked)
		text_printf(t, " of %s", number_text(rule->over, over));
	text_printf(t, ", %s", gauge_state(gauge));
	if (rule->text) {
		text_put(t, "  ");
		text_escape_utf8(t, span_of(rule->text));
	}
	put_line(print);
}

void event_print_gauge(struct event_print *print, const struct gauge *gauge, struct mtime now)
{
	if (hold(print, POLICER_KIND))
		return;
	if (print->json)
		print_gauge_json(print, gauge, now);
	else
		print_gauge_text(print, gauge, now);
}

void event_print_interface(struct event_print *print, const char *name, const char *what,
			   struct mtime now)
{
	struct json j;

	if (print->json) {
		j = begin_json(print, "interface", now);
		json_string(&j, "interface", name);
		json_string(&j, "text", what);
		end_json(print, &j);
		return;
	}
	begin_text(print, "interface", now, false);
	text_escape_utf8(&print->line, span_of(name));
	text_printf(&print->line, " %s", what);
	put_line(print);
}

/* A line of one number. */
static void print_number(struct event_print *print, const char *event, const char *key, uint64_t n,
			 const char *what, struct mtime now)
{
	char number[NUMBER_TEXT];
	struct json j;

	if (print->json) {
		j = begin_json(print, event, now);
		if (key)
			json_string(&j, "of", key);
		json_number(&j, "count", n);
		end_json(print, &j);
		return;
	}
	begin_text(print, event, now, false);
	text_printf(&print->line, "%s %s", number_text(n, number), what);
	put_line(print);
}

void event_print_others(struct event_print *print, size_t n, struct mtime now)
{
	if (n > 0)
		print_number(print, "others", "goes-on", n, "other flows go on", now);
}

void event_print_lost(struct event_print *print, uint64_t packets, uint64_t events,
		      struct mtime now)
{
	if (packets > 0)
		print_number(print, "lost", "packets", packets,
			     "packets lost by the kernel: weir was not quick enough", now);
	if (events > 0)
		print_number(print, "lost", "events", events, "news that had no room", now);
}

void event_print_tick(struct event_print *print, struct mtime now)
{
	char what[64];

	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		uint64_t held = print->held[kind];

		print->said[kind] = 0;
		print->held[kind] = 0;
		if (held == 0)
			continue;
		snprintf(what, sizeof(what), "more %s", held_words[kind]);
		print_number(print, "more", words[kind], held, what, now);
	}
	fflush(print->out);
}

void event_print_release(struct event_print *print)
{
	text_release(&print->line);
}
