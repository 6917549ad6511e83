/* SPDX-License-Identifier: BSD-2-Clause */
/* The three encodings of addresses that PIM messages are made of.  RFC 7761 4.9.1, RFC 5384 3
 * (join attributes), RFC 7887 (attributes on the other two), RFC 5059 4 (Z), RFC 5015 3.7.3 (B).
 * Knows no message. */
#ifndef WEIR_WIRE_PIM_ADDR_H
#define WEIR_WIRE_PIM_ADDR_H

#include "model/observation.h"

struct pim_group {
	struct addr addr;
	uint8_t	    length;
	bool	    is_bidir, is_zone;
	struct span attributes;		/* borrows the message; empty for encoding type 0 */
};

struct pim_source {
	struct addr addr;
	uint8_t	    length;
	bool	    is_sparse, is_wildcard, is_rpt;
	struct span attributes;
};

/* What is wrong with a prefix of groups: longer than its address is ANOMALY_LENGTH; so short that
 * it holds addresses that are no groups, ANOMALY_ADDRESS. */
enum anomaly pim_range_judge(struct addr group, unsigned length);

/* Readers.  An unknown family or encoding has an unknown length: it is ANOMALY_FAMILY in
 * out_wrong (unless that holds an anomaly already) and the reader is failed.  A prefix longer
 * than its address, or a source's of length 0, is ANOMALY_LENGTH; groups are judged as above. */
struct addr pim_unicast_read(struct rd *r, enum anomaly *out_wrong);
struct pim_group pim_group_read(struct rd *r, enum anomaly *out_wrong);
struct pim_source pim_source_read(struct rd *r, enum anomaly *out_wrong);

/* The same bytes again. */
void pim_unicast_write(struct addr a, struct wr *w);
void pim_group_write(const struct pim_group *group, struct wr *w);
void pim_source_write(const struct pim_source *source, struct wr *w);

#endif
