/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for what, on its way between the judge and the kernel.  Believes no length and no
 * address. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_judge_joined.h"
#include "daemon/run_keeper.h"

/* --- what stands --- */

static void add_row(void *context, const struct enforce_asked *asked)
{
	struct text *rows = context;
	struct joined_row row;

	memset(&row, 0, sizeof(row));		/* it leaves the process whole */
	snprintf(row.boundary, sizeof(row.boundary), "%s", asked->boundary);
	row.direction = asked->direction;
	row.is_known = asked->is_known;
	if (asked->n > 0)
		row.member = asked->list[0];
	text_put_n(rows, (const char *)&row, sizeof(row));
}

static void answer(struct keeper_state *k)
{
	const struct message message = { .kind = MESSAGE_JOINED };
	struct text rows = { 0 };

	if (k->children[CHILD_JUDGE].pid == 0)
		return;
	if (enforce_asked(k->enforcer, add_row, &rows) < 0)
		text_reset(&rows);
	message_send_text(k->children[CHILD_JUDGE].fd, &message, &rows);
	text_release(&rows);
}

/* --- what is to stand --- */

static bool is_member(const struct enforce_member *m)
{
	return addr_is_multicast(m->group) && addr_is_there(m->group) &&
	       (m->source.family == FAMILY_ANY || m->source.family == m->group.family);
}

static struct enforce_asked read_rows(const struct text *bytes, struct enforce_member *list)
{
	struct enforce_asked asked = { .list = list };

	for (size_t i = 0; (i + 1) * sizeof(struct joined_row) <= bytes->n; i++) {
		struct joined_row row;

		memcpy(&row, bytes->p + i * sizeof(row), sizeof(row));
		asked.is_known |= row.is_known != 0;
		if (!row.is_known && is_member(&row.member))
			list[asked.n++] = row.member;
	}
	return asked;
}

static void bring(struct keeper_state *k, const struct message *message, const struct text *bytes)
{
	struct enforce_member *list =
		memory_array(bytes->n / sizeof(struct joined_row) + 1, sizeof(*list));
	struct enforce_asked asked = read_rows(bytes, list);
	int error;

	asked.boundary = message->text;
	asked.direction = (enum direction)message->number;
	error = enforce_tell_asked(k->enforcer, &asked);
	if (error < 0)
		run_say("cannot tell the kernel who asked for what at boundary %s: %s",
			message->text, enforcer_error(k->enforcer)[0]
						? enforcer_error(k->enforcer) : strerror(-error));
	free(list);
}

void keeper_joined(struct keeper_state *k, const struct message *message, int payload)
{
	struct text bytes = { 0 };

	if (payload < 0)
		answer(k);
	else if (payload_read(payload, &bytes) == 0 &&
		 (message->number == DIRECTION_IN || message->number == DIRECTION_OUT) &&
		 memchr(message->text, 0, ENFORCE_RULE_NAME))
		bring(k, message, &bytes);
	text_release(&bytes);
}
