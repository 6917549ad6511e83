/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings about RAS servers.  Knows no output format and no clock. */
#include "engine/ras_site.h"

const char *ras_finding_name(enum ras_finding kind)
{
	static const char *const names[] = { "ras", "ras-from-outside", "ras-leaves" };

	return names[kind];
}

static bool is_foreign(const struct ras_site *site, const struct ras_host *host)
{
	return site->own && set_has_family(site->own, host->address.family) &&
	       !set_has(site->own, host->address);
}

static bool is_far(const struct ras_site *site, const struct ras_host *host)
{
	return site->has_hops && host->hops != RAS_HOPS_UNKNOWN && host->hops > site->hops;
}

bool ras_finding_holds(enum ras_finding kind, const struct ras_site *site,
		       const struct ras_host *host)
{
	switch (kind) {
	case RAS_STRANGER:
		return host->authorised != RAS_AUTHORISED;
	case RAS_FROM_OUTSIDE:
		return host->came_in || is_foreign(site, host) || is_far(site, host);
	default:
		return host->went_out && !is_foreign(site, host);
	}
}

void ras_name_put(const struct ras_name *hostname, const struct ras_name *domain, struct text *out)
{
	text_escape(out, (struct span){ hostname->bytes, hostname->n });
	if (domain->n > 0) {
		text_char(out, '.');
		text_escape(out, (struct span){ domain->bytes, domain->n });
	}
}

static void put_way(const struct ras_host *host, struct text *out)
{
	if (host->hops == RAS_HOPS_UNKNOWN && host->has_ttl)
		text_printf(out, "; its TTL of %u does not tell how far it came", host->ttl);
	else if (host->hops == 0)
		text_put(out, "; it was sent on this very link");
	else if (host->hops != RAS_HOPS_UNKNOWN)
		text_printf(out, "; it came over %u router%s", host->hops, host->hops == 1 ? "" : "s");
}

static void put_from_outside(const struct ras_site *site, const struct ras_host *host,
			     struct text *out)
{
	text_put(out, "comes from outside of the site: ");
	if (is_foreign(site, host))
		text_put(out, "its address is none of the site's");
	else if (host->came_in)
		text_put(out, "it came in over the boundary");
	else
		text_printf(out, "it came over %u routers, and no two hosts of the site have more than %u "
				 "between them", host->hops, site->hops);
	if (is_foreign(site, host) || host->came_in)
		put_way(host, out);
	text_put(out, "; 239.255.0.0/16 must not cross the site's border (RFC 2365 6.1)");
}

void ras_finding_put(enum ras_finding kind, const struct ras_site *site,
		     const struct ras_host *host, struct text *out)
{
	char address[ADDR_TEXT];

	text_char(out, '"');
	ras_name_put(&host->hostname, &host->domain, out);
	text_printf(out, "\" at %s ", addr_text(host->address, address));
	if (kind == RAS_FROM_OUTSIDE) {
		put_from_outside(site, host, out);
		return;
	}
	if (kind == RAS_LEAVES) {
		text_put(out, "is announced out of the site, where it tells everybody the address and the "
			      "name of an entrance; 239.255.0.0/16 must not cross the site's border (RFC "
			      "2365 6.1)");
		return;
	}
	text_put(out, "announces a dial-in or VPN entrance that the firewall does not see, and gives away "
		      "its address and name; ");
	text_put(out, host->authorised == RAS_NO_LIST ? "no list of authorised servers was given"
						      : "not authorised");
}

static bool is_stray(const struct observation *obs)
{
	if (obs->protocol == PROTOCOL_RASADV && obs->anomaly != ANOMALY_NONE)
		return true;
	return (obs->flags & (FLAG_BIT(WRONG_PORT) | FLAG_BIT(WRONG_GROUP))) != 0;
}

static struct ras_stray *find_stray(struct ras_strays *strays, const struct observation *obs)
{
	for (size_t i = 0; i < strays->n; i++) {
		struct ras_stray *s = &strays->list[i];

		if (addr_equal(s->source, obs->speaker) && addr_equal(s->group, obs->receiver) &&
		    s->port == obs->dport && s->anomaly == obs->anomaly)
			return s;
	}
	return NULL;
}

void ras_strays_hear(struct ras_strays *strays, const struct observation *obs)
{
	struct ras_stray *s;

	if (!is_stray(obs))
		return;
	s = find_stray(strays, obs);
	if (!s && strays->n == RAS_STRAYS_MAX) {
		strays->refused++;
		return;
	}
	if (!s) {
		s = &strays->list[strays->n++];
		*s = (struct ras_stray){ .source = obs->speaker, .group = obs->receiver,
					 .first = obs->at, .port = obs->dport,
					 .anomaly = obs->anomaly };
	}
	s->count++;
	s->last = obs->at;
	s->flags |= obs->flags & (FLAG_BIT(WRONG_PORT) | FLAG_BIT(WRONG_GROUP));
	s->is_advertisement |= obs->type == TYPE_ADVERTISEMENT;
}
