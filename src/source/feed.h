/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture file, read, unpacked and split: a run of packets at a time.  Standard input and
 * pipes are read like files, but cannot be opened again. */
#ifndef WEIR_SOURCE_FEED_H
#define WEIR_SOURCE_FEED_H

#include "source/capture.h"
#include "source/unpack.h"

struct feed {
	struct input   *input;			/* borrowed: the books that the caller shows */
	struct capture	capture;
	int		fd;			/* -1: not open */
	bool		is_regular;		/* can be opened again */
	bool		ended;			/* no bytes are left to be read */
	struct unpack  *unpack;			/* NULL: plain */
	uint8_t	       *packed;			/* read and not unpacked yet: */
	struct rd	packed_left;
	uint8_t	       *buffer;			/* room for a record and a block behind it: */
	size_t		start, end, block;
};

/* `block`: bytes to be read at a time.  0 or negative errno. */
int feed_open(struct feed *f, struct input *input, uint16_t file, size_t block);
/* Gives back the file and the memory; the books stay. */
void feed_close(struct feed *f);
/* The next packets, 0 at the end.  Their bytes live until the next call. */
size_t feed_next(struct feed *f, struct packet *out, size_t max);

#endif
