/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters as read last lie in memory and in the table `tally`, sorted alike: a reading is a
 * merge of both.  Only what has grown is written. */
#include "sink/history_tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sink/history_state.h"

struct history_tallies {
	struct history	     *history;
	char		      boot[TALLY_NAME];
	struct history_tally *last;	/* sorted */
	size_t		      n;
	int64_t		      generation;	/* 0: history_tallies_about() was not called yet */
};

static int order(const void *a, const void *b)
{
	const struct history_tally *x = a, *y = b;
	int difference = strcmp(x->boundary, y->boundary);

	difference = difference ? difference : strcmp(x->rule, y->rule);
	difference = difference ? difference : strcmp(x->link, y->link);
	difference = difference ? difference : strcmp(x->hook, y->hook);
	difference = difference ? difference : strcmp(x->backend, y->backend);
	return difference ? difference : (int)x->refused - (int)y->refused;
}

static int finish(struct history *h, char *problem)
{
	int error = history_errno(h->error);

	if (error < 0) {
		snprintf(problem, HISTORY_PROBLEM, "%s", h->why);
		history_roll_back(h);
	}
	h->error = SQLITE_OK;
	h->why[0] = '\0';
	return error;
}

static void read_text(sqlite3_stmt *st, int column, char *out, size_t max)
{
	const char *text = (const char *)sqlite.column_text(st, column);

	snprintf(out, max, "%s", text ? text : "");
}

static void read_last(struct history_tallies *t)
{
	sqlite3_stmt *st = history_statement(t->history, SQL_TALLIES);
	char boot[TALLY_NAME];

	while (history_step(t->history, st)) {
		struct history_tally row = { .refused = sqlite.column_int(st, 5) != 0 };

		read_text(st, 0, row.boundary, sizeof(row.boundary));
		read_text(st, 1, row.rule, sizeof(row.rule));
		read_text(st, 2, row.link, sizeof(row.link));
		read_text(st, 3, row.hook, sizeof(row.hook));
		read_text(st, 4, row.backend, sizeof(row.backend));
		read_text(st, 8, boot, sizeof(boot));
		if (strcmp(boot, t->boot) == 0) {
			row.packets = (uint64_t)sqlite.column_int64(st, 6);
			row.bytes = (uint64_t)sqlite.column_int64(st, 7);
		}
		t->last = memory_grow(t->last, t->n + 1, sizeof(row));
		t->last[t->n++] = row;
	}
	if (t->n > 1)
		qsort(t->last, t->n, sizeof(t->last[0]), order);
}

int history_tallies_new(struct history *history, const char *boot, char *problem,
			struct history_tallies **out)
{
	struct history_tallies *t = memory_take(sizeof(*t));
	int error;

	t->history = history;
	snprintf(t->boot, sizeof(t->boot), "%s", boot);
	read_last(t);
	error = finish(history, problem);
	if (error < 0)
		history_tallies_free(t);
	else
		*out = t;
	return error;
}

void history_tallies_free(struct history_tallies *t)
{
	if (!t)
		return;
	free(t->last);
	free(t);
}

const char *history_tallies_boundary(const struct history_tallies *t,
				     const struct history_tally *row)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->last[i].link, row->link) == 0 &&
		    strcmp(t->last[i].hook, row->hook) == 0 &&
		    strcmp(t->last[i].backend, row->backend) == 0 &&
		    strcmp(t->last[i].rule, row->rule) == 0)
			return t->last[i].boundary;
	return NULL;
}

static int64_t id_of(struct history *h, enum history_sql sql, const char *boundary, const char *key)
{
	sqlite3_stmt *st = history_statement(h, sql);
	int64_t id = 0;

	history_bind(st, "tt", boundary, key);
	if (history_step(h, st)) {
		id = sqlite.column_int64(st, 0);
		sqlite.reset(st);
	}
	return id;
}

/* --- what is counted --- */

static void name_rule(struct history *h, const struct history_tally_rule *rule, int64_t generation,
		      struct mtime at)
{
	sqlite3_stmt *st = history_statement(h, SQL_RULE);
	int64_t id;

	history_bind(st, "tttnn", rule->boundary, rule->name, rule->action, at.ns, at.ns);
	history_run(h, st);
	id = id_of(h, SQL_RULE_FIND, rule->boundary, rule->name);
	st = history_statement(h, SQL_RULE_GENERATION);
	history_bind(st, "nn", id, generation);
	history_run(h, st);
}

int history_tallies_about(struct history_tallies *t, const char *policy, const char *sha256,
			  const struct history_tally_rule *rules, size_t n, struct mtime at,
			  char *problem)
{
	struct history *h = t->history;
	const char *boundary = "";
	int64_t generation = 0;

	history_run(h, history_statement(h, SQL_BEGIN));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rules[i].boundary, boundary) != 0) {
			sqlite3_stmt *st = history_statement(h, SQL_GENERATION);

			boundary = rules[i].boundary;
			history_bind(st, "tttn", boundary, sha256, policy, at.ns);
			history_run(h, st);
			generation = id_of(h, SQL_GENERATION_FIND, boundary, sha256);
		}
		name_rule(h, &rules[i], generation, at);
	}
	history_run(h, history_statement(h, SQL_COMMIT));
	t->generation = generation;
	return finish(h, problem);
}

/* --- what they have grown by --- */

struct growth {
	uint64_t packets, bytes;
};

static struct growth growth_of(const struct history_tally *now, const struct history_tally *was)
{
	if (!was || now->packets < was->packets || now->bytes < was->bytes)
		return (struct growth){ now->packets, now->bytes };	/* it began anew */
	return (struct growth){ now->packets - was->packets, now->bytes - was->bytes };
}

/* The rule's id; a counter of a rule that no policy named here any more gets its row, too. */
static int64_t find_rule(struct history *h, const struct history_tally *row, struct mtime at)
{
	int64_t id = id_of(h, SQL_RULE_FIND, row->boundary, row->rule);
	sqlite3_stmt *st;

	if (id > 0)
		return id;
	st = history_statement(h, SQL_RULE);
	history_bind(st, "tttnn", row->boundary, row->rule, "permit", at.ns, at.ns);
	history_run(h, st);
	return id_of(h, SQL_RULE_FIND, row->boundary, row->rule);
}

static bool was_hit(struct history *h, int64_t id)
{
	sqlite3_stmt *st = history_statement(h, SQL_RULE_WAS_HIT);
	bool hit = false;

	history_bind(st, "n", id);
	if (history_step(h, st)) {
		hit = sqlite.column_int64(st, 0) > 0;
		sqlite.reset(st);
	}
	return hit;
}

static int64_t bucket_of(int64_t ns)
{
	int64_t s = ns / NS_PER_S;

	return s - s % HISTORY_BUCKET_S;
}

/* True where its rule was never hit before. */
static bool write_growth(struct history *h, const struct history_tally *row, struct growth growth,
			 struct mtime at)
{
	int64_t last = row->last_ns > 0 && row->last_ns <= at.ns ? row->last_ns : at.ns;
	int64_t id = find_rule(h, row, at);
	bool is_first = !was_hit(h, id);
	sqlite3_stmt *st = history_statement(h, SQL_RULE_HIT);

	history_bind(st, "nuuun", id, growth.packets, growth.packets, growth.bytes, last);
	history_run(h, st);
	st = history_statement(h, SQL_HIT);
	history_bind(st, "nnuuu", id, bucket_of(last), growth.packets, growth.packets, growth.bytes);
	history_run(h, st);
	st = history_statement(h, SQL_RULE_SEEN);
	history_bind(st, "nn", at.ns, id);
	history_run(h, st);
	return is_first;
}

static void write_last(struct history_tallies *t, const struct history_tally *row)
{
	sqlite3_stmt *st = history_statement(t->history, SQL_TALLY);

	history_bind(st, "tttttnuut", row->boundary, row->rule, row->link, row->hook, row->backend,
		     (int64_t)row->refused, row->packets, row->bytes, t->boot);
	history_run(t->history, st);
}

static void drop_last(struct history_tallies *t, const struct history_tally *row)
{
	sqlite3_stmt *st = history_statement(t->history, SQL_TALLY_DROP);

	history_bind(st, "tttttn", row->boundary, row->rule, row->link, row->hook, row->backend,
		     (int64_t)row->refused);
	history_run(t->history, st);
}

/* Who is told when all is written. */
struct grown {
	size_t	 row;
	uint64_t packets;
	bool	 is_first;
};

static size_t merge(struct history_tallies *t, const struct history_tally *rows, size_t n,
		    struct mtime at, struct grown *out)
{
	size_t was = 0, grown = 0;

	for (size_t i = 0; i < n; i++) {
		const struct history_tally *before = NULL;
		struct growth growth;

		while (was < t->n && order(&t->last[was], &rows[i]) < 0)
			drop_last(t, &t->last[was++]);
		if (was < t->n && order(&t->last[was], &rows[i]) == 0)
			before = &t->last[was++];
		growth = growth_of(&rows[i], before);
		if (growth.packets > 0) {
			out[grown].row = i;
			out[grown].packets = growth.packets;
			out[grown++].is_first = write_growth(t->history, &rows[i], growth, at);
		}
		if (!before || growth.packets > 0)
			write_last(t, &rows[i]);
	}
	while (was < t->n)
		drop_last(t, &t->last[was++]);
	return grown;
}

int history_tallies_take(struct history_tallies *t, struct history_tally *rows, size_t n,
			 struct mtime at, history_growth *each, void *context, char *problem)
{
	struct grown *grown = memory_array(n + 1, sizeof(*grown));
	struct history *h = t->history;
	size_t count;
	int error;

	if (n > 1)
		qsort(rows, n, sizeof(rows[0]), order);
	history_run(h, history_statement(h, SQL_BEGIN));
	count = merge(t, rows, n, at, grown);
	history_run(h, history_statement(h, SQL_COMMIT));
	error = finish(h, problem);
	if (error == 0) {
		t->last = memory_grow(t->last, n + 1, sizeof(rows[0]));
		if (n > 0)
			memcpy(t->last, rows, n * sizeof(rows[0]));
		t->n = n;
		history_tidy(h, at);
		h->error = SQLITE_OK;		/* what could not be tidied is so the next time */
	}
	for (size_t i = 0; i < count && error == 0; i++)
		each(context, &rows[grown[i].row], grown[i].packets, grown[i].is_first);
	free(grown);
	return error;
}
