/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs for the kernel and the maps that they share.  One set of maps serves all programs;
 * another takes its place where a policy outgrows it or a newer weir has another layout.  A set is
 * pinned as a folder, so that it outlives the process.  Knows no interface and no plan. */
#ifndef WEIR_ENFORCE_BPF_OBJECT_H
#define WEIR_ENFORCE_BPF_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforce/bpf/layout.h"

/* The object, as clang made it. */
extern const unsigned char bpf_bytes[];
extern const size_t bpf_bytes_n;

enum bpf_map_index { MAP_POLICY, MAP_OWN, MAP_FLOWS, MAP_BUCKETS, MAP_ASKED, MAP_SEEN, MAP_SAMPLES,
		     MAP_NAMES, MAP_HOOKS, MAP_COUNT };

struct bpf_set {
	unsigned number;
	uint32_t image_bytes;		/* room for an image: a power of two, and BPF_IMAGE_SPARE */
	uint32_t capacity;		/* counters: a power of two */
	uint32_t processors;		/* room for so many: a power of two */
	uint8_t *own, *policy;		/* the maps of these names */
	int	 maps[MAP_COUNT];
	bool	 is_settling;		/* programs may still read the image before */
};

/* Buckets, samples and who asked for what are those of `older`, if it is not NULL.  0 or negative errno.  The caller
 * closes it. */
int bpf_set_new(unsigned number, uint32_t image_bytes, uint32_t capacity,
		const struct bpf_set *older, struct bpf_set *out);
/* In a folder of a bpf file system, which is there; only then will others find it, and whole. */
int bpf_set_pin(const struct bpf_set *set, const char *folder);
/* -ENOENT where there is none, -EPROTO where its layout is another's. */
int bpf_set_open(const char *folder, unsigned number, struct bpf_set *out);
void bpf_set_close(struct bpf_set *set);
/* Its map of samples alone, which the sets after it share: a descriptor or negative errno. */
int bpf_set_open_samples(const char *folder, unsigned number);
/* Takes its pins away: it goes with the last program that uses it. */
void bpf_set_unpin(const char *folder, unsigned number);
/* The same with all sets of other versions. */
void bpf_set_unpin_others(const char *folder);
/* The numbers of the sets in a folder, in order; at most `max`. */
size_t bpf_set_list(const char *folder, unsigned *out, size_t max);

/* All that was counted under an id, with the packets that wait to be counted: each processor's is what
 * it was at some moment of the call. */
struct bpf_counter bpf_set_count(const struct bpf_set *set, uint32_t id);
/* From 0 again.  False while a packet waits that was another owner's. */
bool bpf_set_clear_counter(const struct bpf_set *set, uint32_t id);

/* The one in force. */
const struct bpf_image *bpf_set_image(const struct bpf_set *set);
/* The room for the next one, image_bytes, all zeros behind the first n: no program reads it. */
struct bpf_image *bpf_set_image_next(struct bpf_set *set, size_t n);
/* From now on programs that begin read what was written there, and do so at once. */
void bpf_set_switch(struct bpf_set *set);
/* Around a change of what the programs of a slot look up besides the image: all that was decided by what was
 * before is forgotten when the second one returns. */
void bpf_set_begin_change(struct bpf_set *set, uint32_t slot);
void bpf_set_end_change(struct bpf_set *set, uint32_t slot);
/* Programs that began before the last switch have come to their end, and have counted their packets,
 * when this returns: milliseconds, unless it was waited for before. */
void bpf_set_settle(struct bpf_set *set);

/* A map of struct bpf_member, to be an element of the map `asked`: a descriptor or negative errno. */
int bpf_set_members_new(void);

struct bpf_program_options {
	uint32_t slot, hook;
	uint32_t ticks_per_s;
	bool	 is_xdp, is_bare;
};

struct bpf_object;

/* An object that is not loaded yet, with the set's maps and what its programs are told; NULL, and
 * errno.  The caller closes it. */
struct bpf_object *bpf_set_open_object(const struct bpf_set *set, const void *bytes, size_t n,
				       const struct bpf_program_options *options);
/* A program that reads the set's maps: a descriptor or negative errno. */
int bpf_set_load(const struct bpf_set *set, const struct bpf_program_options *options);

/* The kernel's ticks, in which counters tell the time, beside CLOCK_MONOTONIC. */
struct bpf_clock {
	uint64_t ticks, ns;
	uint32_t ticks_per_s;
};

/* A program that tells them: a descriptor or negative errno. */
int bpf_clock_load(void);
int bpf_clock_read(int program, struct bpf_clock *out);

#endif
