/* SPDX-License-Identifier: BSD-2-Clause */
/* Plays scenarios of the MSDP relay: text files that script peers, bytes and time, and say what
 * must come of it.  The clock is the script's.  tests/relay/README says what the lines mean. */
#include <limits.h>
#include <stdarg.h>

#include "t.h"

#include "base/text.h"
#include "policy/load.h"
#include "policy/table.h"
#include "relay/relay.h"
#include "wire/msdp.h"

#define PEERS 8
#define WORDS 64
#define ROUTES 16
#define TLVS 4096

struct player {
	const char	    *file;
	unsigned	     line, failures, expectations;
	struct relay_peering peers[PEERS];
	char		     names[PEERS][16];
	struct range	     ranges[PEERS];	/* of RPs that a peer is the default for */
	bool		     bounded[PEERS];	/* asks for the policy's boundary */
	unsigned	     n;
	struct relay_config  config;
	struct relay	    *relay;
	struct policy	    *policies[4];
	struct table	    *tables[4];
	unsigned	     policy_n;
	struct { struct addr rp; struct rpf_route route; } routes[ROUTES];
	unsigned	     route_n;
	struct text	     written;		/* policy lines so far */
	bool		     in_policy;
	struct text	     told[PEERS], events, wishes;
	struct msdp_framer   framers[PEERS];
	size_t		     split;		/* bytes at a time; 0: all at once */
	uint8_t		     ttl;		/* of data that comes with an SA; 0: 15 */
	bool		     deaf[PEERS];	/* takes nothing */
	struct mtime	     now;
};

__attribute__((format(printf, 2, 3)))
static void fail(struct player *p, const char *format, ...)
{
	va_list arguments;

	p->failures++;
	printf("# %s:%u: ", p->file, p->line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* Words of the script. */

static unsigned split_words(char *line, char *words[WORDS])
{
	unsigned n = 0;

	for (char *w = strtok(line, " \t\n"); w && n < WORDS; w = strtok(NULL, " \t\n"))
		words[n++] = w;
	return n;
}

static struct addr address(struct player *p, const char *word)
{
	struct addr a = ADDR_NONE;

	if (!addr_parse(word, strlen(word), &a))
		fail(p, "no address: %s", word);
	return a;
}

static unsigned peer_named(struct player *p, const char *name)
{
	for (unsigned i = 0; i < p->n; i++)
		if (strcmp(p->names[i], name) == 0)
			return i;
	fail(p, "no peer %s", name);
	return 0;
}

/* The relay begins with the first line that needs it. */

static void look_up(void *context, struct addr rp, struct rpf_route *out)
{
	struct player *p = context;

	for (unsigned i = 0; i < p->route_n; i++)
		if (addr_equal(p->routes[i].rp, rp))
			*out = p->routes[i].route;
}

static void load_policy(struct player *p)
{
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "scenario", .text = text_string(&p->written),
						     .n = p->written.n }, &diags);
	if (!policy)
		fail(p, "the policy has mistakes");
	diags_release(&diags);
	if (!policy)
		return;
	p->policies[p->policy_n] = policy;
	p->tables[p->policy_n++] = table_new(policy->boundaries[0]);
	for (unsigned i = 0; i < p->n; i++)
		if (p->bounded[i]) {
			p->peers[i].boundary = policy->boundaries[0];
			p->peers[i].table = p->tables[p->policy_n - 1];
		}
	if (p->relay)
		relay_reload(p->relay, p->peers, p->n, p->now);
}

static void begin(struct player *p)
{
	if (p->relay)
		return;
	p->config.peers = p->peers;
	p->config.n = p->n;
	p->config.seed = 12345;
	p->config.lookup = look_up;
	p->config.context = p;
	if (p->config.entries_max == 0)
		p->config.entries_max = 65536;
	p->relay = relay_new(&p->config, p->now);
}

/* What comes out, in words: a TLV each "sa RP S,G S,G", "keepalive", ... */

static void describe(struct text *out, struct span tlv)
{
	struct msdp_entry entry;
	struct msdp_sa sa;
	char buffer[ADDR_TEXT];

	switch (msdp_read(tlv, &sa)) {
	case MSDP_ALIVE:
		text_put(out, "keepalive; ");
		return;
	case MSDP_SOURCES:
		break;
	default:
		text_put(out, "unexpected; ");
		return;
	}
	text_printf(out, "sa %s", addr_text(sa.rp, buffer));
	while (msdp_entry_next(&sa, &entry)) {
		text_printf(out, " %s,", addr_text(entry.source, buffer));
		text_put(out, addr_text(entry.group, buffer));
	}
	if (sa.data.n > 0)
		text_printf(out, " data=%zu", sa.data.n);
	if (sa.data_refused)
		text_put(out, " false-data");
	text_put(out, "; ");
}

static void take_output(struct player *p, unsigned peer)
{
	for (;;) {
		struct span bytes = relay_output(p->relay, peer, p->now), tlv;
		size_t n = bytes.n;

		if (n == 0 || p->deaf[peer])
			return;
		while (msdp_frame_next(&p->framers[peer], &bytes, &tlv))
			describe(&p->told[peer], tlv);
		relay_sent(p->relay, peer, n, p->now);
	}
}

static void take_events(struct player *p)
{
	static const char *const kinds[] = {
		"up", "down", "warned", "alarmed", "denies", "full", "rejudged", "peer-full",
	};
	static const char *const wishes[] = { "connect", "abort", "close" };
	struct relay_event event;
	struct relay_wish wish;
	char buffer[ADDR_TEXT];

	while (relay_event_next(p->relay, &event)) {
		text_put(&p->events, kinds[event.kind]);
		if (event.peer != UINT_MAX)
			text_printf(&p->events, " %s", p->names[event.peer]);
		if (event.kind == RELAY_DOWN)
			text_printf(&p->events, " %s", session_end_name(event.end));
		if (event.kind == RELAY_DOWN && event.live > 0)
			text_printf(&p->events, " %u", event.live);
		if (event.rule)
			text_printf(&p->events, " %s %s", event.rule->name,
				  addr_text(event.key, buffer));
		if (event.kind >= RELAY_WARNED)
			text_printf(&p->events, " %u", event.live);
		text_put(&p->events, "; ");
	}
	while (relay_wish_next(p->relay, &wish))
		text_printf(&p->wishes, "%s %s; ", wishes[wish.kind], p->names[wish.peer]);
}

static void turn(struct player *p)
{
	while (relay_turn(p->relay, p->now))
		;
	for (unsigned i = 0; i < p->n; i++)
		take_output(p, i);
	take_events(p);
}

/* Lines that set the scene. */

static void read_peer(struct player *p, char **words, unsigned n)
{
	struct relay_peering *peer;
	unsigned at = 0;

	while (n > 1 && at < p->n && strcmp(p->names[at], words[1]) != 0)
		at++;
	if (n < 4 || at == PEERS) {
		fail(p, "peer NAME REMOTE LOCAL ...");
		return;
	}
	snprintf(p->names[at], sizeof(p->names[0]), "%s", words[1]);
	peer = &p->peers[at];
	*peer = (struct relay_peering){ .remote = address(p, words[2]), .local = address(p, words[3]),
					.boundary = peer->boundary, .table = peer->table };
	for (unsigned i = 4; i < n; i++) {
		peer->inside |= strcmp(words[i], "inside") == 0;
		peer->strips_data |= strcmp(words[i], "strip") == 0;
		peer->listens |= strcmp(words[i], "listens") == 0;
		peer->is_default |= strcmp(words[i], "default") == 0;
		p->bounded[at] |= strcmp(words[i], "bounded") == 0;
		if (strcmp(words[i], "default-for") == 0 && i + 2 < n) {
			p->ranges[at] = (struct range){ address(p, words[i + 1]),
							address(p, words[i + 2]) };
			peer->is_default = true;
			peer->rps = (struct set){ .ranges = &p->ranges[at], .n = 1,
						  .n4 = 1 };
		}
		if (strcmp(words[i], "mesh") == 0 && i + 1 < n)
			peer->mesh = (unsigned)atoi(words[i + 1]);
		if (strcmp(words[i], "as") == 0 && i + 1 < n)
			peer->as = (uint32_t)atoi(words[i + 1]);
		if (strcmp(words[i], "limit") == 0 && i + 1 < n)
			peer->entries_max = (uint32_t)atoi(words[i + 1]);
		if (strcmp(words[i], "hold") == 0 && i + 1 < n)
			peer->timing.hold_s = (uint16_t)atoi(words[i + 1]);
	}
	p->n += at == p->n;
}

static void read_route(struct player *p, char **words, unsigned n)
{
	struct rpf_route *route = &p->routes[p->route_n].route;

	if (n < 4 || p->route_n == ROUTES) {
		fail(p, "route RP bgp|from|igp ADDRESS, or route RP path AS...");
		return;
	}
	*route = (struct rpf_route){ .found = true };
	p->routes[p->route_n++].rp = address(p, words[1]);
	for (unsigned i = 3; strcmp(words[2], "igp") == 0 && i < n; i++)
		route->igp_next_hops[route->igp_n++] = address(p, words[i]);
	if (strcmp(words[2], "bgp") == 0)
		route->bgp_next_hop = address(p, words[3]);
	else if (strcmp(words[2], "from") == 0)
		route->advertiser = address(p, words[3]);
	for (unsigned i = 3; strcmp(words[2], "path") == 0 && i < n; i++)
		route->path[route->path_n++] = (uint32_t)atoi(words[i]);
}

/* Lines that do something. */

static void give(struct player *p, unsigned peer, struct span bytes)
{
	while (bytes.n > 0) {
		struct span piece = { bytes.p, p->split && p->split < bytes.n ? p->split
									       : bytes.n };
		size_t taken = relay_bytes(p->relay, peer, piece, p->now);

		bytes.p += taken;
		bytes.n -= taken;
		if (p->split || taken < piece.n)
			while (relay_turn(p->relay, p->now))
				;
		if (taken == 0 && relay_session(p->relay, peer)->state != SESSION_ESTABLISHED)
			return;
	}
}

/* An IPv4 packet of this (S,G), UDP, with 4 bytes of payload. */
static struct span inner_packet(const struct player *p, uint8_t buffer[64], struct addr source,
				struct addr group)
{
	const uint8_t fixed[] = { 0x45, 0, 0, 32, 0, 0, 0, 0, p->ttl ? p->ttl : 15, 17, 0, 0 };
	struct wr w = wr_of(buffer, 64);

	wr_bytes(&w, fixed, sizeof(fixed));
	addr_write(source, &w);
	addr_write(group, &w);
	wr_be16(&w, 1000);
	wr_be16(&w, 2000);
	wr_be32(&w, 12 << 16);
	wr_be32(&w, 0);
	return wr_span(&w);
}

/* hear PEER sa RP S,G... [data | data S,G] */
static void hear_sa(struct player *p, unsigned peer, char **words, unsigned n)
{
	uint8_t bytes[MSDP_TLV_MAX], packet[64];
	struct msdp_entry entries[MSDP_ENTRIES_MAX], inner;
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct span data = { 0 };
	unsigned count = 0;

	for (unsigned i = 1; i < n; i++) {
		bool is_data = strcmp(words[i], "data") == 0;
		char *comma = is_data ? NULL : strchr(words[i], ',');

		if (is_data) {
			inner = entries[count - 1];
			data = inner_packet(p, packet, inner.source, inner.group);
			continue;
		}
		if (!comma) {
			fail(p, "S,G expected: %s", words[i]);
			return;
		}
		*comma = 0;
		inner = (struct msdp_entry){ address(p, words[i]), address(p, comma + 1) };
		if (data.n > 0)
			data = inner_packet(p, packet, inner.source, inner.group);
		else
			entries[count++] = inner;
	}
	msdp_encode_sa(&w, address(p, words[0]), entries, count, data);
	give(p, peer, wr_span(&w));
}

/* hear PEER many N RP S G: N entries, the sources counting up from S. */
static void hear_many(struct player *p, unsigned peer, char **words, unsigned n)
{
	struct addr rp, source, group;
	uint8_t bytes[64];

	if (n < 4) {
		fail(p, "many N RP S G");
		return;
	}
	rp = address(p, words[1]);
	source = address(p, words[2]);
	group = address(p, words[3]);
	for (int i = 0; i < atoi(words[0]); i++) {
		struct msdp_entry entry = { addr_of4((uint32_t)source.lo + (uint32_t)i), group };
		struct wr w = wr_of(bytes, sizeof(bytes));

		msdp_encode_sa(&w, rp, &entry, 1, (struct span){ 0 });
		give(p, peer, wr_span(&w));
	}
}

static void hear_hex(struct player *p, unsigned peer, char **words, unsigned n)
{
	char hex[WORDS * 64] = "";
	struct span bytes;

	for (unsigned i = 0; i < n; i++)
		strncat(hex, words[i], sizeof(hex) - strlen(hex) - 1);
	bytes = t_bytes(hex);
	give(p, peer, bytes);
	free((void *)bytes.p);
}

/* hear PEER padded N HEX...: so many bytes in all, the last of them 0. */
static void hear_padded(struct player *p, unsigned peer, char **words, unsigned n)
{
	static const uint8_t zeros[4096];
	size_t left = (size_t)atoi(words[0]);

	for (unsigned i = 1; i < n; i++)
		left -= strlen(words[i]) / 2;
	hear_hex(p, peer, words + 1, n - 1);
	for (size_t piece; left > 0; left -= piece) {
		piece = left < sizeof(zeros) ? left : sizeof(zeros);
		give(p, peer, (struct span){ zeros, piece });
		while (relay_turn(p->relay, p->now))
			;
	}
}

static void hear(struct player *p, char **words, unsigned n)
{
	unsigned peer;

	begin(p);
	if (n < 3) {
		fail(p, "hear PEER sa|many|hex|keepalive ...");
		return;
	}
	peer = peer_named(p, words[1]);
	if (strcmp(words[2], "sa") == 0)
		hear_sa(p, peer, words + 3, n - 3);
	else if (strcmp(words[2], "many") == 0)
		hear_many(p, peer, words + 3, n - 3);
	else if (strcmp(words[2], "padded") == 0)
		hear_padded(p, peer, words + 3, n - 3);
	else
		hear_hex(p, peer, words + 3, n - 3);
	turn(p);
}

/* at SECONDS: time goes there, stopping at whatever falls due on the way. */
static void go_to(struct player *p, const char *word)
{
	int64_t goal = (int64_t)(atof(word) * 1e9);

	begin(p);
	if (goal < p->now.ns)
		fail(p, "time goes back");
	while (p->now.ns < goal) {
		int64_t next = relay_deadline(p->relay).ns;

		next = next <= p->now.ns ? p->now.ns + NS_PER_S / 10 : next;
		p->now.ns = next < goal ? next : goal;
		turn(p);
	}
}

/* Lines that expect. */

static void expect_text(struct player *p, struct text *is, char **words, unsigned n)
{
	struct text should = { 0 };

	p->expectations++;
	for (unsigned i = 0; i < n; i++)
		text_printf(&should, "%s%s", words[i], i + 1 < n ? " " : "; ");
	if (n == 1 && strcmp(words[0], "nothing") == 0)
		text_reset(&should);
	if (is->n != should.n || memcmp(is->p ? is->p : "", should.p ? should.p : "", is->n) != 0)
		fail(p, "is \"%.*s\", should be \"%.*s\"", (int)is->n, is->p ? is->p : "",
		     (int)should.n, should.p ? should.p : "");
	text_reset(is);
	text_release(&should);
}

/* expect PEER count N: so many entries were told since the last expectation. */
static void expect_count(struct player *p, struct text *is, const char *word)
{
	unsigned n = 0;

	p->expectations++;
	for (size_t i = 0; i < is->n; i++)
		n += is->p[i] == ',';
	if (n != (unsigned)atoi(word))
		fail(p, "%u entries were told, should be %s", n, word);
	text_reset(is);
}

static uint64_t figure(const struct relay_figures *f, const char *name)
{
	const struct { const char *name; uint64_t n; } all[] = {
		{ "fresh", f->fresh }, { "refreshed", f->refreshed }, { "denied", f->denied },
		{ "limited", f->limited }, { "policed", f->policed },
		{ "rpf", f->rpf_refused }, { "no-room", f->no_room },
		{ "malformed", f->malformed }, { "passed", f->types_passed },
		{ "format", f->format_errors }, { "data-refused", f->data_refused },
		{ "withheld", f->withheld }, { "behind", f->behind }, { "held", f->held },
		{ "expiring", f->expiring },
		{ "established", f->established }, { "entries", f->entries_in },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].n;
	return UINT64_MAX;
}

/* expect PEER figure NAME N */
static void expect_figure(struct player *p, unsigned peer, const char *name, const char *word)
{
	struct relay_figures figures = relay_figures(p->relay, peer);
	uint64_t is = figure(&figures, name);

	p->expectations++;
	if (is != strtoull(word, NULL, 10))
		fail(p, "%s is %llu, should be %s", name, (unsigned long long)is, word);
}

/* expect PEER refused ...: "S,G RP VERDICT RULE COUNT" each; or only how many: "N in the log" */
static void expect_refused(struct player *p, unsigned peer, char **words, unsigned n)
{
	const struct refusals *refusals = relay_refusals(p->relay, peer);
	char a[ADDR_TEXT], b[ADDR_TEXT], c[ADDR_TEXT];
	bool counts = n == 4 && strcmp(words[1], "in") == 0;
	struct text is = { 0 };
	unsigned logged = 0;

	for (unsigned i = 0; i < REFUSALS_MAX; i++) {
		const struct refusal *r = &refusals->list[i];

		logged += r->used;
		if (r->used && !counts)
			text_printf(&is, "%s,%s %s %s %s %u; ", addr_text(addr_of4(r->key.source), a),
				    addr_text(addr_of4(r->key.group), b),
				    addr_text(addr_of4(r->key.rp), c), refused_name(r->by),
				    r->rule ? r->rule->name : "-", r->count);
	}
	if (counts)
		text_printf(&is, "%u in the log; ", logged);
	expect_text(p, &is, words, n);
	text_release(&is);
}

static void expect_peer(struct player *p, char **words, unsigned n)
{
	unsigned peer = peer_named(p, words[1]);

	if (n == 4 && strcmp(words[2], "state") == 0) {
		char *is[] = { (char *)session_state_name(relay_session(p->relay, peer)->state) };
		struct text text = { 0 };

		text_printf(&text, "%s; ", is[0]);
		expect_text(p, &text, words + 3, 1);
		text_release(&text);
	} else if (n == 4 && strcmp(words[2], "count") == 0) {
		expect_count(p, &p->told[peer], words[3]);
	} else if (n > 3 && strcmp(words[2], "refused") == 0) {
		expect_refused(p, peer, words + 3, n - 3);
	} else if (n == 5 && strcmp(words[2], "figure") == 0) {
		expect_figure(p, peer, words[3], words[4]);
	} else {
		expect_text(p, &p->told[peer], words + 2, n - 2);
	}
}

/* expect verdict RP S,G permit|warn|alarm|expiring|none RULE|- [withheld from PEER...] */
static void expect_verdict(struct player *p, char **words, unsigned n)
{
	static const char *const names[] = { "permit", "warn", "alarm", "expiring" };
	char *comma = n > 4 ? strchr(words[3], ',') : NULL;
	struct text is = { 0 };
	struct relay_judged judged;
	const struct sa_entry *e;
	struct sa_key key;
	uint32_t at;

	if (!comma) {
		fail(p, "expect verdict RP S,G ...");
		return;
	}
	*comma = 0;
	key = (struct sa_key){ (uint32_t)address(p, words[3]).lo, (uint32_t)address(p, comma + 1).lo,
			       (uint32_t)address(p, words[2]).lo };
	at = sa_cache_find(relay_cache(p->relay), &key);
	if (at == SA_NONE) {
		text_put(&is, "none; ");
	} else {
		e = &relay_cache(p->relay)->entries[at];
		judged = relay_judge(p->relay, e);
		text_printf(&is, "%s %s", names[judged.verdict], judged.rule ? judged.rule->name : "-");
		for (unsigned i = 0; i < p->n; i++)
			if (relay_withholds(p->relay, e, i))
				text_printf(&is, " withheld from %s", p->names[i]);
		text_put(&is, "; ");
	}
	expect_text(p, &is, words + 4, n - 4);
	text_release(&is);
}

static void expect(struct player *p, char **words, unsigned n)
{
	begin(p);
	turn(p);
	if (n < 3)
		fail(p, "expect what?");
	else if (strcmp(words[1], "event") == 0)
		expect_text(p, &p->events, words + 2, n - 2);
	else if (strcmp(words[1], "wish") == 0)
		expect_text(p, &p->wishes, words + 2, n - 2);
	else if (strcmp(words[1], "verdict") == 0)
		expect_verdict(p, words, n);
	else if (strcmp(words[1], "cache") == 0)
		expect_figure(p, 0, "held", words[2]);
	else
		expect_peer(p, words, n);
}

/* One line at a time. */

static void act(struct player *p, char **words, unsigned n)
{
	unsigned peer = n > 1 ? peer_named(p, words[1]) : 0;

	begin(p);
	if (strcmp(words[0], "up") == 0)
		relay_up(p->relay, peer, p->now);
	else if (strcmp(words[0], "down") == 0)
		relay_down(p->relay, peer, p->now);
	else if (strcmp(words[0], "disable") == 0)
		relay_disable(p->relay, peer, p->now);
	else if (strcmp(words[0], "enable") == 0)
		relay_enable(p->relay, peer, p->now);
	else if (strcmp(words[0], "renew") == 0)
		relay_renew(p->relay, peer, SESSION_END_RENEWED, p->now);
	else if (strcmp(words[0], "gone") == 0)
		p->peers[peer] = (struct relay_peering){ 0 };
	else if (strcmp(words[0], "reload") == 0)
		relay_reload(p->relay, p->peers, p->n, p->now);
	else if (strcmp(words[0], "deaf") == 0)
		p->deaf[peer] = true;
	else if (strcmp(words[0], "hears-again") == 0)
		p->deaf[peer] = false;
	else
		fail(p, "no such line: %s", words[0]);
	if (strcmp(words[0], "up") == 0)
		p->framers[peer] = (struct msdp_framer){ 0 };
	turn(p);
}

static void originate(struct player *p, char **words, unsigned n)
{
	begin(p);
	if (n == 3 && strcmp(words[0], "originate") == 0)
		relay_originate(p->relay, address(p, words[1]), address(p, words[2]), p->now);
	else if (n == 3)
		relay_withdraw(p->relay, address(p, words[1]), address(p, words[2]));
	turn(p);
}

static void read_setting(struct player *p, char **words, unsigned n)
{
	if (n < 2)
		fail(p, "%s what?", words[0]);
	else if (strcmp(words[0], "room") == 0)
		p->config.entries_max = (uint32_t)atoi(words[1]);
	else if (strcmp(words[0], "ttl") == 0)
		p->ttl = (uint8_t)atoi(words[1]);
	else if (strcmp(words[0], "originator") == 0)
		p->config.originator = address(p, words[1]);
	else
		p->split = (size_t)atoi(words[1]);
}

static const struct {
	const char *word;
	void	  (*read)(struct player *, char **, unsigned);
} verbs[] = {
	{ "peer", read_peer }, { "route", read_route }, { "room", read_setting },
	{ "ttl", read_setting }, { "originator", read_setting }, { "split", read_setting }, { "hear", hear },
	{ "expect", expect }, { "originate", originate }, { "withdraw", originate },
};

static void play_line(struct player *p, char *line)
{
	char *words[WORDS];
	unsigned n;

	if (p->in_policy && strncmp(line, "end", 3) != 0) {
		text_put(&p->written, line);
		return;
	}
	if (strchr(line, '#'))
		*strchr(line, '#') = 0;
	n = split_words(line, words);
	if (n == 0)
		return;
	if (strcmp(words[0], "policy") == 0) {
		text_reset(&p->written);
		p->in_policy = true;
		return;
	}
	if (p->in_policy) {
		p->in_policy = false;
		load_policy(p);
		return;
	}
	if (strcmp(words[0], "at") == 0 && n == 2) {
		go_to(p, words[1]);
		return;
	}
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (strcmp(verbs[i].word, words[0]) == 0) {
			verbs[i].read(p, words, n);
			return;
		}
	act(p, words, n);
}

static void player_release(struct player *p)
{
	relay_free(p->relay);
	for (unsigned i = 0; i < p->policy_n; i++) {
		table_free(p->tables[i]);
		policy_free(p->policies[i]);
	}
	for (unsigned i = 0; i < PEERS; i++)
		text_release(&p->told[i]);
	text_release(&p->events);
	text_release(&p->wishes);
	text_release(&p->written);
	free(p);
}

static bool play(const char *file)
{
	struct player *p = calloc(1, sizeof(*p));
	FILE *f = fopen(file, "r");
	char line[4096];
	bool good;

	p->file = file;
	if (!f)
		fail(p, "cannot be read");
	while (f && fgets(line, sizeof(line), f)) {
		p->line++;
		play_line(p, line);
	}
	if (f)
		fclose(f);
	if (p->expectations == 0)
		fail(p, "expects nothing");
	good = p->failures == 0;
	player_release(p);
	return good;
}

int main(int argc, char **argv)
{
	int failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		bool good = play(argv[i]);
		const char *name = strrchr(argv[i], '/');

		failed += !good;
		printf("%s %d - %s\n", good ? "ok" : "not ok", i, name ? name + 1 : argv[i]);
	}
	return failed > 0;
}
