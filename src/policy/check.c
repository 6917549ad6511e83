/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint: rules that decide nothing, permits of what no boundary may pass, ends that near.
 * LANGUAGE S44, S46, S50.  A boundary answers for its own rules only: what it inherits stands
 * behind them, and is checked where it is written. */
#include "policy/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "policy/artefact.h"
#include "policy/overlap.h"
#include "policy/text.h"

#define AT(point) (1u << POINT_##point)
#define SOON_DAYS 30
/* Finding who covers a rule means asking all before it. */
#define EXPLAINED_MAX 200
/* Looking at a rule in every boundary that inherits it means laying these out anew. */
#define ELSEWHERE_MAX 50

struct checking {
	const struct policy   *policy;
	const struct boundary *boundary;
	struct overlap	      *overlap;
	struct diags	      *diags;
	struct arena	       arena;
	int64_t		       today;
	unsigned	       explained, asked_elsewhere;
};

static unsigned word_width(const char *line, unsigned column)
{
	size_t n = line ? strlen(line) : 0;

	return line && column <= n ? (unsigned)strcspn(line + column - 1, " \t{") : 1;
}

static void tell(struct checking *c, enum severity severity, const struct place *place,
		 const char *hint, const char *message)
{
	const char *line = policy_source_line(c->policy, place);

	diags_add(c->diags, &(struct diag){
		.severity = severity, .file = place->file, .line = place->line,
		.column = place->column, .width = word_width(line, place->column),
		.message = message, .hint = hint, .source_line = line,
	});
}

static const char *take_text(struct checking *c, struct text *text)
{
	const char *kept = arena_text(&c->arena, text_string(text), text->n);

	text_release(text);
	return kept;
}

static const char *does(enum action action)
{
	static const char *const words[ACTION_COUNT] = {
		[ACTION_IGNORE] = "ignored", [ACTION_PERMIT] = "permitted",
		[ACTION_WARN] = "let through with a warning", [ACTION_LIMIT] = "limited",
		[ACTION_DENY] = "denied",
	};

	return words[action];
}

/* Who leaves nothing of a rule: "denied by 'adm-scoped' (line 27)". */
struct cover {
	bool	    same;			/* their action is the rule's own */
	const char *verb, *by;
};

/* One rule alone, or those that share something with it. */
static struct cover find_cover(struct checking *c, size_t i)
{
	const struct rule *const *rules = c->boundary->rules;
	struct text text = { 0 };
	enum action action = ACTION_COUNT;
	bool one_action = true;
	unsigned n = 0;

	for (size_t j = 0; j < i; j++)
		if (overlap_covers_alone(c->overlap, j, i))
			return (struct cover){
				rules[j]->action == rules[i]->action, does(rules[j]->action),
				arena_printf(&c->arena, " by '%s' (line %u)", rules[j]->name,
					     rules[j]->place.line),
			};
	for (size_t j = 0; j < i; j++) {
		if (!overlap_meets(c->overlap, j, i))
			continue;
		one_action = one_action && (n == 0 || rules[j]->action == action);
		action = rules[j]->action;
		if (++n <= 3)
			text_printf(&text, "%s'%s' (line %u)", n == 1 ? " by " : ", ",
				    rules[j]->name, rules[j]->place.line);
	}
	if (n == 0)				/* covered by nothing: there is nothing of it */
		return (struct cover){ false, "impossible", ": no message has all that it asks for" };
	if (n > 3)
		text_printf(&text, " and %u more", n - 3);
	return (struct cover){ one_action && action == rules[i]->action,
			       one_action ? does(action) : "decided",
			       take_text(c, &text) };
}

static void tell_covered(struct checking *c, size_t i)
{
	const struct rule *rule = c->boundary->rules[i];
	struct cover cover = { false, "decided", " by the rules before it" };

	if (c->explained++ < EXPLAINED_MAX)
		cover = find_cover(c, i);
	tell(c, SEVERITY_WARNING, &rule->place,
	     cover.same || cover.by[0] == ':' ? NULL : "the first rule that matches decides",
	     arena_printf(&c->arena, "rule '%s' %s: all of it is %s%s%s", rule->name,
			  cover.same ? "is redundant" : "never matches", cover.verb,
			  cover.same ? " already" : "", cover.by));
}

/* 224.0.0.0/24 and 239.255.0.0/16, which end at every boundary. */
static struct set bounded_scopes(struct arena *arena)
{
	struct range ranges[] = {
		{ addr_of4(UINT32_C(0xe0000000)), addr_of4(UINT32_C(0xe00000ff)) },
		{ addr_of4(UINT32_C(0xefff0000)), addr_of4(UINT32_C(0xefffffff)) },
	};

	return set_of(arena, ranges, COUNT(ranges));
}

/* A permit inside of what ends at every boundary (RFC 2365 6.1, 7; RFC 5771 4). */
static void check_scopes(struct checking *c, size_t i)
{
	const unsigned across = AT(DATA) | AT(JOIN) | AT(REGISTER) | AT(SA) | AT(SESSION);
	const struct rule *rule = c->boundary->rules[i];
	struct set bounded = bounded_scopes(&c->arena), inside = set_empty;
	char first[ADDR_TEXT];

	if (rule->action != ACTION_PERMIT || (rule->points && !(rule->points & across)))
		return;
	for (size_t k = 0; k < rule->match_count; k++)
		if (rule->matches[k].field == FIELD_TO && !rule->matches[k].negated)
			inside = set_intersection(&c->arena, &bounded, rule->matches[k].set);
	if (inside.n == 0 || overlap_covers_part(c->overlap, i, &inside, across))
		return;
	tell(c, SEVERITY_WARNING, &rule->place,
	     inside.ranges[0].first.lo >> 24 == 0xef
		     ? "every boundary bounds 239.255.0.0/16 (RFC 2365 7); deny it before this rule"
		     : "no router forwards link-local groups (RFC 5771 4); deny them before this rule",
	     arena_printf(&c->arena, "rule '%s' permits groups that end at every boundary, as %s",
			  rule->name, addr_text(inside.ranges[0].first, first)));
}

/* A unicast address among the groups can never be one (S50). */
static void check_unicast(struct checking *c, const struct rule *rule)
{
	struct range all[] = {
		{ addr_of4(UINT32_C(0xe0000000)), addr_of4(UINT32_C(0xefffffff)) },
		{ addr_of6(UINT64_C(0xff) << 56, 0), addr_of6(UINT64_MAX, UINT64_MAX) },
	};
	struct set multicast = set_of(&c->arena, all, COUNT(all));

	for (size_t k = 0; k < rule->match_count; k++) {
		const struct match *m = &rule->matches[k];
		char first[ADDR_TEXT];
		struct set unicast;

		if (m->field != FIELD_TO || m->negated || set_within(m->set, &multicast))
			continue;
		unicast = set_difference(&c->arena, m->set, &multicast);
		tell(c, SEVERITY_WARNING, &rule->place,
		     "groups are in 224.0.0.0/4 or ff00::/8",
		     arena_printf(&c->arena, "rule '%s' has unicast addresses in 'to', as %s",
				  rule->name, addr_text(unicast.ranges[0].first, first)));
	}
}

static const char *date(struct checking *c, int64_t day)
{
	struct text text = { 0 };

	day_text(day, &text);
	return take_text(c, &text);
}

static void check_end(struct checking *c, const struct rule *rule)
{
	int64_t left = rule->until_day - c->today;

	if (!rule->has_until || left > SOON_DAYS)
		return;
	if (left < 0)
		tell(c, SEVERITY_WARNING, &rule->place, "remove it, or give it another 'until'",
		     arena_printf(&c->arena, "rule '%s' has ended on %s", rule->name,
				  date(c, rule->until_day)));
	else
		tell(c, SEVERITY_NOTE, &rule->place, NULL,
		     arena_printf(&c->arena, "rule '%s' ends after %s, in %lld day%s", rule->name,
				  date(c, rule->until_day), (long long)left, left == 1 ? "" : "s"));
}

static size_t find_inherited(const struct boundary *b, const struct rule *rule)
{
	size_t i = b->own_match_count;

	while (i < b->match_count && b->rules[i] != rule)
		i++;
	return i;
}

/* True where a boundary that inherits the rule, less some that stand before it here, leaves
 * something of it: the base of variants is written for them too. */
static bool is_open_at(const struct boundary *b, size_t i)
{
	struct overlap *overlap;
	struct arena arena;
	bool open;

	arena_init(&arena);
	overlap = overlap_new(&arena, b);
	for (size_t k = 0; k < i; k++)
		if (!b->rules[k]->off)
			overlap_add(overlap, k);
	open = !overlap_covers(overlap, i);
	arena_release(&arena);
	return open;
}

static bool is_open_elsewhere(struct checking *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->policy->boundary_count; i++) {
		const struct boundary *b = c->policy->boundaries[i];
		size_t k = find_inherited(b, rule);

		if (k == b->match_count)
			continue;
		if (c->asked_elsewhere++ >= ELSEWHERE_MAX || is_open_at(b, k))
			return true;
	}
	return false;
}

static void check_rule(struct checking *c, size_t i)
{
	const struct rule *rule = c->boundary->rules[i];
	const char *why;

	check_end(c, rule);
	if (rule->off)
		return;
	why = rule_never(rule, &c->arena);
	if (why) {
		tell(c, SEVERITY_WARNING, &rule->place, NULL,
		     arena_printf(&c->arena, "rule '%s' never matches: %s", rule->name, why));
		return;
	}
	check_unicast(c, rule);
	if (!overlap_covers(c->overlap, i))
		check_scopes(c, i);
	else if (!is_open_elsewhere(c, rule))
		tell_covered(c, i);
	if (!rule->has_until || rule->until_day >= c->today)
		overlap_add(c->overlap, i);
}

static const struct match *from_of(const struct rule *police)
{
	return police->match_count > 0 ? &police->matches[0] : NULL;
}

/* S42: of the lines of one key only the first whose `from` holds counts. */
static bool counts_all_of(const struct rule *first, const struct rule *second)
{
	const struct match *a = from_of(first), *b = from_of(second);

	if (first->police_key != second->police_key || first->prefix_len != second->prefix_len)
		return false;
	return !a || (b && !a->negated && !b->negated && set_within(b->set, a->set));
}

static void check_police(struct checking *c, size_t i)
{
	const struct boundary *b = c->boundary;
	const struct rule *line = b->rules[i];

	check_end(c, line);
	if (!line->over_asked && line->rate.unit_s == 0)
		tell(c, SEVERITY_WARNING, &line->place, "add 'over N' or 'new N/s'",
		     arena_printf(&c->arena, "police line '%s' counts and never acts", line->name));
	for (size_t j = b->match_count; j < i && !line->off; j++) {
		const struct rule *earlier = b->rules[j];

		if (earlier->off || earlier->has_until || !counts_all_of(earlier, line))
			continue;
		tell(c, SEVERITY_WARNING, &line->place,
		     "an exception stands before the general line of its key",
		     arena_printf(&c->arena,
				  "police line '%s' never counts: '%s' (line %u) counts all of it",
				  line->name, earlier->name, earlier->place.line));
		return;
	}
}

/* True where the boundary speaks of a group of Auto-RP, or of RP information as such. */
static bool names_autorp(const struct boundary *b, struct addr group)
{
	for (size_t i = 0; i < b->match_count; i++) {
		const struct rule *rule = b->rules[i];

		if (rule->off || rule->anomalies)
			continue;
		if (rule->points & AT(BOOTSTRAP) && rule->match_count == 0)
			return true;
		for (size_t k = 0; k < rule->match_count; k++)
			if (rule->matches[k].field == FIELD_TO && !rule->matches[k].negated &&
			    (!rule->points || rule->points & AT(DATA)) &&
			    set_has(rule->matches[k].set, group))
				return true;
	}
	return false;
}

static void check_autorp(struct checking *c)
{
	const struct boundary *b = c->boundary;
	bool announce = names_autorp(b, addr_of4(UINT32_C(0xe0000127)));
	bool discovery = names_autorp(b, addr_of4(UINT32_C(0xe0000128)));

	if (b->rules[b->rule_count - 1]->action != ACTION_DENY || (announce && discovery))
		return;
	tell(c, SEVERITY_NOTE, &b->place,
	     "permit these groups, or deny them by a rule that says so",
	     arena_printf(&c->arena, "default deny without %s: Auto-RP stops at this boundary",
			  announce    ? "224.0.1.40"
			  : discovery ? "224.0.1.39"
				      : "224.0.1.39 and 224.0.1.40"));
}

/* What run refuses: the kernel would have to know too many kinds of addresses, or too many pairs. */
static void check_size(struct checking *c)
{
	struct mtime now = { c->today * 86400 * NS_PER_S };
	const char *why = NULL;
	struct artefact *artefact = artefact_new(c->boundary, now, ARTEFACT_MATRIX_CELLS, &why);

	if (!artefact)
		tell(c, SEVERITY_WARNING, &c->boundary->place,
		     "addresses are of one kind where the same rules name them: let one rule name a set of "
		     "prefixes, or give interfaces boundaries of their own",
		     arena_printf(&c->arena, "weir run cannot enforce boundary '%s': its %s",
				  c->boundary->name, why));
	artefact_free(artefact);
}

static void check_boundary(struct checking *c, const struct boundary *boundary)
{
	c->boundary = boundary;
	arena_init(&c->arena);
	c->overlap = overlap_new(&c->arena, boundary);
	for (size_t i = 0; i < boundary->own_match_count; i++)
		check_rule(c, i);
	for (size_t i = 0; i < boundary->own_police_count; i++)
		check_police(c, boundary->match_count + i);
	check_autorp(c);
	check_size(c);
	arena_release(&c->arena);
}

struct ranked {
	struct diag diag;
	size_t	    index;
};

static int order_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->diag.severity != y->diag.severity)
		return x->diag.severity > y->diag.severity ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void put_in_order(struct diags *d, size_t from)
{
	size_t n = d->n - from;
	struct ranked *ranked = memory_array(n, sizeof(*ranked));

	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){ d->list[from + i], i };
	if (n > 1)
		qsort(ranked, n, sizeof(*ranked), order_ranked);
	for (size_t i = 0; i < n; i++)
		d->list[from + i] = ranked[i].diag;
	free(ranked);
}

void policy_check(const struct policy *policy, int64_t today, struct diags *diags)
{
	struct checking c = { .policy = policy, .diags = diags, .today = today };
	size_t from = diags->n;

	for (size_t i = 0; i < policy->boundary_count; i++)
		check_boundary(&c, policy->boundaries[i]);
	put_in_order(diags, from);
}
