/* SPDX-License-Identifier: BSD-2-Clause */
/* What every decoder's unit test shares: surroundings for a message, the words that it said as
 * text, and the two sweeps (every cut, every flipped bit) under the sanitizers. */
#ifndef WEIR_TESTS_SWEEP_H
#define WEIR_TESTS_SWEEP_H

#include "base/text.h"
#include "t.h"
#include "wire/layers.h"

/* A decoder, seen by the sweeps: decodes bytes into a said that was reset. */
typedef void sweep_decode(const struct layers *at, struct span bytes, struct said *out);

static inline struct addr t_addr(const char *text)
{
	struct addr a = ADDR_NONE;

	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

/* Surroundings of a message from speaker to receiver: hop count 1, Router Alert seen, nothing
 * cut, frame 1 of an Ethernet capture. */
static inline struct layers t_layers(const char *speaker, const char *receiver,
				     uint8_t ip_protocol)
{
	struct layers at = { .template = observation_none() };

	at.template.speaker = t_addr(speaker);
	at.template.receiver = at.final = t_addr(receiver);
	at.template.ip_protocol = ip_protocol;
	at.template.ttl = 1;
	at.template.has_ttl = true;
	at.router_alert = true;
	return at;
}

/* The message speaks whole, or is exactly one anomaly. */
static inline bool sweep_is_whole(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++) {
		if (said->list[i].anomaly != ANOMALY_NONE)
			return said->n == 1;
	}
	return true;
}

static inline bool sweep_is_anomaly(const struct said *said)
{
	return said->n == 1 && said->list[0].anomaly != ANOMALY_NONE;
}

/* Decodes a copy of exactly n bytes, so that the address sanitizer sees a read one too far. */
static inline void sweep_one(const struct layers *at, const uint8_t *p, size_t n,
			     sweep_decode *decode, struct said *out)
{
	uint8_t *copy = malloc(n + (n == 0));

	if (n > 0)
		memcpy(copy, p, n);
	said_reset(out);
	decode(at, (struct span){ copy, n }, out);
	check_named(sweep_is_whole(out), "speaks whole or is one anomaly");
	free(copy);
}

/* Every prefix of the message, said to be short and said to be cut.  With `strict` no proper
 * prefix may say anything but one anomaly. */
static inline void sweep_cuts(const struct layers *at, const char *hex, bool strict,
			      sweep_decode *decode)
{
	struct span whole = t_bytes(hex);
	struct said said;

	said_init(&said);
	for (size_t n = 0; n < whole.n; n++) {
		struct layers cut = *at;

		sweep_one(at, whole.p, n, decode, &said);
		check_named(!strict || sweep_is_anomaly(&said), hex);
		cut.cut = whole.n - n;
		cut.template.flags |= FLAG_BIT(CUT);
		sweep_one(&cut, whole.p, n, decode, &said);
		check_named(!strict || sweep_is_anomaly(&said), hex);
	}
	said_release(&said);
	free((void *)whole.p);
}

/* Every bit of the message flipped, one at a time. */
static inline void sweep_flips(const struct layers *at, const char *hex, sweep_decode *decode)
{
	struct span whole = t_bytes(hex);
	uint8_t *p = (uint8_t *)whole.p;
	struct said said;

	said_init(&said);
	for (size_t bit = 0; bit < whole.n * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		sweep_one(at, p, whole.n, decode, &said);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	said_release(&said);
	free(p);
}

/* One statement as a test row writes it: "join *,239.1.2.3 rp 192.0.2.1 [flag flag]", or
 * "anomaly short".  Lengths follow addresses that are no hosts. */
static inline void t_statement(const struct observation *obs, struct text *out)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (obs->anomaly != ANOMALY_NONE)
		text_printf(out, "anomaly %s", anomaly_name(obs->anomaly));
	else
		text_printf(out, "%s %s,%s", what_name(obs->what),
			    prefix_text(obs->source, obs->source_len, a),
			    prefix_text(obs->group, obs->group_len, b));
	if (addr_is_there(obs->rp))
		text_printf(out, " rp %s", addr_text(obs->rp, a));
	if (obs->excluded)
		text_printf(out, " excluded %u", obs->excluded);
	if (obs->notice)
		text_put(out, " notice");
	for (unsigned i = 0; i < FLAG_COUNT; i++) {
		if (obs->flags >> i & 1)
			text_printf(out, " %s", flag_name(i));
	}
}

/* All statements, separated by "; "; the caller releases the text. */
static inline struct text t_said(const struct said *said)
{
	struct text out = { 0 };

	for (size_t i = 0; i < said->n; i++) {
		text_put(&out, i ? "; " : "");
		t_statement(&said->list[i], &out);
	}
	return out;
}

/* A message and the exact words that weir takes from it. */
struct t_row {
	const char *name, *hex, *says;
	bool	    is_strict;		/* no proper prefix of it is a message of its own */
};

/* Every row: what it says, every cut of it, every flipped bit. */
static inline void sweep_rows(const struct layers *at, const struct t_row *rows, size_t n,
			      sweep_decode *decode)
{
	struct said said;

	said_init(&said);
	for (size_t i = 0; i < n; i++) {
		struct span bytes = t_bytes(rows[i].hex);
		struct text says;

		sweep_one(at, bytes.p, bytes.n, decode, &said);
		says = t_said(&said);
		check_text(text_string(&says), rows[i].says, rows[i].name);
		text_release(&says);
		free((void *)bytes.p);
		sweep_cuts(at, rows[i].hex, rows[i].is_strict, decode);
		sweep_flips(at, rows[i].hex, decode);
	}
	said_release(&said);
}

#endif
