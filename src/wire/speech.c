/* SPDX-License-Identifier: BSD-2-Clause */
/* One message while it speaks: whole, or as exactly one anomaly.  LANGUAGE S9 (notices), S18.
 * Knows no protocol and no byte layout. */
#include "wire/speech.h"

struct speech speech_of(const struct layers *at, enum protocol protocol, enum point point,
			struct said *out)
{
	struct speech s = { .at = at, .out = out, .wrong = ANOMALY_NONE };

	s.next = said_statement(at, protocol, TYPE_DATA);
	s.next.point = (uint8_t)point;
	return s;
}

bool what_is_notice(enum what what)
{
	return what == WHAT_NONE || what == WHAT_LEAVE || what == WHAT_PRUNE ||
	       what == WHAT_QUERY || what == WHAT_HELLO;
}

void speech_wrong(struct speech *s, enum anomaly anomaly)
{
	if (s->wrong == ANOMALY_NONE)
		s->wrong = anomaly;
}

bool speech_has_begun(const struct speech *s)
{
	return s->out->n > s->at->mark || s->wrong != ANOMALY_NONE;
}

static bool fits(struct addr a, struct addr group)
{
	return !addr_is_there(a) || !addr_is_there(group) || a.family == group.family;
}

static enum anomaly find_wrong(struct addr source, struct addr group, struct addr rp)
{
	if (addr_is_there(group) && !addr_is_multicast(group))
		return ANOMALY_ADDRESS;
	if (addr_is_multicast(source) || addr_is_multicast(rp))
		return ANOMALY_ADDRESS;
	return fits(source, group) && fits(rp, group) ? ANOMALY_NONE : ANOMALY_FAMILY;
}

void speech_say(struct speech *s, const struct rd *r, enum what what, struct addr source,
		struct addr group)
{
	if (!rd_ok(r))
		return;
	if (s->wrong == ANOMALY_NONE)
		s->wrong = find_wrong(source, group, s->next.rp);
	if (s->wrong != ANOMALY_NONE)
		return;
	s->next.what = (uint8_t)what;
	s->next.notice = what_is_notice(what);
	s->next.source = source;
	s->next.group = group;
	if (!addr_is_there(source))
		s->next.source_len = 0;
	if (!addr_is_there(group))
		s->next.group_len = 0;
	said_add(s->out, &s->next);
}

void speech_end(struct speech *s, const struct rd *r)
{
	if (!rd_ok(r))
		speech_wrong(s, ANOMALY_SHORT);
	if (s->wrong == ANOMALY_NONE)
		return;
	said_only_anomaly(s->out, s->at, s->next.protocol, s->next.point, s->wrong);
	if (!s->out->is_crowded)
		s->out->list[s->out->n - 1].type = s->next.type;
}
