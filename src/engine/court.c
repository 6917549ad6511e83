/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging with memory.  LANGUAGE S35-S43.  Knows no packets and no reports. */
#include "engine/court.h"

#include "policy/table.h"

#define NUMBER_UDP 17			/* of an IP header */

void court_init(struct court *court, const struct boundary *boundary, const struct table *table)
{
	*court = (struct court){ .boundary = boundary, .table = table };
	court->limits = limits_new();
	court->police = police_new(boundary);
}

void court_release(struct court *court)
{
	limits_free(court->limits);
	police_free(court->police);
	*court = (struct court){ 0 };
}

static struct verdict judge(const struct court *court, const struct observation *obs)
{
	return court->table ? table_judge(court->table, obs)
			    : reference_judge(court->boundary, obs);
}

static void limit(struct court *court, const struct observation *obs, struct mtime now,
		  struct verdict *verdict)
{
	const struct rule *rule = court->boundary->rules[verdict->rule];

	if (limits_pass(court->limits, verdict->rule, rule, obs, now))
		verdict->action = ACTION_PERMIT;
}

/* S36, S38: what is ignored makes no state; what is refused never comes so far. */
static bool lets_through(struct verdict verdict)
{
	return verdict.action == ACTION_PERMIT || verdict.action == ACTION_WARN;
}

struct verdict court_judge(struct court *court, const struct observation *obs, bool replay,
			   struct mtime now)
{
	struct verdict verdict = judge(court, obs);

	if (verdict.action == ACTION_LIMIT && verdict.rule != RULE_NONE)
		limit(court, obs, now, &verdict);
	return court_police(court, obs, verdict, replay, now);
}

static const struct verdict unsettled = { ACTION_PERMIT, RULE_NONE };

static struct verdict settled_by(struct quick_verdict quick)
{
	return quick.depends == 0 && quick.verdict.action != ACTION_LIMIT ? quick.verdict
									   : unsettled;
}

/* Of data of UDP. */
static unsigned plane_of(const struct table *table)
{
	return table->planes[POINT_DATA][DIRECTION_UNKNOWN] +
	       table->protocols[PROTOCOL_UDP][NUMBER_UDP];
}

struct verdict court_settled(const struct court *court, struct addr source, struct addr group)
{
	const struct table *t = court->table;

	return t ? settled_by(table_quick(t, source, group, plane_of(t))) : unsettled;
}

struct verdict court_settled4(const struct court *court, uint32_t source, uint32_t group)
{
	const struct table *t = court->table;

	return t ? settled_by(table_quick4(t, source, group, plane_of(t))) : unsettled;
}

struct verdict court_plain(const struct court *court, const struct observation *obs)
{
	return court->table ? settled_by(table_plain(court->table, obs)) : unsettled;
}

struct verdict court_police(struct court *court, const struct observation *obs,
			    struct verdict verdict, bool replay, struct mtime now)
{
	uint16_t line;

	if (obs->point != POINT_SA || obs->what != WHAT_SA || obs->notice || obs->anomaly)
		return verdict;
	line = police_hear(court->police, obs, lets_through(verdict), replay, now);
	return line == RULE_NONE ? verdict : (struct verdict){ ACTION_DENY, line };
}
