/* SPDX-License-Identifier: BSD-2-Clause */
/* The last hour's flows, as the history tells them, under one policy and another. */
#ifndef WEIR_DAEMON_RUN_PAST_H
#define WEIR_DAEMON_RUN_PAST_H

#include <jansson.h>

#include "base/text.h"
#include "policy/policy.h"

#define PAST_FLOWS_MAX 20000

/* One line a flow whose verdict is another, of at most 40, and how many there are.  `flows` is an
 * array of {boundary, source, group, length, point}. */
size_t past_changes(const struct policy *from, const struct policy *to, const json_t *flows,
		    struct text *out);

#endif
