/* SPDX-License-Identifier: BSD-2-Clause */
/* The test harness: TAP on stdout, one process a file, exit 1 if a check failed. */
#ifndef WEIR_TESTS_T_H
#define WEIR_TESTS_T_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct t_test {
	const char *name;
	void (*run)(void);
};

static unsigned t_failures;
static const char *t_skip_reason;

static inline void t_check(bool good, const char *what, const char *file, int line)
{
	if (good)
		return;
	t_failures++;
	printf("# %s:%d: failed: %s\n", file, line, what);
}

#define check(condition) t_check((condition), #condition, __FILE__, __LINE__)
#define check_named(condition, name) t_check((condition), (name), __FILE__, __LINE__)

static inline void t_check_text(const char *is, const char *should, const char *name,
				const char *file, int line)
{
	if (strcmp(is, should) == 0)
		return;
	t_failures++;
	printf("# %s:%d: %s\n#   is     %s\n#   should %s\n", file, line, name, is, should);
}

#define check_text(is, should, name) t_check_text((is), (should), (name), __FILE__, __LINE__)

/* Marks the running test as skipped, with the reason; the test then returns. */
static inline void t_skip(const char *reason)
{
	t_skip_reason = reason;
}

static inline int t_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of hex text (blanks are passed), in memory of exactly their size, so that the address
 * sanitizer sees a read one too far.  free((void *)span.p). */
static inline struct span t_bytes(const char *hex)
{
	size_t n = 0;
	uint8_t *p;

	for (const char *s = hex; *s; s++)
		n += t_digit(*s) >= 0;
	p = malloc(n / 2 + (n == 0));
	n = 0;
	for (const char *s = hex; *s; s++) {
		if (t_digit(*s) < 0)
			continue;
		if (n % 2 == 0)
			p[n / 2] = 0;
		p[n / 2] = (uint8_t)(p[n / 2] << 4 | t_digit(*s));
		n++;
	}
	return (struct span){ p, n / 2 };
}

/* A small generator of random numbers (xorshift), the same on every machine. */
static inline uint64_t t_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline int t_main(const struct t_test *tests, size_t n)
{
	unsigned failed = 0;

	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		t_failures = 0;
		t_skip_reason = NULL;
		tests[i].run();
		failed += t_failures > 0;
		printf("%s %zu - %s%s%s\n", t_failures ? "not ok" : "ok", i + 1, tests[i].name,
		       t_skip_reason ? " # SKIP " : "", t_skip_reason ? t_skip_reason : "");
		fflush(stdout);
	}
	return failed ? 1 : 0;
}

#define TEST_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		static const struct t_test tests[] = { __VA_ARGS__ };                              \
		return t_main(tests, COUNT(tests));                                                \
	}

#endif
