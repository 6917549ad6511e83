/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSDP peers of a configuration, for the keeper and for whoever applies it.  Opens no socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/msdp_plan.h"
#include "daemon/run_judge.h"

int judge_ask_peers(struct judge *j, const struct ruling *r)
{
	const struct message message = { .kind = MESSAGE_PEERINGS };
	struct text payload = { 0 };
	struct msdp_plan *plan;
	int error;

	if (!r->conf)
		return message_send(j->keeper, &message, -1);
	plan = memory_take(sizeof(*plan));
	msdp_plan_of(&r->conf->msdp, plan);
	text_put_n(&payload, (const char *)plan, sizeof(*plan));
	text_put_n(&payload, text_string(&r->conf_text), r->conf_text.n);
	error = message_send_text(j->keeper, &message, &payload);
	free(plan);
	text_release(&payload);
	return error;
}

int judge_hear_peers(struct judge *j, int asked, struct text *problem)
{
	struct message answer = { 0 };
	int fd = -1, error = asked;

	if (error == 0 && !judge_await(j, MESSAGE_PEERINGS, &answer, &fd))
		error = -EPIPE;
	if (fd >= 0)
		close(fd);
	if (error == 0 && answer.error < 0)
		text_printf(problem, "%s", answer.text[0] ? answer.text : strerror(-answer.error));
	return error < 0 ? error : answer.error;
}

void judge_stage_again(struct judge *j)
{
	struct text problem = { 0 };

	if (j->now.policy && judge_hear_peers(j, judge_ask_peers(j, &j->now), &problem) < 0 &&
	    problem.n > 0)
		run_say("the MSDP peers stay as they are: %s", text_string(&problem));
	text_release(&problem);			/* nothing to say: the keeper ends */
}

/* --- what changes --- */

static const struct conf_peer *find(const struct conf_msdp *conf, const struct conf_peer *p)
{
	for (size_t i = 0; i < conf->peer_count; i++)
		if (addr_equal(conf->peers[i].remote, p->remote) &&
		    addr_equal(conf->peers[i].local, p->local))
			return &conf->peers[i];
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_socket(const struct conf_peer *a, const struct conf_peer *b)
{
	return a->hops == b->hops && same_text(a->password, b->password) &&
	       same_text(a->password_file, b->password_file);
}

static bool same_rest(const struct conf_peer *a, const struct conf_peer *b)
{
	return same_text(a->boundary.name, b->boundary.name) && same_text(a->mesh, b->mesh) &&
	       same_text(a->text, b->text) && a->as == b->as && a->hold_s == b->hold_s &&
	       a->keepalive_s == b->keepalive_s && a->retry_s == b->retry_s &&
	       a->is_inside == b->is_inside && a->is_static == b->is_static &&
	       set_equal(&a->rps, &b->rps) &&
	       a->is_transit == b->is_transit && a->strips_data == b->strips_data &&
	       a->listens == b->listens && a->entries_max == b->entries_max;
}

static void put_peer(const struct judge *j, const struct conf_peer *old,
		     const struct conf_peer *new, bool is_transparent, struct text *out)
{
	char peer[ADDR_TEXT], local[ADDR_TEXT];

	addr_text(new->remote, peer);
	if (!old)
		text_printf(out, "MSDP peer %s: new.\n", peer);
	else if (!same_socket(old, new))
		text_printf(out, "MSDP peer %s: another password or TTL security; its session begins "
			    "anew.\n", peer);
	else if (!same_rest(old, new))
		text_printf(out, "MSDP peer %s: changed; its session stays.\n", peer);
	if (!old && !is_transparent && !links_have(&j->links, new->local))
		text_printf(out, "MSDP peer %s: %s is no address of this machine yet.\n", peer,
			    addr_text(new->local, local));
}

void judge_put_peers(const struct judge *j, const struct conf_msdp *from,
		     const struct conf_msdp *to, struct text *out)
{
	bool anew = from->peer_count > 0 && to->peer_count > 0 &&
		    (from->entries_max != to->entries_max ||
		     from->is_transparent != to->is_transparent);
	char peer[ADDR_TEXT];

	for (size_t i = 0; i < to->peer_count; i++)
		put_peer(j, find(from, &to->peers[i]), &to->peers[i], to->is_transparent, out);
	for (size_t i = 0; i < from->peer_count; i++)
		if (!find(to, &from->peers[i]))
			text_printf(out, "MSDP peer %s: gone; its session is closed.\n",
				    addr_text(from->peers[i].remote, peer));
	if (anew)
		text_put(out, "The MSDP relay begins anew with all its sessions, for its cache or its "
			 "way is another.\n");
}
