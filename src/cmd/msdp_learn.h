/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir msdp learn` has learned, and printing it: as policy text, or as JSON. */
#ifndef WEIR_CMD_MSDP_LEARN_H
#define WEIR_CMD_MSDP_LEARN_H

#include <stdio.h>

#include "base/json.h"
#include "sink/history_peers.h"

/* Entries of a peer, of one source, of one /24, of one RP. */
enum learned { LEARNED_PEER, LEARNED_SOURCE, LEARNED_NET, LEARNED_RP, LEARNED_COUNT };

/* What is made of them in a minute, by the same keys; weir counts it of these two. */
#define LEARNED_RATES (LEARNED_SOURCE + 1)

/* No limit is lower, however little is usual. */
#define LEARNED_LEAST 10

struct learned_peer {
	const struct history_peer *days;
	size_t			   n;
	bool			   knows_rates;
	uint64_t		   rates[LEARNED_RATES];	/* usual */
	uint64_t		   usual[LEARNED_COUNT], most[LEARNED_COUNT];
	int64_t			   most_ns[LEARNED_COUNT];
};

struct learned_limit {
	const char *peer;		/* the one that decides */
	uint64_t    usual, over, warn;
	const char *rate_peer;		/* NULL: nothing is known of its rate */
	uint64_t    rate_usual, rate;	/* a minute */
};

struct learned_boundary {
	const char	    *name;	/* "": none, and so no place for a line */
	struct learned_peer *peers;
	size_t		     n;
	struct learned_limit limits[LEARNED_COUNT];
};

struct learned_report {
	struct text out;
	struct json json;
	bool	    is_json;
	uint64_t    times;
	size_t	    days_good;
	size_t	    boundaries;		/* printed */
};

void learned_begin(struct learned_report *report, bool is_json);
void learned_boundary_print(struct learned_report *report,
			    const struct learned_boundary *b);
void learned_end(struct learned_report *report, FILE *out);

#endif
