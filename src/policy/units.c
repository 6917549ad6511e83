/* SPDX-License-Identifier: BSD-2-Clause */
/* Which texts make a policy: the outermost file, what it includes, the profiles that it uses.
 * LANGUAGE S5, S6, S25.  Knows what stands in them, not what it means. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "policy/profiles.h"
#include "policy/resolve.h"

#define INCLUDE_DEPTH 16
#define INCLUDE_MAX 256
/* A text full of unknown names would search all known ones for each. */
#define HINT_MAX 100

void loader_error(struct loader *loader, const struct spot *spot, const char *beside,
		  const char *hint, const char *format, ...)
{
	struct text message = { 0 };
	va_list args;
	char line[512];

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_put(&message, line);
	spot_complain(loader->diags, spot,
		 (struct complaint){ .severity = SEVERITY_ERROR, .beside = beside, .hint = hint },
		 "%s", message.p);
	text_release(&message);
}

struct place place_of(const struct spot *spot)
{
	return (struct place){ spot->source ? spot->source->file : "", spot->line, spot->column };
}

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < profiles_count; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

/* A name of a profile is told with the profile, one of this file with its line. */
static const char *did_you_mean(struct loader *loader, const struct unit *unit,
				const struct nearest *nearest, const struct spot *spot)
{
	if (unit != loader->units[0])
		return arena_printf(loader->arena, "did you mean '%s.%s'?", unit->profile,
				    nearest->word);
	return arena_printf(loader->arena, "did you mean '%s' (line %u)?", nearest->word,
			    spot->line);
}

/* S3: `a-b` is one name, where a difference was meant. */
static const char *suggest_difference(struct loader *loader, const struct unit *unit,
				      const char *name)
{
	for (const char *dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
		const char *left = arena_text(loader->arena, name, (size_t)(dash - name));

		if (words_find(&unit->set_index, left) != WORD_NONE &&
		    words_find(&unit->set_index, dash + 1) != WORD_NONE)
			return arena_printf(loader->arena,
					    "did you mean '%s - %s'? a difference needs blanks", left,
					    dash + 1);
	}
	return NULL;
}

const char *suggest_set(struct loader *loader, const struct unit *unit, const char *name)
{
	struct nearest nearest = nearest_of(name);
	const char *difference;
	uint32_t i;

	if (loader->hints++ > HINT_MAX)
		return NULL;
	difference = suggest_difference(loader, unit, name);
	if (difference)
		return difference;
	for (size_t k = 0; k < unit->set_count; k++)
		nearest_offer(&nearest, unit->sets[k].syntax->name);
	if (!nearest.word)
		return NULL;
	i = words_find(&unit->set_index, nearest.word);
	return did_you_mean(loader, unit, &nearest, &unit->sets[i].syntax->name_spot);
}

const char *suggest_boundary(struct loader *loader, const struct unit *unit, const char *name)
{
	struct nearest nearest = nearest_of(name);
	uint32_t i;

	if (loader->hints++ > HINT_MAX)
		return NULL;
	for (size_t k = 0; k < unit->boundary_count; k++)
		if (unit->boundaries[k].syntax->name)
			nearest_offer(&nearest, unit->boundaries[k].syntax->name);
	if (!nearest.word)
		return NULL;
	i = words_find(&unit->boundary_index, nearest.word);
	return did_you_mean(loader, unit, &nearest, &unit->boundaries[i].syntax->name_spot);
}

const char *suggest_rule(struct loader *loader, const struct boundary *boundary, const char *name)
{
	struct nearest nearest = nearest_of(name);

	if (loader->hints++ > HINT_MAX)
		return NULL;
	for (size_t k = 0; k + 1 < boundary->rule_count; k++)
		nearest_offer(&nearest, boundary->rules[k]->name);
	return nearest.word ? arena_printf(loader->arena, "did you mean '%s'?", nearest.word) : NULL;
}

struct unit *unit_of_profile(const struct loader *loader, const char *name, size_t n)
{
	for (size_t i = 0; i < loader->unit_count; i++) {
		const char *profile = loader->units[i]->profile;

		if (profile && strlen(profile) == n && memcmp(profile, name, n) == 0)
			return loader->units[i];
	}
	return NULL;
}

/* What is known of the files included so far. */
struct including {
	struct pointers paths;			/* const char * */
	unsigned	depth;
};

static const char *resolve_path(struct loader *loader, const char *base, const char *path)
{
	const char *slash = strrchr(base, '/');
	char *joined = path[0] == '/' || !slash
			       ? arena_printf(loader->arena, "%s", path)
			       : arena_printf(loader->arena, "%.*s/%s", (int)(slash - base), base,
					      path);
	char *from = joined, *to = joined;

	/* "a/./b" and "./b" are one file by two names. */
	while (*from) {
		bool at_start = to == joined || to[-1] == '/';

		if (at_start && from[0] == '.' && from[1] == '/' && from[2])
			from += 2;
		else if (at_start && from[0] == '/' && to != joined)
			from++;
		else
			*to++ = *from++;
	}
	*to = '\0';
	return joined;
}

static void add_statements(struct loader *loader, struct unit *unit, const struct syntax *syntax,
			   struct including *including);

static void add_include(struct loader *loader, struct unit *unit, const struct statement *s,
			struct including *including)
{
	const char *path = resolve_path(loader, s->spot.source->file, s->text);
	char problem[POLICY_PROBLEM] = "no file can be included here";
	struct text text = { 0 };

	for (size_t i = 0; i < including->paths.n; i++)
		if (strcmp(including->paths.list[i], path) == 0) {
			loader_error(loader, &s->spot, NULL, NULL,
				     "'%s' is included a second time, or by itself", path);
			return;
		}
	if (including->depth >= INCLUDE_DEPTH || including->paths.n >= INCLUDE_MAX) {
		loader_error(loader, &s->spot, NULL, NULL, "too many files include each other");
		return;
	}
	pointers_add(&including->paths, loader->arena, path);
	if (!loader->input->read ||
	    !loader->input->read(loader->input->context, path, &text, problem)) {
		loader_error(loader, &s->spot, NULL, NULL, "cannot include '%s': %s", path, problem);
	} else {
		including->depth++;
		add_statements(loader, unit,
			       syntax_parse(loader->arena, path, text_string(&text), text.n,
					    loader->diags),
			       including);
		including->depth--;
	}
	text_release(&text);
}

static void add_statements(struct loader *loader, struct unit *unit, const struct syntax *syntax,
			   struct including *including)
{
	pointers_add(&loader->sources, loader->arena, syntax->source);
	for (size_t i = 0; i < syntax->n; i++) {
		const struct statement *s = syntax->statements[i];

		if (s->kind == STATEMENT_INCLUDE)
			add_include(loader, unit, s, including);
		else if (s->kind != STATEMENT_POLICY)
			pointers_add(&unit->statements, loader->arena, s);
		else if (including->depth > 0)
			continue;			/* S6: ignored */
		else if (unit->name)
			loader_error(loader, &s->spot, NULL, NULL, "a policy has one name");
		else
			unit->name = s->text;
	}
}

static void index_set(struct loader *loader, struct unit *unit, const struct set_syntax *set)
{
	struct set_def *def = &unit->sets[unit->set_count];
	uint32_t earlier;

	if (words_add(&unit->set_index, set->name, (uint32_t)unit->set_count)) {
		def->syntax = set;
		unit->set_count++;
		return;
	}
	earlier = words_find(&unit->set_index, set->name);
	loader_error(loader, &set->name_spot, NULL, NULL, "set '%s' is defined twice (line %u)",
		     set->name, unit->sets[earlier].syntax->name_spot.line);	/* S5 */
}

static void index_boundary(struct loader *loader, struct unit *unit,
			   const struct boundary_syntax *boundary)
{
	struct boundary_def *def = &unit->boundaries[unit->boundary_count];
	uint32_t earlier;

	if (!boundary->name ||				/* its rules are looked at all the same */
	    words_add(&unit->boundary_index, boundary->name, (uint32_t)unit->boundary_count)) {
		def->syntax = boundary;
		unit->boundary_count++;
		return;
	}
	earlier = words_find(&unit->boundary_index, boundary->name);
	loader_error(loader, &boundary->name_spot, NULL, NULL,
		     "boundary '%s' is defined twice (line %u)", boundary->name,
		     unit->boundaries[earlier].syntax->name_spot.line);		/* S5 */
}

static void index_statements(struct loader *loader, struct unit *unit)
{
	unit->sets = arena_array(loader->arena, unit->statements.n, sizeof(*unit->sets));
	unit->boundaries =
		arena_array(loader->arena, unit->statements.n, sizeof(*unit->boundaries));
	unit->set_index = words_of(loader->arena);
	unit->boundary_index = words_of(loader->arena);
	unit->value_index = words_of(loader->arena);
	for (size_t i = 0; i < unit->statements.n; i++) {
		const struct statement *s = unit->statements.list[i];

		if (s->kind == STATEMENT_SET)
			index_set(loader, unit, &s->set);
		else
			index_boundary(loader, unit, &s->boundary);
	}
}

static struct unit *add_unit(struct loader *loader, const char *profile, const char *file,
			     const char *text, size_t n)
{
	struct unit *unit = arena_take(loader->arena, sizeof(*unit));
	struct including including = { 0 };

	unit->profile = profile;
	loader->units[loader->unit_count++] = unit;
	pointers_add(&including.paths, loader->arena, resolve_path(loader, "", file));
	add_statements(loader, unit, syntax_parse(loader->arena, file, text, n, loader->diags),
		       &including);
	index_statements(loader, unit);
	return unit;
}

/* The profile that stands before the dot of a name, read where it was not yet.  NULL where the
 * name has no dot, or no profile is called so: that is complained of where it is used. */
static struct unit *need_profile(struct loader *loader, const char *name)
{
	const char *dot = strchr(name, '.');
	struct unit *unit;

	if (!dot)
		return NULL;
	unit = unit_of_profile(loader, name, (size_t)(dot - name));
	for (size_t i = 0; !unit && i < profiles_count; i++) {
		const struct profile *p = &profiles[i];

		if (strlen(p->name) == (size_t)(dot - name) &&
		    memcmp(p->name, name, (size_t)(dot - name)) == 0 &&
		    loader->unit_count < UNIT_MAX)
			unit = add_unit(loader, p->name, p->name, p->text, p->n);
	}
	return unit;
}

static void need_profiles_of(struct loader *loader, const struct expr *expr)
{
	if (!expr)
		return;
	if (expr->kind == EXPR_NAME)
		need_profile(loader, expr->name);
	for (size_t i = 0; i < expr->n; i++)
		need_profiles_of(loader, expr->list[i]);
}

static void need_profiles_of_boundary(struct loader *loader, struct unit *unit,
				      const struct boundary_syntax *boundary)
{
	struct unit *base = boundary->base.name ? need_profile(loader, boundary->base.name) : NULL;
	bool known = !base;

	for (size_t i = 0; i < unit->extended_count; i++)
		known = known || unit->extended[i] == base;
	if (!known)
		unit->extended[unit->extended_count++] = base;
	for (size_t i = 0; i < boundary->rule_count; i++) {
		const struct rule_syntax *rule = boundary->rules[i];

		for (size_t k = 0; k < rule->clause_count; k++)
			need_profiles_of(loader, rule->clauses[k].expr);
	}
}

void units_load(struct loader *loader)
{
	const struct policy_input *input = loader->input;
	const struct profile *profile = input->text ? NULL : profile_find(input->name);

	if (profile)
		add_unit(loader, profile->name, profile->name, profile->text, profile->n);
	else
		add_unit(loader, NULL, input->name, input->text ? input->text : "",
			 input->text ? input->n : 0);
	for (size_t u = 0; u < loader->unit_count; u++) {
		struct unit *unit = loader->units[u];

		for (size_t i = 0; i < unit->statements.n; i++) {
			const struct statement *s = unit->statements.list[i];

			if (s->kind == STATEMENT_SET)
				need_profiles_of(loader, s->set.expr);
			else
				need_profiles_of_boundary(loader, unit, &s->boundary);
		}
	}
}
