/* SPDX-License-Identifier: BSD-2-Clause */
/* Where packets come from: capture files as one timeline. */
#ifndef WEIR_SOURCE_SOURCE_H
#define WEIR_SOURCE_SOURCE_H

#include "model/packet.h"
#include "wire/quick.h"

/* How a capture file contradicts itself (source/odd.def). */
enum odd {
#define ODD(symbol, name, meaning) ODD_##symbol,
#include "source/odd.def"
#undef ODD
	ODD_COUNT,
};

const char *odd_name(enum odd odd);
const char *odd_meaning(enum odd odd);

/* What became of one input, complete when the timeline has ended. */
struct input {
	const char *name;		/* as the user wrote it; "-" is standard input */
	uint64_t    packets, bytes;	/* read so far; bytes on the wire */
	bool	    truncated;		/* it ended inside of a record, or cannot be read on */
	uint64_t    truncated_at;	/* where that record begins, in the (unpacked) file */
	uint64_t    odd[ODD_COUNT];	/* packets or blocks of each kind */
	char	    problem[160];	/* one line for a person; "" where all went well */
	uint64_t    size, offset;	/* compressed bytes in all (0: unknown) and read, for progress */
	unsigned    time_digits;	/* 6 or 9: the finest resolution of its interfaces */
};

struct link_info {
	uint16_t    file;
	uint32_t    linktype;
	char	    name[64];		/* pcapng if_name, escaped; "" where it has none */
};

struct timeline_options {
	const char *filter;		/* libpcap syntax, or NULL */
	bool	    has_since, has_until;
	struct mtime since, until;	/* from the one on, before the other */
	unsigned    jobs;		/* threads in all; 0 and 1: the caller's alone */
	const struct wire_options *wire;	/* for the threads that decode; NULL: the usual */
	bool	    shares;		/* bytes may lie where others can change them: batch.is_shared */
};

/* Packets in a row, and what other threads made of them beforehand. */
struct batch {
	const struct packet *packets;
	size_t		     n;
	const struct quick  *quick;	/* of each packet; NULL: nobody looked yet */
	struct said *const  *said;	/* of each that asks for wire_decode(): NULL: not decoded */
	size_t		     ahead;	/* behind the packets, and what lies there will be looked at
					 * next; 0: it need not be fetched */
	bool		     in_order;	/* surely: no packet is older than the one before it */
	bool		     is_shared;	/* some lie in files that may be written to: take a copy of what
					 * is looked at more than once */
};

/* n of its packets, from one on. */
static inline struct batch batch_part(const struct batch *batch, size_t from, size_t n)
{
	struct batch part = *batch;

	part.packets += from;
	part.n = n;
	if (part.quick)
		part.quick += from;
	if (part.said)
		part.said += from;
	return part;
}

struct timeline;

/* Opens all and looks into each: 0, or negative errno with one line in `problem` (160 bytes):
 * -EINVAL where the filter is wrong, -EBADMSG where a file is no capture, what the system said
 * otherwise.  The caller frees it with timeline_free(). */
int timeline_open(const char *const *files, size_t n, const struct timeline_options *options,
		  char *problem, struct timeline **out);
void timeline_free(struct timeline *timeline);

/* The next packets of all files, by time stamp, then by file, then by frame; false at the end.
 * Everything in the batch lives until the next call.  The packets and their order do not depend
 * on the number of jobs; where one batch ends and the next begins does. */
bool timeline_batch(struct timeline *timeline, struct batch *out);
/* The same without what was made of them.  0 at the end. */
size_t timeline_next(struct timeline *timeline, const struct packet **out);

const struct input *timeline_inputs(const struct timeline *timeline, size_t *out_n);
const struct link_info *timeline_links(const struct timeline *timeline, size_t *out_n);

#endif
