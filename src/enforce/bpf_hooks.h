/* SPDX-License-Identifier: BSD-2-Clause */
/* Which program stands on which hook, and which slot of the image it reads.  Written down in the map
 * `hooks`, so that whoever comes later knows.  Knows no image. */
#ifndef WEIR_ENFORCE_BPF_HOOKS_H
#define WEIR_ENFORCE_BPF_HOOKS_H

#include "enforce/bpf_parcel.h"
#include "enforce/bpf_store.h"

struct bpf_hook {
	struct bpf_hook_key   key;
	struct bpf_hook_value value;
	bool		      stands;	/* its program runs already */
	bool		      is_new;	/* attached by this plan */
	bool		      is_renamed;
	struct bpf_hook_key   was;	/* then */
};

struct bpf_hooks {
	struct bpf_hook *list;		/* as the parcel has them */
	size_t		 n;
	struct bpf_hook *others;	/* written down, and not wanted any more */
	size_t		 other_count;
};

/* Gives each wanted hook a slot: that of the program which runs there, if one does.  0 or negative
 * errno. */
int bpf_hooks_plan(struct bpf_hooks *out, struct bpf_store *store, const struct parcel_hook *wanted,
		   size_t n);
void bpf_hooks_release(struct bpf_hooks *hooks);

/* Puts programs of the set in force where none of them stands; what was done is undone on failure. */
int bpf_hooks_attach(struct bpf_hooks *hooks, struct bpf_store *store, struct text *error);
/* Takes away what is not wanted any more, and writes down what stands. */
void bpf_hooks_settle(struct bpf_hooks *hooks, struct bpf_store *store);
void bpf_hooks_detach_all(struct bpf_store *store);

/* What serves a hook; BACKEND_AUTO where nothing does any more. */
enum backend bpf_hooks_backend(struct bpf_store *store, const char *link, unsigned hook);

#endif
