/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of a message says what the message said, less what the reference interpreter
 * refuses: random policies x random reports and Join/Prune messages of both families. 200
 * policies of 60 messages; WEIR_LONG=1: thirty times as many. */
#include "random_policy.h"
#include "trim.h"
#include "wire/membership.h"
#include "wire/pim.h"
#include "wire/pim_join.h"

#define RECORDS_MAX 6
#define SOURCES_MAX 5

static unsigned pick(uint64_t *seed, unsigned n)
{
	return (unsigned)(t_random(seed) >> 17) % n;
}

/* --- random messages, of addresses that the policy may name --- */

/* Any random observation of the family has some. */
static struct observation random_pair(uint64_t *seed, const struct boundary *b, bool is6)
{
	for (unsigned tries = 0; tries < 64; tries++) {
		struct observation obs = random_observation(seed, b);
		enum family family = is6 ? FAMILY_IP6 : FAMILY_IP4;

		if (obs.group.family == family && addr_is_multicast(obs.group) &&
		    obs.source.family == family && !addr_is_multicast(obs.source))
			return obs;
	}
	return (struct observation){
		.source = is6 ? addr_of6(UINT64_C(0x20010db8) << 32, 1) : addr_of4(0x0a010203),
		.group = is6 ? addr_of6(UINT64_C(0xff0e) << 48, 0x101) : addr_of4(0xe8010101),
	};
}

static struct span random_report(uint64_t *seed, const struct boundary *b, bool is6)
{
	static struct addr sources[RECORDS_MAX][SOURCES_MAX];
	struct record records[RECORDS_MAX];
	uint8_t message[2048] = { is6 ? 143 : 0x22 };
	struct wr w = wr_of(message, sizeof(message));
	size_t n = pick(seed, RECORDS_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		records[i] = (struct record){ .type = RECORD_IS_IN + pick(seed, 6),
					      .group = random_pair(seed, b, is6).group,
					      .sources = sources[i], .n = pick(seed, SOURCES_MAX + 1) };
		for (size_t k = 0; k < records[i].n; k++)
			sources[i][k] = random_pair(seed, b, is6).source;
	}
	wr_u8(&w, is6 ? 143 : 0x22);
	wr_bytes(&w, "\0\0", 3);
	membership_write_records(records, n, &w);
	return t_packet(is6 ? VIA_MLD : VIA_IGMP, wr_span(&w));
}

static struct pim_source random_entry(uint64_t *seed, const struct boundary *b, bool is6)
{
	static const uint8_t attribute[] = { 0x41, 0x01, 0xaa };
	unsigned kind = pick(seed, 8);
	struct pim_source s = { .addr = random_pair(seed, b, is6).source, .length = is6 ? 128 : 32,
				.is_sparse = true, .is_wildcard = kind < 2, .is_rpt = kind < 5 };

	if (pick(seed, 6) == 0)
		s.attributes = (struct span){ attribute, sizeof(attribute) };
	return s;
}

static struct span random_join_prune(uint64_t *seed, const struct boundary *b, bool is6)
{
	static struct pim_source entries[RECORDS_MAX][2 * SOURCES_MAX];
	struct pim_set sets[RECORDS_MAX];
	struct pim_join_prune message = { .upstream = random_pair(seed, b, is6).source, .hold_s = 210,
					  .n = (uint8_t)pick(seed, RECORDS_MAX), .sets = sets };
	uint8_t bytes[4096];
	struct wr w = wr_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < message.n; i++) {
		struct addr group = random_pair(seed, b, is6).group;
		bool is_all = pick(seed, 10) == 0;

		if (i > 0 && pick(seed, 4) == 0)
			group = sets[i - 1].group.addr;
		if (is_all)
			group = is6 ? addr_of6(UINT64_C(0xff) << 56, 0) : addr_of4(0xe0000000);
		sets[i] = (struct pim_set){
			.group = { .addr = group, .length = is6 ? (is_all ? 8 : 128) : is_all ? 4 : 32 },
			.joined_n = (uint16_t)pick(seed, SOURCES_MAX),
			.pruned_n = (uint16_t)pick(seed, SOURCES_MAX), .joined = entries[i],
			.pruned = entries[i] + SOURCES_MAX };
		for (size_t k = 0; k < COUNT(entries[i]); k++)
			entries[i][k] = random_entry(seed, b, is6);
	}
	pim_header_write(pick(seed, 5) == 0 ? 6 : 3, &w);
	pim_join_prune_write(&message, &w);
	return t_packet(is6 ? VIA_PIM6 : VIA_PIM, wr_span(&w));
}

/* --- what should be left, from what the whole message said --- */

static bool is_refused(struct t_trim *t, const struct observation *obs)
{
	enum action action = court_judge(&t->mirror, obs, false, obs->at).action;

	return action == ACTION_DENY || action == ACTION_LIMIT;
}

static void put(const struct observation *obs, struct text *out)
{
	text_put(out, text_string(out)[0] ? "; " : "");
	t_statement(obs, out);
}

static bool is_same_record(const struct observation *a, const struct observation *b)
{
	return addr_equal(a->group, b->group) && a->what == b->what && a->notice == b->notice;
}

/* Sources of one record follow each other; two records of a kind and group in a row would
 * look like one, so the packet's own counts tell them apart. */
struct record_at {
	unsigned type, n;
};

static size_t read_records(struct span packet, bool is6, struct record_at *out)
{
	struct rd r = rd_of(packet);
	size_t n, address = is6 ? 16 : 4;

	rd_skip(&r, (is6 ? 48 : 24) + 6);
	n = rd_be16(&r);
	for (size_t i = 0; i < n; i++) {
		out[i].type = rd_u8(&r);
		rd_skip(&r, 1);
		out[i].n = rd_be16(&r);
		rd_skip(&r, address * (1 + out[i].n));
	}
	check(rd_ok(&r));
	return n;
}

/* The statements of one record that are left; returns how many it had. */
static size_t put_record(const struct record_at *record, const struct observation *said,
			 const bool *refused, struct text *out, unsigned *left)
{
	bool is_list = record->n > 0 && record->type != RECORD_IS_EX && record->type != RECORD_TO_EX;
	size_t n = is_list ? record->n : 1, kept = 0, gone = 0;
	struct observation leave = said[0];

	for (size_t i = 0; i < n; i++) {
		check(is_same_record(&said[0], &said[i]));
		gone += refused[i];
	}
	for (size_t i = 0; i < n; i++) {
		bool stays = record->type == RECORD_BLOCK ? gone < n : !refused[i];

		if (stays)
			put(&said[i], out);
		kept += stays;
	}
	if (is_list && kept == 0 && record->type == RECORD_TO_IN) {
		leave.what = WHAT_LEAVE;
		leave.notice = true;
		leave.source = ADDR_ANY;
		put(&leave, out);
		kept = 1;
	}
	*left += kept > 0;
	return n;
}

static bool want_report(struct t_trim *t, struct span packet, bool is6, struct text *out)
{
	struct record_at records[RECORDS_MAX];
	size_t n = read_records(packet, is6, records), next = 0;
	bool refused[RECORDS_MAX * SOURCES_MAX + 1];
	unsigned left = 0;

	for (size_t i = 0; i < t->said.n; i++) {
		t->said.list[i].direction = DIRECTION_IN;
		refused[i] = is_refused(t, &t->said.list[i]);
	}
	if (n == 0) {
		put(&t->said.list[0], out);
		return !refused[0];
	}
	for (size_t i = 0; i < n; i++)
		next += put_record(&records[i], &t->said.list[next], refused + next, out, &left);
	check(next == t->said.n);
	return left > 0;
}

static bool is_tree(const struct observation *obs)
{
	return obs->what == WHAT_JOIN && obs->source.family == FAMILY_ANY &&
	       !(obs->flags & FLAG_BIT(ALL_GROUPS));
}

/* Whether (*,G) stays: what the message says of it, else what the reference would say of a
 * join. */
static bool is_tree_left(const struct t_trim *t, const bool *refused, struct observation prune)
{
	unsigned joined = 0, left = 0;

	for (size_t i = 0; i < t->said.n; i++) {
		if (!is_tree(&t->said.list[i]) || !addr_equal(t->said.list[i].group, prune.group))
			continue;
		joined++;
		left += !refused[i];
	}
	if (joined > 0)
		return left > 0;
	prune.what = WHAT_JOIN;
	prune.notice = false;
	prune.source = ADDR_ANY;
	prune.source_len = 0;
	prune.flags |= FLAG_BIT(WILDCARD);
	return reference_judge(t->policy->boundaries[0], &prune).action != ACTION_DENY;
}

static bool stays(const struct t_trim *t, const bool *refused, size_t i)
{
	const struct observation *obs = &t->said.list[i];
	enum action action;

	if (obs->what == WHAT_JOIN && (obs->flags & FLAG_BIT(ALL_GROUPS))) {
		action = reference_judge(t->policy->boundaries[0], obs).action;
		return action == ACTION_IGNORE;
	}
	if (obs->what == WHAT_PRUNE && (obs->flags & FLAG_BIT(RPT)) &&
	    obs->source.family != FAMILY_ANY)
		return is_tree_left(t, refused, *obs);
	return !refused[i];
}

static bool want_join_prune(struct t_trim *t, struct text *out)
{
	bool refused[RECORDS_MAX * 2 * SOURCES_MAX + 1];
	unsigned entries = 0, gone = 0;

	for (size_t i = 0; i < t->said.n; i++) {
		t->said.list[i].direction = DIRECTION_IN;
		refused[i] = is_refused(t, &t->said.list[i]);
	}
	for (size_t i = 0; i < t->said.n; i++) {
		if (!stays(t, refused, i)) {
			gone++;
			continue;
		}
		put(&t->said.list[i], out);
		entries += t->said.list[i].what != WHAT_NONE;
	}
	return gone == 0 || entries > 0;
}

/* --- the comparison --- */

struct tally {
	unsigned same, trimmed, gone;
};

static void compare(struct t_trim *t, struct span packet, bool is_report, bool is6,
		    struct tally *tally)
{
	struct text should = { 0 }, is = { 0 }, whole;
	struct trim_result out;
	bool left;

	t_decode(packet, &t->said);
	whole = t_said(&t->said);
	left = is_report ? want_report(t, packet, is6, &should) : want_join_prune(t, &should);
	out = t_judge(t, packet);
	check(t_is_sound(t, packet, &out));
	check_named((out.act != TRIM_DROP) == left, text_string(&whole));
	if (out.act == TRIM_REWRITE) {
		t_decode(out.packet, &t->said);
		is = t_said(&t->said);
	} else {
		text_put(&is, text_string(&whole));
	}
	if (left)
		check_text(text_string(&is), text_string(&should), text_string(&whole));
	tally->same += out.act == TRIM_PASS;
	tally->trimmed += out.act == TRIM_REWRITE;
	tally->gone += out.act == TRIM_DROP;
	text_release(&is);
	text_release(&should);
	text_release(&whole);
}

static void test_agreement(void)
{
	const char *is_long = getenv("WEIR_LONG");
	unsigned policies = is_long && strcmp(is_long, "0") != 0 ? 6000 : 200;
	uint64_t seed = 20261122;
	struct tally tally = { 0 };

	for (unsigned i = 0; i < policies && t_failures == 0; i++) {
		struct text text = { 0 };
		struct t_trim t;

		random_policy(&seed, 2 + pick(&seed, 14), &text);
		if (t_trim_open(&t, text_string(&text), (struct trim_options){ 0 }))
			for (unsigned k = 0; k < 60; k++) {
				bool is6 = pick(&seed, 3) == 0, is_report = k & 1;
				struct span packet =
					is_report ? random_report(&seed, t.policy->boundaries[0], is6)
						  : random_join_prune(&seed, t.policy->boundaries[0], is6);

				compare(&t, packet, is_report, is6, &tally);
				free((void *)packet.p);
			}
		t_trim_close(&t);
		text_release(&text);
	}
	printf("# %u as they were, %u trimmed, %u dropped\n", tally.same, tally.trimmed, tally.gone);
	check(tally.same > 1000 && tally.trimmed > 1000 && tally.gone > 200);
}

TEST_MAIN({ "decode(trimmed) is filter(decode(original))", test_agreement })
