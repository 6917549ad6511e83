/* SPDX-License-Identifier: BSD-2-Clause */
/* From text to a policy: parse, include, choose sets, resolve, flatten.  Reads no file itself:
 * whoever can passes a reader in. */
#ifndef WEIR_POLICY_LOAD_H
#define WEIR_POLICY_LOAD_H

#include "base/text.h"
#include "model/diag.h"
#include "policy/policy.h"

#define POLICY_PROBLEM 160

/* Appends the file's text.  False, with one line of why, where it cannot be read. */
typedef bool policy_reader(void *context, const char *path, struct text *out,
			   char problem[POLICY_PROBLEM]);

struct policy_input {
	const char	  *name;	/* the file as the user named it, or a profile's name */
	const char	  *text;	/* NULL: `name` is a profile's */
	size_t		   n;
	const char *const *sets;	/* of --set: "NAME=SET" each */
	size_t		   set_count;
	size_t		   ranges_max;	/* that the sets may take to compute; 0: some millions */
	policy_reader	  *read;	/* for `include`; NULL: there is none */
	void		  *context;
	/* Asks for large pages, and gives back what is there; both, or NULL. */
	void (*prefer_large)(void *memory, size_t bytes);
	void (*give_back)(void *memory, size_t bytes);
};

/* NULL where the text has mistakes: all of them are in diags, in the order of the text.  The
 * caller frees the policy with policy_free(); it borrows nothing of the input. */
struct policy *policy_load(const struct policy_input *input, struct diags *diags);
void policy_free(struct policy *policy);

/* The line of a rule or boundary as it was written, for messages; NULL where there is none.
 * Lives as long as the policy. */
const char *policy_source_line(const struct policy *policy, const struct place *place);

#endif
