/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs ahead through a capture that lies in memory.  Each record tells only where the next one
 * begins, so whoever goes from one to the next waits for memory at each step.  The scout goes along
 * several stretches at once, which begin at guesses, and has the first bytes of every packet
 * fetched. Nothing depends on its guesses but speed. */
#ifndef WEIR_SOURCE_SCOUT_H
#define WEIR_SOURCE_SCOUT_H

#include "source/capture.h"

/* `bytes` begins with a record of this capture, of which some were read before. */
void scout_run(const struct capture *c, struct span bytes);

#endif
