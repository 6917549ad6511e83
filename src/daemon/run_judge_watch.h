/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge watches beside judging: the packets of the configuration's `watch` interfaces, and
 * those that the kernel dropped and shows, as flows, RAS servers and findings for the history. */
#ifndef WEIR_DAEMON_RUN_JUDGE_WATCH_H
#define WEIR_DAEMON_RUN_JUDGE_WATCH_H

#include "engine/engine.h"
#include "os/loop.h"
#include "os/packet_socket.h"
#include "sink/history_sample.h"
#include "source/live.h"
#include "wire/wire.h"

/* One boundary, and the watched interfaces that lie on it. */
struct watch_group {
	const struct boundary *boundary;
	bool		       is_enforced;	/* the kernel counts its rules' hits */
	struct inside	       inside;
	struct arena	       arena;
	struct table	      *table;
	struct engine	      *engine;
	struct history_sampler *sampler;
	bool		       is_sent;		/* a sample is on its way to the clerk */
};

struct watch_link {
	const char *name;		/* of the configuration */
	unsigned    index;		/* 0: it is not open */
	int	    fd;
	size_t	    group;
};

struct watching {
	struct watch_group *groups;
	size_t		    group_count;
	struct watch_link  *links;
	size_t		    link_count;
	const char	  **names;	/* of the links that packets number: two an interface */
	struct live	   *live;
	struct authorised  *authorised;
	struct said	    said;
	struct wire_options wire;
	int64_t		    sample_ns;	/* when the next sample is due; INT64_MAX */
	uint64_t	    serial;	/* of these engines: an answer to others is passed over */
};

#endif
