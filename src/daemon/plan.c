/* SPDX-License-Identifier: BSD-2-Clause */
/* Boundaries in the order of the policy, links in that of the configuration. */
#include "daemon/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/trim.h"
#include "engine/unspoken.h"
#include "os/clock.h"

static const enum backend backend_of[CONF_BACKEND_COUNT] = {
	[CONF_AUTO] = BACKEND_AUTO, [CONF_XDP] = BACKEND_XDP, [CONF_TC] = BACKEND_TC,
	[CONF_NFTABLES] = BACKEND_NFTABLES,
};

static struct enforce_link link_of(const struct plan_interface *one, bool dry_run)
{
	const struct conf_interface *conf = one->conf;
	struct enforce_link link = { .index = one->link->index, .inside = conf->is_inside,
				     .dry_run = dry_run || conf->is_dry_run,
				     .fails_closed = !conf->fails_open,
				     .is_bridge_port = one->link->is_bridge_port,
				     .is_native = one->link->runs_xdp,
				     .backend = backend_of[conf->backend] };

	memcpy(link.name, one->link->name, sizeof(link.name));
	return link;
}

const char *plan_absence(const struct plan_interface *one)
{
	if (one->conf->backend == CONF_OFF)
		return "off";
	return one->link ? NULL : "not there";
}

/* The links of one boundary; false where it has none. */
static bool add_boundary(struct plan *plan, const struct boundary *boundary, bool dry_run)
{
	struct enforce_boundary *b = &plan->boundaries[plan->plan.n];

	*b = (struct enforce_boundary){ .boundary = unspoken_boundary(&plan->arena, boundary),
					.links = plan->links + plan->link_count };
	for (size_t i = 0; i < plan->interface_count; i++) {
		struct plan_interface *one = &plan->interfaces[i];

		if (strcmp(one->conf->boundary.name, boundary->name) != 0 || plan_absence(one))
			continue;
		one->choice = plan->link_count;
		plan->links[plan->link_count++] = link_of(one, dry_run);
		b->link_count++;
	}
	return b->link_count > 0;
}

void plan_init(struct plan *plan, const struct conf *conf, const struct policy *policy,
	       const struct links *links, bool dry_run)
{
	size_t n = conf->interface_count;

	*plan = (struct plan){ .conf = conf, .policy = policy, .all = links,
				 .interface_count = n };
	arena_init(&plan->arena);
	plan->interfaces = memory_array(n + 1, sizeof(plan->interfaces[0]));
	plan->links = memory_array(n + 1, sizeof(plan->links[0]));
	plan->choices = memory_array(n + 1, sizeof(plan->choices[0]));
	plan->boundaries = memory_array(policy->boundary_count + 1, sizeof(plan->boundaries[0]));
	for (size_t i = 0; i < n; i++)
		plan->interfaces[i] =
			(struct plan_interface){ &conf->interfaces[i],
						 links_find(links, conf->interfaces[i].name.name),
						 SIZE_MAX };
	for (size_t i = 0; i < policy->boundary_count; i++)
		plan->plan.n += add_boundary(plan, policy->boundaries[i], dry_run);
	plan->plan.boundaries = plan->boundaries;
	plan->plan.now = clock_now();
}

void plan_release(struct plan *plan)
{
	free(plan->interfaces);
	free(plan->links);
	free(plan->choices);
	free(plan->boundaries);
	arena_release(&plan->arena);
	*plan = (struct plan){ 0 };
}

int plan_choose(struct plan *plan, const struct enforce_support *support)
{
	plan->error = plan->link_count ? enforce_choose(&plan->plan, support, plan->choices) : 0;
	return plan->error;
}

static void note_rule(const struct boundary *boundary, const struct rule *rule, const char *text,
		      struct enforce_notes *notes)
{
	struct enforce_note note = { 0 };

	snprintf(note.boundary, sizeof(note.boundary), "%s", boundary->name);
	snprintf(note.rule, sizeof(note.rule), "%s", rule->name);
	snprintf(note.text, sizeof(note.text), "%s", text);
	enforce_notes_add(notes, &note);
}

static const char *const unspoken_notes[] = {
	[UNSPOKEN_STOPPED] = "what its sources send is dropped too: whoever joins (*,G) would get it",
	[UNSPOKEN_LEFT] = "its sources come to whoever joins (*,G): a rule at data must stop them",
};

static bool has_bridge_port(const struct enforce_boundary *boundary)
{
	for (size_t i = 0; i < boundary->link_count; i++)
		if (boundary->links[i].is_bridge_port)
			return true;
	return false;
}

/* True where a rule that refuses data names IPv4 groups of one link, as mDNS is.  IPv6 patterns of all
 * scopes name them everywhere. */
static bool refuses_link_local(const struct rule *rule)
{
	if ((rule->action != ACTION_DENY && rule->action != ACTION_LIMIT) || rule->off ||
	    (rule->points && !(rule->points >> POINT_DATA & 1)))
		return false;
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		for (size_t k = 0; m->field == FIELD_TO && !m->negated && k < m->set->n4; k++)
			if (addr_is_link_local_group(m->set->ranges[k].first) &&
			    addr_is_link_local_group(m->set->ranges[k].last))
				return true;
	}
	return false;
}

/* A router forwards no link-local group; between the ports of a bridge is one link. */
static void note_link_local(const struct enforce_boundary *boundary, struct enforce_notes *notes)
{
	const struct boundary *b = boundary->boundary;

	if (!has_bridge_port(boundary))
		return;
	for (size_t i = 0; i < b->match_count; i++)
		if (refuses_link_local(b->rules[i]))
			note_rule(b, b->rules[i], "link-local groups pass the ports of a bridge: it "
				  "is not enforced for those", notes);
}

static const struct link *bridge_of(const struct plan *plan, const struct plan_interface *one)
{
	for (size_t i = 0; one->link && one->link->is_bridge_port && i < plan->all->n; i++)
		if (plan->all->list[i].index == one->link->master)
			return &plan->all->list[i];
	return NULL;
}

/* The bridge's own queries pass no queue: all of them are refused, or none. */
static bool refuses_some_queries(const struct boundary *b, size_t at, bool is_inside)
{
	enum direction leaving = is_inside ? DIRECTION_IN : DIRECTION_OUT;
	const struct rule *rule = b->rules[at];

	return trim_query_rule(b, leaving, FAMILY_IP4) != at &&
	       trim_query_rule(b, leaving, FAMILY_IP6) != at &&
	       rule->kind == RULE_MATCH && rule->action == ACTION_DENY && !rule->off &&
	       rule->points >> POINT_MEMBERSHIP & 1 && rule->types >> TYPE_QUERY & 1 &&
	       (rule->direction == DIRECTION_UNKNOWN || rule->direction == leaving);
}

/* Whoever judges what leaves there is told who asked for what. */
static bool knows_joined(const struct plan *plan, const struct plan_interface *one)
{
	return one->choice != SIZE_MAX &&
	       plan->choices[one->choice].hooks[HOOK_EGRESS] != BACKEND_AUTO;
}

static void note_bridge(const struct boundary *b, const struct plan_interface *one,
			const struct link *bridge, bool knows, struct enforce_notes *notes)
{
	struct text text = { 0 };

	for (size_t i = 0; i < b->match_count; i++) {
		text_reset(&text);
		if (b->rules[i]->joined != JOINED_UNKNOWN && (bridge->snoops || !knows))
			text_printf(&text, bridge->snoops
				    ? "%s snoops: by itself it keeps what nobody asked for from "
				      "%s, which counts under .snoop-offered"
				    : "%s does not snoop: what nobody asked for comes to %s",
				    bridge->name, one->link->name);
		else if (bridge->queries && refuses_some_queries(b, i, one->conf->is_inside))
			text_printf(&text, "%s asks for members itself (mcast_querier is 1): of "
				    "its own queries by %s only all can be refused, not some",
				    bridge->name, one->link->name);
		if (text.n > 0)
			note_rule(b, b->rules[i], text.p, notes);
	}
	text_release(&text);
}

static void note_bridges(const struct plan *plan, struct enforce_notes *notes)
{
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct plan_interface *one = &plan->interfaces[i];
		const struct link *bridge = bridge_of(plan, one);

		if (bridge && !plan_absence(one))
			note_bridge(policy_boundary(plan->policy, one->conf->boundary.name), one,
				    bridge, knows_joined(plan, one), notes);
	}
}

/* A set that follows nobody's addresses is empty, and takes its rules out of force. */
static void note_set(const struct conf_set *set, const struct links *all,
		     struct enforce_notes *notes)
{
	for (size_t i = 0; i < set->n; i++) {
		const char *name = set->terms[i].expr ? NULL : set->terms[i].interface;
		const struct link *link = name ? links_find(all, name) : NULL;
		struct enforce_note note = { 0 };

		if (!name || (link && link->address_count > 0))
			continue;
		snprintf(note.text, sizeof(note.text), "set %s lacks the subnets of %s, which %s",
			 set->name.name, name, link ? "has no address" : "is not there");
		enforce_notes_add(notes, &note);
	}
}

/* Of boundaries that some link lies at, as they are written. */
void plan_notes(const struct plan *plan, struct enforce_notes *notes)
{
	for (size_t i = 0; i < plan->plan.n; i++) {
		const struct boundary *b =
			policy_boundary(plan->policy, plan->boundaries[i].boundary->name);
		enum unspoken *found = memory_array(b->rule_count, sizeof(found[0]));

		unspoken_find(b, found);
		for (size_t k = 0; k < b->rule_count; k++)
			if (found[k] != UNSPOKEN_NONE)
				note_rule(b, b->rules[k], unspoken_notes[found[k]], notes);
		free(found);
		note_link_local(&plan->boundaries[i], notes);
	}
	note_bridges(plan, notes);
	for (size_t i = 0; i < plan->conf->set_count; i++)
		note_set(&plan->conf->sets[i], plan->all, notes);
}

static void put_subnets(void *context, const char *interface, struct text *out)
{
	const struct link *link = links_find(context, interface);

	if (link)
		link_subnets(link, out);
}

char **plan_sets(const struct conf *conf, const struct links *links)
{
	char **sets = memory_array(conf->set_count + 1, sizeof(*sets));

	for (size_t i = 0; i < conf->set_count; i++) {
		struct text text = { 0 };

		conf_set_text(&conf->sets[i], put_subnets, (void *)links, &text);
		sets[i] = text.p;
	}
	return sets;
}

void plan_sets_free(char **sets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(sets[i]);
	free(sets);
}
