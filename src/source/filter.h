/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets are taken: libpcap's filter language, and a span of time. */
#ifndef WEIR_SOURCE_FILTER_H
#define WEIR_SOURCE_FILTER_H

#include "source/source.h"

struct filter;

/* NULL where the options ask for everything.  The caller frees it with filter_free(). */
struct filter *filter_new(const struct timeline_options *options);
void filter_free(struct filter *f);

/* Prepares for packets of one link type; false, and libpcap's words in problem[160], where the
 * expression is wrong, or means nothing on such a link. */
bool filter_prepare(struct filter *f, uint32_t linktype, char *problem);

/* Keeps the packets that pass, in their order, and tells how many.  None of a link type passes
 * for which the filter could not be prepared. */
size_t filter_packets(const struct filter *f, struct packet *packets, size_t n);

#endif
