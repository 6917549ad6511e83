/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules: actions, clauses, trailers; police lines; defaults.  LANGUAGE 1, S2, S15, S26, S45. */
#include <assert.h>
#include <string.h>

#include "base/mtime.h"
#include "policy/parser.h"

#define RATE_MAX UINT32_MAX

/* One rule while it is read. */
struct draft {
	struct rule_syntax *rule;
	struct clause	   *clauses;
	size_t		    n, cap;
	unsigned	    seen;		/* bits of clause kinds */
};

static void add_clause(struct parser *p, struct draft *d, const struct clause *clause)
{
	struct clause *larger;

	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 4;
		larger = arena_array(p->arena, d->cap, sizeof(*larger));
		if (d->n > 0)
			memcpy(larger, d->clauses, d->n * sizeof(*larger));
		d->clauses = larger;
	}
	d->clauses[d->n++] = *clause;
	d->seen |= 1u << clause->kind;
}

static bool read_direction(struct parser *p, struct clause *out)
{
	(void)p;
	(void)out;
	return true;
}

static bool read_set(struct parser *p, struct clause *out)
{
	out->negated = parser_take_keyword(p, KEYWORD_NOT);
	out->expr = expr_parse(p);
	return out->expr != NULL;
}

static bool read_from(struct parser *p, struct clause *out)
{
	out->any = parser_take_sign(p, '*');
	return out->any || read_set(p, out);
}

/* One of a closed list of names. */
struct choices {
	const char *what;
	const char *(*name)(unsigned i);
	unsigned    first, n;
};

static const char *point_of(unsigned i)
{
	return point_name((enum point)i);
}

static const char *type_of(unsigned i)
{
	return type_name((enum type)i);
}

static const char *anomaly_of(unsigned i)
{
	return anomaly_name((enum anomaly)i);
}

static const struct choices points = { "a control point", point_of, 0, POINT_COUNT };
static const struct choices types = { "a type of message", type_of, 0, TYPE_COUNT };
static const struct choices flags = { "a flag", flag_name, 0, FLAG_COUNT };
static const struct choices anomalies = { "an anomaly or 'any'", anomaly_of, ANOMALY_NONE + 1,
					  ANOMALY_COUNT };

/* Types begin with digits too (v1-report does not, but a later one may): read as a name. */
static bool read_choice(struct parser *p, const struct choices *choices, unsigned *out)
{
	const char *names[64];

	for (unsigned i = choices->first; i < choices->n; i++) {
		names[i] = choices->name(i);
		if (p->token.kind == TOKEN_WORD && strlen(names[i]) == p->token.n &&
		    memcmp(names[i], p->source->text + p->token.offset, p->token.n) == 0) {
			parser_take(p);
			*out = i;
			return true;
		}
	}
	return parser_expected_one(p, choices->what, names + choices->first,
				   choices->n - choices->first);
}

static bool read_choices(struct parser *p, const struct choices *choices, struct clause *out)
{
	uint8_t *members = arena_take(p->arena, choices->n);
	uint64_t seen = 0;

	do {
		struct spot spot = parser_spot(p, &p->token);
		unsigned member;

		if (!read_choice(p, choices, &member))
			return false;
		if (seen >> member & 1) {
			parser_wrong(p, &spot, NULL, "'%s' stands here twice",
				     choices->name(member));
			continue;
		}
		seen |= UINT64_C(1) << member;
		members[out->n++] = (uint8_t)member;
	} while (parser_take_sign(p, ','));
	out->members = members;
	return true;
}

static bool read_points(struct parser *p, struct clause *out)
{
	return read_choices(p, &points, out);
}

static bool read_types(struct parser *p, struct clause *out)
{
	return read_choices(p, &types, out);
}

static bool read_flags(struct parser *p, struct clause *out)
{
	return read_choices(p, &flags, out);
}

static bool read_anomaly(struct parser *p, struct clause *out)
{
	out->any = parser_take_keyword(p, KEYWORD_ANY);
	return out->any || read_choice(p, &anomalies, &out->anomaly);
}

static bool read_ttl(struct parser *p, struct clause *out)
{
	uint64_t value;

	if (parser_take_sign(p, '<'))
		out->ttl_test = TTL_BELOW;
	else if (parser_take_sign(p, '>'))
		out->ttl_test = TTL_ABOVE;
	else
		return parser_expected(p, "'<' or '>'");
	if (!parser_number(p, 255, "a TTL", &value))
		return false;
	out->value = (unsigned)value;
	return true;
}

/* LANGUAGE 1: PROTO.  IP protocol numbers by IANA's registry, and what weir recognises. */
static const struct {
	const char	  *name;
	enum protocol_test test;
	unsigned	   value;
} protocols[] = {
	{ "icmp", PROTOCOL_NUMBER, 1 },
	{ "igmp", PROTOCOL_NUMBER, 2 },
	{ "ipip", PROTOCOL_NUMBER, 4 },
	{ "tcp", PROTOCOL_NUMBER, 6 },
	{ "udp", PROTOCOL_NUMBER, 17 },
	{ "ip6", PROTOCOL_NUMBER, 41 },
	{ "gre", PROTOCOL_NUMBER, 47 },
	{ "icmp6", PROTOCOL_NUMBER, 58 },
	{ "pim", PROTOCOL_NUMBER, 103 },
	{ "sap", PROTOCOL_RECOGNISED, PROTOCOL_SAP },
	{ "rasadv", PROTOCOL_RECOGNISED, PROTOCOL_RASADV },
	{ "msdp", PROTOCOL_RECOGNISED, PROTOCOL_MSDP },
	{ "mld", PROTOCOL_RECOGNISED, PROTOCOL_MLD },
	{ "ip", PROTOCOL_RECOGNISED, PROTOCOL_IP },
};

static bool read_protocol(struct parser *p, struct clause *out)
{
	const char *names[COUNT(protocols)];
	uint64_t value;

	if (p->token.kind == TOKEN_NUMBER) {
		if (!parser_number(p, 255, "a protocol number", &value))
			return false;
		out->protocol_test = PROTOCOL_NUMBER;
		out->value = (unsigned)value;
		return true;
	}
	for (size_t i = 0; i < COUNT(protocols); i++) {
		names[i] = protocols[i].name;
		if (p->token.kind != TOKEN_WORD || strlen(names[i]) != p->token.n ||
		    memcmp(names[i], p->source->text + p->token.offset, p->token.n) != 0)
			continue;
		out->protocol_test = protocols[i].test;
		out->value = protocols[i].value;
		out->protocol = names[i];
		parser_take(p);
		return true;
	}
	return parser_expected_one(p, "a protocol or its number", names, COUNT(names));
}

static bool read_port(struct parser *p, struct clause *out)
{
	struct spot spot = parser_spot(p, &p->token);
	uint64_t first, last;

	if (!parser_number(p, 65535, "a port", &first))
		return false;
	last = first;
	if (parser_take_sign(p, '-') && !parser_number(p, 65535, "a port", &last))
		return false;
	if (last < first)
		parser_wrong(p, &spot, NULL, "a range of ports goes from the lower to the higher");
	out->value = (unsigned)first;
	out->last = (unsigned)last;
	return true;
}

/* One row a clause, in canonical order (S34). */
static const struct {
	enum keyword keyword;
	bool	     repeats;			/* S15 */
	bool (*read)(struct parser *, struct clause *);
} clauses[CLAUSE_COUNT] = {
	[CLAUSE_IN] = { KEYWORD_IN, false, read_direction },
	[CLAUSE_OUT] = { KEYWORD_OUT, false, read_direction },
	[CLAUSE_FROM] = { KEYWORD_FROM, true, read_from },
	[CLAUSE_TO] = { KEYWORD_TO, true, read_set },
	[CLAUSE_RP] = { KEYWORD_RP, true, read_set },
	[CLAUSE_SPEAKER] = { KEYWORD_SPEAKER, true, read_set },
	[CLAUSE_EMBEDS] = { KEYWORD_EMBEDS, true, read_set },
	[CLAUSE_AT] = { KEYWORD_AT, false, read_points },
	[CLAUSE_TYPE] = { KEYWORD_TYPE, false, read_types },
	[CLAUSE_FLAG] = { KEYWORD_FLAG, false, read_flags },
	[CLAUSE_ANOMALY] = { KEYWORD_ANOMALY, false, read_anomaly },
	[CLAUSE_TTL] = { KEYWORD_TTL, false, read_ttl },
	[CLAUSE_PROTOCOL] = { KEYWORD_PROTOCOL, false, read_protocol },
	[CLAUSE_PORT] = { KEYWORD_PORT, false, read_port },
	[CLAUSE_JOINED] = { KEYWORD_JOINED, false, read_direction },
};

/* CLAUSE_COUNT where no clause comes next. */
static enum clause_kind clause_at(const struct parser *p)
{
	enum clause_kind kind = CLAUSE_IN;

	if (parser_at(p, KEYWORD_NOT))
		return CLAUSE_JOINED;
	while (kind < CLAUSE_COUNT && !parser_at(p, clauses[kind].keyword))
		kind++;
	return kind;
}

static bool read_clause(struct parser *p, struct draft *d, enum clause_kind kind)
{
	struct clause clause = { .kind = kind, .spot = parser_spot(p, &p->token) };
	unsigned other = kind == CLAUSE_IN ? CLAUSE_OUT : CLAUSE_IN;

	if (!clauses[kind].repeats && (d->seen >> kind & 1))
		parser_wrong(p, &clause.spot, NULL, "'%s' stands once in a rule",
			     keyword_text(clauses[kind].keyword));	/* S15 */
	if (kind <= CLAUSE_OUT && (d->seen >> other & 1))
		parser_wrong(p, &clause.spot, "without either, a rule asks for no direction",
			     "no packet goes both in and out");
	clause.negated = parser_take_keyword(p, KEYWORD_NOT);
	if (!parser_expect(p, clauses[kind].keyword, ""))
		return false;
	if (kind == CLAUSE_JOINED)
		parser_close(p, &clause.spot);
	else if (!clauses[kind].read(p, &clause))
		return false;
	parser_close(p, &clause.spot);
	add_clause(p, d, &clause);
	return true;
}

/* Stable, so that repeated clauses stay as written. */
static void put_in_order(struct draft *d)
{
	for (size_t i = 1; i < d->n; i++) {
		struct clause clause = d->clauses[i];
		size_t j = i;

		for (; j > 0 && d->clauses[j - 1].kind > clause.kind; j--)
			d->clauses[j] = d->clauses[j - 1];
		d->clauses[j] = clause;
	}
	d->rule->clauses = d->clauses;
	d->rule->clause_count = d->n;
}

static bool at_rule_end(const struct parser *p)
{
	return p->token.kind == TOKEN_END || parser_at_sign(p, '}') ||
	       (p->token.kind == TOKEN_WORD && keyword_begins(p->token.keyword));
}

static bool read_clauses(struct parser *p, struct draft *d)
{
	static const char *const words[] = { "in", "out", "from", "to", "rp", "speaker", "embeds",
					     "at", "type", "flag", "anomaly", "ttl", "protocol",
					     "port", "joined", "not" };
	enum clause_kind kind;

	while ((kind = clause_at(p)) < CLAUSE_COUNT)
		if (!read_clause(p, d, kind))
			return false;
	if (d->n == 0 && at_rule_end(p)) {		/* S26 */
		parser_wrong(p, &d->rule->spot, "what holds for all the rest is the 'default'",
			     "this rule asks for nothing");
		return false;
	}
	if (d->n == 0)
		return parser_expected_one(p, "a clause, as 'to' or 'from'", words, COUNT(words));
	put_in_order(d);
	return true;
}

static bool read_digits(const char *text, size_t n, int *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return true;
}

static bool read_date(const char *text, int64_t *out)
{
	int year, month, day, y, m, d;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    !read_digits(text, 4, &year) || !read_digits(text + 5, 2, &month) ||
	    !read_digits(text + 8, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*out = day_of(year, month, day);
	day_civil(*out, &y, &m, &d);
	return y == year && m == month && d == day;
}

static bool read_until(struct parser *p, struct trailers *out)
{
	const char *text;

	p->token = lexer_again_as_name(&p->lexer, &p->token);
	out->until_spot = parser_spot(p, &p->token);
	if (p->token.kind != TOKEN_WORD)
		return parser_expected(p, "a date, as 2027-03-31");
	text = parser_text(p, &p->token);
	parser_take(p);
	out->has_until = true;
	if (!read_date(text, &out->until_day))
		parser_wrong(p, &out->until_spot, "dates are YYYY-MM-DD", "'%s' is no date", text);
	return true;
}

static void keep_once(struct parser *p, const struct spot *spot, const char *what,
		      const char *value, const char **out)
{
	if (*out)
		parser_wrong(p, spot, NULL, "a rule has %s", what);	/* S2 */
	*out = value;
}

/* One trailer; false where none comes next, or where it cannot be read: then *out_bad. */
static bool read_trailer(struct parser *p, enum rule_kind kind, struct trailers *out,
			 bool *out_bad)
{
	struct spot spot = parser_spot(p, &p->token);
	bool is_default = kind == RULE_DEFAULT;
	const char *value;

	if (p->token.kind == TOKEN_STRING) {
		keep_once(p, &spot, "one description", parser_string(p, "a text"), &out->text);
	} else if ((parser_at(p, KEYWORD_AS) || parser_at(p, KEYWORD_UNTIL)) && is_default) {
		*out_bad = true;
		parser_wrong(p, &spot, NULL, "a default has no name and no end");	/* S45 */
		return false;
	} else if (parser_take_keyword(p, KEYWORD_AS)) {
		struct spot name_spot = spot;

		value = parser_rule_name(p, &name_spot);
		out->name_spot = name_spot;
		*out_bad = !value;
		if (value)
			keep_once(p, &name_spot, "one name", value, &out->name);
	} else if (parser_take_keyword(p, KEYWORD_REF)) {
		value = parser_string(p, "a reference in quotes");
		*out_bad = !value;
		if (value)
			keep_once(p, &spot, "one 'ref'", value, &out->ref);
	} else if (parser_take_keyword(p, KEYWORD_OWNER)) {
		value = parser_string(p, "an owner in quotes");
		*out_bad = !value;
		if (value)
			keep_once(p, &spot, "one 'owner'", value, &out->owner);
	} else if (parser_take_keyword(p, KEYWORD_UNTIL)) {
		if (out->has_until)
			parser_wrong(p, &spot, NULL, "a rule has one 'until'");
		*out_bad = !read_until(p, out);
	} else {
		return false;
	}
	return !*out_bad;
}

static bool read_trailers(struct parser *p, struct rule_syntax *rule)
{
	/* what may come next on the line: at the end names and texts only, before them clauses */
	static const char *const words[] = { "as", "ref", "owner", "until", "in", "out", "from",
					     "to", "rp", "speaker", "embeds", "at", "type", "flag",
					     "anomaly", "ttl", "protocol", "port", "joined",
					     "not" };
	static const char *const rules[] = { "permit", "deny",	"warn",	   "ignore", "limit",
					     "police", "default", "as",	   "ref",    "owner",
					     "until" };
	bool bad = false, any = false;

	while (read_trailer(p, rule->kind, &rule->trailers, &bad))
		any = true;
	if (bad)
		return false;
	if (at_rule_end(p))
		return true;
	if (rule->kind == RULE_MATCH && any && clause_at(p) < CLAUSE_COUNT) {
		struct spot spot = parser_spot(p, &p->token);

		parser_wrong(p, &spot, NULL, "clauses stand before names, texts and the like");
		return false;
	}
	if (p->token.begins_line)
		return parser_expected_one(p, "a name, a text or the next rule", rules, COUNT(rules));
	if (rule->kind == RULE_MATCH && !any)
		return parser_expected_one(p, "a clause, a name, a text or the next rule", words,
					   COUNT(words));
	return parser_expected_one(p, "a name, a text or the next rule", words, 4);
}

/* N "/" unit; a rate is at least one. */
static bool read_rate(struct parser *p, bool hours, struct rate *out)
{
	struct spot spot = parser_spot(p, &p->token);
	uint64_t n;

	if (!parser_number(p, RATE_MAX, "a rate, as 20/s", &n) ||
	    !parser_expect_sign(p, '/', " and s, m or h"))
		return false;
	if (n == 0)
		parser_wrong(p, &spot, "to let nothing pass, write deny", "a rate is at least 1");
	if (parser_take_keyword(p, KEYWORD_SECOND))
		out->unit_s = 1;
	else if (parser_take_keyword(p, KEYWORD_MINUTE))
		out->unit_s = 60;
	else if (hours && parser_take_keyword(p, KEYWORD_HOUR))
		out->unit_s = 3600;
	else
		return parser_expected(p, hours ? "s, m or h" : "s or m");
	out->n = (uint32_t)n;
	out->burst = out->n;				/* S37 */
	return true;
}

static bool read_burst(struct parser *p, struct rule_syntax *rule)
{
	struct spot spot = parser_spot(p, &p->token);
	uint64_t n;

	if (!parser_take_keyword(p, KEYWORD_BURST))
		return true;
	if (!parser_number(p, RATE_MAX, "a burst", &n))
		return false;
	if (n == 0)
		parser_wrong(p, &spot, NULL, "a burst is at least 1");
	rule->rate.burst = (uint32_t)n;
	rule->burst_written = true;
	return true;
}

static bool read_limit(struct parser *p, struct rule_syntax *rule)
{
	static const char *const words[] = { "source", "speaker" };

	if (!read_rate(p, true, &rule->rate) || !read_burst(p, rule))
		return false;
	if (!parser_take_keyword(p, KEYWORD_BY))
		return true;
	if (parser_take_keyword(p, KEYWORD_SOURCE))
		rule->limit_key = LIMIT_BY_SOURCE;
	else if (parser_take_keyword(p, KEYWORD_SPEAKER))
		rule->limit_key = LIMIT_BY_SPEAKER;
	else
		return parser_expected_one(p, "'source' or 'speaker'", words, COUNT(words));
	return true;
}

static bool read_police_key(struct parser *p, struct rule_syntax *rule)
{
	static const char *const words[] = { "peer", "source", "rp" };
	struct spot spot;
	uint64_t length = 32;

	rule->prefix_len = 32;
	if (parser_take_keyword(p, KEYWORD_PEER)) {
		rule->police_key = POLICE_BY_PEER;
		return true;
	}
	if (parser_take_keyword(p, KEYWORD_RP)) {
		rule->police_key = POLICE_BY_RP;
		return true;
	}
	if (!parser_take_keyword(p, KEYWORD_SOURCE))
		return parser_expected_one(p, "'peer', 'source' or 'rp'", words, COUNT(words));
	rule->police_key = POLICE_BY_SOURCE;
	rule->prefix_written = parser_take_sign(p, '/');
	spot = parser_spot(p, &p->token);
	if (rule->prefix_written && !parser_number(p, UINT32_MAX, "a prefix length", &length))
		return false;
	if (length > 32)					/* RFC 3618 12.2.1 */
		parser_wrong(p, &spot, "'by source' alone counts each source by itself",
			     "the sources of MSDP are IPv4 addresses: a prefix length is at most 32");
	rule->prefix_len = (unsigned)length;
	return true;
}

static bool read_counts(struct parser *p, struct rule_syntax *rule)
{
	uint64_t n;

	if (parser_take_keyword(p, KEYWORD_OVER)) {
		if (!parser_number(p, UINT32_MAX, "a count", &n))
			return false;
		rule->over_asked = true;
		rule->over = (uint32_t)n;
		if (parser_take_keyword(p, KEYWORD_WARN)) {
			struct spot spot = parser_spot(p, &p->token);

			if (!parser_number(p, UINT32_MAX, "a count", &n))
				return false;
			rule->warn_asked = true;
			rule->warn = (uint32_t)n;
			if (rule->warn > rule->over)
				parser_wrong(p, &spot, NULL, "'warn' comes before 'over', or with it");
		}
	}
	if (!parser_take_keyword(p, KEYWORD_NEW))
		return true;
	return read_rate(p, false, &rule->rate) && read_burst(p, rule);
}

static bool read_police(struct parser *p, struct draft *d)
{
	static const char *const words[] = { "alarm", "deny" };
	struct rule_syntax *rule = d->rule;

	rule->kind = RULE_POLICE;
	if (!parser_expect(p, KEYWORD_SA, " behind 'police'"))
		return false;
	if (parser_at(p, KEYWORD_FROM)) {
		struct clause clause = { .kind = CLAUSE_FROM, .spot = parser_spot(p, &p->token) };

		parser_take(p);
		if (!read_set(p, &clause))
			return false;
		parser_close(p, &clause.spot);
		add_clause(p, d, &clause);
		put_in_order(d);
	}
	if (!parser_expect(p, KEYWORD_BY, " and a key") || !read_police_key(p, rule) ||
	    !read_counts(p, rule) || !parser_expect(p, KEYWORD_THEN, " and 'alarm' or 'deny'"))
		return false;
	if (parser_take_keyword(p, KEYWORD_ALARM))
		rule->action = ACTION_WARN;
	else if (parser_take_keyword(p, KEYWORD_DENY))
		rule->action = ACTION_DENY;
	else
		return parser_expected_one(p, "'alarm' or 'deny'", words, COUNT(words));
	return true;
}

static bool read_default(struct parser *p, struct rule_syntax *rule)
{
	static const char *const words[] = { "permit", "deny" };

	rule->kind = RULE_DEFAULT;
	if (parser_take_keyword(p, KEYWORD_PERMIT))
		rule->action = ACTION_PERMIT;
	else if (parser_take_keyword(p, KEYWORD_DENY))
		rule->action = ACTION_DENY;
	else
		return parser_expected_one(p, "'permit' or 'deny'", words, COUNT(words));
	return true;
}

static bool read_match(struct parser *p, struct draft *d, enum keyword keyword)
{
	static const struct {
		enum keyword keyword;
		enum action  action;
	} actions[] = {
		{ KEYWORD_PERMIT, ACTION_PERMIT }, { KEYWORD_DENY, ACTION_DENY },
		{ KEYWORD_WARN, ACTION_WARN },	   { KEYWORD_IGNORE, ACTION_IGNORE },
		{ KEYWORD_LIMIT, ACTION_LIMIT },
	};

	for (size_t i = 0; i < COUNT(actions); i++)
		if (actions[i].keyword == keyword)
			d->rule->action = actions[i].action;
	if (keyword == KEYWORD_LIMIT && !read_limit(p, d->rule))
		return false;
	return read_clauses(p, d);
}

const struct rule_syntax *rule_parse(struct parser *p)
{
	struct rule_syntax *rule = arena_take(p->arena, sizeof(*rule));
	struct draft d = { .rule = rule };
	enum keyword keyword = p->token.keyword;
	bool good;

	rule->spot = parser_spot(p, &p->token);
	p->braces = p->depth = 0;
	parser_take(p);
	if (keyword == KEYWORD_POLICE)
		good = read_police(p, &d);
	else if (keyword == KEYWORD_DEFAULT)
		good = read_default(p, rule);
	else
		good = read_match(p, &d, keyword);
	rule->broken = !good || !read_trailers(p, rule);
	if (rule->broken)
		put_in_order(&d);
	parser_close(p, &rule->spot);
	return rule;
}
