/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6 Router Advertisements: somebody says that he is a router.  RFC 4861 4.2, 6.1.2.
 * Knows the message's form; which prefixes it offers is not weir's matter. */
#include "wire/icmp6.h"

#define IP_PROTOCOL_ICMP6 58
#define HEADER 4
#define OPTION_UNIT 8u

/* RFC 4861 4.6: type, length in units of 8 octets, which is never 0. */
static void read_option(struct rd *r, struct speech *s)
{
	unsigned units;

	rd_skip(r, 1);
	units = rd_u8(r);
	if (rd_ok(r) && units == 0) {
		speech_wrong(s, ANOMALY_LENGTH);
		r->failed = true;
		return;
	}
	rd_skip(r, units * OPTION_UNIT - 2);
}

void icmp6_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_ICMP6, POINT_ROUTER, out);
	struct rd r = rd_of(bytes);

	s.next.type = TYPE_ROUTER_ADVERTISEMENT;
	rd_skip(&r, 16);		/* to reachable and retransmission time */
	while (rd_left(&r) > 0 && rd_ok(&r))
		read_option(&r, &s);
	speech_say(&s, &r, WHAT_ROUTER, ADDR_NONE, ADDR_NONE);
	speech_end(&s, &r);
	if (bytes.n >= HEADER && layers_bad_pseudo(at, bytes, IP_PROTOCOL_ICMP6))
		said_flag(out, at, FLAG_BIT(BAD_CHECKSUM));
}
