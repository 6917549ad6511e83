/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer is told: news out of the rings of all others, in turns, and the cache from its
 * begin where the session is new or the peer fell behind.  RFC 3618 5.2, 10, 12.2.1.
 * Knows no socket. */
#include <stdlib.h>

#include "relay/state.h"

#define BATCH 120		/* entries of one TLV, as other speakers send them */
#define SMALLEST_TLV 20		/* one entry */
#define LOOKS 2048		/* places of the cache in one go */

void ring_push(struct relay *relay, struct peer *announcer, uint32_t entry, struct span data)
{
	struct ring *ring = &announcer->ring;
	struct news *news = &ring->news[ring->head % relay->config.news_max];
	struct parcel *parcel;

	*news = (struct news){ entry, 0 };
	ring->head++;
	if (data.n == 0 || data.n > sizeof(parcel->bytes))
		return;
	news->parcel = ++ring->parcel_head;
	parcel = &ring->parcels[news->parcel % PARCELS_MAX];
	parcel->number = news->parcel;
	parcel->n = (uint32_t)data.n;
	memcpy(parcel->bytes, data.p, data.n);
}

static struct wr writer_of(struct peer *receiver)
{
	return wr_of(receiver->output + receiver->output_n, OUTPUT_BYTES - receiver->output_n);
}

static size_t room_of(const struct peer *receiver)
{
	return OUTPUT_BYTES - receiver->output_n;
}

bool peer_wants(const struct relay *relay, const struct sa_entry *e, const struct peer *receiver)
{
	const struct rpf_peer *to = &relay->rpf[peer_number(relay, receiver)];

	if (!e->used || e->list == SA_EXPIRING || receiver->peering.listens)
		return false;
	if (e->peer != SA_SELF && !relay->peers[e->peer].is_there)
		return false;
	return e->peer == SA_SELF || rpf_forwards(&relay->rpf[e->peer], to);
}

/* What the receiver's own boundary says of it. */
static bool may_cross(struct relay *relay, const struct sa_entry *e, struct peer *receiver)
{
	struct observation obs;

	if (!receiver->gate)
		return true;
	obs = entry_statement(relay, receiver, e, false);
	if (gate_lets_through(gate_judge(receiver->gate, &obs, relay->now)))
		return true;
	receiver->figures.withheld++;
	return false;
}

static struct span data_of(struct relay *relay, const struct ring *ring, uint32_t number,
			   struct peer *receiver)
{
	const struct parcel *parcel = &ring->parcels[number % PARCELS_MAX];
	struct observation obs = peer_statement(receiver, false);
	struct span data = { parcel->bytes, parcel->n };

	if (number == 0 || parcel->number != number || receiver->peering.strips_data)
		return (struct span){ 0 };
	if (!receiver->gate)
		return data;
	obs.at = relay->now;
	msdp_data_state(data, &obs);
	if (!gate_lets_through(gate_judge(receiver->gate, &obs, relay->now)))
		data.n = 0;
	return data;
}

static void write_sources(struct peer *receiver, uint32_t rp, const struct msdp_entry *entries,
			  unsigned n, struct span data)
{
	struct wr w = writer_of(receiver);

	msdp_encode_sa(&w, addr_of4(rp), entries, n, data);
	if (!wr_ok(&w))
		return;
	receiver->output_n += wr_done(&w);
	receiver->figures.tlvs_out++;
	receiver->figures.sas_out++;
	receiver->figures.data_out += data.n > 0;
	receiver->figures.entries_out += n;
}

/* A batch is sorted by RP, for a TLV names one only. */
struct batch {
	struct sa_key keys[BATCH];
	unsigned      n;
};

static int order_keys(const void *a, const void *b)
{
	const struct sa_key *x = a, *y = b;

	if (x->rp != y->rp)
		return x->rp < y->rp ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->source < y->source ? -1 : x->source > y->source;
}

static void write_batch(struct peer *receiver, struct batch *batch)
{
	struct msdp_entry entries[BATCH];
	unsigned n = 0;

	qsort(batch->keys, batch->n, sizeof(batch->keys[0]), order_keys);
	for (unsigned i = 0; i < batch->n; i++) {
		const struct sa_key *key = &batch->keys[i];

		entries[n++] = (struct msdp_entry){ addr_of4(key->source), addr_of4(key->group) };
		if (i + 1 < batch->n && batch->keys[i + 1].rp == key->rp)
			continue;
		write_sources(receiver, key->rp, entries, n, (struct span){ 0 });
		n = 0;
	}
	batch->n = 0;
}

static bool batch_fits(const struct peer *receiver, const struct batch *batch)
{
	return batch->n < BATCH && room_of(receiver) >= (batch->n + 1) * (size_t)SMALLEST_TLV;
}

/* One entry of a ring.  With data it is a TLV of its own. */
static void tell_news(struct relay *relay, struct peer *receiver, const struct ring *ring,
		      const struct news *news, struct batch *batch)
{
	const struct sa_entry *e = &relay->cache.entries[news->entry];
	struct msdp_entry alone;
	struct span data;

	if (!peer_wants(relay, e, receiver) || !may_cross(relay, e, receiver))
		return;
	data = data_of(relay, ring, news->parcel, receiver);
	if (data.n == 0) {
		batch->keys[batch->n++] = e->key;
		return;
	}
	alone = (struct msdp_entry){ addr_of4(e->key.source), addr_of4(e->key.group) };
	write_sources(receiver, e->key.rp, &alone, 1, data);
}

/* Whether so much is free that one more entry with data surely fits, whatever stands in the
 * batch. */
static bool parcel_fits(const struct peer *receiver, const struct batch *batch)
{
	return room_of(receiver) >= batch->n * (size_t)SMALLEST_TLV + MSDP_TLV_MAX;
}

/* True where something of this announcer was written. */
static bool tell_ring(struct relay *relay, struct peer *receiver, unsigned announcer)
{
	const struct ring *ring = &relay->peers[announcer].ring;
	uint64_t *at = &receiver->read[announcer];
	struct batch batch = { .n = 0 };
	size_t before = receiver->output_n;

	if (ring->head - *at > relay->config.news_max) {
		*at = ring->head;
		receiver->replay = 0;
		receiver->figures.behind++;
	}
	for (unsigned looks = 0; *at < ring->head && looks < LOOKS; looks++, (*at)++) {
		const struct news *news = &ring->news[*at % relay->config.news_max];

		if (news->parcel ? !parcel_fits(receiver, &batch) : !batch_fits(receiver, &batch))
			break;
		tell_news(relay, receiver, ring, news, &batch);
	}
	write_batch(receiver, &batch);
	return receiver->output_n > before;
}

/* 5.2: on a new session all that is cached. */
static void tell_again(struct relay *relay, struct peer *receiver)
{
	const struct sa_cache *cache = &relay->cache;
	struct batch batch = { .n = 0 };

	for (unsigned looks = 0; receiver->replay < cache->fresh_from && looks < LOOKS; looks++) {
		const struct sa_entry *e = &cache->entries[receiver->replay];

		if (!batch_fits(receiver, &batch))
			break;
		receiver->replay++;
		if (peer_wants(relay, e, receiver) && may_cross(relay, e, receiver))
			batch.keys[batch.n++] = e->key;
	}
	write_batch(receiver, &batch);
	if (receiver->replay >= cache->fresh_from)
		receiver->replay = SA_NONE;
}

void peer_tell(struct relay *relay, struct peer *receiver)
{
	bool more = true;

	while (more && room_of(receiver) >= SMALLEST_TLV * BATCH + MSDP_TLV_MAX) {
		more = false;
		for (unsigned i = 0; i <= relay->n; i++) {
			unsigned announcer = announcer_place(relay, (receiver->next + i) %
								    (relay->n + 1));

			if (&relay->peers[announcer] != receiver)
				more |= tell_ring(relay, receiver, announcer);
		}
		receiver->next = (receiver->next + 1) % (relay->n + 1);
	}
	while (receiver->replay != SA_NONE && room_of(receiver) >= SMALLEST_TLV * BATCH) {
		uint32_t before = receiver->replay;

		tell_again(relay, receiver);
		if (receiver->replay - before == LOOKS)
			break;					/* nothing for it so far: next time */
	}
}
