/* SPDX-License-Identifier: BSD-2-Clause */
/* One packet's words: how decoders add statements, take them back, and note a checksum.
 * Knows no protocol and no byte layout. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "wire/checksum.h"
#include "wire/layers.h"

/* The scratch lies behind the list: the kernel is asked once for both. */
void said_init(struct said *said)
{
	size_t list = SAID_MAX * sizeof(said->list[0]);

	*said = (struct said){ .list = memory_take(list + SAID_SCRATCH) };
	said->scratch = (uint8_t *)said->list + list;
}

void said_release(struct said *said)
{
	free(said->list);
	*said = (struct said){ 0 };
}

void said_reset(struct said *said)
{
	said->n = 0;
	said->segment_count = 0;
	said->scratch_used = 0;
	said->has_ip = said->is_multicast = said->is_read = said->is_crowded = false;
}

/* RFC 4291 2.7: scope F is reserved; LANGUAGE S18 reads it as E, and says so. */
static bool is_scope_f(struct addr group)
{
	return group.family == FAMILY_IP6 && group.hi >> 56 == 0xff &&
	       (group.hi >> 48 & 0xf) == 0xf;
}

static void say_crowded(struct said *said)
{
	struct observation *first = &said->list[0];

	first->source = first->group = first->rp = ADDR_NONE;
	first->session = first->hostname = first->domain = (struct span){ 0 };
	first->source_len = first->group_len = 0;
	first->excluded = 0;
	first->what = WHAT_NONE;
	first->anomaly = ANOMALY_CROWDED;
	said->n = 1;
	said->is_crowded = true;
}

/* Room for one more, which begins as a copy; NULL, and a crowded said, where there is none. */
static struct observation *take_room(struct said *said, const struct observation *like)
{
	if (said->is_crowded)
		return NULL;
	if (said->n == SAID_MAX) {
		say_crowded(said);
		return NULL;
	}
	said->list[said->n] = *like;
	return &said->list[said->n++];
}

static void complete(struct observation *added)
{
	if (added->source_len == 0)
		added->source_len = (uint8_t)addr_bits(added->source);
	if (added->group_len == 0)
		added->group_len = (uint8_t)addr_bits(added->group);
	if (is_scope_f(added->group))
		added->flags |= FLAG_BIT(SCOPE_F);
}

bool said_add(struct said *said, const struct observation *obs)
{
	struct observation *added = take_room(said, obs);

	if (!added)
		return false;
	complete(added);
	return true;
}

struct observation said_statement(const struct layers *at, enum protocol protocol, enum type type)
{
	struct observation obs = at->template;

	obs.protocol = (uint8_t)protocol;
	obs.type = (uint8_t)type;
	return obs;
}

void said_data(struct said *out, const struct layers *at, enum protocol protocol, uint64_t flags)
{
	struct observation *obs = take_room(out, &at->template);

	if (!obs)
		return;
	obs->protocol = (uint8_t)protocol;
	obs->type = TYPE_DATA;
	obs->point = POINT_DATA;
	obs->what = WHAT_SEND;
	obs->source = at->template.speaker;
	obs->group = at->template.receiver;
	obs->flags |= flags;
	complete(obs);
}

void said_instead(struct said *out, const struct layers *at, size_t mark, enum protocol protocol,
		  enum point point, enum anomaly anomaly)
{
	struct observation *obs;

	if (out->is_crowded)
		return;
	assert(mark <= out->n);
	if (anomaly == ANOMALY_SHORT && at->cut > 0)
		anomaly = ANOMALY_CUT;
	out->n = mark;
	obs = take_room(out, &at->template);
	if (!obs)
		return;
	obs->protocol = (uint8_t)protocol;
	obs->type = TYPE_DATA;
	obs->point = (uint8_t)point;
	obs->anomaly = (uint8_t)anomaly;
	complete(obs);
}

void said_only_anomaly(struct said *out, const struct layers *at, enum protocol protocol,
		       enum point point, enum anomaly anomaly)
{
	said_instead(out, at, at->mark, protocol, point, anomaly);
}

void said_flag(struct said *out, const struct layers *at, uint64_t flag)
{
	for (size_t i = at->mark; i < out->n; i++)
		out->list[i].flags |= flag;
}

bool layers_can_check(const struct layers *at)
{
	return at->cut == 0 && !at->is_fragment && !at->checksums_unreliable;
}

bool layers_bad_checksum(const struct layers *at, struct span bytes)
{
	return layers_can_check(at) && checksum_of(bytes) != 0;
}

bool layers_bad_pseudo(const struct layers *at, struct span bytes, uint8_t ip_protocol)
{
	uint64_t sum;

	if (!layers_can_check(at))
		return false;
	sum = checksum_add_pseudo(0, at->template.speaker, at->final, ip_protocol,
				  (uint32_t)bytes.n);
	return checksum_fold(checksum_add(sum, bytes)) != 0;
}
