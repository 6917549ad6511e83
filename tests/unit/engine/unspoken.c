/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources that are refused where they are asked for are stopped where their data comes, the other way
 * round; nothing else changes. */
#include "engine/unspoken.h"
#include "random_policy.h"
#include "scene.h"

#define BOGON "from { 10.0.0.0/8, fc00::/7 }"

static const struct {
	const char   *rules;
	const char   *found;		/* of each rule: - none, s stopped, l left */
	const char   *data_in, *data_out;	/* what 10.1.1.1 > 239.1.1.1 then meets at `data` */
} rows[] = {
	{ "deny " BOGON " at membership", "s", "deny", "deny" },
	{ "deny in " BOGON " at membership, join", "s", "permit", "deny" },
	{ "deny out " BOGON " at join", "s", "deny", "permit" },
	{ "deny " BOGON, "-", "deny", "deny" },
	{ "deny " BOGON " at membership, data", "-", "deny", "deny" },
	{ "deny " BOGON " at register", "-", "permit", "permit" },
	{ "deny to 239.1.1.1 at join", "-", "permit", "permit" },
	{ "deny from * to 239.1.1.1 at join", "-", "permit", "permit" },
	{ "limit 5/s " BOGON " at join", "-", "permit", "permit" },
	{ "warn " BOGON " at join", "-", "permit", "permit" },
	{ "deny " BOGON " to 239.1.1.1 at membership", "s", "deny", "deny" },
	{ "deny " BOGON " to 239.2.2.2 at membership", "s", "permit", "permit" },
	{ "deny " BOGON " speaker not 192.0.2.0/24 at membership", "l", "permit", "permit" },
	{ "deny " BOGON " at membership ttl > 1", "l", "permit", "permit" },
	{ "deny " BOGON " at membership type v3-report", "-", "permit", "permit" },
	{ "permit from 10.1.1.1 at membership deny " BOGON " at membership", "-l", "permit", "permit" },
	{ "permit from 172.16.0.0/12 at membership deny " BOGON " at membership", "-s", "deny", "deny" },
	{ "permit from * at membership deny " BOGON " at membership", "-s", "deny", "deny" },
	{ "permit from 10.1.1.1 deny " BOGON " at membership", "-s", "permit", "permit" },
	{ "ignore to 239.1.1.0/24 at membership deny " BOGON " at membership", "-s", "permit", "permit" },
	{ "ignore to 239.2.2.0/24 at membership deny " BOGON " at membership", "-s", "deny", "deny" },
	{ "permit in to 239.2.2.2 at membership deny " BOGON " at membership", "-l", "permit", "permit" },
	{ "permit to 239.1.1.1 at data deny " BOGON " at membership", "-s", "permit", "permit" },
};

static const char *verdict_at(const struct boundary *b, unsigned direction)
{
	struct observation obs = scene_default(POINT_DATA);

	obs.source = obs.speaker = scene_addr("10.1.1.1");
	obs.group = obs.receiver = scene_addr("239.1.1.1");
	obs.source_len = obs.group_len = 32;
	obs.direction = (uint8_t)direction;
	return action_name(reference_judge(b, &obs).action);
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text = { 0 };
		enum unspoken found[8];
		const struct boundary *b, *data;
		struct policy *policy;
		struct arena arena;

		arena_init(&arena);
		text_printf(&text, "boundary b { %s default permit }", rows[i].rules);
		policy = scene_policy(text_string(&text));
		b = policy->boundaries[0];
		check_named(unspoken_find(b, found) == (strpbrk(rows[i].found, "sl") != NULL), rows[i].rules);
		for (size_t k = 0; k < b->match_count; k++)
			check_named("-sl"[found[k]] == rows[i].found[k], rows[i].rules);
		data = unspoken_boundary(&arena, b);
		check_named((data == b) == !strchr(rows[i].found, 's'), rows[i].rules);
		check_text(verdict_at(data, DIRECTION_IN), rows[i].data_in, rows[i].rules);
		check_text(verdict_at(data, DIRECTION_OUT), rows[i].data_out, rows[i].rules);
		policy_free(policy);
		text_release(&text);
		arena_release(&arena);
	}
}

/* A source whose (S,G) join the boundary refuses by a rule that is stopped is refused at `data` too,
 * unless a rule of `data` before it says otherwise; what it did not stop is judged as before. */
static void test_random(void)
{
	uint64_t seed = 20261123;
	unsigned stopped = 0;

	for (unsigned i = 0; i < 150; i++) {
		struct text text = { 0 };
		struct policy *policy;
		struct arena arena;
		struct policy_input input = { .name = "random" };
		const struct boundary *b, *data;
		struct diags diags;

		random_policy(&seed, 12, &text);
		input.text = text_string(&text);
		input.n = text.n;
		diags_init(&diags);
		policy = policy_load(&input, &diags);
		arena_init(&arena);
		b = policy ? policy->boundaries[0] : NULL;
		data = policy ? unspoken_boundary(&arena, b) : NULL;
		for (unsigned k = 0; policy && k < 100; k++) {
			struct observation obs = random_observation(&seed, b);
			struct verdict was, is;

			if (obs.point != POINT_DATA)
				continue;
			was = reference_judge(b, &obs);
			is = reference_judge(data, &obs);
			check(is.rule <= was.rule);
			check(is.rule == was.rule ||
			      (is.action == ACTION_DENY && !(b->rules[is.rule]->points & 1u << POINT_DATA)));
			stopped += is.rule != was.rule;
		}
		policy_free(policy);
		diags_release(&diags);
		arena_release(&arena);
		text_release(&text);
	}
	check(stopped > 0);
}

/* The built-in boundary for LANs whose hosts may ask only for what may come. */
static void test_receivers(void)
{
	struct policy_input input = { .name = "modern" };
	const struct boundary *b;
	struct policy *policy;
	struct diags diags;
	enum unspoken *found;
	bool stopped = false;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	b = policy_boundary(policy, "receivers");
	found = calloc(b->rule_count, sizeof(found[0]));
	unspoken_find(b, found);
	for (size_t i = 0; i < b->rule_count; i++) {
		stopped |= found[i] == UNSPOKEN_STOPPED && strcmp(b->rules[i]->name, "bogon-source") == 0;
		check_named(found[i] != UNSPOKEN_LEFT, b->rules[i]->name ? b->rules[i]->name : "default");
	}
	check(stopped);
	free(found);
	policy_free(policy);
	diags_release(&diags);
}

TEST_MAIN({ "rows", test_rows }, { "modern.receivers", test_receivers }, { "random policies", test_random })
