/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in the kernel under a pin folder: the set in force, older ones whose counters are not
 * taken over yet, and whose counter is which.  Knows no interface. */
#ifndef WEIR_ENFORCE_BPF_STORE_H
#define WEIR_ENFORCE_BPF_STORE_H

#include "enforce/backend.h"
#include "enforce/bpf_object.h"

#define STORE_SETS_MAX 8

#define BPF_FOLDER_MAX 256

struct bpf_store {
	char	       folder[BPF_FOLDER_MAX];
	struct bpf_set sets[STORE_SETS_MAX];	/* by number; the last is in force */
	size_t	       set_count;
	uint8_t	      *taken;		/* by counter of the set in force */
	uint8_t	      *in_force;	/* the same: the image names it */
	int	       clock;		/* a program, or -1 */
	uint32_t       ticks_per_s;	/* of the kernel */
};

/* -ELIBACC: there is no libbpf.  -EBUSY: nor is there, and what was brought with it stands. */
int bpf_store_open(const char *folder, struct bpf_store *out);
void bpf_store_close(struct bpf_store *store);
/* NULL where nothing stands. */
struct bpf_set *bpf_store_set(struct bpf_store *store);

/* Whether a store can stand in the folder: there is a bpf file system, or one may be mounted. */
bool bpf_store_may_stand(const char *folder);
/* Makes sure that there is a bpf file system and the folder in it. */
int bpf_store_make_folder(const struct bpf_store *store, struct text *error);

/* A set with room for an image and counters, with the names of the one in force: it is in force from
 * now on.  No program reads it yet.  Nothing stays of it on failure. */
int bpf_store_add_set(struct bpf_store *store, uint32_t image_bytes, uint32_t counters);
/* Takes over what older sets counted, once no program uses them, and takes them away. */
void bpf_store_settle(struct bpf_store *store);
/* The one in force goes again, and the one before it is in force: for when it cannot be used. */
void bpf_store_drop_set(struct bpf_store *store);

/* The counter of a name, which begins at 0 if it is new: 0, -ENOSPC, or negative errno. */
int bpf_store_counter(struct bpf_store *store, const struct bpf_name *name, uint32_t *out_id);
/* Looks into the image in force again. */
void bpf_store_note_image(struct bpf_store *store);

typedef void bpf_store_fn(void *ctx, const struct bpf_name *name, const struct bpf_counter *sum,
			  bool is_in_force);
int bpf_store_each(struct bpf_store *store, bpf_store_fn *each, void *ctx);
/* Drops the names that the image in force does not use. */
int bpf_store_forget(struct bpf_store *store);
/* Unpins everything. */
void bpf_store_remove(struct bpf_store *store);

#endif
