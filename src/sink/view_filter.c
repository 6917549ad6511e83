/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms, from text and against rows.  What is cheap is asked first: flows are many. */
#include "sink/view_filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/report.h"

static const struct {
	const char     *word;
	enum filter_key key;
} keys[] = {
	{ "group:", FILTER_GROUP },   { "g:", FILTER_GROUP },	    { "source:", FILTER_SOURCE },
	{ "s:", FILTER_SOURCE },      { "rule:", FILTER_RULE },	    { "r:", FILTER_RULE },
	{ "point:", FILTER_POINT },   { "verdict:", FILTER_VERDICT }, { "action:", FILTER_VERDICT },
	{ "host:", FILTER_HOST },     { "name:", FILTER_NAME },	    { "interface:", FILTER_INTERFACE },
	{ "state:", FILTER_STATE },
};

void view_filter_init(struct view_filter *filter)
{
	*filter = (struct view_filter){ 0 };
	filter->terms = memory_array(FILTER_TERMS, sizeof(filter->terms[0]));
	filter->named = memory_array(FILTER_NAMED, sizeof(filter->named[0]));
}

void view_filter_release(struct view_filter *filter)
{
	free(filter->terms);
	free(filter->named);
	*filter = (struct view_filter){ 0 };
}

/* `part` is in lower case. */
static bool holds(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* "239.0.0.0/8"; "239.1" and what goes on so is 239.1.0.0/16, for rules. */
static void read_prefix(struct filter_term *term)
{
	static const char zeros[] = ".0.0.0";
	size_t n = strcspn(term->text, "/"), dots = 0, given;
	unsigned long length;
	char whole[FILTER_TEXT + 8], *end = NULL;
	struct addr address;

	for (size_t i = 0; i + 1 < n; i++)
		dots += term->text[i] == '.';
	n -= n > 0 && term->text[n - 1] == '.';
	given = dots < 3 && !strchr(term->text, ':') ? dots * 2 : strlen(zeros);
	snprintf(whole, sizeof(whole), "%.*s%s", (int)n, term->text, &zeros[given]);
	if (!addr_parse(whole, strlen(whole), &address))
		return;
	length = strchr(term->text, ':') ? 128 : (dots + 1) * 8;
	term->has_prefix = strchr(term->text, '/') != NULL;
	if (term->has_prefix)
		length = strtoul(strchr(term->text, '/') + 1, &end, 10);
	if ((end && (*end || end[-1] == '/')) || length > addr_bits(address)) {
		term->has_prefix = false;
		return;
	}
	term->has_range = true;
	term->first = addr_first(address, (unsigned)length);
	term->last = addr_last(address, (unsigned)length);
}

/* "239.1" begins 239.1.x.x, 239.10.x.x, 239.199.x.x ... */
static void read_beginning(struct filter_term *term)
{
	const char *part = term->text;
	char octet[4];

	term->is_dotted = false;
	term->octets = 0;
	term->lead = 0;
	if (term->has_prefix || strspn(part, "0123456789.") != strlen(part))
		return;
	for (const char *dot; term->octets < 3 && (dot = strchr(part, '.')); part = dot + 1) {
		unsigned long value = strtoul(part, NULL, 10);

		if (dot == part || dot - part > 3 || value > 255 ||
		    (*part == '0' && dot - part > 1))
			return;
		term->lead = term->lead << 8 | (uint32_t)value;
		term->octets++;
	}
	if (strchr(part, '.') || strlen(part) > 3)
		return;
	for (unsigned i = 0; i < 256; i++) {
		snprintf(octet, sizeof(octet), "%u", i);
		term->next[i] = strncmp(octet, part, strlen(part)) == 0;
	}
	term->is_dotted = true;
}

static bool is_begun_by(const struct filter_term *term, struct addr a)
{
	unsigned shift = 24u - 8u * term->octets;
	uint64_t lead = a.lo >> shift >> 8;

	return a.family == FAMILY_IP4 && lead == term->lead && term->next[a.lo >> shift & 255];
}

static void mark_names(struct filter_term *term)
{
	term->actions = 0;
	term->points = 0;
	for (unsigned i = 0; i < ACTION_COUNT; i++)
		term->actions |= (uint8_t)(holds(action_name(i), term->text) << i);
	for (unsigned i = 0; i < POINT_COUNT; i++)
		term->points |= (uint16_t)(holds(point_name(i), term->text) << i);
}

/* Whether the rule asks for the range at all: by `to` or `from`, as the key says. */
static bool asks_for(const struct rule *rule, const struct filter_term *term)
{
	enum field field = term->key == FILTER_GROUP ? FIELD_TO : FIELD_FROM;

	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *match = &rule->matches[i];

		if (match->field == field)
			return match->negated ? !set_has_all(match->set, term->first, term->last)
					      : !set_has_none(match->set, term->first, term->last);
	}
	return false;
}

static void mark_rules(struct filter_term *term, const struct boundary *boundary)
{
	memset(term->rules, 0, sizeof(term->rules));
	memset(term->asks, 0, sizeof(term->asks));
	for (size_t i = 0; i < boundary->rule_count; i++) {
		const struct rule *rule = boundary->rules[i];
		bool asks = term->has_range ? asks_for(rule, term)
					    : rule->clauses && holds(rule->clauses, term->text);

		if (holds(report_rule_name(boundary, (uint16_t)i), term->text))
			term->rules[i / 64] |= UINT64_C(1) << i % 64;
		if (asks)
			term->asks[i / 64] |= UINT64_C(1) << i % 64;
	}
}

/* False for a word that asks for nothing yet. */
static bool read_term(struct filter_term *term, const char *word, const struct boundary *boundary)
{
	term->negated = word[0] == '-';
	word += term->negated;
	term->key = FILTER_ANY;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strncasecmp(word, keys[i].word, strlen(keys[i].word)) == 0) {
			term->key = keys[i].key;
			word += strlen(keys[i].word);
			break;
		}
	if (!*word)
		return false;
	for (size_t i = 0; i <= strlen(word); i++)
		term->text[i] = (char)tolower((unsigned char)word[i]);
	term->has_prefix = term->has_range = false;
	read_prefix(term);
	term->may_be_address = !term->has_prefix && strspn(term->text, "0123456789abcdef.:*/") ==
								    strlen(term->text);
	term->may_be_name = !term->has_prefix && strspn(term->text, "0123456789.") < strlen(term->text);
	read_beginning(term);
	mark_names(term);
	mark_rules(term, boundary);
	return true;
}

void view_filter_read(struct view_filter *filter, const struct boundary *boundary)
{
	char copy[FILTER_TEXT], *left = copy;

	memcpy(copy, filter->text, sizeof(copy));
	filter->n = 0;
	filter->generation++;
	for (char *word; filter->n < FILTER_TERMS && (word = strsep(&left, " "));)
		if (*word && read_term(&filter->terms[filter->n], word, boundary))
			filter->n++;
}

/* --- one row --- */

static bool is_address(const struct filter_term *term, struct addr a, bool is_begun)
{
	char buffer[ADDR_TEXT];

	if (a.family == FAMILY_NONE)
		return false;
	if (term->has_prefix)
		return addr_order(a, term->first) >= 0 && addr_order(a, term->last) <= 0;
	if (!term->may_be_address)
		return false;
	if (is_begun && term->is_dotted)
		return is_begun_by(term, a);
	addr_text(a, buffer);
	return is_begun ? strncmp(buffer, term->text, strlen(term->text)) == 0
			: strstr(buffer, term->text) != NULL;
}

static bool is_rule(const struct filter_term *term, const struct view_row *row)
{
	return row->rule != RULE_NONE && (term->rules[row->rule / 64] >> row->rule % 64 & 1);
}

static bool is_group_name(struct view_filter *filter, const struct view_context *context,
			  const struct filter_term *term, struct addr group)
{
	struct filter_named *named;
	struct group_name name;

	if (!addr_is_there(group) || !term->may_be_name)
		return false;
	named = &filter->named[addr_hash(group) % FILTER_NAMED];
	if (named->generation != filter->generation || !addr_equal(named->group, group)) {
		*named = (struct filter_named){ .group = group, .generation = filter->generation };
		registry_group(context->registry, group, &name);
		for (size_t i = 0; i < filter->n; i++)
			if (holds(name.text, filter->terms[i].text))
				named->holds |= (uint8_t)(1u << i);
	}
	return named->holds >> (term - filter->terms) & 1;
}

/* A rule has no address of its own, but asks for some. */
static bool is_clause(const struct filter_term *term, const struct view_row *row)
{
	return row->group.family == FAMILY_NONE && row->source.family == FAMILY_NONE &&
	       row->point == POINT_NONE && row->rule != RULE_NONE &&
	       (term->asks[row->rule / 64] >> row->rule % 64 & 1);
}

static bool is_interface(const struct view_context *context, const struct filter_term *term,
			 const struct view_row *row)
{
	return row->link < context->interface_count &&
	       holds(context->interfaces[row->link], term->text);
}

static bool is_host(const struct view_context *context, const struct filter_term *term,
		    const struct view_row *row)
{
	return is_address(term, row->who, true) ||
	       (row->name > 0 && holds(view_facts_name(context->facts, row->name), term->text)) ||
	       (row->more > 0 && holds(view_facts_name(context->facts, row->more), term->text));
}

static bool is_verdict(const struct filter_term *term, const struct view_row *row)
{
	return row->has_verdict && (term->actions >> row->action & 1);
}

static bool is_point(const struct filter_term *term, const struct view_row *row)
{
	return row->point < POINT_COUNT && (term->points >> row->point & 1);
}

static bool is_state(const struct filter_term *term, const struct view_row *row)
{
	return (row->word[0] && holds(row->word, term->text)) ||
	       (row->meaning[0] && holds(row->meaning, term->text));
}

static bool is_any(struct view_filter *filter, const struct view_context *context,
		   const struct filter_term *term, const struct view_row *row)
{
	return is_rule(term, row) || is_address(term, row->source, false) ||
	       is_address(term, row->group, false) || is_address(term, row->who, false) ||
	       is_verdict(term, row) || is_point(term, row) || is_state(term, row) ||
	       is_host(context, term, row) || is_interface(context, term, row) ||
	       is_group_name(filter, context, term, row->group);
}

static bool term_holds(struct view_filter *filter, const struct view_context *context,
		       const struct filter_term *term, const struct view_row *row)
{
	switch (term->key) {
	case FILTER_GROUP:
		return is_address(term, row->group, true) ||
		       is_group_name(filter, context, term, row->group) || is_clause(term, row);
	case FILTER_SOURCE:
		return is_address(term, row->source, true) || is_clause(term, row);
	case FILTER_RULE:
		return is_rule(term, row);
	case FILTER_POINT:
		return is_point(term, row);
	case FILTER_VERDICT:
		return is_verdict(term, row);
	case FILTER_HOST:
		return is_host(context, term, row);
	case FILTER_NAME:
		return holds(row->word, term->text) || is_host(context, term, row) ||
		       is_group_name(filter, context, term, row->group);
	case FILTER_INTERFACE:
		return is_interface(context, term, row);
	case FILTER_STATE:
		return is_state(term, row);
	default:
		return is_any(filter, context, term, row);
	}
}

bool view_filter_pass(struct view_filter *filter, const struct view_context *context,
		      const struct view_row *row)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->terms[i];

		if (term_holds(filter, context, term, row) == term->negated)
			return false;
	}
	return true;
}
