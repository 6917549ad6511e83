/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled table says what the reference says: random policies x random observations,
 * compiled with the matrix and without it.  200,000 comparisons; WEIR_LONG=1: over 10 million. */
#include "model/diag.h"
#include "policy/load.h"
#include "policy/table.h"
#include "random_policy.h"
#include "t.h"

struct tally {
	uint64_t compared, settled, plain, loaded, refused, rules_hit[4];
};

static bool is_long(void)
{
	const char *text = getenv("WEIR_LONG");

	return text && *text && strcmp(text, "0") != 0;
}

static void tell(const struct boundary *b, const struct observation *obs, const char *by,
		 struct verdict is, struct verdict should)
{
	char source[ADDR_TEXT], group[ADDR_TEXT];

	printf("# %s: (%s, %s/%u) at %u type %u flags %llx direction %u: is %s rule %u, should %s rule %u of %zu\n",
	       by, addr_text(obs->source, source), addr_text(obs->group, group), obs->group_len,
	       obs->point, obs->type, (unsigned long long)obs->flags, obs->direction,
	       action_name(is.action), is.rule, action_name(should.action), should.rule, b->rule_count);
}

static bool agree(const struct boundary *b, const struct observation *obs, const char *by,
		  struct verdict is, struct verdict should)
{
	if (is.action == should.action && is.rule == should.rule)
		return true;
	tell(b, obs, by, is, should);
	return false;
}

static bool is_pair(const struct observation *obs)
{
	return !obs->notice && obs->anomaly == ANOMALY_NONE && obs->point != POINT_NONE &&
	       (!addr_is_there(obs->group) || obs->group_len == addr_bits(obs->group));
}

/* Where the quick call says that nothing else matters, it must be right for this packet too;
 * and the rule that decides is one of the candidates. */
static bool quick_agrees(const struct boundary *b, const struct table *t,
			 const struct observation *obs, struct verdict should, struct tally *tally)
{
	struct quick_verdict quick = table_quick(t, obs->source, obs->group, table_plane(t, obs));
	uint16_t list[512];
	size_t n;

	tally->settled += quick.depends == 0;
	if (quick.depends == 0 && !agree(b, obs, "quick", quick.verdict, should))
		return false;
	if (should.rule + 1u == b->rule_count || obs->point == POINT_ROUTER)
		return true;
	n = table_candidates(t, obs->point == POINT_BOOTSTRAP ? ADDR_NONE : obs->source, obs->group,
			     list, COUNT(list));
	for (size_t i = 0; i < n && i < COUNT(list); i++)
		if (list[i] == should.rule)
			return true;
	printf("# rule %u decides and is no candidate\n", should.rule);
	return false;
}

/* So it is for plain statements, where the table says that nothing else matters for them. */
static bool plain_agrees(const struct boundary *b, const struct table *t,
			 const struct observation *obs, struct tally *tally)
{
	struct observation plain = *obs;
	struct quick_verdict quick;

	plain.flags = 0;
	if (plain.point == POINT_ROUTER || !addr_is_there(plain.group) ||
	    plain.speaker.family != plain.group.family)
		return true;
	quick = table_plain(t, &plain);
	tally->plain += quick.depends == 0;
	return quick.depends != 0 ||
	       agree(b, &plain, "plain", quick.verdict, reference_judge(b, &plain));
}

static bool compare(const struct boundary *b, uint64_t *seed, unsigned observations,
		    struct tally *tally)
{
	struct table *dense = table_new(b), *sparse = table_new_within(b, 0);
	bool good = true;

	for (unsigned i = 0; i < observations && good; i++) {
		struct observation obs = random_observation(seed, b);
		struct verdict should = reference_judge(b, &obs);

		good = agree(b, &obs, "matrix", table_judge(dense, &obs), should) &&
		       agree(b, &obs, "lists", table_judge(sparse, &obs), should);
		if (good && is_pair(&obs))
			good = quick_agrees(b, dense, &obs, should, tally) &&
			       quick_agrees(b, sparse, &obs, should, tally) &&
			       plain_agrees(b, dense, &obs, tally) &&
			       plain_agrees(b, sparse, &obs, tally);
		tally->compared += 2;
		tally->rules_hit[should.rule == RULE_NONE	     ? 0
				 : should.rule + 1u == b->rule_count ? 1
				 : should.rule < 4		     ? 2
								     : 3]++;
	}
	table_free(dense);
	table_free(sparse);
	return good;
}

static bool try_text(const char *text, uint64_t *seed, unsigned observations, struct tally *tally)
{
	struct diags diags;
	struct policy *policy;
	bool good = true;

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "random", .text = text,
						     .n = strlen(text) }, &diags);
	if (policy) {
		tally->loaded++;
		good = compare(policy->boundaries[0], seed, observations, tally);
	} else {
		tally->refused++;
	}
	if (!good || (!policy && tally->refused == 1))
		printf("# %s\n%s\n", diags.n ? diags.list[0].message : "", text);
	policy_free(policy);
	diags_release(&diags);
	return good;
}

static bool try_policy(uint64_t seed, unsigned rules, unsigned observations, struct tally *tally)
{
	struct text text = { 0 };
	bool good;

	random_policy(&seed, rules, &text);
	good = try_text(text_string(&text), &seed, observations, tally);
	text_release(&text);
	return good;
}

/* What random rules seldom say, each by itself. */
static const char *const corners[] = {
	"deny embeds not 2001:db8::/32 as a",
	"deny embeds not 10.0.0.0/8 as a",
	"deny embeds { 198.51.100.7 - 198.51.100.200, 2001:db8:0:1::/64 } as a",
	"deny embeds not { 198.51.100.7 - 198.51.100.200, 0.0.0.1, 255.255.255.255 } as a",
	"deny embeds { 0.0.0.0/0, ::/0 } as a",
	"deny rp 2001:db8::/32 as a",
	"deny rp not { 2001:db8::1, 10.1.2.3 } as a",
	"deny rp { 2001:db8::/32, 10.0.0.0/8 } at router, data as a permit at sa as b",
	"deny speaker 10.0.0.0/8 speaker not 10.1.2.3 as a",
	"deny from * as a permit from 10.0.0.0/8 as b",
	"deny from * from { 10.0.0.0/8, 2001:db8::/32 } as a",
	"deny to not ffxe::/16 as a deny to ffxf::/16 as b",
	"deny to { 224.0.0.0, 239.255.255.255 } from { 0.0.0.0, 255.255.255.255 } as a",
	"deny protocol udp as a deny protocol sap as b warn protocol tcp port 0-65535 as c",
	"deny in as a deny out at sa as b warn not joined as c ignore joined as d",
	"deny ttl > 0 as a warn ttl < 1 as b",
	"deny type query as a deny anomaly any as b warn type query anomaly short as c",
};

static void test_corners(void)
{
	uint64_t seed = 1181783497276652981u;
	struct tally tally = { 0 };

	for (size_t i = 0; i < COUNT(corners); i++) {
		struct text text = { 0 };

		text_printf(&text, "boundary b {\n%s\ndefault permit\n}\n", corners[i]);
		check_named(try_text(text_string(&text), &seed, is_long() ? 100000 : 1000, &tally),
			    corners[i]);
		text_release(&text);
	}
	check(tally.refused == 0);
}

static void test_random(void)
{
	unsigned policies = is_long() ? 12000 : 500, observations = is_long() ? 500 : 200;
	uint64_t seed = 0x2545f4914f6cdd1d;
	struct tally tally = { 0 };

	for (unsigned i = 0; i < policies; i++) {
		unsigned rules = 1 + i % (i % 2 ? 4 : 24);	/* short ones hide nothing */

		if (!try_policy(t_random(&seed), rules, observations, &tally)) {
			check_named(false, "a policy on which they differ");
			return;
		}
	}
	printf("# %llu comparisons, %llu policies (%llu refused), settled by class %llu, plain %llu; "
	       "no rule %llu, default %llu, first rules %llu, later rules %llu\n",
	       (unsigned long long)tally.compared, (unsigned long long)tally.loaded,
	       (unsigned long long)tally.refused, (unsigned long long)tally.settled,
	       (unsigned long long)tally.plain,
	       (unsigned long long)tally.rules_hit[0], (unsigned long long)tally.rules_hit[1],
	       (unsigned long long)tally.rules_hit[2], (unsigned long long)tally.rules_hit[3]);
	check(tally.compared >= (is_long() ? 10000000 : 190000));
	check(tally.refused * 10 < tally.loaded);
	check(tally.plain > tally.compared / 100);
	for (int i = 0; i < 4; i++)
		check(tally.rules_hit[i] > tally.compared / 100);
}

static void test_many_rules(void)
{
	struct tally tally = { 0 };

	check(try_policy(88172645463325252u, 400, is_long() ? 50000 : 4000, &tally));
	check(tally.loaded == 1);
}

static void compare_profile(const char *name)
{
	struct diags diags;
	struct policy *policy;
	uint64_t seed = 42;
	struct tally tally = { 0 };

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = name }, &diags);
	check_named(policy != NULL, name);
	for (size_t i = 0; policy && i < policy->boundary_count; i++)
		check_named(compare(policy->boundaries[i], &seed, is_long() ? 100000 : 1500, &tally), name);
	policy_free(policy);
	diags_release(&diags);
}

static void test_profiles(void)
{
	compare_profile("modern");
	compare_profile("chown-02");
	compare_profile("ssm-only");
}

TEST_MAIN({ "corners", test_corners }, { "random policies", test_random }, { "many rules", test_many_rules },
	  { "the built-in profiles", test_profiles })
