/* SPDX-License-Identifier: BSD-2-Clause */
/* The scout.  Knows of the formats only how a packet's record begins, and where it tells its
 * length.  Records of the other byte order are not looked for. */
#include "source/scout.h"

#include <string.h>

#define STRETCHES 16
/* A stretch begins where so many records would follow each other. */
#define RECORDS_SURE 3
/* Packets of one capture are not further apart, or their stretch is not found. */
#define NEAR_SECONDS 86400
#define BLOCK_PACKET 6			/* pcapng: Enhanced Packet Block */

/* Where a record has its length, and what to add to it. */
struct shape {
	size_t	 header, length_at, more;
	uint32_t seconds;
	bool	 is_pcapng;
};

/* Where the scout is in its stretch. */
struct stretch {
	const uint8_t *p, *end;
};

static struct shape shape_of(const struct capture *c)
{
	if (c->is_pcapng)
		return (struct shape){ .header = 28, .length_at = 4, .is_pcapng = true };
	return (struct shape){ .header = 16, .length_at = 8, .more = c->header_size,
			       .seconds = (uint32_t)(c->last.ns / NS_PER_S) };
}

static inline uint32_t load(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	KEEP_LOADED(x);
	return x;
}

static inline size_t length_of(const struct shape *shape, const uint8_t *p)
{
	return load(p + shape->length_at) + shape->more;
}

/* Whether the record of a packet may begin with this header. */
static inline bool may_begin(const struct shape *shape, const uint8_t *p)
{
	uint32_t captured, wire;

	if (shape->is_pcapng ? load(p) != BLOCK_PACKET
			     : load(p) - shape->seconds + NEAR_SECONDS > 2 * NEAR_SECONDS)
		return false;
	captured = load(p + (shape->is_pcapng ? 20 : 8));
	wire = load(p + (shape->is_pcapng ? 24 : 12));
	return captured > 0 && captured <= wire && captured <= CAPTURE_PACKET_MAX &&
	       captured <= length_of(shape, p);
}

/* Some records in a row, or as many as there are. */
static bool begins_row(const struct shape *shape, const uint8_t *p, const uint8_t *end)
{
	for (unsigned i = 0; i < RECORDS_SURE && (size_t)(end - p) >= shape->header; i++) {
		/* looked at once: whoever may write to the file can change it meanwhile */
		const size_t length = length_of(shape, p);

		if (!may_begin(shape, p))
			return false;
		if (length > (size_t)(end - p))
			break;
		p += length;
	}
	return true;
}

/* The first record at or behind p that may be one; NULL where there is none. */
static const uint8_t *find_record(const struct shape *shape, const uint8_t *p, const uint8_t *end)
{
	for (; (size_t)(end - p) >= shape->header; p++)
		if (may_begin(shape, p) && begins_row(shape, p, end))
			return p;
	return NULL;
}

/* One record further; false at the end of the stretch. */
static inline bool step(const struct shape *shape, struct stretch *s, const uint8_t *end)
{
	size_t left = (size_t)(end - s->p), length;

	if (s->p >= s->end || left < shape->header)
		return false;
	length = length_of(shape, s->p);
	__builtin_prefetch(s->p + CAPTURE_LINE_BYTES);
	__builtin_prefetch(s->p + CAPTURE_LAST_BYTE);
	if (length < shape->header || length >= left)
		return false;
	s->p += length;
	__builtin_prefetch(s->p);
	return true;
}

/* Each stretch begins at a guess, and ends where the next one begins. */
static size_t begin(const struct shape *shape, struct span bytes, struct stretch out[STRETCHES])
{
	const uint8_t *end = bytes.p + bytes.n;
	size_t n = 1;

	out[0] = (struct stretch){ bytes.p, end };
	for (size_t i = 1; i < STRETCHES; i++) {
		const uint8_t *p = find_record(shape, bytes.p + bytes.n / STRETCHES * i, end);

		if (!p || p <= out[n - 1].p)
			continue;
		out[n - 1].end = p;
		out[n++] = (struct stretch){ p, end };
	}
	return n;
}

void scout_run(const struct capture *c, struct span bytes)
{
	struct shape shape = shape_of(c);
	struct stretch stretches[STRETCHES];
	size_t n;

	if (c->swapped || c->frames == 0 || capture_is_dense(c))
		return;
	for (n = begin(&shape, bytes, stretches); n > 0;) {
		for (size_t i = 0; i < n;) {
			if (step(&shape, &stretches[i], bytes.p + bytes.n))
				i++;
			else
				stretches[i] = stretches[--n];
		}
	}
}
