/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of what judges count in the queue.  A judge tells by how much they grow in the datagram that
 * holds its answers, so a packet is answered and counted, or neither; sums outlive every judge, and
 * go to the clerk with the kernel's counters.  Knows no rule and no packet. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/run_judge_queue.h"
#include "daemon/run_keeper.h"
#include "os/clock.h"

/* All that a sum is known by lies in front, and is zeroed behind its texts. */
#define NAME_BYTES offsetof(struct history_tally, refused)

static int order(const void *a, const void *b)
{
	return memcmp(a, b, NAME_BYTES);
}

static void copy_text(const char *from, size_t size, char *to)
{
	memcpy(to, from, strnlen(from, size - 1));
}

/* Whatever the judge says besides, it counts control packets. */
static void take_name(const struct keeper_tallies *t, const struct history_tally *told,
		      struct history_tally *out)
{
	memset(out, 0, sizeof(*out));
	copy_text(told->boundary, sizeof(told->boundary), out->boundary);
	copy_text(told->rule, sizeof(told->rule), out->rule);
	copy_text(told->link, sizeof(told->link), out->link);
	copy_text(QUEUE_HOOK, sizeof(QUEUE_HOOK), out->hook);
	copy_text(t->backend, sizeof(t->backend), out->backend);
}

/* Sums whose names did not come again: they are told once more. */
static size_t add_gone(const struct keeper_tallies *t, struct history_tally *rows, size_t n)
{
	size_t more = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].packets == 0 ||
		    (n > 0 && bsearch(&t->rows[i], rows, n, sizeof(*rows), order)))
			continue;
		rows[n + more] = t->rows[i];
		rows[n + more++].gone = 1;
	}
	return more;
}

/* Sorted, each name once, with what it came to so far. */
static size_t take_over(const struct keeper_tallies *t, struct history_tally *rows, size_t n)
{
	size_t kept = 0;

	qsort(rows, n, sizeof(*rows), order);
	for (size_t i = 0; i < n; i++) {
		const struct history_tally *was =
			t->n > 0 ? bsearch(&rows[i], t->rows, t->n, sizeof(*rows), order) : NULL;

		if (kept > 0 && order(&rows[kept - 1], &rows[i]) == 0)
			continue;
		rows[kept] = was ? *was : rows[i];
		rows[kept++].gone = 0;
	}
	kept += add_gone(t, rows, kept);
	qsort(rows, kept, sizeof(*rows), order);
	return kept;
}

static void rename_all(struct keeper_tallies *t, const struct history_tally *told, size_t n)
{
	struct history_tally *rows = memory_array(n + t->n + 1, sizeof(*rows)), name;
	uint32_t *places = memory_array(n + 1, sizeof(*places));
	size_t count;

	for (size_t i = 0; i < n; i++)
		take_name(t, &told[i], &rows[i]);
	count = take_over(t, rows, n);
	for (size_t i = 0; i < n; i++) {
		const struct history_tally *found;

		take_name(t, &told[i], &name);
		found = bsearch(&name, rows, count, sizeof(*rows), order);
		places[i] = (uint32_t)(found - rows);
	}
	free(t->rows);
	free(t->places);
	t->rows = rows;
	t->n = count;
	t->places = places;
	t->place_count = n;
	t->named++;
}

void keeper_tallies_named(struct keeper_state *k, int payload)
{
	struct keeper_tallies *t = &k->tallies;
	struct message reply = { .kind = MESSAGE_TALLIES };
	struct text bytes = { 0 };

	keeper_queue_catch_up(k);		/* under the old numbers */
	if (t->backend[0] == '\0')
		snprintf(t->backend, sizeof(t->backend), "queue %08x",
			 (unsigned)(clock_now().ns / 1000000));
	reply.error = payload < 0 ? -EBADMSG : payload_read(payload, &bytes);
	if (reply.error == 0)
		rename_all(t, (const struct history_tally *)(const void *)text_string(&bytes),
			   bytes.n / sizeof(struct history_tally));
	text_release(&bytes);
	keeper_tell(k, CHILD_JUDGE, &reply);
}

bool keeper_tallies_grown(void *context, const struct queue_growth *rows, size_t n)
{
	struct keeper_tallies *t = &((struct keeper_state *)context)->tallies;
	int64_t now_ns = clock_now().ns;

	for (size_t i = 0; i < n; i++)
		if (rows[i].row >= t->place_count)
			return false;
	for (size_t i = 0; i < n; i++) {
		struct history_tally *sum = &t->rows[t->places[rows[i].row]];

		sum->packets += rows[i].hits;
		sum->bytes += rows[i].bytes;
		sum->last_ns = now_ns;
	}
	return true;
}

void keeper_tallies_put(struct keeper_state *k, struct text *rows)
{
	struct keeper_tallies *t = &k->tallies;

	keeper_queue_catch_up(k);
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].packets > 0)
			text_put_n(rows, (const char *)&t->rows[i], sizeof(t->rows[i]));
	t->told = t->named;
}

void keeper_tallies_stored(struct keeper_state *k)
{
	struct keeper_tallies *t = &k->tallies;
	uint32_t *to = memory_array(t->n + 1, sizeof(*to));
	size_t n = 0;

	for (size_t i = 0; i < t->n && t->told == t->named; i++) {
		to[i] = (uint32_t)n;
		if (!t->rows[i].gone)
			t->rows[n++] = t->rows[i];
	}
	if (t->told == t->named) {
		for (size_t i = 0; i < t->place_count; i++)
			t->places[i] = to[t->places[i]];
		t->n = n;
	}
	free(to);
}

void keeper_tallies_release(struct keeper_state *k)
{
	free(k->tallies.rows);
	free(k->tallies.places);
	k->tallies = (struct keeper_tallies){ 0 };
}
