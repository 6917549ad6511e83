/* SPDX-License-Identifier: BSD-2-Clause */
/* Random policies and observations.  Knows the policy language as a writer of it does. */
#include "random_policy.h"

#include "t.h"

static unsigned pick(uint64_t *seed, unsigned n)
{
	return (unsigned)(t_random(seed) >> 17) % n;
}

static bool chance(uint64_t *seed, unsigned percent)
{
	return pick(seed, 100) < percent;
}

#define PICK(seed, list) (list)[pick((seed), COUNT(list))]

/* --- policies --- */

static const char *const groups4[] = {
	"224.0.0.0/24", "224.0.1.1", "224.0.1.0/24", "224.0.0.0/4", "224.0.1.3 - 224.0.2.9",
	"232.0.0.0/8", "232.1.0.0/16", "232.1.1.1", "233.252.0.0/24", "234.0.0.0/8", "234.10.0.0/16",
	"234.192.168.0/24", "239.0.0.0/8", "239.255.0.0/16", "239.255.2.2", "224.0.255.255",
	"0.0.0.0/0", "225.0.0.0 - 231.255.255.255", "224.2.127.254", "239.255.255.255", "224.0.0.0",
};

static const char *const groups6[] = {
	"ff00::/8", "ff0x::101", "ff02::/16", "ffx2::/16", "ff3x::/32", "ff3e::8000:1", "ff70::/12",
	"ff7e:140:2001:db8::/64", "ffxe::/16", "ffxf::/16", "ff0e::1:0 - ff0e::2:7fff", "ff3x:x0xx::/32",
	"ff0x::14x", "ff3e:20:2001:db8::/96", "ff05::1:3", "::/0", "ff0e::", "ffb0::/12", "ff7e:01xx::/32",
	"ff0x:0:0:0:x::1",
};

static const char *const sources4[] = {
	"10.0.0.0/8", "10.1.2.3", "172.16.0.0/12", "192.168.0.0/16", "0.0.0.0", "192.0.2.0/24",
	"198.51.100.7 - 198.51.100.200", "224.0.0.0/4", "255.255.255.255", "0.0.0.0/0", "10.1.0.0/16",
	"198.51.0.0/16",
};

static const char *const sources6[] = {
	"::", "::1", "fe80::/10", "2001:db8::/32", "2001:db8::1", "2001:db8:0:1::/64", "fc00::/7",
	"::/8", "::/0", "ff00::/8", "2001:db8::x1", "2001:db8:1xx::/48", "2001:db8::5 - 2001:db8::1:0",
};

static void put_item(uint64_t *seed, bool group, struct text *out)
{
	bool is4 = chance(seed, 60);

	if (group)
		text_put(out, is4 ? PICK(seed, groups4) : PICK(seed, groups6));
	else
		text_put(out, is4 ? PICK(seed, sources4) : PICK(seed, sources6));
}

static void put_set(uint64_t *seed, bool group, struct text *out)
{
	unsigned n = 1 + pick(seed, 4);

	if (chance(seed, 15)) {
		text_printf(out, "%s%u", group ? "groups" : "hosts", pick(seed, 3));
		return;
	}
	if (n == 1) {
		put_item(seed, group, out);
		return;
	}
	text_put(out, "{ ");
	for (unsigned i = 0; i < n; i++) {
		text_put(out, i ? ", " : "");
		put_item(seed, group, out);
	}
	text_put(out, " }");
}

static void put_expr(uint64_t *seed, bool group, struct text *out)
{
	put_set(seed, group, out);
	if (chance(seed, 15)) {
		text_put(out, PICK(seed, ((const char *const[]){ " + ", " - ", " & " })));
		put_set(seed, group, out);
	}
}

static void put_match(uint64_t *seed, const char *word, bool group, struct text *out)
{
	text_printf(out, " %s ", word);
	text_put(out, chance(seed, 25) ? "not " : "");
	put_expr(seed, group, out);
}

static void put_matches(uint64_t *seed, struct text *out)
{
	if (chance(seed, 45))
		put_match(seed, "to", true, out);
	if (chance(seed, 8))
		put_match(seed, "to", true, out);
	if (chance(seed, 12))
		text_put(out, " from *");
	else if (chance(seed, 40))
		put_match(seed, "from", false, out);
	if (chance(seed, 6))
		put_match(seed, "from", false, out);
	if (chance(seed, 10))
		put_match(seed, "rp", false, out);
	if (chance(seed, 10))
		put_match(seed, "speaker", false, out);
	if (chance(seed, 10))
		put_match(seed, "embeds", false, out);
}

static void put_points(uint64_t *seed, struct text *out)
{
	unsigned first = pick(seed, POINT_COUNT);

	text_printf(out, " at %s", point_name(first));
	if (chance(seed, 40))
		text_printf(out, ", %s", point_name((first + 1 + pick(seed, POINT_COUNT - 1)) % POINT_COUNT));
}

static const char *const packet_clauses[] = {
	" ttl < 16", " ttl > 1", " ttl < 2", " ttl > 254", " ttl > 0", " port 1900", " port 5000-6000",
	" protocol udp", " protocol tcp", " protocol 89", " protocol sap", " protocol rasadv",
	" joined", " not joined",
};

static const char *const list_clauses[] = {
	" type query", " type v3-report, v2-report", " type data", " type hello, join-prune",
	" flag rpt", " flag tunnel, fragment", " flag no-router-alert", " anomaly any",
	" anomaly short", " type register", " type bootstrap, candidate-rp",
};

static void put_rule(uint64_t *seed, unsigned number, struct text *out)
{
	static const char *const actions[] = { "permit", "deny",   "deny",		     "warn",
					       "ignore", "permit", "limit 10/s burst 20 by source" };
	size_t before;

	text_printf(out, "\t%s", PICK(seed, actions));
	before = out->n;
	if (chance(seed, 12))
		text_put(out, chance(seed, 50) ? " in" : " out");
	put_matches(seed, out);
	if (chance(seed, 50))
		put_points(seed, out);
	if (chance(seed, 12))
		text_put(out, PICK(seed, list_clauses));
	if (chance(seed, 25))
		text_put(out, PICK(seed, packet_clauses));
	if (out->n == before)
		put_match(seed, "to", true, out);
	text_printf(out, " as r%u", number);
	if (chance(seed, 8))
		text_printf(out, " until 2026-0%u-1%u", 1 + pick(seed, 3), pick(seed, 3));
	text_put(out, "\n");
}

static void put_sets(uint64_t *seed, struct text *out)
{
	text_put(out, "set groups0 ?= {}\nset hosts0 ?= {}\n");
	for (unsigned i = 1; i < 3; i++) {
		text_printf(out, "set groups%u = { ", i);
		put_item(seed, true, out);
		text_put(out, ", ");
		put_item(seed, true, out);
		text_printf(out, " }\nset hosts%u = { ", i);
		put_item(seed, false, out);
		text_put(out, ", ");
		put_item(seed, false, out);
		text_put(out, " }\n");
	}
}

/* Every third one asks for more than its addresses. */
static void put_pair(uint64_t *seed, unsigned number, struct text *out)
{
	static const char *const actions[] = { "permit", "deny", "warn" };
	static const char *const more[] = { " ttl > 15", " protocol 17", " in", " out", " port 5000-6000",
					    " flag fragment", " protocol tcp", " at data" };

	text_printf(out, "\t%s%s", PICK(seed, actions), chance(seed, 33) ? PICK(seed, more) : "");
	if (chance(seed, 50)) {
		text_printf(out, " from 10.%u.0.%u%s", pick(seed, 2), pick(seed, 12),
			    chance(seed, 10) ? " - 10.1.0.77" : "");
		text_printf(out, " to 232.1.%u.%u%s", pick(seed, 2), pick(seed, 12) * 16,
			    chance(seed, 30) ? "/28" : "");
	} else {
		text_printf(out, " from 2001:db8:%u::%x", pick(seed, 4), pick(seed, 5));
		text_printf(out, " to ff3%c::8000:%x%s", chance(seed, 70) ? 'e' : 'x',
			    pick(seed, 12) * 16, chance(seed, 30) ? "/124" : "");
	}
	text_printf(out, " as r%u\n", number);
}

void random_pairs(uint64_t *seed, unsigned rules, struct text *out)
{
	put_sets(seed, out);
	text_put(out, "boundary border {\n");
	for (unsigned i = 0; i < rules; i++) {
		if (chance(seed, 85))
			put_pair(seed, i, out);
		else
			put_rule(seed, i, out);
	}
	text_printf(out, "\tdefault %s\n}\n", chance(seed, 50) ? "permit" : "deny");
}

void random_policy(uint64_t *seed, unsigned rules, struct text *out)
{
	put_sets(seed, out);
	text_put(out, "boundary border {\n");
	for (unsigned i = 0; i < rules; i++)
		put_rule(seed, i, out);
	text_printf(out, "\tdefault %s\n}\n", chance(seed, 50) ? "permit" : "deny");
}

/* --- observations --- */

/* An end of a range that some rule names, or an address beside it. */
static bool near_an_end(uint64_t *seed, const struct boundary *b, enum field field,
			struct addr *out)
{
	const struct rule *rule;
	const struct match *m;
	const struct range *range;

	if (b->match_count == 0)
		return false;
	rule = b->rules[pick(seed, (unsigned)b->match_count)];
	if (rule->match_count == 0)
		return false;
	m = &rule->matches[pick(seed, (unsigned)rule->match_count)];
	if ((m->field == FIELD_TO) != (field == FIELD_TO) || m->set->n == 0)
		return false;
	range = &m->set->ranges[pick(seed, (unsigned)m->set->n)];
	*out = chance(seed, 50) ? range->first : range->last;
	if (chance(seed, 40))
		*out = chance(seed, 50) ? addr_next(*out) : addr_previous(*out);
	return true;
}

/* A group that embeds an address: 234/8 (RFC 6034), or a prefix or an RP of IPv6 (RFC 3306,
 * RFC 3956). */
static struct addr group_around(uint64_t *seed, struct addr unicast)
{
	static const uint64_t tops[] = { 0xff3e, 0xff7e, 0xff7f, 0xffb5, 0xfffe };
	uint64_t hi, plen = PICK(seed, ((const uint8_t[]){ 64, 64, 48, 32, 8, 1, 0, 65 }));

	if (unicast.family == FAMILY_IP4)
		return addr_of4(0xea000000 | (uint32_t)unicast.lo >> 8);
	hi = PICK(seed, tops) << 48 | (chance(seed, 80) ? (unicast.lo & 0xf) << 40 : 0) | plen << 32;
	return addr_of6(hi | unicast.hi >> 32, unicast.hi << 32 | pick(seed, 3));
}

static struct addr random_group(uint64_t *seed, const struct boundary *b)
{
	static const uint64_t tops[] = { 0xff0e, 0xff02, 0xff3e, 0xff3f, 0xff7e, 0xff0f, 0xff7f, 0xffbe,
					 0xfffe, 0xff05, 0xff3e, 0xff7e };
	struct addr a;
	uint64_t hi;

	for (int i = 0; i < 4; i++)
		if (chance(seed, 60) && near_an_end(seed, b, FIELD_TO, &a))
			return a;
	for (int i = 0; i < 3; i++)
		if (chance(seed, 50) && near_an_end(seed, b, FIELD_RP, &a))
			return group_around(seed, a);
	if (chance(seed, 40))
		return addr_of4(0xe0000000 | (uint32_t)(t_random(seed) & 0x0fffffff));
	if (chance(seed, 30))		/* 234/8 over the sources of the policies */
		return addr_of4(PICK(seed, ((const uint32_t[]){ 0xea0a0102, 0xeac0a801, 0xeac00002,
							       0xea00ff01, 0xeaffffff })));
	hi = PICK(seed, tops) << 48 | (uint64_t)pick(seed, 2) << 40 | (uint64_t)pick(seed, 70) << 32;
	hi |= chance(seed, 60) ? 0x20010db8 : t_random(seed) & 0xffffffff;
	return addr_of6(hi, chance(seed, 50) ? pick(seed, 0x200) : t_random(seed));
}

static struct addr random_host(uint64_t *seed, const struct boundary *b, bool is4)
{
	struct addr a;

	for (int i = 0; i < 3; i++)
		if (chance(seed, 70) && near_an_end(seed, b, FIELD_FROM, &a) &&
		    (a.family == FAMILY_IP4) == is4)
			return a;
	return is4 ? addr_of4((uint32_t)t_random(seed)) : addr_of6(t_random(seed), t_random(seed));
}

static struct addr random_source(uint64_t *seed, const struct boundary *b, bool is4)
{
	if (chance(seed, 12))
		return ADDR_ANY;
	if (chance(seed, 3))
		return ADDR_NONE;
	return random_host(seed, b, chance(seed, 2) ? !is4 : is4);
}

static uint8_t random_type(uint64_t *seed)
{
	static const uint8_t types[] = { TYPE_DATA, TYPE_QUERY, TYPE_V3_REPORT, TYPE_V2_REPORT,
					 TYPE_HELLO, TYPE_JOIN_PRUNE, TYPE_REGISTER, TYPE_BOOTSTRAP };

	return chance(seed, 80) ? PICK(seed, types) : (uint8_t)pick(seed, TYPE_COUNT);
}

static void put_packet(uint64_t *seed, struct observation *obs)
{
	static const uint16_t protocols[] = { 17, 17, 6, 89, 1, IP_PROTOCOL_NONE };
	static const uint16_t ports[] = { 1900, 1899, 1901, 5000, 4999, 6000, 6001, 9875, 0 };
	static const uint8_t ttls[] = { 0, 1, 2, 15, 16, 17, 254, 255 };

	obs->ip_protocol = PICK(seed, protocols);
	obs->protocol = (uint8_t)pick(seed, PROTOCOL_COUNT);
	obs->has_ports = chance(seed, 70);
	obs->dport = PICK(seed, ports);
	obs->has_ttl = chance(seed, 80);
	obs->ttl = PICK(seed, ttls);
	obs->flags = chance(seed, 40) ? UINT64_C(1) << pick(seed, FLAG_COUNT) : 0;
	obs->flags |= chance(seed, 25) ? FLAG_BIT(RPT) : 0;
	obs->direction = (uint8_t)pick(seed, 3);
	obs->joined = (uint8_t)pick(seed, 3);
}

struct observation random_observation(uint64_t *seed, const struct boundary *boundary)
{
	struct observation obs = observation_none();
	bool is4;

	obs.point = (uint8_t)(chance(seed, 40) ? POINT_DATA : pick(seed, POINT_COUNT + 1));
	obs.group = chance(seed, 97) ? random_group(seed, boundary) : ADDR_NONE;
	is4 = obs.group.family == FAMILY_IP4;
	obs.source = random_source(seed, boundary, is4);
	obs.speaker = chance(seed, 85) ? random_host(seed, boundary, is4) : ADDR_NONE;
	obs.rp = chance(seed, 50) ? random_host(seed, boundary, is4) : ADDR_NONE;
	obs.group_len = (uint8_t)addr_bits(obs.group);
	obs.source_len = (uint8_t)addr_bits(obs.source);
	if (chance(seed, 12) && obs.group_len)
		obs.group_len = (uint8_t)(8 + pick(seed, obs.group_len - 8u));
	obs.group = addr_is_there(obs.group) ? addr_first(obs.group, obs.group_len) : obs.group;
	obs.type = random_type(seed);
	put_packet(seed, &obs);
	obs.notice = chance(seed, 8);
	obs.anomaly = (uint8_t)(chance(seed, 4) ? pick(seed, ANOMALY_COUNT) : ANOMALY_NONE);
	obs.at.ns = (day_of(2026, 1 + (int)pick(seed, 3), 10 + (int)pick(seed, 4)) * 86400 +
		     (chance(seed, 50) ? 0 : 86399)) * NS_PER_S;
	return obs;
}
