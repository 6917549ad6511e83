/* SPDX-License-Identifier: BSD-2-Clause */
/* Policy texts: whatever they say, every mistake has a place in them; what loads is checked,
 * and what parses is printed, the same when printed again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check.h"
#include "policy/parse.h"
#include "policy/print.h"

/* Enough for the built-in policies; a text may not ask for more. */
#define RANGES_MAX 100000
#define LINTED_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(good) must_at((good), __LINE__)

static void must_at(bool good, int line)
{
	if (!good) {
		fprintf(stderr, "line %d\n", line);
		abort();
	}
}

/* "self.weir" is the text itself, everything else two lines. */
static bool read_include(void *context, const char *path, struct text *out,
			 char problem[POLICY_PROBLEM])
{
	const struct span *text = context;

	problem[0] = '\0';
	if (strcmp(path, "self.weir") == 0)
		text_put_n(out, (const char *)text->p, text->n);
	else
		text_put(out, "set shared = { 10.0.0.0/8 }\nboundary included { default deny }\n");
	return path[0] != '-';
}

static void check_places(const struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = &diags->list[i];

		must(d->line > 0 && d->column > 0 && d->width > 0 && d->message[0] && d->file);
		must(!d->source_line || strlen(d->source_line) + 1 >= d->column ||
		     d->column == 1);
	}
}

static bool is_small(const struct policy *policy)
{
	size_t ranges = 0;

	for (size_t i = 0; i < policy->boundary_count; i++)
		for (size_t k = 0; k < policy->boundaries[i]->rule_count; k++) {
			const struct rule *rule = policy->boundaries[i]->rules[k];

			must(rule->name[0] && strlen(rule->name) <= 63);
			for (size_t m = 0; m < rule->match_count; m++)
				ranges += rule->matches[m].set->n;
		}
	return ranges <= LINTED_MAX;
}

static void load(struct span text)
{
	struct policy_input input = { .name = "fuzz.weir", .text = (const char *)text.p, .n = text.n,
				      .ranges_max = RANGES_MAX, .read = read_include,
				      .context = &text };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	must((policy != NULL) == (diags.errors == 0));
	if (policy && is_small(policy))
		policy_check(policy, 20000, &diags);
	check_places(&diags);
	policy_free(policy);
	diags_release(&diags);
}

/* False where the text has mistakes. */
static bool print(struct span text, struct text *out)
{
	struct arena arena;
	struct diags diags;
	const struct syntax *syntax;
	bool good;

	arena_init(&arena);
	diags_init(&diags);
	syntax = syntax_parse(&arena, "fuzz.weir", (const char *)text.p, text.n, &diags);
	good = diags.errors == 0;
	if (good)
		syntax_text(syntax, out);
	diags_release(&diags);
	arena_release(&arena);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { size ? data : (const uint8_t *)"", size };
	struct text once = { 0 }, twice = { 0 };

	load(text);
	if (print(text, &once)) {
		must(print(span_of(text_string(&once)), &twice));
		must(strcmp(text_string(&once), text_string(&twice)) == 0);
	}
	text_release(&once);
	text_release(&twice);
	return 0;
}
