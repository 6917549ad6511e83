/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources that open one group after the other: over 256 new groups in 10 s is a worm or a port
 * scan that took multicast addresses into its dice (the draft's 2.2).  Knows no rules. */
#ifndef WEIR_ENGINE_SCAN_H
#define WEIR_ENGINE_SCAN_H

#include <stdbool.h>

#include "base/large_page.h"
#include "base/mtime.h"

#define SCAN_GROUPS 256
#define SCAN_WINDOW_NS (10 * NS_PER_S)
#define SCAN_SOURCES_MAX 2048

struct scans;

/* In the area, which outlives it. */
struct scans *scans_new(struct large_area *area);

/* Before scans_note(): has what that will read fetched. */
void scans_expect(const struct scans *scans, uint64_t source);
/* A group that this source, an addr_hash(), had not sent to before.  True where it is the 257th of 10 s, or
 * one more behind it. */
bool scans_note(struct scans *scans, uint64_t source, struct mtime at);

#endif
