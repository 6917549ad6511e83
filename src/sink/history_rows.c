/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows, findings and RAS servers into the history: whoever is there already is brought up to date,
 * and what changed about a server is an event.  Part of the transaction of history_write.c. */
#include <string.h>

#include "sink/history_pack.h"
#include "sink/history_state.h"

void history_write_flow(struct history *h, struct rd *r)
{
	struct addr source = unpack_addr(r), group = unpack_addr(r);
	uint8_t group_len = rd_u8(r), point = rd_u8(r), action = rd_u8(r);
	struct span rule = history_rule_text(h, rd_be16(r));
	uint64_t packets = rd_be64(r), bytes = rd_be64(r);
	int64_t first_ns = unpack_time(r), last_ns = unpack_time(r);
	sqlite3_stmt *st = history_statement(h, SQL_FLOW);
	char from[ADDR_TEXT], to[ADDR_TEXT];

	if (point >= POINT_COUNT || action >= ACTION_COUNT) {
		history_refuse(h);
		return;
	}
	history_bind(st, "sttnttsuunnn", h->policy.boundary, addr_text(source, from),
		     addr_text(group, to), (int64_t)group_len, point_name(point),
		     action_name(action), rule, packets, bytes, first_ns, last_ns, h->run);
	history_run(h, st);
}

void history_write_finding(struct history *h, struct rd *r)
{
	uint8_t kind = rd_u8(r);
	struct addr source = unpack_addr(r), group = unpack_addr(r);
	uint8_t group_len = rd_u8(r), point = rd_u8(r);
	struct span rule = history_rule_text(h, rd_be16(r));
	uint64_t count = rd_be64(r);
	int64_t first_ns = unpack_time(r), last_ns = unpack_time(r);
	sqlite3_stmt *st = history_statement(h, SQL_FINDING);
	char from[ADDR_TEXT], to[ADDR_TEXT];

	if (kind >= FINDING_COUNT) {
		history_refuse(h);
		return;
	}
	history_bind(st, "stttntsunnn", h->policy.boundary, finding_name(kind), addr_text(source, from),
		     addr_text(group, to), (int64_t)group_len,
		     point < POINT_COUNT ? point_name(point) : "-", rule, count, first_ns, last_ns,
		     h->run);
	history_run(h, st);
}

/* --- servers --- */

/* One as it was packed; spans are into the sample. */
struct server {
	char	    address[ADDR_TEXT];
	uint16_t    vlan;
	struct span interface, hostname, domain, mac;
	int64_t	    first_ns, last_ns, at_ns, period_ns;
	uint64_t    count, returns, tcp_segments, flags;
	uint8_t	    state, authorised, has_ttl, ttl, hops, marks;
};

static void read_server(struct rd *r, struct server *out)
{
	addr_text(unpack_addr(r), out->address);
	out->vlan = rd_be16(r);
	out->interface = unpack_bytes(r);
	out->hostname = unpack_bytes(r);
	out->domain = unpack_bytes(r);
	out->first_ns = unpack_time(r);
	out->last_ns = unpack_time(r);
	out->at_ns = unpack_time(r);
	out->count = rd_be64(r);
	out->returns = rd_be64(r);
	out->tcp_segments = rd_be64(r);
	out->period_ns = unpack_time(r);
	out->state = rd_u8(r);
	out->authorised = rd_u8(r);
	out->mac = unpack_bytes(r);
	out->has_ttl = rd_u8(r);
	out->ttl = rd_u8(r);
	out->hops = rd_u8(r);
	out->flags = rd_be64(r);
	out->marks = rd_u8(r);
}

static void write_event(struct history *h, const struct server *s, const char *event, int64_t at_ns)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER_EVENT);

	history_bind(st, "ntnstbb", at_ns, s->address, (int64_t)s->vlan, s->interface, event, s->hostname,
		     s->domain);
	history_run(h, st);
}

/* What the history knew of a server before. */
struct known {
	bool is_there, same_name, same_engine, has_list, was_authorised;
	int  state;			/* enum ras_state, or -1 */
	int64_t last_ns;
	uint8_t marks;
};

static bool is_blob(sqlite3_stmt *st, int column, struct span name)
{
	const void *bytes = sqlite.column_blob(st, column);
	int n = sqlite.column_bytes(st, column);

	return n == (int)name.n && (n == 0 || memcmp(bytes, name.p, name.n) == 0);
}

static int state_named(const unsigned char *name)
{
	for (int i = 0; name && i < RAS_STATE_COUNT; i++)
		if (strcmp(ras_state_name((enum ras_state)i), (const char *)name) == 0)
			return i;
	return -1;
}

static struct known find_known(struct history *h, const struct server *s)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER_WAS);
	struct known known = { 0 };

	history_bind(st, "tns", s->address, (int64_t)s->vlan, s->interface);
	if (!history_step(h, st))
		return known;
	known.is_there = true;
	known.state = state_named(sqlite.column_text(st, 0));
	known.same_name = is_blob(st, 1, s->hostname) && is_blob(st, 2, s->domain);
	known.same_engine =
		sqlite.column_int64(st, 3) == h->run && sqlite.column_int64(st, 4) == s->first_ns;
	known.last_ns = sqlite.column_int64(st, 5);
	known.marks = (uint8_t)sqlite.column_int64(st, 6);
	known.has_list = sqlite.column_type(st, 7) != SQLITE_NULL;
	known.was_authorised = sqlite.column_int64(st, 7) != 0;
	sqlite.reset(st);
	return known;
}

/* Its name was at another address before, which no engine need have heard: it may be long ago. */
static bool is_namesake(struct history *h, const struct server *s)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER_NAMESAKE);

	history_bind(st, "bbtn", s->hostname, s->domain, s->address, s->first_ns);
	if (s->hostname.n == 0 || !history_step(h, st))
		return false;
	sqlite.reset(st);
	return true;
}

/* To a new engine everybody is new, but not to the history. */
static void write_state(struct history *h, const struct server *s, const struct known *known)
{
	bool is_silent = s->state == RAS_LATE || s->state == RAS_GONE;

	if (!known->is_there)
		write_event(h, s, "new", s->first_ns);
	else if (!known->same_engine && s->first_ns - known->last_ns >= RAS_GONE_NS)
		write_event(h, s, "returned", s->first_ns);
	if (s->state != known->state && (is_silent || s->state == RAS_RETURNED))
		write_event(h, s, ras_state_name(s->state), is_silent ? s->at_ns : s->last_ns);
}

static void write_marks(struct history *h, const struct server *s, const struct known *known)
{
	static const struct {
		uint8_t	    bit;
		const char *event;
	} marks[] = { { MARK_MOVED, "moved" }, { MARK_DUPLICATE_NAME, "duplicate-name" },
		      { MARK_CAME_IN, "came-in" }, { MARK_WENT_OUT, "went-out" } };
	uint8_t before = known->is_there && known->same_name ? known->marks : 0;

	for (size_t i = 0; i < COUNT(marks); i++)
		if (s->marks & ~before & marks[i].bit)
			write_event(h, s, marks[i].event, s->last_ns);
}

/* What is otherwise than it was. */
static void write_changes(struct history *h, struct server *s)
{
	const struct known known = find_known(h, s);
	bool is_authorised = s->authorised == RAS_AUTHORISED;

	if (!known.is_there && is_namesake(h, s))
		s->marks |= MARK_MOVED;
	write_state(h, s, &known);
	if (known.is_there && !known.same_name)
		write_event(h, s, "renamed", s->last_ns);
	write_marks(h, s, &known);
	if (s->authorised == RAS_NO_LIST)
		return;
	if (known.is_there && known.has_list ? is_authorised != known.was_authorised
					     : !is_authorised)
		write_event(h, s, is_authorised ? "authorised" : "not-authorised", s->last_ns);
}

static void put_flags(uint64_t flags, struct text *out)
{
	for (unsigned i = 0; i < FLAG_COUNT; i++)
		if (flags >> i & 1)
			text_printf(out, "%s%s", out->n ? " " : "", flag_name(i));
}

static void write_row(struct history *h, const struct server *s)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER);
	struct text flags = { 0 };

	put_flags(s->flags, &flags);
	history_bind(st, "tnsbbnnuutnnbnutnnnn", s->address, (int64_t)s->vlan, s->interface,
		     s->hostname, s->domain, s->first_ns, s->last_ns, s->count, s->returns,
		     ras_state_name(s->state), (int64_t)s->hops, (int64_t)s->ttl, s->mac,
		     s->period_ns, s->tcp_segments, text_string(&flags), (int64_t)s->marks,
		     (int64_t)(s->authorised == RAS_AUTHORISED), h->run, (int64_t)RAS_GONE_NS);
	if (s->hops == RAS_HOPS_UNKNOWN)
		sqlite.bind_null(st, 11);
	if (!s->has_ttl)
		sqlite.bind_null(st, 12);
	if (s->mac.n == 0)
		sqlite.bind_null(st, 13);
	if (s->authorised == RAS_NO_LIST)
		sqlite.bind_null(st, 18);
	history_run(h, st);
	text_release(&flags);
}

void history_write_server(struct history *h, struct rd *r)
{
	struct server server = { 0 };

	read_server(r, &server);
	if (!rd_ok(r) || server.state >= RAS_STATE_COUNT || server.authorised > RAS_AUTHORISED) {
		history_refuse(h);
		return;
	}
	write_changes(h, &server);
	write_row(h, &server);
}
