/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in force, as the speaker takes it: a policy, a configuration, and the peers in their places,
 * of which those that stay keep theirs and with it their sessions. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/bundle.h"
#include "daemon/run_speaker.h"
#include "os/clock.h"
#include "os/tcp_socket.h"
#include "policy/table.h"

/* --- the policy --- */

/* Mesh groups by number, in the order of their first member. */
static unsigned mesh_number(const struct conf_msdp *conf, size_t peer)
{
	const char *name = conf->peers[peer].mesh;
	size_t i = 0;

	if (!name)
		return 0;
	while (!conf->peers[i].mesh || strcmp(conf->peers[i].mesh, name) != 0)
		i++;
	return (unsigned)i + 1;
}

static struct relay_peering peering_of(const struct conf_msdp *conf, size_t i,
				       const struct policy *policy, struct table **tables)
{
	const struct conf_peer *p = &conf->peers[i];
	const char *name = conf_peer_boundary(p);
	const struct boundary *boundary = name ? policy_boundary(policy, name) : NULL;
	size_t at = 0;

	while (boundary && policy->boundaries[at] != boundary)
		at++;
	if (boundary && !tables[at])
		tables[at] = table_new(boundary);
	return (struct relay_peering){
		.local = p->local, .remote = p->remote, .boundary = boundary,
		.table = boundary ? tables[at] : NULL, .inside = p->is_inside,
		.strips_data = p->strips_data, .listens = p->listens || conf->listens,
		.is_default = p->is_static || conf->is_transparent, .rps = p->rps,
		.mesh = mesh_number(conf, i), .as = p->as, .entries_max = p->entries_max,
		.timing = { (uint16_t)p->hold_s, (uint16_t)p->keepalive_s, (uint16_t)p->retry_s },
	};
}

static void free_tables(const struct policy *policy, struct table **tables)
{
	for (size_t i = 0; policy && i < policy->boundary_count; i++)
		table_free(tables[i]);
	free(tables);
}

static struct policy *load(const json_t *object)
{
	const json_t *list = json_object_get(object, "sets");
	size_t n = json_array_size(list);
	char **sets = memory_array(n + 1, sizeof(*sets)), why[POLICY_PROBLEM] = "";
	struct bundle bundle = { 0 };
	struct policy *policy = NULL;
	struct diags diags;

	for (size_t i = 0; i < n; i++)
		sets[i] = (char *)json_string_value(json_array_get(list, i));
	diags_init(&diags);
	if (bundle_of(json_object_get(object, "bundle"), &bundle, why))
		policy = bundle_load(&bundle, sets, n, &diags);
	bundle_release(&bundle);
	diags_release(&diags);
	free(sets);
	return policy;
}

/* The configuration in force, where it is not that of the start; or NULL. */
static struct conf *read_conf(const struct speaker_state *s, const json_t *object)
{
	const json_t *text = json_object_get(object, "conf");
	struct conf *conf = NULL;
	struct diags diags;

	diags_init(&diags);
	if (json_is_string(text))
		conf = conf_parse(s->options->conf_file, json_string_value(text),
				  json_string_length(text), &diags);
	diags_release(&diags);
	return conf;
}

/* --- places --- */

/* Where a peer with these two addresses is; else `n`. */
static unsigned find_place(const struct speaker_state *s, const struct conf_peer *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (s->rows[i] && addr_equal(s->peers[i].remote, p->remote) &&
		    addr_equal(s->peers[i].local, p->local))
			return i;
	return n;
}

/* For a new peer: a place that nobody had lately where there is one, for what was announced from it is
 * being forgotten. */
static unsigned free_place(const struct speaker_state *s, const bool *taken, unsigned n)
{
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		if (!taken[i] && (i >= n || (!s->rows[i] &&
					     relay_figures(s->speaker.relay, i).held == 0)))
			return i;
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		if (!taken[i])
			return i;
	return 0;					/* there are no more peers than places */
}

/* Who is there keeps its place.  Returns how many places there are. */
static unsigned place_peers(struct speaker_state *s, const struct conf_msdp *conf,
			    const struct policy *policy, struct table **tables)
{
	struct relay_peering peers[CONF_PEERS_MAX] = { 0 };
	const struct conf_peer *rows[CONF_PEERS_MAX] = { 0 };
	unsigned n = s->speaker.options.n, places[CONF_PEERS_MAX], most = 0;
	bool taken[CONF_PEERS_MAX] = { false };

	for (size_t i = 0; i < conf->peer_count; i++) {
		places[i] = find_place(s, &conf->peers[i], n);
		taken[places[i]] |= places[i] < n;
	}
	for (size_t i = 0; i < conf->peer_count; i++) {
		unsigned place = places[i] < n ? places[i] : free_place(s, taken, n);

		taken[place] = true;
		peers[place] = peering_of(conf, i, policy, tables);
		rows[place] = &conf->peers[i];
		most = place + 1 > most ? place + 1 : most;
	}
	memcpy(s->peers, peers, sizeof(peers));
	memcpy(s->rows, rows, sizeof(rows));
	return most;
}

/* --- what this speaker originates --- */

static bool originates(const struct conf_msdp *conf, const struct conf_source *source)
{
	for (size_t i = 0; i < conf->source_count; i++)
		if (addr_equal(conf->sources[i].source, source->source) &&
		    addr_equal(conf->sources[i].group, source->group))
			return true;
	return false;
}

static void originate(struct speaker_state *s, const struct conf_msdp *old,
		      const struct conf_msdp *new)
{
	bool same = addr_equal(old->originator, new->originator);
	struct relay *relay = s->speaker.relay;

	for (size_t i = 0; i < old->source_count; i++)
		if (!same || !originates(new, &old->sources[i]))
			relay_withdraw(relay, old->sources[i].source, old->sources[i].group);
	relay_set_originator(relay, new->originator);
	for (size_t i = 0; i < new->source_count; i++)
		relay_originate(relay, new->sources[i].source, new->sources[i].group,
				clock_steady());
}

/* --- a ruling --- */

static bool begin(struct speaker_state *s, const struct conf_msdp *conf, unsigned n)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_now().ns;
	if (speaker_init(&s->speaker, &(struct speaker_options){
		.peers = s->peers, .n = n, .rows = s->rows, .entries_max = conf->entries_max,
		.originator = conf->originator, .seed = seed, .connect = speaker_connect_to,
		.tell = speaker_tell_event,
		/* the two judge each other by their own routes, as they did before */
		.route = conf->is_transparent ? NULL : speaker_look_up, .context = s },
		&s->loop) < 0)
		return false;
	speaker_census_init(&s->census, n, s->options->count_s * CENSUS_TIMES, seed);
	for (size_t i = 0; i < COUNT(s->listeners); i++)
		if (s->listeners[i] > 0 && speaker_listen(&s->speaker, s->listeners[i]) < 0)
			close(s->listeners[i]);
	return true;
}

/* Listening sockets at addresses that no peer comes to any more. */
static void close_listeners(struct speaker_state *s, const struct conf_msdp *conf)
{
	for (size_t i = 0; i < COUNT(s->listeners); i++) {
		struct addr local;
		bool asked = false;

		if (s->listeners[i] <= 0 || tcp_local(s->listeners[i], &local) < 0)
			continue;
		for (size_t k = 0; k < conf->peer_count; k++)
			asked = asked || addr_equal(conf->peers[k].local, local);
		if (asked)
			continue;
		speaker_unlisten(&s->speaker, s->listeners[i]);
		s->listeners[i] = 0;
	}
}

static void follow(struct speaker_state *s, const struct conf_msdp *conf, struct policy *policy)
{
	static const struct conf_msdp nothing;
	struct table **tables = memory_array(policy->boundary_count, sizeof(*tables));
	unsigned n;

	if (s->speaks)
		speaker_add_hits(s, &s->past);
	n = place_peers(s, conf, policy, tables);
	s->policy = policy;
	s->tables = tables;
	if (!s->speaks) {
		s->speaks = begin(s, conf, n);
		if (s->speaks)
			originate(s, &nothing, conf);
		return;
	}
	speaker_reload(&s->speaker, n);
	speaker_census_reload(&s->census, &s->speaker);
	close_listeners(s, conf);
	originate(s, s->conf, conf);
}

void speaker_rule(struct speaker_state *s, const struct text *payload)
{
	json_t *object = json_loadb(text_string(payload), payload->n, 0, NULL);
	struct policy *policy = load(object), *old = s->policy;
	struct conf *conf = read_conf(s, object), *old_conf = s->conf_read;
	struct table **old_tables = s->tables;

	json_decref(object);
	if (!policy) {
		conf_free(conf);
		return;					/* the judge has told already */
	}
	follow(s, conf ? &conf->msdp : &s->options->conf->msdp, policy);
	s->conf_read = conf;
	s->conf = conf ? &conf->msdp : &s->options->conf->msdp;
	free_tables(old, old_tables);
	policy_free(old);
	conf_free(old_conf);
}

void speaker_release_rules(struct speaker_state *s)
{
	free_tables(s->policy, s->tables);
	policy_free(s->policy);
	conf_free(s->conf_read);
}
