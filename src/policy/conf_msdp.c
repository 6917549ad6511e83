/* SPDX-License-Identifier: BSD-2-Clause */
/* `msdp { peer ADDRESS { ... } mesh-group NAME { ... } }`: the peers of the MSDP relay, one row a
 * word.  Knows no socket. */
#include <stdlib.h>
#include <string.h>

#include "policy/conf_parser.h"

static const struct conf_unit seconds[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
static const struct conf_unit counts[] = { { 0, 1 }, { 'k', 1000 }, { 'M', 1000000 } };

/* What is being read: the block, and the peer where one is open. */
struct msdp_parser {
	struct conf_parser *c;
	struct conf_peer   *peers;
	size_t		    cap;
	struct conf_peer   *peer;		/* that is being read */
	uint32_t	    words;		/* of it that stood already */
	struct conf_source *sources;
	size_t		    source_cap;
};

struct word_row {
	const char *word;
	bool (*read)(struct msdp_parser *);	/* behind the word */
};

static bool read_address(struct conf_parser *c, const char *what, struct addr *out)
{
	struct spot spot = parser_spot(&c->p, &c->p.token);
	const char *text;

	if (c->p.token.kind != TOKEN_ADDRESS)
		return parser_expected(&c->p, what);
	text = parser_text(&c->p, &c->p.token);
	parser_take(&c->p);
	if (!addr_parse(text, strlen(text), out) || out->family != FAMILY_IP4 ||
	    addr_is_multicast(*out) || out->lo == 0) {
		*out = ADDR_NONE;
		parser_wrong(&c->p, &spot, "MSDP is IPv4 only (RFC 3618)",
			     "'%s' is not the IPv4 address of a host", text);
	}
	return true;
}

static bool read_seconds(struct msdp_parser *m, uint32_t least, uint32_t *out)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);
	uint64_t value = 0;

	if (!conf_amount(m->c, "a time, as 30s", seconds, COUNT(seconds), &value))
		return false;
	if (value > 0 && (value < least || value > 65535))
		parser_wrong(&m->c->p, &spot, NULL, "the time is from %us to 18h", least);
	*out = (uint32_t)value;
	return true;
}

/* Words of a peer. */

static bool read_local(struct msdp_parser *m)
{
	return read_address(m->c, "an address of this machine", &m->peer->local);
}

static bool read_boundary(struct msdp_parser *m)
{
	struct conf_name *out = &m->peer->boundary;

	out->name = conf_run(m->c, "a boundary's name", &out->spot);
	return out->name != NULL;
}

static bool read_inside(struct msdp_parser *m)
{
	return m->peer->is_inside = true;
}

static bool read_outside(struct msdp_parser *m)
{
	m->peer->is_inside = false;
	return true;
}

#define RPS_MAX 256

/* An RP's address, or a prefix of such. */
static bool read_prefix(struct msdp_parser *m, struct range *out)
{
	struct parser *p = &m->c->p;
	struct spot spot = parser_spot(p, &p->token);
	const char *text, *slash;
	unsigned length = 32;
	struct addr a;
	size_t n;

	if (p->token.kind != TOKEN_ADDRESS)
		return parser_expected(p, "the address of an RP, or a prefix");
	text = parser_text(p, &p->token);
	parser_take(p);
	slash = strchr(text, '/');
	n = slash ? (size_t)(slash - text) : strlen(text);
	if (slash)
		length = (unsigned)strtoul(slash + 1, NULL, 10);
	if (!addr_parse(text, n, &a) || a.family != FAMILY_IP4 || length > 32 ||
	    !addr_equal(addr_first(a, length), a)) {
		parser_wrong(p, &spot, "RPs of MSDP are IPv4 only, and a prefix has no bits after its length",
			     "'%s' is no IPv4 address or prefix", text);
		*out = (struct range){ addr_of4(0), addr_of4(0) };
		return true;
	}
	*out = (struct range){ a, addr_last(a, length) };
	return true;
}

/* static-rpf, for all RPs, or for some: static-rpf { 192.0.2.0/24, 198.51.100.1 } */
static bool read_static(struct msdp_parser *m)
{
	struct range ranges[RPS_MAX];
	size_t n = 0;

	m->peer->is_static = true;
	if (!parser_take_sign(&m->c->p, '{'))
		return true;
	do {
		if (n == RPS_MAX)
			return parser_expected(&m->c->p, "no more than 256 prefixes");
		if (!read_prefix(m, &ranges[n++]))
			return false;
	} while (parser_take_sign(&m->c->p, ',') && !parser_at_sign(&m->c->p, '}'));
	m->peer->rps = set_of(m->c->p.arena, ranges, n);
	return parser_expect_sign(&m->c->p, '}', " behind the last prefix");
}

static bool read_listen(struct msdp_parser *m)
{
	return m->peer->listens = true;
}

static bool read_role(struct msdp_parser *m)
{
	static const char *const words[] = { "edge", "transit" };

	m->peer->is_transit = conf_at(m->c, "transit");
	if (conf_take(m->c, "transit") || conf_take(m->c, "edge"))
		return true;
	return parser_expected_one(&m->c->p, "'edge' or 'transit'", words, COUNT(words));
}

static bool read_data(struct msdp_parser *m)
{
	static const char *const words[] = { "keep", "strip" };

	m->peer->strips_data = conf_at(m->c, "strip");
	if (conf_take(m->c, "strip") || conf_take(m->c, "keep"))
		return true;
	return parser_expected_one(&m->c->p, "'keep' or 'strip'", words, COUNT(words));
}

static bool read_description(struct msdp_parser *m)
{
	m->peer->text = parser_string(&m->c->p, "a description in quotes");
	return m->peer->text != NULL;
}

/* RFC 2385: the key's length is what TCP_MD5SIG takes. */
#define PASSWORD_MAX 80

static bool read_password(struct msdp_parser *m)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);
	struct conf_name file = { 0 };

	if (conf_take(m->c, "file")) {
		if (!conf_file(m->c, "a file in quotes", &file))
			return false;
		m->peer->password_file = file.name;
		return true;
	}
	m->peer->password = parser_string(&m->c->p, "a password in quotes, or 'file'");
	if (!m->peer->password)
		return false;
	if (!m->peer->password[0] || strlen(m->peer->password) > PASSWORD_MAX)
		parser_wrong(&m->c->p, &spot, NULL, "a password has 1 to %d bytes", PASSWORD_MAX);
	return true;
}

static bool read_number(struct msdp_parser *m, uint64_t most, const char *what, uint32_t *out)
{
	uint64_t value;

	if (!parser_number(&m->c->p, most, what, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool read_hops(struct msdp_parser *m)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);

	if (!read_number(m, 254, "how many hops away the peer may be", &m->peer->hops))
		return false;
	if (m->peer->hops == 0)
		parser_wrong(&m->c->p, &spot, "ttl-security 1: a neighbour on the link",
			     "a peer is at least one hop away");
	return true;
}

static bool read_as(struct msdp_parser *m)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);

	if (!read_number(m, UINT32_MAX, "an AS number", &m->peer->as))
		return false;
	if (m->peer->as == 0)
		parser_wrong(&m->c->p, &spot, "RFC 7607", "no autonomous system has the number 0");
	return true;
}

static bool read_retry(struct msdp_parser *m)
{
	return read_seconds(m, 1, &m->peer->retry_s);
}

static bool read_hold(struct msdp_parser *m)
{
	return read_seconds(m, 3, &m->peer->hold_s);		/* RFC 3618 5.4 */
}

static bool read_keepalive(struct msdp_parser *m)
{
	return read_seconds(m, 1, &m->peer->keepalive_s);	/* 5.5 */
}

/* How many entries there may be, of a peer or in all. */
static bool read_count(struct msdp_parser *m, uint32_t *out)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);
	uint64_t value = 0;

	if (!conf_amount(m->c, "a number, as 100000", counts, COUNT(counts), &value))
		return false;
	if (value > 1u << 24)
		parser_wrong(&m->c->p, &spot, NULL, "the cache holds at most %u", 1u << 24);
	*out = (uint32_t)value;
	return true;
}

static bool read_limit(struct msdp_parser *m)
{
	return read_count(m, &m->peer->entries_max);
}

static const struct word_row peer_words[] = {
	{ "local", read_local },	   { "boundary", read_boundary },
	{ "inside", read_inside },	   { "outside", read_outside },
	{ "static-rpf", read_static },	   { "role", read_role },
	{ "data", read_data },		   { "description", read_description },
	{ "password", read_password },	   { "ttl-security", read_hops },
	{ "as", read_as },		   { "connect-retry", read_retry },
	{ "hold", read_hold },		   { "keepalive", read_keepalive },
	{ "listen-only", read_listen },	   { "limit", read_limit },
};

static bool read_word(struct msdp_parser *m, const struct word_row *rows, size_t n,
		      const char *what)
{
	const char *words[32];

	for (size_t i = 0; i < n; i++) {
		struct spot spot = parser_spot(&m->c->p, &m->c->p.token);

		words[i] = rows[i].word;
		if (!conf_take(m->c, rows[i].word))
			continue;
		if (m->peer && m->words >> i & 1)
			parser_wrong(&m->c->p, &spot, NULL, "'%s' stands twice for this peer",
				     rows[i].word);
		m->words |= UINT32_C(1) << i;
		return rows[i].read(m);
	}
	return parser_expected_one(&m->c->p, what, words, n);
}

/* Up to the closing brace. */
static bool read_block(struct msdp_parser *m, const struct word_row *rows, size_t n,
		       const char *what)
{
	if (!parser_expect_sign(&m->c->p, '{', " of the block"))
		return false;
	while (!parser_at_sign(&m->c->p, '}'))
		if (!read_word(m, rows, n, what))
			return false;
	return parser_take_sign(&m->c->p, '}');
}

static void check_peer(struct msdp_parser *m, const struct conf_peer *peer)
{
	struct conf_msdp *msdp = &m->c->conf->msdp;
	const uint32_t hold = peer->hold_s ? peer->hold_s : 75;
	const uint32_t keepalive = peer->keepalive_s ? peer->keepalive_s : 60;

	for (size_t i = 0; i < msdp->peer_count; i++)
		if (addr_equal(m->peers[i].remote, peer->remote))
			parser_wrong(&m->c->p, &peer->spot,
				     arena_printf(m->c->p.arena, "the first is in line %u",
						  m->peers[i].spot.line),
				     "this peer stands here twice");
	if (peer->local.family == FAMILY_NONE)
		parser_wrong(&m->c->p, &peer->spot, "local 192.0.2.1",
			     "this peer names no local address");
	else if (addr_equal(peer->local, peer->remote))
		parser_wrong(&m->c->p, &peer->spot, "local is this machine's address",
			     "this peer has its own address as the local one");
	if (peer->is_transit && peer->boundary.name)
		parser_wrong(&m->c->p, &peer->boundary.spot, "leave out one of both",
			     "'role transit' stands for the boundary '" CONF_TRANSIT "'");
	if (keepalive >= hold)
		parser_wrong(&m->c->p, &peer->spot,
			     arena_printf(m->c->p.arena, "keepalive %us, for one (RFC 3618 5.5)",
					  hold / 3 ? hold / 3 : 1),
			     "the keepalive time (%us) is not below the hold time (%us)",
			     keepalive, hold);
	if (msdp->peer_count == CONF_PEERS_MAX)
		parser_wrong(&m->c->p, &peer->spot, NULL, "more than %d peers", CONF_PEERS_MAX);
}

static bool read_peer(struct msdp_parser *m)
{
	struct conf_msdp *msdp = &m->c->conf->msdp;
	struct conf_peer one = { .spot = parser_spot(&m->c->p, &m->c->p.token) };
	bool is_whole;

	m->peer = &one;
	m->words = 0;
	is_whole = read_address(m->c, "the peer's address", &one.remote) &&
		   read_block(m, peer_words, COUNT(peer_words), "what the peer is, as 'local'");
	m->peer = NULL;
	if (!is_whole)
		return false;
	check_peer(m, &one);
	if (msdp->peer_count == CONF_PEERS_MAX)
		return true;
	m->peers = conf_room(m->c, m->peers, msdp->peer_count, &m->cap, sizeof(one));
	m->peers[msdp->peer_count++] = one;
	msdp->peers = m->peers;
	return true;
}

/* mesh-group NAME { ADDRESS, ... } of peers that stand above. */
static bool join_mesh(struct msdp_parser *m, const char *name)
{
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);
	struct addr member;

	if (!read_address(m->c, "a peer's address", &member))
		return false;
	for (size_t i = 0; i < m->c->conf->msdp.peer_count; i++) {
		if (!addr_equal(m->peers[i].remote, member))
			continue;
		if (m->peers[i].mesh)
			parser_wrong(&m->c->p, &spot, NULL, "this peer is in the mesh group '%s' "
				     "already", m->peers[i].mesh);
		m->peers[i].mesh = name;
		return true;
	}
	parser_wrong(&m->c->p, &spot, "peers stand before the groups that they are in",
		     "no such peer");
	return true;
}

static bool read_mesh(struct msdp_parser *m)
{
	struct spot spot;
	const char *name = conf_run(m->c, "a name for the group", &spot);

	if (!name || !parser_expect_sign(&m->c->p, '{', "of the group"))
		return false;
	do
		if (!join_mesh(m, name))
			return false;
	while (parser_take_sign(&m->c->p, ','));
	return parser_expect_sign(&m->c->p, '}', "behind the last peer");
}

static bool read_originator(struct msdp_parser *m)
{
	return read_address(m->c, "the address of this domain's RP",
			    &m->c->conf->msdp.originator);
}

static bool read_group(struct msdp_parser *m, struct addr *out)
{
	struct parser *p = &m->c->p;
	struct spot spot = parser_spot(p, &p->token);
	const char *text;

	if (p->token.kind != TOKEN_ADDRESS)
		return parser_expected(p, "the group that the source sends to");
	text = parser_text(p, &p->token);
	parser_take(p);
	if (!addr_parse(text, strlen(text), out) || out->family != FAMILY_IP4 ||
	    !addr_is_multicast(*out))
		parser_wrong(p, &spot, NULL, "'%s' is no IPv4 group", text);
	return true;
}

/* originate SOURCE GROUP */
static bool read_source(struct msdp_parser *m)
{
	struct conf_msdp *msdp = &m->c->conf->msdp;
	struct spot spot = parser_spot(&m->c->p, &m->c->p.token);
	struct conf_source one;

	if (!read_address(m->c, "a source of this domain", &one.source) ||
	    !read_group(m, &one.group))
		return false;
	if (msdp->source_count == CONF_SOURCES_MAX) {
		parser_wrong(&m->c->p, &spot, NULL, "more than %d sources", CONF_SOURCES_MAX);
		return true;
	}
	m->sources = conf_room(m->c, m->sources, msdp->source_count, &m->source_cap, sizeof(one));
	m->sources[msdp->source_count++] = one;
	msdp->sources = m->sources;
	return true;
}

static bool read_entries(struct msdp_parser *m)
{
	return read_count(m, &m->c->conf->msdp.entries_max);
}

static bool read_listening(struct msdp_parser *m)
{
	return m->c->conf->msdp.listens = true;
}

static bool read_transparent(struct msdp_parser *m)
{
	return m->c->conf->msdp.is_transparent = true;
}

static const struct word_row msdp_words[] = {
	{ "peer", read_peer },		{ "mesh-group", read_mesh },
	{ "originator", read_originator }, { "cache", read_entries },
	{ "listen-only", read_listening }, { "transparent", read_transparent },
	{ "originate", read_source },
};

static void check_msdp(struct conf_parser *c)
{
	const struct conf_msdp *msdp = &c->conf->msdp;

	if (msdp->peer_count == 0)
		parser_wrong(&c->p, &msdp->spot, "peer 192.0.2.1 { local 192.0.2.2 }",
			     "'msdp' names no peer");
	if (msdp->source_count > 0 && msdp->originator.family == FAMILY_NONE)
		parser_wrong(&c->p, &msdp->spot, "originator 192.0.2.1, the RP of this domain",
			     "'originate' needs an originator");
	if (msdp->is_transparent && msdp->peer_count == 2 &&
	    (!addr_equal(msdp->peers[0].local, msdp->peers[1].remote) ||
	     !addr_equal(msdp->peers[1].local, msdp->peers[0].remote)))
		parser_wrong(&c->p, &msdp->spot, "peer A { local B } and peer B { local A }",
			     "each of the two peers of a transparent relay has the other's address "
			     "as its local one");
	if (msdp->is_transparent && msdp->peer_count != 2)
		parser_wrong(&c->p, &msdp->spot, "each of the two is a peer, and the other's local "
			     "address", "'transparent' stands between exactly two peers");
}

bool conf_read_msdp(struct conf_parser *c)
{
	struct msdp_parser m = { .c = c };
	struct spot spot = parser_spot(&c->p, &c->p.taken);

	if (c->conf->msdp.is_there)
		parser_wrong(&c->p, &spot,
			     arena_printf(c->p.arena, "the first is in line %u",
					  c->conf->msdp.spot.line), "'msdp' stands once");
	c->conf->msdp = (struct conf_msdp){ .is_there = true, .spot = spot };
	if (!read_block(&m, msdp_words, COUNT(msdp_words), "'peer' or what the relay is"))
		return false;
	check_msdp(c);
	return true;
}
