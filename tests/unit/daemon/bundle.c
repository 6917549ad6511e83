/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies as they travel: what a bundle says, it says again, and it loads without a file. */
#include "t.h"

#include "daemon/bundle.h"

static bool read_include(void *context, const char *path, struct text *out, char problem[POLICY_PROBLEM])
{
	unsigned *count = context;

	(*count)++;
	if (strcmp(path, "sets.inc") != 0) {
		snprintf(problem, POLICY_PROBLEM, "there is none");
		return false;
	}
	text_put(out, "set sap = { 224.2.127.254 }  # \"quoted\" \\ and \xc3\xbc\n");
	return true;
}

static struct policy *load(const struct bundle *bundle, struct diags *diags)
{
	diags_init(diags);
	return bundle_load(bundle, NULL, 0, diags);
}

static void test_round_trip(void)
{
	struct bundle bundle = { .name = strdup("border.weir"), .generation = 15 }, again = { 0 };
	char problem[POLICY_PROBLEM] = "";
	struct policy *here, *there;
	struct text json = { 0 };
	struct diags diags;
	unsigned reads = 0;

	text_put(&bundle.text, "include \"sets.inc\"\nboundary b { deny to sap as s \"\xe2\x82\xac\" default permit }\n");
	diags_init(&diags);
	here = bundle_gather(&bundle, NULL, 0, read_include, &reads, &diags);
	diags_release(&diags);
	check(here && reads == 1 && bundle.include_count == 1);
	bundle_text(&bundle, &json);
	check(!strchr(text_string(&json), '\n'));
	check_named(bundle_parse(json.p, json.n, &again, problem), problem);
	check(bundle_equal(&bundle, &again) && again.generation == 15);
	there = load(&again, &diags);
	check(there && strcmp(policy_sha256(here), policy_sha256(there)) == 0);
	diags_release(&diags);
	text_put(&again.includes[0].text, " ");
	check(!bundle_equal(&bundle, &again));
	policy_free(here);
	policy_free(there);
	text_release(&json);
	bundle_release(&bundle);
	bundle_release(&again);
}

static const struct {
	const char *json;
	bool	    is_good;
} rows[] = {
	{ "", false },
	{ "[]", false },
	{ "{}", false },
	{ "{\"schema\":\"weir-bundle/2\",\"name\":\"x\",\"text\":\"\"}", false },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":\"x\"}", false },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":7,\"text\":\"\"}", false },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":\"x\",\"text\":\"\",\"includes\":[{}]}", false },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":\"x\",\"text\":\"\",\"includes\":7}", true },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":\"modern\",\"profile\":true}", true },
	{ "{\"schema\":\"weir-bundle/1\",\"name\":\"nowhere\",\"profile\":true,\"generation\":-3}", true },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char problem[POLICY_PROBLEM] = "";
		struct bundle bundle = { 0 };
		struct diags diags;
		bool good = bundle_parse(rows[i].json, strlen(rows[i].json), &bundle, problem);

		check_named(good == rows[i].is_good, rows[i].json);
		check_named(good || problem[0], "it says why");
		if (good) {
			policy_free(load(&bundle, &diags));
			diags_release(&diags);
		}
		bundle_release(&bundle);
	}
}

TEST_MAIN({ "round trip", test_round_trip }, { "rows", test_rows })
