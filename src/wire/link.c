/* SPDX-License-Identifier: BSD-2-Clause */
/* Link headers that name their payload.  IEEE 802.3, 802.1Q, 802.1ad, 802.2; RFC 1042.
 * Knows no IP. */
#include "wire/peel.h"

#define ETHERTYPE_FIRST 0x0600

static void note_mac(struct layers *at, struct span mac)
{
	if (mac.n != sizeof(at->template.mac))
		return;
	memcpy(at->template.mac, mac.p, mac.n);
	at->template.has_mac = true;
}

void llc_peel(struct layers *at, struct span bytes, struct said *out)
{
	(void)at;
	(void)bytes;
	out->is_read = true;
}

static void vlan_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned tag = rd_be16(&r);
	unsigned ethertype = rd_be16(&r);

	if (!rd_ok(&r))
		return;
	if (at->template.vlan == VLAN_NONE && !at->is_inside)
		at->template.vlan = (uint16_t)(tag & 0xfff);
	ethertype_peel(at, ethertype, rd_rest(&r), out);
}

void ethertype_peel(struct layers *at, unsigned ethertype, struct span bytes, struct said *out)
{
	switch (ethertype) {
	case 0x0800:
		ip4_peel(at, bytes, out);
		return;
	case 0x86dd:
		ip6_peel(at, bytes, out);
		return;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
		vlan_peel(at, bytes, out);
		return;
	default:
		out->is_read = true;
		if (ethertype < ETHERTYPE_FIRST && layers_limit(at, &bytes, ethertype))
			llc_peel(at, bytes, out);
	}
}

void ethernet_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	struct span mac;
	unsigned ethertype;

	rd_skip(&r, 6);
	mac = rd_take(&r, 6);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	note_mac(at, mac);
	ethertype_peel(at, ethertype, rd_rest(&r), out);
}
