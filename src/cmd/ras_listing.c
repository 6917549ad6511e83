/* SPDX-License-Identifier: BSD-2-Clause */
/* The inventory and its lines.  Knows neither captures nor interfaces. */
#include <string.h>

#include "cmd/ras_list.h"
#include "os/clock.h"
#include "os/signals.h"

#define NAME_WAIT_NS (3 * NS_PER_S)

bool listing_follows(const struct ras_listing *l)
{
	const struct ras_list *o = l->options;

	return o->follow || (o->format && strcmp(o->format, "netsh") == 0);
}

bool listing_has_enough(const struct ras_listing *l)
{
	return (l->options->count > 0 && l->heard >= l->options->count) || ferror(l->io->out);
}

static void put_line(struct ras_listing *l, const struct ras_line *line)
{
	bool is_netsh = l->options->format && strcmp(l->options->format, "netsh") == 0;
	struct text out = { 0 };

	if (l->options->common.json)
		ras_line_put_json(&l->print, line, &out);
	else if (is_netsh)
		ras_line_put_netsh(&l->print, line, &out);
	else
		ras_line_put_text(&l->print, line, &out);
	fwrite(out.p, 1, out.n, l->io->out);
	text_release(&out);
}

static bool must_wait(struct ras_listing *l, const struct ras_waiting *w)
{
	return l->resolver && resolver_waits(l->resolver, w->line.address) &&
	       clock_steady().ns < w->until.ns;
}

void listing_flush(struct ras_listing *l, bool forced)
{
	bool any = false;

	while (l->waiting_count > 0) {
		struct ras_waiting *w = &l->waiting[l->waiting_first];

		if (!forced && l->waiting_count < RAS_WAITING_MAX && must_wait(l, w))
			break;
		put_line(l, &w->line);
		l->waiting_first = (l->waiting_first + 1) % RAS_WAITING_MAX;
		l->waiting_count--;
		any = true;
	}
	if (any)
		fflush(l->io->out);
}

static void keep_line(struct ras_listing *l, const struct ras_host *host,
		      const struct observation *obs)
{
	size_t at = (l->waiting_first + l->waiting_count++) % RAS_WAITING_MAX;
	struct ras_waiting *w = &l->waiting[at];

	w->line = (struct ras_line){
		.at = obs->at, .address = host->address, .hostname = host->hostname,
		.domain = host->domain, .flags = obs->flags, .count = host->count,
		.vlan = host->vlan, .link = host->link, .ttl = obs->ttl, .has_ttl = obs->has_ttl,
		.hops = host->hops, .moved = host->moved, .duplicate_name = host->duplicate_name,
		.state = host->state, .authorised = host->authorised,
	};
	w->until.ns = clock_steady().ns + NAME_WAIT_NS;
	if (l->resolver)
		resolver_name(l->resolver, host->address);
	listing_flush(l, false);
}

void listing_put_host(struct ras_listing *l, const struct ras_host *host)
{
	const struct ras_line line = {
		.at = host->last, .address = host->address, .hostname = host->hostname,
		.domain = host->domain, .flags = host->notes, .count = host->count, .vlan = host->vlan,
		.link = host->link, .ttl = host->ttl, .has_ttl = host->has_ttl, .hops = host->hops,
		.moved = host->moved, .duplicate_name = host->duplicate_name, .state = host->state,
		.authorised = host->authorised,
	};

	put_line(l, &line);
}

static void hear_one(struct ras_listing *l, struct observation *obs)
{
	const struct ras_host *host;

	/* a set of addresses is the site's own (struct ras_site), and tells no direction */
	if (!l->side.inside.set)
		obs->direction = (uint8_t)inside_direction(&l->side.inside, obs);
	ras_strays_hear(&l->strays, obs);
	ras_table_hear(l->table, obs);
	if (obs->type != TYPE_ADVERTISEMENT || obs->anomaly != ANOMALY_NONE)
		return;
	l->heard++;
	if (!listing_follows(l) || l->options->common.quiet)
		return;
	ras_table_settle(l->table, obs->at);
	host = ras_table_find(l->table, obs);
	if (host)
		keep_line(l, host, obs);
}

void listing_hear(struct ras_listing *l, const struct said *said)
{
	for (size_t i = 0; i < said->n && !listing_has_enough(l); i++)
		hear_one(l, &said->list[i]);
}

/* False where no name that is to be printed may still come. */
static bool waits_for_any(struct ras_listing *l)
{
	const struct ras_host *const *hosts;
	bool waits = false;
	size_t n;

	if (listing_follows(l))
		return l->waiting_count > 0;
	hosts = ras_table_hosts(l->table, &n);
	for (size_t i = 0; i < n; i++) {
		resolver_name(l->resolver, hosts[i]->address);
		waits |= resolver_waits(l->resolver, hosts[i]->address);
	}
	return waits;
}

void listing_wait_for_names(struct ras_listing *l)
{
	int64_t until = clock_steady().ns + NAME_WAIT_NS, left;

	while (l->resolver && waits_for_any(l) && !signals_stop_asked()) {
		struct pollfd fd = { .fd = resolver_fd(l->resolver), .events = POLLIN };

		left = until - clock_steady().ns;
		if (left <= 0)
			break;
		if (signals_poll(&fd, 1, left) > 0)
			resolver_read(l->resolver);
		listing_flush(l, false);
	}
	listing_flush(l, true);
}

struct ras_print listing_settle(struct ras_listing *l, struct mtime now)
{
	struct ras_print print = l->print;

	ras_table_settle(l->table, now);
	print.hosts = ras_table_hosts(l->table, &print.count);
	print.evicted = ras_table_evicted(l->table);
	print.now = now;
	return print;
}

bool listing_has_findings(const struct ras_print *print)
{
	for (size_t i = 0; i < print->count; i++)
		for (unsigned kind = 0; kind < RAS_FINDING_COUNT; kind++)
			if (ras_finding_holds(kind, print->site, print->hosts[i]))
				return true;
	return false;
}
