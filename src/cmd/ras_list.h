/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir ras list` does with announcements, wherever they come from. */
#ifndef WEIR_CMD_RAS_LIST_H
#define WEIR_CMD_RAS_LIST_H

#include "base/arena.h"
#include "cmd/command.h"
#include "cmd/side.h"
#include "os/resolver.h"
#include "sink/ras_print.h"
#include "wire/wire.h"

struct ras_list {
	struct common common;
	bool	      follow, resolve;
	const char   *format, *authorised, *config, *history;
	uint64_t      duration_s, count, site_hops;
	struct texts  operands;
};

#define RAS_WAITING_MAX 256

/* A line that waits for the name of its sender. */
struct ras_waiting {
	struct ras_line line;
	struct mtime	until;		/* of the steady clock */
};

struct ras_listing {
	const struct ras_list *options;
	const struct io	      *io;
	struct arena	       arena;
	struct policy	      *policy;		/* that carries --set own; or NULL */
	struct authorised     *authorised;
	struct side	       side;
	struct ras_site	       site;
	struct ras_table      *table;
	struct ras_strays      strays;
	struct resolver	      *resolver;	/* NULL: names are not asked for */
	struct ras_waiting    *waiting;		/* a ring of RAS_WAITING_MAX */
	size_t		       waiting_first, waiting_count;
	struct ras_print       print;		/* what does not change between two prints */
	bool		       is_live;		/* the operands are interfaces */
	uint64_t	       heard;		/* announcements */
	int		       status;
};

/* Announcements are printed as they come: --follow, or the layout of netsh. */
bool listing_follows(const struct ras_listing *l);
/* Takes note of all that a packet says. */
void listing_hear(struct ras_listing *l, const struct said *said);
/* --count is reached, or nobody reads any more. */
bool listing_has_enough(const struct ras_listing *l);

/* Prints lines whose names are known, or did not come in time; all of them where forced. */
void listing_flush(struct ras_listing *l, bool forced);
/* The last announcement of a server, in the format of lines. */
void listing_put_host(struct ras_listing *l, const struct ras_host *host);
/* Waits for the names of what is to be printed, a few seconds at most. */
void listing_wait_for_names(struct ras_listing *l);

/* The inventory as of now, to be printed. */
struct ras_print listing_settle(struct ras_listing *l, struct mtime now);
/* Whether anything of it is a finding. */
bool listing_has_findings(const struct ras_print *print);

/* From the history, as of now. */
void listing_recall(struct ras_listing *l);

/* From interfaces, until the duration, the count or a signal ends it. */
void listing_listen(struct ras_listing *l);

#endif
