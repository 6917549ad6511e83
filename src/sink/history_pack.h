/* SPDX-License-Identifier: BSD-2-Clause */
/* A sample as bytes: records, each a kind and its fields, big-endian.  What one process packs another
 * unpacks, which believes none of it: every number is checked before it is an index.  Only
 * sink/history*.c include this. */
#ifndef WEIR_SINK_HISTORY_PACK_H
#define WEIR_SINK_HISTORY_PACK_H

#include "base/text.h"
#include "net/addr.h"

/* The first is POLICY, the last is END. */
enum history_record {
	RECORD_POLICY = 1,	/* since, boundary, sha256, policy, rules: names and actions */
	RECORD_HIT,		/* rule, hits, packets, bytes, time of the last */
	RECORD_POINT,		/* point, action, count, time */
	RECORD_NOTE,		/* number of the flag or anomaly, count, time */
	RECORD_LOSS,		/* packets, time */
	RECORD_FLOW,
	RECORD_FINDING,
	RECORD_SERVER,
	RECORD_END,		/* time */
	RECORD_COUNT,
};

/* What of a RAS server is told once. */
enum { MARK_CAME_IN = 1, MARK_WENT_OUT = 2, MARK_MOVED = 4, MARK_DUPLICATE_NAME = 8 };

static inline void pack_u8(struct text *t, uint8_t value)
{
	text_char(t, (char)value);
}

static inline void pack_be16(struct text *t, uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	text_put_n(t, (const char *)bytes, sizeof(bytes));
}

static inline void pack_be64(struct text *t, uint64_t value)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	text_put_n(t, (const char *)bytes, sizeof(bytes));
}

static inline void pack_bytes(struct text *t, struct span bytes)
{
	uint16_t n = (uint16_t)(bytes.n < UINT16_MAX ? bytes.n : UINT16_MAX);

	pack_be16(t, n);
	text_put_n(t, (const char *)bytes.p, n);
}

static inline void pack_addr(struct text *t, struct addr a)
{
	pack_u8(t, a.family);
	if (a.family == FAMILY_IP6)
		pack_be64(t, a.hi);
	if (addr_is_there(a))
		pack_be64(t, a.lo);
}

static inline struct span unpack_bytes(struct rd *r)
{
	return rd_take(r, rd_be16(r));
}

static inline int64_t unpack_time(struct rd *r)
{
	return (int64_t)rd_be64(r);
}

static inline struct addr unpack_addr(struct rd *r)
{
	uint8_t family = rd_u8(r);

	if (family == FAMILY_IP4)
		return addr_of4((uint32_t)rd_be64(r));
	if (family == FAMILY_IP6)
		return addr_read6(r);
	return family == FAMILY_ANY ? ADDR_ANY : ADDR_NONE;
}

#endif
