/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells of policies that name many pairs of source and group: struct bpf_pairs of layout.h.  Knows no
 * packet. */
#ifndef WEIR_ENFORCE_BPF_PAIRS_H
#define WEIR_ENFORCE_BPF_PAIRS_H

#include <stdbool.h>

#include "enforce/bpf/table.h"

/* The two places of a hash, to be masked: as base/cuckoo.h has them, which no program of the kernel can
 * include. */
static __always_inline __u32 cuckoo_first(__u64 hash)
{
	return hash >> 40;
}

static __always_inline __u32 cuckoo_second(__u64 hash)
{
	return hash >> 16 & 0xffffff;
}

static __always_inline const struct bpf_pairs *pairs_at(const struct table *t, __u32 offset)
{
	return (const void *)(t->image + (offset & t->mask));
}

/* Where a pair's cell is in its plane. */
static __always_inline __u32 pair_cell(const struct table *t, const struct bpf_pairs *p,
				       __u32 source, __u32 group)
{
	__u32 key = source << 16 | group;
	__u64 hash = bpf_pair_hash(p->pairs.seed, key);
	__u32 first = p->pairs.at + ((cuckoo_first(hash) & p->pairs.mask) << 3);
	__u32 second = p->pairs.at + ((cuckoo_second(hash) & p->pairs.mask) << 3);

	if (word_at(t, first) == key)
		return word_at(t, first + 4);
	if (word_at(t, second) == key)
		return word_at(t, second + 4);
	return word_at(t, p->rows + (source << 2)) + word_at(t, p->columns + (group << 2));
}

static __always_inline bool is_host(const struct table *t, __u32 at, __u64 hi, __u64 lo)
{
	return long_at(t, at) == hi && long_at(t, at + 8) == lo;
}

/* The class of an IPv6 address that has one by itself, or BPF_PAIR_NONE. */
static __always_inline __u32 host_class(const struct table *t, const struct bpf_slots *s, __u64 hi,
					__u64 lo)
{
	__u64 hash = bpf_host_hash(s->seed, hi, lo);
	__u32 first = s->at + (cuckoo_first(hash) & s->mask) * sizeof(struct bpf_host);
	__u32 second = s->at + (cuckoo_second(hash) & s->mask) * sizeof(struct bpf_host);

	if (is_host(t, first, hi, lo))
		return word_at(t, first + 16);
	return is_host(t, second, hi, lo) ? word_at(t, second + 16) : BPF_PAIR_NONE;
}

/* The class of an address by its last 16 bits, in one of few intervals: by steps without a branch,
 * which would be guessed wrong every other time. */
static __always_inline __u32 pair_search(const struct table *t, __u32 at, __u32 address)
{
	__u32 most = address << 16 | 0xffff;

	for (__u32 step = BPF_PAIR_WORDS * 4 / 2; step >= 4; step /= 2) {
		__s64 above = (__s64)most - word_at(t, at + step);

		asm volatile("" : "+r"(above));		/* the compiler would make it a branch */
		at += step & ~(__u32)(above >> 32);
	}
	return word_at(t, at) & 0xffff;
}

static __always_inline __u32 pair_class4(const struct table *t, const struct bpf_pairs *p,
					 __u32 top, __u32 address)
{
	__u32 ref = word_at(t, top), bytes = address << 16;

	for (int i = 0; i < 2; i++) {
		if (!(ref & BPF_REF_TABLE))
			break;
		ref = word_at(t, p->tables + ((ref & ~BPF_REF_KIND) << 10) + (bytes >> 22 & 0x3fc));
		bytes <<= 8;
	}
	if (!(ref & BPF_REF_LIST))
		return ref;
	return pair_search(t, p->words + (ref & ~BPF_REF_KIND) * BPF_PAIR_WORDS * 4, address);
}

static __noinline __u32 pair_cell4(const struct table *t, const struct bpf_pairs *p, __u32 source,
				   __u32 group)
{
	__u32 s = pair_class4(t, p, p->source_tops + (source >> 14 & 0x3fffc), source);
	__u32 g = pair_class4(t, p, p->group_tops + (group >> 14 & 0x3ffc), group);

	return pair_cell(t, p, s, g);
}

#endif
