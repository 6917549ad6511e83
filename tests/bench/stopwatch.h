/* SPDX-License-Identifier: BSD-2-Clause */
/* Times of several cases, taken in turns so that a busy machine slows all alike; the median
 * of each counts. */
#ifndef WEIR_BENCH_STOPWATCH_H
#define WEIR_BENCH_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

/* Runs once over its whole input; the result keeps the compiler from leaving work out. */
typedef uint64_t bench_case(void *arg);

struct stopwatch_case {
	const char *name;
	bench_case *run;
	void	   *arg;
	double	    ns;			/* out: CPU time of one run, median */
	uint64_t    result;		/* out */
};

void stopwatch_run(struct stopwatch_case *cases, size_t n, unsigned rounds);

#endif
