/* SPDX-License-Identifier: BSD-2-Clause */
/* Auto-RP: announcements and mappings.  The form is the one that Cisco published as
 * pim-autorp-spec01: header, then for each RP its address and its signed group ranges.
 * Knows one message: no election, no timers. */
#include "wire/autorp.h"

#include "wire/pim_addr.h"

#define VERSION 1
#define ANNOUNCE 1
#define DISCOVERY 2
#define NEGATIVE 0x01

/* A negative range tells that the RP does not serve it (its groups stay in dense mode). */
static void read_range(struct rd *r, struct speech *s)
{
	uint64_t shared = s->next.flags;
	bool is_negative = rd_u8(r) & NEGATIVE;
	struct addr group;

	s->next.group_len = rd_u8(r);
	group = addr_read4(r);
	if (rd_ok(r))
		speech_wrong(s, pim_range_judge(group, s->next.group_len));
	if (is_negative)
		s->next.flags |= FLAG_BIT(NEGATIVE);
	speech_say(s, r, WHAT_RP, ADDR_NONE, group);
	s->next.flags = shared;
}

static void read_rp(struct rd *r, struct speech *s)
{
	unsigned n;

	s->next.rp = addr_read4(r);
	rd_skip(r, 1);					/* the RP's PIM version */
	n = rd_u8(r);
	for (; n > 0 && rd_ok(r); n--)
		read_range(r, s);
}

static void read_message(unsigned first, struct rd *r, struct speech *s)
{
	unsigned n = rd_u8(r);

	rd_skip(r, 6);					/* hold time, reserved */
	if (!rd_ok(r))
		return;
	if (first >> 4 != VERSION)
		speech_wrong(s, ANOMALY_VERSION);
	if ((first & 0xf) != ANNOUNCE && (first & 0xf) != DISCOVERY)
		speech_wrong(s, ANOMALY_TYPE);
	s->next.type = (first & 0xf) == ANNOUNCE ? TYPE_RP_ANNOUNCE : TYPE_RP_DISCOVERY;
	for (; n > 0 && rd_ok(r); n--)
		read_rp(r, s);
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_RP, ADDR_NONE, ADDR_NONE);
}

static bool is_autorp_group(struct addr group)
{
	return group.family == FAMILY_IP4 && (group.lo == 0xe0000127 || group.lo == 0xe0000128);
}

void autorp_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_PIM, POINT_BOOTSTRAP, out);
	struct rd r = rd_of(bytes);
	unsigned first = rd_u8(&r);

	if (!is_autorp_group(at->template.receiver))
		return;
	read_message(first, &r, &s);
	speech_end(&s, &r);
}
