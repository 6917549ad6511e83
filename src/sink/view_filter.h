/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter that is typed: words that must all hold of a row.  `group:`, `source:`, `rule:` and
 * others ask one field, a word alone asks all of them, `-` in front asks for the contrary.  An
 * address is matched by how it begins, a prefix by what it holds. */
#ifndef WEIR_SINK_VIEW_FILTER_H
#define WEIR_SINK_VIEW_FILTER_H

#include "net/registry.h"
#include "policy/policy.h"
#include "sink/view_facts.h"

#define FILTER_TEXT 120
#define FILTER_TERMS 8

enum filter_key {
	FILTER_ANY, FILTER_GROUP, FILTER_SOURCE, FILTER_RULE, FILTER_POINT, FILTER_VERDICT,
	FILTER_HOST, FILTER_NAME, FILTER_INTERFACE, FILTER_STATE,
	FILTER_KEYS,
};

struct filter_term {
	enum filter_key key;
	bool		negated, has_prefix, has_range, may_be_address, may_be_name;
	char		text[FILTER_TEXT];	/* lower case */
	struct addr	first, last;		/* of the prefix or range */
	bool		is_dotted;		/* the beginning of an IPv4 address: */
	uint8_t		octets;			/* so many whole octets, which are `lead` */
	uint32_t	lead;
	bool		next[256];		/* and the next one may be these */
	uint8_t		actions;		/* a bit for each whose name holds the text */
	uint16_t	points;
	uint64_t	rules[1024];		/* a bit for each rule whose name holds the text */
	uint64_t	asks[1024];		/* ... that asks for the address, by key */
};

/* Whether the registry's name of a group holds a term. */
struct filter_named {
	struct addr group;
	uint32_t    generation;			/* of the filter's text */
	uint8_t	    holds;			/* a bit for each term */
};

struct view_filter {
	char		    text[FILTER_TEXT];	/* as it was typed, UTF-8 */
	struct filter_term *terms;		/* FILTER_TERMS */
	size_t		    n;
	struct filter_named *named;		/* FILTER_NAMED of them */
	uint32_t	    generation;
};

#define FILTER_NAMED (1u << 18)		/* as many as there may be flows; memory is taken as used */

void view_filter_init(struct view_filter *filter);
void view_filter_release(struct view_filter *filter);
/* Reads `text` anew, for rules of this boundary. */
void view_filter_read(struct view_filter *filter, const struct boundary *boundary);
/* True where the row passes. */
struct view_context {
	const struct view_facts *facts;
	const struct registry	*registry;
	const char *const	*interfaces;
	size_t			 interface_count;
};
bool view_filter_pass(struct view_filter *filter, const struct view_context *context,
		      const struct view_row *row);

#endif
