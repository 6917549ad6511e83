/* SPDX-License-Identifier: BSD-2-Clause */
/* Links that exist only in captures, or whose header is small: Linux cooked, BSD loopback, raw
 * IP, NFLOG, and others of the pcap registry.  Knows no IP. */
#include "wire/peel.h"

#define NFLOG_HWADDR  8
#define NFLOG_PAYLOAD 9

#define SLL_802_3 0x0001
#define SLL_LLC	  0x0004

#define ARPHRD_RADIOTAP 803
#define ARPHRD_IEEE80211 801

/* An address family as the BSDs, Linux, Solaris and Windows number it. */
static void family_peel(struct layers *at, unsigned family, struct span bytes, struct said *out)
{
	out->is_read = true;
	switch (family) {
	case 2:
		ip4_peel(at, bytes, out);
		return;
	case 10:				/* Linux */
	case 23:				/* Windows */
	case 24:				/* NetBSD, OpenBSD */
	case 26:				/* Solaris */
	case 28:				/* FreeBSD */
	case 30:				/* Darwin */
		ip6_peel(at, bytes, out);
		return;
	default:
		return;
	}
}

static void cooked_peel(struct layers *at, unsigned hardware, unsigned protocol, struct span bytes,
			struct said *out)
{
	out->is_read = true;
	if (hardware == ARPHRD_RADIOTAP)
		radiotap_peel(at, bytes, out);
	else if (hardware == ARPHRD_IEEE80211)
		wifi_peel(at, bytes, out);
	else if (protocol == SLL_LLC)
		llc_peel(at, bytes, out);
	else if (protocol > SLL_LLC)
		ethertype_peel(at, protocol, bytes, out);
}

static void note_cooked_mac(struct layers *at, unsigned length, struct span address)
{
	if (length == 6 && address.n >= 6)
		note_mac(at, (struct span){ address.p, 6 });
}

void sll_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned hardware, length, protocol;
	struct span address;

	rd_skip(&r, 2);				/* packet type */
	hardware = rd_be16(&r);
	length = rd_be16(&r);
	address = rd_take(&r, 8);
	protocol = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	note_cooked_mac(at, length, address);
	cooked_peel(at, hardware, protocol, rd_rest(&r), out);
}

void sll2_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned protocol = rd_be16(&r);
	unsigned hardware, length;
	struct span address;

	rd_skip(&r, 6);				/* reserved, interface */
	hardware = rd_be16(&r);
	rd_skip(&r, 1);				/* packet type */
	length = rd_u8(&r);
	address = rd_take(&r, 8);
	if (!rd_ok(&r))
		return;
	note_cooked_mac(at, length, address);
	cooked_peel(at, hardware, protocol, rd_rest(&r), out);
}

/* LINKTYPE_NULL: a family in the byte order of the machine that captured; LINKTYPE_LOOP: in
 * network order.  No family has more than 16 bits, so both are read alike. */
void null_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t family = rd_be32(&r);

	if (!rd_ok(&r))
		return;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	family_peel(at, family, rd_rest(&r), out);
}

void raw_peel(struct layers *at, struct span bytes, struct said *out)
{
	if (bytes.n == 0)
		return;
	out->is_read = true;
	ip_peel(at, bytes, out);
}

/* The address family, then attributes of length, type and value, padded to four bytes, in the
 * byte order of the machine that captured. */
void nflog_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned family = rd_u8(&r);

	rd_skip(&r, 3);				/* version, resource */
	while (rd_left(&r) >= 4) {
		unsigned length = rd_le16(&r), type = rd_le16(&r);
		struct span value;

		if (type > 0xff) {
			length = (length & 0xff) << 8 | length >> 8;
			type = (type & 0xff) << 8 | type >> 8;
		}
		if (length < 4)
			return;
		if ((type & 0x7fff) == NFLOG_PAYLOAD) {
			value = rd_rest(&r);
			(void)layers_limit(at, &value, length - 4);
			family_peel(at, family, value, out);
			return;
		}
		value = rd_take(&r, length - 4);
		if ((type & 0x7fff) == NFLOG_HWADDR && value.n >= 10)
			note_mac(at, (struct span){ value.p + 4, 6 });
		rd_skip(&r, (4 - length % 4) % 4);
	}
	out->is_read |= rd_ok(&r);
}

/* Solaris: version, family, hook, length, interfaces, zones. */
void ipnet_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned family;

	rd_skip(&r, 1);
	family = rd_u8(&r);
	rd_skip(&r, 22);
	if (rd_ok(&r))
		family_peel(at, family, rd_rest(&r), out);
}

/* OpenBSD's view of IPsec: family in host order, SPI, flags. */
void enc_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t family = rd_be32(&r);

	rd_skip(&r, 8);
	if (rd_ok(&r))
		family_peel(at, family > 0xffff ? __builtin_bswap32(family) : family, rd_rest(&r),
			    out);
}

/* The header's own length, without its padding to four bytes, then the family. */
void pflog_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned length = (rd_u8(&r) + 3u) / 4 * 4;
	unsigned family = rd_u8(&r);

	rd_skip(&r, length >= 2 ? length - 2 : 0);
	if (rd_ok(&r))
		family_peel(at, family, rd_rest(&r), out);
}

/* Headers of a fixed length before LLC, an EtherType or a frame. */
static struct span skip_bytes(struct span bytes, size_t n)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, n);
	return rd_rest(&r);
}

void fddi_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned control = rd_u8(&r);
	struct span mac;

	rd_skip(&r, 6);
	mac = rd_take(&r, 6);
	if (!rd_ok(&r))
		return;
	note_mac(at, mac);
	out->is_read = true;
	if ((control & 0xf0) == 0x50)		/* LLC, asynchronous */
		llc_peel(at, rd_rest(&r), out);
}

/* IEEE 802.5: access and frame control, addresses, perhaps source routing, LLC. */
void token_ring_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned control;
	uint8_t mac[6];
	struct span address;

	rd_skip(&r, 1);
	control = rd_u8(&r);
	rd_skip(&r, 6);
	address = rd_take(&r, 6);
	if (!rd_ok(&r))
		return;
	memcpy(mac, address.p, sizeof(mac));
	if (mac[0] & 0x80) {
		unsigned length = rd_u8(&r) & 0x1f;

		rd_skip(&r, length >= 2 ? length - 1 : 1);
		mac[0] &= 0x7f;
	}
	note_mac(at, (struct span){ mac, sizeof(mac) });
	out->is_read = true;
	if ((control & 0xc0) == 0x40)
		llc_peel(at, rd_rest(&r), out);
}

/* RFC 1201, RFC 1051: source, destination, offsets (Linux only), the protocol's number. */
static void arcnet_of(struct layers *at, struct rd *r, struct said *out)
{
	unsigned protocol = rd_u8(r);

	if (!rd_ok(r))
		return;
	out->is_read = true;
	if (protocol == 240) {			/* RFC 1051: no header of its own */
		ip4_peel(at, rd_rest(r), out);
		return;
	}
	if (rd_left(r) > 0 && protocol == 212) {
		unsigned split = rd_u8(r);

		rd_skip(r, split == 0xff ? 6 : 2); /* exception packets repeat the header */
		if (split <= 1)
			ip4_peel(at, rd_rest(r), out);
	}
}

void arcnet_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 2);
	arcnet_of(at, &r, out);
}

void arcnet_linux_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 4);
	arcnet_of(at, &r, out);
}

/* LLC, or, as Linux hands on Classical IP, the packet itself. */
void atm_peel(struct layers *at, struct span bytes, struct said *out)
{
	if (bytes.n > 0 && (bytes.p[0] >> 4 == 4 || bytes.p[0] >> 4 == 6))
		raw_peel(at, bytes, out);
	else
		llc_peel(at, bytes, out);
}

void sunatm_peel(struct layers *at, struct span bytes, struct said *out)
{
	if (bytes.n > 4 && (bytes.p[0] & 0xf) == 2)
		llc_peel(at, skip_bytes(bytes, 4), out);
	else
		out->is_read |= bytes.n > 4;
}

/* RFC 2625: two Fibre Channel addresses of eight bytes, LLC. */
void fibre_peel(struct layers *at, struct span bytes, struct said *out)
{
	llc_peel(at, skip_bytes(bytes, 16), out);
}

static void skip_to_ethertype(struct layers *at, struct span bytes, size_t n, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned ethertype;

	rd_skip(&r, n);
	ethertype = rd_be16(&r);
	if (rd_ok(&r))
		ethertype_peel(at, ethertype, rd_rest(&r), out);
}

void firewire_peel(struct layers *at, struct span bytes, struct said *out)
{
	skip_to_ethertype(at, bytes, 16, out);
}

/* A global routing header, then RFC 4391 6: EtherType, two reserved bytes. */
void ipoib_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned ethertype;

	rd_skip(&r, 40);
	ethertype = rd_be16(&r);
	rd_skip(&r, 2);
	if (rd_ok(&r))
		ethertype_peel(at, ethertype, rd_rest(&r), out);
}

void preamble_peel(struct layers *at, struct span bytes, struct said *out)
{
	ethernet_peel(at, skip_bytes(bytes, 8), out);
}

/* netANALYZER's header, or a switch's tag, before the frame. */
void skip4_peel(struct layers *at, struct span bytes, struct said *out)
{
	ethernet_peel(at, skip_bytes(bytes, 4), out);
}

void netanalyzer_transparent_peel(struct layers *at, struct span bytes, struct said *out)
{
	ethernet_peel(at, skip_bytes(bytes, 12), out);
}

/* Endace: time stamp, type, flags, lengths, extension headers of eight bytes, padding. */
void erf_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned type, more;

	rd_skip(&r, 8);
	type = rd_u8(&r);
	rd_skip(&r, 7);
	for (more = type & 0x80; more && rd_ok(&r);) {
		more = rd_u8(&r) & 0x80;
		rd_skip(&r, 7);
	}
	rd_skip(&r, 2);
	if (!rd_ok(&r))
		return;
	type &= 0x7f;
	if (type == 2 || type == 11 || type == 16 || type == 20) /* plain, or colours and hashes */
		ethernet_peel(at, rd_rest(&r), out);
}

/* A packet of a cable modem: frame control, its parameter, length, an extended header of as many
 * bytes as the parameter says where bit 0 announces one, the header's checksum, the frame. */
void docsis_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned control = rd_u8(&r), parameter = rd_u8(&r);

	rd_skip(&r, 4 + (control & 1 ? parameter : 0));
	if (!rd_ok(&r))
		return;
	out->is_read |= control >> 6 != 0;
	if (control >> 6 == 0)
		ethernet_peel(at, rd_rest(&r), out);
}

/* Darwin: its own length, the kind of record, and the link type of what follows. */
void pktap_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t length = rd_le32(&r), kind = rd_le32(&r), linktype = rd_le32(&r);
	peel *next = linktype_peel(linktype);

	if (!rd_ok(&r) || length < 12)
		return;
	rd_skip(&r, length - 12);
	if (rd_ok(&r) && kind == 1 && next && layers_enter(at, out))
		next(at, rd_rest(&r), out);
}
