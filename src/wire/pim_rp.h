/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM messages that flood knowledge through a domain: which RP serves which groups (Bootstrap,
 * Candidate-RP-Advertisement), which sources are active (PFM).  RFC 5059, RFC 8364. */
#ifndef WEIR_WIRE_PIM_RP_H
#define WEIR_WIRE_PIM_RP_H

#include "wire/pim_addr.h"
#include "wire/speech.h"

/* Read what is behind the PIM header. */
void pim_bootstrap_read(struct rd *r, struct speech *s);
void pim_candidate_rp_read(struct rd *r, struct speech *s);
void pim_flooding_read(struct rd *r, struct speech *s);

#endif
