/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the image in force.  A part of weir.bpf.c.  Knows no packet. */
#ifndef WEIR_ENFORCE_BPF_IMAGE_H
#define WEIR_ENFORCE_BPF_IMAGE_H

#include <stdbool.h>

#include "enforce/bpf/table.h"

/* One struct, so that nothing hangs on the order in which a compiler lays variables out. */
const volatile struct bpf_told told;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_IMAGES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_image));	/* the set's map in its place has larger ones */
} policy SEC(".maps");

/* A section that is a map, which needs no look-up.  Made as large as that before it is loaded. */
__u8 own[BPF_COUNTERS_AT + 1] SEC(".bss.own");

/* So far from an address, in what the compiler does not know the size of. */
static __always_inline __u8 *far_from(__u8 *at, __u32 offset)
{
	asm volatile("" : "+r"(at));
	return at + offset;
}

static __always_inline bool find_table(struct table *t)
{
	__u32 index = *(const volatile __u32 *)far_from(own, BPF_INDEX_AT);
	const __u8 *head = bpf_map_lookup_elem(&policy, &index);

	if (!head)
		return false;
	t->mask = told.image_mask;
	t->image = head;
	t->slot = (const void *)(head + (told.slot & t->mask));
	return t->slot->is_active;
}

#endif
