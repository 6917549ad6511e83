/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration's MSDP peers as far as their sockets go.  Knows no process. */
#include "daemon/msdp_plan.h"

#include <stdio.h>
#include <string.h>

#include "wire/msdp.h"

void msdp_plan_of(const struct conf_msdp *conf, struct msdp_plan *out)
{
	memset(out, 0, sizeof(*out));			/* it leaves the process whole */
	out->n = (uint32_t)conf->peer_count;
	out->entries_max = conf->entries_max;
	out->is_transparent = conf->is_transparent;
	for (size_t i = 0; i < conf->peer_count; i++) {
		const struct conf_peer *p = &conf->peers[i];
		struct msdp_socket *s = &out->peers[i];

		s->local = p->local;
		s->remote = p->remote;
		s->hops = p->hops;
		snprintf(s->key, sizeof(s->key), "%s", p->password ? p->password : "");
		snprintf(s->key_file, sizeof(s->key_file), "%s",
			 p->password_file ? p->password_file : "");
	}
}

bool msdp_plan_is_good(const struct msdp_plan *plan)
{
	if (plan->n > CONF_PEERS_MAX || (plan->is_transparent && plan->n != 2))
		return false;
	for (uint32_t i = 0; i < plan->n; i++) {
		const struct msdp_socket *s = &plan->peers[i];

		if (s->local.family != FAMILY_IP4 || s->remote.family != FAMILY_IP4 ||
		    s->hops > 254 || !memchr(s->key, 0, sizeof(s->key)) ||
		    !memchr(s->key_file, 0, sizeof(s->key_file)))
			return false;
	}
	return true;
}

const struct msdp_socket *msdp_plan_peer(const struct msdp_plan *plan, struct addr local,
					 struct addr remote)
{
	for (uint32_t i = 0; i < plan->n; i++)
		if (addr_equal(plan->peers[i].local, local) &&
		    addr_equal(plan->peers[i].remote, remote))
			return &plan->peers[i];
	return NULL;
}

struct tcp_options msdp_plan_options(const struct msdp_plan *plan, const struct msdp_socket *peer)
{
	return (struct tcp_options){ .local = peer->local, .remote = peer->remote,
				     .port = MSDP_PORT,
				     .password = peer->key[0] ? peer->key : NULL,
				     .hops = peer->hops, .is_transparent = plan->is_transparent };
}

bool msdp_socket_is_same(const struct msdp_socket *a, const struct msdp_socket *b)
{
	return a->hops == b->hops && strcmp(a->key, b->key) == 0;
}

bool msdp_plan_begins_anew(const struct msdp_plan *old, const struct msdp_plan *new)
{
	return (old->n == 0) != (new->n == 0) || old->entries_max != new->entries_max ||
	       old->is_transparent != new->is_transparent;
}
