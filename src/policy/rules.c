/* SPDX-License-Identifier: BSD-2-Clause */
/* One rule as written, made ready to be judged by: masks, computed sets, its name.
 * LANGUAGE S8 to S18, S23, S33, S34.  Knows no boundary. */
#include <string.h>

#include "policy/resolve.h"
#include "policy/text.h"

/* 224.0.0.0/4 and ff00::/8. */
static bool holds_multicast(const struct set *set)
{
	struct addr first4 = addr_of4(0xe0000000), first6 = addr_of6(UINT64_C(0xff) << 56, 0);

	return !set_has_none(set, first4, addr_last(first4, 4)) ||
	       !set_has_none(set, first6, addr_last(first6, 8));
}

static void complain_of_group(struct loader *loader, const struct clause *clause,
			      const struct set *set)
{
	const struct expr *expr = clause->expr;
	struct text text = { 0 };
	bool one = set->n == 1 && expr->kind != EXPR_NAME;

	expr_text(expr, &text);
	if (text.n > 60)
		text_reset(&text);
	loader_error(loader, &expr->spot, NULL,
		     "a source goes after 'from'; groups are in 224.0.0.0/4 or ff00::/8",
		     one ? "%s is not multicast, so this rule can never match"
			 : "%s holds no multicast, so this rule can never match",
		     text.n > 0 ? text.p : "this set");			/* S23 */
	text_release(&text);
}

static enum field field_of(enum clause_kind kind)
{
	return kind == CLAUSE_FROM	? FIELD_FROM
	       : kind == CLAUSE_TO	? FIELD_TO
	       : kind == CLAUSE_RP	? FIELD_RP
	       : kind == CLAUSE_SPEAKER ? FIELD_SPEAKER
					: FIELD_EMBEDS;
}

static void resolve_match(struct loader *loader, struct unit *unit, const struct clause *clause,
			  struct rule *rule, struct match *out)
{
	struct text text = { 0 };

	out->field = field_of(clause->kind);
	out->negated = clause->negated;
	expr_text(clause->expr, &text);
	out->text = arena_text(loader->arena, text_string(&text), text.n);
	text_release(&text);
	out->set = set_value(loader, unit, clause->expr, out->text);
	if (!out->set) {
		out->set = &set_empty;			/* complained of already */
		return;
	}
	if (clause->kind == CLAUSE_TO && out->set->n > 0 && !holds_multicast(out->set))
		complain_of_group(loader, clause, out->set);
	if (out->set->n == 0 && !rule->off) {			/* S11, S15 */
		rule->off = true;
		rule->off_why = empty_why(loader, unit, clause->expr);
	}
}

static uint64_t mask_of(const struct clause *clause)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < clause->n; i++)
		mask |= UINT64_C(1) << clause->members[i];
	return mask;
}

/* The clauses that ask for no set. */
static void resolve_clause(const struct clause *clause, struct rule *rule)
{
	switch (clause->kind) {
	case CLAUSE_IN:
		rule->direction = DIRECTION_IN;
		break;
	case CLAUSE_OUT:
		rule->direction = DIRECTION_OUT;
		break;
	case CLAUSE_AT:
		rule->points = (uint16_t)mask_of(clause);
		break;
	case CLAUSE_TYPE:
		rule->types = mask_of(clause);
		break;
	case CLAUSE_FLAG:
		rule->flags = mask_of(clause);
		break;
	case CLAUSE_ANOMALY:
		rule->anomalies = clause->any ? UINT64_MAX : UINT64_C(1) << clause->anomaly;
		break;
	case CLAUSE_TTL:
		rule->ttl_test = clause->ttl_test;
		rule->ttl = clause->value;
		break;
	case CLAUSE_PROTOCOL:
		rule->protocol_test = clause->protocol_test;
		rule->protocol = clause->value;
		break;
	case CLAUSE_PORT:
		rule->port_asked = true;
		rule->port_first = (uint16_t)clause->value;
		rule->port_last = (uint16_t)clause->last;
		break;
	case CLAUSE_JOINED:
		rule->joined = clause->negated ? JOINED_NO : JOINED_YES;
		break;
	default:
		break;
	}
}

static void resolve_clauses(struct loader *loader, struct unit *unit,
			    const struct rule_syntax *syntax, struct rule *rule)
{
	struct match *matches = arena_array(loader->arena, syntax->clause_count, sizeof(*matches));

	for (size_t i = 0; i < syntax->clause_count; i++) {
		const struct clause *clause = &syntax->clauses[i];

		if (clause->kind == CLAUSE_FROM && clause->any)
			rule->from_any = true;
		else if (clause->expr)
			resolve_match(loader, unit, clause, rule, &matches[rule->match_count++]);
		else
			resolve_clause(clause, rule);
	}
	rule->matches = matches;
}

static const char *keep(struct loader *loader, struct text *text)
{
	const char *kept = arena_text(loader->arena, text_string(text), text->n);

	text_release(text);
	return kept;
}

/* What a report shows beside the rule's name and action. */
static const char *asks(struct loader *loader, const struct rule_syntax *syntax)
{
	struct text text = { 0 };

	if (syntax->kind == RULE_POLICE) {
		action_text(syntax, &text);
		text_char(&text, ' ');
		police_text(syntax, &text);
	} else {
		clauses_text(syntax, &text);
	}
	return keep(loader, &text);
}

const struct rule *rule_resolve(struct loader *loader, struct unit *unit,
				const struct rule_syntax *syntax)
{
	struct rule *rule = arena_take(loader->arena, sizeof(*rule));
	const struct trailers *t = &syntax->trailers;

	*rule = (struct rule){
		.kind = syntax->kind, .place = place_of(&syntax->spot),
		.text = t->text, .ref = t->ref, .owner = t->owner,
		.named = t->name != NULL, .has_until = t->has_until, .until_day = t->until_day,
		.action = syntax->action, .rate = syntax->rate, .limit_key = syntax->limit_key,
		.police_key = syntax->police_key, .prefix_len = syntax->prefix_len,
		.over_asked = syntax->over_asked, .warn_asked = syntax->warn_asked,
		.over = syntax->over, .warn = syntax->warn,
	};
	if (syntax->kind == RULE_DEFAULT)
		rule->name = "default";
	else
		rule->name = t->name ? t->name : derived_name(syntax, loader->arena);
	rule->clauses = asks(loader, syntax);
	resolve_clauses(loader, unit, syntax, rule);
	return rule;
}
