/* SPDX-License-Identifier: BSD-2-Clause */
/* The work between syntax and policy: files and profiles as units, their sets computed, their
 * boundaries flattened.  LANGUAGE S5, S6, S11, S19 to S34. */
#ifndef WEIR_POLICY_RESOLVE_H
#define WEIR_POLICY_RESOLVE_H

#include "base/words.h"
#include "policy/load.h"
#include "policy/parse.h"

#define UNIT_MAX 16

enum progress { PROGRESS_NEW, PROGRESS_BUSY, PROGRESS_DONE };

struct set_def {
	const struct set_syntax *syntax;
	const struct expr	*given;		/* by --set */
	const struct set	*set;		/* NULL where it could not be computed */
	struct set_def		*override;	/* the set of an extending policy */
	enum progress		 progress;
};

struct boundary_def {
	const struct boundary_syntax *syntax;
	struct boundary		     *boundary;	/* NULL where it could not be flattened */
	enum progress		      progress;
	unsigned		      depth;	/* how many `extends` below it */
};

/* The outermost file with what it includes, or a profile that it uses. */
struct unit {
	const char	    *profile;		/* NULL: the outermost file */
	const char	    *name;		/* of its `policy` statement, or NULL */
	struct pointers	     statements;
	struct set_def	    *sets;
	size_t		     set_count;
	struct boundary_def *boundaries;
	size_t		     boundary_count;
	struct words	     set_index, boundary_index;
	struct words	     value_index;	/* of expressions in rules, by their text */
	struct pointers	     values;		/* const struct set */
	struct unit	    *extended[UNIT_MAX];	/* profiles that its boundaries extend */
	size_t		     extended_count;
};

struct loader {
	struct arena		  *arena;	/* lives as long as the policy */
	struct arena		   scratch;	/* lives as long as the loading */
	struct diags		  *diags;
	const struct policy_input *input;
	struct unit		  *units[UNIT_MAX];	/* the outermost file first */
	size_t			   unit_count;
	struct pointers		   sources;
	size_t			   ranges_made;	/* of all sets and their parts */
	unsigned		   set_depth;
	unsigned		   hints;	/* searched so far */
};

/* units.c: reads the input and every profile that it uses. */
void units_load(struct loader *loader);
/* NULL where no profile has the name, or none was read under it. */
struct unit *unit_of_profile(const struct loader *loader, const char *name, size_t n);
/* "did you mean 'global' (line 6)?", in the arena; NULL where nothing is near. */
const char *suggest_set(struct loader *loader, const struct unit *unit, const char *name);
const char *suggest_boundary(struct loader *loader, const struct unit *unit, const char *name);
const char *suggest_rule(struct loader *loader, const struct boundary *boundary,
			 const char *name);

/* sets.c: NULL, and a complaint, where a value cannot be computed. */
void sets_choose(struct loader *loader);
/* `text` is the expression's canonical text, in the arena: equal texts are computed once. */
const struct set *set_value(struct loader *loader, struct unit *unit, const struct expr *expr,
			    const char *text);
void sets_compute(struct loader *loader, struct unit *unit);
/* Why an expression is empty: "--set own=...", or what it is made of. */
const char *empty_why(struct loader *loader, struct unit *unit, const struct expr *expr);
/* The expression that a set's value comes from. */
const struct expr *set_origin(const struct set_def *def);
const struct choice *choices_list(struct loader *loader, size_t *out_n);
/* The sets of the outermost file, with what they include. */
const struct policy_set *sets_list(struct loader *loader, size_t *out_n);

/* flatten.c: NULL, and a complaint, where it has mistakes. */
const struct boundary *boundary_flatten(struct loader *loader, struct unit *unit,
					struct boundary_def *def);
/* rules.c */
const struct rule *rule_resolve(struct loader *loader, struct unit *unit,
				const struct rule_syntax *syntax);

void loader_error(struct loader *loader, const struct spot *spot, const char *beside,
		  const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
struct place place_of(const struct spot *spot);

#endif
