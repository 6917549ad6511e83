/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts programs on the hooks of interfaces: XDP by a link that is pinned, tc by a filter of a clsact
 * queueing discipline.  Both outlive the process.  Knows no maps and no policy. */
#ifndef WEIR_ENFORCE_BPF_ATTACH_H
#define WEIR_ENFORCE_BPF_ATTACH_H

#include <stdint.h>

#include "base/text.h"
#include "enforce/enforce.h"

struct bpf_spot {
	const char  *folder;		/* of the pins */
	const char  *link;		/* for messages */
	unsigned     ifindex;
	enum hook    hook;
	enum backend backend;		/* BACKEND_XDP or BACKEND_TC */
};

/* The id of weir's program there; 0 where there is none, or no such interface. */
uint32_t bpf_spot_program(const struct bpf_spot *spot);

/* Puts the program there, in the place of weir's one that may stand there: no packet passes between
 * the two.  *out_made: a clsact was added for it.  0, or negative errno with one line in `error`.
 */
int bpf_spot_attach(const struct bpf_spot *spot, int program, bool *out_made, struct text *error);

/* Takes weir's program away.  `made`: the clsact goes too, if nobody else uses it.  What is not there
 * is no error. */
int bpf_spot_detach(const struct bpf_spot *spot, bool made);

#endif
