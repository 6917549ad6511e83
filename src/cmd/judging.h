/* SPDX-License-Identifier: BSD-2-Clause */
/* What `audit` and `watch` share: the policy, the lists and the engine that the options name,
 * and the loop that judges batches of packets.  So both count alike. */
#ifndef WEIR_CMD_JUDGING_H
#define WEIR_CMD_JUDGING_H

#include "cmd/command.h"
#include "cmd/side.h"
#include "engine/engine.h"
#include "net/registry.h"
#include "source/source.h"

/* What the options say; all but `common` may be NULL. */
struct judging_options {
	const struct common *common;
	const char	    *against, *authorised, *config, *registry;
	bool		     remarks, events, roll;	/* of the engine */
};

/* Packets that are read before the first of them is judged. */
#define JUDGING_AHEAD 12

/* What one says: in brief, or what one before it said, or in full. */
enum way { WAY_BRIEF, WAY_ECHO, WAY_SAID };

struct ahead {
	enum way	      way;
	bool		      may_echo;
	struct expected_brief brief;
	struct expected_echo  echo;
	struct said	     *said;		/* own, or of another thread; NULL: not decoded */
	struct said	      own;
	struct packet	      packet;		/* with bytes that nobody else can change */
	uint8_t		     *bytes;		/* room for those of the longest */
};

struct judging {
	const struct judging_options *options;
	const struct io		     *io;
	struct policy		     *policy, *against_policy;
	const struct boundary	     *boundary, *against;
	struct table		     *table, *against_table;
	struct side		      side;
	struct authorised	     *authorised;
	struct registry		     *registry;
	struct engine		     *engine;
	struct wire_options	      wire;
	struct quick_rules	      rules;
	struct said		      said;
	struct ahead		      ahead[JUDGING_AHEAD];
};

/* Reads all that the options name.  EXIT_CLEAN, or the exit status, with a complaint.  Release
 * it in any case. */
int judging_load(struct judging *j, const struct judging_options *options, const struct io *io);
/* Makes the engine, when whatever else may fail went well. */
void judging_begin(struct judging *j);
void judging_release(struct judging *j);

/* One packet the long way, so that the engine's remarks are of it. */
void judging_packet(struct judging *j, const struct packet *packet);
/* Any number of packets the quick way, with what other threads made of them beforehand; not where
 * there are remarks. */
void judging_batch(struct judging *j, const struct batch *batch);

#endif
