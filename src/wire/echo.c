/* SPDX-License-Identifier: BSD-2-Clause */
/* Which bytes of a frame matter, and a hash of some of them.  RFC 791 3.1, RFC 8200 3.  Knows no
 * protocol above IP but what never says the same: TCP, and Registers with others' packets. */
#include "wire/echo.h"

#include "wire/number.h"
#include "wire/print.h"
#include "wire/sum.h"

#define PIM_REGISTER 0x21
#define OFFSET_MAX 20			/* of an IPv4 header, for echo_is_same() */

/* Every byte will be compared, so that it is enough to tell most messages apart: by their
 * addresses, what they say first and last, how long they are, and where they came from. */
static inline uint64_t hash_of(const struct packet *packet, const uint8_t *ip, uint64_t addresses,
			       uint64_t mix)
{
	const uint8_t *end = packet->bytes.p + packet->bytes.n;
	uint64_t x = mix + addresses * UINT64_C(0xc2b2ae3d27d4eb4f);

	x = (x ^ x >> 32) + load_native(end - 8) + packet->bytes.n + packet->link;
	x = x * UINT64_C(0x9e3779b97f4a7c15) + load_native(ip - 8);
	return x ^ x >> 32;
}

static inline bool varies(unsigned protocol, struct span bytes)
{
	return protocol == NUMBER_TCP ||
	       (protocol == NUMBER_PIM && bytes.n > 0 && bytes.p[0] == PIM_REGISTER);
}

static inline bool echo_of4(const struct quick *quick, const struct packet *packet,
			    struct echo *out)
{
	struct span ip = { packet->bytes.p + quick->ip_offset, packet->bytes.n - quick->ip_offset };
	struct span bytes = { ip.p + quick->plain, ip.n - quick->plain };
	unsigned total = load16(ip.p + 2);
	uint64_t mix;

	KEEP_LOADED(total);			/* it may change, and have changed since the look */
	if (total < quick->plain || quick->ip_offset > OFFSET_MAX || varies(ip.p[9], bytes) ||
	    !sum_is_right(sum_of_header4(ip.p, quick->plain)))
		return false;
	if (total - quick->plain < bytes.n)
		bytes.n = total - quick->plain;
	mix = print_mix_some(bytes);
	out->print = print_end(print_header4(ip.p, ip.p[9]), (uint16_t)load16(ip.p + 4),
			       mix);
	out->varies = (uint8_t)(quick->ip_offset + 4);
	out->hash = hash_of(packet, ip.p, load_native(ip.p + 12), mix);
	return true;
}

static inline bool echo_of6(const struct quick *quick, const struct packet *packet,
			    struct echo *out)
{
	struct span ip = { packet->bytes.p + quick->ip_offset, packet->bytes.n - quick->ip_offset };
	struct span bytes = { ip.p + IP6_BYTES, ip.n - IP6_BYTES };
	unsigned payload = load16(ip.p + 4);
	uint64_t mix;

	if (varies(ip.p[6], bytes))
		return false;
	if (payload < bytes.n)
		bytes.n = payload;
	mix = print_mix_some(bytes);
	out->print = print_end((uint64_t)bytes.n << 16 | ip.p[6], 0, mix);
	out->varies = 0;
	out->hash = hash_of(packet, ip.p, load_native(ip.p + 16) ^ load_native(ip.p + 32),
			    mix);
	return true;
}

bool echo_of(const struct quick *quick, const struct packet *packet, struct echo *out)
{
	if (!quick->plain || packet->checksums_unreliable || packet->bytes.n > ECHO_BYTES_MAX)
		return false;
	return quick->plain == IP6_BYTES ? echo_of6(quick, packet, out)
					 : echo_of4(quick, packet, out);
}

static inline uint64_t differ(const uint8_t *p, const uint8_t *q, size_t at)
{
	return load_native(p + at) ^ load_native(q + at);
}

bool echo_is_same(const struct echo *echo, const struct packet *packet, const uint8_t *other)
{
	const uint8_t *p = packet->bytes.p;
	size_t n = packet->bytes.n, id = echo->varies, rest = id + 8;

	if (id == 0)
		return memcmp(p, other, n) == 0;
	/* before the identification there are 16 to 24 bytes */
	return (differ(p, other, 0) | differ(p, other, 8) | differ(p, other, id - 8) |
		(load32(p + id + 2) ^ load32(other + id + 2))) == 0 &&
	       memcmp(p + rest, other + rest, n - rest) == 0;
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
