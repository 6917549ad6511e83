/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 patterns: what is one, its text, and the ranges it stands for.  LANGUAGE S19. */
#include "t.h"

#include "net/pattern.h"

static const struct {
	const char	  *text;
	enum pattern_fault fault;
	const char	  *canonical;
	uint64_t	   ranges;
} rows[] = {
	{ "ff0x::101", PATTERN_GOOD, "ff0x::101", 16 },
	{ "FF0X:0:0::0101", PATTERN_GOOD, "ff0x::101", 16 },
	{ "ff3x::/32", PATTERN_GOOD, "ff3x::/32", 16 },
	{ "ffx2::/16", PATTERN_GOOD, "ffx2::/16", 16 },
	{ "ff0x::/16", PATTERN_GOOD, "ff0x::/16", 1 },
	{ "ffxx::/16", PATTERN_GOOD, "ffxx::/16", 1 },
	{ "ff7x:x0xx::/32", PATTERN_GOOD, "ff7x:x0xx::/32", 256 },
	{ "ff7x:xx0x::/32", PATTERN_GOOD, "ff7x:xx0x::/32", 4096 },
	{ "ff7x:xx40::/32", PATTERN_GOOD, "ff7x:xx40::/32", 4096 },
	{ "ff0x::1:10xx", PATTERN_GOOD, "ff0x::1:10xx", 16 },
	{ "::x1", PATTERN_GOOD, "::x1", 16 },
	{ "x::", PATTERN_GOOD, "x::", 16 },
	{ "::x", PATTERN_GOOD, "::x", 1 },
	{ "x::/16", PATTERN_GOOD, "x::/16", 1 },
	{ "0x::/16", PATTERN_GOOD, "x::/16", 1 },
	{ "1:0:0:x:0:0:0:1", PATTERN_GOOD, "1:0:0:x::1", 16 },
	{ "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx", PATTERN_GOOD,
	  "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx", 1 },
	{ "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxx1", PATTERN_GOOD,
	  "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxx1", UINT64_MAX },
	{ "ffx0::/14", PATTERN_GOOD, NULL, 0 },
	{ "ff3x::/14", PATTERN_CUT, NULL, 0 },
	{ "ff3x::1/32", PATTERN_BITS, NULL, 0 },
	{ "ff3x::x/32", PATTERN_BITS, NULL, 0 },
	{ "ffx3::/15", PATTERN_BITS, NULL, 0 },
	{ "ff3x::/129", PATTERN_LENGTH, NULL, 0 },
	{ "ff3x::/", PATTERN_LENGTH, NULL, 0 },
	{ "ff3x::/032", PATTERN_LENGTH, NULL, 0 },
	{ "ff3x", PATTERN_MALFORMED, NULL, 0 },
	{ "ff3x:::1", PATTERN_MALFORMED, NULL, 0 },
	{ "x::1::2", PATTERN_MALFORMED, NULL, 0 },
	{ "xxxxx::", PATTERN_MALFORMED, NULL, 0 },
	{ "x:1:2:3:4:5:6:7:8", PATTERN_MALFORMED, NULL, 0 },
	{ "1:2:3:4:5:6:7:x::", PATTERN_MALFORMED, NULL, 0 },
	{ "x:", PATTERN_MALFORMED, NULL, 0 },
	{ ":x", PATTERN_MALFORMED, NULL, 0 },
	{ "gx::", PATTERN_MALFORMED, NULL, 0 },
	{ "", PATTERN_MALFORMED, NULL, 0 },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern pattern = { .length = 77 }, again;
		char buffer[ADDR_TEXT];
		enum pattern_fault fault =
			pattern_parse(rows[i].text, strlen(rows[i].text), &pattern);

		check_named(fault == rows[i].fault, rows[i].text);
		check_named(fault == PATTERN_GOOD || pattern.length == 77, rows[i].text);
		if (fault != PATTERN_GOOD || !rows[i].canonical)
			continue;
		check_text(pattern_text(&pattern, buffer), rows[i].canonical, rows[i].text);
		check_named(pattern_range_count(&pattern) == rows[i].ranges, rows[i].text);
		check_named(pattern_parse(buffer, strlen(buffer), &again) == PATTERN_GOOD &&
				    again.value_hi == pattern.value_hi && again.value_lo == pattern.value_lo &&
				    again.any_hi == pattern.any_hi && again.any_lo == pattern.any_lo &&
				    again.length == pattern.length, rows[i].text);
	}
}

static bool in_pattern(const struct pattern *p, struct addr a)
{
	struct addr value = addr_of6(p->value_hi, p->value_lo);
	struct addr masked = addr_of6(a.hi & ~p->any_hi, a.lo & ~p->any_lo);

	return addr_equal(addr_first(masked, p->length), value);
}

/* Random addresses near the pattern are in its set exactly if their digits agree. */
static void check_members(const struct pattern *p, uint64_t *state)
{
	struct arena arena;
	struct set s;

	arena_init(&arena);
	s = pattern_set(&arena, p);
	for (size_t i = 1; i < s.n; i++)
		check(addr_order(addr_next(s.ranges[i - 1].last), s.ranges[i].first) < 0);
	for (int i = 0; i < 200; i++) {
		uint64_t noise_hi = t_random(state) & (i % 2 ? p->any_hi : UINT64_MAX);
		uint64_t noise_lo = t_random(state);
		struct addr a = addr_of6(p->value_hi ^ noise_hi,
					 i % 4 < 2 ? noise_lo : p->value_lo ^ (noise_lo & p->any_lo));

		check(set_has(&s, a) == in_pattern(p, a));
	}
	arena_release(&arena);
}

static void test_members(void)
{
	uint64_t state = 0xf00d;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern pattern;

		if (rows[i].canonical && rows[i].ranges <= 4096 &&
		    pattern_parse(rows[i].text, strlen(rows[i].text), &pattern) == PATTERN_GOOD)
			check_members(&pattern, &state);
	}
}

TEST_MAIN({ "rows", test_rows }, { "members", test_members })
