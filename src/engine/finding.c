/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of findings beside the verdicts.  Knows no words for them but their names. */
#include "engine/finding.h"

#include <assert.h>

static const struct {
	const char *name, *meaning;
} kinds[] = {
#define FINDING(symbol, name, meaning) { name, meaning },
#include "engine/findings.def"
#undef FINDING
};

const char *finding_name(enum finding_kind kind)
{
	assert(kind < FINDING_COUNT);
	return kinds[kind].name;
}

const char *finding_meaning(enum finding_kind kind)
{
	assert(kind < FINDING_COUNT);
	return kinds[kind].meaning;
}

void findings_init(struct findings *findings, struct large_area *area)
{
	*findings = (struct findings){ .list = large_area_take(area, FINDINGS_MAX,
							       sizeof(struct finding)) };
}

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->kind == b->kind && a->point == b->point && addr_equal(a->source, b->source) &&
	       addr_equal(a->group, b->group);
}

/* Its entry, the empty one where it belongs, or NULL where the table is full. */
static struct finding *find(struct findings *findings, const struct finding *key)
{
	uint64_t hash = addr_hash(key->source) * 3 + addr_hash(key->group) + key->kind * 31u +
			key->point;

	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *f = &findings->list[(hash + i) % FINDINGS_MAX];

		if (f->count == 0 || is_same(f, key))
			return f;
	}
	return NULL;
}

void findings_note(struct findings *findings, const struct finding *finding)
{
	struct finding *f = find(findings, finding);

	if (!f || (f->count == 0 && findings->n >= FINDINGS_MAX / 8 * 7)) {
		findings->refused++;
		return;
	}
	if (f->count == 0) {
		*f = *finding;
		f->count = 0;
		findings->n++;
		findings->newest = f;
	}
	f->count++;
	if (finding->detail > f->detail)
		f->detail = finding->detail;
	if (finding->first_ns < f->first_ns)
		f->first_ns = finding->first_ns;
	if (finding->first_ns > f->last_ns)
		f->last_ns = finding->first_ns;
}

void findings_raise(struct findings *findings, const struct finding *finding)
{
	struct finding *f = find(findings, finding);

	if (f && f->count > 0 && finding->detail > f->detail)
		f->detail = finding->detail;
}
