/* SPDX-License-Identifier: BSD-2-Clause */
/* From a plan to the parcel of bpf_parcel.h.  Pure. */
#ifndef WEIR_ENFORCE_BPF_COMPILE_H
#define WEIR_ENFORCE_BPF_COMPILE_H

#include "enforce/backend.h"

/* Appends nothing where no hook is for XDP or tc.  0, or -E2BIG with a note. */
int bpf_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		struct text *out, struct enforce_notes *notes);

#endif
