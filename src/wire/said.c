/* SPDX-License-Identifier: BSD-2-Clause */
/* One packet's words: how decoders add statements, take them back, and note a checksum.
 * Knows no protocol and no byte layout. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "wire/checksum.h"
#include "wire/layers.h"

void said_init(struct said *said)
{
	*said = (struct said){ 0 };
	said->list = memory_array(SAID_MAX, sizeof(said->list[0]));
	said->scratch = memory_room(SAID_SCRATCH, 1);
}

void said_release(struct said *said)
{
	free(said->list);
	free(said->scratch);
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

bool said_add(struct said *said, const struct observation *obs)
{
	struct observation *added;

	if (said->is_crowded)
		return false;
	if (said->n == SAID_MAX) {
		say_crowded(said);
		return false;
	}
	added = &said->list[said->n++];
	*added = *obs;
	if (added->source_len == 0)
		added->source_len = (uint8_t)addr_bits(obs->source);
	if (added->group_len == 0)
		added->group_len = (uint8_t)addr_bits(obs->group);
	if (is_scope_f(obs->group))
		added->flags |= FLAG_BIT(SCOPE_F);
	return true;
}

struct observation said_statement(const struct layers *at, enum protocol protocol, enum type type)
{
	struct observation obs = at->template;

	obs.protocol = (uint8_t)protocol;
	obs.type = (uint8_t)type;
	return obs;
}

void said_only_anomaly(struct said *out, const struct layers *at, enum protocol protocol,
		       enum point point, enum anomaly anomaly)
{
	struct observation obs = said_statement(at, protocol, TYPE_DATA);

	if (out->is_crowded)
		return;
	assert(at->mark <= out->n);
	if (anomaly == ANOMALY_SHORT && at->cut > 0)
		anomaly = ANOMALY_CUT;
	obs.point = (uint8_t)point;
	obs.anomaly = (uint8_t)anomaly;
	out->n = at->mark;
	said_add(out, &obs);
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
