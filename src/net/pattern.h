/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 addresses and prefixes in which x stands for any one hex digit, as IANA writes them:
 * ff0x::101, ff7x:x0xx::/32 (LANGUAGE S19).  RFC 4291 2.2 but for the x. */
#ifndef WEIR_NET_PATTERN_H
#define WEIR_NET_PATTERN_H

#include "net/set.h"

/* `any` has ones where a digit may be anything; `value` has zeros there. */
struct pattern {
	uint64_t value_hi, value_lo;
	uint64_t any_hi, any_lo;
	unsigned length;			/* 128 where none is written */
};

enum pattern_fault {
	PATTERN_GOOD,
	PATTERN_MALFORMED,			/* no IPv6 text */
	PATTERN_LENGTH,				/* a length over 128, or none behind "/" */
	PATTERN_CUT,				/* the length cuts an x */
	PATTERN_BITS,				/* digits, or an x, behind the length */
};

/* Exactly n characters.  `out` is untouched unless the pattern is good. */
enum pattern_fault pattern_parse(const char *text, size_t n, struct pattern *out);

/* How many ranges it stands for: one for each value of the x digits that are not at its end. */
uint64_t pattern_range_count(const struct pattern *pattern);

/* At most SET_RANGES_MAX of them: ask pattern_range_count() first. */
struct set pattern_set(struct arena *arena, const struct pattern *pattern);

/* Shortest text, in small letters.  Returns buffer. */
char *pattern_text(const struct pattern *pattern, char buffer[ADDR_TEXT]);

#endif
