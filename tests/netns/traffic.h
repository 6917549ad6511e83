/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence-numbered packets through a boundary whose policy changes meanwhile. */
#ifndef WEIR_TESTS_NETNS_TRAFFIC_H
#define WEIR_TESTS_NETNS_TRAFFIC_H

/* For so many milliseconds, as fast as one thread can, UDP to 239.1.1.1 (even numbers) and to
 * 239.2.2.2 (odd ones) from one interface; what of it comes in at the other.  Policy A lets pass the
 * first group alone, B the second: so each number tells which policy judged it, and along the numbers
 * the policy changes as often as it was changed.  Prints "sent N first N second N changes N ms N". */
int blast(const char *sender, const char *receiver, unsigned ms);

#endif
