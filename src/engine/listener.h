/* SPDX-License-Identifier: BSD-2-Clause */
/* Routers that ask for a SAP group (the draft's 2.6): a querier or PIM speaker whose own report
 * names one, whichever was heard first.  Bounded; knows no rules. */
#ifndef WEIR_ENGINE_LISTENER_H
#define WEIR_ENGINE_LISTENER_H

#include "engine/finding.h"

#define LISTENERS_MAX 1024

struct listeners;

struct listeners *listeners_new(void);
void listeners_free(struct listeners *listeners);

/* Takes note of one observation, and of the finding that it completes. */
void listeners_hear(struct listeners *listeners, const struct observation *obs,
		    struct findings *findings);
/* True for one that was heard to be a router, and found room. */
bool listeners_know(struct listeners *listeners, struct addr router);

#endif
