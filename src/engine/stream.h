/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP streams of MSDP, put together: segments in whatever order, cut, overlap and number
 * they come, TLVs out.  RFC 9293 3.4, RFC 3618 12.  Bounded memory: a stream or a byte that
 * finds no room is counted.  Knows no policy and no peer configuration. */
#ifndef WEIR_ENGINE_STREAM_H
#define WEIR_ENGINE_STREAM_H

#include "wire/brief.h"

#define STREAMS_MAX 512			/* directions of connections */
#define STREAM_WAITING_MAX 65536	/* bytes of one stream that wait behind a hole */
#define STREAM_HOLE_NS (10 * NS_PER_S)	/* an older hole is never filled: the flag `gap` */
#define STREAM_REPLAY_NS (60 * NS_PER_S)	/* LANGUAGE S53: a younger stream replays */

struct stream_table;

struct stream_counters {
	uint64_t opened;		/* streams that were ever kept */
	uint64_t evicted;		/* of these, dropped for want of room */
	uint64_t gaps;			/* holes that were given up */
	uint64_t refused_bytes;		/* bytes behind a hole that found no room */
};

/* Takes all of its memory at once; the caller frees it. */
struct stream_table *stream_table_new(void);
void stream_table_free(struct stream_table *table);

/* Appends to `out` what every TLV says that this segment completes.  Their time and frame are
 * this segment's, their speaker is the sender of the stream.  The first TLV behind bytes that
 * were never seen has the flag `gap`.  Segments of other ports are passed over.
 * Returns the stream's age: the time since its first segment that was seen.  What a stream says
 * at an age below STREAM_REPLAY_NS it may be replaying from a cache, so the SAs count as old
 * (LANGUAGE S53). */
int64_t stream_segment(struct stream_table *table, const struct segment *segment,
		       struct said *out);

/* The same of a segment of IPv4 that carries no byte and no SYN, FIN or RST, for who wants only what
 * it says.  False, and nothing was done, where bytes wait that it may have given up. */
bool stream_acknowledge(struct stream_table *table, const struct brief *segment, struct mtime at);
/* The same of a segment with one TLV that the snap length cut; true where that is all it says: one
 * anomaly. */
bool stream_pass_cut(struct stream_table *table, const struct brief *segment, struct mtime at);

/* At the end of the input: gives up the holes of one stream and appends what stands behind
 * them; the time is that of the stream's last segment.  False when no stream waits any more. */
bool stream_flush(struct stream_table *table, struct said *out, int64_t *out_age_ns);

struct stream_counters stream_counters(const struct stream_table *table);

#endif
