/* SPDX-License-Identifier: BSD-2-Clause */
/* How a counter moved: its rate over the last second, and its last minute as eight bars.  Knows no
 * clock: seconds are told. */
#ifndef WEIR_SINK_PULSE_H
#define WEIR_SINK_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define PULSE_BARS 8
#define PULSE_BAR_S 8

struct pulse {
	uint64_t then;			/* the counter when it was last felt */
	uint32_t who;			/* whose it is; another one begins anew */
	uint32_t rate;			/* per second */
	uint32_t second;
	uint32_t bars[PULSE_BARS];	/* of eight seconds each, in a ring by second */
};

/* Another counter, which began from 0 in this second. */
void pulse_begin(struct pulse *pulse, uint32_t who, uint32_t second);
/* The counter stands at `total` in this second; the first time it came from 0. */
void pulse_feel(struct pulse *pulse, uint32_t who, uint64_t total, uint32_t second);
/* Appends one character for each bar, oldest first. */
void pulse_spark(const struct pulse *pulse, uint32_t second, bool ascii, struct text *out);

#endif
