/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of struct bpf_pairs (bpf/layout.h), made of an artefact's pairs.  Pure. */
#ifndef WEIR_ENFORCE_BPF_PAIRS_H
#define WEIR_ENFORCE_BPF_PAIRS_H

#include "enforce/bpf/layout.h"
#include "policy/artefact.h"

/* Every pair in one of its two slots.  The caller releases it. */
struct pair_slots {
	struct bpf_pair *list;
	uint32_t	 mask;			/* a power of two of slots, less one */
	uint64_t	 seed;
};

/* `first` is the offset of the first pair's cell in a plane; those of the others follow.  False where
 * there are too many for BPF_PAIR_SLOTS_MAX. */
bool pair_slots_init(struct pair_slots *out, const struct artefact_pairs *pairs, uint32_t first);
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
