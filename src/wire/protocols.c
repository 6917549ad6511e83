/* SPDX-License-Identifier: BSD-2-Clause */
/* The index of the protocols that weir reads: one row for each number under which messages of
 * one come.  Knows no byte of any of them. */
#include "wire/protocols.h"

#include "wire/autorp.h"
#include "wire/icmp6.h"
#include "wire/igmp.h"
#include "wire/mld.h"
#include "wire/pim.h"
#include "wire/rasadv.h"
#include "wire/sap.h"

#define HOST4(address) { 0, address, FAMILY_IP4 }, { 0, UINT32_MAX, FAMILY_IP4 }
/* ff0x::2:7ffe */
#define SAP_IP6                                                                                    \
	{ UINT64_C(0xff00) << 48, 0x27ffe, FAMILY_IP6 },                                           \
	{                                                                                          \
		UINT64_C(0xfff0ffffffffffff), UINT64_MAX, FAMILY_IP6                               \
	}

static const struct protocol_row rows[] = {
	{ CARRIER_IP4, 2, PROTOCOL_IGMP, POINT_MEMBERSHIP, igmp_decode, { 0 }, { 0 }, false },
	{ CARRIER_IP4, 103, PROTOCOL_PIM, POINT_JOIN, pim_decode, { 0 }, { 0 }, false },
	{ CARRIER_IP6, 103, PROTOCOL_PIM, POINT_JOIN, pim_decode, { 0 }, { 0 }, false },
	{ CARRIER_ICMP6, 130, PROTOCOL_MLD, POINT_MEMBERSHIP, mld_decode, { 0 }, { 0 }, false },
	{ CARRIER_ICMP6, 131, PROTOCOL_MLD, POINT_MEMBERSHIP, mld_decode, { 0 }, { 0 }, false },
	{ CARRIER_ICMP6, 132, PROTOCOL_MLD, POINT_MEMBERSHIP, mld_decode, { 0 }, { 0 }, false },
	{ CARRIER_ICMP6, 134, PROTOCOL_ICMP6, POINT_ROUTER, icmp6_decode, { 0 }, { 0 }, false },
	{ CARRIER_ICMP6, 143, PROTOCOL_MLD, POINT_MEMBERSHIP, mld_decode, { 0 }, { 0 }, false },
	{ CARRIER_UDP, AUTORP_PORT, PROTOCOL_UDP, POINT_BOOTSTRAP, autorp_decode, { 0 }, { 0 }, false },
	{ CARRIER_UDP, RASADV_PORT, PROTOCOL_RASADV, POINT_DATA, rasadv_decode, { 0 }, { 0 }, true },
	{ CARRIER_UDP, SAP_PORT, PROTOCOL_SAP, POINT_SESSION, sap_decode, { 0 }, { 0 }, true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_RASADV, POINT_DATA, rasadv_decode, HOST4(0xefff0202), true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_SAP, POINT_SESSION, sap_decode, HOST4(0xe0027ffe), true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_SAP, POINT_SESSION, sap_decode, HOST4(0xe0027fff), true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_SAP, POINT_SESSION, sap_decode, HOST4(0xefffffff), true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_SAP, POINT_SESSION, sap_decode, HOST4(0xefc3ffff), true },
	{ CARRIER_UDP_GROUP, 0, PROTOCOL_SAP, POINT_SESSION, sap_decode, SAP_IP6, true },
};

const struct protocol_row *protocol_rows(size_t *out_n)
{
	*out_n = COUNT(rows);
	return rows;
}

const struct protocol_row *protocol_row_of(enum carrier carrier, unsigned number)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].carrier == carrier && rows[i].number == number && rows[i].decode)
			return &rows[i];
	}
	return NULL;
}

static bool is_in_group(const struct protocol_row *row, struct addr group)
{
	return row->carrier == CARRIER_UDP_GROUP && row->group.family == group.family &&
	       (group.hi & row->mask.hi) == row->group.hi &&
	       (group.lo & row->mask.lo) == row->group.lo;
}

const struct protocol_row *protocol_row_of_udp(struct addr group, unsigned port)
{
	const struct protocol_row *row = protocol_row_of(CARRIER_UDP, port);

	for (size_t i = 0; !row && i < COUNT(rows); i++) {
		if (is_in_group(&rows[i], group))
			row = &rows[i];
	}
	return row;
}
