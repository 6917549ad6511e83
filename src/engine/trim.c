/* SPDX-License-Identifier: BSD-2-Clause */
/* Trimming: one control packet judged, and what is to be done with it.  LANGUAGE S9, S36, S37;
 * RFC 7761 4.4.2, 4.9.4 (Register-Stop).
 * Knows no message's layout: engine/trim_report.c, trim_join.c and trim_rp.c do. */
#include "engine/trim.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/trim_ip.h"
#include "engine/trim_walk.h"
#include "wire/pim.h"
#include "wire/pim_addr.h"

#define LINKTYPE_RAW 101	/* of the pcap registry: IPv4 or IPv6 without a link layer */
#define PACKET_MAX 65575	/* an IPv6 header and the longest payload */
#define REGISTER_STOP 2
#define STOP_MAX 128
#define BAD_SUMS                                                                                   \
	(FLAG_BIT(BAD_CHECKSUM) | FLAG_BIT(BAD_IP_CHECKSUM) | FLAG_BIT(BAD_UDP_CHECKSUM))

struct trim {
	struct trim_options options;
	struct trim_counts  counts;
	struct said	    said;
	struct verdict	   *verdicts;		/* SAID_MAX */
	uint8_t		   *packet;		/* PACKET_MAX */
	uint8_t		    stop[STOP_MAX];
	struct trim_pair    pairs[TRIM_PAIRS_MAX];
	uint64_t	    serial;
	uint16_t	   *touched;		/* rules, each once */
	bool		   *is_touched;		/* by rule */
	size_t		    touched_count;
};

static const char *const why_names[TRIM_WHY_COUNT] = {
	"admitted", "unjudged", "trimmed", "refused", "emptied", "bad-checksum", "odd-passed", "odd-dropped",
};

const char *trim_why_name(enum trim_why why)
{
	return why_names[why];
}

struct trim *trim_new(const struct trim_options *options)
{
	struct trim *t = memory_take(sizeof(*t));

	t->options = *options;
	t->counts.n = options->court->boundary->rule_count;
	t->counts.rules = memory_array(t->counts.n, sizeof(t->counts.rules[0]));
	t->touched = memory_array(t->counts.n, sizeof(t->touched[0]));
	t->is_touched = memory_array(t->counts.n, sizeof(t->is_touched[0]));
	t->verdicts = memory_array(SAID_MAX, sizeof(t->verdicts[0]));
	t->packet = memory_take(PACKET_MAX);
	said_init(&t->said);
	return t;
}

void trim_free(struct trim *trim)
{
	if (!trim)
		return;
	said_release(&trim->said);
	free(trim->counts.rules);
	free(trim->touched);
	free(trim->is_touched);
	free(trim->verdicts);
	free(trim->packet);
	free(trim);
}

const struct trim_counts *trim_counts(const struct trim *trim)
{
	return &trim->counts;
}

bool trim_touched_next(struct trim *trim, uint16_t *out_rule)
{
	if (trim->touched_count == 0)
		return false;
	*out_rule = trim->touched[--trim->touched_count];
	trim->is_touched[*out_rule] = false;
	return true;
}

/* --- judging --- */

static void count_hit(struct trim *t, const struct trim_packet *packet, uint16_t rule)
{
	struct trim_rule *r = &t->counts.rules[rule];

	assert(rule < t->counts.n);
	r->hits++;
	r->last_ns = packet->at.ns;
	if (r->serial == t->serial)
		return;
	r->serial = t->serial;
	r->packets++;
	r->bytes += packet->bytes.n;
	if (!t->is_touched[rule])
		t->touched[t->touched_count++] = rule;
	t->is_touched[rule] = true;
}

static void place(struct observation *obs, const struct trim_packet *packet)
{
	obs->direction = (uint8_t)packet->direction;
	obs->link = packet->link;
	obs->vlan = packet->vlan;
	obs->has_mac = packet->has_mac;
	memcpy(obs->mac, packet->mac, sizeof(obs->mac));
}

/* What is inside of a Register is not judged by itself (LANGUAGE S52); `data` is the
 * kernel's. */
static bool is_judged(const struct trim *t, const struct observation *obs)
{
	if (obs->flags & FLAG_BIT(TUNNEL))
		return false;
	return obs->point != POINT_DATA || obs->anomaly != ANOMALY_NONE || t->options.judges_data;
}

static void judge_all(struct trim *t, const struct trim_packet *packet)
{
	static const struct verdict none = { ACTION_PERMIT, RULE_NONE };

	for (size_t i = 0; i < t->said.n; i++) {
		struct observation *obs = &t->said.list[i];
		struct verdict *v = &t->verdicts[i];

		place(obs, packet);
		*v = is_judged(t, obs) ? court_judge(t->options.court, obs, false, packet->at)
				       : none;
		if (t->options.told)
			t->options.told(t->options.context, obs, *v, verdict_refuses(*v));
		if (v->rule == RULE_NONE)
			continue;
		t->counts.statements++;
		count_hit(t, packet, v->rule);
	}
}

/* --- what the packet as a whole is --- */

static bool is_sum_bad(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (!(said->list[i].flags & FLAG_BIT(TUNNEL)) && (said->list[i].flags & BAD_SUMS))
			return true;
	return false;
}

/* True where something in the packet was not understood and no rule says what then. */
static bool is_odd(const struct trim *t)
{
	for (size_t i = 0; i < t->said.n; i++)
		if (t->said.list[i].anomaly != ANOMALY_NONE &&
		    !(t->said.list[i].flags & FLAG_BIT(TUNNEL)) &&
		    t->verdicts[i].rule == RULE_NONE)
			return true;
	return !t->said.is_read;
}

static const struct observation *first_refused(const struct trim *t)
{
	for (size_t i = 0; i < t->said.n; i++)
		if (verdict_refuses(t->verdicts[i]))
			return &t->said.list[i];
	return NULL;
}

static trimmer *trimmer_of(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++) {
		if (said->list[i].anomaly != ANOMALY_NONE)
			return NULL;
		switch (said->list[i].type) {
		case TYPE_V3_REPORT:
		case TYPE_MLDV2_REPORT:
			return trim_report;
		case TYPE_JOIN_PRUNE:
		case TYPE_GRAFT:
			return trim_join_prune;
		case TYPE_BOOTSTRAP:
			return trim_bootstrap;
		case TYPE_CANDIDATE_RP:
			return trim_candidate_rp;
		case TYPE_PFM:
			return trim_flooding;
		case TYPE_RP_ANNOUNCE:
		case TYPE_RP_DISCOVERY:
			return trim_autorp;
		}
	}
	return NULL;
}

/* --- Register-Stop --- */

/* RFC 7761 4.4.2, 4.9.4: from the RP to the router that registers, so that it falls silent. */
static struct span write_stop(struct trim *t, const struct observation *reg)
{
	struct pim_group group = { .addr = reg->group, .length = (uint8_t)addr_bits(reg->group) };
	uint8_t message[STOP_MAX];
	struct wr m = wr_of(message, sizeof(message));
	struct wr w = wr_of(t->stop, sizeof(t->stop));
	size_t start = pim_header_write(REGISTER_STOP, &m);

	pim_group_write(&group, &m);
	pim_unicast_write(reg->source, &m);
	pim_checksum_write(start, reg->rp, reg->speaker, &m);
	frame_head_write(reg->rp, reg->speaker, 103, wr_done(&m), &w);
	wr_bytes(&w, message, wr_done(&m));
	assert(wr_ok(&m) && wr_ok(&w));
	return wr_span(&w);
}

static bool is_answered(const struct trim *t, const struct observation *obs)
{
	return t->options.register_stop &&
	       (obs->type == TYPE_REGISTER || obs->type == TYPE_NULL_REGISTER) &&
	       obs->anomaly == ANOMALY_NONE && addr_is_there(obs->rp) &&
	       addr_is_there(obs->source) && !addr_is_multicast(obs->speaker);
}

/* --- sources that no message can refuse --- */

static bool is_tree_kept(const struct trim *t, struct addr group)
{
	for (size_t i = 0; i < t->said.n; i++) {
		const struct observation *obs = &t->said.list[i];

		if (obs->what == WHAT_JOIN && obs->source.family == FAMILY_ANY &&
		    addr_equal(obs->group, group) && !verdict_refuses(t->verdicts[i]))
			return true;
	}
	return false;
}

static void find_pairs(struct trim *t, struct trim_result *out)
{
	size_t n = 0, asked = 0;

	for (size_t i = 0; i < t->said.n && asked < TRIM_PAIRS_MAX; i++) {
		const struct observation *obs = &t->said.list[i];

		if (obs->what != WHAT_JOIN || !addr_is_there(obs->source) ||
		    !verdict_refuses(t->verdicts[i]))
			continue;
		asked++;
		if (is_tree_kept(t, obs->group))
			t->pairs[n++] = (struct trim_pair){ obs->source, obs->group,
							    t->verdicts[i].rule };
	}
	out->pairs = t->pairs;
	out->pair_count = n;
}

/* --- what is done --- */

static void conclude(struct trim_result *out, enum trim_act act, enum trim_why why)
{
	out->act = act;
	out->why = why;
}

static void take_whole(struct trim *t, struct trim_result *out)
{
	const struct observation *refused = first_refused(t);

	if (!refused) {
		conclude(out, TRIM_PASS, t->said.n > 0 ? TRIM_ADMITTED : TRIM_UNJUDGED);
		return;
	}
	conclude(out, TRIM_DROP, TRIM_REFUSED);
	if (is_answered(t, refused))
		out->stop = write_stop(t, refused);
}

/* The statements that the walk did not take belong to the message as a whole. */
static bool is_rest_refused(struct walk *w)
{
	return walk_count_refused(w, w->said.n - w->said.next) > 0;
}

static void take_parts(struct trim *t, const struct frame *frame, trimmer *by,
		       struct trim_result *out)
{
	struct walk w = {
		.said = { t->said.list, t->verdicts, t->said.n, 0 },
		.r = rd_of(frame->message), .w = wr_of(t->packet, PACKET_MAX),
		.court = t->options.court, .fail_open = t->options.fail_open,
		.family = frame->family,
	};

	while (w.said.next < t->said.n && t->said.list[w.said.next].point == POINT_DATA)
		w.refused |= walk_refused(&w);
	walk_put(&w, frame->head);
	by(&w);
	out->removed = w.removed;
	if (w.refused || is_rest_refused(&w)) {
		conclude(out, TRIM_DROP, TRIM_REFUSED);
	} else if (!w.changed) {
		conclude(out, TRIM_PASS, TRIM_ADMITTED);
	} else if (w.kept == 0 || !wr_ok(&w.w)) {
		conclude(out, TRIM_DROP, TRIM_EMPTIED);
	} else {
		frame_finish(frame, &w.w);
		out->packet = wr_span(&w.w);
		conclude(out, TRIM_REWRITE, TRIM_TRIMMED);
	}
}

static void decide(struct trim *t, const struct trim_packet *packet, struct trim_result *out)
{
	trimmer *by = trimmer_of(&t->said);
	struct frame frame;

	if (is_odd(t))
		conclude(out, t->options.fail_open ? TRIM_PASS : TRIM_DROP,
			 t->options.fail_open ? TRIM_ODD_PASSED : TRIM_ODD_DROPPED);
	else if (by && frame_find(packet->bytes, &frame))
		take_parts(t, &frame, by, out);
	else
		take_whole(t, out);
}

void trim_judge(struct trim *trim, const struct trim_packet *packet, struct trim_result *out)
{
	static const struct wire_options options = { .udp_checksums = true };
	struct packet raw = {
		.at = packet->at, .bytes = packet->bytes, .length = (uint32_t)packet->bytes.n,
		.linktype = LINKTYPE_RAW, .frame = ++trim->serial,
	};

	*out = (struct trim_result){ .act = TRIM_PASS };
	wire_decode(&raw, &options, &trim->said);
	if (is_sum_bad(&trim->said)) {
		conclude(out, TRIM_DROP, TRIM_BAD_CHECKSUM);
	} else {
		judge_all(trim, packet);
		decide(trim, packet, out);
		find_pairs(trim, out);
	}
	trim->counts.packets[out->why]++;
	trim->counts.removed += out->removed;
	trim->counts.stops += out->stop.n > 0;
	if (!trim->options.dry_run)
		return;
	out->act = TRIM_PASS;
	out->packet = out->stop = (struct span){ 0 };
}
