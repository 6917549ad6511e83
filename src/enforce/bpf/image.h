/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the image in force.  A part of weir.bpf.c.  Knows no packet. */
#ifndef WEIR_ENFORCE_BPF_IMAGE_H
#define WEIR_ENFORCE_BPF_IMAGE_H

#include <stdbool.h>

#include "enforce/bpf/table.h"

/* One struct, so that nothing hangs on the order in which a compiler lays variables out. */
const volatile struct bpf_told told;

struct image {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_image));	/* made larger before it is loaded */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct image);
} policy SEC(".maps");

static __always_inline bool find_table(struct table *t)
{
	__u32 zero = 0;
	void *image = bpf_map_lookup_elem(&policy, &zero);
	const __u8 *head;

	if (!image)
		return false;
	head = bpf_map_lookup_elem(image, &zero);
	if (!head)
		return false;
	t->mask = told.image_mask;
	t->image = head;
	t->slot = (const void *)(head + (told.slot & t->mask));
	return t->slot->is_active;
}

#endif
