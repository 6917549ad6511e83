/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean" offers the word that was meant, and none that was not. */
#include "base/nearest.h"

#include "t.h"

static const char *const known[] = { "audit", "decode", "explain", "check", "fmt", "policy", "help" };

static const struct {
	const char *typed, *means;
} rows[] = {
	{ "adit", "audit" },	 { "audti", "audit" },	{ "deocde", "decode" },
	{ "expalin", "explain" }, { "chekc", "check" },	{ "ftm", "fmt" },
	{ "polciy", "policy" },	 { "hlep", "help" },	{ "xyzzy", "" },
	{ "", "" },		 { "a", "" },		{ "encapsulate", "" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nearest nearest = nearest_of(rows[i].typed);

		for (size_t k = 0; k < COUNT(known); k++)
			nearest_offer(&nearest, known[k]);
		check_text(nearest.word ? nearest.word : "", rows[i].means, rows[i].typed);
	}
}

static void test_distance(void)
{
	char word[64 + 1];

	check(nearest_distance("global", "global") == 0);
	check(nearest_distance("globl", "global") == 1);
	check(nearest_distance("ab", "ba") == 1);
	check(nearest_distance("", "abc") == 3);
	memset(word, 'a', 63);
	word[63] = '\0';
	check(nearest_distance(word, "a") == 62);
	word[63] = 'a';
	word[64] = '\0';
	check(nearest_distance(word, word) == ~0u);
}

TEST_MAIN({ "rows", test_rows }, { "distance", test_distance })
