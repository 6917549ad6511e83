/* SPDX-License-Identifier: BSD-2-Clause */
/* The sums of what judges count in the queue.  A judge tells by how much they grow in the datagram
 * that holds its answers, so a packet is answered and counted, or neither; sums outlive every
 * judge, by a file every keeper, and go to the clerk with the kernel's counters.  Knows no rule
 * and no packet. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_judge_queue.h"
#include "daemon/run_keeper.h"
#include "os/clock.h"
#include "os/file.h"

/* All that a sum is known by lies in front, and is zeroed behind its texts. */
#define NAME_BYTES offsetof(struct history_tally, refused)

static int order(const void *a, const void *b)
{
	return memcmp(a, b, NAME_BYTES);
}

/* --- the file --- */

#define FILE_SUFFIX ".counts"		/* behind the control socket's name, where root may write */
#define MAGIC UINT32_C(0x77637431)
#define ROWS_MAX (PAYLOAD_MAX / sizeof(struct history_tally))

/* At its beginning; the rows follow. */
struct file_head {
	uint32_t magic, row_bytes;
	uint64_t n;			/* 0 while the rows are written */
	char	 boot[TALLY_NAME], backend[16];
};

static void read_boot(char out[TALLY_NAME])
{
	struct text text = { 0 };

	memset(out, 0, TALLY_NAME);
	if (file_read("/proc/sys/kernel/random/boot_id", 256, &text) == 0)
		snprintf(out, TALLY_NAME, "%s", text_string(&text));
	text_release(&text);
}

static off_t place_of(size_t row)
{
	return (off_t)(sizeof(struct file_head) + row * sizeof(struct history_tally));
}

static bool write_at(int fd, off_t at, const void *bytes, size_t n)
{
	return pwrite(fd, bytes, n, at) == (ssize_t)n;
}

/* Sums that are behind would count twice: better none. */
static void give_up_file(struct keeper_tallies *t)
{
	if (t->fd < 0)
		return;
	if (ftruncate(t->fd, 0) < 0)
		run_say("cannot empty the file of control packets' counts: %s", strerror(errno));
	close(t->fd);
	t->fd = -1;
}

static void write_all(struct keeper_tallies *t)
{
	struct file_head head = { .magic = MAGIC, .row_bytes = sizeof(t->rows[0]) };

	if (t->fd < 0)
		return;
	read_boot(head.boot);
	memcpy(head.backend, t->backend, sizeof(head.backend));
	if (!write_at(t->fd, 0, &head, sizeof(head)) || ftruncate(t->fd, place_of(t->n)) < 0 ||
	    (t->n > 0 && !write_at(t->fd, place_of(0), t->rows, t->n * sizeof(t->rows[0])))) {
		give_up_file(t);
		return;
	}
	head.n = t->n;
	if (!write_at(t->fd, 0, &head, sizeof(head)))
		give_up_file(t);
}

static void write_row(struct keeper_tallies *t, size_t row)
{
	if (t->fd >= 0 && !write_at(t->fd, place_of(row), &t->rows[row], sizeof(t->rows[row])))
		give_up_file(t);
}

/* What another daemon of the same start of the machine left; nothing in it is believed. */
static void read_all(struct keeper_tallies *t)
{
	struct file_head head;
	char boot[TALLY_NAME];

	read_boot(boot);
	if (pread(t->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || head.magic != MAGIC ||
	    head.row_bytes != sizeof(t->rows[0]) || memcmp(head.boot, boot, sizeof(boot)) != 0 ||
	    head.n == 0 || head.n > ROWS_MAX)
		return;
	t->rows = memory_array(head.n, sizeof(t->rows[0]));
	if (pread(t->fd, t->rows, head.n * sizeof(t->rows[0]), place_of(0)) !=
	    (ssize_t)(head.n * sizeof(t->rows[0])))
		return;
	memcpy(t->backend, head.backend, sizeof(t->backend));
	t->backend[sizeof(t->backend) - 1] = '\0';
	t->n = head.n;
}

static int open_file(const char *control)
{
	struct text name = { 0 };
	struct stat status;
	int fd;

	text_printf(&name, "%s" FILE_SUFFIX, control);
	fd = open(name.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	text_release(&name);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- names --- */

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
	write_all(t);
}

void keeper_tallies_begin(struct keeper_state *k)
{
	struct keeper_tallies *t = &k->tallies;

	t->fd = open_file(k->options->control);
	if (t->fd >= 0)
		read_all(t);
	for (size_t i = 0; i < t->n; i++) {
		struct history_tally name;

		take_name(t, &t->rows[i], &name);
		memcpy(&t->rows[i], &name, NAME_BYTES);
		t->rows[i].refused = t->rows[i].gone = 0;
	}
	if (t->n == 0)
		snprintf(t->backend, sizeof(t->backend), "queue %08x",
			 (unsigned)(clock_now().ns / 1000000));
	if (t->n > 1)
		qsort(t->rows, t->n, sizeof(t->rows[0]), order);
}

void keeper_tallies_named(struct keeper_state *k, int payload)
{
	struct keeper_tallies *t = &k->tallies;
	struct message reply = { .kind = MESSAGE_TALLIES };
	struct text bytes = { 0 };

	keeper_queue_catch_up(k);		/* under the old numbers */
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
		write_row(t, t->places[rows[i].row]);
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
		if (n != t->n) {
			t->n = n;
			write_all(t);
		}
	}
	free(to);
}

void keeper_tallies_release(struct keeper_state *k)
{
	free(k->tallies.rows);
	free(k->tallies.places);
	if (k->tallies.fd >= 0)
		close(k->tallies.fd);
	k->tallies = (struct keeper_tallies){ .fd = -1 };
}
