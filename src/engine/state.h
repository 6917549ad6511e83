/* SPDX-License-Identifier: BSD-2-Clause */
/* What an engine holds.  Only engine/ includes this header. */
#ifndef WEIR_ENGINE_STATE_H
#define WEIR_ENGINE_STATE_H

#include "engine/copies.h"
#include "engine/counter.h"
#include "engine/court.h"
#include "engine/engine.h"
#include "engine/listener.h"
#include "engine/member.h"
#include "engine/ras.h"
#include "engine/recall.h"
#include "engine/roll.h"
#include "engine/scan.h"
#include "engine/stream.h"

/* How often something was seen, and where first. */
struct noted {
	uint64_t count, frame;
	uint16_t file;
};

/* What a message that is to be learned says (engine/echo.c). */
struct heard {
	struct recalled list[RECALL_STATEMENTS];
	size_t		n;
	uint64_t	flags;
	uint32_t	print;			/* of every statement */
	bool		is_lost;		/* some of it is no mere repetition */
};

struct packet_counts {
	uint64_t total, ip, multicast, control, unread;
};

struct engine {
	struct engine_options	 options;
	struct court		 court, against;	/* against: where a second policy is given */
	struct large_area	 area;			/* that some of the tables lie in */
	struct counters		 counters;
	struct flow_table	 flows;
	struct findings		 findings;
	struct listeners	*listeners;
	uint32_t		 known_router;		/* whom they know, an IPv4 address; or 0 */
	struct copies		*copies;
	struct recall		*recall;
	struct heard		*heard;			/* NULL: the message is not to be learned */
	struct scans		*scans;
	struct members		*members;		/* NULL where no rule asks for `joined` */
	struct ras_table	*ras;
	struct stream_table	*streams;
	struct said		 stream_said;
	struct distinct		*link_local_groups;
	uint64_t		 link_local_packets;
	struct packet_counts	 packets;
	uint64_t		 points[POINT_COUNT][ACTION_COUNT];
	struct noted		 notes[FLAG_COUNT], anomalies[ANOMALY_COUNT];
	struct mtime		 first, last, now;	/* now never goes back */
	bool			 begun, finished, has_inside;
	bool			 is_simple;		/* nobody wants more of a statement than a
							 * settled flow has */
	uint64_t		 flags_passed;		/* that no rule asks for: a settled
							 * verdict is that of these, too */
	bool			 passes_cut;		/* nor for ANOMALY_CUT */
	bool			 opens_plainly;		/* nor more of a new flow than that it is
							 * there */
	bool			 may_echo;		/* is_simple, and no rule asks for the date */
	struct events		*events;		/* NULL unless asked for */
	struct roll		*roll;			/* the same */
	struct remark		 remarks[REMARKS_MAX];
	size_t			 remark_count;

	/* the frame at hand; of a batch that is taken the quick way, the last that was not */
	const struct packet	*packet;
	uint32_t		 frame;			/* serial number, never 0 */
	uint64_t		 frame_flags, last_frame;
	uint16_t		 last_file;		/* with its number, last_frame */
	bool			 frame_control, frame_link_local, frame_copied;
	bool			 frame_has_one_link;	/* its capture is no mixture of links */
};

/* The next frame's serial number. */
static inline void frame_number(struct engine *engine)
{
	engine->frame += 1u + (engine->frame == UINT32_MAX);
}

/* For engine/brief.c: engine_take() without the sums, which whoever sums up behind makes, too. */
void lump_take(struct engine *engine, struct expected *expected, size_t end);
/* For engine/lump.c: the steps of engine_packet(). */
void frame_begin(struct engine *engine, const struct packet *packet);
void frame_end(struct engine *engine);
/* Judges one statement and remembers it. */
void frame_observe(struct engine *engine, struct observation *obs, bool replay);
/* The same for a statement whose verdict is known to be that of all plain ones of its flow, which is
 * probably new: not at `data`, and nobody wants to know more of it. */
struct flow *frame_observe_settled(struct engine *engine, const struct observation *obs,
				   struct verdict v);
/* Begins the flow of plain UDP data as a lump, without a packet yet: the verdict will be that of
 * all, and `other` that of a second policy, where there is one. */
struct flow *frame_open_lump(struct engine *engine, const struct packet *packet,
			     const struct flow_key *key, uint64_t hash,
			     const struct quick *quick, struct verdict v, struct verdict other);
/* The source has had one group too many. */
void frame_find_scan(struct engine *engine, const struct packet *packet, uint8_t point,
		     struct addr source);
/* A packet to a link-local group has come by another link, too. */
void frame_find_crossed(struct engine *engine, const struct packet *packet, uint8_t point,
			struct addr speaker, struct addr receiver, uint8_t ttl);
/* Takes note of a statement and its flow, or NULL, for engine_learn(). */
void frame_hear(struct engine *engine, struct flow *flow, const struct observation *obs,
		struct verdict v);
/* A packet of a lump is a copy of one before it. */
void frame_find_copy(struct engine *engine, const struct packet *packet,
		     const struct observation *obs);
/* The flow has a larger TTL than before; tells where that is too large for its group. */
void frame_raise_ttl(struct engine *engine, struct flow *flow, const struct packet *packet,
		     uint8_t ttl);
/* What n statements will need is fetched ahead: first where to look, and then, some time later, what
 * is there. */
void frame_foresee(const struct engine *engine, const struct observation *list, size_t n);
void frame_fetch(const struct engine *engine, const struct observation *list, size_t n);
/* Counts what messages that came again add up to, before the counts are read. */
void echoes_settle(struct engine *engine);
void packet_note(struct noted *noted, const struct packet *packet);

#endif
