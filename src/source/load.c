/* SPDX-License-Identifier: BSD-2-Clause */
/* A block of packets and their words.  The words of all packets lie behind each other in one
 * piece of memory that no packet can overrun: a packet is decoded only where the longest would
 * still have room. */
#include "source/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "source/capture.h"
#include "wire/brief.h"

#define FIRST_PACKETS 1024
#define STATEMENTS (SAID_MAX + 8192)
#define SCRATCH (4 * SAID_SCRATCH)

_Static_assert(LOAD_START >= CAPTURE_RECORD_MAX && LOAD_START % 4096 == 0, "room for a record");

void load_init(struct load *load, size_t block)
{
	*load = (struct load){ 0 };
	load->buffer_bytes = LOAD_START + block;
	load->buffer = memory_room(load->buffer_bytes, 1);
	load->saids = memory_room(LOAD_SAIDS, sizeof(*load->saids));
	load->statements = memory_room(STATEMENTS, sizeof(*load->statements));
	load->scratch = memory_room(SCRATCH, 1);
	load_grow(load);
}

void load_release(struct load *load)
{
	free(load->buffer);
	free(load->packets);
	free(load->quick);
	free(load->said);
	free(load->saids);
	free(load->statements);
	free(load->scratch);
	free(load->links);
	*load = (struct load){ 0 };
}

void load_grow(struct load *load)
{
	load->cap = load->cap ? 2 * load->cap : FIRST_PACKETS;
	load->packets = memory_grow(load->packets, load->cap, sizeof(*load->packets));
	load->quick = memory_grow(load->quick, load->cap, sizeof(*load->quick));
	load->said = memory_grow(load->said, load->cap, sizeof(*load->said));
}

/* What is decoded may not change meanwhile.  False where there is no room for a copy. */
static bool hold(struct load *load, struct packet *packet, size_t *held)
{
	uint8_t *copy = load->buffer + *held;

	if (!load->is_shared)
		return true;
	if (load->buffer_bytes - *held < packet->bytes.n)
		return false;
	memcpy(copy, packet->bytes.p, packet->bytes.n);
	packet->bytes.p = copy;
	*held += packet->bytes.n;
	return true;
}

void load_decode(struct load *load, const struct quick_rules *rules,
		 const struct wire_options *options)
{
	size_t saids = 0, statements = 0, scratch = 0, held = 0;
	struct brief brief;

	if (load->n > 0)
		quick_look(rules, load->packets, load->n, load->quick);
	for (size_t i = 0; i < load->n; i++) {
		struct said *said = NULL;

		/* who remembers can read in brief what is brief, and need not go through statements */
		if (load->quick[i].kind == QUICK_ASK && saids < LOAD_SAIDS &&
		    STATEMENTS - statements >= SAID_MAX && SCRATCH - scratch >= SAID_SCRATCH &&
		    hold(load, &load->packets[i], &held) &&
		    !brief_read(rules, &load->quick[i], &load->packets[i], &brief)) {
			said = &load->saids[saids++];
			said->list = load->statements + statements;
			said->scratch = load->scratch + scratch;
			quick_decode(&load->quick[i], &load->packets[i], options, said);
			statements += said->n;
			scratch += (said->scratch_used + 63) / 64 * 64;
		}
		load->said[i] = said;
	}
}
