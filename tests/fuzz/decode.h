/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fuzz targets of the message decoders share: surroundings, and the invariant that a
 * message speaks whole or is exactly one anomaly. */
#ifndef WEIR_TESTS_FUZZ_DECODE_H
#define WEIR_TESTS_FUZZ_DECODE_H

#include <stdlib.h>

#include "wire/layers.h"
#include "wire/protocols.h"

static inline struct addr fuzz_addr(const char *text)
{
	struct addr a = ADDR_NONE;

	if (!addr_parse(text, strlen(text), &a))
		abort();
	return a;
}

static inline void fuzz_check(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++) {
		const struct observation *obs = &said->list[i];

		if (obs->anomaly != ANOMALY_NONE && said->n != 1)
			abort();
		if (obs->anomaly >= ANOMALY_COUNT || obs->type >= TYPE_COUNT || obs->what >= WHAT_COUNT ||
		    obs->point > POINT_NONE || obs->protocol >= PROTOCOL_COUNT)
			abort();
		if (obs->source_len > addr_bits(obs->source) || obs->group_len > addr_bits(obs->group))
			abort();
		if (addr_is_there(obs->group) && !addr_is_multicast(obs->group))
			abort();
	}
}

/* Decodes the bytes as the message of a packet between the two, once as they are and once as if
 * the snap length had taken the rest. */
static inline int fuzz_decode(decoder *decode, const char *speaker, const char *receiver,
			      const uint8_t *data, size_t size)
{
	static struct said said;
	struct layers at = { .template = observation_none() };

	if (!said.list)
		said_init(&said);
	at.template.speaker = fuzz_addr(speaker);
	at.template.receiver = at.final = fuzz_addr(receiver);
	for (at.cut = 0; at.cut <= 40; at.cut += 40) {
		said_reset(&said);
		decode(&at, (struct span){ data, size }, &said);
		fuzz_check(&said);
	}
	return 0;
}

#endif
