/* SPDX-License-Identifier: BSD-2-Clause */
/* What each set holds: names in any order, choices from outside, + - & and patterns.
 * LANGUAGE S5, S11, S19, S20, S24, S25.  Knows no rule. */
#include <string.h>

#include "base/nearest.h"
#include "policy/profiles.h"
#include "policy/resolve.h"
#include "policy/text.h"

/* Sets defined by sets; it bounds the recursion. */
#define SET_DEPTH 200
/* Ranges that all sets of a policy may take to compute: it bounds the work that a text of a
 * few bytes can ask for. */
#define RANGES_MADE_MAX (4u << 20)
/* A list with members larger than this is merged, not sorted. */
#define MERGED_FROM 64

/* For as long as the policy lives.  The scratch arena needs nothing anymore that it took since the mark. */
static const struct set *keep(struct loader *loader, struct arena_mark mark, const struct set *set)
{
	struct set *kept = arena_take(loader->arena, sizeof(*kept));
	struct range *ranges = arena_room(loader->arena, set->n, sizeof(*ranges));

	if (set->n > 0)
		memcpy(ranges, set->ranges, set->n * sizeof(*ranges));
	*kept = (struct set){ ranges, set->n, set->n4 };
	arena_keep(&loader->scratch, mark, NULL, 0);
	return kept;
}

/* Counts what a step made; false, and a complaint, where it is too much. */
static bool afford(struct loader *loader, const struct spot *spot, size_t n)
{
	size_t most = loader->input->ranges_max ? loader->input->ranges_max : RANGES_MADE_MAX;

	if (n > SET_RANGES_MAX) {
		loader_error(loader, spot, NULL, "fewer x digits before the end, or 'embeds'",
			     "a set of more than %u ranges", SET_RANGES_MAX);	/* S19 */
		return false;
	}
	if (loader->ranges_made > most)
		return false;
	loader->ranges_made += n;
	if (loader->ranges_made <= most)
		return true;
	loader_error(loader, spot, NULL, NULL, "the sets of this policy are too large together");
	return false;
}

/* Of what was made in the scratch arena since the mark only the set stays. */
static struct set settle(struct loader *loader, struct arena_mark mark, struct set set)
{
	set.ranges = arena_keep(&loader->scratch, mark, set.ranges, set.n * sizeof(*set.ranges));
	return set;
}

static bool evaluate(struct loader *loader, struct unit *unit, const struct expr *expr,
		     struct set *out);

static const struct set *compute(struct loader *loader, struct unit *unit, struct set_def *def);

static struct unit *find_profile(struct loader *loader, const struct expr *expr, size_t n)
{
	struct unit *unit = unit_of_profile(loader, expr->name, n);
	struct nearest nearest;
	const char *typed;

	if (unit)
		return unit;
	typed = arena_text(loader->arena, expr->name, n);
	nearest = nearest_of(typed);
	for (size_t i = 0; i < profiles_count; i++)
		nearest_offer(&nearest, profiles[i].name);
	loader_error(loader, &expr->spot,
		     nearest.word ? arena_printf(loader->arena, "did you mean '%s%s'?",
						 nearest.word, expr->name + n)
				  : NULL,
		     NULL, "no built-in policy is called '%s'", typed);
	return NULL;
}

/* The set that a name means in a unit; complains where there is none. */
static struct set_def *find_set(struct loader *loader, struct unit *unit, const struct expr *expr,
				struct unit **out_unit)
{
	const char *dot = strchr(expr->name, '.');
	const char *name = dot ? dot + 1 : expr->name;
	uint32_t i;

	if (dot)
		unit = find_profile(loader, expr, (size_t)(dot - expr->name));
	if (!unit)
		return NULL;
	*out_unit = unit;
	i = words_find(&unit->set_index, name);
	if (i != WORD_NONE)
		return &unit->sets[i];
	loader_error(loader, &expr->spot, suggest_set(loader, unit, name), NULL,
		     "unknown set '%s'", expr->name);
	return NULL;
}

static bool evaluate_name(struct loader *loader, struct unit *unit, const struct expr *expr,
			  struct set *out)
{
	struct unit *home;
	struct set_def *def = find_set(loader, unit, expr, &home);
	const struct set *set = def ? compute(loader, home, def) : NULL;

	if (set)
		*out = *set;
	return set != NULL;
}

/* The union of n sets: the small ones sorted together, the large ones merged with them. */
static struct set join(struct loader *loader, const struct set *sets, size_t n)
{
	struct range *small;
	struct set joined;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += sets[i].n <= MERGED_FROM ? sets[i].n : 0;
	small = arena_room(&loader->scratch, count, sizeof(*small));
	count = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i].n && sets[i].n <= MERGED_FROM; k++)
			small[count++] = sets[i].ranges[k];
	joined = set_of(&loader->scratch, small, count);
	for (size_t i = 0; i < n; i++)
		if (sets[i].n > MERGED_FROM)
			joined = joined.n == 0 ? sets[i]
					       : set_union(&loader->scratch, &joined, &sets[i]);
	return joined;
}

static bool evaluate_list(struct loader *loader, struct unit *unit, const struct expr *expr,
			  struct set *out)
{
	struct arena_mark mark = arena_mark(&loader->scratch);
	struct set *sets = arena_array(&loader->scratch, expr->n, sizeof(*sets));
	size_t n = 0;
	bool good = true;

	for (size_t i = 0; i < expr->n; i++) {
		if (!evaluate(loader, unit, expr->list[i], &sets[i])) {
			good = false;
			continue;
		}
		n += sets[i].n;
		if (n > SET_RANGES_MAX)
			return afford(loader, &expr->spot, n);
	}
	if (!good || !afford(loader, &expr->spot, n))
		return false;
	*out = settle(loader, mark, join(loader, sets, expr->n));
	return true;
}

static bool evaluate_chain(struct loader *loader, struct unit *unit, const struct expr *expr,
			   struct set *out)
{
	struct arena_mark mark = arena_mark(&loader->scratch);
	struct set value, next;
	bool good = evaluate(loader, unit, expr->list[0], &value);

	for (size_t i = 1; i < expr->n; i++) {
		if (good && i > 1)
			value = settle(loader, mark, value);
		if (!evaluate(loader, unit, expr->list[i], &next) || !good) {
			good = false;
			continue;
		}
		value = expr->signs[i] == '+' ? set_union(&loader->scratch, &value, &next)
			: expr->signs[i] == '-'
				? set_difference(&loader->scratch, &value, &next)
				: set_intersection(&loader->scratch, &value, &next);
		good = afford(loader, &expr->list[i]->spot, value.n);
		if (!good)
			return false;
	}
	if (good)
		*out = value;
	return good;
}

static bool evaluate_pattern(struct loader *loader, const struct expr *expr, struct set *out)
{
	uint64_t n = pattern_range_count(&expr->pattern);

	if (!afford(loader, &expr->spot, n > SET_RANGES_MAX ? SIZE_MAX : (size_t)n))
		return false;
	*out = pattern_set(&loader->scratch, &expr->pattern);
	return true;
}

/* The ranges live in the scratch arena, or with the set that has them. */
static bool evaluate(struct loader *loader, struct unit *unit, const struct expr *expr,
		     struct set *out)
{
	struct range *range;

	switch (expr->kind) {
	case EXPR_NAME:
		return evaluate_name(loader, unit, expr, out);
	case EXPR_LIST:
		return evaluate_list(loader, unit, expr, out);
	case EXPR_GROUP:
		return evaluate(loader, unit, expr->list[0], out);
	case EXPR_CHAIN:
		return evaluate_chain(loader, unit, expr, out);
	case EXPR_PATTERN:
		return evaluate_pattern(loader, expr, out);
	default:
		range = arena_take(&loader->scratch, sizeof(*range));
		*range = (struct range){ expr->first, expr->last };
		*out = (struct set){ range, 1, range->first.family == FAMILY_IP4 };
		return afford(loader, &expr->spot, 1);
	}
}

const struct expr *set_origin(const struct set_def *def)
{
	if (def->given)
		return def->given;
	return def->override ? set_origin(def->override) : def->syntax->expr;
}

/* S24: the choice of --set, the set of the outermost extending policy, or its own value. */
static const struct set *compute_value(struct loader *loader, struct unit *unit,
				       struct set_def *def)
{
	struct arena_mark mark = arena_mark(&loader->scratch);
	struct set value;

	if (def->override && !def->given) {
		for (size_t u = 0; u < loader->unit_count; u++) {
			struct unit *other = loader->units[u];

			if (def->override >= other->sets &&
			    def->override < other->sets + other->set_count)
				return compute(loader, other, def->override);
		}
	}
	if (!def->given && !def->syntax->expr)
		return NULL;
	if (!evaluate(loader, unit, def->given ? def->given : def->syntax->expr, &value))
		return NULL;
	return keep(loader, mark, &value);
}

static const struct set *compute(struct loader *loader, struct unit *unit, struct set_def *def)
{
	if (def->progress == PROGRESS_DONE)
		return def->set;
	if (def->progress == PROGRESS_BUSY) {
		loader_error(loader, &def->syntax->name_spot, NULL, NULL,
			     "set '%s' is defined by itself", def->syntax->name);	/* S5 */
		return NULL;
	}
	if (loader->set_depth == SET_DEPTH) {
		loader_error(loader, &def->syntax->name_spot, NULL, NULL,
			     "more than %d sets are defined by each other in a row", SET_DEPTH);
		return NULL;
	}
	def->progress = PROGRESS_BUSY;
	loader->set_depth++;
	def->set = compute_value(loader, unit, def);
	loader->set_depth--;
	def->progress = PROGRESS_DONE;
	return def->set;
}

void sets_compute(struct loader *loader, struct unit *unit)
{
	for (size_t i = 0; i < unit->set_count; i++)
		compute(loader, unit, &unit->sets[i]);
}

const struct set *set_value(struct loader *loader, struct unit *unit, const struct expr *expr,
			    const char *text)
{
	struct arena_mark mark = arena_mark(&loader->scratch);
	struct unit *home;
	struct set_def *def;
	struct set value;
	const struct set *set;
	uint32_t known;

	if (expr->kind == EXPR_NAME) {
		def = find_set(loader, unit, expr, &home);
		return def ? compute(loader, home, def) : NULL;
	}
	known = words_find(&unit->value_index, text);
	if (known != WORD_NONE)
		return unit->values.list[known];
	if (!evaluate(loader, unit, expr, &value))
		return NULL;
	set = keep(loader, mark, &value);
	words_add(&unit->value_index, text, (uint32_t)unit->values.n);
	pointers_add(&unit->values, loader->arena, set);
	return set;
}

/* The set that leaves an expression empty: a choice rather than another; NULL: it names none. */
static const struct set_def *find_empty(struct loader *loader, struct unit *unit,
					const struct expr *expr)
{
	const struct set_def *found = NULL;

	if (expr->kind == EXPR_NAME) {
		struct unit *home;
		struct set_def *def = find_set(loader, unit, expr, &home);

		if (!def || !def->set || def->set->n > 0)
			return NULL;
		if (def->syntax->choice || !def->syntax->expr)
			return def;
		found = find_empty(loader, home, def->syntax->expr);
		return found ? found : def;
	}
	for (size_t i = 0; i < expr->n && !found; i++)
		found = find_empty(loader, unit, expr->list[i]);
	return found;
}

const char *empty_why(struct loader *loader, struct unit *unit, const struct expr *expr)
{
	const struct set_def *def = find_empty(loader, unit, expr);

	if (!def)
		return "its set is empty";
	if (def->syntax->choice && !(def->override && !def->override->syntax->choice))
		return arena_printf(loader->arena, "--set %s=...", def->syntax->name);
	return arena_printf(loader->arena, "set '%s' is empty", def->syntax->name);
}

/* True where `from` extends `to`, at once or through others. */
static bool extends(const struct unit *from, const struct unit *to, unsigned depth)
{
	for (size_t i = 0; i < from->extended_count && depth < UNIT_MAX; i++)
		if (from->extended[i] == to || extends(from->extended[i], to, depth + 1))
			return true;
	return false;
}

/* The outermost other policy that extends this one and has a set of this name. */
static struct set_def *find_override(struct loader *loader, const struct unit *unit,
				     const char *name)
{
	for (size_t u = 0; u < loader->unit_count; u++) {
		struct unit *outer = loader->units[u];
		uint32_t i = words_find(&outer->set_index, name);

		if (outer != unit && i != WORD_NONE && extends(outer, unit, 0))
			return &outer->sets[i];
	}
	return NULL;
}

static bool give(struct loader *loader, const char *name, const struct expr *value)
{
	bool found = false;

	for (size_t u = 0; u < loader->unit_count; u++) {
		struct unit *unit = loader->units[u];
		uint32_t i = words_find(&unit->set_index, name);

		if (i == WORD_NONE || !unit->sets[i].syntax->choice)
			continue;
		unit->sets[i].given = value;
		found = true;
	}
	return found;
}

/* A few of the names that --set may give a value. */
static const char *list_choices(struct loader *loader)
{
	struct text names = { 0 };
	const char *kept;
	size_t n = 0;

	for (size_t u = 0; u < loader->unit_count; u++) {
		const struct unit *unit = loader->units[u];

		for (size_t i = 0; i < unit->set_count && n < 16; i++)
			if (unit->sets[i].syntax->choice &&
			    (u == 0 || words_find(&loader->units[0]->set_index,
						  unit->sets[i].syntax->name) == WORD_NONE))
				text_printf(&names, "%s%s", n++ > 0 ? ", " : "the choices are ",
					    unit->sets[i].syntax->name);
	}
	if (n == 0)
		text_put(&names, "this policy leaves no set to choose (by ?=)");
	kept = arena_text(loader->arena, text_string(&names), names.n);
	text_release(&names);
	return kept;
}

static void complain_of_choice(struct loader *loader, const struct spot *spot, const char *name)
{
	struct nearest nearest = nearest_of(name);
	const char *fixed = NULL, *hint;

	for (size_t u = 0; u < loader->unit_count; u++) {
		const struct unit *unit = loader->units[u];

		for (size_t i = 0; i < unit->set_count; i++)
			if (unit->sets[i].syntax->choice)
				nearest_offer(&nearest, unit->sets[i].syntax->name);
		if (words_find(&unit->set_index, name) != WORD_NONE)
			fixed = "it is defined with '=', which never changes";
	}
	hint = fixed	      ? fixed
	       : nearest.word ? arena_printf(loader->arena, "did you mean '%s'?", nearest.word)
			      : list_choices(loader);
	loader_error(loader, spot, NULL, hint, "no set '%s' can be chosen", name);
}

/* One NAME=SET of --set. */
static void choose(struct loader *loader, const char *argument)
{
	const char *equal = strchr(argument, '=');
	size_t n = equal ? (size_t)(equal - argument) : strlen(argument);
	const char *name = arena_text(loader->arena, argument, n);
	struct source *source = arena_take(loader->arena, sizeof(*source));
	struct spot spot = { .source = source };	/* a word of the command line, in no line */
	const struct expr *value;

	*source = (struct source){ .file = "--set" };
	pointers_add(&loader->sources, loader->arena, source);
	if (!equal || n == 0) {
		loader_error(loader, &spot, NULL, "as --set own=192.105.90.0/24",
			     "'%s' is not NAME=SET", argument);
		return;
	}
	value = set_value_parse(loader->arena, arena_printf(loader->arena, "--set %s", name),
				equal + 1, loader->diags);
	if (value && !give(loader, name, value))
		complain_of_choice(loader, &spot, name);
}

void sets_choose(struct loader *loader)
{
	for (size_t i = 0; i < loader->input->set_count; i++)
		choose(loader, loader->input->sets[i]);
	for (size_t u = 0; u < loader->unit_count; u++) {
		struct unit *unit = loader->units[u];

		for (size_t i = 0; i < unit->set_count; i++)
			if (unit->sets[i].syntax->choice && unit != loader->units[0])
				unit->sets[i].override =
					find_override(loader, unit, unit->sets[i].syntax->name);
	}
}

static bool is_listed(const struct choice *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

const struct choice *choices_list(struct loader *loader, size_t *out_n)
{
	struct choice *list;
	size_t n = 0, cap = 0;

	for (size_t u = 0; u < loader->unit_count; u++)
		cap += loader->units[u]->set_count;
	list = arena_array(loader->arena, cap, sizeof(*list));
	for (size_t u = 0; u < loader->unit_count; u++) {
		struct unit *unit = loader->units[u];

		for (size_t i = 0; i < unit->set_count; i++) {
			struct set_def *def = &unit->sets[i];
			struct text value = { 0 };

			if (!def->syntax->choice || def->override ||
			    (u > 0 && is_listed(list, n, def->syntax->name)))
				continue;
			if (set_origin(def))
				expr_text(set_origin(def), &value);
			list[n++] = (struct choice){
				.name = def->syntax->name, .text = def->syntax->text,
				.value = arena_text(loader->arena, text_string(&value), value.n),
				.place = place_of(&def->syntax->name_spot),
				.set = compute(loader, unit, def), .chosen = def->given != NULL,
			};
			text_release(&value);
		}
	}
	*out_n = n;
	return list;
}

const struct policy_set *sets_list(struct loader *loader, size_t *out_n)
{
	struct unit *unit = loader->units[0];
	struct policy_set *list = arena_array(loader->arena, unit->set_count, sizeof(*list));

	for (size_t i = 0; i < unit->set_count; i++)
		list[i] = (struct policy_set){ unit->sets[i].syntax->name,
					      compute(loader, unit, &unit->sets[i]) };
	*out_n = unit->set_count;
	return list;
}
