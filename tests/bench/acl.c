/* SPDX-License-Identifier: BSD-2-Clause */
/* DPDK's rte_acl with the rules of a boundary, as prefixes of source and group. */
#include <arpa/inet.h>
#include <rte_acl.h>
#include <rte_eal.h>
#include <stdio.h>
#include <stdlib.h>

#undef NS_PER_S				/* DPDK's; weir has its own */

#include "acl.h"
#include "net/embed.h"

#define RULES_MAX 20000
#define BATCH 256

struct key {
	uint8_t	 protocol, unused[3];
	uint32_t source, group;
};

RTE_ACL_RULE_DEF(acl_rule, 3);

static const struct rte_acl_field_def fields[3] = {
	{ .type = RTE_ACL_FIELD_TYPE_BITMASK, .size = 1, .field_index = 0, .input_index = 0,
	  .offset = offsetof(struct key, protocol) },
	{ .type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = 1, .input_index = 1,
	  .offset = offsetof(struct key, source) },
	{ .type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = 2, .input_index = 2,
	  .offset = offsetof(struct key, group) },
};

static const struct {
	enum rte_acl_classify_alg alg;
	const char		 *name;
} algorithms[] = {
	{ RTE_ACL_CLASSIFY_SCALAR, "scalar" },	       { RTE_ACL_CLASSIFY_SSE, "SSE" },
	{ RTE_ACL_CLASSIFY_AVX2, "AVX2" },	       { RTE_ACL_CLASSIFY_AVX512X16, "AVX512x16" },
	{ RTE_ACL_CLASSIFY_AVX512X32, "AVX512x32" },
};

static struct rte_acl_ctx *context;
static bool started;
static struct key *keys;
static size_t key_count;
static size_t usable[COUNT(algorithms)], usable_count;

struct prefixes {
	uint32_t *at;
	uint8_t	 *length;
	size_t	  n;
};

static void add_prefix(struct prefixes *p, uint32_t at, unsigned length)
{
	p->at = realloc(p->at, (p->n + 1) * sizeof(*p->at));
	p->length = realloc(p->length, p->n + 1);
	if (!p->at || !p->length)
		abort();
	p->at[p->n] = at;
	p->length[p->n++] = (uint8_t)length;
}

static void add_range(struct prefixes *p, uint64_t first, uint64_t last)
{
	while (first <= last) {
		unsigned host = first ? (unsigned)__builtin_ctzll(first) : 32;

		host = host > 32 ? 32 : host;
		while (first + (UINT64_C(1) << host) - 1 > last)
			host--;
		add_prefix(p, (uint32_t)first, 32 - host);
		first += UINT64_C(1) << host;
	}
}

/* The IPv4 addresses for which a rule's clauses of one side hold: ranges of candidates, asked
 * one by one at the ends that any set names.  `group` false: the source. */
static bool holds(const struct rule *rule, bool group, uint32_t a)
{
	struct observation obs = observation_none();
	struct rule part = *rule;
	struct match some[16];

	part.matches = some;
	part.match_count = 0;
	part.from_any = false;
	part.protocol_test = PROTOCOL_UNASKED;
	for (size_t i = 0; i < rule->match_count && part.match_count < COUNT(some); i++)
		if ((rule->matches[i].field == FIELD_FROM) != group)
			some[part.match_count++] = rule->matches[i];
	obs.point = POINT_DATA;
	if (group)
		obs.group = addr_of4(a);
	else
		obs.source = addr_of4(a);
	obs.group_len = 32;
	return reference_matches(&part, &obs);
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_end(uint64_t *ends, size_t *n, bool embeds, uint64_t end)
{
	if (!embeds) {
		ends[(*n)++] = end;
		return;
	}
	ends[(*n)++] = (UINT64_C(234) << 24) + (end >> 8);		/* RFC 6034 */
	ends[(*n)++] = (UINT64_C(234) << 24) + ((end + 0xff) >> 8);
}

/* Every address at which a rule's answer may change. */
static size_t find_ends(const struct rule *rule, uint64_t **out)
{
	size_t n = 0, cap = 3;
	uint64_t *ends;

	for (size_t i = 0; i < rule->match_count; i++)
		cap += 4 * rule->matches[i].set->n4;
	ends = calloc(cap, sizeof(*ends));
	if (!ends)
		abort();
	ends[n++] = 0;
	ends[n++] = UINT64_C(234) << 24;
	ends[n++] = UINT64_C(235) << 24;
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		for (size_t k = 0; k < m->set->n4; k++) {
			add_end(ends, &n, m->field == FIELD_EMBEDS, m->set->ranges[k].first.lo);
			add_end(ends, &n, m->field == FIELD_EMBEDS, m->set->ranges[k].last.lo + 1);
		}
	}
	qsort(ends, n, sizeof(*ends), order);
	*out = ends;
	return n;
}

static void find_prefixes(const struct rule *rule, bool group, struct prefixes *out)
{
	uint64_t *ends, start = 0;
	size_t n = find_ends(rule, &ends);
	bool inside = false;

	for (size_t i = 0; i < n && ends[i] <= UINT32_MAX; i++) {
		bool now = holds(rule, group, (uint32_t)ends[i]);

		if (now && !inside)
			start = ends[i];
		if (!now && inside)
			add_range(out, start, ends[i] - 1);
		inside = now;
	}
	if (inside)
		add_range(out, start, UINT32_MAX);
	free(ends);
}

static bool add_rules(const struct boundary *b, size_t index, size_t *count)
{
	const struct rule *rule = b->rules[index];
	struct prefixes sources = { 0 }, groups = { 0 };
	bool good = true;

	find_prefixes(rule, false, &sources);
	find_prefixes(rule, true, &groups);
	for (size_t s = 0; s < sources.n && good; s++) {
		for (size_t g = 0; g < groups.n && good; g++) {
			struct acl_rule r = { .data = { .category_mask = 1,
							.priority = (int32_t)(RULES_MAX - index),
							.userdata = (uint32_t)index + 1 } };
			bool number = rule->protocol_test == PROTOCOL_NUMBER;

			r.field[0].value.u8 = number ? (uint8_t)rule->protocol : 0;
			r.field[0].mask_range.u8 = number ? 0xff : 0;
			r.field[1].value.u32 = sources.at[s];
			r.field[1].mask_range.u32 = sources.length[s];
			r.field[2].value.u32 = groups.at[g];
			r.field[2].mask_range.u32 = groups.length[g];
			good = rte_acl_add_rules(context, (struct rte_acl_rule *)&r, 1) == 0;
			++*count;
		}
	}
	free(sources.at);
	free(sources.length);
	free(groups.at);
	free(groups.length);
	return good;
}

static bool is_for_data(const struct rule *rule)
{
	return !rule->off && !rule->from_any && !rule->anomalies && !rule->types && !rule->flags &&
	       (!rule->points || rule->points & 1u << POINT_DATA) && !rule->port_asked &&
	       rule->direction == DIRECTION_UNKNOWN && rule->ttl_test == TTL_UNASKED &&
	       rule->joined == JOINED_UNKNOWN;
}

static bool asks_rp(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == FIELD_RP)		/* never of IPv4 at data */
			return true;
	return false;
}

static bool start_dpdk(void)
{
	static char words[][24] = { "bench", "--no-huge", "-m", "256", "--no-pci", "--no-shconf",
				    "--no-telemetry", "--log-level=error" };
	char *argv[COUNT(words)];
	struct rte_acl_param param = { .name = "weir", .socket_id = SOCKET_ID_ANY,
				       .rule_size = RTE_ACL_RULE_SZ(COUNT(fields)),
				       .max_rule_num = RULES_MAX };

	for (size_t i = 0; i < COUNT(words); i++)
		argv[i] = words[i];
	if (rte_eal_init((int)COUNT(argv), argv) < 0)
		return false;
	context = rte_acl_create(&param);
	return context != NULL;
}

static bool build(const struct boundary *b)
{
	struct rte_acl_config config = { .num_categories = 1, .num_fields = COUNT(fields) };
	size_t count = 0;

	for (size_t i = 0; i < b->match_count; i++)
		if (is_for_data(b->rules[i]) && !asks_rp(b->rules[i]) && !add_rules(b, i, &count))
			return false;
	memcpy(config.defs, fields, sizeof(fields));
	if (rte_acl_build(context, &config) != 0)
		return false;
	printf("rte_acl: %zu rules of %zu prefix pairs\n", b->match_count, count);
	return true;
}

bool acl_init(const struct boundary *boundary, const struct flow4 *flows, size_t n)
{
	static bool tried;

	if (!tried) {
		tried = true;
		started = start_dpdk() && build(boundary);
	}
	if (!started) {
		printf("rte_acl: DPDK does not start here, not compared\n");
		return false;
	}
	free(keys);
	keys = calloc(n, sizeof(*keys));
	if (!keys)
		abort();
	key_count = n;
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct key){ .protocol = 17, .source = htonl(flows[i].source),
					.group = htonl(flows[i].group) };
	usable_count = 0;
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		const uint8_t *one = (const uint8_t *)keys;
		uint32_t result;

		if (rte_acl_classify_alg(context, &one, &result, 1, 1, algorithms[i].alg) == 0)
			usable[usable_count++] = i;
	}
	return usable_count > 0;
}

size_t acl_algorithm_count(void)
{
	return usable_count;
}

const char *acl_algorithm_name(size_t algorithm)
{
	return algorithms[usable[algorithm]].name;
}

uint64_t acl_classify(size_t algorithm)
{
	const uint8_t *data[BATCH];
	uint32_t results[BATCH];
	uint64_t sum = 0;

	for (size_t at = 0; at < key_count; at += BATCH) {
		size_t n = key_count - at < BATCH ? key_count - at : BATCH;

		for (size_t i = 0; i < n; i++)
			data[i] = (const uint8_t *)&keys[at + i];
		rte_acl_classify_alg(context, data, results, (uint32_t)n, 1,
				     algorithms[usable[algorithm]].alg);
		for (size_t i = 0; i < n; i++)
			sum += results[i];
	}
	return sum;
}
