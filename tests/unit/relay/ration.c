/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay's police lines against engine/police, which says the same of what it overhears:
 * random lines, random Source-Actives of peers that each speak for an RP of their own. */
#include "engine/police.h"
#include "policy/load.h"
#include "relay/ration.h"
#include "relay/relay.h"
#include "t.h"
#include "wire/msdp.h"

#define PEERS 3

struct pair {
	struct policy	    *policy;
	struct table	    *table;
	struct police	    *police;
	struct relay	    *relay;
	struct relay_peering peers[PEERS];
	struct mtime	     now;
};

static struct addr peer_address(unsigned i)
{
	return addr_of4(0x0a000001 + i);
}

static void write_line(struct text *text, uint64_t *seed)
{
	static const char *const keys[] = { "peer", "source", "source/24", "rp", "source/0" };
	static const char *const froms[] = { "", "", " from 1.0.0.0/30", " from not 1.0.0.0/29" };
	const char *then = t_random(seed) % 3 ? "deny" : "alarm";

	text_printf(text, "police sa%s by %s", froms[t_random(seed) % COUNT(froms)],
		    keys[t_random(seed) % COUNT(keys)]);
	if (t_random(seed) % 3)
		text_printf(text, " over %u", (unsigned)(t_random(seed) % 12));
	else
		text_printf(text, " new %u/s burst %u", 1 + (unsigned)(t_random(seed) % 3),
			    1 + (unsigned)(t_random(seed) % 6));
	text_printf(text, " then %s as line%u\n", then, (unsigned)(t_random(seed) % 1000000));
}

static void pair_init(struct pair *p, uint64_t *seed)
{
	struct text text = { 0 };
	struct diags diags;

	diags_init(&diags);
	text_put(&text, "boundary b {\n");
	for (unsigned i = 1 + (unsigned)(t_random(seed) % 4); i > 0; i--)
		write_line(&text, seed);
	text_put(&text, "default permit\n}\n");
	*p = (struct pair){ .now = { NS_PER_S } };
	p->policy = policy_load(&(struct policy_input){ .name = "random", .text = text.p,
							.n = text.n }, &diags);
	for (size_t i = 0; i < diags.n; i++)
		printf("# %s: %s\n", text.p, diags.list[i].message);
	diags_release(&diags);
	text_release(&text);
	if (!p->policy)
		return;
	p->table = table_new(p->policy->boundaries[0]);
	p->police = police_new(p->policy->boundaries[0]);
	for (unsigned i = 0; i < PEERS; i++)
		p->peers[i] = (struct relay_peering){
			.remote = peer_address(i), .local = addr_of4(0x0a000009),
			.boundary = p->policy->boundaries[0], .table = p->table,
			.is_default = true, .timing = { .hold_s = 60000 } };
	p->relay = relay_new(&(struct relay_config){ .peers = p->peers, .n = PEERS,
						     .entries_max = 4096, .seed = 7 }, p->now);
	for (unsigned i = 0; i < PEERS; i++)
		relay_up(p->relay, i, p->now);
}

static void pair_release(struct pair *p)
{
	relay_free(p->relay);
	police_free(p->police);
	table_free(p->table);
	policy_free(p->policy);
}

static uint64_t refused(const struct pair *p)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < PEERS; i++)
		n += relay_figures(p->relay, i).policed;
	return n;
}

static bool relay_denies(struct pair *p, unsigned peer, const struct msdp_entry *entry)
{
	uint64_t before = refused(p);
	uint8_t bytes[64];
	struct wr w = wr_of(bytes, sizeof(bytes));

	msdp_encode_sa(&w, peer_address(peer), entry, 1, (struct span){ 0 });
	relay_bytes(p->relay, peer, wr_span(&w), p->now);
	while (relay_turn(p->relay, p->now))
		;
	for (unsigned i = 0; i < PEERS; i++)
		relay_sent(p->relay, i, relay_output(p->relay, i, p->now).n, p->now);
	return refused(p) > before;
}

static bool police_denies(struct pair *p, unsigned peer, const struct msdp_entry *entry,
			  bool replay)
{
	struct observation obs = observation_none();

	obs.point = POINT_SA;
	obs.what = WHAT_SA;
	obs.protocol = PROTOCOL_MSDP;
	obs.speaker = obs.rp = peer_address(peer);
	obs.receiver = addr_of4(0x0a000009);
	obs.source = entry->source;
	obs.group = entry->group;
	return police_hear(p->police, &obs, true, replay, p->now) != RULE_NONE;
}

/* Returns the step that differs, or 0. */
static unsigned play(struct pair *p, uint64_t *seed, unsigned steps)
{
	int64_t began = p->now.ns;

	for (unsigned i = 1; i <= steps; i++) {
		unsigned peer = (unsigned)(t_random(seed) % PEERS);
		struct msdp_entry entry = {
			addr_of4(0x01000000 + (uint32_t)(t_random(seed) % 12)),
			addr_of4(0xe1000000 + (uint32_t)(t_random(seed) % 6)) };
		bool replay;

		p->now.ns += t_random(seed) % 4 ? 0 : (int64_t)(t_random(seed) % 30) * NS_PER_S;
		replay = p->now.ns - began < 60 * NS_PER_S;
		if (relay_denies(p, peer, &entry) != police_denies(p, peer, &entry, replay))
			return i;
	}
	return 0;
}

static void test_agree(void)
{
	uint64_t seed = 20260101;

	for (unsigned round = 0; round < 150; round++) {
		struct pair p;
		unsigned differs;
		char name[64];

		pair_init(&p, &seed);
		check(p.policy != NULL);
		if (!p.policy)
			continue;
		differs = play(&p, &seed, 400);
		snprintf(name, sizeof(name), "round %u differs at step %u", round, differs);
		check_named(differs == 0, name);
		pair_release(&p);
	}
}

struct heard {
	unsigned said[RATION_DENIES + 1];
};

static void hear(void *context, enum ration_word word, const struct ration_line *line,
		 const struct ration_gauge *gauge)
{
	struct heard *heard = context;

	(void)line;
	(void)gauge;
	heard->said[word]++;
}

/* A line knows how often it spoke, and how much it refused. */
static void test_lines_count(void)
{
	static const char text[] = "boundary b {\n"
				   "police sa by peer over 4 warn 3 then alarm as loud\n"
				   "police sa by source over 2 then deny as tight\n"
				   "default permit\n}\n";
	const struct mtime now = { NS_PER_S };
	const struct ration_line *lines = NULL;
	struct heard heard = { 0 };
	struct policy *policy;
	struct ration *ration;
	struct diags diags;
	unsigned refused = 0;

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "lines", .text = text,
						     .n = sizeof(text) - 1 }, &diags);
	ration = ration_new(policy->boundaries[0], 64, 7, hear, &heard);
	for (uint32_t i = 0; i < 12; i++) {
		struct sa_key key = { .source = 0x01000001 + i % 3, .group = 0xe1000000 + i,
				      .rp = 0x0a000001 };

		refused += ration_admit(ration, &key, 0x0a000001, false, now) != RULE_NONE;
	}
	check(refused == 6 && ration_lines(ration, &lines) == 2);
	check(lines[0].warned == 1 && lines[0].alarmed == 1 && lines[0].denied == 0);
	check(lines[1].warned == 0 && lines[1].alarmed == 0 && lines[1].denied == 6);
	check(heard.said[RATION_WARNED] == 1 && heard.said[RATION_ALARMED] == 1);
	check(heard.said[RATION_DENIES] == 3);		/* once a source */
	ration_free(ration);
	policy_free(policy);
	diags_release(&diags);
}

TEST_MAIN({ "the same verdicts as engine/police", test_agree }, { "lines count", test_lines_count })
