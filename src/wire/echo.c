/* SPDX-License-Identifier: BSD-2-Clause */
/* Which bytes of a frame matter, and a hash of some of them.  RFC 791 3.1, RFC 8200 3.  Knows no
 * protocol above IP but what never says the same: TCP, and Registers with others' packets. */
#include "wire/echo.h"

#include "wire/number.h"
#include "wire/print.h"
#include "wire/sum.h"

#define PIM_REGISTER 0x21
#define OFFSET_MAX 20			/* of a header, for echo_is_same() */
/* Of an IPv4 header from its identification on: flags, offset, TTL and protocol. */
#define SAME4 UINT64_C(0x0000ffffffff0000)

/* Every byte will be compared, so that it is enough to tell most messages apart: by their
 * addresses, what they say first (a checksum, most likely) and last, how long they are, and where
 * they came from.  Of an IPv4 header and what it carries 28 bytes are there, of IPv6 48. */
uint64_t echo_hash(const struct quick *quick, const struct packet *packet)
{
	const uint8_t *ip = packet->bytes.p + quick->ip_offset;
	const uint8_t *first = ip + (quick->plain == IP6_BYTES ? IP6_BYTES : IP4_BYTES);
	const uint8_t *end = packet->bytes.p + packet->bytes.n;
	uint64_t x = load_native(ip + 12) * UINT64_C(0xc2b2ae3d27d4eb4f) +
		     load_native(first) * UINT64_C(0xd6e8feb86659fd93);

	x = (x ^ x >> 32) + load_native(end - 8) + packet->bytes.n + packet->link;
	x = x * UINT64_C(0x9e3779b97f4a7c15) + load_native(ip - 8);
	return x ^ x >> 32;
}

static bool varies(unsigned protocol, struct span bytes)
{
	return protocol == NUMBER_TCP ||
	       (protocol == NUMBER_PIM && bytes.n > 0 && bytes.p[0] == PIM_REGISTER);
}

static bool echo_of4(const struct quick *quick, const struct packet *packet, struct echo *out)
{
	struct span ip = { packet->bytes.p + quick->ip_offset, packet->bytes.n - quick->ip_offset };
	struct span bytes = { ip.p + quick->plain, ip.n - quick->plain };
	unsigned total = load16(ip.p + 2);

	KEEP_LOADED(total);			/* it may change, and have changed since the look */
	if (total < quick->plain || varies(ip.p[9], bytes) ||
	    !sum_is_right(sum_of_header4(ip.p, quick->plain)))
		return false;
	if (total - quick->plain < bytes.n)
		bytes.n = total - quick->plain;
	out->mix = print_mix_some(bytes);
	out->same = SAME4;
	return true;
}

/* Its print is made as if the header were of IPv4: `mix` is what is then missing. */
static bool echo_of6(const struct quick *quick, const struct packet *packet, struct echo *out)
{
	struct span ip = { packet->bytes.p + quick->ip_offset, packet->bytes.n - quick->ip_offset };
	struct span bytes = { ip.p + IP6_BYTES, ip.n - IP6_BYTES };
	unsigned payload = load16(ip.p + 4);
	uint64_t header;

	if (varies(ip.p[6], bytes))
		return false;
	if (payload < bytes.n)
		bytes.n = payload;
	header = (uint64_t)bytes.n << 16 | ip.p[6];
	out->mix = print_add(header - print_header4(ip.p, ip.p[9]), print_mix_some(bytes));
	out->same = UINT64_MAX;
	return true;
}

bool echo_of(const struct quick *quick, const struct packet *packet, struct echo *out)
{
	if (!quick->plain || packet->checksums_unreliable ||
	    packet->bytes.n > ECHO_BYTES_MAX || quick->ip_offset > OFFSET_MAX)
		return false;
	out->at = (uint8_t)(quick->ip_offset + 4);
	return quick->plain == IP6_BYTES ? echo_of6(quick, packet, out)
					 : echo_of4(quick, packet, out);
}

uint32_t echo_print(const struct echo *echo, const struct packet *packet)
{
	const uint8_t *ip = packet->bytes.p + echo->at - 4;
	uint16_t id = (uint16_t)(load16(ip + 4) & ~echo->same);

	return print_end(print_header4(ip, ip[9]), id, echo->mix);
}

static inline uint64_t differ(const uint8_t *p, const uint8_t *q, size_t at)
{
	return load_native(p + at) ^ load_native(q + at);
}

/* Where only an identification and a sum differ, which stand in one word, and one header's sum is
 * right, the other's is where the difference of these words is no sum but 0 (RFC 1071 1). */
bool echo_is_same(const struct echo *echo, const struct packet *packet, const uint8_t *other)
{
	const uint8_t *p = packet->bytes.p;
	size_t at = echo->at, rest = at + 8;

	/* before there are 16 to 24 bytes */
	return (differ(p, other, 0) | differ(p, other, 8) | differ(p, other, at - 8) |
		(differ(p, other, at) & echo->same)) == 0 &&
	       sum_is_right(sum_word(load_native(p + at), ~load_native(other + at))) &&
	       memcmp(p + rest, other + rest, packet->bytes.n - rest) == 0;
}

void echo_addresses(const struct quick *quick, const struct packet *packet,
		    struct addr *out_speaker, struct addr *out_receiver)
{
	const uint8_t *ip = packet->bytes.p + quick->ip_offset;

	if (quick->plain < IP6_BYTES) {
		*out_speaker = addr_of4(load32(ip + 12));
		*out_receiver = addr_of4(load32(ip + 16));
		return;
	}
	*out_speaker = addr_of6(load64(ip + 8), load64(ip + 16));
	*out_receiver = addr_of6(load64(ip + 24), load64(ip + 32));
}
