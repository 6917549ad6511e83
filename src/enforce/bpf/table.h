/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the image of layout.h from a program of the kernel.  Knows no packet. */
#ifndef WEIR_ENFORCE_BPF_TABLE_H
#define WEIR_ENFORCE_BPF_TABLE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "enforce/bpf/layout.h"

#define SEARCH_MAX     24		/* steps of a search among sorted keys */
#define SEARCH_FEW     32		/* so many keys are searched without a loop of the kernel's */
#define SEARCH_FEW_LOG 5

/* The image at hand. */
struct table {
	const __u8 *image;
	const struct bpf_slot *slot;
	__u64 mask;			/* of this width, so that the verifier follows it in memory */
};

/* --- reading the image: masked, so that the verifier sees that nothing lies outside; behind what
 * the mask leaves there is room for one read (BPF_IMAGE_SPARE) --- */

static __always_inline __u32 word_at(const struct table *t, __u32 offset)
{
	return *(const __u32 *)(t->image + (offset & t->mask));
}

static __always_inline __u32 half_at(const struct table *t, __u32 offset)
{
	return *(const __u16 *)(t->image + (offset & t->mask));
}

static __always_inline __u64 long_at(const struct table *t, __u32 offset)
{
	return *(const __u64 *)(t->image + (offset & t->mask));
}

#endif
