/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of authorised RAS servers: a line each with an address or a prefix, and after it,
 * if wanted, the host name that must go with it; '#' begins a comment.  A name alone authorises
 * nobody, because names are forgeable.  Reads text, never a file. */
#ifndef WEIR_ENGINE_AUTHORISED_H
#define WEIR_ENGINE_AUTHORISED_H

#include "model/diag.h"
#include "net/addr.h"

struct authorised;

/* NULL, and every mistake in `diags`, where the text has an error.  `file` is the name that
 * diagnostics show.  The caller frees the list. */
struct authorised *authorised_parse(const char *file, struct span text, struct diags *diags);
void authorised_free(struct authorised *list);

size_t authorised_count(const struct authorised *list);

/* True where the address is listed, and the name with it where the line asks for one:
 * HOSTNAME or HOSTNAME.DOMAIN, letters of either case. */
bool authorised_has(const struct authorised *list, struct addr address, struct span hostname,
		    struct span domain);

#endif
