/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp clear: close sessions of the MSDP relay, so that they begin anew. */
#include "cmd/msdp.h"

static const struct opt opts[] = {
	MSDP_OPTS,
	{ OPT_TEXT, 0, "peer", "ADDRESS", "the session of this peer only", MSDP_AT(peer), 0 },
	{ 0 },
};

static void tell(const json_t *answer, FILE *out)
{
	fprintf(out, "Sessions closed: %llu.\n", msdp_number(answer, "cleared"));
}

static int run(const void *arg, const struct io *io)
{
	return msdp_run(arg, "msdp-clear", "clear", tell, io);
}

const struct command cmd_msdp_clear = {
	.name = "msdp clear",
	.summary = "close MSDP sessions, so that they begin anew",
	.about = "The cache stays: what the peers announce again is a refresh.  Only root, or who the daemon "
		 "runs as, may do it.",
	.example = "weir msdp clear --peer 192.0.2.1",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct msdp), .defaults = &msdp_defaults,
	.run = run,
};
