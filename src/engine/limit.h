/* SPDX-License-Identifier: BSD-2-Clause */
/* Token buckets in capture time: `limit` rules and the `new` rates of police lines (LANGUAGE
 * S37, S41, S53).  Exact in integers.  Knows no observations. */
#ifndef WEIR_ENGINE_LIMIT_H
#define WEIR_ENGINE_LIMIT_H

#include "base/mtime.h"
#include "policy/policy.h"

#define LIMIT_BUCKETS_MAX (1u << 15)

/* Tokens times the nanoseconds that one takes to grow; begun: it was ever asked. */
struct bucket {
	uint64_t credit;
	int64_t	 at_ns;
	bool	 begun;
};

/* True, and one token less, where a token is left; `taking` false only asks. */
bool bucket_pass(struct bucket *bucket, const struct rate *rate, struct mtime now, bool taking);
/* True where at least nine tenths of the burst are there again. */
bool bucket_is_rested(const struct bucket *bucket, const struct rate *rate, struct mtime now);

/* The buckets of `limit` rules, one for each value of the rule's key. */
struct limits;

struct limits *limits_new(void);
void limits_free(struct limits *limits);
/* A token of the bucket that the observation falls into.  Where there is no room the bucket that was
 * quiet for longest goes. */
bool limits_pass(struct limits *limits, uint16_t index, const struct rule *rule,
		 const struct observation *obs, struct mtime now);
uint64_t limits_evicted(const struct limits *limits);

#endif
