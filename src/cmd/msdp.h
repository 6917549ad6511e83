/* SPDX-License-Identifier: BSD-2-Clause */
/* What the `weir msdp` commands share: asking the daemon's relay. */
#ifndef WEIR_CMD_MSDP_H
#define WEIR_CMD_MSDP_H

#include <jansson.h>

#include "cmd/command.h"

struct msdp {
	struct common common;
	const char   *config, *control;
	const char   *source, *group, *rp, *peer, *verdict;
};

#define MSDP_AT(field) offsetof(struct msdp, field)
#define MSDP_OPTS                                                                               \
	{ OPT_FILE, 'c', "config", "FILE", "the daemon's configuration", MSDP_AT(config), 0 },  \
	{ OPT_FILE, 0, "control", "SOCKET", "the daemon's control socket", MSDP_AT(control), 0 }

/* What of it is asked for; `what` is "entries", "peers of entries", ... */
#define MSDP_FILTERS(what)                                                                      \
	{ OPT_TEXT, 0, "source", "ADDRESS", what " of this source only", MSDP_AT(source), 0 },  \
	{ OPT_TEXT, 0, "group", "ADDRESS", what " of this group only", MSDP_AT(group), 0 },     \
	{ OPT_TEXT, 0, "rp", "ADDRESS", what " of this RP only", MSDP_AT(rp), 0 },              \
	{ OPT_TEXT, 0, "peer", "ADDRESS", what " of this peer only", MSDP_AT(peer), 0 },        \
	{ OPT_CHOICE, 0, "verdict",                                                             \
	  "permit|warn|alarm|withheld|expiring|deny|limit|rpf|full|refused",                    \
	  what " of this verdict only", MSDP_AT(verdict), 0 }

extern const struct msdp msdp_defaults;

typedef void msdp_tell(const json_t *answer, FILE *out);
/* Asks `what` ("peers", ...) and shows the answer, or with -j the line as it came.  Returns the exit
 * status. */
int msdp_run(const struct msdp *o, const char *command, const char *what, msdp_tell *tell,
	     const struct io *io);

unsigned long long msdp_number(const json_t *object, const char *key);

#endif
