/* SPDX-License-Identifier: BSD-2-Clause */
/* Token buckets.  A token costs one unit of the rate in nanoseconds, and a nanosecond earns N:
 * so nothing is rounded.  Time that goes back stands still (LANGUAGE S53). */
#include "engine/limit.h"

#include <stdlib.h>

#include "base/memory.h"

#define WAYS 8

static uint64_t cost_of(const struct rate *rate)
{
	return (uint64_t)rate->unit_s * (uint64_t)NS_PER_S;
}

/* The bucket's size; it fits, for a unit is at most an hour and a burst below 2^22 is 2^64 / h. */
static uint64_t brim_of(const struct rate *rate)
{
	uint64_t brim;

	if (__builtin_mul_overflow(cost_of(rate), (uint64_t)rate->burst, &brim))
		return UINT64_MAX / 2;
	return brim > UINT64_MAX / 2 ? UINT64_MAX / 2 : brim;
}

static uint64_t credit_at(const struct bucket *bucket, const struct rate *rate, struct mtime now)
{
	uint64_t brim = brim_of(rate), earned;

	if (!bucket->begun)
		return brim;
	if (now.ns <= bucket->at_ns)
		return bucket->credit;
	if (__builtin_mul_overflow((uint64_t)(now.ns - bucket->at_ns), (uint64_t)rate->n,
				   &earned) ||
	    earned > brim - bucket->credit)
		return brim;
	return bucket->credit + earned;
}

bool bucket_pass(struct bucket *bucket, const struct rate *rate, struct mtime now, bool taking)
{
	uint64_t credit = credit_at(bucket, rate, now), cost = cost_of(rate);

	if (!taking)
		return credit >= cost;
	if (!bucket->begun || now.ns > bucket->at_ns)
		bucket->at_ns = now.ns;
	bucket->begun = true;
	bucket->credit = credit >= cost ? credit - cost : credit;
	return credit >= cost;
}

bool bucket_is_rested(const struct bucket *bucket, const struct rate *rate, struct mtime now)
{
	return credit_at(bucket, rate, now) >= brim_of(rate) / 10 * 9;
}

struct keyed_bucket {
	struct addr   key;
	struct bucket bucket;
	uint16_t      rule;
	bool	      used;
};

struct limits {
	struct keyed_bucket *buckets;
	uint64_t	     evicted;
};

struct limits *limits_new(void)
{
	struct limits *limits = memory_take(sizeof(*limits));

	limits->buckets = memory_array(LIMIT_BUCKETS_MAX, sizeof(limits->buckets[0]));
	return limits;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	free(limits->buckets);
	free(limits);
}

static struct keyed_bucket *find(struct limits *limits, uint16_t index, struct addr key)
{
	uint64_t hash = addr_hash(key) + index * UINT64_C(0x9e3779b97f4a7c15);
	struct keyed_bucket *set = &limits->buckets[hash / WAYS * WAYS % LIMIT_BUCKETS_MAX];
	struct keyed_bucket *victim = set;

	for (size_t i = 0; i < WAYS; i++) {
		struct keyed_bucket *b = &set[i];

		if (b->used && b->rule == index && addr_equal(b->key, key))
			return b;
		if (victim->used && (!b->used || b->bucket.at_ns < victim->bucket.at_ns))
			victim = b;
	}
	limits->evicted += victim->used;
	*victim = (struct keyed_bucket){ .key = key, .rule = index, .used = true };
	return victim;
}

static struct addr key_of(const struct rule *rule, const struct observation *obs)
{
	switch (rule->limit_key) {
	case LIMIT_BY_SOURCE:
		return obs->source;
	case LIMIT_BY_SPEAKER:
		return obs->speaker;
	default:
		return ADDR_NONE;
	}
}

bool limits_pass(struct limits *limits, uint16_t index, const struct rule *rule,
		 const struct observation *obs, struct mtime now)
{
	return bucket_pass(&find(limits, index, key_of(rule, obs))->bucket, &rule->rate, now, true);
}

uint64_t limits_evicted(const struct limits *limits)
{
	return limits->evicted;
}
