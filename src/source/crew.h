/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that read and decode ahead (--jobs).  Each file has a belt: a few loads in a ring, which
 * the crew fills in the order of the file, one reader at a time, and decodes side by side.
 * Whoever remembers takes them off in order, so what is remembered does not depend on the
 * number of threads. */
#ifndef WEIR_SOURCE_CREW_H
#define WEIR_SOURCE_CREW_H

#include "source/feed.h"

struct crew;
struct belt;

/* Nobody works yet.  The crew ends with crew_free(), when all belts are gone. */
struct crew *crew_new(const struct wire_options *wire);
void crew_free(struct crew *crew);
/* Starts so many threads beside the one that remembers.  What the system refuses is missing:
 * whoever waits for a load that nobody works on makes it himself. */
void crew_start(struct crew *crew, unsigned threads);

/* The feed is borrowed, and the crew's alone until belt_free(). */
struct belt *belt_new(struct crew *crew, struct feed *feed, size_t loads);
void belt_free(struct belt *belt);
/* The next load, the belt's until the next call; without a packet at the end of the file; NULL
 * where the user asked to stop. */
const struct load *belt_next(struct belt *belt);

#endif
