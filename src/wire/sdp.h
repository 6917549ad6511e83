/* SPDX-License-Identifier: BSD-2-Clause */
/* SDP, as far as a boundary asks: the session's name and the groups that it uses.
 * RFC 4566 (RFC 8866).  Knows nothing of how a description travels. */
#ifndef WEIR_WIRE_SDP_H
#define WEIR_WIRE_SDP_H

#include "base/bytes.h"
#include "net/addr.h"

/* Consecutive groups, ends included: "c=IN IP4 224.2.1.1/127/3" (RFC 4566 5.7). */
struct sdp_groups {
	struct addr first, last;
};

/* The bytes behind "s=", empty where there is none. */
struct span sdp_name(struct span text);

/* The next connection line with multicast groups, at session or at media level, from the front
 * of `text`, which it passes.  False at the end. */
bool sdp_groups_next(struct span *text, struct sdp_groups *out);

#endif
