/* SPDX-License-Identifier: BSD-2-Clause */
/* A block of one capture file with all its packets, and what they say: made by one thread,
 * remembered by another. */
#ifndef WEIR_SOURCE_LOAD_H
#define WEIR_SOURCE_LOAD_H

#include "source/source.h"
#include "wire/quick.h"

struct load {
	uint8_t		   *buffer;	/* LOAD_START bytes for a record's beginning, then a
					 * block; or, of shared packets, copies to decode */
	size_t		    buffer_bytes;
	bool		    is_shared;	/* the packets lie in the feed's view; else in the buffer */
	struct packet	   *packets;
	struct quick	   *quick;	/* of each packet */
	struct said	  **said;	/* of each; NULL where it is not decoded */
	size_t		    n, cap;
	struct said	   *saids;	/* LOAD_SAIDS; their lists and texts lie in: */
	struct observation *statements;
	uint8_t		   *scratch;
	struct input	    books;	/* of the file, behind this block */
	struct link_info   *links;	/* that were met first in this block */
	size_t		    link_count;
};

/* Where blocks are read to: behind room for the longest record, on a page. */
#define LOAD_START (272u << 10)
/* Decoded packets of one load; the rest is decoded where it is remembered. */
#define LOAD_SAIDS 2048

/* Takes the memory, for blocks of this size. */
void load_init(struct load *load, size_t block);
void load_release(struct load *load);
/* Makes room for more packets, twice as many as now. */
void load_grow(struct load *load);
/* Looks at all packets, and decodes those that ask for it. */
void load_decode(struct load *load, const struct quick_rules *rules,
		 const struct wire_options *options);

#endif
