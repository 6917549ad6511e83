/* SPDX-License-Identifier: BSD-2-Clause */
/* What a back end is to enforce.c.  XDP and tc are one back end here: they share their programs
 * and maps. */
#ifndef WEIR_ENFORCE_BACKEND_H
#define WEIR_ENFORCE_BACKEND_H

#include "base/text.h"
#include "enforce/enforce.h"

struct backend_calls {
	/* Why the kernel cannot, or nothing. */
	void (*probe)(struct enforce_support *out);
	/* Appends to `out` what install() wants for the links that `choices` gives to it; nothing is
	 * appended where there are none. */
	int (*compile)(const struct enforce_plan *plan, const struct enforce_choice *choices,
		       struct text *out, struct enforce_notes *notes);
	/* `*out_state` is the back end's own, or NULL. */
	int (*open)(const char *pin_folder, void **out_state);
	void (*close)(void *state);
	/* An install is about to come: what it would look for first is looked for; NULL: nothing. */
	void (*prepare)(void *state);
	/* enforce_ahead(); NULL where compile() tells of no pieces. */
	void (*ahead)(void *state, struct span piece);
	/* Empty bytes: takes away what it enforced, and keeps the counters. */
	int (*install)(void *state, struct span bytes, struct text *error);
	/* What the last install has left to do; each other call does it first where it must. */
	void (*settle)(void *state);
	int (*remove)(void *state, struct text *error);
	int (*counts)(void *state, enforce_count_fn *each, void *ctx, struct text *error);
	int (*forget)(void *state, struct text *error);
	/* enforce_tell_asked(), enforce_asked(). */
	int (*tell_asked)(void *state, const struct enforce_asked *asked, struct text *error);
	int (*asked)(void *state, enforce_asked_fn *each, void *ctx, struct text *error);
};

/* The index of a back end's bytes within an image. */
enum backend_part { PART_NFTABLES, PART_BPF, PART_COUNT };

/* True where a choice gives the link's hook to one of these back ends (1 << enum backend). */
static inline bool backend_serves(const struct enforce_choice *choice, enum hook hook,
				  unsigned backends)
{
	return backends >> choice->hooks[hook] & 1;
}

#endif
