/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy file as it was written: statements, rules, clauses and expressions in their order,
 * with places and comments.  fmt prints it, resolve makes a policy of it. */
#ifndef WEIR_POLICY_SYNTAX_H
#define WEIR_POLICY_SYNTAX_H

#include "net/pattern.h"
#include "policy/lex.h"
#include "policy/policy.h"

/* A text and where its lines begin; for messages. */
struct source {
	const char   *file;		/* as the user named it */
	const char   *text;
	size_t	      n;
	const size_t *lines;		/* offsets; lines[i] is line i + 1 */
	size_t	      line_count;
};

/* Where something stands in its source. */
struct spot {
	const struct source *source;
	size_t		     start, end;	/* bytes */
	unsigned	     line, column, width;
	unsigned	     end_line;
};

enum expr_kind { EXPR_NAME, EXPR_ADDRESS, EXPR_PREFIX, EXPR_PATTERN, EXPR_RANGE,
		 EXPR_LIST,		/* { a, b } */
		 EXPR_GROUP,		/* ( a ) */
		 EXPR_CHAIN };		/* a + b - c */

struct expr {
	enum expr_kind		  kind;
	struct spot		  spot;
	const char		 *name;		/* NAME: as written */
	struct addr		  first, last;	/* ADDRESS, PREFIX, RANGE */
	unsigned		  length;	/* PREFIX */
	struct pattern		  pattern;
	const struct expr *const *list;		/* of LIST, GROUP, CHAIN */
	size_t			  n;
	const char		 *signs;	/* CHAIN: signs[i] stands before list[i], from 1 */
};

/* In the order in which a canonical rule shows them (S34). */
enum clause_kind { CLAUSE_IN, CLAUSE_OUT, CLAUSE_FROM, CLAUSE_TO, CLAUSE_RP, CLAUSE_SPEAKER,
		   CLAUSE_EMBEDS, CLAUSE_AT, CLAUSE_TYPE, CLAUSE_FLAG, CLAUSE_ANOMALY, CLAUSE_TTL,
		   CLAUSE_PROTOCOL, CLAUSE_PORT, CLAUSE_JOINED, CLAUSE_COUNT };

struct clause {
	enum clause_kind   kind;
	struct spot	   spot;
	bool		   negated;
	bool		   any;			/* `from *`, `anomaly any` */
	const struct expr *expr;
	const uint8_t	  *members;		/* AT, TYPE, FLAG: enum values as written */
	size_t		   n;
	unsigned	   anomaly;
	enum ttl_test	   ttl_test;
	enum protocol_test protocol_test;
	const char	  *protocol;		/* as written */
	unsigned	   value, last;		/* ttl, protocol, port - port */
};

struct trailers {
	const char *name, *text, *ref, *owner;	/* NULL where not written */
	struct spot name_spot, until_spot;
	bool	    has_until;
	int64_t	    until_day;
};

struct rule_syntax {
	enum rule_kind	     kind;
	struct spot	     spot;		/* the whole rule; width is that of its first word */
	enum action	     action;
	const struct clause *clauses;		/* canonical order; repeated ones as written */
	size_t		     clause_count;
	struct rate	     rate;
	bool		     burst_written;
	enum limit_key	     limit_key;
	enum police_key	     police_key;
	bool		     prefix_written, over_asked, warn_asked;
	unsigned	     prefix_len;
	uint32_t	     over, warn;
	struct trailers	     trailers;
	bool		     broken;		/* given up: only what was read of it is there */
};

struct named_spot {
	const char *name;
	struct spot spot;
};

struct boundary_syntax {
	const char		       *name, *text;
	struct spot			name_spot;
	struct named_spot		base;		/* `extends`; name NULL where there is none */
	const struct named_spot	       *without;
	size_t				without_count;
	const struct rule_syntax *const *rules;
	size_t				rule_count;
	bool				broken;		/* a part of it could not be read */
	size_t				open_end;	/* offset behind its '{' */
	unsigned			open_line;
};

struct set_syntax {
	const char	  *name, *text;
	struct spot	   name_spot;
	bool		   choice;		/* ?= */
	const struct expr *expr;		/* NULL where it could not be read */
};

enum statement_kind { STATEMENT_POLICY, STATEMENT_INCLUDE, STATEMENT_SET, STATEMENT_BOUNDARY };

struct statement {
	enum statement_kind    kind;
	struct spot	       spot;
	const char	      *text;		/* POLICY, INCLUDE */
	struct set_syntax      set;
	struct boundary_syntax boundary;
};

struct syntax {
	const struct source	      *source;
	const struct statement *const *statements;
	size_t			       n;
	struct comments		       comments;
};

/* A growing array of pointers in an arena. */
struct pointers {
	const void **list;
	size_t	     n, cap;
};

void pointers_add(struct pointers *pointers, struct arena *arena, const void *p);

#endif
