/* SPDX-License-Identifier: BSD-2-Clause */
/* `msdp` in the configuration: what is read, and what is complained about. */
#include "t.h"

#include "policy/conf.h"
#include "policy/load.h"

static struct conf *parse(const char *text, struct diags *diags)
{
	diags_init(diags);
	return conf_parse("weir.conf", text, strlen(text), diags);
}

static void test_all_of_it(void)
{
	struct diags diags;
	struct conf *c = parse(
		"policy modern\n"
		"msdp {\n"
		"  originator 10.0.0.9  cache 200k\n"
		"  peer 192.0.2.1 { local 192.0.2.2 boundary peering outside description \"upstream\"\n"
		"    password \"secret\" ttl-security 1 as 65001 role edge data strip static-rpf {\n"
		"      203.0.113.0/24, 198.51.100.7, } }\n"
		"  peer 192.0.2.3 { local 192.0.2.2 inside connect-retry 10s hold 30s keepalive 10s\n"
		"    password file \"key\" listen-only role transit data keep }\n"
		"  peer 192.0.2.4 { local 192.0.2.2 limit 5k }\n"
		"  originate 10.9.0.1 233.252.0.9 originate 10.9.0.2 233.252.0.9\n"
		"  mesh-group core { 192.0.2.3, 192.0.2.4 }\n"
		"}\n"
		"watch eth0\n", &diags);
	const struct conf_peer *p;

	check(c != NULL);
	if (!c)
		return;
	p = c->msdp.peers;
	check(c->msdp.is_there && c->msdp.peer_count == 3 && c->msdp.entries_max == 200000);
	check(addr_equal(c->msdp.originator, addr_of4(0x0a000009)));
	check(addr_equal(p[0].remote, addr_of4(0xc0000201)) && p[0].strips_data &&
	      p[0].is_static && !p[0].is_inside && p[0].as == 65001 && p[0].hops == 1);
	check(p[0].rps.n == 2 && set_has(&p[0].rps, addr_of4(0xcb007109)) &&
	      !set_has(&p[0].rps, addr_of4(0xc6336408)) && p[2].rps.n == 0 && !p[2].is_static);
	check_text(p[0].boundary.name, "peering", "boundary");
	check_text(p[0].text, "upstream", "description");
	check_text(p[0].password, "secret", "password");
	check(p[1].is_inside && p[1].listens && p[1].is_transit && !p[1].strips_data &&
	      p[1].retry_s == 10 && p[1].hold_s == 30 && p[1].keepalive_s == 10);
	check_text(p[1].password_file, "key", "password file");
	check_text(p[1].mesh, "core", "mesh group");
	check(p[2].mesh && !p[0].mesh && p[2].entries_max == 5000 && p[0].entries_max == 0);
	check(c->msdp.source_count == 2 &&
	      addr_equal(c->msdp.sources[1].source, addr_of4(0x0a090002)));
	check(c->watch.n == 1);
	conf_free(c);
	diags_release(&diags);
}

static const struct {
	const char *block, *says;
} wrong[] = {
	{ "msdp { }", "'msdp' names no peer" },
	{ "msdp { peer 192.0.2.1 { } }", "this peer names no local address" },
	{ "msdp { peer 2001:db8::1 { local 192.0.2.2 } }",
	  "'2001:db8::1' is not the IPv4 address of a host" },
	{ "msdp { peer 224.0.0.1 { local 192.0.2.2 } }",
	  "'224.0.0.1' is not the IPv4 address of a host" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 } peer 192.0.2.1 { local 192.0.2.2 } }",
	  "this peer stands here twice" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 hold 60s } }",
	  "the keepalive time (60s) is not below the hold time (60s)" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 hold 2s keepalive 1s } }",
	  "the time is from 3s to 18h" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 colour \"red\" } }",
	  "expected what the peer is, as 'local', but found 'colour'" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 } mesh-group m { 192.0.2.9 } }",
	  "no such peer" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.1 } }",
	  "this peer has its own address as the local one" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 local 192.0.2.3 } }",
	  "'local' stands twice for this peer" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 role transit boundary b } }",
	  "'role transit' stands for the boundary 'msdp-transit'" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 ttl-security 0 } }",
	  "a peer is at least one hop away" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 } mesh-group a { 192.0.2.1 }\n"
	  "mesh-group b { 192.0.2.1 } }", "this peer is in the mesh group 'a' already" },
	{ "msdp { transparent peer 192.0.2.1 { local 192.0.2.2 }\n"
	  "peer 192.0.2.3 { local 192.0.2.1 } }",
	  "each of the two peers of a transparent relay has the other's address as its local one" },
	{ "msdp { transparent peer 192.0.2.1 { local 192.0.2.2 } }",
	  "'transparent' stands between exactly two peers" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 static-rpf { 10.0.0.1/8 } } }",
	  "'10.0.0.1/8' is no IPv4 address or prefix" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 static-rpf { } } }",
	  "expected the address of an RP, or a prefix, but found '}'" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 password \"\" } }",
	  "a password has 1 to 80 bytes" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 } originate 10.0.0.1 233.252.0.1 }",
	  "'originate' needs an originator" },
	{ "msdp { originator 10.0.0.9 originate 10.0.0.1 10.0.0.2 }", "'10.0.0.2' is no IPv4 group" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 } cache 99M }",
	  "the cache holds at most 16777216" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 as 0 } }",
	  "no autonomous system has the number 0" },
	{ "msdp { peer 192.0.2.1 { local 192.0.2.2 hold 0s } }", "'0s' is too little" },
};

static void test_complaints(void)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct diags diags;
		struct text text = { 0 };

		text_printf(&text, "policy modern\n%s\n", wrong[i].block);
		check_named(parse(text.p, &diags) == NULL, wrong[i].block);
		check_text(diags.n ? diags.list[0].message : "", wrong[i].says, wrong[i].block);
		diags_release(&diags);
		text_release(&text);
	}
}

TEST_MAIN({ "all of it", test_all_of_it }, { "complaints", test_complaints })
