/* SPDX-License-Identifier: BSD-2-Clause */
/* One message of a control protocol while it speaks: its statements, and the first thing that
 * was wrong with it.  speech_end() keeps all of them or puts exactly one anomaly in their place.
 * Knows no protocol and no byte layout. */
#ifndef WEIR_WIRE_SPEECH_H
#define WEIR_WIRE_SPEECH_H

#include "wire/layers.h"

struct speech {
	const struct layers *at;
	struct said	    *out;
	/* What every statement shares: the decoder sets type, rp, flags, lengths here before it
	 * says something. */
	struct observation   next;
	enum anomaly	     wrong;	/* the first; ANOMALY_NONE while all is well */
};

struct speech speech_of(const struct layers *at, enum protocol protocol, enum point point,
			struct said *out);

/* True for what asks for nothing and announces nothing (LANGUAGE S9). */
bool what_is_notice(enum what what);

/* Adds a statement that was read from `r`; nothing where it failed.  A group that is no multicast,
 * a host that is, and families that do not fit each other are wrong; ADDR_NONE and ADDR_ANY always
 * fit. */
void speech_say(struct speech *s, const struct rd *r, enum what what, struct addr source,
		struct addr group);

/* True once the message has said anything. */
bool speech_has_begun(const struct speech *s);

/* Remembers what is wrong, unless something was before. */
void speech_wrong(struct speech *s, enum anomaly anomaly);

/* The message is over.  `r` has read all of it: where it failed, the packet ended before its
 * message did. */
void speech_end(struct speech *s, const struct rd *r);

#endif
