/* SPDX-License-Identifier: BSD-2-Clause */
/* One frame, from its link type to everything that it says.  The layers themselves are peeled
 * elsewhere: ether.c, serial.c, cooked.c, wifi.c, mpls.c, ip4.c, ip6.c, upper.c, tunnel.c,
 * udp_tunnel.c. Knows no header's layout. */
#include "wire/peel.h"
#include "wire/sap.h"

bool layers_enter(struct layers *at, struct said *out)
{
	if (at->depth == LAYERS_DEPTH_MAX) {
		say_odd_packet(at, ANOMALY_DEPTH, out);
		return false;
	}
	at->depth++;
	return true;
}

void say_odd_packet(const struct layers *at, enum anomaly anomaly, struct said *out)
{
	if (!at->is_quoted)
		said_only_anomaly(out, at, PROTOCOL_IP, POINT_DATA, anomaly);
}

void say_short_packet(const struct layers *at, struct said *out)
{
	if (addr_is_multicast(at->template.receiver))
		say_odd_packet(at, ANOMALY_SHORT, out);
}

void say_data(struct layers *at, enum protocol protocol, struct said *out)
{
	struct addr group = at->template.receiver;

	at->mark = out->n;
	if (at->is_quoted || !addr_is_multicast(group))
		return;
	/* what is SAP says its own data */
	said_data(out, at, protocol, sap_is_group(group) ? FLAG_BIT(NOT_SAP) : 0);
	at->mark = out->n;
}

void wire_decode(const struct packet *packet, const struct wire_options *options,
		 struct said *out)
{
	struct layers at = { .template = observation_none() };
	peel *first = linktype_peel(packet->linktype);

	said_reset(out);
	if (!first)
		return;
	at.template.at = packet->at;
	at.template.bytes = packet->length;
	at.template.link = packet->link;
	at.checksums_unreliable = packet->checksums_unreliable;
	at.udp_checksums = options->udp_checksums;
	if (packet->length > packet->bytes.n)
		at.cut = packet->length - packet->bytes.n;
	first(&at, packet->bytes, out);
}

void layers_read_quoted(const struct layers *at, struct span bytes, struct said *out)
{
	struct layers inner = *at;
	size_t first = out->n, kept = first;

	inner.is_quoted = true;
	inner.was_multicast = out->is_multicast;
	inner.mark = first;
	ip_peel(&inner, bytes, out);
	for (size_t i = first; i < out->n; i++) {
		struct observation *obs = &out->list[i];

		obs->point = POINT_NONE;
		obs->flags |= FLAG_BIT(TUNNEL);
		if (obs->anomaly == ANOMALY_NONE)
			out->list[kept++] = *obs;
	}
	if (!out->is_crowded)
		out->n = kept;
}
