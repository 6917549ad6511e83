/* SPDX-License-Identifier: BSD-2-Clause */
/* Canonical text: printing twice changes nothing, loses no comment, and means the same. */
#include "t.h"

#include "policy/load.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/profiles.h"
#include "random_policy.h"

/* False, and nothing put, where the text has mistakes. */
static bool print(const char *text, struct text *out)
{
	struct arena arena;
	struct diags diags;
	const struct syntax *syntax;
	bool good;

	arena_init(&arena);
	diags_init(&diags);
	syntax = syntax_parse(&arena, "test.weir", text, strlen(text), &diags);
	good = diags.errors == 0;
	if (good)
		syntax_text(syntax, out);
	else
		printf("# %u:%u: %s\n", diags.list[0].line, diags.list[0].column,
		       diags.list[0].message);
	diags_release(&diags);
	arena_release(&arena);
	return good;
}

static void read_sha256(const char *text, char out[65])
{
	struct policy_input input = { .name = "test.weir", .text = text, .n = strlen(text) };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	snprintf(out, 65, "%s", policy ? policy_sha256(policy) : "");
	policy_free(policy);
	diags_release(&diags);
}

/* Parses, prints, and prints that again; its meaning stays. */
static void check_canonical(const char *text, struct text *out)
{
	struct text again = { 0 };
	char before[65], after[65];

	check_named(print(text, out), text);
	check_named(print(text_string(out), &again), text_string(out));
	check_text(text_string(&again), text_string(out), "fmt of fmt is fmt");
	read_sha256(text, before);
	read_sha256(text_string(out), after);
	check_text(after, before, "means the same");
	text_release(&again);
}

static void test_profiles(void)
{
	for (size_t i = 0; i < profiles_count; i++) {
		struct text out = { 0 };

		check_canonical(profiles[i].text, &out);
		check_text(text_string(&out), profiles[i].text, "built-in policies are canonical");
		text_release(&out);
	}
}

/* Each blank outside of texts becomes other white space, or a comment with a number. */
static unsigned shake(uint64_t *seed, const char *text, struct text *out)
{
	unsigned comments = 0;
	bool quoted = false;

	for (; *text; text++) {
		quoted ^= *text == '"';
		if (quoted || !strchr(" \t\n", *text)) {
			text_char(out, *text);
			continue;
		}
		switch (t_random(seed) % 12) {
		case 0:
			text_printf(out, " # c%u.\n", comments++);
			break;
		case 1:
			text_printf(out, "\n# c%u.\n", comments++);
			break;
		case 2:
			text_printf(out, "\n\n  # c%u.   \n\n", comments++);
			break;
		case 3:
			text_put(out, "\n\n\n");
			break;
		case 4:
			text_put(out, "\n");
			break;
		default:
			text_put(out, t_random(seed) % 4 ? " " : "\t ");
		}
	}
	return comments;
}

static void check_comments(const char *text, unsigned comments)
{
	for (unsigned i = 0; i < comments; i++) {
		char comment[32];
		const char *first;

		snprintf(comment, sizeof(comment), "# c%u.\n", i);
		first = strstr(text, comment);
		check_named(first && !strstr(first + 1, comment), comment);
	}
}

static bool is_good(const char *text)
{
	struct arena arena;
	struct diags diags;
	bool good;

	arena_init(&arena);
	diags_init(&diags);
	syntax_parse(&arena, "test.weir", text, strlen(text), &diags);
	good = diags.errors == 0;
	diags_release(&diags);
	arena_release(&arena);
	return good;
}

static void test_random(void)
{
	uint64_t seed = 0x11fe;
	unsigned printed = 0;

	for (int round = 0; round < 400 && t_failures < 5; round++) {
		struct text plain = { 0 }, shaken = { 0 }, out = { 0 };
		unsigned comments;

		random_policy(&seed, 1 + (unsigned)(t_random(&seed) % 20), &plain);
		comments = shake(&seed, text_string(&plain), &shaken);
		if (is_good(text_string(&plain))) {	/* "a - b" of addresses may be no range */
			check_canonical(text_string(&shaken), &out);
			check_comments(text_string(&out), comments);
			printed++;
		}
		text_release(&plain);
		text_release(&shaken);
		text_release(&out);
	}
	check(printed > 200);
}

static void test_shaken_profiles(void)
{
	uint64_t seed = 0x77;

	for (size_t i = 0; i < 4 * profiles_count; i++) {
		const struct profile *profile = &profiles[i / 4];
		struct text bare = { 0 }, shaken = { 0 }, out = { 0 };
		bool comment = false, quoted = false;
		unsigned comments;

		for (const char *p = profile->text; *p; p++) {
			quoted ^= *p == '"' && !comment;
			comment = (comment || (*p == '#' && !quoted)) && *p != '\n';
			if (!comment)
				text_char(&bare, *p);
		}
		comments = shake(&seed, bare.p, &shaken);
		check_canonical(shaken.p, &out);
		check_comments(text_string(&out), comments);
		text_release(&bare);
		text_release(&shaken);
		text_release(&out);
	}
}

/* What does not decide does not change the fingerprint, and what decides does. */
static void test_fingerprint(void)
{
	static const struct { const char *text; bool same; } rows[] = {
		{ "policy \"p\" boundary b { deny to 224.1.1.1 at data as x default deny }", true },
		{ "policy \"p\"\n# c\nboundary  b {\ndeny at data to 224.1.1.1 as x\ndefault deny }", true },
		{ "policy \"q\" boundary b { deny to 224.1.1.1 at data as x default deny }", false },
		{ "policy \"p\" boundary b { deny to 224.1.1.2 at data as x default deny }", false },
		{ "policy \"p\" boundary b { deny to 224.1.1.1 at data as y default deny }", false },
		{ "policy \"p\" boundary b { permit to 224.1.1.1 at data as x default deny }", false },
		{ "policy \"p\" boundary b { deny to 224.1.1.1 at sa as x default deny }", false },
		{ "policy \"p\" boundary b { deny to 224.1.1.1 at data as x default permit }", false },
		{ "policy \"p\" boundary c { deny to 224.1.1.1 at data as x default deny }", false },
	};
	char first[65], other[65];

	read_sha256(rows[0].text, first);
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_sha256(rows[i].text, other);
		check_named(strlen(other) == 64 && (strcmp(first, other) == 0) == rows[i].same,
			    rows[i].text);
	}
}

TEST_MAIN({ "profiles", test_profiles }, { "random policies with comments", test_random },
	  { "profiles with comments", test_shaken_profiles }, { "fingerprint", test_fingerprint })
