/* SPDX-License-Identifier: BSD-2-Clause */
/* Bundles as JSON, and policies out of them.  Reads no file. */
#include "daemon/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define SCHEMA "weir-bundle/1"
#define INCLUDES_MAX 1000

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		memory_exhausted();
	return copy;
}

void bundle_release(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->include_count; i++) {
		free(bundle->includes[i].path);
		text_release(&bundle->includes[i].text);
	}
	free(bundle->includes);
	free(bundle->name);
	text_release(&bundle->text);
	*bundle = (struct bundle){ 0 };
}

static struct bundle_include *add_include(struct bundle *bundle, const char *path)
{
	struct bundle_include *one;

	bundle->includes = memory_grow(bundle->includes, bundle->include_count + 1, sizeof(*one));
	one = &bundle->includes[bundle->include_count++];
	*one = (struct bundle_include){ .path = copy_of(path) };
	return one;
}

/* --- JSON --- */

static json_t *string_of(const struct text *text)
{
	return json_stringn(text_string(text), text->n);
}

void bundle_text(const struct bundle *bundle, struct text *out)
{
	json_t *includes = json_array();
	json_t *whole = json_pack("{s:s, s:I, s:s, s:b}", "schema", SCHEMA, "generation",
				  (json_int_t)bundle->generation, "name", bundle->name, "profile",
				  (int)bundle->is_profile);
	char *text;

	if (!bundle->is_profile)
		json_object_set_new(whole, "text", string_of(&bundle->text));
	for (size_t i = 0; i < bundle->include_count; i++)
		json_array_append_new(includes,
				      json_pack("{s:s, s:o}", "path", bundle->includes[i].path, "text",
						string_of(&bundle->includes[i].text)));
	json_object_set_new(whole, "includes", includes);
	text = json_dumps(whole, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (!text)
		memory_exhausted();
	text_put(out, text);
	free(text);
	json_decref(whole);
}

static bool read_includes(const json_t *list, struct bundle *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *path = json_string_value(json_object_get(one, "path"));
		const json_t *text = json_object_get(one, "text");

		if (i == INCLUDES_MAX || !path || !json_is_string(text))
			return false;
		text_put_n(&add_include(out, path)->text, json_string_value(text),
			   json_string_length(text));
	}
	return true;
}

bool bundle_of(const json_t *object, struct bundle *out, char problem[POLICY_PROBLEM])
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *schema = json_string_value(json_object_get(object, "schema"));
	const json_t *text = json_object_get(object, "text");
	json_int_t generation = json_integer_value(json_object_get(object, "generation"));
	struct bundle bundle = { .is_profile = json_is_true(json_object_get(object, "profile")) };

	if (!name || !schema || strcmp(schema, SCHEMA) != 0 ||
	    (!bundle.is_profile && !json_is_string(text))) {
		snprintf(problem, POLICY_PROBLEM, "no policy, or one of another version of weir");
		return false;
	}
	bundle.name = copy_of(name);
	bundle.generation = generation > 0 ? (uint64_t)generation : 0;
	if (!bundle.is_profile)
		text_put_n(&bundle.text, json_string_value(text), json_string_length(text));
	if (read_includes(json_object_get(object, "includes"), &bundle)) {
		*out = bundle;
		return true;
	}
	snprintf(problem, POLICY_PROBLEM, "its includes are no texts");
	bundle_release(&bundle);
	return false;
}

bool bundle_parse(const char *text, size_t n, struct bundle *out, char problem[POLICY_PROBLEM])
{
	json_error_t error;
	json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	bool good;

	if (!object) {
		snprintf(problem, POLICY_PROBLEM, "no JSON: %.100s", error.text);
		return false;
	}
	good = bundle_of(object, out, problem);
	json_decref(object);
	return good;
}

static bool text_equal(const struct text *a, const struct text *b)
{
	return a->n == b->n && memcmp(text_string(a), text_string(b), a->n) == 0;
}

bool bundle_equal(const struct bundle *a, const struct bundle *b)
{
	if (a->is_profile != b->is_profile || a->include_count != b->include_count ||
	    (a->is_profile && strcmp(a->name, b->name) != 0) || !text_equal(&a->text, &b->text))
		return false;
	for (size_t i = 0; i < a->include_count; i++)
		if (!text_equal(&a->includes[i].text, &b->includes[i].text))
			return false;
	return true;
}

/* --- policies --- */

struct gathering {
	struct bundle *bundle;
	policy_reader *read;		/* NULL: only what the bundle has */
	void	      *context;
};

static bool read_include(void *context, const char *path, struct text *out,
			 char problem[POLICY_PROBLEM])
{
	struct gathering *g = context;
	struct text text = { 0 };
	bool good = false;

	for (size_t i = 0; i < g->bundle->include_count; i++) {
		const struct bundle_include *one = &g->bundle->includes[i];

		if (strcmp(one->path, path) != 0)
			continue;
		text_put_n(out, text_string(&one->text), one->text.n);
		return true;
	}
	if (!g->read)
		snprintf(problem, POLICY_PROBLEM, "it was not sent along");
	else
		good = g->read(g->context, path, &text, problem);
	if (good) {
		text_put_n(out, text_string(&text), text.n);
		add_include(g->bundle, path)->text = text;
	}
	return good;
}

static struct policy *load(struct gathering *g, char *const *sets, size_t set_count,
			   struct diags *diags)
{
	const struct policy_input input = {
		.name = g->bundle->name,
		.text = g->bundle->is_profile ? NULL : text_string(&g->bundle->text),
		.n = g->bundle->text.n,
		.sets = (const char *const *)sets, .set_count = set_count,
		.read = read_include, .context = g,
	};

	return policy_load(&input, diags);
}

struct policy *bundle_load(const struct bundle *bundle, char *const *sets, size_t set_count,
			   struct diags *diags)
{
	struct gathering g = { .bundle = (struct bundle *)bundle };

	return load(&g, sets, set_count, diags);
}

struct policy *bundle_gather(struct bundle *bundle, char *const *sets, size_t set_count,
			     policy_reader *read, void *context, struct diags *diags)
{
	struct gathering g = { bundle, read, context };

	return load(&g, sets, set_count, diags);
}
