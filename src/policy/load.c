/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps from a text to a policy, and its fingerprint.  LANGUAGE S5, S51. */
#include "policy/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/large_page.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "policy/resolve.h"
#include "policy/text.h"

/* A policy with the memory that it lives in. */
struct loaded {
	struct policy	       policy;
	struct arena	       arena;
	void		      *memory;		/* that the arena begins in */
	struct unit	      *units[UNIT_MAX];
	size_t		       unit_count;
	char		       sha256[SHA256_TEXT];	/* "": not taken yet */
	const struct source *const *sources;
	size_t		       source_count;
};

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void flatten_all(struct loader *loader, struct policy *policy)
{
	struct unit *unit = loader->units[0];
	struct pointers boundaries = { 0 };

	for (size_t i = 0; i < unit->boundary_count; i++) {
		const struct boundary *b =
			boundary_flatten(loader, unit, &unit->boundaries[i]);

		if (b)
			pointers_add(&boundaries, loader->arena, b);
	}
	policy->boundaries = (const struct boundary *const *)boundaries.list;
	policy->boundary_count = boundaries.n;
}

static void check_boundaries(struct loader *loader)
{
	const struct source *source = loader->sources.n ? loader->sources.list[0] : NULL;
	struct spot spot = { source, 0, 0, 1, 1, 1, 1 };

	if (!loader->input->text && !loader->units[0]->profile)
		loader_error(loader, &spot, NULL, "the built-in policies are chown-02, modern and ssm-only",
			     "no built-in policy is called '%s'", loader->input->name);
	else if (loader->units[0]->boundary_count == 0)
		loader_error(loader, &spot, NULL, "boundary border { ... default deny }",
			     "this policy has no boundary");
}

/* S51: what decides, in canonical text: the sets as chosen, then the boundaries as flattened.
 * Comments and layout are no part of it. */
static void put_sets(const struct loaded *loaded, struct text *out)
{
	for (size_t u = 0; u < loaded->unit_count; u++) {
		const struct unit *unit = loaded->units[u];

		for (size_t i = 0; i < unit->set_count; i++) {
			const struct set_def *def = &unit->sets[i];

			text_printf(out, "set %s%s%s = ", u > 0 ? unit->profile : "",
				    u > 0 ? "." : "", def->syntax->name);
			if (def->override && !def->given)
				text_put(out, def->override->syntax->name);
			else if (set_origin(def))
				expr_text(set_origin(def), out);
			text_char(out, '\n');
		}
	}
}

static void put_rule(const struct rule *rule, struct text *out)
{
	struct trailers t = { .name = rule->name, .text = rule->text, .ref = rule->ref,
			      .owner = rule->owner, .has_until = rule->has_until,
			      .until_day = rule->until_day };

	text_printf(out, "%s %s", action_name(rule->action), rule->clauses);
	if (rule->kind == RULE_MATCH && rule->action == ACTION_LIMIT)
		text_printf(out, " %u/%u burst %u by %u", rule->rate.n, rule->rate.unit_s,
			    rule->rate.burst, (unsigned)rule->limit_key);
	trailers_text(&t, out);
	text_char(out, '\n');
}

static void put_policy(const struct loaded *loaded, struct text *out)
{
	const struct policy *policy = &loaded->policy;

	text_put(out, "policy ");
	quoted_text(policy->name, out);
	text_char(out, '\n');
	put_sets(loaded, out);
	for (size_t i = 0; i < policy->boundary_count; i++) {
		const struct boundary *b = policy->boundaries[i];

		text_printf(out, "boundary %s\n", b->name);
		for (size_t k = 0; k < b->rule_count; k++)
			put_rule(b->rules[k], out);
	}
}

const char *policy_sha256(const struct policy *policy)
{
	struct loaded *loaded = (struct loaded *)policy;
	struct text text = { 0 };

	if (!loaded->sha256[0]) {
		put_policy(loaded, &text);
		sha256_text(span_of(text_string(&text)), loaded->sha256);
		text_release(&text);
	}
	return loaded->sha256;
}

/* Complaints in the order of the texts: by file as read, then by line and column. */
struct ranked {
	struct diag diag;
	size_t	    file, index;
};

static int order_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->diag.line != y->diag.line)
		return x->diag.line < y->diag.line ? -1 : 1;
	if (x->diag.column != y->diag.column)
		return x->diag.column < y->diag.column ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static size_t rank_of(const struct loader *loader, const char *file)
{
	size_t i = 0;

	while (i < loader->sources.n &&
	       strcmp(((const struct source *)loader->sources.list[i])->file, file) != 0)
		i++;
	return i;
}

static void put_in_order(const struct loader *loader, size_t from)
{
	struct diags *d = loader->diags;
	size_t n = d->n - from;
	struct ranked *ranked = memory_array(n, sizeof(*ranked));

	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){ d->list[from + i],
					     rank_of(loader, d->list[from + i].file), i };
	if (n > 1)
		qsort(ranked, n, sizeof(*ranked), order_ranked);
	for (size_t i = 0; i < n; i++)
		d->list[from + i] = ranked[i].diag;
	free(ranked);
}

static void fill(struct loader *loader, struct loaded *loaded)
{
	const struct unit *unit = loader->units[0];
	struct policy *policy = &loaded->policy;

	sets_choose(loader);
	sets_compute(loader, loader->units[0]);
	check_boundaries(loader);
	flatten_all(loader, policy);
	policy->file = arena_text(loader->arena, loader->input->name, strlen(loader->input->name));
	policy->name = unit->name ? unit->name : file_name(policy->file);
	policy->built_in = unit->profile != NULL;
	policy->choices = choices_list(loader, &policy->choice_count);
	policy->sets = sets_list(loader, &policy->set_count);
	loaded->sources = (const struct source *const *)loader->sources.list;
	loaded->source_count = loader->sources.n;
	memcpy(loaded->units, loader->units, sizeof(loaded->units));
	loaded->unit_count = loader->unit_count;
}

/* Half of a large page is more than most policies take, and the other half more than computing their
 * sets does: to be given as much in small pages would be a good part of the time that it takes. */
static void lend_large_page(struct loader *loader, struct loaded *loaded)
{
	uint8_t *page;

	loaded->memory = memory_room(2, LARGE_PAGE);
	page = large_page_of(loaded->memory);
	loader->input->prefer_large(page, LARGE_PAGE);
	arena_lend(&loaded->arena, page, LARGE_PAGE / 2);
	arena_lend(&loader->scratch, page + LARGE_PAGE / 2, LARGE_PAGE / 2);
}

/* What the policy does not need of the page. */
static void give_back_scratch(struct loader *loader, struct loaded *loaded)
{
	uint8_t *page, *end = arena_room(&loaded->arena, 0, 1);

	arena_release(&loader->scratch);
	if (!loaded->memory)
		return;
	page = large_page_of(loaded->memory);
	if ((uintptr_t)end - (uintptr_t)page > LARGE_PAGE / 2)
		end = page + LARGE_PAGE / 2;
	loader->input->give_back(end, LARGE_PAGE - (size_t)(end - page));
}

struct policy *policy_load(const struct policy_input *input, struct diags *diags)
{
	struct loaded *loaded = memory_take(sizeof(*loaded));
	struct loader *loader = memory_take(sizeof(*loader));
	unsigned errors = diags->errors;
	size_t from = diags->n;

	*loader = (struct loader){ .arena = &loaded->arena, .diags = diags, .input = input };
	arena_init(&loaded->arena);
	arena_init(&loader->scratch);
	if (input->prefer_large)
		lend_large_page(loader, loaded);
	units_load(loader);
	fill(loader, loaded);
	put_in_order(loader, from);
	give_back_scratch(loader, loaded);
	free(loader);
	if (diags->errors == errors)
		return &loaded->policy;
	policy_free(&loaded->policy);
	return NULL;
}

void policy_free(struct policy *policy)
{
	struct loaded *loaded = (struct loaded *)policy;

	if (!policy)
		return;
	arena_release(&loaded->arena);
	free(loaded->memory);
	free(loaded);
}

const struct boundary *policy_boundary(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->boundary_count; i++)
		if (!name || strcmp(policy->boundaries[i]->name, name) == 0)
			return policy->boundaries[i];
	return NULL;
}

const char *policy_source_line(const struct policy *policy, const struct place *place)
{
	struct loaded *loaded = (struct loaded *)policy;

	for (size_t i = 0; i < loaded->source_count; i++)
		if (loaded->sources[i]->file == place->file)
			return source_line(loaded->sources[i], place->line, &loaded->arena);
	return NULL;
}
