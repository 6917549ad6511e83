/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of an entry of the cache, for a person who asks: judged by the policy of now, and
 * counted nowhere.  LANGUAGE S35-S43.  Knows no bytes. */
#include "relay/state.h"

static struct verdict judge(const struct relay *relay, const struct peer *peer,
			    const struct sa_entry *e, bool arriving)
{
	struct observation obs = entry_statement(relay, peer, e, arriving);

	return table_judge(peer->gate->table, &obs);
}

struct relay_judged relay_judge(const struct relay *relay, const struct sa_entry *entry)
{
	struct relay_judged judged = { .verdict = RELAY_PERMITS };
	const struct rule *alarm;
	const struct peer *peer;
	struct verdict verdict;

	if (entry->list == SA_EXPIRING)
		judged.verdict = RELAY_EXPIRES;
	if (entry->peer == SA_SELF || !relay->peers[entry->peer].gate)
		return judged;
	peer = &relay->peers[entry->peer];
	verdict = judge(relay, peer, entry, true);
	if (verdict.rule != RULE_NONE)
		judged.rule = peer->gate->boundary->rules[verdict.rule];
	if (judged.verdict == RELAY_EXPIRES)
		return judged;
	alarm = ration_alarm(peer->gate->ration, &entry->key, (uint32_t)peer->peering.remote.lo,
			     relay->now);
	if (alarm)
		return (struct relay_judged){ RELAY_ALARMS, alarm };
	judged.verdict = verdict.action == ACTION_WARN ? RELAY_WARNS : RELAY_PERMITS;
	return judged;
}

const struct rule *relay_withholds(const struct relay *relay, const struct sa_entry *entry,
				   unsigned peer)
{
	const struct peer *receiver = &relay->peers[peer];
	struct verdict verdict;

	if (!receiver->gate || entry->list == SA_EXPIRING || receiver->peering.listens ||
	    entry->peer == peer)
		return NULL;
	if (entry->peer != SA_SELF && relay->rpf[peer].mesh &&
	    relay->rpf[entry->peer].mesh == relay->rpf[peer].mesh)
		return NULL;
	verdict = judge(relay, receiver, entry, false);
	return verdict.action == ACTION_DENY && verdict.rule != RULE_NONE
		       ? receiver->gate->boundary->rules[verdict.rule] : NULL;
}

const struct refusals *relay_refusals(const struct relay *relay, unsigned peer)
{
	return &relay->peers[peer].refusals;
}
