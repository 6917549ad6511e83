/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules asked with three answers: yes, no, and that the query does not say.  By S8 a clause
 * about what an observation lacks does not hold, so the verdict is the one of a packet of which
 * no more is known than the query says.  Knows no packet bytes. */
#include "policy/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "net/embed.h"

#define AT(point) (1u << POINT_##point)
#define HAS_SOURCE (AT(DATA) | AT(MEMBERSHIP) | AT(JOIN) | AT(REGISTER) | AT(SA) | AT(SESSION))
#define TYPE(name) (UINT64_C(1) << TYPE_##name)

unsigned explain_points(const struct query *q)
{
	unsigned points = AT(MEMBERSHIP) | AT(JOIN);

	if (q->source.family != FAMILY_ANY)
		points |= AT(DATA) | AT(REGISTER) | AT(SA) | AT(SESSION);
	if (q->group.family == FAMILY_IP6)
		points &= ~AT(SA);			/* RFC 3618 12.2.1: IPv4 only */
	return points;
}

/* --- what the query says of the fields --- */

/* The messages that may say it there. */
static uint64_t possible_types(const struct query *q, enum point point)
{
	bool any = q->source.family == FAMILY_ANY, is6 = q->group.family == FAMILY_IP6;

	switch (point) {
	case POINT_DATA:
		return TYPE(DATA) | TYPE(ANNOUNCE) | TYPE(DELETE) | TYPE(ADVERTISEMENT) |
		       TYPE(RP_ANNOUNCE) | TYPE(RP_DISCOVERY);
	case POINT_MEMBERSHIP:
		if (is6)
			return TYPE(MLDV2_REPORT) | (any ? TYPE(MLDV1_REPORT) : 0);
		return TYPE(V3_REPORT) | (any ? TYPE(V1_REPORT) | TYPE(V2_REPORT) : 0);
	case POINT_JOIN:
		return TYPE(JOIN_PRUNE) | TYPE(GRAFT) |
		       (is6 ? 0 : TYPE(V1_JOIN_PRUNE) | TYPE(V1_GRAFT));
	case POINT_REGISTER:
		return TYPE(REGISTER) | TYPE(NULL_REGISTER) | (is6 ? 0 : TYPE(V1_REGISTER));
	case POINT_BOOTSTRAP:
		return TYPE(BOOTSTRAP) | TYPE(CANDIDATE_RP) | TYPE(RP_ANNOUNCE) |
		       TYPE(RP_DISCOVERY) | TYPE(PFM);
	case POINT_SA:
		return TYPE(SA) | TYPE(SA_RESPONSE);
	case POINT_SESSION:
		return TYPE(ANNOUNCE);
	default:
		return TYPE(ROUTER_ADVERTISEMENT);
	}
}

static enum answer answer_of(bool yes)
{
	return yes ? ANSWER_YES : ANSWER_NO;
}

static bool says(const struct match *m, struct addr a)
{
	return set_has_family(m->set, a.family) && set_has(m->set, a) != m->negated;
}

/* A set may speak of an unknown address of the group's family, if it has members of it. */
static enum answer may_say(const struct match *m, const struct query *q)
{
	return set_has_family(m->set, q->group.family) ? ANSWER_UNKNOWN : ANSWER_NO;
}

static enum answer ask_rp(const struct match *m, const struct query *q, enum point point)
{
	bool said = point == POINT_REGISTER || point == POINT_SA || point == POINT_BOOTSTRAP ||
		    (point == POINT_JOIN && q->source.family == FAMILY_ANY);
	struct addr rp;

	if (point != POINT_ROUTER && embedded_rp(q->group, addr_bits(q->group), &rp) && says(m, rp))
		return ANSWER_YES;
	if (!said)
		return ANSWER_NO;
	return addr_is_there(q->rp) ? answer_of(says(m, q->rp)) : may_say(m, q);
}

static enum answer ask_embeds(const struct match *m, const struct query *q)
{
	struct range prefix;

	if (!embedded_prefix(q->group, addr_bits(q->group), &prefix) ||
	    !set_has_family(m->set, prefix.first.family))
		return ANSWER_NO;
	return answer_of(m->negated ? set_has_none(m->set, prefix.first, prefix.last)
				    : set_has_all(m->set, prefix.first, prefix.last));
}

static enum answer ask_match(const struct match *m, const struct query *q, enum point point)
{
	bool has_source = HAS_SOURCE >> point & 1;

	switch (m->field) {
	case FIELD_FROM:
		return answer_of(has_source && says(m, q->source));
	case FIELD_TO:
		return answer_of(point != POINT_ROUTER && says(m, group_as_read(q->group)));
	case FIELD_SPEAKER:
		return point == POINT_DATA ? answer_of(says(m, q->source)) : may_say(m, q);
	case FIELD_RP:
		return ask_rp(m, q, point);
	case FIELD_EMBEDS:
		return point == POINT_ROUTER ? ANSWER_NO : ask_embeds(m, q);
	}
	return ANSWER_NO;
}

/* --- clauses, in the order in which they are written --- */

struct asking {
	const struct rule  *rule;
	const struct query *query;
	enum point	    point;
	char		   *why;		/* EXPLAIN_WHY, or NULL */
	enum answer	    so_far;
};

/* True where the answer ends the asking: no. */
__attribute__((format(printf, 3, 4)))
static bool note(struct asking *a, enum answer answer, const char *format, ...)
{
	va_list list;

	if (answer == ANSWER_YES || (answer == ANSWER_UNKNOWN && a->so_far == ANSWER_UNKNOWN))
		return false;
	a->so_far = answer;
	if (a->why) {
		va_start(list, format);
		vsnprintf(a->why, EXPLAIN_WHY, format, list);
		va_end(list);
	}
	return answer == ANSWER_NO;
}

static bool is_out_of_force(struct asking *a)
{
	const struct rule *rule = a->rule;
	int year, month, day;

	if (rule->off)
		return note(a, ANSWER_NO, "off: %s", rule->off_why ? rule->off_why : "an empty set");
	if (!rule->has_until || mtime_day(a->query->now) <= rule->until_day)
		return false;
	day_civil(rule->until_day, &year, &month, &day);
	return note(a, ANSWER_NO, "until %04d-%02d-%02d", year, month, day);
}

static bool fails_points(struct asking *a)
{
	char names[EXPLAIN_WHY] = "";
	size_t n = 0;

	if (!a->rule->points || a->rule->points >> a->point & 1)
		return false;
	for (unsigned i = 0; i < POINT_COUNT && a->why; i++)
		if (a->rule->points >> i & 1 && n < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      point_name(i));
	return note(a, ANSWER_NO, "at %s", names);
}

static bool fails_addresses(struct asking *a)
{
	static const char *const words[] = { "from", "to", "rp", "speaker", "embeds" };
	const struct rule *rule = a->rule;
	bool is_any = a->query->source.family == FAMILY_ANY && HAS_SOURCE >> a->point & 1;

	if (rule->from_any && note(a, answer_of(is_any), "from *"))
		return true;
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		if (note(a, ask_match(m, a->query, a->point), "%s %s%s", words[m->field],
			 m->negated ? "not " : "", m->text ? m->text : ""))
			return true;
	}
	return false;
}

static bool fails_types(struct asking *a)
{
	uint64_t possible = possible_types(a->query, a->point), asked = a->rule->types;

	if (!asked)
		return false;
	return note(a, !(asked & possible)  ? ANSWER_NO
		       : possible & ~asked ? ANSWER_UNKNOWN
					   : ANSWER_YES,
		    "type %s", type_name((enum type)__builtin_ctzll(asked)));
}

/* (S,G) is said without the rpt bit, (*,G) with the wildcard's. */
static bool fails_flags(struct asking *a)
{
	const struct query *q = a->query;
	bool any = q->source.family == FAMILY_ANY;
	uint64_t asked = a->rule->flags, absent = FLAG_BIT(ALL_GROUPS), there = 0;

	if (!asked)
		return false;
	absent |= any ? 0 : FLAG_BIT(RPT) | FLAG_BIT(WILDCARD);
	there |= any && a->point == POINT_JOIN ? FLAG_BIT(WILDCARD) | FLAG_BIT(RPT) : 0;
	if (addr_equal(group_as_read(q->group), q->group))
		absent |= FLAG_BIT(SCOPE_F);
	else
		there |= FLAG_BIT(SCOPE_F);
	return note(a, asked & there	 ? ANSWER_YES
		       : asked & ~absent ? ANSWER_UNKNOWN
					 : ANSWER_NO,
		    "flag %s", flag_name((unsigned)__builtin_ctzll(asked)));
}

static bool fails_ttl(struct asking *a)
{
	const struct query *q = a->query;
	bool below = a->rule->ttl_test == TTL_BELOW;
	enum answer answer = ANSWER_UNKNOWN;

	if (a->rule->ttl_test == TTL_UNASKED)
		return false;
	if (a->point == POINT_SA)
		answer = ANSWER_NO;
	else if (q->has_ttl)
		answer = answer_of(below ? q->ttl < a->rule->ttl : q->ttl > a->rule->ttl);
	return note(a, answer, "ttl %s %u", below ? "<" : ">", a->rule->ttl);
}

/* The word of the policy language, or NULL where a number stands. */
static const char *ip_protocol_word(unsigned number)
{
	static const struct {
		unsigned    number;
		const char *word;
	} words[] = { { 1, "icmp" }, { 2, "igmp" }, { 4, "ipip" },   { 6, "tcp" },  { 17, "udp" },
		      { 41, "ip6" }, { 47, "gre" }, { 58, "icmp6" }, { 103, "pim" } };

	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].number == number)
			return words[i].word;
	return NULL;
}

static bool fails_protocol(struct asking *a)
{
	enum answer answer = a->point == POINT_DATA ? ANSWER_UNKNOWN : ANSWER_NO;
	const char *word = ip_protocol_word(a->rule->protocol);

	if (a->rule->protocol_test == PROTOCOL_UNASKED)
		return false;
	if (a->rule->protocol_test == PROTOCOL_NUMBER && word)
		return note(a, answer, "protocol %s", word);
	if (a->rule->protocol_test == PROTOCOL_NUMBER)
		return note(a, answer, "protocol %u", a->rule->protocol);
	return note(a, answer, "protocol %s", protocol_name((enum protocol)a->rule->protocol));
}

static bool fails_port(struct asking *a)
{
	const struct rule *rule = a->rule;
	enum answer answer = ANSWER_UNKNOWN;

	if (!rule->port_asked)
		return false;
	if (a->point != POINT_DATA)
		answer = ANSWER_NO;
	else if (a->query->has_port)
		answer = answer_of(a->query->port >= rule->port_first &&
				   a->query->port <= rule->port_last);
	if (rule->port_first == rule->port_last)
		return note(a, answer, "port %u", rule->port_first);
	return note(a, answer, "port %u-%u", rule->port_first, rule->port_last);
}

static bool fails_surroundings(struct asking *a)
{
	const struct rule *rule = a->rule;
	enum answer at_data = a->point == POINT_DATA ? ANSWER_UNKNOWN : ANSWER_NO;

	if (rule->direction != DIRECTION_UNKNOWN &&
	    note(a, ANSWER_UNKNOWN, "%s", rule->direction == DIRECTION_IN ? "in" : "out"))
		return true;
	return rule->joined != JOINED_UNKNOWN &&
	       note(a, at_data, "%s", rule->joined == JOINED_YES ? "joined" : "not joined");
}

static bool fails_anomaly(struct asking *a)
{
	return a->rule->anomalies && note(a, ANSWER_NO, "anomaly");
}

enum answer explain_rule(const struct rule *rule, const struct query *query, enum point point,
			 char out_why[EXPLAIN_WHY])
{
	struct asking a = { rule, query, point, out_why, ANSWER_YES };

	if (out_why)
		out_why[0] = '\0';
	if (is_out_of_force(&a) || fails_anomaly(&a) || fails_points(&a) || fails_addresses(&a) ||
	    fails_types(&a) || fails_flags(&a) || fails_ttl(&a) || fails_protocol(&a) ||
	    fails_port(&a) || fails_surroundings(&a))
		return ANSWER_NO;
	return a.so_far;
}

/* --- a point --- */

static void keep(uint16_t list[EXPLAIN_RULES], size_t *n, uint16_t rule)
{
	if (*n < EXPLAIN_RULES)
		list[*n] = rule;
	++*n;
}

/* Goes on behind the rule that decides, for the others that would match. */
static void take(struct explained *out, const struct boundary *boundary, uint16_t rule,
		 enum answer answer, bool *decided)
{
	if (answer == ANSWER_YES && *decided) {
		keep(out->also, &out->also_count, rule);
	} else if (answer == ANSWER_YES) {
		out->verdict = (struct verdict){ (uint8_t)boundary->rules[rule]->action, rule };
		*decided = true;
	} else if (answer == ANSWER_UNKNOWN && !*decided) {
		keep(out->unless, &out->unless_count, rule);
	}
}

#define CANDIDATES 256

/* How many there are, and, where they have room, which. */
static size_t find_candidates(const struct table *table, const struct query *q, enum point point,
			      uint16_t list[CANDIDATES])
{
	bool has_source = HAS_SOURCE >> point & 1;

	if (!table)
		return SIZE_MAX;
	return table_candidates(table, has_source ? q->source : ADDR_NONE,
				point == POINT_ROUTER ? ADDR_NONE : q->group, list, CANDIDATES);
}

void explain_at(const struct table *table, const struct boundary *boundary,
		const struct query *query, enum point point, struct explained *out)
{
	uint16_t list[CANDIDATES], last = (uint16_t)(boundary->rule_count - 1);
	size_t n = find_candidates(table, query, point, list);
	bool all = n > CANDIDATES, decided = false;

	out->point = point;
	out->unless_count = out->also_count = 0;
	out->verdict = (struct verdict){ (uint8_t)boundary->rules[last]->action, last };
	for (size_t i = 0; i < (all ? boundary->match_count : n); i++) {
		uint16_t rule = all ? (uint16_t)i : list[i];

		take(out, boundary, rule, explain_rule(boundary->rules[rule], query, point, NULL),
		     &decided);
	}
}
