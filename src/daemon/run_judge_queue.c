/* SPDX-License-Identifier: BSD-2-Clause */
/* From a plan to queues and trims.  Asks the kernel nothing. */
#include "daemon/run_judge_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/report.h"
#include "policy/table.h"

static const char *name_of_index(const struct links *links, unsigned index)
{
	for (size_t i = 0; i < links->n; i++)
		if (links->list[i].index == index)
			return links->list[i].name;
	return "";
}

static struct queue_boundary *find_boundary(struct queue_set *set, const struct boundary *boundary)
{
	struct queue_boundary *one;

	for (size_t i = 0; i < set->boundary_count; i++)
		if (set->boundaries[i].court.boundary == boundary)
			return &set->boundaries[i];
	one = &set->boundaries[set->boundary_count++];
	one->table = table_new(boundary);
	court_init(&one->court, boundary, one->table);
	return one;
}

/* The other port of a bridge that has two: where a tap sends what arrives at this one. */
static void find_peer(const struct links *links, const struct link *link, struct queue_link *out)
{
	const struct link *peer = NULL;
	unsigned others = 0;

	for (size_t i = 0; i < links->n; i++) {
		if (links->list[i].master != link->master || links->list[i].index == link->index)
			continue;
		peer = &links->list[i];
		others++;
	}
	if (others != 1)
		return;
	snprintf(out->peer, sizeof(out->peer), "%s", peer->name);
	out->peer_index = peer->index;
}

static void fill_mutes(const struct boundary *boundary, struct queue_link *out)
{
	static const enum family families[] = { FAMILY_IP4, FAMILY_IP6 };

	for (unsigned i = 0; i < COUNT(families); i++) {
		uint16_t rule = trim_query_rule(boundary, queue_direction(out, QUEUE_SENT),
						families[i]);

		if (rule != RULE_NONE)
			snprintf(out->mutes[i], sizeof(out->mutes[i]), "%s",
				 report_rule_name(boundary, rule));
	}
}

/* False where nothing of the boundary asks for a control packet's own words. */
static bool fill_link(const struct plan_interface *one, const struct boundary *boundary,
		      const struct links *links, bool dry_run, struct queue_link *out)
{
	*out = (struct queue_link){ .index = one->link->index, .inside = one->conf->is_inside,
				    .fail_open = one->conf->fails_open,
				    .dry_run = dry_run || one->conf->is_dry_run };
	memcpy(out->name, one->link->name, sizeof(out->name));
	if (one->link->is_bridge_port) {
		snprintf(out->bridge, sizeof(out->bridge), "%s",
			 name_of_index(links, one->link->master));
		find_peer(links, one->link, out);
		fill_mutes(boundary, out);
	}
	out->arriving = trim_is_needed(boundary, queue_direction(out, QUEUE_RECEIVED));
	out->leaving = trim_is_needed(boundary, queue_direction(out, QUEUE_SENT));
	out->payload = trim_needs_payload(boundary, queue_direction(out, QUEUE_RECEIVED)) ||
		       trim_needs_payload(boundary, queue_direction(out, QUEUE_SENT));
	return out->arriving || out->leaving;
}

static void add_link(struct queue_set *set, const struct plan_interface *one,
		     const struct boundary *boundary, const struct links *links, bool dry_run,
		     struct joined_memory *joined)
{
	struct trim_options options = { .fail_open = one->conf->fails_open,
					.register_stop = !one->conf->is_silent,
					.dry_run = dry_run || one->conf->is_dry_run };

	if (!fill_link(one, boundary, links, dry_run, &set->links[set->n]))
		return;
	options.court = &find_boundary(set, boundary)->court;
	options.context = joined ? joined_of(joined, boundary) : NULL;
	options.told = options.context ? joined_hear : NULL;
	set->of[set->n] = boundary;
	set->trims[set->n++] = trim_new(&options);
}

void queue_set_init(struct queue_set *set, const struct plan *plan, const struct links *links,
		    bool dry_run, struct joined_memory *joined)
{
	size_t most = plan->interface_count + 1;

	*set = (struct queue_set){ 0 };
	set->links = memory_array(most, sizeof(set->links[0]));
	set->of = memory_array(most, sizeof(set->of[0]));
	set->trims = memory_array(most, sizeof(set->trims[0]));
	set->boundaries = memory_array(most, sizeof(set->boundaries[0]));
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct plan_interface *one = &plan->interfaces[i];

		if (!plan_absence(one))
			add_link(set, one, policy_boundary(plan->policy, one->conf->boundary.name),
				 links, dry_run, joined);
	}
}

void queue_set_init_links(struct queue_set *set, const struct plan *plan, const struct links *links)
{
	*set = (struct queue_set){ 0 };
	set->links = memory_array(plan->interface_count + 1, sizeof(set->links[0]));
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct plan_interface *one = &plan->interfaces[i];

		if (!plan_absence(one) &&
		    fill_link(one, policy_boundary(plan->policy, one->conf->boundary.name), links,
			      false, &set->links[set->n]))
			set->n++;
	}
}

void queue_set_release(struct queue_set *set)
{
	for (size_t i = 0; i < set->n && set->trims; i++)
		trim_free(set->trims[i]);
	for (size_t i = 0; i < set->boundary_count; i++) {
		court_release(&set->boundaries[i].court);
		table_free(set->boundaries[i].table);
	}
	free(set->links);
	free(set->of);
	free(set->trims);
	free(set->boundaries);
	*set = (struct queue_set){ 0 };
}

void queue_set_copy_links(const struct queue_set *set, struct queue_set *out)
{
	queue_set_release(out);
	if (!set || set->n == 0)
		return;
	out->links = memory_array(set->n, sizeof(set->links[0]));
	memcpy(out->links, set->links, set->n * sizeof(set->links[0]));
	out->n = set->n;
}

bool queue_set_same_links(const struct queue_set *a, const struct queue_set *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct queue_link *x = &a->links[i], *y = &b->links[i];

		if (strcmp(x->name, y->name) != 0 || strcmp(x->bridge, y->bridge) != 0 ||
		    x->index != y->index || x->peer_index != y->peer_index ||
		    x->inside != y->inside || x->fail_open != y->fail_open ||
		    x->arriving != y->arriving || x->leaving != y->leaving ||
		    x->payload != y->payload || x->dry_run != y->dry_run ||
		    memcmp(x->mutes, y->mutes, sizeof(x->mutes)) != 0)
			return false;
	}
	return true;
}

/* --- what it counts --- */

/* Behind the rules of a link: what was judged at all, and what became of packets for which no rule
 * can speak. */
static const struct sum {
	const char *name;
	unsigned    whys;		/* bits of enum trim_why */
} sums[] = {
	{ QUEUE_JUDGED, (1u << TRIM_WHY_COUNT) - 1 },
	{ ".bad-checksum", 1u << TRIM_BAD_CHECKSUM },
	{ ".not-understood", 1u << TRIM_ODD_PASSED | 1u << TRIM_ODD_DROPPED },
	{ ".trimmed", 1u << TRIM_TRIMMED },
	{ ".emptied", 1u << TRIM_EMPTIED },
};

static void put_name(const struct boundary *boundary, const struct queue_link *link,
		     const char *rule, struct text *out)
{
	struct history_tally row;

	memset(&row, 0, sizeof(row));		/* it leaves the process whole */
	snprintf(row.boundary, sizeof(row.boundary), "%s", boundary->name);
	snprintf(row.rule, sizeof(row.rule), "%s", rule);
	snprintf(row.link, sizeof(row.link), "%s", link->name);
	text_put_n(out, (const char *)&row, sizeof(row));
}

void queue_set_names(const struct queue_set *set, struct text *out)
{
	for (size_t i = 0; i < set->n; i++) {
		size_t rules = trim_counts(set->trims[i])->n;

		for (uint16_t k = 0; k < rules; k++)
			put_name(set->of[i], &set->links[i], report_rule_name(set->of[i], k), out);
		for (size_t k = 0; k < COUNT(sums); k++)
			put_name(set->of[i], &set->links[i], sums[k].name, out);
	}
}

struct queue_seen {
	const struct queue_set *set;
	uint32_t	       *first;		/* by link: the number of its first rule */
	uint64_t	       *hits, *bytes;	/* by number: told so far */
};

struct queue_seen *queue_seen_new(const struct queue_set *set)
{
	struct queue_seen *seen = memory_take(sizeof(*seen));
	size_t n = 0;

	seen->set = set;
	seen->first = memory_array(set->n + 1, sizeof(seen->first[0]));
	for (size_t i = 0; i < set->n; i++) {
		seen->first[i] = (uint32_t)n;
		n += trim_counts(set->trims[i])->n + COUNT(sums);
	}
	seen->hits = memory_array(n + 1, sizeof(seen->hits[0]));
	seen->bytes = memory_array(n + 1, sizeof(seen->bytes[0]));
	return seen;
}

void queue_seen_free(struct queue_seen *seen)
{
	if (!seen)
		return;
	free(seen->first);
	free(seen->hits);
	free(seen->bytes);
	free(seen);
}

static uint64_t packets_of(const struct trim_counts *counts, unsigned whys)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < TRIM_WHY_COUNT; i++)
		n += whys >> i & 1 ? counts->packets[i] : 0;
	return n;
}

static struct queue_growth grow(struct queue_seen *seen, uint32_t row, uint64_t hits,
				uint64_t bytes)
{
	const struct queue_growth growth = { row, (uint32_t)(hits - seen->hits[row]),
					     bytes - seen->bytes[row] };

	seen->hits[row] = hits;
	seen->bytes[row] = bytes;
	return growth;
}

static size_t tell_link(struct queue_seen *seen, size_t i, struct queue_growth *out, size_t max)
{
	struct trim *trim = seen->set->trims[i];
	const struct trim_counts *counts = trim_counts(trim);
	uint32_t row = seen->first[i] + (uint32_t)counts->n;
	size_t n = 0;
	uint16_t k;

	for (size_t s = 0; s < COUNT(sums); s++, row++) {
		uint64_t packets = packets_of(counts, sums[s].whys);

		if (n < max && packets > seen->hits[row])
			out[n++] = grow(seen, row, packets, 0);
	}
	while (n < max && trim_touched_next(trim, &k))
		out[n++] = grow(seen, seen->first[i] + k, counts->rules[k].hits,
				counts->rules[k].bytes);
	return n;
}

size_t queue_seen_growth(struct queue_seen *seen, struct queue_growth *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->set->n; i++)
		n += tell_link(seen, i, out + n, max - n);
	return n;
}
