/* SPDX-License-Identifier: BSD-2-Clause */
/* A bed for tests of the MSDP relay with real peers: weir.conf's `msdp` block at work in one
 * process, without the daemon around it.  Lines of standard input are answered in JSON: peers,
 * cache, policers.  Ends with standard input.  Needs root for port 639. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/speaker.h"
#include "os/clock.h"
#include "os/tcp_socket.h"
#include "policy/load.h"
#include "policy/table.h"
#include "wire/msdp.h"

struct bed {
	struct conf	    *conf;
	struct policy	    *policy;
	struct relay_peering peers[CONF_PEERS_MAX];
	const struct conf_peer *rows[CONF_PEERS_MAX];
	struct speaker	     speaker;
	struct loop	     loop;
	bool		     must_end;
};

static struct tcp_options options_of(const struct bed *bed, unsigned peer)
{
	const struct conf_peer *p = &bed->conf->msdp.peers[peer];

	return (struct tcp_options){ .local = p->local, .remote = p->remote, .port = MSDP_PORT,
				     .password = p->password, .hops = p->hops,
				     .is_transparent = bed->conf->msdp.is_transparent };
}

static int connect_to(void *context, unsigned peer)
{
	struct tcp_options options = options_of(context, peer);

	return tcp_connect(&options);
}

static void tell(void *context, const struct relay_event *event)
{
	static const char *const kinds[] = {
		"up", "down", "warned", "alarmed", "denies", "full", "rejudged", "peer-full",
	};
	struct bed *bed = context;
	char buffer[ADDR_TEXT];

	fprintf(stderr, "%s", kinds[event->kind]);
	if (event->peer != UINT_MAX)
		fprintf(stderr, " %s", addr_text(bed->peers[event->peer].remote, buffer));
	if (event->kind == RELAY_DOWN)
		fprintf(stderr, " %s", session_end_name(event->end));
	if (event->rule)
		fprintf(stderr, " %s %s %u", event->rule->name, addr_text(event->key, buffer),
			event->live);
	fprintf(stderr, "\n");
}

static const struct speaker_query any = { .peer = UINT_MAX, .entries_max = 1000 };

/* "cache" alone, or with a verdict. */
static void look(struct bed *bed, const char *line, struct text *out)
{
	struct speaker_query query = any;
	struct speaker_search *search;
	char word[32];

	if (sscanf(line, "cache %31s", word) == 1)
		speaker_verdict_parse(word, &query.verdicts);
	search = speaker_search_new(&bed->speaker, &query);
	while (speaker_search_some(search, &bed->speaker))
		;
	text_put(out, text_string(speaker_search_text(search)));
	speaker_search_free(search);
}

static void answer(void *context, int fd)
{
	struct bed *bed = context;
	struct text out = { 0 };
	char line[256];
	ssize_t n = read(fd, line, sizeof(line) - 1);

	bed->must_end = n <= 0;
	if (n <= 0)
		return;
	line[n] = 0;
	if (strncmp(line, "peers", 5) == 0)
		speaker_peers_text(&bed->speaker, NULL, &out);
	else if (strncmp(line, "cache", 5) == 0)
		look(bed, line, &out);
	else
		speaker_policers_text(&bed->speaker, &any, &out);
	printf("%s\n", text_string(&out));
	fflush(stdout);
	text_release(&out);
}

static bool load(struct bed *bed, const char *file)
{
	static char text[1 << 16];
	struct diags diags;
	FILE *f = fopen(file, "r");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (f)
		fclose(f);
	diags_init(&diags);
	bed->conf = conf_parse(file, text, n, &diags);
	if (bed->conf)
		bed->policy = policy_load(&(struct policy_input){ .name = bed->conf->policy.name },
					  &diags);
	for (size_t i = 0; i < diags.n; i++)
		fprintf(stderr, "%u: %s\n", diags.list[i].line, diags.list[i].message);
	diags_release(&diags);
	return bed->policy != NULL;
}

static void fill_peer(struct bed *bed, unsigned i)
{
	const struct conf_peer *p = &bed->conf->msdp.peers[i];
	const struct boundary *b = p->boundary.name
		? policy_boundary(bed->policy, p->boundary.name) : NULL;

	bed->rows[i] = p;
	bed->peers[i] = (struct relay_peering){
		.local = p->local, .remote = p->remote, .boundary = b,
		.table = b ? table_new(b) : NULL, .inside = p->is_inside,
		.strips_data = p->strips_data, .is_default = p->is_static, .rps = p->rps,
		.listens = p->listens || bed->conf->msdp.listens, .as = p->as,
		.mesh = p->mesh ? 1 : 0,
		.timing = { (uint16_t)p->hold_s, (uint16_t)p->keepalive_s, (uint16_t)p->retry_s } };
}

/* One listener an address, as the keeper has it. */
static void listen_for(struct bed *bed, unsigned first)
{
	const struct conf_msdp *msdp = &bed->conf->msdp;
	struct tcp_options peers[CONF_PEERS_MAX];
	size_t n = 0;
	int fd;

	for (unsigned i = 0; i < first; i++)
		if (addr_equal(msdp->peers[i].local, msdp->peers[first].local))
			return;
	for (unsigned i = first; i < msdp->peer_count; i++)
		if (addr_equal(msdp->peers[i].local, msdp->peers[first].local))
			peers[n++] = options_of(bed, i);
	fd = tcp_listen(peers, n);
	if (fd < 0 || speaker_listen(&bed->speaker, fd) < 0)
		fprintf(stderr, "cannot listen: %s\n", strerror(-fd));
}

int main(int argc, char **argv)
{
	static struct bed bed;

	if (argc < 2 || !load(&bed, argv[1]))
		return 2;
	for (unsigned i = 0; i < bed.conf->msdp.peer_count; i++)
		fill_peer(&bed, i);
	loop_init(&bed.loop);
	speaker_init(&bed.speaker, &(struct speaker_options){
		.peers = bed.peers, .n = (unsigned)bed.conf->msdp.peer_count,
		.rows = bed.rows, .entries_max = bed.conf->msdp.entries_max,
		.originator = bed.conf->msdp.originator, .seed = 4711, .connect = connect_to, .tell = tell,
		.context = &bed }, &bed.loop);
	for (unsigned i = 0; i < bed.conf->msdp.peer_count; i++)
		listen_for(&bed, i);
	loop_add(&bed.loop, STDIN_FILENO, answer, &bed);
	while (!bed.must_end)
		loop_turn(&bed.loop, speaker_turn(&bed.speaker));
	return 0;
}
