/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU time of this thread, medians over rounds. */
#include "stopwatch.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 64

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void stopwatch_run(struct stopwatch_case *cases, size_t n, unsigned rounds)
{
	double *times = calloc(n * ROUNDS_MAX, sizeof(*times));

	if (!times)
		abort();
	rounds = rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	for (unsigned r = 0; r < rounds; r++) {
		for (size_t i = 0; i < n; i++) {
			double start = now_ns();

			cases[i].result = cases[i].run(cases[i].arg);
			times[i * ROUNDS_MAX + r] = now_ns() - start;
		}
	}
	for (size_t i = 0; i < n; i++) {
		qsort(times + i * ROUNDS_MAX, rounds, sizeof(*times), order);
		cases[i].ns = times[i * ROUNDS_MAX + rounds / 2];
	}
	free(times);
}
