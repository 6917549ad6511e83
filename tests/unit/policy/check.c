/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint against the interpreter: a rule that is called dead never decides, and of small
 * policies every dead rule is called so. */
#include "t.h"

#include <time.h>

#include "policy/check.h"
#include "random_policy.h"

static struct policy *load(const char *text, struct diags *diags)
{
	struct policy_input input = { .name = "test.weir", .text = text, .n = strlen(text) };

	diags_init(diags);
	return policy_load(&input, diags);
}

/* The rules that lint calls dead, by index. */
static size_t read_dead(const struct policy *policy, struct diags *diags, bool *out_dead)
{
	const struct boundary *b = policy_boundary(policy, NULL);
	size_t n = 0;

	policy_check(policy, day_of(2026, 1, 1), diags);
	for (size_t i = 0; i < diags->n; i++) {
		const char *message = diags->list[i].message;
		char name[80];

		if (!strstr(message, "' never matches: ") && !strstr(message, "' is redundant: "))
			continue;
		check(sscanf(message, "rule '%70[^']'", name) == 1);
		for (size_t k = 0; k < b->match_count; k++)
			if (strcmp(b->rules[k]->name, name) == 0) {
				out_dead[k] = true;
				n++;
			}
	}
	return n;
}

/* What a packet can say at each point: LANGUAGE 4. */
static const struct { uint8_t statement, notice; } types[POINT_COUNT] = {
	[POINT_DATA] = { TYPE_DATA, TYPE_DATA },
	[POINT_MEMBERSHIP] = { TYPE_V3_REPORT, TYPE_QUERY },
	[POINT_JOIN] = { TYPE_JOIN_PRUNE, TYPE_HELLO },
	[POINT_REGISTER] = { TYPE_REGISTER, TYPE_REGISTER_STOP },
	[POINT_BOOTSTRAP] = { TYPE_BOOTSTRAP, TYPE_BOOTSTRAP },
	[POINT_SA] = { TYPE_SA, TYPE_KEEPALIVE },
	[POINT_SESSION] = { TYPE_ANNOUNCE, TYPE_DELETE },
	[POINT_ROUTER] = { TYPE_ROUTER_ADVERTISEMENT, TYPE_ROUTER_ADVERTISEMENT },
};

/* Random observations may say what no packet does, as a source `*` at data: those are out. */
static bool is_possible(struct observation *obs)
{
	enum family family = obs->group.family;
	bool has_source = addr_is_there(obs->source);

	if (obs->point == POINT_NONE)
		return false;
	obs->type = obs->notice ? types[obs->point].notice : types[obs->point].statement;
	if (obs->point != POINT_JOIN)
		obs->flags &= ~FLAG_BIT(RPT);
	if (obs->point == POINT_ROUTER) {
		obs->source = obs->group = ADDR_NONE;
		return true;
	}
	if (obs->point == POINT_BOOTSTRAP) {
		obs->source = ADDR_NONE;
		return addr_is_multicast(obs->group);
	}
	if ((obs->notice || obs->anomaly) && !has_source && obs->source.family != FAMILY_ANY)
		return true;				/* a Hello, or nothing that could be read */
	if (!addr_is_multicast(obs->group) ||
	    (obs->point != POINT_JOIN && obs->group_len != addr_bits(obs->group)))
		return false;
	if (obs->point == POINT_SESSION)
		return obs->source.family != FAMILY_ANY;
	if (addr_is_there(obs->speaker) && obs->speaker.family != family)
		return false;
	if (obs->point == POINT_JOIN || obs->point == POINT_MEMBERSHIP)
		return obs->source.family == FAMILY_ANY || (has_source && obs->source.family == family);
	return has_source && obs->source.family == family;
}

static void tell(const struct rule *rule, const struct observation *obs, const char *text)
{
	char source[ADDR_TEXT], group[ADDR_TEXT], speaker[ADDR_TEXT];

	if (t_failures < 3)
		printf("# %s %s decides point %s source %s group %s/%u speaker %s\n%s", rule->name,
		       rule->clauses, point_name((enum point)obs->point),
		       addr_text(obs->source, source), addr_text(obs->group, group),
		       obs->group_len, addr_text(obs->speaker, speaker), text);
	check_named(false, "a dead rule decides");
}

static size_t check_random(uint64_t *seed, unsigned rules)
{
	struct text text = { 0 };
	bool dead[64] = { false };
	struct policy *policy;
	struct diags diags;
	size_t n = 0;

	random_policy(seed, rules, &text);
	policy = load(text_string(&text), &diags);
	if (policy) {				/* a group that is no multicast is an error (S23) */
		n = read_dead(policy, &diags, dead);
		for (int i = 0; i < 2000; i++) {
			const struct boundary *b = policy->boundaries[0];
			struct observation obs = random_observation(seed, b);
			struct verdict v;

			if (!is_possible(&obs))
				continue;
			v = reference_judge(b, &obs);
			if (v.rule < b->match_count && dead[v.rule])
				tell(b->rules[v.rule], &obs, text.p);
		}
	}
	policy_free(policy);
	diags_release(&diags);
	text_release(&text);
	return n;
}

static void test_dead_rules_never_decide(void)
{
	uint64_t seed = 0xdead;
	size_t dead = 0;

	for (int round = 0; round < 300; round++)
		dead += check_random(&seed, 4 + (unsigned)(t_random(&seed) % 40));
	check(dead > 500);
}

/* A universe of 4 sources, one beside them, `*`, and 8 groups with those beside them. */
static const char *const sources[] = { "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "11.0.0.1",
				       "*" };
static const char *const groups[] = { "230.0.0.0", "230.0.0.1", "230.0.0.2", "230.0.0.3",
				      "230.0.0.4", "230.0.0.5", "230.0.0.6", "230.0.0.7",
				      "224.0.0.0", "239.255.255.255" };
static const uint8_t points[] = { POINT_DATA, POINT_MEMBERSHIP, POINT_REGISTER, POINT_SA };

static void put_small_rule(uint64_t *seed, unsigned number, struct text *out)
{
	static const char *const wheres[] = { "data", "membership", "register", "sa", "data, sa",
					      "data, membership, register, sa" };
	unsigned length = 29 + (unsigned)(t_random(seed) % 4);
	unsigned group = (unsigned)(t_random(seed) % 8) & ~((1u << (32 - length)) - 1);
	unsigned wide = 30 + (unsigned)(t_random(seed) % 3);
	unsigned source = (unsigned)(t_random(seed) % 4) & ~((1u << (32 - wide)) - 1);

	text_printf(out, "%s at %s", t_random(seed) % 2 ? "permit" : "deny",
		    wheres[t_random(seed) % COUNT(wheres)]);
	if (t_random(seed) % 4)
		text_printf(out, " to %s230.0.0.%u/%u", t_random(seed) % 8 ? "" : "not ", group, length);
	if (t_random(seed) % 6 == 0)
		text_put(out, " from *");
	else if (t_random(seed) % 2)
		text_printf(out, " from %s10.0.0.%u/%u", t_random(seed) % 8 ? "" : "not ", source, wide);
	text_printf(out, " as r%u\n", number);
}

static void mark_alive(const struct boundary *b, bool *out_alive)
{
	struct observation obs = observation_none();

	for (size_t p = 0; p < COUNT(points); p++)
		for (size_t s = 0; s < COUNT(sources); s++)
			for (size_t g = 0; g < COUNT(groups); g++) {
				struct verdict v;

				obs.point = points[p];
				obs.source = ADDR_ANY;
				addr_parse(sources[s], strlen(sources[s]), &obs.source);
				addr_parse(groups[g], strlen(groups[g]), &obs.group);
				obs.group_len = 32;
				if (obs.source.family == FAMILY_ANY && obs.point != POINT_MEMBERSHIP)
					continue;
				v = reference_judge(b, &obs);
				out_alive[v.rule] = true;
			}
	/* IPv6 is there too: rules that ask for no address see it */
	obs.source = addr_of6(UINT64_C(0x2a02) << 48, 1);
	obs.group = addr_of6(UINT64_C(0xff0e) << 48, 1);
	obs.group_len = 128;
	for (size_t p = 0; p < COUNT(points); p++) {
		obs.point = points[p];
		out_alive[reference_judge(b, &obs).rule] = true;
	}
	obs.source = ADDR_ANY;
	obs.point = POINT_MEMBERSHIP;
	out_alive[reference_judge(b, &obs).rule] = true;
}

static void check_small(uint64_t *seed, size_t *out_dead)
{
	struct text text = { 0 };
	bool dead[64] = { false }, alive[64] = { false };
	struct policy *policy;
	struct diags diags;
	unsigned rules = 3 + (unsigned)(t_random(seed) % 14);

	text_put(&text, "boundary b {\n");
	for (unsigned i = 0; i < rules; i++)
		put_small_rule(seed, i, &text);
	text_put(&text, "default deny\n}\n");
	policy = load(text.p, &diags);
	check_named(policy != NULL, text.p);
	if (policy) {
		*out_dead += read_dead(policy, &diags, dead);
		mark_alive(policy->boundaries[0], alive);
		for (unsigned i = 0; i < rules; i++)
			if (alive[i] == dead[i]) {
				printf("# r%u is %s, and is called %s\n%s", i,
				       alive[i] ? "alive" : "dead", dead[i] ? "dead" : "alive", text.p);
				check_named(false, "lint and the interpreter agree");
			}
	}
	policy_free(policy);
	diags_release(&diags);
	text_release(&text);
}

static void test_every_dead_rule_is_found(void)
{
	uint64_t seed = 0xface;
	size_t dead = 0;

	for (int round = 0; round < 400 && t_failures < 5; round++)
		check_small(&seed, &dead);
	check(dead > 300);
}

/* Ten thousand rules in under a second; the sanitizers are given more time. */
static void test_ten_thousand_rules(void)
{
#ifdef __SANITIZE_ADDRESS__
	const double most_s = 10;
#else
	const double most_s = 1;
#endif
	uint64_t seed = 0xbeef;
	struct text text = { 0 };
	struct policy *policy;
	struct diags diags;
	clock_t start;

	text_put(&text, "boundary b {\n");
	for (int i = 0; i < 10000; i++) {
		uint64_t r = t_random(&seed);

		text_printf(&text, "%s from %u.%u.%u.0/24 to %u.%u.%u.%u%s as r%d\n",
			    r & 1 ? "permit" : "deny", 1 + (unsigned)(r >> 8) % 223,
			    (unsigned)(r >> 16) & 0xff, (unsigned)(r >> 24) & 0xff,
			    225 + (unsigned)(r >> 32) % 13, (unsigned)(r >> 40) & 0xff,
			    (unsigned)(r >> 48) & 0xff, (unsigned)(r >> 56) & 0xff,
			    r & 2 ? " at data" : "", i);
	}
	text_put(&text, "default deny\n}\n");
	start = clock();
	policy = load(text.p, &diags);
	check(policy != NULL);
	policy_check(policy, day_of(2026, 1, 1), &diags);
	check((double)(clock() - start) / CLOCKS_PER_SEC < most_s);
	printf("# %.0f ms\n", (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
	policy_free(policy);
	diags_release(&diags);
	text_release(&text);
}

/* 256 rules for a second byte and as many for a third: each two of them make another kind of group. */
static void put_kinds(struct text *text, unsigned seconds)
{
	text_put(text, "policy \"p\"\nboundary edge {\n");
	for (unsigned i = 0; i < seconds; i++)
		text_printf(text, "permit to 232.%u.0.0/16 as second-%u\n", i, i);
	for (unsigned i = 0; i < 256; i++) {
		text_put(text, "deny to {");
		for (unsigned k = 0; k < 256; k++)
			text_printf(text, "%s 232.%u.%u.0/24", k > 0 ? "," : "", k, i);
		text_printf(text, " } as third-%u\n", i);
	}
	text_put(text, "default deny\n}\n");
}

/* Counts the words on what run would refuse. */
static unsigned count_refusals(unsigned seconds)
{
	struct text text = { 0 };
	struct policy *policy;
	struct diags diags;
	unsigned n = 0;

	put_kinds(&text, seconds);
	policy = load(text.p, &diags);
	check(policy != NULL);
	policy_check(policy, day_of(2026, 1, 1), &diags);
	for (size_t i = 0; i < diags.n; i++) {
		const struct diag *d = &diags.list[i];

		if (!strstr(d->message, "weir run cannot enforce boundary 'edge': its rules tell more "
					"than 65500 kinds of groups apart"))
			continue;
		check(d->severity == SEVERITY_WARNING && d->line == 2 && d->hint);
		n++;
	}
	policy_free(policy);
	diags_release(&diags);
	text_release(&text);
	return n;
}

static void test_what_run_refuses(void)
{
	check(count_refusals(256) == 1);
	check(count_refusals(200) == 0);
}

TEST_MAIN({ "dead rules never decide", test_dead_rules_never_decide },
	  { "every dead rule is found", test_every_dead_rule_is_found },
	  { "ten thousand rules", test_ten_thousand_rules },
	  { "what run would refuse", test_what_run_refuses })
