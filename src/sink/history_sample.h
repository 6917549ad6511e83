/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples for the history: what the engine's report has grown by since the sample before, as bytes.
 * Whoever counts packets makes them; whoever holds the file writes them (history_take()), in
 * another process where packets are live.  Knows no file and no clock. */
#ifndef WEIR_SINK_HISTORY_SAMPLE_H
#define WEIR_SINK_HISTORY_SAMPLE_H

#include "base/text.h"
#include "engine/report.h"
#include "policy/policy.h"

#define HISTORY_BUCKET_S 300

struct history_sampler;

/* The policy is borrowed.  `from` is when counting began; 0: with the first packet. */
struct history_sampler *history_sampler_new(const struct policy *policy, struct mtime from);
void history_sampler_free(struct history_sampler *sampler);

/* The names of the links that a RAS server's `link` numbers; borrowed.  Without them it is not told
 * on which interface a server was heard. */
void history_sampler_links(struct history_sampler *sampler, const char *const *names, size_t n);
/* How many packets the kernel dropped so far. */
void history_sampler_drops(struct history_sampler *sampler, uint64_t dropped);

/* Adds counters of rules, points, flags, anomalies and drops up to a time; cheap. */
void history_sampler_count(struct history_sampler *sampler, const struct report *report,
			   struct mtime at);
/* Adds flows that were heard since they were written last, findings and servers; once, and last. */
void history_sampler_rows(struct history_sampler *sampler, const struct report *report,
			  struct mtime at);
/* What was added since it was emptied, whole; no bytes where there is nothing.  Valid until the
 * next call. */
struct span history_sampler_bytes(struct history_sampler *sampler);
/* Empties it.  Where the sample was not written, the next one has what this one had. */
void history_sampler_empty(struct history_sampler *sampler, bool was_written);

#endif
