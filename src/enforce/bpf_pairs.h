/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of struct bpf_pairs (bpf/layout.h), made of an artefact's pairs.  Pure. */
#ifndef WEIR_ENFORCE_BPF_PAIRS_H
#define WEIR_ENFORCE_BPF_PAIRS_H

#include "enforce/bpf/layout.h"
#include "policy/artefact.h"

/* A table of two places for each key (base/cuckoo.h).  The caller releases it. */
struct pair_slots {
	void	*list;			/* struct bpf_pair or struct bpf_host, mask + 1 of them */
	uint32_t mask;
	uint64_t seed;
};

/* `first` is the offset of the first pair's cell in a plane; those of the others follow.  False where
 * there are too many. */
bool pair_slots_init(struct pair_slots *out, const struct artefact_pairs *pairs, uint32_t first);

/* The IPv6 addresses of a side that are an interval by themselves, and the side without them: what
 * stands there in their place no one asks for.  The caller releases both. */
struct pair_hosts {
	struct pair_slots    slots;
	struct artefact_side rest;
	struct interval	    *intervals;	/* the memory of `rest` */
};
bool pair_hosts_init(struct pair_hosts *out, const struct artefact_side *side);
void pair_hosts_release(struct pair_hosts *hosts);
void pair_slots_release(struct pair_slots *slots);

/* IPv4 addresses to classes: both sides share tables and lists.  The caller releases it. */
struct pair_tree {
	uint32_t *sources, *groups;		/* tops */
	size_t	  source_count, group_count;
	uint32_t *tables;			/* 256 entries each */
	size_t	  table_count, table_cap;
	uint32_t *words;			/* BPF_PAIR_WORDS each */
	size_t	  list_count, list_cap;
};

void pair_tree_init(struct pair_tree *out, const struct artefact_family *family);
void pair_tree_release(struct pair_tree *tree);

#endif
