/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy with the texts that it includes, as it is applied, kept in the state folder and sent
 * between processes: one JSON object, whole in itself. */
#ifndef WEIR_DAEMON_BUNDLE_H
#define WEIR_DAEMON_BUNDLE_H

#include <jansson.h>

#include "policy/load.h"

#define BUNDLE_BYTES_MAX (16u << 20)

struct bundle_include {
	char	   *path;
	struct text text;
};

struct bundle {
	char		      *name;		/* the file as the operator named it, or a profile */
	bool		       is_profile;
	struct text	       text;		/* of a file */
	struct bundle_include *includes;
	size_t		       include_count;
	uint64_t	       generation;	/* 0: none yet */
};

void bundle_release(struct bundle *bundle);
/* As one line of JSON, appended. */
void bundle_text(const struct bundle *bundle, struct text *out);
/* False where it is none, with one line in `problem`; n bytes of JSON. */
bool bundle_parse(const char *text, size_t n, struct bundle *out, char problem[POLICY_PROBLEM]);
/* The same from JSON that is read already. */
bool bundle_of(const json_t *object, struct bundle *out, char problem[POLICY_PROBLEM]);
/* True where both would load the same policy. */
bool bundle_equal(const struct bundle *a, const struct bundle *b);

/* A policy of the bundle alone; as policy_load(). */
struct policy *bundle_load(const struct bundle *bundle, char *const *sets, size_t set_count,
			   struct diags *diags);
/* The same, but what it includes is read by `read` and kept in the bundle. */
struct policy *bundle_gather(struct bundle *bundle, char *const *sets, size_t set_count,
			     policy_reader *read, void *context, struct diags *diags);

#endif
