/* SPDX-License-Identifier: BSD-2-Clause */
/* Explanations as text for a person and as lines of JSON. */
#ifndef WEIR_SINK_EXPLAIN_PRINT_H
#define WEIR_SINK_EXPLAIN_PRINT_H

#include "net/registry.h"
#include "policy/explain.h"
#include "sink/sheet.h"

/* What all answers of one run share. */
struct explain_print {
	const struct policy   *policy;
	const struct boundary *boundary;
	const struct registry *registry;
	bool		       verbose;		/* text: why the rules before did not match */
	struct text	       head;		/* JSON: what every line begins with */
	struct text	      *rules;		/* JSON: by rule, what is said of it */
};

/* The policy, boundary and registry must live as long.  `json` makes what lines of JSON share. */
void explain_print_init(struct explain_print *out, const struct policy *policy,
			const struct boundary *boundary, const struct registry *registry,
			bool json);
void explain_print_release(struct explain_print *print);

/* Several lines on the sheet's stream. */
void explain_text_print(const struct explain_print *print, const struct query *query,
			const struct explained *list, size_t n, struct sheet *sheet);

/* Appends one line. */
void explain_json_put(const struct explain_print *print, const struct query *query,
		      const struct explained *list, size_t n, struct text *out);

#endif
