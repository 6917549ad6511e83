/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit's memory: what packets said goes in, in time order, is judged, and remembered as
 * flows, counters of rules, policers, RAS servers and findings, in tables that are all taken at
 * the start.  engine/report.h reads them at the end.  Time is that of the packets. */
#ifndef WEIR_ENGINE_ENGINE_H
#define WEIR_ENGINE_ENGINE_H

#include "engine/authorised.h"
#include "engine/event.h"
#include "engine/finding.h"
#include "engine/inside.h"
#include "model/packet.h"
#include "model/verdict.h"
#include "wire/brief.h"
#include "wire/echo.h"

struct engine;
struct table;

struct engine_options {
	struct inside		 inside;
	const struct authorised *authorised;	/* NULL: no list was given */
	const struct boundary	*against;	/* a second policy's, to compare with; or NULL */
	const struct table	*against_table;
	bool			 remarks;	/* keep what was found of the latest packet */
	bool			 events;	/* keep what is new, for engine_event_next() */
	bool			 roll;		/* keep who asked for what, for engine_roll() */
	/* Told of each large table before it is used; may be NULL. */
	void			(*advise)(void *memory, size_t bytes);
};

/* Boundaries and tables are borrowed; without a table the reference interpreter judges.
 * The caller frees the engine. */
struct engine *engine_new(const struct boundary *boundary, const struct table *table,
			  const struct engine_options *options);
void engine_free(struct engine *engine);

/* Replaces what is inside, where interfaces come one after the other. */
void engine_place(struct engine *engine, const struct inside *inside);

/* One packet and what wire_decode() made of it; direction and `joined` are filled in. */
void engine_packet(struct engine *engine, const struct packet *packet, struct said *said);

/* What is known of a new flow of IPv4 data when it is expected. */
struct newcomer {
	uint64_t       source;			/* addr_hash() */
	struct verdict verdict;			/* of all its packets; RULE_NONE: of each its own */
};

/* The quick way (wire/quick.h), with the same result, for at most QUICK_BATCH packets that
 * quick_look() has seen.  engine_foretell() tells quick_look_sorted() where the engine will look
 * them up.  engine_expect() has fetched what the batch needs, so that the misses overlap;
 * engine_take() takes the packets that were not taken yet up to index `end`, none of which asks:
 * those are wire_decode()'s and engine_packet()'s, in their turn.  Not together with remarks. */
struct expected {
	const struct packet	 *packets;	/* all three: the caller's */
	const struct quick	 *quick;
	const struct quick_lists *lists;
	size_t			  taken;	/* before it all sums are made */
	size_t			  cuts;		/* behind it, that the snap length cut */
	size_t			  briefs;	/* behind it, or echoes: control messages to groups */
	size_t			  data_taken;	/* of lists->data */
	const uint8_t		 *ahead;	/* quick_fetch() */
	uint32_t		  flow[QUICK_BATCH];	/* of each of these the IPv4 flow; 0: none */
	uint32_t		  flow6[QUICK_BATCH];	/* and then of IPv6 data the IPv6 flow */
	uint64_t		  passage[QUICK_BATCH];	/* and the hash by which it crosses links */
	struct newcomer		  fresh[QUICK_BATCH];	/* and of IPv4 data what begins a flow */
};

void engine_foretell(const struct engine *engine, struct quick_lists *out);
void engine_expect(struct engine *engine, const struct packet *packets, const struct quick *quick,
		   const struct quick_lists *lists, size_t n, struct expected *out);
void engine_take(struct engine *engine, struct expected *expected, size_t end);

/* What engine_packet() will need for these statements is fetched ahead: what tells where their
 * flows are, and then, some time later, these. */
void engine_foresee(const struct engine *engine, const struct said *said);
void engine_expect_said(const struct engine *engine, const struct said *said);

/* The quick way for a brief message.  engine_expect_brief() fetches what its flows are counted in;
 * engine_take_brief() takes the packets before packet i as engine_take() does, and this one with
 * the same result as engine_packet(), or returns false and has done nothing to it. */
struct expected_brief {
	struct brief brief;
	uint64_t     passage;			/* copies_hash(), where the receiver is link-local */
	uint32_t     flow[BRIEF_MAX];		/* of each statement the flow's number; 0: none */
	uint32_t     kind[BRIEF_MAX];		/* its flow_kind(), where it is settled */
};

void engine_expect_brief(const struct engine *engine, struct expected_brief *message);
bool engine_take_brief(struct engine *engine, struct expected *expected, size_t i,
		       const struct expected_brief *message);

/* The quick way for a message that says word for word what one before it said.
 * engine_foresee_echo() tells whether there may have been one, and fetches what is known of it;
 * engine_expect_echo() and engine_take_echo() are as for brief messages.  engine_learn() is
 * engine_packet() for what may come again. */
struct memo;

struct expected_echo {
	uint64_t	   hash;		/* echo_hash() */
	uint64_t	   passage;		/* copies_hash(), where the receiver is link-local */
	struct memo *memo;			/* NULL: it says something else */
	uint32_t	   serial, print;	/* the memo's, and the packet's */
};

bool engine_foresee_echo(const struct engine *engine, const struct quick *quick,
			 const struct packet *packet, struct expected_echo *message);
void engine_expect_echo(const struct engine *engine, const struct packet *packet,
			struct expected_echo *message);
bool engine_take_echo(struct engine *engine, struct expected *expected, size_t i,
		      const struct expected_echo *message);
void engine_learn(struct engine *engine, const struct quick *quick, const struct packet *packet,
		  struct said *said, uint64_t hash);

/* At the end of the input: what still waits is said.  Idempotent. */
void engine_finish(struct engine *engine);

/* What was found of the latest packet, where engine_options.remarks asks for it. */
#define REMARKS_MAX 16
#define REMARK_VERDICT FINDING_COUNT		/* a kind beside enum finding_kind */

struct remark {
	struct addr    source, group;
	struct verdict verdict;			/* of kind REMARK_VERDICT */
	uint8_t	       kind, point;
	bool	       is_finding;		/* false: a verdict that lets it pass, or link-local */
};

/* What is new since the last call, where engine_options.events asks for it; false where nothing
 * is.  And how many were dropped for want of room since the last call. */
bool engine_event_next(struct engine *engine, struct event *out);
uint64_t engine_events_lost(struct engine *engine);

/* The next RAS server whose state, name or neighbours (moved, duplicate name) changed since this
 * was last called for it, as of `now`; NULL where none did. */
struct ras_host;
const struct ras_host *engine_ras_next(struct engine *engine, struct mtime now);

/* The next police line that spoke since this was last asked, with its figures; false where none did. */
struct gauge;
bool engine_gauge_next(struct engine *engine, struct gauge *out);

/* Flows that began before a time and were heard after it: the busiest, at most `max` of them, and
 * how many others there are.  Looks through the whole table. */
#define ENGINE_BUSY_MAX 64
size_t engine_goes_on(const struct engine *engine, int64_t since_ns, struct event *out, size_t max,
		      size_t *out_others);

/* Who asked for what, where engine_options.roll asks for it; else NULL. */
struct roll;
const struct roll *engine_roll(const struct engine *engine);

const struct remark *engine_remarks(const struct engine *engine, size_t *out_n);

#endif
