/* SPDX-License-Identifier: BSD-2-Clause */
/* The intervals of an artefact's sides: from the sweep's, all sources, or all multicast groups, under
 * classes that count from 0.  Knows no rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "policy/artefact_build.h"

static void add_interval(struct draft *d, struct addr first, unsigned class)
{
	if (d->n > 0 && d->intervals[d->n - 1].class == class)
		return;
	d->intervals[d->n++] = (struct interval){ first, (uint16_t)class };
}

/* The interval that holds an address. */
static size_t interval_of(const struct classes *c, struct addr a)
{
	size_t i = 0, end = c->interval_count;

	while (end - i > 1) {
		size_t middle = i + (end - i) / 2;

		if (addr_order(c->intervals[middle].first, a) <= 0)
			i = middle;
		else
			end = middle;
	}
	return i;
}

/* The intervals between two addresses, moved up by `shift` of the high half. */
static void add_between(struct draft *d, const struct classes *c, struct addr first,
			struct addr last, uint64_t shift)
{
	for (size_t i = interval_of(c, first); i < c->interval_count; i++) {
		struct addr at = c->intervals[i].first;

		if (addr_order(at, last) > 0)
			return;
		if (addr_order(at, first) < 0)
			at = first;
		at.hi += shift;
		add_interval(d, at, c->intervals[i].class);
	}
}

/* All multicast groups; those of scope F are read as E (LANGUAGE S18). */
static void add_groups(struct draft *d, const struct classes *c)
{
	if (c->family == FAMILY_IP4) {
		add_between(d, c, addr_of4(0xe0000000), addr_of4(0xefffffff), 0);
		return;
	}
	for (uint64_t flags = 0; flags < 16; flags++) {
		uint64_t top = UINT64_C(0xff00) << 48 | flags << 52;
		uint64_t f = top | UINT64_C(0xf) << 48, e = top | UINT64_C(0xe) << 48;

		add_between(d, c, addr_of6(top, 0), addr_of6(f - 1, UINT64_MAX), 0);
		add_between(d, c, addr_of6(e, 0), addr_of6(f - 1, UINT64_MAX), f - e);
	}
}

void draft_init(struct draft *d, const struct classes *c, enum side side)
{
	uint16_t *renamed = memory_array(c->n, sizeof(*renamed));

	*d = (struct draft){ 0 };
	d->intervals = memory_room(2 * c->interval_count + 64, sizeof(*d->intervals));
	if (side == SIDE_GROUP)
		add_groups(d, c);
	else
		add_between(d, c, c->intervals[0].first, addr_last(c->intervals[0].first, 0), 0);
	d->classes = memory_array(c->n + 1, sizeof(*d->classes));
	for (size_t i = 0; i < d->n; i++) {
		unsigned class = d->intervals[i].class;

		if (renamed[class] == 0) {
			d->classes[d->class_count++] = (uint16_t)class;
			renamed[class] = (uint16_t)d->class_count;
		}
		d->intervals[i].class = (uint16_t)(renamed[class] - 1);
	}
	free(renamed);
}

void draft_release(struct draft *d)
{
	free(d->intervals);
	free(d->classes);
}

struct artefact_side side_rename(const struct interval *intervals, size_t n,
				 const uint16_t *names, unsigned name_count,
				 struct interval *out)
{
	struct draft d = { .intervals = out };

	for (size_t i = 0; i < n; i++)
		add_interval(&d, intervals[i].first, names[intervals[i].class]);
	return (struct artefact_side){ out, d.n, name_count };
}

struct addr artefact_last(const struct artefact_side *side, size_t i)
{
	struct addr first = side->intervals[i].first;

	if (i + 1 < side->n)
		return addr_previous(side->intervals[i + 1].first);
	if (first.family == FAMILY_IP6)
		return addr_of6(UINT64_MAX, UINT64_MAX);
	return addr_of4(addr_is_multicast(side->intervals[0].first) ? 0xefffffff : UINT32_MAX);
}
