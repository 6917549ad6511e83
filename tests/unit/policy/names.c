/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of rules: LANGUAGE S33, S34. */
#include "t.h"

#include "policy/load.h"

/* The first rule of a boundary with this one rule, or the complaint about it. */
static struct policy *load_rule(const char *rule, struct diags *diags)
{
	char text[1024];
	struct policy_input input = { .name = "test.weir", .text = text };

	snprintf(text, sizeof(text),
		 "set own ?= {}\nset ssm = { 232.0.0.0/8, ff3x::/32 }\n"
		 "boundary b {\n%s\ndefault deny\n}\n", rule);
	input.n = strlen(text);
	return policy_load(&input, diags);
}

static const struct { const char *rule, *name; } rows[] = {
	{ "deny from * to ssm at join, membership",
	  "deny-from-wildcard-to-ssm-at-join-membership" },
	{ "deny protocol tcp to 224.0.1.1 at data in", "deny-in-to-224.0.1.1-at-data-protocol-tcp" },
	{ "deny from not { 10.0.0.0/8 } at data", "deny-from-not-10.0.0.0-8-at-data" },
	{ "permit to 224.3.0.0 - 224.4.255.255", "permit-to-224.3.0.0-224.4.255.255" },
	{ "warn ttl < 16", "warn-ttl-below-16" },
	{ "warn ttl > 16", "warn-ttl-above-16" },
	{ "deny to { 224.0.1.1, 224.0.1.2, 224.0.1.3, 224.0.1.4, 224.0.1.5, 224.0.1.6 } at data",
	  "deny-to-224.0.1.1-224.0.1.2-224.0.1.3-224.0.1.4-224.0.-f03ea5d6" },
	{ "police sa by source/24 over 4000 then deny", "police-sa-by-source-24" },
	{ "police sa by peer new 5/s then alarm", "police-sa-by-peer-new" },
	{ "police sa from not 10.0.0.0/8 by rp over 5 then deny",
	  "police-sa-from-not-10.0.0.0-8-by-rp" },
	{ "limit 20/s burst 100 by source to 224.2.127.254 at data",
	  "limit-to-224.2.127.254-at-data" },
	{ "deny joined at data", "deny-at-data-joined" },
	{ "deny not joined at data", "deny-at-data-not-joined" },
	{ "deny port 5000-5010 at data", "deny-at-data-port-5000-5010" },
	{ "deny speaker not own speaker not 0.0.0.0", "deny-speaker-not-own-speaker-not-0.0.0.0" },
	{ "deny to FF0E:0:0::101 at data", "deny-to-ff0e-101-at-data" },
	{ "deny to ssm - { 232.0.0.0/24 } + (ffx8::/16)", "deny-to-ssm-232.0.0.0-24-ffx8-16" },
	{ "deny anomaly any", "deny-anomaly-any" },
	{ "deny flag rpt, wildcard type join-prune", "deny-type-join-prune-flag-rpt-wildcard" },
	{ "deny at data as 1.a_b-c", "1.a_b-c" },
	{ "deny at data as in", "in" },
};

static void test_names(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct diags diags;
		struct policy *policy;

		diags_init(&diags);
		policy = load_rule(rows[i].rule, &diags);
		check_named(policy != NULL, rows[i].rule);
		if (policy)
			check_text(policy->boundaries[0]->rules[0]->name, rows[i].name,
				   rows[i].rule);
		policy_free(policy);
		diags_release(&diags);
	}
}

/* Derived names do not change with the place, rates and trailers of a rule. */
static void test_what_does_not_count(void)
{
	static const char *const same[] = {
		"limit 1/s to ssm at data",
		"limit 30/m burst 7 by speaker at data to ssm",
		"permit at sa\nlimit 1/h at data to ssm \"text\" ref \"r\" owner \"o\" until 2030-01-01",
	};

	for (size_t i = 0; i < COUNT(same); i++) {
		struct diags diags;
		struct policy *policy;

		diags_init(&diags);
		policy = load_rule(same[i], &diags);
		check_named(policy != NULL, same[i]);
		if (policy)
			check_text(policy->boundaries[0]->rules[i == 2]->name,
				   "limit-to-ssm-at-data", same[i]);
		policy_free(policy);
		diags_release(&diags);
	}
}

TEST_MAIN({ "names", test_names }, { "what does not count", test_what_does_not_count })
