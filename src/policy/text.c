/* SPDX-License-Identifier: BSD-2-Clause */
/* Canonical texts and derived names.  LANGUAGE S33, S34, S51.  Knows no layout: one line. */
#include "policy/text.h"

#include <string.h>

#include "base/mtime.h"

#define NAME_MAX_BYTES 63
#define NAME_KEPT 54

static const char *const clause_words[CLAUSE_COUNT] = {
	"in",	"out",	"from", "to",	   "rp",  "speaker",  "embeds", "at",
	"type", "flag", "anomaly", "ttl", "protocol", "port", "joined",
};

void quoted_text(const char *string, struct text *out)
{
	text_char(out, '"');
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			text_char(out, '\\');
		text_char(out, *string);
	}
	text_char(out, '"');
}

void item_text(const struct expr *e, struct text *out)
{
	char first[ADDR_TEXT], last[ADDR_TEXT];

	switch (e->kind) {
	case EXPR_NAME:
		text_put(out, e->name);
		break;
	case EXPR_PREFIX:
		text_printf(out, "%s/%u", addr_text(e->first, first), e->length);
		break;
	case EXPR_PATTERN:
		text_put(out, pattern_text(&e->pattern, first));
		break;
	case EXPR_RANGE:
		text_printf(out, "%s - %s", addr_text(e->first, first), addr_text(e->last, last));
		break;
	default:
		text_put(out, addr_text(e->first, first));
	}
}

void expr_text(const struct expr *e, struct text *out)
{
	if (e->kind == EXPR_LIST && e->n == 0) {
		text_put(out, "{}");
	} else if (e->kind == EXPR_LIST) {
		for (size_t i = 0; i < e->n; i++) {
			text_put(out, i == 0 ? "{ " : ", ");
			expr_text(e->list[i], out);
		}
		text_put(out, " }");
	} else if (e->kind == EXPR_GROUP) {
		text_char(out, '(');
		expr_text(e->list[0], out);
		text_char(out, ')');
	} else if (e->kind == EXPR_CHAIN) {
		for (size_t i = 0; i < e->n; i++) {
			if (i > 0)
				text_printf(out, " %c ", e->signs[i]);
			expr_text(e->list[i], out);
		}
	} else {
		item_text(e, out);
	}
}

static const char *member_name(enum clause_kind kind, unsigned member)
{
	if (kind == CLAUSE_AT)
		return point_name((enum point)member);
	return kind == CLAUSE_TYPE ? type_name((enum type)member) : flag_name(member);
}

void clause_text(const struct clause *c, struct text *out)
{
	if (c->kind == CLAUSE_JOINED && c->negated)
		text_put(out, "not ");
	text_put(out, clause_words[c->kind]);
	if (c->any)
		text_put(out, c->kind == CLAUSE_FROM ? " *" : " any");
	else if (c->kind == CLAUSE_ANOMALY)
		text_printf(out, " %s", anomaly_name((enum anomaly)c->anomaly));
	if (c->expr) {
		text_put(out, c->negated ? " not " : " ");
		expr_text(c->expr, out);
	}
	for (size_t i = 0; i < c->n; i++)
		text_printf(out, "%s %s", i > 0 ? "," : "", member_name(c->kind, c->members[i]));
	if (c->kind == CLAUSE_TTL)
		text_printf(out, " %c %u", c->ttl_test == TTL_BELOW ? '<' : '>', c->value);
	if (c->kind == CLAUSE_PROTOCOL && c->protocol)
		text_printf(out, " %s", c->protocol);
	else if (c->kind == CLAUSE_PROTOCOL || c->kind == CLAUSE_PORT)
		text_printf(out, " %u", c->value);
	if (c->kind == CLAUSE_PORT && c->last != c->value)
		text_printf(out, "-%u", c->last);
}

void clauses_text(const struct rule_syntax *rule, struct text *out)
{
	for (size_t i = 0; i < rule->clause_count; i++) {
		if (i > 0)
			text_char(out, ' ');
		clause_text(&rule->clauses[i], out);
	}
}

static void rate_text(const struct rule_syntax *rule, struct text *out)
{
	text_printf(out, " %u/%c", rule->rate.n,
		    rule->rate.unit_s == 1 ? 's' : rule->rate.unit_s == 60 ? 'm' : 'h');
	if (rule->burst_written)
		text_printf(out, " burst %u", rule->rate.burst);
}

static void key_text(const struct rule_syntax *rule, struct text *out)
{
	static const char *const keys[] = { [POLICE_BY_PEER] = "peer",
					    [POLICE_BY_SOURCE] = "source", [POLICE_BY_RP] = "rp" };

	text_put(out, keys[rule->police_key]);
	if (rule->prefix_written)
		text_printf(out, "/%u", rule->prefix_len);
}

void action_text(const struct rule_syntax *rule, struct text *out)
{
	if (rule->kind == RULE_DEFAULT)
		text_put(out, "default ");
	if (rule->kind == RULE_POLICE) {
		text_put(out, "police sa ");
		clauses_text(rule, out);
		text_put(out, rule->clause_count > 0 ? " by " : "by ");
		key_text(rule, out);
		return;
	}
	text_put(out, action_name(rule->action));
	if (rule->action != ACTION_LIMIT)
		return;
	rate_text(rule, out);
	if (rule->limit_key != LIMIT_ALL)
		text_put(out, rule->limit_key == LIMIT_BY_SOURCE ? " by source" : " by speaker");
}

void police_text(const struct rule_syntax *rule, struct text *out)
{
	if (rule->over_asked)
		text_printf(out, "over %u ", rule->over);
	if (rule->warn_asked)
		text_printf(out, "warn %u ", rule->warn);
	if (rule->rate.unit_s > 0) {
		text_put(out, "new");
		rate_text(rule, out);
		text_char(out, ' ');
	}
	text_put(out, rule->action == ACTION_DENY ? "then deny" : "then alarm");
}

void day_text(int64_t day, struct text *out)
{
	int year, month, day_of_month;

	day_civil(day, &year, &month, &day_of_month);
	text_printf(out, "%04d-%02d-%02d", year, month, day_of_month);
}

static void put_quoted(const char *word, const char *string, struct text *out)
{
	if (!string)
		return;
	text_put(out, word);
	quoted_text(string, out);
}

void trailers_text(const struct trailers *t, struct text *out)
{
	if (t->name)
		text_printf(out, " as %s", t->name);
	put_quoted(" ", t->text, out);
	put_quoted(" ref ", t->ref, out);
	put_quoted(" owner ", t->owner, out);
	if (t->has_until) {
		text_put(out, " until ");
		day_text(t->until_day, out);
	}
}

/* CRC-32 of ISO 3309, as gzip and Ethernet count it. */
static uint32_t crc32_of(const char *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= (uint8_t)p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

static bool stays(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

static const char *word_for(char sign)
{
	return sign == '*' ? "wildcard" : sign == '<' ? "below" : sign == '>' ? "above" : NULL;
}

/* S34: what may stand in a name stays, three signs become words, any other run one '-'. */
static void put_as_name(const char *text, struct text *out)
{
	bool gap = false;

	for (; *text; text++) {
		if (!stays(*text) && !word_for(*text)) {
			gap = true;
			continue;
		}
		if (gap && out->n > 0)
			text_char(out, '-');
		gap = false;
		if (stays(*text))
			text_char(out, *text);
		else
			text_put(out, word_for(*text));
	}
}

const char *derived_name(const struct rule_syntax *rule, struct arena *arena)
{
	struct text written = { 0 }, name = { 0 };
	const char *kept;

	if (rule->kind == RULE_POLICE) {
		action_text(rule, &written);
		text_put(&written, rule->over_asked ? "" : " new");
	} else {
		text_printf(&written, "%s ", action_name(rule->action));
		clauses_text(rule, &written);
	}
	put_as_name(text_string(&written), &name);
	if (name.n > NAME_MAX_BYTES)
		kept = arena_printf(arena, "%.*s-%08x", NAME_KEPT, name.p,
				    crc32_of(name.p, name.n));
	else
		kept = arena_text(arena, name.p, name.n);
	text_release(&written);
	text_release(&name);
	return kept;
}
