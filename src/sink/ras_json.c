/* SPDX-License-Identifier: BSD-2-Clause */
/* RAS servers as JSON.  weir-json(5). */
#include "sink/ras_print.h"

static void put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	json_string(j, key, addr_text(a, buffer));
}

static void put_name(struct json *j, const char *key, const struct ras_name *name)
{
	json_bytes(j, key, (struct span){ name->bytes, name->n });
}

static void put_flags(struct json *j, bool moved, bool duplicate_name, uint64_t flags)
{
	json_open_array(j, "flags");
	if (moved)
		json_string(j, NULL, "moved");
	if (duplicate_name)
		json_string(j, NULL, "duplicate-name");
	for (uint64_t left = flags; left; left &= left - 1)
		json_string(j, NULL, flag_name((unsigned)__builtin_ctzll(left)));
	json_close_array(j);
}

void ras_host_put(struct json *j, const struct ras_host *h, bool has_list, unsigned time_digits)
{
	char mac[18];

	put_addr(j, "address", h->address);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", h->mac[0], h->mac[1], h->mac[2],
		 h->mac[3], h->mac[4], h->mac[5]);
	if (h->has_mac)
		json_string(j, "mac", mac);
	put_name(j, "hostname", &h->hostname);
	if (h->domain.n > 0)
		put_name(j, "domain", &h->domain);
	json_time(j, "first", h->first, time_digits);
	json_time(j, "last", h->last, time_digits);
	json_number(j, "count", h->count);
	if (h->has_ttl)
		json_number(j, "ttl", h->ttl);
	if (h->hops != RAS_HOPS_UNKNOWN)
		json_number(j, "hops", h->hops);
	json_string(j, "state", ras_state_name(h->state));
	if (has_list)
		json_bool(j, "authorised", h->authorised == RAS_AUTHORISED);
	put_flags(j, h->moved, h->duplicate_name, h->notes);
}

/* What the inventory tells beside: where, how often, and what the address is called. */
static void put_place(struct json *j, const struct ras_print *p, uint16_t vlan, uint16_t link)
{
	if (vlan != VLAN_NONE)
		json_number(j, "vlan", vlan);
	if (link < p->link_count)
		json_escaped(j, "link", p->links[link]);
}

static void put_resolved(struct json *j, const struct ras_print *p, struct addr address)
{
	const char *name = p->name_of ? p->name_of(p->context, address) : "";

	if (name[0])
		json_string(j, "resolved", name);
}

static void put_host(struct json *j, const struct ras_print *p, const struct ras_host *h)
{
	json_open(j, NULL);
	ras_host_put(j, h, p->has_list, p->time_digits);
	put_place(j, p, h->vlan, h->link);
	if (h->period_ns > 0)
		json_number(j, "period_s", (uint64_t)((h->period_ns + NS_PER_S / 2) / NS_PER_S));
	if (h->tcp_segments > 0)
		json_number(j, "tcp_segments", h->tcp_segments);
	put_resolved(j, p, h->address);
	json_close(j);
}

static void put_stray(struct json *j, const struct ras_print *p, const struct ras_stray *s)
{
	json_open(j, NULL);
	put_addr(j, "source", s->source);
	put_addr(j, "group", s->group);
	json_number(j, "dport", s->port);
	json_number(j, "count", s->count);
	json_time(j, "first", s->first, p->time_digits);
	json_time(j, "last", s->last, p->time_digits);
	json_bool(j, "advertisement", s->is_advertisement);
	if (s->anomaly != ANOMALY_NONE)
		json_string(j, "anomaly", anomaly_name(s->anomaly));
	put_flags(j, false, false, s->flags);
	json_close(j);
}

static void put_findings(struct json *j, const struct ras_print *p, const struct ras_host *h)
{
	for (unsigned kind = 0; kind < RAS_FINDING_COUNT; kind++) {
		struct text words = { 0 };

		if (!ras_finding_holds(kind, p->site, h))
			continue;
		ras_finding_put(kind, p->site, h, &words);
		json_open(j, NULL);
		json_string(j, "kind", ras_finding_name(kind));
		put_addr(j, "source", h->address);
		json_escaped(j, "text", text_string(&words));
		json_close(j);
		text_release(&words);
	}
}

void ras_print_json(const struct ras_print *p, FILE *out)
{
	struct text text = { 0 };
	struct json j = json_of(&text);

	j.pretty = true;
	json_open(&j, NULL);
	json_string(&j, "schema", "weir-ras/1");
	json_time(&j, "now", p->now, p->time_digits);
	json_open_array(&j, "links");
	for (size_t i = 0; i < p->link_count; i++)
		json_escaped(&j, NULL, p->links[i]);
	json_close_array(&j);
	json_open_array(&j, "ras");
	for (size_t i = 0; i < p->count; i++)
		put_host(&j, p, p->hosts[i]);
	json_close_array(&j);
	json_number(&j, "evicted", p->evicted);
	json_open_array(&j, "others");
	for (size_t i = 0; i < p->strays->n; i++)
		put_stray(&j, p, &p->strays->list[i]);
	json_close_array(&j);
	json_number(&j, "others_refused", p->strays->refused);
	json_open_array(&j, "findings");
	for (size_t i = 0; i < p->count; i++)
		put_findings(&j, p, p->hosts[i]);
	json_close_array(&j);
	json_number(&j, "exit", (uint64_t)p->exit);
	json_close(&j);
	text_char(&text, '\n');
	fwrite(text.p, 1, text.n, out);
	text_release(&text);
}

void ras_line_put_json(const struct ras_print *p, const struct ras_line *line, struct text *out)
{
	struct json json = json_of(out), *j = &json;

	json_open(j, NULL);
	json_time(j, "time", line->at, p->time_digits);
	put_addr(j, "address", line->address);
	put_name(j, "hostname", &line->hostname);
	if (line->domain.n > 0)
		put_name(j, "domain", &line->domain);
	if (line->has_ttl)
		json_number(j, "ttl", line->ttl);
	if (line->hops != RAS_HOPS_UNKNOWN)
		json_number(j, "hops", line->hops);
	json_number(j, "count", line->count);
	json_string(j, "state", ras_state_name(line->state));
	if (p->has_list)
		json_bool(j, "authorised", line->authorised == RAS_AUTHORISED);
	put_flags(j, line->moved, line->duplicate_name, line->flags);
	put_place(j, p, line->vlan, line->link);
	put_resolved(j, p, line->address);
	json_close(j);
	text_char(out, '\n');
}
