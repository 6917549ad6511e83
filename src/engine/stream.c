/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP streams of MSDP, put together.  RFC 9293 3.4, 3.10.7.  One entry for each direction
 * of a connection, in sets of WAYS; the bytes behind a hole wait in pieces of one common pool.
 * Of bytes that came twice the first copy counts.
 * Knows sequence numbers, not TLVs: wire/msdp cuts and reads those. */
#include "engine/stream.h"

#include <stdlib.h>

#include "base/memory.h"
#include "wire/msdp.h"

#define WAYS 8
#define SETS (STREAMS_MAX / WAYS)
#define RECENT 16
#define PIECES 1536
#define PIECE_BYTES 1480
#define JUMP_MAX (1 << 20)		/* further off is another connection's number */

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4 };

/* A part of a segment that waits behind a hole. */
struct piece {
	struct piece *next;
	struct mtime  since;
	uint32_t      seq, missing;
	uint16_t      n;
	uint8_t	      bytes[PIECE_BYTES];
};

/* Who sends to whom: what tells a stream from others. */
struct ends {
	struct addr from, to;
	uint16_t    from_port, to_port;
};

struct stream {
	struct ends	   ends;
	bool		   used;
	bool		   speaks;		/* a TLV was cut out of it */
	bool		   ended;		/* FIN or RST was its last word */
	uint32_t	   begin, next;		/* sequence numbers: first byte, next byte */
	struct piece	  *waiting;		/* by sequence number */
	size_t		   waiting_bytes;
	struct mtime	   first;
	uint64_t	   heard;		/* a count that grows with every segment */
	struct observation header;		/* of the latest segment */
	struct msdp_framer framer;
};

struct stream_table {
	struct stream	      *streams;		/* SETS * WAYS */
	struct stream	      *recent[RECENT];	/* that were found lately, by their ends; or NULL */
	struct piece	      *pieces;		/* PIECES of them */
	size_t		       pieces_used;	/* the rest was never touched */
	size_t		       pieces_waiting;
	struct piece	      *idle;
	uint64_t	       heard;
	struct mtime	       now;
	struct stream_counters counters;
};

struct stream_table *stream_table_new(void)
{
	struct stream_table *t = memory_take(sizeof(*t));

	t->streams = memory_array(STREAMS_MAX, sizeof(t->streams[0]));
	t->pieces = memory_array(PIECES, sizeof(t->pieces[0]));
	return t;
}

void stream_table_free(struct stream_table *table)
{
	if (!table)
		return;
	free(table->streams);
	free(table->pieces);
	free(table);
}

struct stream_counters stream_counters(const struct stream_table *table)
{
	return table->counters;
}

/* The distance from b to a on the circle of sequence numbers (RFC 9293 3.4). */
static int32_t distance(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void drop_first(struct stream_table *t, struct stream *s)
{
	struct piece *piece = s->waiting;

	s->waiting = piece->next;
	s->waiting_bytes -= piece->n;
	t->pieces_waiting--;
	piece->next = t->idle;
	t->idle = piece;
}

static void drop_stream(struct stream_table *t, struct stream *s)
{
	while (s->waiting)
		drop_first(t, s);
	s->used = s->ended = false;
}

static struct ends ends_of(const struct observation *h)
{
	return (struct ends){ h->speaker, h->receiver, h->sport, h->dport };
}

static bool is_same(const struct stream *s, const struct ends *ends)
{
	return s->used && s->ends.from_port == ends->from_port &&
	       s->ends.to_port == ends->to_port && addr_equal(s->ends.from, ends->from) &&
	       addr_equal(s->ends.to, ends->to);
}

/* How much a stream is worth keeping: nobody drops one that speaks by opening idle ones. */
static int worth(const struct stream *s)
{
	return !s->used ? 0 : s->ended ? 1 : !s->speaks ? 2 : 3;
}

/* The stream's own entry, else the one of its set that is worth least, the older of equals. */
static struct stream *look_for_place(struct stream_table *t, const struct ends *ends)
{
	uint64_t hash = addr_hash(ends->from) * 3 + addr_hash(ends->to) * 5 +
			(uint64_t)ends->from_port * 0x10001 + ends->to_port;
	struct stream *set = &t->streams[(hash ^ hash >> 32) % SETS * WAYS];
	struct stream *least = set;

	for (struct stream *s = set; s < set + WAYS; s++) {
		int more = worth(s) - worth(least);

		if (is_same(s, ends))
			return s;
		if (more < 0 || (more == 0 && s->heard < least->heard))
			least = s;
	}
	return least;
}

static inline struct stream **find_recent(struct stream_table *t, const struct ends *ends)
{
	return &t->recent[(ends->from.lo ^ ends->from_port) % RECENT];
}

static struct stream *find_place(struct stream_table *t, const struct ends *ends)
{
	struct stream **recent = find_recent(t, ends);

	if (!*recent || !is_same(*recent, ends))
		*recent = look_for_place(t, ends);
	return *recent;
}

/* Whether the segment belongs to the connection that the entry is about, or to a later one
 * between the same ports. */
static bool goes_on(const struct stream *s, const struct segment *segment)
{
	int32_t ahead = distance(segment->seq, s->next);

	if (segment->tcp_flags & TCP_SYN)
		return segment->seq + 1 == s->begin;		/* a SYN that came twice */
	return ahead <= JUMP_MAX && ahead >= -JUMP_MAX;
}

/* A stream that begins with this segment: at its SYN, or somewhere in the middle. */
static void open_stream(struct stream_table *t, struct stream *s, const struct ends *ends,
			const struct segment *segment)
{
	bool syn = segment->tcp_flags & TCP_SYN, same = is_same(s, ends), jumped = !syn && same;

	t->counters.evicted += s->used && !same;
	if (jumped)
		t->counters.gaps++;
	else
		t->counters.opened++;
	drop_stream(t, s);
	s->ends = *ends;
	s->used = true;
	s->speaks = s->speaks && jumped;
	s->first = jumped ? s->first : t->now;
	s->begin = s->next = segment->seq + (syn ? 1 : 0);
	s->framer.n = s->framer.given = 0;
	s->framer.skip = 0;
	s->framer.lost = !syn;
	s->framer.passed = jumped;
}

/* A name out of a TLV lives in the stream's memory, which the next TLV overwrites: it moves to
 * the scratch, or is left out where that is full. */
static void move_name(struct span *name, struct said *out)
{
	bool there = name->p >= out->scratch && name->p < out->scratch + SAID_SCRATCH;

	if (name->n == 0 || there)
		return;
	if (name->n > SAID_SCRATCH - out->scratch_used) {
		*name = (struct span){ 0 };
		return;
	}
	memcpy(out->scratch + out->scratch_used, name->p, name->n);
	name->p = out->scratch + out->scratch_used;
	out->scratch_used += name->n;
}

static void move_names(struct said *out, size_t since)
{
	for (size_t i = since; i < out->n; i++) {
		struct observation *obs = &out->list[i];

		if ((obs->session.n | obs->hostname.n | obs->domain.n) == 0)
			continue;
		move_name(&obs->session, out);
		move_name(&obs->hostname, out);
		move_name(&obs->domain, out);
	}
}

/* What stands in the next bytes of the stream, in order. */
static void read_bytes(struct stream *s, struct span bytes, struct said *out)
{
	struct span tlv;

	s->next += (uint32_t)bytes.n;
	while (msdp_frame_next(&s->framer, &bytes, &tlv)) {
		struct observation header = s->header;
		size_t said_before = out->n;

		if (s->framer.passed)
			header.flags |= FLAG_BIT(GAP);
		s->framer.passed = false;
		s->speaks = true;
		msdp_decode(&header, tlv, out);
		move_names(out, said_before);
	}
}

/* Bytes that nobody will ever see. */
static bool pass_hole(struct stream *s, uint32_t n)
{
	s->next += n;
	return msdp_frame_gap(&s->framer, n);
}

/* The end of a segment that the snap length took: said, where it took anything of a TLV. */
static void pass_missing(struct stream *s, uint32_t n, struct said *out)
{
	struct observation obs = s->header;

	if (n == 0 || !pass_hole(s, n))
		return;
	obs.protocol = PROTOCOL_MSDP;
	obs.type = TYPE_DATA;
	obs.point = POINT_SA;
	obs.anomaly = ANOMALY_CUT;
	said_add(out, &obs);
}

/* Bytes at a place that the stream has reached: what it has of them already is left out. */
static void read_at(struct stream *s, uint32_t seq, struct span bytes, uint32_t missing,
		    struct said *out)
{
	uint32_t known = (uint32_t)distance(s->next, seq);

	if (known < bytes.n) {
		read_bytes(s, (struct span){ bytes.p + known, bytes.n - known }, out);
		known = (uint32_t)bytes.n;
	}
	if (known - bytes.n < missing)
		pass_missing(s, missing - (known - (uint32_t)bytes.n), out);
}

/* What waits and has its turn now. */
static void read_waiting(struct stream_table *t, struct stream *s, struct said *out)
{
	while (s->waiting && distance(s->waiting->seq, s->next) <= 0) {
		struct piece *p = s->waiting;

		read_at(s, p->seq, (struct span){ p->bytes, p->n }, p->missing, out);
		drop_first(t, s);
	}
}

/* Nobody fills the first hole any more: go on behind it. */
static void give_up_hole(struct stream_table *t, struct stream *s, struct said *out)
{
	t->counters.gaps++;
	(void)pass_hole(s, (uint32_t)distance(s->waiting->seq, s->next));
	read_waiting(t, s, out);
}

static struct piece *take_piece(struct stream_table *t)
{
	struct piece *piece = t->idle;

	if (piece)
		t->idle = piece->next;
	else if (t->pieces_used < PIECES)
		piece = &t->pieces[t->pieces_used++];
	return piece;
}

/* False where there is no room. */
static bool wait_piece(struct stream_table *t, struct stream *s, uint32_t seq,
		       struct span bytes, uint32_t missing)
{
	struct piece **at = &s->waiting;
	struct piece *piece;

	while (*at && distance((*at)->seq, seq) <= 0) {
		if ((*at)->seq == seq && (*at)->n >= bytes.n)
			return true;			/* a copy of what waits already */
		at = &(*at)->next;
	}
	if (s->waiting_bytes + bytes.n > STREAM_WAITING_MAX)
		return false;
	piece = take_piece(t);
	if (!piece)
		return false;
	piece->next = *at;
	*at = piece;
	piece->since = t->now;
	piece->seq = seq;
	piece->missing = missing;
	piece->n = (uint16_t)bytes.n;
	if (bytes.n > 0)
		memcpy(piece->bytes, bytes.p, bytes.n);
	s->waiting_bytes += bytes.n;
	t->pieces_waiting++;
	return true;
}

/* Room is made by giving up the stream's own holes.  Bytes that find none even then, because
 * other streams hold the pool, leave a hole for later. */
static void wait_segment(struct stream_table *t, struct stream *s,
			 const struct segment *segment, struct said *out)
{
	struct rd r = rd_of(segment->payload);
	uint32_t seq = segment->seq;

	do {
		size_t n = rd_left(&r) < PIECE_BYTES ? rd_left(&r) : PIECE_BYTES;
		struct span part = rd_take(&r, n);
		uint32_t missing = rd_left(&r) == 0 ? segment->missing : 0;
		bool waits = wait_piece(t, s, seq, part, missing);

		while (!waits && s->waiting && distance(seq, s->next) > 0) {
			give_up_hole(t, s, out);
			waits = wait_piece(t, s, seq, part, missing);
		}
		if (!waits && distance(seq, s->next) <= 0)
			read_at(s, seq, part, missing, out);
		else if (!waits)
			t->counters.refused_bytes += n;
		seq += (uint32_t)n;
	} while (rd_left(&r) > 0);
	read_waiting(t, s, out);
}

static void read_segment(struct stream_table *t, struct stream *s,
			 const struct segment *segment, struct said *out)
{
	uint32_t seq = segment->seq + (segment->tcp_flags & TCP_SYN ? 1 : 0);

	if (segment->payload.n > 0 || segment->missing > 0) {
		s->ended = false;
		if (distance(seq, s->next) > 0) {
			wait_segment(t, s, segment, out);
		} else {
			read_at(s, seq, segment->payload, segment->missing, out);
			read_waiting(t, s, out);
		}
	}
	if (segment->tcp_flags & (TCP_FIN | TCP_RST))
		s->ended = true;
	while (s->waiting && ((segment->tcp_flags & TCP_RST) ||
			      t->now.ns - s->waiting->since.ns > STREAM_HOLE_NS))
		give_up_hole(t, s, out);
}

static bool is_empty(const struct segment *segment)
{
	return segment->payload.n == 0 && segment->missing == 0 &&
	       !(segment->tcp_flags & TCP_SYN);
}

static struct ends ends_of4(const struct brief *segment)
{
	return (struct ends){ addr_of4(segment->speaker), addr_of4(segment->receiver),
			      segment->sport, segment->dport };
}

static void tell_time(struct stream_table *t, struct mtime at)
{
	if (at.ns > t->now.ns)
		t->now = at;
}

int64_t stream_segment(struct stream_table *table, const struct segment *segment,
		       struct said *out)
{
	struct ends ends = ends_of(&segment->header);
	struct stream *s;
	bool same;

	if (segment->header.sport != MSDP_PORT && segment->header.dport != MSDP_PORT)
		return 0;
	tell_time(table, segment->header.at);
	s = find_place(table, &ends);
	same = is_same(s, &ends);
	if (is_empty(segment) && !same)
		return 0;
	if (!is_empty(segment) && (!same || !goes_on(s, segment)))
		open_stream(table, s, &ends, segment);
	s->heard = ++table->heard;
	s->header = segment->header;
	read_segment(table, s, segment, out);
	return table->now.ns - s->first.ns;
}

/* As is_same(), of IPv4, at once. */
static inline bool is_same4(const struct stream *s, const struct brief *segment)
{
	const struct ends *ends = &s->ends;

	return s->used && ((ends->from.lo ^ segment->speaker) | (ends->to.lo ^ segment->receiver) |
			   (unsigned)(ends->from_port ^ segment->sport) |
			   (unsigned)(ends->to_port ^ segment->dport) |
			   (unsigned)(ends->from.family ^ FAMILY_IP4) |
			   (unsigned)(ends->to.family ^ FAMILY_IP4)) == 0;
}

/* The stream that the segment is of; NULL where none is kept. */
static struct stream *find_stream4(struct stream_table *t, const struct brief *segment)
{
	struct ends ends = ends_of4(segment);
	struct stream *s = *find_recent(t, &ends);

	if (s && is_same4(s, segment))
		return s;
	s = find_place(t, &ends);
	return is_same(s, &ends) ? s : NULL;
}

bool stream_acknowledge(struct stream_table *table, const struct brief *segment, struct mtime at)
{
	struct stream *s = find_stream4(table, segment);

	if (s && s->waiting)
		return false;
	tell_time(table, at);
	if (s)
		s->heard = ++table->heard;
	return true;
}

bool stream_pass_cut(struct stream_table *table, const struct brief *segment, struct mtime at)
{
	struct stream *s = find_stream4(table, segment);

	if (!s || s->waiting || s->next != segment->seq || !msdp_frame_pass(&s->framer))
		return false;
	tell_time(table, at);
	s->heard = ++table->heard;
	s->ended = false;
	s->next += segment->tlv;
	return true;
}

bool stream_flush(struct stream_table *table, struct said *out, int64_t *out_age_ns)
{
	for (size_t i = 0; i < STREAMS_MAX && table->pieces_waiting > 0; i++) {
		struct stream *s = &table->streams[i];

		if (!s->used || !s->waiting)
			continue;
		while (s->waiting)
			give_up_hole(table, s, out);
		*out_age_ns = table->now.ns - s->first.ns;
		return true;
	}
	return false;
}
