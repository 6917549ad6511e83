/* SPDX-License-Identifier: BSD-2-Clause */
/* From reports to what the kernel is told of them.  A membership ends when nobody repeats it (RFC
 * 3376 8.4, RFC 7761 4.11), which nothing but time tells.  Knows no kernel. */
#include "daemon/run_judge_joined.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_judge.h"
#include "os/clock.h"

#define PAUSE_NS (INT64_C(20) * 1000000)	/* between two tellings of news */
#define BAD_SUMS                                                                                   \
	(FLAG_BIT(BAD_CHECKSUM) | FLAG_BIT(BAD_IP_CHECKSUM) | FLAG_BIT(BAD_UDP_CHECKSUM))

static struct joined_boundary *find(const struct joined_memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->n; i++)
		if (strcmp(memory->list[i]->name, name) == 0)
			return memory->list[i];
	return NULL;
}

static struct joined_boundary *add(struct joined_memory *memory, const char *name)
{
	struct joined_boundary *one;

	if (memory->n == JOINED_BOUNDARIES_MAX)
		return NULL;
	one = memory->list[memory->n++] = memory_take(sizeof(*one));
	snprintf(one->name, sizeof(one->name), "%s", name);
	one->members = members_new();
	return one;
}

struct joined_boundary *joined_of(struct joined_memory *memory, const struct boundary *boundary)
{
	struct joined_boundary *one = find(memory, boundary->name);

	for (size_t i = 0; i < boundary->match_count; i++)
		if (boundary->rules[i]->joined != JOINED_UNKNOWN && !boundary->rules[i]->off)
			return one ? one : add(memory, boundary->name);
	return NULL;
}

void joined_release(struct joined_memory *memory)
{
	for (size_t i = 0; i < memory->n; i++) {
		members_free(memory->list[i]->members);
		text_release(&memory->list[i]->told[0]);
		text_release(&memory->list[i]->told[1]);
		free(memory->list[i]);
	}
	*memory = (struct joined_memory){ 0 };
}

/* What was refused nobody on the other side hears of, and so asked for nothing. */
void joined_hear(void *context, const struct observation *obs, struct verdict verdict,
		 bool refused)
{
	struct joined_boundary *one = context;

	(void)verdict;
	if (refused || obs->flags & BAD_SUMS || obs->anomaly != ANOMALY_NONE)
		return;
	members_hear(one->members, obs, clock_now());
	one->is_news |= obs->point == POINT_MEMBERSHIP || obs->point == POINT_JOIN;
}

/* --- what stood before --- */

static enum direction other_side(uint32_t direction)
{
	return direction == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;
}

/* As if its report came just now; the row that all is known is a leave of nothing. */
static void adopt(struct joined_memory *memory, const struct joined_row *row)
{
	struct observation obs = observation_none();
	struct joined_boundary *one;

	if (!memchr(row->boundary, 0, sizeof(row->boundary)))
		return;
	one = find(memory, row->boundary);
	one = one ? one : add(memory, row->boundary);
	if (!one)
		return;
	obs.point = POINT_MEMBERSHIP;
	obs.what = row->is_known ? WHAT_LEAVE : WHAT_JOIN;
	obs.direction = (uint8_t)other_side(row->direction);
	obs.source = row->is_known ? ADDR_ANY : row->member.source;
	obs.group = row->is_known ? addr_of4(UINT32_C(0xe0000001)) : row->member.group;
	members_hear(one->members, &obs, clock_now());
}

static void read_standing(struct judge *j)
{
	const struct message question = { .kind = MESSAGE_JOINED };
	struct message answer;
	struct text rows = { 0 };
	int payload = -1;

	j->joined.is_begun = true;
	if (message_send(j->keeper, &question, -1) < 0 ||
	    !judge_await(j, MESSAGE_JOINED, &answer, &payload) || payload < 0 ||
	    payload_read(payload, &rows) < 0)
		return;
	for (size_t i = 0; (i + 1) * sizeof(struct joined_row) <= rows.n; i++) {
		struct joined_row row;

		memcpy(&row, rows.p + i * sizeof(row), sizeof(row));
		adopt(&j->joined, &row);
	}
	text_release(&rows);
}

/* --- telling --- */

static void put_row(struct text *out, const char *boundary, enum direction direction, bool is_known,
		    struct addr source, struct addr group)
{
	struct joined_row row;

	memset(&row, 0, sizeof(row));		/* it leaves the process whole */
	snprintf(row.boundary, sizeof(row.boundary), "%s", boundary);
	row.direction = direction;
	row.is_known = is_known;
	row.member.source = source;
	row.member.group = group;
	text_put_n(out, (const char *)&row, sizeof(row));
}

static void put_rows(const struct joined_boundary *one, enum direction direction, struct text *out)
{
	enum direction side = other_side(direction);
	struct mtime now = clock_now();
	struct addr source, group;
	size_t at = 0;

	if (members_complete(one->members, side))
		put_row(out, one->name, direction, true, ADDR_NONE, ADDR_NONE);
	while (members_next(one->members, side, now, &at, &source, &group))
		put_row(out, one->name, direction, false, source, group);
}

static void tell(struct judge *j, struct joined_boundary *one, enum direction direction)
{
	struct message message = { .kind = MESSAGE_JOINED, .number = direction };
	struct text *told = &one->told[direction - DIRECTION_IN], rows = { 0 };
	bool *is_told = &one->is_told[direction - DIRECTION_IN];

	put_rows(one, direction, &rows);
	if (*is_told && rows.n == told->n &&
	    (rows.n == 0 || memcmp(rows.p, told->p, rows.n) == 0)) {
		text_release(&rows);
		return;
	}
	snprintf(message.text, sizeof(message.text), "%s", one->name);
	text_char(&rows, '\0');			/* a payload is never empty */
	*is_told = message_send_text(j->keeper, &message, &rows) == 0;
	text_cut(&rows, rows.n - 1);
	text_release(told);
	*told = rows;
}

void joined_tell(struct judge *j)
{
	struct joined_memory *memory = &j->joined;

	memory->told_ns = clock_steady().ns;
	for (size_t i = 0; i < memory->n; i++) {
		memory->list[i]->is_news = false;
		for (unsigned d = DIRECTION_IN; d <= DIRECTION_OUT; d++)
			tell(j, memory->list[i], d);
	}
}

int64_t joined_deadline(const struct judge *j)
{
	const struct joined_memory *memory = &j->joined;
	int64_t pause = NS_PER_S;

	for (size_t i = 0; i < memory->n; i++)
		pause = memory->list[i]->is_news ? PAUSE_NS : pause;
	return memory->n > 0 ? memory->told_ns + pause : INT64_MAX;
}

/* Sets that an install brought are empty: all is told again. */
void joined_follow(struct judge *j)
{
	if (!j->joined.is_begun)
		read_standing(j);
	for (size_t i = 0; i < j->joined.n; i++)
		j->joined.list[i]->is_told[0] = j->joined.list[i]->is_told[1] = false;
	joined_tell(j);
}
