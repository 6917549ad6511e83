/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration beside the policy that it names: do its boundaries and sets exist? */
#include <string.h>

#include "base/nearest.h"
#include "policy/conf.h"
#include "policy/parse.h"

static const char *near_boundary(const struct policy *policy, const char *name, struct diags *diags)
{
	struct nearest nearest = nearest_of(name);

	for (size_t i = 0; i < policy->boundary_count; i++)
		nearest_offer(&nearest, policy->boundaries[i]->name);
	return nearest.word ? arena_printf(&diags->arena, "did you mean '%s'?", nearest.word) : NULL;
}

static const char *list_boundaries(const struct policy *policy, struct diags *diags)
{
	struct text names = { 0 };
	const char *list;

	for (size_t i = 0; i < policy->boundary_count; i++)
		text_printf(&names, "%s%s", i ? ", " : "it has ", policy->boundaries[i]->name);
	list = arena_text(&diags->arena, text_string(&names), names.n);
	text_release(&names);
	return list;
}

static void check_boundary(const struct conf_name *name, const struct policy *policy,
			   struct diags *diags)
{
	if (policy_boundary(policy, name->name))
		return;
	spot_complain(diags, &name->spot,
		      (struct complaint){ SEVERITY_ERROR, near_boundary(policy, name->name, diags),
					  list_boundaries(policy, diags) },
		      "policy '%s' has no boundary '%s'", policy->name, name->name);
}

static void check_set(const struct conf_name *name, const struct policy *policy,
		      struct diags *diags)
{
	struct nearest nearest = nearest_of(name->name);

	for (size_t i = 0; i < policy->choice_count; i++) {
		if (strcmp(policy->choices[i].name, name->name) == 0)
			return;
		nearest_offer(&nearest, policy->choices[i].name);
	}
	spot_complain(diags, &name->spot,
		      (struct complaint){ SEVERITY_ERROR,
					  nearest.word ? arena_printf(&diags->arena, "did you mean '%s'?",
								      nearest.word) : NULL,
					  "a set that can be chosen is written with ?= in the policy" },
		      "policy '%s' has no set '%s' that can be chosen", policy->name, name->name);
}

const char *conf_peer_boundary(const struct conf_peer *peer)
{
	return peer->boundary.name ? peer->boundary.name : peer->is_transit ? CONF_TRANSIT : NULL;
}

bool conf_uses_boundary(const struct conf *conf, const char *boundary)
{
	for (size_t i = 0; i < conf->interface_count; i++)
		if (strcmp(conf->interfaces[i].boundary.name, boundary) == 0)
			return true;
	for (size_t i = 0; i < conf->msdp.peer_count; i++) {
		const char *name = conf_peer_boundary(&conf->msdp.peers[i]);

		if (name && strcmp(name, boundary) == 0)
			return true;
	}
	return false;
}

bool conf_check(const struct conf *conf, const struct policy *policy, struct diags *diags)
{
	unsigned errors = diags->errors;

	for (size_t i = 0; i < conf->set_count; i++)
		check_set(&conf->sets[i].name, policy, diags);
	for (size_t i = 0; i < conf->interface_count; i++)
		check_boundary(&conf->interfaces[i].boundary, policy, diags);
	for (size_t i = 0; i < conf->msdp.peer_count; i++) {
		const struct conf_peer *peer = &conf->msdp.peers[i];
		const struct conf_name transit = { CONF_TRANSIT, peer->spot };

		if (peer->boundary.name || peer->is_transit)
			check_boundary(peer->boundary.name ? &peer->boundary : &transit, policy,
				       diags);
	}
	return diags->errors == errors;
}
