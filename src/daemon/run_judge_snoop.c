/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports of bridges that snoop, where a boundary refuses what nobody asked for: the bridge keeps most
 * of that away before the boundary could, so the keeper has it counted where it comes in. */
#include <stdio.h>
#include <string.h>

#include "daemon/run_judge.h"
#include "enforce/snoop.h"

static bool asks_joined(const struct boundary *boundary, bool is_inside)
{
	enum direction leaving = is_inside ? DIRECTION_IN : DIRECTION_OUT;

	for (size_t i = 0; i < boundary->match_count; i++) {
		const struct rule *rule = boundary->rules[i];

		if (rule->joined != JOINED_UNKNOWN && !rule->off &&
		    (rule->direction == DIRECTION_UNKNOWN || rule->direction == leaving))
			return true;
	}
	return false;
}

static const struct link *find_index(const struct links *links, unsigned index)
{
	for (size_t i = 0; i < links->n; i++)
		if (links->list[i].index == index)
			return &links->list[i];
	return NULL;
}

static bool is_counted(const struct judge *j, const struct link *port)
{
	for (size_t i = 0; i < j->plan.interface_count; i++) {
		const struct plan_interface *one = &j->plan.interfaces[i];

		if (one->link == port && !plan_absence(one))
			return asks_joined(
				policy_boundary(j->plan.policy, one->conf->boundary.name),
				one->conf->is_inside);
	}
	return false;
}

static bool has_counted(const struct judge *j, unsigned bridge)
{
	for (size_t i = 0; i < j->links.n; i++)
		if (j->links.list[i].is_bridge_port && j->links.list[i].master == bridge &&
		    is_counted(j, &j->links.list[i]))
			return true;
	return false;
}

static void put_ports(const struct judge *j, struct text *out)
{
	for (size_t i = 0; i < j->links.n; i++) {
		const struct link *link = &j->links.list[i];
		const struct link *bridge =
			link->is_bridge_port ? find_index(&j->links, link->master) : NULL;
		struct snoop_port port;

		if (!bridge || !bridge->snoops || !has_counted(j, bridge->index))
			continue;
		memset(&port, 0, sizeof(port));		/* it leaves the process whole */
		snprintf(port.name, sizeof(port.name), "%s", link->name);
		snprintf(port.bridge, sizeof(port.bridge), "%s", bridge->name);
		port.is_counted = is_counted(j, link);
		text_put_n(out, (const char *)&port, sizeof(port));
	}
}

void snoop_follow(struct judge *j)
{
	struct message message = { .kind = MESSAGE_SNOOP };
	struct text ports = { 0 };

	put_ports(j, &ports);
	if (j->is_snoop_told && ports.n == j->snooped.n &&
	    memcmp(text_string(&ports), text_string(&j->snooped), ports.n) == 0) {
		text_release(&ports);
		return;
	}
	message.number = ports.n / sizeof(struct snoop_port);
	j->is_snoop_told = message_send_text(j->keeper, &message, &ports) == 0;
	text_release(&j->snooped);
	j->snooped = ports;
}
