/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end of XDP and tc, and the packets that it shows of those that it dropped.  What it
 * drops no packet socket hears; so that nothing goes unseen, the kernel hands out the first bytes
 * of every dropped packet to UDP 9753 (rasadv) and 9875 (SAP), and of the first of each (S,G) in a
 * minute. */
#ifndef WEIR_ENFORCE_BPF_H
#define WEIR_ENFORCE_BPF_H

#include "enforce/backend.h"
#include "model/packet.h"

extern const struct backend_calls bpf_backend;

struct bpf_samples;

struct bpf_sample_info {
	unsigned  ifindex;
	enum hook hook;
	bool	  is_dry_run;		/* it was counted as dropped, and passed */
};

/* Reads the ring of what stands under the pin folder.  0, -ENOENT where nothing does, or negative
 * errno.  The caller frees it. */
int bpf_samples_open(const char *pin_folder, struct bpf_samples **out);
void bpf_samples_free(struct bpf_samples *samples);
/* Readable when there are some. */
int bpf_samples_fd(const struct bpf_samples *samples);

/* The packet lives during the call; its `length` is that on the wire, its link type Ethernet's or
 * that of bare IP; `file`, `frame` and `link` are 0. */
typedef void bpf_sample_fn(void *ctx, const struct packet *packet,
			   const struct bpf_sample_info *info);

/* Those that wait, without waiting for more: how many, or negative errno. */
int bpf_samples_read(struct bpf_samples *samples, bpf_sample_fn *each, void *ctx);

/* For tests and benchmarks: a program for slot `slot` of the image in force, made as install makes
 * them, attached to nothing.  A descriptor or negative errno. */
int bpf_load_program(const char *pin_folder, unsigned slot, enum hook hook, bool is_xdp);

#endif
