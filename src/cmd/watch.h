/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of `weir watch` share: its options, and one run of it. */
#ifndef WEIR_CMD_WATCH_H
#define WEIR_CMD_WATCH_H

#include "cmd/judging.h"
#include "daemon/clerk.h"
#include "daemon/keeper.h"
#include "sink/event_print.h"
#include "sink/pcapng.h"
#include "sink/screen.h"
#include "sink/view.h"
#include "source/live.h"

#define JOINS_MAX 16

struct watch {
	struct common common;
	bool	      all, lines;
	const char   *authorised, *config, *history, *registry, *write;
	struct texts  joins, interfaces;
	uint64_t      duration_s, count, snaplen, write_mb, write_files;
};

enum side_of { SIDE_UNMARKED, SIDE_INSIDE, SIDE_OUTSIDE };
enum link_state { LINK_UNKNOWN, LINK_UP, LINK_DOWN, LINK_GONE };

struct watched {
	const char     *name;
	enum side_of	side;
	enum link_state state;
	unsigned	gone_ticks;		/* seconds since it went */
};

struct join {
	struct addr group, source;		/* source: ADDR_NONE for any */
	int	    fds[LIVE_INTERFACES_MAX];	/* one a membership; opened at the start */
	unsigned    joined[LIVE_INTERFACES_MAX];/* index of the interface; 0: not */
};

/* The full screen, where there is one. */
struct watch_view {
	struct view    view;
	struct cells   cells;		/* the last screen */
	struct screen *screen;
	struct io      io;		/* like the process's, but messages are held */
	FILE	      *err;		/* the process's */
	char	      *said;		/* what was held */
	size_t	       said_n, shown_n;
	struct mtime   drawn, asked;	/* asked: whether the terminal is there */
	bool	       is_on, is_due, is_gone;
};

struct watching {
	const struct watch    *options;
	const struct io	      *io;
	struct judging_options judging_options;
	struct judging	       judging;
	struct watched	       links[LIVE_INTERFACES_MAX];
	const char	      *names[LIVE_INTERFACES_MAX];
	size_t		       link_count;
	struct join	       joins[JOINS_MAX];
	size_t		       join_count;
	struct keeper	       keeper;
	struct live	      *live;
	int		       netlink;
	struct pcapng_writer  *writer;
	unsigned	       written_files;
	struct clerk	      *clerk;		/* NULL: no history is written */
	bool		       history_in_trouble;
	unsigned	       sample_due;	/* the tick of the next one */
	struct event_print     print;
	bool		       is_line_mode;	/* lines as things happen; else a view, a report or both */
	bool		       is_view;
	struct watch_view      view;
	bool		       is_interrupted;
	uint64_t	       packets, lost_told;
	int		       status;		/* EXIT_CLEAN while all is well */
};

/* cmd/watch_links.c: operands and --join; false, with a complaint, where one is wrong. */
bool watch_parse_links(struct watching *w);
/* Tells the judging which links are inside. */
void watch_place_links(struct watching *w);
/* Opens the sockets of memberships, then asks the keeper for every interface that is there. */
bool watch_open_links(struct watching *w);
/* Reads the news of interfaces, and follows them. */
void watch_follow_links(struct watching *w);
/* Once a second: lets go of what is gone. */
void watch_tick_links(struct watching *w);
/* Leaves all groups. */
void watch_leave(struct watching *w);

/* cmd/watch_write.c: the ring of files. */
bool watch_begin_file(struct watching *w);
void watch_write(struct watching *w, const struct packet *packet);
void watch_end_file(struct watching *w);

/* cmd/watch_view.c: the full screen.  Wanted where standard input and output are a terminal. */
bool watch_view_wanted(const struct watch *options, const struct io *io);
/* Takes the terminal; false where it is of no kind that can be drawn on. */
bool watch_view_begin(struct watching *w);
/* Answers keys and signals, and draws where it is due; false where the end is asked for. */
bool watch_view_turn(struct watching *w, struct mtime steady);
/* How long may be waited: `ms`, or less where a screen is due. */
int watch_view_patience(const struct watching *w, int ms);
/* Once a second: new figures. */
void watch_view_tick(struct watching *w, struct mtime begun, struct mtime steady, uint64_t lost);
/* Gives the terminal back, and leaves the last screen on it. */
void watch_view_end(struct watching *w);

/* cmd/watch_history.c: nothing where no history is asked for. */
bool watch_begin_history(struct watching *w);
/* Sends what waits; true where there is more to be sent soon. */
bool watch_turn_history(struct watching *w);
/* Once a second. */
void watch_tick_history(struct watching *w, unsigned number);
void watch_end_history(struct watching *w);

/* cmd/watch.c: packets that the kernel dropped so far. */
uint64_t watch_count_lost(struct watching *w);

#endif
