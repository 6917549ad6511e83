/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture file, read, unpacked, split and filtered: some packets at a time, or a whole block
 * for another thread.  Standard input and pipes are read like files, but cannot be opened
 * again. */
#ifndef WEIR_SOURCE_FEED_H
#define WEIR_SOURCE_FEED_H

#include "source/capture.h"
#include "source/filter.h"
#include "source/load.h"
#include "source/unpack.h"

struct file_view;

struct feed {
	struct input	books;			/* what is told of the file */
	struct capture	capture;
	struct filter  *filter;			/* owned; NULL: everything passes */
	size_t		filter_links;		/* link types that the filter is prepared for */
	bool		filter_refused;		/* for one of them it means nothing: see the books */
	int		fd;			/* -1: not open */
	bool		is_regular;		/* can be opened again */
	bool		begun, ended;		/* the first block is read; no more are left */
	bool		is_viewed;		/* from start to end the bytes are of the view */
	const bool     *stop;			/* of whoever may not wait any longer, or NULL */
	struct unpack  *unpack;			/* NULL: plain */
	uint8_t	       *packed;			/* read and not unpacked yet: */
	struct rd	packed_left;
	uint8_t	       *buffer;			/* feed_next(): as a load's; feed_fill(): the rest */
	size_t		start, end, block;
	struct file_view *view;			/* the file where it lies, or NULL */
	size_t		view_size;
	size_t		links_told;		/* that earlier loads told of */
};

/* `block`: bytes to be read at a time.  0 or negative errno. */
int feed_open(struct feed *f, const char *name, uint16_t file, size_t block,
	      const struct timeline_options *options);
/* Gives back the file and the memory; the books stay. */
void feed_close(struct feed *f);

/* Either of the two, for all of the file. */
/* The next packets, 0 at the end.  Their bytes live until the next call. */
size_t feed_next(struct feed *f, struct packet *out, size_t max);
/* The next block with all its packets, none at the end. */
void feed_fill(struct feed *f, struct load *out);
/* At the end, when nobody looks at the packets any more: tells whether they were all there. */
void feed_settle(const struct feed *f, struct input *books);

#endif
