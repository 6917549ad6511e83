/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for what (LANGUAGE S17) in BPF: a map for each boundary and direction that some
 * program asks for.  It belongs to no set and no image, and is pinned under their names, so that it
 * outlives the process. */
#ifndef WEIR_ENFORCE_BPF_ASKED_H
#define WEIR_ENFORCE_BPF_ASKED_H

#include "enforce/bpf_store.h"

/* Nothing, where no program asks.  Of more than BPF_MEMBERS_MAX it is not known who asked for
 * anything else.  0 or negative errno: nobody knows all, then. */
int bpf_asked_write(struct bpf_store *store, const struct enforce_asked *asked);
int bpf_asked_read(struct bpf_store *store, enforce_asked_fn *each, void *ctx);
/* Drops what the image in force does not ask for, when no program reads the one before. */
void bpf_asked_settle(struct bpf_store *store);
/* In a folder, of all versions. */
void bpf_asked_unpin(const char *folder);

#endif
