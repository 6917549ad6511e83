/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in policies: src/policy/profiles/NAME.weir, compiled in as they stand. */
#ifndef WEIR_POLICY_PROFILES_H
#define WEIR_POLICY_PROFILES_H

#include <stddef.h>

struct profile {
	const char *name, *text;
	size_t	    n;
};

extern const struct profile profiles[];
extern const size_t profiles_count;

/* NULL where no profile has this name. */
const struct profile *profile_find(const char *name);

#endif
