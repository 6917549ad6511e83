/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler of the BPF back end hands to its installer, as bytes: a head, hooks, names, and
 * the image of bpf/layout.h.  The image's slots stand in the order of the hooks, and the words
 * behind `ids` are empty: only the installer knows which slots and counters are free. */
#ifndef WEIR_ENFORCE_BPF_PARCEL_H
#define WEIR_ENFORCE_BPF_PARCEL_H

#include <stddef.h>
#include <stdint.h>

#include "enforce/bpf/layout.h"

#define PARCEL_MAGIC UINT32_C(0x77627066)

struct parcel {
	uint32_t magic, version;	/* BPF_LAYOUT_VERSION */
	uint32_t hook_count, name_count;
	uint32_t image_bytes;
	uint32_t spare;			/* all parts begin at multiples of 8 */
};

/* One hook of one link. */
struct parcel_hook {
	char	 boundary[64], link[16];
	uint32_t ifindex;
	uint32_t names_first, names_n;	/* its counters, in the order of its ids */
	uint32_t ids;			/* the offset of their numbers */
	uint8_t	 hook, backend;		/* enum hook, enum backend */
	uint8_t	 spare[6];
};

/* "": no packet is ever counted there. */
struct parcel_name {
	char	 rule[64];
	uint32_t refused, spare;
};

#endif
