/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet, its tags, and every payload that is named by an EtherType.  IEEE 802.3, 802.1Q,
 * 802.1ad, 802.1ah, 802.1BR, 802.1AE (in clear), 802.2; RFC 1042, RFC 2684 (bridged), RFC 2516.
 * Knows no IP. */
#include "wire/peel.h"
#include "wire/print.h"

#define ETHERTYPE_IP4	     0x0800
#define ETHERTYPE_TEB	     0x6558
#define ETHERTYPE_VLAN	     0x8100
#define ETHERTYPE_IP6	     0x86dd
#define ETHERTYPE_PPP	     0x880b
#define ETHERTYPE_MPLS	     0x8847
#define ETHERTYPE_MPLS_MCAST 0x8848
#define ETHERTYPE_PPPOE	     0x8864
#define ETHERTYPE_LLC	     0x8870		/* IEEE 802.1AC: LLC in a jumbo frame */
#define ETHERTYPE_PBB	     0x88e7
#define ETHERTYPE_MACSEC     0x88e5
#define ETHERTYPE_FABRICPATH 0x8903
#define ETHERTYPE_TRILL	     0x22f3
#define ETHERTYPE_NSH	     0x894f
#define ETHERTYPE_FIRST	     0x0600		/* smaller ones are lengths */

#define LLC_SNAP 0xaa
#define LLC_IP	 0x06
#define LLC_OSI	 0xfe
#define LLC_UI	 0x03

void note_mac(struct layers *at, struct span mac)
{
	if (mac.n != sizeof(at->template.mac))
		return;
	memcpy(at->template.mac, mac.p, mac.n);
	at->template.has_mac = true;
}

/* Tags that stand before another EtherType: how many bytes of theirs come first, and whether
 * the first two of them hold a VLAN ID. */
static const struct tag {
	uint16_t ethertype;
	uint8_t	 bytes;
	bool	 is_vlan;
} tags[] = {
	{ 0x8100, 2, true },  /* 802.1Q */
	{ 0x88a8, 2, true },  /* 802.1ad */
	{ 0x9100, 2, true },  /* QinQ before there was a standard */
	{ 0x9200, 2, true },
	{ 0x9300, 2, true },
	{ 0x8926, 4, false }, /* VN-Tag */
	{ 0x893f, 6, false }, /* 802.1BR E-Tag */
	{ 0x8909, 6, false }, /* Cisco metadata */
	{ 0x892f, 4, false }, /* IEC 62439-3, HSR */
	{ 0xf1c1, 4, false }, /* IEEE 802.1CB */
};

static const struct tag *tag_of(unsigned ethertype)
{
	for (size_t i = 0; i < COUNT(tags); i++) {
		if (tags[i].ethertype == ethertype)
			return &tags[i];
	}
	return NULL;
}

/* Passes every tag; the EtherType behind them. */
static unsigned skip_tags(struct layers *at, unsigned ethertype, struct rd *r)
{
	for (const struct tag *tag = tag_of(ethertype); tag && rd_ok(r); tag = tag_of(ethertype)) {
		struct rd value = rd_sub(r, tag->bytes);
		unsigned vlan = rd_be16(&value) & 0xfff;

		ethertype = rd_be16(r);
		if (tag->is_vlan && at->template.vlan == VLAN_NONE && !at->is_inside && rd_ok(r))
			at->template.vlan = (uint16_t)vlan;
	}
	return ethertype;
}

/* With `pad` bytes before a bridged frame of Ethernet: two behind LLC (RFC 2684 5.2), none behind
 * a network layer identifier (RFC 2427 4.2). */
static void peel_snap(struct layers *at, struct span bytes, size_t pad, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned oui = (unsigned)rd_be16(&r) << 8;
	unsigned ethertype;

	oui |= rd_u8(&r);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	out->is_read = true;
	if (oui == 0x000000 || oui == 0x0000f8)
		ethertype_peel(at, ethertype, rd_rest(&r), out);
	if (oui != 0x0080c2 || (ethertype != 0x0001 && ethertype != 0x0007))
		return;
	rd_skip(&r, pad);
	ethernet_peel(at, rd_rest(&r), out);
}

/* ISO's network layer identifiers (RFC 2427 3.1). */
void nlpid_peel(struct layers *at, unsigned nlpid, struct span bytes, struct said *out)
{
	if (nlpid == 0xcc)
		ip4_peel(at, bytes, out);
	else if (nlpid == 0x8e)
		ip6_peel(at, bytes, out);
	else if (nlpid == 0x80)
		peel_snap(at, bytes, 0, out);
	else if (nlpid == 0xcf)
		ppp_peel(at, bytes, out);
}

void llc_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned dsap = rd_u8(&r), ssap = rd_u8(&r), control = rd_u8(&r);

	if (!rd_ok(&r))
		return;
	out->is_read = true;
	if (control != LLC_UI)
		return;
	if (dsap == LLC_SNAP && ssap == LLC_SNAP)
		peel_snap(at, rd_rest(&r), 2, out);
	else if (dsap == LLC_IP && ssap == LLC_IP)
		ip4_peel(at, rd_rest(&r), out);
	else if (dsap == LLC_OSI && ssap == LLC_OSI) {
		unsigned nlpid = rd_u8(&r);

		nlpid_peel(at, nlpid, rd_rest(&r), out);
	}
}

/* RFC 2516 4: version and type 1, code 0 for a session's data. */
static void pppoe_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned version_type = rd_u8(&r), code = rd_u8(&r);
	struct span payload;
	unsigned session = rd_be16(&r), length;

	length = rd_be16(&r);
	payload = rd_rest(&r);
	if (!rd_ok(&r) || version_type != 0x11 || code != 0)
		return;
	at->circuit = print_circuit(session);
	(void)layers_limit(at, &payload, length); /* a wrong length: IP's own will decide */
	ppp_peel(at, payload, out);
}

/* IEEE 802.1ah: four bytes of service tag, then the customer's frame. */
static void pbb_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 4);
	ethernet_peel(at, rd_rest(&r), out);
}

/* Cisco's FabricPath: its addresses stand where Ethernet's do, then a tag and the frame. */
static void fabricpath_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 2);
	ethernet_peel(at, rd_rest(&r), out);
}

/* RFC 6325 3.1: the options' length in words, hop count, nicknames; then the frame. */
static void trill_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned option_words = rd_be16(&r) >> 6 & 0x1f;

	rd_skip(&r, 4 + option_words * 4);
	ethernet_peel(at, rd_rest(&r), out);
}

/* IEEE 802.1AE 9.3: with the E bit clear the frame is only authenticated. */
static void macsec_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned control = rd_u8(&r);
	unsigned ethertype;

	rd_skip(&r, control & 0x20 ? 13 : 5);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	out->is_read |= !(control & 0x08);
	if (!(control & 0x08))
		ethertype_peel(at, ethertype, rd_rest(&r), out);
}

/* RFC 8300 2.2: a service header of so many words before the packet. */
void nsh_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned words = rd_be16(&r) & 0x3f;
	unsigned next;

	rd_skip(&r, 1);
	next = rd_u8(&r);
	rd_skip(&r, words >= 1 ? words * 4 - 4 : 0);
	if (!rd_ok(&r) || words < 2)
		return;
	if (next == 1)
		ip4_peel(at, rd_rest(&r), out);
	else if (next == 2)
		ip6_peel(at, rd_rest(&r), out);
	else if (next == 3)
		ethernet_peel(at, rd_rest(&r), out);
	else if (next == 5)
		mpls_peel(at, rd_rest(&r), out);
}

static const struct {
	uint16_t ethertype;
	peel	*peel;
} ethertypes[] = {
	{ ETHERTYPE_IP4, ip4_peel },	  { ETHERTYPE_IP6, ip6_peel },
	{ ETHERTYPE_MPLS, mpls_peel },	  { ETHERTYPE_MPLS_MCAST, mpls_peel },
	{ ETHERTYPE_PPPOE, pppoe_peel },  { ETHERTYPE_PPP, ppp_peel },
	{ ETHERTYPE_TEB, ethernet_peel }, { ETHERTYPE_LLC, llc_peel },
	{ ETHERTYPE_PBB, pbb_peel },	  { ETHERTYPE_MACSEC, macsec_peel },
	{ ETHERTYPE_NSH, nsh_peel },	  { ETHERTYPE_TRILL, trill_peel },
	{ ETHERTYPE_FABRICPATH, fabricpath_peel },
};

bool ethertype_is_known(unsigned ethertype)
{
	for (size_t i = 0; i < COUNT(ethertypes); i++) {
		if (ethertypes[i].ethertype == ethertype)
			return true;
	}
	return tag_of(ethertype) || ethertype == 0x0806 || ethertype == 0x8863;
}

void ethertype_peel(struct layers *at, unsigned ethertype, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	ethertype = skip_tags(at, ethertype, &r);
	if (!rd_ok(&r))
		return;
	bytes = rd_rest(&r);
	for (size_t i = 0; i < COUNT(ethertypes); i++) {
		if (ethertypes[i].ethertype == ethertype) {
			ethertypes[i].peel(at, bytes, out);
			return;
		}
	}
	out->is_read = true;
	if (ethertype >= ETHERTYPE_FIRST)
		return;
	(void)layers_limit(at, &bytes, ethertype);
	llc_peel(at, bytes, out);
}

/* Cisco's ISL is told by its destination; it carries a whole frame behind 26 bytes, of which two
 * hold the VLAN ID and a bit. */
static bool is_isl(struct span bytes)
{
	static const uint8_t first[] = { 0x01, 0x00, 0x0c, 0x00, 0x00 },
			     second[] = { 0x0c, 0, 0x0c, 0, 0 };

	return bytes.n >= sizeof(first) && (memcmp(bytes.p, first, sizeof(first)) == 0 ||
					    memcmp(bytes.p, second, sizeof(second)) == 0);
}

static void isl_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned vlan;

	rd_skip(&r, 20);
	vlan = rd_be16(&r) >> 1 & 0xfff;
	rd_skip(&r, 4);
	if (!rd_ok(&r) || !layers_enter(at, out))
		return;
	if (at->template.vlan == VLAN_NONE && !at->is_inside)
		at->template.vlan = (uint16_t)vlan;
	ethernet_peel(at, rd_rest(&r), out);
}

/* A switch's own tag of n bytes behind the addresses: DSA, EDSA, Broadcom. */
static void tagged_peel(struct layers *at, struct span bytes, size_t n, struct said *out)
{
	struct rd r = rd_of(bytes);
	struct span mac;
	unsigned ethertype;

	rd_skip(&r, 6);
	mac = rd_take(&r, 6);
	rd_skip(&r, n);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	note_mac(at, mac);
	ethertype_peel(at, ethertype, rd_rest(&r), out);
}

void dsa_peel(struct layers *at, struct span bytes, struct said *out)
{
	tagged_peel(at, bytes, 4, out);
}

void edsa_peel(struct layers *at, struct span bytes, struct said *out)
{
	tagged_peel(at, bytes, 8, out);
}

void ethernet_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	struct span mac;
	unsigned ethertype;

	if (is_isl(bytes)) {
		isl_peel(at, bytes, out);
		return;
	}
	rd_skip(&r, 6);
	mac = rd_take(&r, 6);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r) || !layers_enter(at, out))
		return;
	note_mac(at, mac);
	ethertype_peel(at, ethertype, rd_rest(&r), out);
}
