/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit's report, for a person and as the document weir-audit/1 (DESIGN 6, weir-json(5)). */
#ifndef WEIR_SINK_REPORT_PRINT_H
#define WEIR_SINK_REPORT_PRINT_H

#include <stdio.h>

#include "engine/report.h"
#include "net/registry.h"

/* How a capture file contradicts itself, and how often. */
struct report_oddity {
	const char *name, *meaning;
	uint64_t    count;
};

/* One of the files, as whoever read it tells. */
struct report_input {
	const char *name, *link;	/* link: names of its link types */
	const char *problem;		/* a line for a person, or "" */
	uint64_t    packets, bytes, truncated_at;
	uint64_t    dropped;		/* by the kernel, of an interface */
	bool	    truncated;
	const struct report_oddity *odd;
	size_t	    odd_count;
};

/* Rows of each list in the text, without `all`. */
#define REPORT_ROWS 12

struct report_print {
	const struct report	  *report;
	const struct policy	  *policy, *against;	/* against: NULL unless compared */
	const struct registry	  *registry;
	const struct report_input *inputs;
	size_t			   input_count;
	const char *const	  *links;		/* names by link, escaped */
	size_t			   link_count;
	const char		  *baseline;		/* what it knows was left out; or NULL */
	bool			   is_live;		/* inputs are interfaces */
	bool			   is_filtered;		/* packets were left out as it was asked for */
	unsigned		   time_digits;		/* of the captures, in JSON */
	int			   exit;
	bool			   is_interrupted;
	/* of the text */
	unsigned columns, verbose;
	bool	 colour, all;
};

void report_print_text(const struct report_print *print, FILE *out);
void report_print_json(const struct report_print *print, FILE *out);

#endif
