/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp peers: the sessions of the MSDP relay, and what came of what the peers said. */
#include "cmd/daemon.h"
#include "cmd/msdp.h"

static const struct opt opts[] = {
	MSDP_OPTS,
	MSDP_FILTERS("peers that announce entries"),
	{ 0 },
};

static void tell_peer(const json_t *p, FILE *out)
{
	char since[LOCAL_TIME_TEXT];

	fprintf(out, "%-15s %-12s %-20s %9llu %9llu %9llu %9llu %9llu  %s\n", daemon_safe(p, "peer"),
		daemon_safe(p, "state"), daemon_minute(p, "since", since), msdp_number(p, "held"),
		msdp_number(p, "entries_in"), msdp_number(p, "denied"), msdp_number(p, "policed"),
		msdp_number(p, "entries_out"), daemon_safe(p, "description"));
	if (json_object_get(p, "matching"))
		fprintf(out, "    %llu entries match\n", msdp_number(p, "matching"));
	if (msdp_number(p, "expiring") > 0)
		fprintf(out, "    %llu entries are not permitted any more, and expire\n",
			msdp_number(p, "expiring"));
	if (msdp_number(p, "rpf_refused") > 0)
		fprintf(out, "    %llu entries of RPs that are not believed from this peer (RFC 3618 10.1.3)\n",
			msdp_number(p, "rpf_refused"));
	if (msdp_number(p, "no_room") > 0 && json_object_get(p, "limit"))
		fprintf(out, "    %llu entries found no room: at most %llu are held of this peer\n",
			msdp_number(p, "no_room"), msdp_number(p, "limit"));
	else if (msdp_number(p, "no_room") > 0)
		fprintf(out, "    %llu entries found no room in the cache\n", msdp_number(p, "no_room"));
	if (daemon_text(p, "last_end")[0])
		fprintf(out, "    the last %s ended: %s; sessions so far: %llu\n",
			msdp_number(p, "established") > 0 ? "session" : "attempt",
			daemon_safe(p, "last_end"), msdp_number(p, "established"));
}

static void tell(const json_t *answer, FILE *out)
{
	const json_t *peers = json_object_get(answer, "peers");

	fprintf(out, "%-15s %-12s %-20s %9s %9s %9s %9s %9s  %s\n", "PEER", "STATE", "SINCE",
		"HELD", "HEARD", "DENIED", "POLICED", "TOLD", "DESCRIPTION");
	for (size_t i = 0; i < json_array_size(peers); i++)
		tell_peer(json_array_get(peers, i), out);
	fprintf(out, "\n%llu entries cached, at most %llu so far, room for %llu",
		msdp_number(answer, "entries"), msdp_number(answer, "entries_peak"),
		msdp_number(answer, "entries_max"));
	if (msdp_number(answer, "evicted") + msdp_number(answer, "refused") > 0)
		fprintf(out, "; for want of room %llu left and %llu never came in",
			msdp_number(answer, "evicted"), msdp_number(answer, "refused"));
	fprintf(out, ".\n");
	if (msdp_number(answer, "strangers") > 0)
		fprintf(out, "%llu connections of addresses that are no peers were refused.\n",
			msdp_number(answer, "strangers"));
}

static int run(const void *arg, const struct io *io)
{
	return msdp_run(arg, "msdp", "peers", tell, io);
}

const struct command cmd_msdp_peers = {
	.name = "msdp peers",
	.summary = "the sessions of the MSDP relay",
	.about = "Shows each peer's state, how many entries (S,G,RP) are held of it, how many it announced, "
		 "what the policy denied and the policers refused, and how many it was told.",
	.example = "weir msdp peers\n"
		   "weir msdp peers -j\n"
		   "weir msdp peers --group 233.252.0.7",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct msdp), .defaults = &msdp_defaults,
	.run = run,
};
