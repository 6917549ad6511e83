/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: what is read from good texts, and what the policy beside it must have.  The
 * complaints are in tests/policy/conf. */
#include "t.h"

#include "policy/conf.h"
#include "policy/load.h"

#define check_count(is, should, name) check_named((is) == (should), (name))

static struct conf *parse(const char *text, struct diags *diags)
{
	diags_init(diags);
	return conf_parse("/etc/weir/weir.conf", text, strlen(text), diags);
}

static void test_all_of_it(void)
{
	struct diags diags;
	struct conf *c = parse(
		"policy \"border.weir\"\n"
		"interface eth0 boundary border outside enforce xdp fail open registers silent\n"
		"interface \"6to4\" {\n boundary lan inside\n enforce nft dry-run }\n"
		"interface br0.12 boundary lan  # and nothing more\n"
		"watch eth0, eth1\nwatch eth2\n"
		"ras authorised \"ras\", \"/tmp/more\"\n"
		"history \"/h.db\" keep 90d size 1G notify exec \"n\"\n"
		, &diags);

	/* a statement stands on a line of its own */
	check_named(!c, "statements in a row");
	check_count(diags.n, 1, "one complaint");
	diags_release(&diags);
	c = parse("policy \"border.weir\"\n"
		  "interface eth0 boundary border outside enforce xdp fail open registers silent\n"
		  "interface \"6to4\" {\n boundary lan inside\n enforce nft dry-run }\n"
		  "interface br0.12 boundary lan  # and nothing more\n"
		  "watch eth0, eth1\nwatch eth2\n"
		  "ras authorised \"ras\", \"/tmp/more\"\n"
		  "history \"/h.db\"\n keep 90d size 1G\nnotify exec \"n\"\n"
		  "state \"s\"\ncontrol \"/c\"\n", &diags);
	check_named(c != NULL, "it is good");
	check_text(c->policy.name, "/etc/weir/border.weir", "policy");
	check_count(c->interface_count, 3, "interfaces");
	check_named(c->interfaces[0].backend == CONF_XDP && c->interfaces[0].fails_open &&
	      c->interfaces[0].is_silent && !c->interfaces[0].is_inside, "eth0");
	check_text(c->interfaces[1].name.name, "6to4", "a name in quotes");
	check_named(c->interfaces[1].backend == CONF_NFTABLES && c->interfaces[1].is_inside &&
	      c->interfaces[1].is_dry_run && !c->interfaces[1].fails_open, "6to4");
	check_text(c->interfaces[2].name.name, "br0.12", "a name with a dot");
	check_named(c->interfaces[2].backend == CONF_AUTO, "auto is the usual");
	check_count(c->watch.n, 3, "watched");
	check_text(c->authorised.list[0].name, "/etc/weir/ras", "beside the configuration");
	check_text(c->authorised.list[1].name, "/tmp/more", "as it is");
	check_count(c->keep_s, 90 * 86400, "keep");
	check_count(c->bytes_max, 1u << 30, "size");
	check_text(c->state.name, "/etc/weir/s", "state");
	check_text(c->control.name, "/c", "control");
	conf_free(c);
	diags_release(&diags);
}

static void subnets(void *context, const char *interface, struct text *out)
{
	(void)context;
	if (strcmp(interface, "eth1") == 0)
		text_put(out, "192.0.2.0/24, 2001:db8::/32");
}

static const struct {
	const char *set, *says;
} sets[] = {
	{ "{ 10.0.0.0/8, 224.0.0.1 - 224.0.0.9 }", "own={ 10.0.0.0/8, 224.0.0.1 - 224.0.0.9 }" },
	{ "10.0.0.0/8 + ff0x::1", "own={ 10.0.0.0/8, ff0x::1 }" },
	{ "subnets of eth1", "own={ 192.0.2.0/24, 2001:db8::/32 }" },
	{ "subnets of eth0, eth1 + { 10.0.0.1 }", "own={ 192.0.2.0/24, 2001:db8::/32, 10.0.0.1 }" },
	{ "subnets of eth0", "own={ }" },
	{ "{}", "own={ }" },
};

static void test_sets(void)
{
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct text text = { 0 }, value = { 0 };
		struct diags diags;
		struct conf *c;

		text_printf(&text, "policy modern\nset own = %s\n", sets[i].set);
		c = parse(text_string(&text), &diags);
		check_named(c != NULL, sets[i].set);
		if (c) {
			conf_set_text(&c->sets[0], subnets, NULL, &value);
			check_text(text_string(&value), sets[i].says, sets[i].set);
			check_named(conf_follows_addresses(c) == (strstr(sets[i].set, "of") != NULL),
			      "follows addresses");
		}
		conf_free(c);
		diags_release(&diags);
		text_release(&text);
		text_release(&value);
	}
}

static const struct {
	const char *text, *says;
} besides[] = {
	{ "interface eth0 boundary border", "" },
	{ "interface eth0 boundary boarder",
	  "policy 'modern' has no boundary 'boarder' (did you mean 'border'?)" },
	{ "set own = 192.0.2.0/24", "" },
	{ "set owm = 192.0.2.0/24",
	  "policy 'modern' has no set 'owm' that can be chosen (did you mean 'own'?)" },
};

static void test_beside_the_policy(void)
{
	const struct policy_input input = { .name = "modern" };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	diags_release(&diags);
	for (size_t i = 0; i < COUNT(besides); i++) {
		struct text text = { 0 };
		struct conf *c;
		bool good;

		text_printf(&text, "policy modern\n%s\n", besides[i].text);
		c = parse(text_string(&text), &diags);
		good = conf_check(c, policy, &diags);
		text_reset(&text);
		for (size_t k = 0; k < diags.n; k++)
			text_printf(&text, "%s (%s)", diags.list[k].message, diags.list[k].beside);
		check_named(good == (diags.n == 0), "false where it complains");
		check_text(text_string(&text), besides[i].says, besides[i].text);
		conf_free(c);
		diags_release(&diags);
		text_release(&text);
	}
	policy_free(policy);
}

TEST_MAIN({ "all of it", test_all_of_it }, { "sets", test_sets },
	  { "beside the policy", test_beside_the_policy })
