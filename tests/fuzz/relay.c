/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: the relay with four peers.  Each step is a byte that says what happens to whom,
 * one for the time that goes by, one for a length, and bytes that the peer sends.  What weir
 * sends must be TLVs that every speaker takes: none over 9192 bytes, none without entries. */
#include <stdlib.h>

#include "policy/load.h"
#include "policy/table.h"
#include "relay/relay.h"
#include "wire/msdp.h"

#define PEERS 4
#define RELOADS 3			/* of one input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"boundary b { deny to 225.9.0.0/16 deny from 192.168.0.0/16 limit 5/s to 226.0.0.0/8\n"
	"police sa by source over 3 warn 2 then deny police sa by peer new 4/s burst 9 then deny\n"
	"police sa by rp over 20 then alarm deny ttl < 4 at data default permit }\n";

static struct policy *policy;
static struct table *table;

static struct relay_peering peers[PEERS];
static unsigned reloads;

static struct relay *begin(struct msdp_framer framers[PEERS], struct mtime now)
{
	for (unsigned i = 0; i < PEERS; i++) {
		framers[i] = (struct msdp_framer){ 0 };
		peers[i] = (struct relay_peering){
			.remote = addr_of4(0x0a000001 + i), .local = addr_of4(0x0a000003),
			.is_default = i != 1, .mesh = i == 3, .strips_data = i == 0,
			.boundary = i < 2 ? policy->boundaries[0] : NULL,
			.table = i < 2 ? table : NULL, .inside = i == 1 };
	}
	return relay_new(&(struct relay_config){ .peers = peers, .n = PEERS, .places = PEERS, .entries_max = 64, .news_max = 32,
						 .seed = 3, .originator = addr_of4(0x0a000003) },
			 now);
}

static void check_output(struct relay *relay, unsigned peer, struct msdp_framer *framer,
			 struct mtime now)
{
	struct span bytes = relay_output(relay, peer, now), tlv;
	size_t n = bytes.n;
	struct msdp_sa sa;

	while (msdp_frame_next(framer, &bytes, &tlv)) {
		enum msdp_reading reading = msdp_read(tlv, &sa);

		if (reading != MSDP_SOURCES && reading != MSDP_ALIVE)
			abort();
		if (reading == MSDP_SOURCES && (rd_left(&sa.entries) == 0 || sa.data_refused ||
						framer->skip > 0))
			abort();
	}
	relay_sent(relay, peer, n, now);
}

/* A peer goes, comes, is another, or changes in place. */
static void reload(struct relay *relay, unsigned peer, size_t how, struct mtime now)
{
	struct relay_peering *p = &peers[peer];

	if (reloads == RELOADS)		/* each makes tables anew, which takes its time */
		return;
	reloads++;
	p->remote = how % 4 == 0 ? ADDR_NONE : addr_of4(0x0a000001 + peer + (how % 4 == 1 ? 100 : 0));
	p->listens = how & 8;
	p->is_default = how & 16;
	p->boundary = how & 32 ? policy->boundaries[0] : NULL;
	p->table = how & 32 ? table : NULL;
	p->entries_max = how & 64 ? 5 : 0;
	relay_reload(relay, peers, PEERS, now);
}

static void step(struct relay *relay, struct msdp_framer framers[PEERS], struct rd *r,
		 struct mtime *now)
{
	unsigned what = rd_u8(r), peer = what % PEERS;
	struct relay_event event;
	struct relay_wish wish;
	struct span bytes;
	size_t n;

	now->ns += (int64_t)rd_u8(r) * NS_PER_S / 4;
	n = rd_u8(r);
	bytes = rd_take(r, n < rd_left(r) ? n : rd_left(r));
	switch (what / PEERS % 16) {
	case 0:
		relay_up(relay, peer, *now);
		framers[peer] = (struct msdp_framer){ 0 };
		break;
	case 1:
		relay_down(relay, peer, *now);
		break;
	case 2:
		relay_originate(relay, addr_of4(1), addr_of4(0xe1000001), *now);
		break;
	case 3:
		reload(relay, peer, n, *now);
		break;
	case 4:
		relay_renew(relay, peer, SESSION_END_RENEWED, *now);
		break;
	default:
		relay_bytes(relay, peer, bytes, *now);
	}
	relay_turn(relay, *now);
	while (relay_event_next(relay, &event) || relay_wish_next(relay, &wish))
		;
	for (unsigned i = 0; i < PEERS; i++)
		check_output(relay, i, &framers[i], *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct msdp_framer framers[PEERS];
	struct rd r = rd_of((struct span){ data, size });
	struct mtime now = { NS_PER_S };
	struct relay *relay;
	struct diags diags;

	if (!policy) {
		diags_init(&diags);
		policy = policy_load(&(struct policy_input){ .name = "fuzz", .text = text,
							     .n = sizeof(text) - 1 }, &diags);
		diags_release(&diags);
		table = table_new(policy->boundaries[0]);
	}
	reloads = 0;
	relay = begin(framers, now);
	while (rd_left(&r) > 0)
		step(relay, framers, &r, &now);
	relay_free(relay);
	return 0;
}
