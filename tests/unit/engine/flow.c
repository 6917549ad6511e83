/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flows: what is kept, what goes first, and that keys come back as they were. */
#include "engine/flow_index.h"
#include "sweep.h"

static struct flow_key key_of(uint32_t source, uint32_t group, uint8_t point)
{
	return (struct flow_key){ .source = addr_of4(source), .group = addr_of4(group), .point = point,
				  .kind = FLOW_SOURCE_HOST, .group_len = 32 };
}

static struct flow *add(struct flow_table *table, const struct flow_key *key)
{
	uint64_t hash = flow_hash(key);
	struct flow *f = flow_find(table, key, hash);

	if (f)
		return f;
	f = flow_room(table, key, hash);
	flow_begin(table, f, key, hash);
	return f;
}

static void check_key(const struct flow_key *key, const char *name)
{
	struct flow_table table;
	struct flow_key back;
	struct flow *f;

	flow_table_init(&table, false);
	f = add(&table, key);
	check_named(f == flow_find(&table, key, flow_hash(key)), name);
	back = flow_key_read(&table, f);
	check_named(addr_equal(back.source, key->source) && addr_equal(back.group, key->group) &&
			    back.point == key->point && back.kind == key->kind &&
			    back.group_len == key->group_len, name);
	flow_table_release(&table);
}

static void test_keys(void)
{
	const struct addr v4 = t_addr("10.0.0.1"), g4 = t_addr("239.1.1.1");
	const struct addr v6 = t_addr("2001:db8::1"), g6 = t_addr("ff0e::1");

	check_key(&(struct flow_key){ v4, g4, POINT_DATA, 32, FLOW_SOURCE_HOST }, "v4");
	check_key(&(struct flow_key){ v6, g6, POINT_JOIN, 128, FLOW_SOURCE_HOST }, "v6");
	check_key(&(struct flow_key){ ADDR_NONE, g4, POINT_MEMBERSHIP, 32, FLOW_SOURCE_ANY }, "(*,G)");
	check_key(&(struct flow_key){ ADDR_NONE, g6, POINT_MEMBERSHIP, 128, FLOW_SOURCE_ANY },
		  "(*,G) v6");
	check_key(&(struct flow_key){ v4, g4, POINT_BOOTSTRAP, 4, FLOW_SOURCE_SPEAKER }, "a range");
	check_key(&(struct flow_key){ v6, ADDR_NONE, POINT_ROUTER, 0, FLOW_SOURCE_SPEAKER }, "no group");
	check_key(&(struct flow_key){ v4, g6, POINT_SESSION, 128, FLOW_SOURCE_HOST }, "v4 says v6");
	check_key(&(struct flow_key){ v6, g4, POINT_SESSION, 32, FLOW_SOURCE_HOST }, "v6 says v4");
	check_key(&(struct flow_key){ ADDR_NONE, ADDR_NONE, POINT_ROUTER, 0, FLOW_SOURCE_NONE },
		  "nothing");
}

static void test_quick_look_up(void)
{
	struct flow_key key = key_of(0x0a000001, 0xe8010101, POINT_DATA);
	struct flow_key other = key_of(0x0a000001, 0xe8010101, POINT_SA);
	struct flow_table table;

	flow_table_init(&table, false);
	add(&table, &other);
	check(flow_guess4(&table, flow_hash(&key), FLOW_TAG_DATA4) == 0);
	check(add(&table, &key) == &table.ip4.list[2]);
	check(flow_guess4(&table, addr_hash_pair(0x0a000001, 0xe8010101), FLOW_TAG_DATA4) == 2);
	flow_table_release(&table);
}

/* The same source and group at other points; neither another group nor (*,G) at one of these. */
static void check_points(struct addr source, struct addr group, struct addr other, uint8_t bits,
			 const char *name)
{
	struct flow_key key = { source, group, POINT_SA, bits, FLOW_SOURCE_HOST };
	struct flow_key joined = { ADDR_NONE, group, POINT_DATA, bits, FLOW_SOURCE_ANY };
	struct flow_key beside = { source, other, POINT_DATA, bits, FLOW_SOURCE_HOST };
	unsigned data = 1u << POINT_DATA, sa = 1u << POINT_SA;
	struct flow_table table;

	flow_table_init(&table, false);
	add(&table, &key);
	add(&table, &joined);
	add(&table, &beside);
	check_named(flow_is_at(&table, &key, flow_hash(&key), sa | data), name);
	key.point = POINT_REGISTER;
	check_named(!flow_is_at(&table, &key, flow_hash(&key), data), name);
	check_named(flow_is_at(&table, &key, flow_hash(&key), sa), name);
	flow_table_release(&table);
}

static void test_points(void)
{
	check_points(t_addr("10.0.0.1"), t_addr("232.1.1.1"), t_addr("232.1.1.2"), 32, "IPv4");
	check_points(t_addr("2001:db8::1"), t_addr("ff3e::1"), t_addr("ff3e::2"), 128, "IPv6");
}

/* Nothing but a lump whose packets leave their link is counted without a second look. */
static void test_plain_lump(void)
{
	struct flow_key key = key_of(0x0a000001, 0xe8010101, POINT_DATA);
	struct flow_key other = key_of(0x0a000001, 0xe8010101, POINT_SA);
	struct flow_table table;
	struct flow *f;

	flow_table_init(&table, false);
	f = add(&table, &key);
	check(!flow_is_plain_lump4(&table.ip4.list[0], 0, 0));
	check(!flow_is_plain_lump4(f, 0x0a000001, 0xe8010101));
	f->state |= FLOW_LUMP | FLOW_VARIES | FLOW_FINDING;
	check(flow_is_plain_lump4(f, 0x0a000001, 0xe8010101));
	check(!flow_is_plain_lump4(f, 0x0a000002, 0xe8010101));
	check(!flow_is_plain_lump4(f, 0x0a000001, 0xe8010102));
	f->state |= FLOW_LINK_LOCAL;
	check(!flow_is_plain_lump4(f, 0x0a000001, 0xe8010101));
	f = add(&table, &other);
	f->state |= FLOW_LUMP;
	check(!flow_is_plain_lump4(f, 0x0a000001, 0xe8010101));
	flow_table_release(&table);
}

/* Of 100,000 flows nearly every one is guessed at once; the few others share a mark with one before. */
static void test_guesses(void)
{
	struct flow_table table;
	size_t right = 0;

	flow_table_init(&table, false);
	for (uint32_t i = 0; i < 100000; i++) {
		struct flow_key key = key_of(0x0a000000 + i, 0xe8010101 + i % 7, POINT_DATA);

		add(&table, &key);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		struct flow_key key = key_of(0x0a000000 + i, 0xe8010101 + i % 7, POINT_DATA);
		uint32_t guess = flow_guess4(&table, flow_hash(&key), FLOW_TAG_DATA4);

		right += &table.ip4.list[guess] == flow_find(&table, &key, flow_hash(&key));
	}
	check(right > 99900);
	flow_table_release(&table);
}

/* Two thousand (S,G) that are spoken of at five points each do not crowd each other out. */
static void test_many_points(void)
{
	static const uint8_t points[] = { POINT_DATA, POINT_SA, POINT_REGISTER, POINT_JOIN, POINT_MEMBERSHIP };
	struct flow_table table;

	flow_table_init(&table, false);
	for (uint32_t i = 0; i < 2000; i++) {
		for (size_t k = 0; k < COUNT(points); k++) {
			struct flow_key key = key_of(0x0a000000 + i, 0xe8010101 + i % 7, points[k]);

			add(&table, &key);
		}
	}
	check(table.ip4.n == 2000 * COUNT(points) && table.ip4.evicted == 0);
	flow_table_release(&table);
}

/* A flood of one-packet flows: the table stays bounded, counts what goes, and keeps what has
 * many packets and what is a finding. */
static void test_flood(void)
{
	struct flow_key heavy = key_of(1, 0xe8000001, POINT_DATA), found = key_of(2, 0xe8000001, POINT_DATA);
	struct flow_table table;
	uint64_t kept = 0;

	flow_table_init(&table, false);
	add(&table, &heavy)->packets = 1000;
	add(&table, &found)->state |= FLOW_FINDING;
	for (uint32_t i = 0; i < 2 * FLOWS4_MAX; i++) {
		struct flow_key key = key_of(0x0a000000 + i, 0xe8010101, POINT_DATA);

		add(&table, &key)->packets++;
	}
	for (size_t i = 0; i < FLOWS4_MAX + FLOWS6_MAX; i++)
		kept += flow_at(&table, i) != NULL;
	check(kept + table.ip4.evicted + table.ip6.evicted == 2 * FLOWS4_MAX + 2);
	check(kept > FLOWS4_MAX / 4 * 3);
	check(flow_find(&table, &heavy, flow_hash(&heavy)) != NULL);
	check(flow_find(&table, &found, flow_hash(&found)) != NULL);
	check(table.evicted_findings == 0);
	flow_table_release(&table);
}

TEST_MAIN({ "keys", test_keys }, { "the quick look-up", test_quick_look_up },
	  { "other points", test_points },
	  { "plain lumps", test_plain_lump }, { "guesses", test_guesses },
	  { "many points", test_many_points }, { "a flood", test_flood })
