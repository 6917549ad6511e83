/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenes: a policy, statements with their times, and what the engine then reports, all as text.
 *
 * A statement is a line: SECONDS POINT S > G [KEY=VALUE ...]; one that begins with `+` belongs to
 * the packet of the line before.  Keys: speaker, to, rp, ttl, bytes, vlan, link, print, what,
 * protocol, port, flag, host, mac, anomaly, linktype. */
#ifndef WEIR_TESTS_SCENE_H
#define WEIR_TESTS_SCENE_H

#include <inttypes.h>

#include "engine/report.h"
#include "policy/load.h"
#include "policy/table.h"
#include "t.h"

static inline struct addr scene_addr(const char *text)
{
	struct addr a = ADDR_NONE;

	if (strcmp(text, "*") == 0)
		return ADDR_ANY;
	if (strcmp(text, "-") != 0)
		check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static inline unsigned scene_name(const char *(*name)(unsigned), unsigned n, const char *word)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(name(i), word) == 0)
			return i;
	check_named(false, word);
	return 0;
}

static inline const char *scene_point_name(unsigned i) { return point_name(i); }
static inline const char *scene_what_name(unsigned i) { return what_name(i); }
static inline const char *scene_protocol_name(unsigned i) { return protocol_name(i); }

static inline struct observation scene_default(unsigned point)
{
	static const struct {
		uint8_t what, protocol, type;
	} usual[POINT_COUNT] = {
		[POINT_DATA] = { WHAT_SEND, PROTOCOL_UDP, TYPE_DATA },
		[POINT_MEMBERSHIP] = { WHAT_JOIN, PROTOCOL_IGMP, TYPE_V2_REPORT },
		[POINT_JOIN] = { WHAT_JOIN, PROTOCOL_PIM, TYPE_JOIN_PRUNE },
		[POINT_REGISTER] = { WHAT_REGISTER, PROTOCOL_PIM, TYPE_REGISTER },
		[POINT_BOOTSTRAP] = { WHAT_RP, PROTOCOL_PIM, TYPE_BOOTSTRAP },
		[POINT_SA] = { WHAT_SA, PROTOCOL_MSDP, TYPE_SA },
		[POINT_SESSION] = { WHAT_ANNOUNCE, PROTOCOL_SAP, TYPE_ANNOUNCE },
		[POINT_ROUTER] = { WHAT_ROUTER, PROTOCOL_ICMP6, TYPE_ROUTER_ADVERTISEMENT },
	};
	struct observation obs = observation_none();

	obs.point = (uint8_t)point;
	obs.what = usual[point].what;
	obs.protocol = usual[point].protocol;
	obs.type = usual[point].type;
	obs.ip_protocol = point == POINT_DATA ? 17 : 103;
	obs.has_ttl = true;
	obs.ttl = 8;
	obs.bytes = 100;
	return obs;
}

static inline void scene_key(struct observation *obs, struct packet *packet, const char *key,
			     const char *value)
{
	unsigned b[6];

	if (strcmp(key, "speaker") == 0)
		obs->speaker = scene_addr(value);
	else if (strcmp(key, "to") == 0)
		obs->receiver = scene_addr(value);
	else if (strcmp(key, "rp") == 0)
		obs->rp = scene_addr(value);
	else if (strcmp(key, "ttl") == 0)
		obs->ttl = (uint8_t)atoi(value);
	else if (strcmp(key, "bytes") == 0)
		obs->bytes = (uint32_t)atoi(value);
	else if (strcmp(key, "vlan") == 0)
		obs->vlan = (uint16_t)atoi(value);
	else if (strcmp(key, "link") == 0)
		obs->link = (uint16_t)atoi(value);
	else if (strcmp(key, "print") == 0)
		obs->print = (uint32_t)strtoul(value, NULL, 16);
	else if (strcmp(key, "what") == 0) {
		obs->what = (uint8_t)scene_name(scene_what_name, WHAT_COUNT, value);
		obs->type = obs->what == WHAT_ADVERTISE ? TYPE_ADVERTISEMENT : obs->type;
	}
	else if (strcmp(key, "protocol") == 0)
		obs->protocol = (uint8_t)scene_name(scene_protocol_name, PROTOCOL_COUNT, value);
	else if (strcmp(key, "port") == 0)
		obs->dport = (uint16_t)atoi(value), obs->has_ports = true;
	else if (strcmp(key, "flag") == 0)
		obs->flags |= UINT64_C(1) << scene_name(flag_name, FLAG_COUNT, value);
	else if (strcmp(key, "host") == 0)
		obs->hostname = span_of(value);
	else if (strcmp(key, "linktype") == 0)
		packet->linktype = (uint32_t)atoi(value);
	else if (strcmp(key, "len") == 0)
		obs->group_len = (uint8_t)atoi(value);
	else if (strcmp(key, "anomaly") == 0)
		obs->anomaly = ANOMALY_SHORT;
	else if (strcmp(key, "mac") == 0 &&
		 sscanf(value, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) == 6) {
		obs->has_mac = true;
		for (int i = 0; i < 6; i++)
			obs->mac[i] = (uint8_t)b[i];
	} else
		check_named(false, key);
}

static inline bool scene_is_notice(unsigned what)
{
	return what == WHAT_LEAVE || what == WHAT_PRUNE || what == WHAT_QUERY || what == WHAT_HELLO ||
	       what == WHAT_NONE;
}

/* One line; its words are cut in place. */
static inline struct observation scene_read(char *line, struct packet *packet)
{
	char *save, *word = strtok_r(line, " ", &save), *source, *group;
	double at = strtod(word + (*word == '+'), NULL);
	struct observation obs = scene_default(
		scene_name(scene_point_name, POINT_COUNT, strtok_r(NULL, " ", &save)));

	source = strtok_r(NULL, " ", &save);
	(void)strtok_r(NULL, " ", &save);
	group = strtok_r(NULL, " ", &save);
	obs.source = scene_addr(source);
	obs.group = scene_addr(group);
	if (*word != '+')
		packet->at.ns = (int64_t)(at * 1e9 + 0.5);
	while ((word = strtok_r(NULL, " ", &save))) {
		char *value = strchr(word, '=');

		*value = '\0';
		scene_key(&obs, packet, word, value + 1);
	}
	obs.at = packet->at;
	if (!addr_is_there(obs.speaker) && addr_is_there(obs.source))
		obs.speaker = obs.source;
	if (!addr_is_there(obs.receiver))
		obs.receiver = obs.group;
	obs.source_len = (uint8_t)addr_bits(obs.source);
	obs.group_len = obs.group_len ? obs.group_len : (uint8_t)addr_bits(obs.group);
	obs.notice = scene_is_notice(obs.what);
	return obs;
}

struct scene {
	struct policy	      *policy;
	struct table	      *table;
	const struct boundary *boundary;
	struct arena	       arena;
	struct engine	      *engine;
	struct said	       said;
	struct packet	       packet;
};

static inline struct policy *scene_policy(const char *text)
{
	struct policy_input input = { .name = "scene", .text = text, .n = strlen(text) };
	struct policy *policy;
	struct diags diags;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	check_named(policy != NULL, diags.n ? diags.list[0].message : "policy");
	diags_release(&diags);
	return policy;
}

/* `judge_slowly`: by the reference interpreter. */
static inline void scene_open(struct scene *s, const char *policy, struct engine_options options,
			      bool judge_slowly)
{
	*s = (struct scene){ .packet.linktype = 1 };
	arena_init(&s->arena);
	s->policy = scene_policy(policy);
	s->boundary = inside_boundary(&options.inside, &s->arena, s->policy->boundaries[0]);
	s->table = judge_slowly ? NULL : table_new(s->boundary);
	s->engine = engine_new(s->boundary, s->table, &options);
	said_init(&s->said);
}

static inline void scene_flush(struct scene *s)
{
	if (s->said.n == 0)
		return;
	s->packet.frame++;
	s->packet.link = s->said.list[0].link;
	s->packet.length = s->said.list[0].bytes;
	s->said.has_ip = s->said.is_multicast = s->said.is_read = true;
	engine_packet(s->engine, &s->packet, &s->said);
	said_reset(&s->said);
}

static inline void scene_play(struct scene *s, const char *statements)
{
	char *copy = strdup(statements), *save, *line;

	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct observation obs;

		if (*line != '+')
			scene_flush(s);
		obs = scene_read(line, &s->packet);
		said_add(&s->said, &obs);
		if (obs.hostname.n > 0)		/* it borrows the line */
			scene_flush(s);
	}
	scene_flush(s);
	free(copy);
}

static inline void scene_close(struct scene *s)
{
	said_release(&s->said);
	engine_free(s->engine);
	table_free(s->table);
	policy_free(s->policy);
	arena_release(&s->arena);
}

static inline void scene_put_rules(const struct report *r, struct text *out)
{
	for (size_t i = 0; i < r->boundary->rule_count; i++) {
		const struct report_rule *c = &r->rules[i];

		if (c->hits > 0)
			text_printf(out, "rule %s hits %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64
					 " sources %" PRIu64 " groups %" PRIu64 "\n",
				    report_rule_name(r->boundary, (uint16_t)i), c->hits, c->packets,
				    c->bytes, c->sources, c->groups);
	}
}

static inline void scene_put_flows(const struct report *r, struct text *out)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = 0; i < r->flow_count; i++) {
		struct report_flow f = report_flow_at(r, i);
		struct addr from = f.key.kind == FLOW_SOURCE_ANY ? ADDR_ANY : f.key.source;

		text_printf(out, "flow %s > %s %s %" PRIu64 " %s %s\n", addr_text(from, a),
			    prefix_text(f.key.group, f.key.group_len, b), point_name(f.key.point),
			    f.packets, action_name(f.verdict.action),
			    report_rule_name(r->boundary, f.verdict.rule));
	}
}

static inline void scene_put_findings(const struct report *r, struct text *out)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = 0; i < report_finding_count(r); i++) {
		struct report_finding f = report_finding_at(r, i);

		text_printf(out, "%s %s > %s x%" PRIu64 "\n", finding_name(f.kind),
			    addr_text(f.source_kind == FLOW_SOURCE_ANY ? ADDR_ANY : f.source, a),
			    prefix_text(f.group, f.group_len, b), f.count);
	}
}

static inline void scene_put_gauges(const struct report *r, struct text *out)
{
	char a[ADDR_TEXT];

	for (size_t i = 0; i < r->gauge_count; i++) {
		const struct gauge *g = &r->gauges[i];

		text_printf(out, "%s %s live %u peak %u warned %u alarmed %u denied %" PRIu64 "\n",
			    report_rule_name(r->boundary, g->rule),
			    prefix_text(g->key, g->key_len, a), g->live, g->peak, g->warned, g->alarmed,
			    g->denied);
	}
}

#endif
