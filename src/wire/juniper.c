/* SPDX-License-Identifier: BSD-2-Clause */
/* The header that Juniper routers write before a captured frame: a magic number, flags, perhaps
 * extensions.  Of its many kinds those are read behind which a plain frame follows.  Knows no IP.
 */
#include "wire/peel.h"

#define MAGIC	    0x4d4743		/* "MGC" */
#define FLAG_NO_L2  0x02		/* no link header: four bytes, then the packet */
#define FLAG_EXTENDED 0x80

static void juniper_of(struct layers *at, struct span bytes, peel *next, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t head = rd_be32(&r);

	if (head & FLAG_EXTENDED)
		rd_skip(&r, rd_be16(&r));
	if (!rd_ok(&r) || head >> 8 != MAGIC)
		return;
	if (head & FLAG_NO_L2) {
		rd_skip(&r, 4);
		next = raw_peel;
	}
	bytes = rd_rest(&r);
	if (rd_ok(&r))
		next(at, bytes, out);
}

void juniper_ether_peel(struct layers *at, struct span bytes, struct said *out)
{
	juniper_of(at, bytes, ethernet_peel, out);
}

void juniper_ppp_peel(struct layers *at, struct span bytes, struct said *out)
{
	juniper_of(at, bytes, ppp_peel, out);
}

void juniper_frelay_peel(struct layers *at, struct span bytes, struct said *out)
{
	juniper_of(at, bytes, frelay_peel, out);
}

void juniper_chdlc_peel(struct layers *at, struct span bytes, struct said *out)
{
	juniper_of(at, bytes, chdlc_peel, out);
}
