/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds the quick look (wire/quick.h, wire/brief.h) to what wire_decode() says of the same packet. */
#ifndef WEIR_TESTS_AGREE_H
#define WEIR_TESTS_AGREE_H

#include "t.h"
#include "wire/brief.h"
#include "wire/echo.h"

static inline bool same_span(struct span a, struct span b)
{
	return a.p == b.p && a.n == b.n;
}

static inline bool same_statement(const struct observation *a, const struct observation *b)
{
	return a->at.ns == b->at.ns && addr_equal(a->speaker, b->speaker) &&
	       addr_equal(a->receiver, b->receiver) && addr_equal(a->source, b->source) &&
	       addr_equal(a->group, b->group) && addr_equal(a->rp, b->rp) &&
	       same_span(a->session, b->session) && same_span(a->hostname, b->hostname) &&
	       same_span(a->domain, b->domain) && a->flags == b->flags && a->bytes == b->bytes &&
	       a->print == b->print && a->excluded == b->excluded &&
	       a->ip_protocol == b->ip_protocol && a->sport == b->sport && a->dport == b->dport &&
	       a->vlan == b->vlan && a->link == b->link && a->source_len == b->source_len &&
	       a->group_len == b->group_len && a->point == b->point && a->what == b->what &&
	       a->protocol == b->protocol && a->type == b->type && a->anomaly == b->anomaly &&
	       a->direction == b->direction && a->joined == b->joined && a->ttl == b->ttl &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && a->has_ttl == b->has_ttl &&
	       a->has_ports == b->has_ports && a->has_mac == b->has_mac && a->notice == b->notice;
}

static inline bool same_words(const struct observation *a, const struct observation *b)
{
	struct observation c = *b;

	if (!span_equal(a->session, b->session))	/* may lie in either one's scratch */
		return false;
	c.session = a->session;
	return same_statement(a, &c);
}

static inline bool same_segment(const struct segment *a, const struct segment *b)
{
	return same_statement(&a->header, &b->header) && a->seq == b->seq &&
	       a->tcp_flags == b->tcp_flags && same_span(a->payload, b->payload) &&
	       a->missing == b->missing;
}

static inline bool same_said(const struct said *a, const struct said *b)
{
	bool same = a->n == b->n && a->segment_count == b->segment_count &&
		    a->has_ip == b->has_ip && a->is_multicast == b->is_multicast &&
		    a->is_read == b->is_read && a->is_crowded == b->is_crowded;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_words(&a->list[i], &b->list[i]);
	for (size_t i = 0; same && i < a->segment_count; i++)
		same = same_segment(&a->segments[i], &b->segments[i]);
	return same;
}

static inline bool same_acknowledgment(const struct brief *brief, const struct segment *segment)
{
	const struct observation *h = &segment->header;

	return segment->payload.n + segment->missing == brief->tlv && segment->tcp_flags == 0 &&
	       (brief->tlv > 0) == (segment->missing > 0) && (brief->tlv == 0 ||
	       (segment->seq == brief->seq && h->flags == FLAG_BIT(CUT))) &&
	       addr_equal(h->speaker, addr_of4(brief->speaker)) &&
	       addr_equal(h->receiver, addr_of4(brief->receiver)) && h->sport == brief->sport &&
	       h->dport == brief->dport;
}

/* The statements of a brief message are what the decoder said. */
static inline bool same_brief(const struct brief *brief, const struct quick *quick,
			      const struct packet *packet, const struct said *said)
{
	bool same = said->n == brief->n && said->segment_count == (brief->n == 0) && said->has_ip &&
		    said->is_read && !said->is_crowded &&
		    said->is_multicast == (brief->n > 0);

	if (same && brief->n == 0)
		return same_acknowledgment(brief, &said->segments[0]);

	for (size_t i = 0; same && i < brief->n; i++) {
		struct observation statement = brief_statement(brief, i, quick, packet);

		same = same_statement(&statement, &said->list[i]);
	}
	return same;
}

/* The print that an echo would have is that of its statements, if they are no tunnel's. */
static inline bool same_print(const struct quick *quick, const struct packet *packet,
			      const struct said *said)
{
	struct echo echo;
	bool same = true;

	if (!echo_of(quick, packet, &echo))
		return true;
	for (size_t i = 0; same && i < said->n; i++)
		same = said->list[i].flags & FLAG_BIT(TUNNEL) ||
		       said->list[i].print == echo_print(&echo, packet);
	return same && echo_is_same(&echo, packet, packet->bytes.p);
}

/* What asks to be decoded says the same by either way. */
static inline bool agree_decoded(const struct quick_rules *rules, const struct quick *quick,
				 const struct packet *packet, const struct wire_options *options,
				 struct said *said)
{
	static struct said other;		/* its lists are large: taken once */
	struct brief brief;

	if (!quick->plain)
		return true;
	if (!other.list)
		said_init(&other);
	wire_decode(packet, options, said);
	quick_decode(quick, packet, options, &other);
	return same_said(said, &other) && same_print(quick, packet, said) &&
	       (!brief_read(rules, quick, packet, &brief) || same_brief(&brief, quick, packet, said));
}

/* True where they agree.  Counts the answers by kind. */
static inline bool agree_on(const struct packet *packet, const struct wire_options *options,
			    struct said *said, size_t kinds[QUICK_DATA6 + 1])
{
	struct quick_rules rules = quick_rules_of(options);
	struct observation statement;
	struct quick quick;
	bool is_data;

	quick_look(&rules, packet, 1, &quick);
	kinds[quick.kind]++;
	if (quick.kind == QUICK_ASK)
		return agree_decoded(&rules, &quick, packet, options, said);
	wire_decode(packet, options, said);
	is_data = quick.kind == QUICK_DATA4 || quick.kind == QUICK_DATA6;
	if (!said->is_read || said->is_crowded || said->segment_count > 0 || said->n != is_data ||
	    said->is_multicast != is_data || said->has_ip != (quick.kind != QUICK_NO_IP))
		return false;
	if (!is_data)
		return true;
	statement = quick_statement(&quick, packet);
	return same_statement(&statement, &said->list[0]);
}

#endif
