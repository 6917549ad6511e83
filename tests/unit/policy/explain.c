/* SPDX-License-Identifier: BSD-2-Clause */
/* Explaining: the verdict of what is known, the rules that wait for more, and the others. */
#include "policy/explain.h"

#include "model/diag.h"
#include "policy/load.h"
#include "random_policy.h"
#include "t.h"

static struct policy *load(const char *name, const char *text)
{
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = name, .text = text,
						     .n = text ? strlen(text) : 0 }, &diags);
	for (size_t i = 0; i < diags.n; i++)
		if (diags.list[i].severity == SEVERITY_ERROR)
			printf("# %s:%u: %s\n", name, diags.list[i].line, diags.list[i].message);
	diags_release(&diags);
	check_named(policy != NULL, name);
	return policy;
}

static struct addr addr_of_text(const char *text)
{
	struct addr a = ADDR_ANY;

	if (strcmp(text, "*") != 0)
		check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static void put_names(struct text *out, const char *word, const struct boundary *b,
		      const uint16_t *list, size_t n)
{
	for (size_t i = 0; i < n && i < EXPLAIN_RULES; i++)
		text_printf(out, "%s%s", i ? "," : word, b->rules[list[i]]->name);
}

static const char *explain(struct text *out, const struct boundary *b, const struct table *t,
			   const struct query *q)
{
	unsigned points = explain_points(q);

	text_reset(out);
	for (unsigned p = 0; p < POINT_COUNT; p++) {
		struct explained e;

		if (!(points >> p & 1))
			continue;
		explain_at(t, b, q, p, &e);
		text_printf(out, "%s%s %s", out->n ? "; " : "", point_name(p),
			    e.verdict.rule + 1u == b->rule_count ? "default"
								 : b->rules[e.verdict.rule]->name);
		put_names(out, " unless ", b, e.unless, e.unless_count);
		put_names(out, " also ", b, e.also, e.also_count);
	}
	return text_string(out);
}

static const char policy_text[] =
	"set own ?= {}\n"
	"boundary b {\n"
	"  deny in from own as spoofed\n"
	"  deny to 224.9.0.0/16 as wide until 2026-06-30\n"
	"  deny to 224.1.1.1 ttl < 16 as small-ttl\n"
	"  deny to 224.1.1.1 port 5000-5010 at data as port\n"
	"  deny from * to 232.0.0.0/8 as needs-source\n"
	"  deny rp 10.9.9.9 at register, join as bad-rp\n"
	"  deny type register-stop as stop\n"
	"  deny type v2-report to 224.2.2.2 as old-report\n"
	"  deny type join-prune, graft, v1-join-prune, v1-graft to 224.3.3.3 as any-join\n"
	"  deny flag rpt to 224.4.4.4 as rpt\n"
	"  deny speaker ::1 as other-family\n"
	"  deny speaker 10.0.0.0/8 to 224.5.5.5 as speaker\n"
	"  warn to 224.1.0.0/16 as block\n"
	"  deny out to 224.6.6.6 as outward\n"
	"  deny not joined to 224.7.7.7 at data as unasked\n"
	"  deny anomaly any as odd\n"
	"  permit to 224.0.0.0/4 as rest\n"
	"  default deny\n"
	"}\n";

static const struct {
	const char *source, *group, *rp;
	int	    ttl, port;
	const char *says;
} rows[] = {
	{ "10.0.0.1", "224.1.1.1", NULL, -1, -1,
	  "data block unless small-ttl,port also rest; membership block unless small-ttl also rest; "
	  "join block unless small-ttl also rest; register block unless small-ttl,bad-rp also rest; "
	  "sa block also rest; session block unless small-ttl also rest" },
	{ "10.0.0.1", "224.1.1.1", "10.9.9.9", 15, 5005,
	  "data small-ttl also port,block,rest; membership small-ttl also block,rest; "
	  "join small-ttl also block,rest; register small-ttl also bad-rp,block,rest; "
	  "sa block also rest; session small-ttl also block,rest" },
	{ "10.0.0.1", "224.1.1.1", "10.9.9.8", 16, 5011,
	  "data block also rest; membership block also rest; join block also rest; "
	  "register block also rest; sa block also rest; session block also rest" },
	{ "*", "232.1.1.1", NULL, -1, -1,
	  "membership needs-source also rest; join needs-source also rest" },
	{ "*", "224.9.1.1", NULL, -1, -1, "membership rest; join rest unless bad-rp" },
	{ "*", "224.2.2.2", "10.1.1.1", -1, -1, "membership rest unless old-report; join rest" },
	{ "10.0.0.1", "224.2.2.2", NULL, -1, -1,
	  "data rest; membership rest; join rest; register rest unless bad-rp; sa rest; session rest" },
	{ "*", "224.3.3.3", "10.9.9.9", -1, -1, "membership rest; join bad-rp also any-join,rest" },
	{ "10.0.0.1", "224.4.4.4", "10.1.1.1", -1, -1,
	  "data rest; membership rest; join rest; register rest; sa rest; session rest" },
	{ "10.0.0.1", "224.5.5.5", "10.1.1.1", -1, -1,
	  "data speaker also rest; membership rest unless speaker; join rest unless speaker; "
	  "register rest unless speaker; sa rest unless speaker; session rest unless speaker" },
	{ "10.0.0.1", "224.6.6.6", "10.1.1.1", -1, -1,
	  "data rest unless outward; membership rest unless outward; join rest unless outward; "
	  "register rest unless outward; sa rest unless outward; session rest unless outward" },
	{ "10.0.0.1", "224.7.7.7", "10.1.1.1", -1, -1,
	  "data rest unless unasked; membership rest; join rest; register rest; sa rest; "
	  "session rest" },
	{ "2001:db8::1", "ff0e::1", NULL, -1, -1,
	  "data default; membership default unless other-family; join default unless other-family; "
	  "register default unless other-family; session default unless other-family" },
};

static void test_rows(void)
{
	struct policy *policy = load("rows", policy_text);
	const struct boundary *b = policy->boundaries[0];
	struct table *t = table_new(b);
	struct text out = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct query q = { .source = addr_of_text(rows[i].source),
				   .group = addr_of_text(rows[i].group),
				   .now = { day_of(2026, 7, 1) * 86400 * NS_PER_S } };

		q.rp = rows[i].rp ? addr_of_text(rows[i].rp) : ADDR_NONE;
		q.has_ttl = rows[i].ttl >= 0;
		q.ttl = (uint8_t)rows[i].ttl;
		q.has_port = rows[i].port >= 0;
		q.port = (uint16_t)rows[i].port;
		check_text(explain(&out, b, t, &q), rows[i].says, rows[i].group);
	}
	text_release(&out);
	table_free(t);
	policy_free(policy);
}

static void test_why(void)
{
	static const struct {
		size_t	    rule;
		enum point  point;
		enum answer answer;
		const char *why;
	} whys[] = {
		{ 0, POINT_DATA, ANSWER_NO, "off: --set own=..." },
		{ 1, POINT_DATA, ANSWER_NO, "until 2026-06-30" },
		{ 2, POINT_DATA, ANSWER_UNKNOWN, "ttl < 16" },
		{ 2, POINT_SA, ANSWER_NO, "ttl < 16" },
		{ 3, POINT_SA, ANSWER_NO, "at data" },
		{ 3, POINT_DATA, ANSWER_UNKNOWN, "port 5000-5010" },
		{ 4, POINT_DATA, ANSWER_NO, "from *" },
		{ 5, POINT_DATA, ANSWER_NO, "at join, register" },
		{ 6, POINT_REGISTER, ANSWER_NO, "type register-stop" },
		{ 7, POINT_DATA, ANSWER_NO, "to 224.2.2.2" },
		{ 12, POINT_DATA, ANSWER_YES, "" },
		{ 15, POINT_DATA, ANSWER_NO, "anomaly" },
	};
	struct policy *policy = load("why", policy_text);
	struct query q = { .source = addr_of_text("10.0.0.1"), .group = addr_of_text("224.1.1.1"),
			   .now = { day_of(2026, 7, 1) * 86400 * NS_PER_S } };

	for (size_t i = 0; i < COUNT(whys); i++) {
		char why[EXPLAIN_WHY];
		enum answer is = explain_rule(policy->boundaries[0]->rules[whys[i].rule], &q,
					      whys[i].point, why);

		check_named(is == whys[i].answer, whys[i].why);
		check_text(why, whys[i].why, "why");
	}
	policy_free(policy);
}

/* What is unknown is absent (S8): where no rule asks for the type or the flags, the verdict is
 * the one of an observation that has nothing but what the query says. */
static bool is_plain(const struct boundary *b)
{
	for (size_t i = 0; i < b->match_count; i++)
		if (b->rules[i]->types || b->rules[i]->flags)
			return false;
	return true;
}

static bool same_rules(const uint16_t *a, size_t n, const uint16_t *b, size_t m)
{
	return n == m && memcmp(a, b, (n < EXPLAIN_RULES ? n : EXPLAIN_RULES) * sizeof(*a)) == 0;
}

static bool same_answer(const struct explained *a, const struct explained *b)
{
	return a->verdict.rule == b->verdict.rule && a->verdict.action == b->verdict.action &&
	       same_rules(a->unless, a->unless_count, b->unless, b->unless_count) &&
	       same_rules(a->also, a->also_count, b->also, b->also_count);
}

static void compare(const struct boundary *b, uint64_t *seed, unsigned *compared)
{
	struct table *t = table_new(b);

	for (unsigned i = 0; i < 200; i++) {
		struct observation random = random_observation(seed, b), obs = observation_none();
		struct query q = { .source = random.source, .group = random.group, .now = random.at };
		unsigned points = explain_points(&q);

		if (random.source.family == FAMILY_NONE || random.group.family == FAMILY_NONE ||
		    (addr_is_there(q.source) && q.source.family != q.group.family))
			continue;
		obs.source = q.source;
		obs.group = q.group;
		obs.group_len = (uint8_t)addr_bits(q.group);
		obs.at = q.now;
		for (unsigned p = 0; p < POINT_COUNT; p++) {
			struct verdict should;
			struct explained e, all;

			if (!(points >> p & 1))
				continue;
			obs.point = (uint8_t)p;
			should = reference_judge(b, &obs);
			explain_at(t, b, &q, p, &e);
			check(e.verdict.rule == should.rule && e.verdict.action == should.action);
			explain_at(NULL, b, &q, p, &all);
			check(same_answer(&e, &all));
			++*compared;
		}
	}
	table_free(t);
}

static void test_against_reference(void)
{
	uint64_t seed = 0x2545f4914f6cdd1d;
	unsigned compared = 0;

	for (unsigned i = 0; i < 150; i++) {
		struct text text = { 0 };
		struct diags diags;
		struct policy *policy;

		random_policy(&seed, 1 + i % 12, &text);
		diags_init(&diags);
		policy = policy_load(&(struct policy_input){ .name = "random", .n = text.n,
							     .text = text_string(&text) }, &diags);
		if (policy && is_plain(policy->boundaries[0]))
			compare(policy->boundaries[0], &seed, &compared);
		policy_free(policy);
		diags_release(&diags);
		text_release(&text);
	}
	printf("# %u points compared\n", compared);
	check(compared > 20000);
}

TEST_MAIN({ "rows", test_rows }, { "why", test_why },
	  { "against the reference", test_against_reference })
