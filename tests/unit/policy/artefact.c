/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel is given says what the reference says of packets as a kernel sees them: random
 * policies x random packets. */
#include "policy/artefact.h"

#include "model/diag.h"
#include "net/embed.h"
#include "policy/load.h"
#include "random_policy.h"
#include "t.h"

static unsigned class_of(const struct artefact_side *side, struct addr a)
{
	size_t i = side->n;

	while (i > 0 && addr_order(side->intervals[i - 1].first, a) > 0)
		i--;
	return side->intervals[i - 1].class;
}

static bool mask_holds(const struct artefact_mask *m, struct addr group)
{
	struct addr bits = addr_of6(group.hi & m->mask.hi, group.lo & m->mask.lo);

	for (size_t i = 0; i < m->n; i++)
		if (addr_order(m->ranges[i].first, bits) <= 0 &&
		    addr_order(bits, m->ranges[i].last) <= 0)
			return true;
	return false;
}

static bool tests_hold(const struct artefact_rule *rule, const struct observation *obs)
{
	bool good = true;

	if (rule->asks_ttl)
		good &= obs->ttl >= rule->ttl_first && obs->ttl <= rule->ttl_last;
	if (rule->asks_port)
		good &= obs->has_ports && obs->dport >= rule->port_first &&
			obs->dport <= rule->port_last;
	if (rule->flags)
		good &= (rule->flags & obs->flags) != 0;
	if (rule->joined)
		good &= rule->joined == obs->joined;
	if (rule->recognised != PROTOCOL_COUNT)
		good &= rule->recognised == obs->protocol;
	for (size_t i = 0; i < rule->mask_count && obs->group.family == FAMILY_IP6; i++)
		good &= mask_holds(&rule->masks[i], obs->group);
	return good;
}

static bool is_pair(const struct artefact_family *f, const struct observation *obs)
{
	unsigned source = class_of(&f->sources, obs->source);
	unsigned group = class_of(&f->groups, obs->group);

	for (size_t i = 0; f->pairs && i < f->pairs->n; i++)
		if (f->pairs->list[i].source == source && f->pairs->list[i].group == group)
			return true;
	return false;
}

static unsigned judge_packet(const struct artefact *a, const struct observation *obs)
{
	const struct artefact_family *f = obs->group.family == FAMILY_IP4 ? &a->ip4 : &a->ip6;
	unsigned plane = artefact_plane_of(a, obs->direction, obs->ip_protocol);
	uint32_t cell = artefact_cell(f, plane, class_of(&f->sources, obs->source),
				      class_of(&f->groups, obs->group));
	struct rule_list list = artefact_list(a, cell);
	struct artefact_fold fold;
	uint32_t folded;
	size_t i = 0;

	artefact_fold_init(&fold, f, plane);
	folded = fold.cells[class_of(&fold.sources, obs->source) * fold.groups.classes +
			    class_of(&fold.groups, obs->group)];
	if (folded != cell && !is_pair(f, obs))
		i = list.n;		/* a folded plane must say the same */
	artefact_fold_release(&fold);
	while (i + 1 < list.n && !tests_hold(&a->rules[list.rules[i]], obs))
		i++;
	return i < list.n ? list.rules[i] : RULE_NONE;
}

/* As a kernel sees it: a whole packet on a link with a side, nothing of what is inside. */
static bool as_kernel_sees(uint64_t *seed, struct observation *obs, struct mtime at)
{
	obs->point = POINT_DATA;
	obs->type = TYPE_DATA;
	obs->notice = false;
	obs->anomaly = ANOMALY_NONE;
	obs->has_ttl = true;
	obs->at = at;
	obs->flags &= FLAG_BIT(FRAGMENT);
	if (!addr_equal(obs->group, group_as_read(obs->group)))
		obs->flags |= FLAG_BIT(SCOPE_F);
	obs->direction = (uint8_t)(DIRECTION_IN + (t_random(seed) >> 20) % 2);
	if (obs->ip_protocol == IP_PROTOCOL_NONE)
		obs->ip_protocol = 17;
	obs->group_len = (uint8_t)addr_bits(obs->group);
	return addr_is_multicast(obs->group) && addr_is_there(obs->source) &&
	       obs->source.family == obs->group.family;
}

static bool compare(const struct boundary *b, const struct artefact *a, uint64_t *seed,
		    struct mtime at)
{
	struct observation obs = random_observation(seed, b);
	char source[ADDR_TEXT], group[ADDR_TEXT];
	unsigned is, should;

	if (!as_kernel_sees(seed, &obs, at))
		return true;
	is = judge_packet(a, &obs);
	should = reference_judge(b, &obs).rule;
	if (is != should)
		printf("# (%s, %s) direction %u protocol %u: is rule %u, should be %u of %zu\n",
		       addr_text(obs.source, source), addr_text(obs.group, group), obs.direction,
		       obs.ip_protocol, is, should, b->rule_count);
	return is == should;
}

struct tally {
	size_t loaded, refused, compared, pairs;
};

static bool try_boundary(const struct boundary *boundary, uint64_t *seed, struct mtime at,
			 unsigned packets, struct tally *tally)
{
	/* Everything in one matrix, and everything as pairs. */
	static const size_t limits[] = { ARTEFACT_MATRIX_CELLS, 0 };
	bool good = true;

	for (size_t i = 0; i < COUNT(limits) && good; i++) {
		const char *why;
		struct artefact *a = artefact_new(boundary, at, limits[i], &why);

		check((a->ip4.pairs != NULL) == (limits[i] == 0));
		tally->pairs += a->ip4.pairs ? a->ip4.pairs->n : 0;
		tally->pairs += a->ip6.pairs ? a->ip6.pairs->n : 0;
		for (unsigned k = 0; k < packets && good; k++, tally->compared++)
			good = compare(boundary, a, seed, at);
		artefact_free(a);
	}
	return good;
}

static bool try_policy(const struct policy_input *input, uint64_t *seed, unsigned packets,
		       struct tally *tally)
{
	struct mtime at = { day_of(2026, 2, 11) * 86400 * NS_PER_S };
	struct policy *policy;
	struct diags diags;
	bool good = true;

	diags_init(&diags);
	policy = policy_load(input, &diags);
	*(policy ? &tally->loaded : &tally->refused) += 1;
	for (size_t i = 0; policy && good && i < policy->boundary_count; i++)
		good = try_boundary(policy->boundaries[i], seed, at, packets, tally);
	if (!good)
		printf("# %s\n", input->text ? input->text : input->name);
	policy_free(policy);
	diags_release(&diags);
	return good;
}

static bool try_text(const char *text, uint64_t *seed, unsigned packets, struct tally *tally)
{
	return try_policy(&(struct policy_input){ .name = "random", .text = text,
						  .n = strlen(text) }, seed, packets, tally);
}

static void test_random(void)
{
	uint64_t seed = 20261122;
	struct tally tally = { 0 };
	bool good = true;

	for (unsigned i = 0; i < 250 && good; i++) {
		struct text text = { 0 };

		random_policy(&seed, 1 + i % (i % 2 ? 4 : 24), &text);
		good = try_text(text_string(&text), &seed, 120, &tally);
		text_release(&text);
	}
	check_named(good, "random policies agree");
	check(tally.compared > 40000);
	check(tally.pairs > 100);
	check(tally.refused * 10 < tally.loaded);
}

static void test_pairs(void)
{
	uint64_t seed = 20261123;
	struct tally tally = { 0 };
	bool good = true;

	for (unsigned i = 0; i < 60 && good; i++) {
		struct text text = { 0 };

		random_pairs(&seed, 5 + i, &text);
		good = try_text(text_string(&text), &seed, 400, &tally);
		text_release(&text);
	}
	check_named(good, "policies of pairs agree");
	check(tally.compared > 20000);
	check(tally.pairs > 2000);
	check(tally.refused * 10 < tally.loaded);
}

static const char *const corners[] = {
	"deny embeds not 2001:db8::/32 as a",
	"deny embeds { 198.51.100.7 - 198.51.100.200, 2001:db8:0:1::/64, 2001:db8:7::5 - 2001:db8:9::4 } as a",
	"deny embeds { 0.0.0.0/0, ::/0 } as a",
	"deny embeds not { ::1, 2001:db8::1, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff } as a",
	"deny rp 2001:db8::/32 as a",
	"deny rp { 2001:db8::3 - 2001:db8::7 } as a warn rp not 2001:db8::9 as b",
	"deny rp not { 2001:db8::1, 10.1.2.3 } as a",
	"deny rp { ::/16, ff00::/8 } rp not ff00::/9 embeds not ff80::/16 as a",
	"deny speaker 10.0.0.0/8 speaker not 10.1.2.3 as a",
	"deny to not ffxe::/16 as a deny to ffxf::/16 as b warn flag scope-f as c",
	"deny flag scope-f, fragment, tunnel to ff00::/8 as a",
	"deny out from not { 10.0.0.0/8, 2001:db8::/32 } as a deny in from 10.0.0.0/8 as b",
	"deny in protocol tcp as a deny out protocol udp port 1900 as b warn protocol 89 ttl < 16 as c",
	"deny protocol rasadv as a warn protocol sap ttl > 15 as b",
	"deny ttl > 0 as a warn ttl < 1 as b",
};

static void test_corners(void)
{
	uint64_t seed = 1181783497276652981u;
	struct tally tally = { 0 };

	for (size_t i = 0; i < COUNT(corners); i++) {
		struct text text = { 0 };

		text_printf(&text, "boundary b {\n%s\ndefault permit\n}\n", corners[i]);
		check_named(try_text(text_string(&text), &seed, 1500, &tally), corners[i]);
		text_release(&text);
	}
	check(tally.refused == 0);
}

static void test_profiles(void)
{
	static const char *const names[] = { "modern", "chown-02", "ssm-only" };
	static const char *const sets[] = { "own=192.0.2.0/24, 2001:db8::/32" };
	struct tally tally = { 0 };
	uint64_t seed = 7;

	for (size_t i = 0; i < COUNT(names); i++)
		check_named(try_policy(&(struct policy_input){ .name = names[i], .sets = sets,
							       .set_count = 1 },
				       &seed, 800, &tally), names[i]);
	check(tally.loaded == COUNT(names));
}

/* Rules for other points split no class, and what a site leaves out costs nothing. */
static void test_folds(void)
{
	const char *text = "boundary b {\npermit from 10.0.0.0/8 to 239.1.0.0/16 at sa\n"
			   "deny from 10.1.0.0/16 to 239.2.0.0/16\npermit in to 239.3.0.0/16\ndefault deny\n}\n";
	struct diags diags;
	struct policy *policy;
	struct artefact *a;
	const char *why;

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "t", .text = text,
						     .n = strlen(text) }, &diags);
	check(policy != NULL);
	a = artefact_new(policy->boundaries[0], (struct mtime){ 0 }, ARTEFACT_MATRIX_CELLS, &why);
	check(a->ip4.sources.classes == 2 && a->ip4.sources.n == 3);
	check(a->ip4.groups.classes == 3 && a->ip4.groups.n == 4);
	check(a->ip6.sources.classes == 1 && a->ip6.groups.classes == 1);
	check(a->plane_count == 2 && a->list_count == 3);
	artefact_free(a);
	policy_free(policy);
	diags_release(&diags);
}

TEST_MAIN({ "random", test_random }, { "pairs", test_pairs }, { "corners", test_corners }, { "profiles", test_profiles },
	  { "folds", test_folds })
