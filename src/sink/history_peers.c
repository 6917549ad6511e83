/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP peers into the history and out of it.  Prints nothing. */
#include "sink/history_peers.h"

#include <string.h>

#include "sink/history_state.h"

#define DAY_S INT64_C(86400)

static int finish(struct history *h, char *problem)
{
	snprintf(problem, HISTORY_PROBLEM, "%s", h->why);
	return history_errno(h->error);
}

static void write_peer(struct history *h, const struct history_peer *p, int64_t day_s)
{
	sqlite3_stmt *st = history_statement(h, SQL_PEER);

	history_bind(st, "tntuuuuuuuuuuuuuuuuuu", p->peer, day_s, p->boundary, p->held, p->of_source,
		     p->of_net, p->of_rp, p->entries_in, p->fresh, p->refreshed, p->denied,
		     p->limited, p->policed, p->rpf_refused, p->no_room, p->malformed,
		     p->entries_out, p->withheld, p->sessions, p->born, p->born_of_source);
	history_run(h, st);
}

int history_peers_add(struct history *h, const struct history_peer *rows, size_t n,
		      struct mtime at, char *problem)
{
	int64_t now_s = at.ns / NS_PER_S;

	history_clear(h);
	history_run(h, history_statement(h, SQL_BEGIN));
	for (size_t i = 0; i < n; i++)
		write_peer(h, &rows[i], now_s - now_s % DAY_S);
	history_run(h, history_statement(h, SQL_COMMIT));
	if (h->error != SQLITE_OK)
		history_roll_back(h);
	return finish(h, problem);
}

static void copy_text(sqlite3_stmt *st, int column, char out[HISTORY_PEER_NAME])
{
	snprintf(out, HISTORY_PEER_NAME, "%s", history_text(st, column));
}

static struct history_peer peer_at(sqlite3_stmt *st)
{
	struct history_peer p = { .day_ns = sqlite.column_int64(st, 1) * NS_PER_S };
	uint64_t *const numbers[] = {
		&p.reports, &p.held, &p.of_source, &p.of_net, &p.of_rp,
#define X(field) &p.field,
		HISTORY_PEER_SUMS(X)
#undef X
	};

	copy_text(st, 0, p.peer);
	copy_text(st, 2, p.boundary);
	for (int i = 0; i < (int)COUNT(numbers); i++)
		*numbers[i] = history_number(st, 3 + i);
	p.born = history_number(st, 3 + (int)COUNT(numbers));
	p.born_of_source = history_number(st, 4 + (int)COUNT(numbers));
	p.knows_born = sqlite.column_type(st, 3 + (int)COUNT(numbers)) != SQLITE_NULL;
	return p;
}

int history_peers(struct history *h, const struct history_query *q,
		  void (*each)(void *context, const struct history_peer *day), void *context,
		  char *problem)
{
	int64_t since_s = q->has_since ? q->since.ns / NS_PER_S : 0;
	char address[ADDR_TEXT];
	sqlite3_stmt *st;

	history_clear(h);
	st = history_statement(h, SQL_PEERS);
	history_bind(st, "nnt", since_s - since_s % DAY_S,
		     q->has_until ? q->until.ns / NS_PER_S : INT64_MAX,
		     addr_is_there(q->address) ? addr_text(q->address, address) : NULL);
	while (history_step(h, st)) {
		const struct history_peer day = peer_at(st);

		each(context, &day);
	}
	return finish(h, problem);
}
