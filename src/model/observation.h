/* SPDX-License-Identifier: BSD-2-Clause */
/* The nouns that every floor shares: what a packet said (an observation), and the closed
 * lists of points, actions, protocols, message types, anomalies and flags. */
#ifndef WEIR_MODEL_OBSERVATION_H
#define WEIR_MODEL_OBSERVATION_H

#include "base/bytes.h"
#include "base/mtime.h"
#include "net/addr.h"

/* POINT_NONE is for what is never judged (DVMRP, mtrace). */
enum point {
#define POINT(symbol, name, meaning) POINT_##symbol,
#include "model/points.def"
#undef POINT
	POINT_COUNT,
	POINT_NONE = POINT_COUNT,
};

enum action {
#define ACTION(symbol, name) ACTION_##symbol,
#include "model/actions.def"
#undef ACTION
	ACTION_COUNT,
};

enum protocol {
#define PROTOCOL(symbol, name, meaning) PROTOCOL_##symbol,
#include "model/protocols.def"
	PROTOCOL_COUNT,
};

enum type {
#define TYPE(symbol, name, protocols, rfc) TYPE_##symbol,
#include "model/protocols.def"
	TYPE_COUNT,
};

/* ANOMALY_NONE is 0, so that a zeroed observation has none. */
enum anomaly {
	ANOMALY_NONE,
#define ANOMALY(symbol, name, meaning) ANOMALY_##symbol,
#include "model/anomalies.def"
#undef ANOMALY
	ANOMALY_COUNT,
};

enum flag_index {
#define FLAG(symbol, name, meaning) FLAG_INDEX_##symbol,
#include "model/flags.def"
#undef FLAG
	FLAG_COUNT,
};

/* Each flag is one bit of a 64-bit mask. */
#define FLAG_BIT(symbol) (UINT64_C(1) << FLAG_INDEX_##symbol)

enum what {
	WHAT_NONE, WHAT_SEND, WHAT_JOIN, WHAT_LEAVE, WHAT_PRUNE, WHAT_QUERY, WHAT_REGISTER, WHAT_SA,
	WHAT_RP, WHAT_ANNOUNCE, WHAT_ADVERTISE, WHAT_HELLO, WHAT_ROUTER,
	WHAT_COUNT
};

enum direction { DIRECTION_UNKNOWN, DIRECTION_IN, DIRECTION_OUT };

/* Whether anybody on the far side asked for (S,G) or (*,G); unknown where no reports are seen
 * there (LANGUAGE S17). */
enum joined { JOINED_UNKNOWN, JOINED_YES, JOINED_NO };

/* Names of the list members, as they stand in JSON and in policies; the index must be in
 * range.  anomaly_name(ANOMALY_NONE) is "none". */
const char *point_name(enum point point);
const char *point_meaning(enum point point);
const char *action_name(enum action action);
const char *protocol_name(enum protocol protocol);
const char *protocol_meaning(enum protocol protocol);
const char *type_name(enum type type);
const char *type_protocols(enum type type);
const char *type_rfc(enum type type);
const char *anomaly_name(enum anomaly anomaly);
const char *anomaly_meaning(enum anomaly anomaly);
const char *flag_name(unsigned index);
const char *flag_meaning(unsigned index);
const char *what_name(enum what what);

#define PORT_NONE 0		/* `has_ports` says whether the ports are known */
#define VLAN_NONE 0xffff
#define IP_PROTOCOL_NONE 0xffff

/* One fact.  Fields that the observation lacks are zero (ADDR_NONE, VLAN_NONE,
 * IP_PROTOCOL_NONE, DIRECTION_UNKNOWN); a clause about such a field does not hold (LANGUAGE
 * S8).  The spans borrow the packet's bytes, or the decoder's scratch, and live no longer than
 * the packet. */
struct observation {
	struct mtime	at;
	struct addr	speaker, receiver;	/* of the header that carries the statement */
	struct addr	source, group, rp;	/* what it is about; source may be ADDR_ANY */
	struct span	session, hostname, domain;
	uint64_t	flags;			/* FLAG_BIT(...) */
	uint32_t	bytes;			/* the frame's length on the wire */
	uint32_t print; /* of the IP packet, but for TTL and header checksum:
			 * the same for its copies (wire/print.h).  0: unknown */
	uint32_t	excluded;		/* sources of an IS_EX or TO_EX record */
	uint16_t	ip_protocol;		/* of the carrying header; IP_PROTOCOL_NONE */
	uint16_t	sport, dport;
	uint16_t	vlan;			/* outermost VLAN ID, or VLAN_NONE */
	uint16_t	link;			/* capture interface: index within all inputs */
	uint8_t		source_len, group_len;	/* prefix lengths; addr_bits() for hosts */
	uint8_t		point, what, protocol, type, anomaly;
	uint8_t		direction, joined;
	uint8_t		ttl;			/* on arrival; has_ttl says whether it is known */
	uint8_t		mac[6];			/* link-layer source; zeros where there is none */
	bool		has_ttl, has_ports, has_mac;
	bool		notice;			/* asks for nothing, announces nothing (S9) */
};

/* An observation in which every field is absent; as an initialiser. */
#define OBSERVATION_NONE \
	{ .ip_protocol = IP_PROTOCOL_NONE, .vlan = VLAN_NONE, .point = POINT_NONE }
struct observation observation_none(void);

#endif
