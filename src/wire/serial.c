/* SPDX-License-Identifier: BSD-2-Clause */
/* Serial links: PPP in its framings, Cisco HDLC, Frame Relay, SLIP.  RFC 1661, RFC 1662, RFC
 * 2427, RFC 1055; the capture forms by the pcap registry.  Knows no IP. */
#include "wire/peel.h"
#include "wire/print.h"

#define HDLC_ADDRESS 0xff
#define HDLC_CONTROL 0x03

/* RFC 1661 2: the protocol's last byte is odd; a first odd byte is a compressed number. */
static unsigned read_ppp_protocol(struct rd *r)
{
	unsigned first = rd_u8(r);

	return first & 1 ? first : first << 8 | rd_u8(r);
}

/* Behind RFC 1662's address and control bytes, or without them, as links negotiate. */
void ppp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned protocol;

	if (bytes.n >= 2 && bytes.p[0] == HDLC_ADDRESS && bytes.p[1] == HDLC_CONTROL)
		rd_skip(&r, 2);
	protocol = read_ppp_protocol(&r);
	if (!rd_ok(&r) || !layers_enter(at, out))
		return;
	out->is_read = true;
	switch (protocol) {
	case 0x0021:
		ip4_peel(at, rd_rest(&r), out);
		return;
	case 0x0057:
		ip6_peel(at, rd_rest(&r), out);
		return;
	case 0x0281:
	case 0x0283:
		mpls_peel(at, rd_rest(&r), out);
		return;
	case 0x0031:				/* RFC 3518 4.2: flags, MAC type, frame */
		rd_skip(&r, 2);
		ethernet_peel(at, rd_rest(&r), out);
		return;
	default:
		return;
	}
}

/* Address 0x0f or 0x8f (multicast), control 0, EtherType. */
void chdlc_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned ethertype;

	rd_skip(&r, 2);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	out->is_read = true;
	if (ethertype == 0xfefe) {		/* ISO: one byte of padding or control, then NLPID */
		unsigned nlpid;

		rd_skip(&r, 1);
		nlpid = rd_u8(&r);
		nlpid_peel(at, nlpid, rd_rest(&r), out);
		return;
	}
	ethertype_peel(at, ethertype, rd_rest(&r), out);
}

/* LINKTYPE_PPP_HDLC is either of the two. */
void ppp_hdlc_peel(struct layers *at, struct span bytes, struct said *out)
{
	if (bytes.n > 1 && (bytes.p[0] == 0x0f || bytes.p[0] == 0x8f) && bytes.p[1] == 0)
		chdlc_peel(at, bytes, out);
	else
		ppp_peel(at, bytes, out);
}

/* LINKTYPE_PPP_ETHER: a PPPoE header without Ethernet before it. */
void ppp_ether_peel(struct layers *at, struct span bytes, struct said *out)
{
	out->is_read |= bytes.n >= 6;
	ethertype_peel(at, 0x8864, bytes, out);
}

static struct span skip_byte(struct span bytes)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 1);
	return rd_rest(&r);
}

void ppp_dir_peel(struct layers *at, struct span bytes, struct said *out)
{
	ppp_peel(at, skip_byte(bytes), out);
}

/* LINKTYPE_PPP_PPPD: the direction stands where the address byte would. */
void ppp_pppd_peel(struct layers *at, struct span bytes, struct said *out)
{
	bytes = skip_byte(bytes);
	if (bytes.n > 0 && bytes.p[0] == HDLC_CONTROL)
		bytes = skip_byte(bytes);
	ppp_peel(at, bytes, out);
}

void chdlc_dir_peel(struct layers *at, struct span bytes, struct said *out)
{
	chdlc_peel(at, skip_byte(bytes), out);
}

/* Q.922 3.2: two to four bytes of address, of which the last is odd; beside the circuit's number
 * they hold bits that vary from frame to frame. */
static bool read_q922(struct rd *r, unsigned *out_circuit)
{
	static const uint8_t number[] = { 0xfc, 0xf0, 0xfe, 0xfc };
	unsigned circuit = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned byte = rd_u8(r);

		circuit = circuit << 8 | (byte & number[i]);
		if (byte & 1) {
			*out_circuit = circuit;
			return i > 0 && rd_ok(r);
		}
	}
	return false;
}

/* RFC 2427 3, 4: control, padding, NLPID; Cisco's form has an EtherType at once. */
void frelay_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned circuit, first, second;

	if (!read_q922(&r, &circuit))
		return;
	at->circuit = print_circuit(circuit);
	first = rd_u8(&r);
	second = rd_u8(&r);
	if (!rd_ok(&r))
		return;
	out->is_read = true;
	if (first != HDLC_CONTROL) {
		ethertype_peel(at, first << 8 | second, rd_rest(&r), out);
		return;
	}
	if (second == 0)
		second = rd_u8(&r);
	nlpid_peel(at, second, rd_rest(&r), out);
}

void frelay_dir_peel(struct layers *at, struct span bytes, struct said *out)
{
	frelay_peel(at, skip_byte(bytes), out);
}

/* FRF.16.1 3.1: begin and end bits, a control bit, a sequence number; what is no whole frame
 * waits for its other fragments, which nobody puts together here. */
void mfr_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r) & 0xe0;

	rd_skip(&r, 1);
	out->is_read |= rd_ok(&r) && (flags & 0x20) != 0;
	if (rd_ok(&r) && flags == 0xc0)
		frelay_peel(at, rd_rest(&r), out);
}

/* LINKTYPE_SLIP: a direction byte and room for the compressed header, 16 bytes in all. */
void slip_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 16);
	bytes = rd_rest(&r);
	if (!rd_ok(&r))
		return;
	out->is_read = true;
	if (bytes.n > 0 && (bytes.p[0] >> 4 == 4 || bytes.p[0] >> 4 == 6))
		ip_peel(at, bytes, out);
}
