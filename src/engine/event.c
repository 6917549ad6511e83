/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of events, and the questions of whoever watches an engine. */
#include "engine/event.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/state.h"

struct events {
	struct event *ring;		/* EVENTS_MAX */
	size_t	      first, n;
	uint64_t      lost;
	bool	     *hit;		/* by rule */
	size_t	      rules;
};

struct events *events_new(size_t rules)
{
	struct events *events = memory_take(sizeof(*events));

	events->ring = memory_array(EVENTS_MAX, sizeof(events->ring[0]));
	events->hit = memory_array(rules, sizeof(events->hit[0]));
	events->rules = rules;
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	free(events->ring);
	free(events->hit);
	free(events);
}

void events_add(struct events *events, const struct event *event)
{
	if (events->n == EVENTS_MAX) {
		events->lost++;
		return;
	}
	events->ring[(events->first + events->n++) % EVENTS_MAX] = *event;
}

bool events_first_hit(struct events *events, uint16_t rule)
{
	bool is_first;

	assert(rule < events->rules);
	is_first = !events->hit[rule];
	events->hit[rule] = true;
	return is_first;
}

bool events_next(struct events *events, struct event *out)
{
	if (events->n == 0)
		return false;
	*out = events->ring[events->first];
	events->first = (events->first + 1) % EVENTS_MAX;
	events->n--;
	return true;
}

uint64_t events_lost(struct events *events)
{
	uint64_t lost = events->lost;

	events->lost = 0;
	return lost;
}

bool engine_event_next(struct engine *e, struct event *out)
{
	return e->events && events_next(e->events, out);
}

uint64_t engine_events_lost(struct engine *e)
{
	return e->events ? events_lost(e->events) : 0;
}

const struct ras_host *engine_ras_next(struct engine *e, struct mtime now)
{
	return ras_table_next(e->ras, now);
}

bool engine_gauge_next(struct engine *e, struct gauge *out)
{
	return police_next(e->court.police, out);
}

/* Keeps the busiest flows, in order. */
static size_t keep_busy(const struct flow **busy, size_t n, size_t max, const struct flow *f)
{
	size_t i = n < max ? n : max - 1;

	if (n == max && busy[i]->packets >= f->packets)
		return n;
	for (; i > 0 && busy[i - 1]->packets < f->packets; i--)
		busy[i] = busy[i - 1];
	busy[i] = f;
	return n < max ? n + 1 : n;
}

size_t engine_goes_on(const struct engine *e, int64_t since_ns, struct event *out, size_t max,
		      size_t *out_others)
{
	const struct flow *busy[ENGINE_BUSY_MAX];
	size_t n = 0, all = 0;

	assert(max > 0 && max <= ENGINE_BUSY_MAX);
	for (size_t i = 0; i < FLOWS4_MAX + FLOWS6_MAX; i++) {
		const struct flow *f = flow_at(&e->flows, i);

		if (!f || f->first_ns >= since_ns || f->last_ns < since_ns)
			continue;
		all++;
		n = keep_busy(busy, n, max, f);
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (struct event){ .at = { busy[i]->last_ns }, .kind = EVENT_GOES_ON,
					 .key = flow_key_read(&e->flows, busy[i]),
					 .verdict = { busy[i]->action, busy[i]->rule },
					 .packets = busy[i]->packets, .bytes = busy[i]->bytes };
	*out_others = all - n;
	return n;
}
