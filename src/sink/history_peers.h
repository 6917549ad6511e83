/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP peers in the history, by day: the most that each had in the cache at a time, and what came of
 * what it announced.  The day is that of UTC. */
#ifndef WEIR_SINK_HISTORY_PEERS_H
#define WEIR_SINK_HISTORY_PEERS_H

#include "sink/history_read.h"

#define HISTORY_PEER_NAME 64

/* X(field): what is added up over the day. */
#define HISTORY_PEER_SUMS(X)                                                                    \
	X(entries_in) X(fresh) X(refreshed) X(denied) X(limited) X(policed) X(rpf_refused)      \
	X(no_room) X(malformed) X(entries_out) X(withheld) X(sessions)

/* A report of one peer, or its day.  All bytes of the texts behind their ends are zero. */
struct history_peer {
	char	 peer[HISTORY_PEER_NAME], boundary[HISTORY_PEER_NAME];
	int64_t	 day_ns;
	uint64_t reports;
	/* entries of the cache at a time, and the most of one source, one /24, one RP */
	uint64_t held, of_source, of_net, of_rp;
	/* entries made in a minute, and the most of one source; none of a session's first minute */
	uint64_t born, born_of_source;
	bool	 knows_born;		/* of a day that an older weir wrote nothing is known */
#define X(field) uint64_t field;
	HISTORY_PEER_SUMS(X)
#undef X
};

/* Adds reports of a time: what they count, it has grown by since the one before.  0 or negative
 * errno with a line in problem[HISTORY_PROBLEM]; then nothing was written. */
int history_peers_add(struct history *history, const struct history_peer *rows, size_t n,
		      struct mtime at, char *problem);

/* By boundary, peer and day; the boundary is that of the last report of the day, "" where the peer
 * has none.  `since` and `until` ask for whole days.  0 or negative errno with a line in
 * problem[HISTORY_PROBLEM]. */
int history_peers(struct history *history, const struct history_query *query,
		  void (*each)(void *context, const struct history_peer *day), void *context,
		  char *problem);

#endif
