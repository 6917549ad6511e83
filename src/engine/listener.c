/* SPDX-License-Identifier: BSD-2-Clause */
/* Routers, and reporters of SAP groups.  Where either table is full, later ones are passed over:
 * a LAN has few routers.  Knows no rules. */
#include "engine/listener.h"

#include <stdlib.h>

#include "base/memory.h"
#include "wire/sap.h"

struct reporter {
	struct addr speaker, group;
};

struct listeners {
	struct addr	routers[LISTENERS_MAX];		/* by hash */
	struct reporter reporters[LISTENERS_MAX];	/* in the order in which they came */
	size_t		router_count, reporter_count;
};

struct listeners *listeners_new(void)
{
	return memory_take(sizeof(struct listeners));
}

void listeners_free(struct listeners *listeners)
{
	free(listeners);
}

/* A proxy asks from 0.0.0.0 (RFC 4541 2.1.1): that is nobody's address. */
static bool is_router(const struct observation *obs)
{
	if (obs->anomaly || !addr_is_there(obs->speaker) ||
	    (obs->speaker.hi | obs->speaker.lo) == 0)
		return false;
	return obs->protocol == PROTOCOL_PIM ||
	       (obs->point == POINT_MEMBERSHIP && obs->what == WHAT_QUERY);
}

static struct addr *find_router(struct listeners *l, struct addr speaker)
{
	uint64_t hash = addr_hash(speaker);

	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct addr *at = &l->routers[(hash + i) % LISTENERS_MAX];

		if (at->family == FAMILY_NONE || addr_equal(*at, speaker))
			return at;
	}
	return NULL;
}

bool listeners_know(struct listeners *listeners, struct addr router)
{
	const struct addr *at = find_router(listeners, router);

	return at && at->family != FAMILY_NONE;
}

static void find_out(struct addr speaker, struct addr group, struct mtime at,
		     struct findings *findings)
{
	findings_note(findings, &(struct finding){ .kind = FINDING_SAP_LISTENER,
						   .point = POINT_MEMBERSHIP,
						   .source = speaker,
						   .group = group,
						   .first_ns = at.ns });
}

static void hear_router(struct listeners *l, const struct observation *obs,
			struct findings *findings)
{
	struct addr *at = find_router(l, obs->speaker);

	if (!at || at->family != FAMILY_NONE || l->router_count == LISTENERS_MAX / 2)
		return;
	*at = obs->speaker;
	l->router_count++;
	for (size_t i = 0; i < l->reporter_count; i++)
		if (addr_equal(l->reporters[i].speaker, obs->speaker))
			find_out(obs->speaker, l->reporters[i].group, obs->at, findings);
}

static void hear_report(struct listeners *l, const struct observation *obs,
			struct findings *findings)
{
	if (listeners_know(l, obs->speaker)) {
		find_out(obs->speaker, obs->group, obs->at, findings);
		return;
	}
	for (size_t i = 0; i < l->reporter_count; i++)
		if (addr_equal(l->reporters[i].speaker, obs->speaker) &&
		    addr_equal(l->reporters[i].group, obs->group))
			return;
	if (l->reporter_count < LISTENERS_MAX)
		l->reporters[l->reporter_count++] = (struct reporter){ obs->speaker, obs->group };
}

void listeners_hear(struct listeners *listeners, const struct observation *obs,
		    struct findings *findings)
{
	if (is_router(obs))
		hear_router(listeners, obs, findings);
	else if (obs->point == POINT_MEMBERSHIP && obs->what == WHAT_JOIN && !obs->anomaly &&
		 addr_is_there(obs->speaker) && sap_is_group(obs->group))
		hear_report(listeners, obs, findings);
}
