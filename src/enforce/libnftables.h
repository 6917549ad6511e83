/* SPDX-License-Identifier: BSD-2-Clause */
/* libnftables, loaded when the first rules are written in nftables' words: libnftables.ctx_new() is
 * nft_ctx_new(). */
#ifndef WEIR_ENFORCE_LIBNFTABLES_H
#define WEIR_ENFORCE_LIBNFTABLES_H

#include <nftables/libnftables.h>

#define LIBNFTABLES_CALLS(CALL) \
	CALL(ctx_new) CALL(ctx_free) CALL(ctx_buffer_output) CALL(ctx_buffer_error) \
	CALL(ctx_get_error_buffer) CALL(run_cmd_from_buffer)

struct libnftables {
#define CALL(name) __typeof__(nft_##name) *name;
	LIBNFTABLES_CALLS(CALL)
#undef CALL
};

extern struct libnftables libnftables;

/* 0, or -ELIBACC; asked again it does nothing. */
int libnftables_load(void);

#endif
