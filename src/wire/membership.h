/* SPDX-License-Identifier: BSD-2-Clause */
/* Group records and source lists, which IGMPv3 and MLDv2 share but for the length of their
 * addresses.  RFC 3376 4.1, 4.2; RFC 3810 5.1, 5.2.
 * Knows no message around them: no types, no checksums. */
#ifndef WEIR_WIRE_MEMBERSHIP_H
#define WEIR_WIRE_MEMBERSHIP_H

#include "wire/speech.h"

/* RFC 3376 4.2.12, RFC 3810 5.2.12. */
enum record_type {
	RECORD_IS_IN = 1, RECORD_IS_EX, RECORD_TO_IN, RECORD_TO_EX, RECORD_ALLOW, RECORD_BLOCK
};

/* One group record; the sources are the caller's. */
struct record {
	enum record_type   type;
	struct addr	   group;
	const struct addr *sources;
	size_t		   n;
};

/* An address of the family. */
struct addr membership_read_addr(struct rd *r, enum family family);

/* A query about `group`: all groups where it is 0, else (*,G), or (S,G) of each source. */
void membership_query(const struct rd *r, struct addr group, struct speech *s);
/* What a version 3 query has behind its group: S, QRV, QQIC, sources. */
void membership_read_query(struct rd *r, struct addr group, struct speech *s);

/* A version 3 report behind its checksum: reserved, number of records, records. */
void membership_read_records(struct rd *r, enum family family, struct speech *s);

/* The same bytes from records; auxiliary data is never written (RFC 3376 4.2.11). */
void membership_write_records(const struct record *records, size_t n, struct wr *w);

#endif
