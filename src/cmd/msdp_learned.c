/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing what was learned: police lines with their reasons, which a policy takes as they are, or
 * JSON.  Names out of the history are escaped. */
#include "cmd/msdp_learn.h"

static const struct {
	const char *key, *by, *action, *has;
} figures[LEARNED_COUNT] = {
	[LEARNED_PEER] = { "peer", "by peer", "then alarm", "" },
	[LEARNED_SOURCE] = { "source", "by source", "then deny", " of one source" },
	[LEARNED_NET] = { "source/24", "by source/24", "then deny", " of one /24" },
	[LEARNED_RP] = { "rp", "by rp", "then deny", " of one RP" },
};

/* The day is one of UTC. */
static void put_day(struct text *out, int64_t ns)
{
	char buffer[MTIME_TEXT];

	text_printf(out, "%.10s", mtime_text((struct mtime){ ns }, 0, buffer));
}

/* --- as a policy --- */

static void put_peer(struct learned_report *r, const struct learned_peer *p,
		     const struct learned_limit *limits)
{
	struct text *out = &r->out;

	text_put(out, "    # ");
	text_escape_utf8(out, span_of(p->days[0].peer));
	text_printf(out, ", %zu day%s since ", p->n, p->n == 1 ? "" : "s");
	put_day(out, p->days[0].day_ns);
	text_put(out, ": usually at most");
	for (unsigned what = 0; what < LEARNED_COUNT; what++)
		text_printf(out, "%s %llu%s", what ? "," : "", (unsigned long long)p->usual[what],
			    what ? figures[what].has : p->usual[what] == 1 ? " entry" : " entries");
	if (p->knows_rates)
		text_printf(out, "; %llu new ones in a minute, %llu of one source",
			    (unsigned long long)p->rates[LEARNED_PEER],
			    (unsigned long long)p->rates[LEARNED_SOURCE]);
	text_char(out, '\n');
	for (unsigned what = 0; what < LEARNED_COUNT; what++) {
		if (p->most[what] <= limits[what].over)
			continue;
		text_printf(out, "    #   but %llu%s on ", (unsigned long long)p->most[what],
			    figures[what].has);
		put_day(out, p->most_ns[what]);
		text_put(out, ", more than the limit below: if that was no storm, raise it\n");
	}
	if (p->n < r->days_good)
		text_printf(out, "    #   fewer than %zu days are little to learn from\n", r->days_good);
}

/* Why the limit is more than so many times what is usual. */
static const char *least(const struct learned_report *r, uint64_t usual)
{
	return usual * r->times < LEARNED_LEAST ? "the least, for " : "";
}

static void put_line(struct learned_report *r, const struct learned_limit *limit,
		     enum learned what)
{
	struct text *out = &r->out, rate = { 0 };

	if (limit->rate_peer)
		text_printf(&rate, " new %llu/m", (unsigned long long)limit->rate);
	text_printf(
		out, "    police sa %-12s over %llu warn %llu%s %-10s  \"%s%llu times the %llu%s of ",
		figures[what].by, (unsigned long long)limit->over, (unsigned long long)limit->warn,
		text_string(&rate), figures[what].action, least(r, limit->usual),
		(unsigned long long)r->times,
		(unsigned long long)limit->usual, figures[what].has);
	text_escape_utf8(out, span_of(limit->peer));
	if (limit->rate_peer) {
		text_printf(out, ", and %sthe %llu new ones in a minute of ", least(r, limit->rate_usual),
			    (unsigned long long)limit->rate_usual);
		text_escape_utf8(out, span_of(limit->rate_peer));
	}
	text_put(out, "\"\n");
	text_release(&rate);
}

static void put_lines(struct learned_report *r, const struct learned_boundary *b)
{
	text_put(&r->out, r->boundaries++ ? "\n" : "");
	if (b->name[0]) {
		text_put(&r->out, "    # for boundary ");
		text_escape_utf8(&r->out, span_of(b->name));
		text_put(&r->out, "\n");
	} else {
		text_put(&r->out, "    # for a boundary: these peers have none yet\n");
	}
	for (size_t i = 0; i < b->n; i++)
		put_peer(r, &b->peers[i], b->limits);
	for (unsigned what = 0; what < LEARNED_COUNT; what++)
		put_line(r, &b->limits[what], what);
}

/* --- as JSON --- */

static void json_day(struct json *j, const char *key, int64_t ns)
{
	struct text day = { 0 };

	put_day(&day, ns);
	json_string(j, key, text_string(&day));
	text_release(&day);
}

static void json_one_day(struct json *j, const struct history_peer *day)
{
	json_open(j, NULL);
	json_day(j, "day", day->day_ns);
	json_number(j, "reports", day->reports);
	json_number(j, "held", day->held);
	json_number(j, "of_source", day->of_source);
	json_number(j, "of_net", day->of_net);
	json_number(j, "of_rp", day->of_rp);
	if (day->knows_born) {
		json_number(j, "new", day->born);
		json_number(j, "new_of_source", day->born_of_source);
	}
#define X(field) json_number(j, #field, day->field);
	HISTORY_PEER_SUMS(X)
#undef X
	json_close(j);
}

static void json_peer(struct json *j, const struct learned_peer *p)
{
	json_open(j, NULL);
	json_bytes(j, "peer", span_of(p->days[0].peer));
	json_open_array(j, "days");
	for (size_t i = 0; i < p->n; i++)
		json_one_day(j, &p->days[i]);
	json_close_array(j);
	json_close(j);
}

static void json_boundary(struct json *j, const struct learned_boundary *b)
{
	json_open(j, NULL);
	if (b->name[0])
		json_bytes(j, "boundary", span_of(b->name));
	json_open_array(j, "limits");
	for (unsigned what = 0; what < LEARNED_COUNT; what++) {
		json_open(j, NULL);
		json_string(j, "by", figures[what].key);
		json_number(j, "over", b->limits[what].over);
		json_number(j, "warn", b->limits[what].warn);
		json_string(j, "then", figures[what].action + sizeof("then"));
		json_number(j, "usual", b->limits[what].usual);
		json_bytes(j, "peer", span_of(b->limits[what].peer));
		if (b->limits[what].rate_peer) {
			json_number(j, "new_per_minute", b->limits[what].rate);
			json_number(j, "new_usual", b->limits[what].rate_usual);
			json_bytes(j, "new_peer", span_of(b->limits[what].rate_peer));
		}
		json_close(j);
	}
	json_close_array(j);
	json_open_array(j, "peers");
	for (size_t i = 0; i < b->n; i++)
		json_peer(j, &b->peers[i]);
	json_close_array(j);
	json_close(j);
}

/* --- both --- */

void learned_begin(struct learned_report *r, bool is_json)
{
	r->is_json = is_json;
	if (!is_json)
		return;
	r->json = json_of(&r->out);
	json_open(&r->json, NULL);
	json_string(&r->json, "schema", "weir-msdp-learn/1");
	json_number(&r->json, "times", r->times);
	json_open_array(&r->json, "boundaries");
}

void learned_boundary_print(struct learned_report *r, const struct learned_boundary *b)
{
	if (r->is_json)
		json_boundary(&r->json, b);
	else
		put_lines(r, b);
}

void learned_end(struct learned_report *r, FILE *out)
{
	if (r->is_json) {
		json_close_array(&r->json);
		json_close(&r->json);
		text_char(&r->out, '\n');
	}
	fputs(text_string(&r->out), out);
}
