/* SPDX-License-Identifier: BSD-2-Clause */
/* Which back end serves which link, and one image for all of them: a head, then the bytes of each
 * back end behind their length.  Knows no kernel interface. */
#include "enforce/enforce.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/backend.h"
#include "enforce/bpf.h"
#include "enforce/nft.h"

#define IMAGE_MAGIC UINT32_C(0x77656972)
#define IMAGE_VERSION 1

static const struct backend_calls *const parts[PART_COUNT] = {
	[PART_NFTABLES] = &nft_backend, [PART_BPF] = &bpf_backend,
};

struct enforcer {
	void	   *states[PART_COUNT];
	struct text error;
};

const char *backend_name(enum backend backend)
{
	static const char *const names[BACKEND_COUNT] = { "auto", "xdp", "tc", "nftables" };

	assert(backend < BACKEND_COUNT);
	return names[backend];
}

const char *hook_name(enum hook hook)
{
	return hook == HOOK_INGRESS ? "ingress" : "egress";
}

enum direction enforce_direction(const struct enforce_link *link, enum hook hook)
{
	return link->inside == (hook == HOOK_EGRESS) ? DIRECTION_IN : DIRECTION_OUT;
}

size_t enforce_link_count(const struct enforce_plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->boundaries[i].link_count;
	return n;
}

void enforce_notes_add(struct enforce_notes *notes, const struct enforce_note *note)
{
	notes->list = memory_grow(notes->list, notes->n + 1, sizeof(*notes->list));
	notes->list[notes->n++] = *note;
}

void enforce_notes_release(struct enforce_notes *notes)
{
	free(notes->list);
	*notes = (struct enforce_notes){ 0 };
}

/* --- the choice --- */

void enforce_probe(struct enforce_support *out)
{
	*out = (struct enforce_support){ 0 };
	for (unsigned b = BACKEND_XDP; b < BACKEND_COUNT; b++)
		snprintf(out->why_not[b], ENFORCE_WHY, "this weir was built without it");
	for (size_t i = 0; i < PART_COUNT; i++)
		if (parts[i])
			parts[i]->probe(out);
}

static bool stops(enum action action)
{
	return action == ACTION_DENY || action == ACTION_LIMIT;
}

/* True where some rule could refuse a packet that goes in the direction. */
static bool may_stop(const struct boundary *boundary, enum direction direction)
{
	for (size_t i = 0; i < boundary->match_count; i++) {
		const struct rule *rule = boundary->rules[i];

		if (stops(rule->action) && !rule->off &&
		    (!rule->points || rule->points >> POINT_DATA & 1) &&
		    (rule->direction == DIRECTION_UNKNOWN || rule->direction == direction))
			return true;
	}
	return stops(boundary->rules[boundary->rule_count - 1]->action);
}

static bool is_there(const struct enforce_support *support, enum backend backend)
{
	return support->why_not[backend][0] == '\0';
}

static enum backend choose_best(const struct enforce_link *link,
				const struct enforce_support *support, const char **out_why)
{
	if (link->is_native && !link->is_bridge_port && is_there(support, BACKEND_XDP) &&
	    is_there(support, BACKEND_TC)) {
		*out_why = "the driver runs XDP, which drops cheapest";
		return BACKEND_XDP;
	}
	if (is_there(support, BACKEND_TC)) {
		*out_why = link->is_bridge_port ? "a bridge port: tc judges both directions on it"
						: "not a driver that is known to gain by XDP; tc is the next cheapest";
		return BACKEND_TC;
	}
	*out_why = "BPF is not to be had here";
	return BACKEND_NFTABLES;
}

/* XDP has no egress: tc does it. */
static enum backend egress_of(enum backend backend)
{
	return backend == BACKEND_XDP ? BACKEND_TC : backend;
}

static int choose(const struct enforce_link *link, const struct enforce_support *support,
		  struct enforce_choice *out)
{
	const char *why = "as configured";
	enum backend backend = link->backend;

	if (backend == BACKEND_AUTO)
		backend = choose_best(link, support, &why);
	if (!is_there(support, backend) || !is_there(support, egress_of(backend))) {
		const char *missing = support->why_not[backend];

		*out = (struct enforce_choice){ 0 };
		snprintf(out->why, ENFORCE_WHY, "%s: %s", backend_name(backend),
			 *missing ? missing : support->why_not[egress_of(backend)]);
		return -ENOTSUP;
	}
	out->hooks[HOOK_INGRESS] = backend;
	out->hooks[HOOK_EGRESS] = egress_of(backend);
	snprintf(out->why, ENFORCE_WHY, "%s", why);
	return 0;
}

/* A hook that could stop nothing does not stand. */
static void leave_out(const struct boundary *boundary, const struct enforce_link *link,
		      struct enforce_choice *choice)
{
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (!may_stop(boundary, enforce_direction(link, h)))
			choice->hooks[h] = BACKEND_AUTO;
}

int enforce_choose(const struct enforce_plan *plan, const struct enforce_support *support,
		   struct enforce_choice *out)
{
	int status = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct enforce_boundary *b = &plan->boundaries[i];

		for (size_t k = 0; k < b->link_count; k++, out++) {
			if (choose(&b->links[k], support, out) < 0)
				status = -ENOTSUP;
			leave_out(b->boundary, &b->links[k], out);
		}
	}
	return status;
}

/* --- images --- */

static void put32(struct text *out, uint32_t value)
{
	text_put_n(out, (const char *)&value, sizeof(value));
}

static struct enforce_image *copy_image(struct span bytes)
{
	struct enforce_image *image = memory_take(sizeof(*image) + bytes.n);

	image->n = bytes.n;
	memcpy(image->bytes, bytes.p, bytes.n);
	return image;
}

int enforce_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		    struct enforce_image **out, struct enforce_notes *notes)
{
	struct text image = { 0 };
	int status = 0;

	put32(&image, IMAGE_MAGIC);
	put32(&image, IMAGE_VERSION);
	for (size_t i = 0; i < PART_COUNT && status == 0; i++) {
		struct text part = { 0 };

		if (parts[i])
			status = parts[i]->compile(plan, choices, &part, notes);
		if (part.n > UINT32_MAX)
			status = -E2BIG;
		put32(&image, (uint32_t)part.n);
		text_put_n(&image, text_string(&part), part.n);
		text_release(&part);
	}
	if (status == 0)
		*out = copy_image((struct span){ (const uint8_t *)image.p, image.n });
	text_release(&image);
	return status;
}

static uint32_t take32(struct rd *r)
{
	struct span s = rd_take(r, sizeof(uint32_t));
	uint32_t value = 0;

	memcpy(&value, s.p, s.n);
	return value;
}

static bool split(struct span bytes, struct span out[PART_COUNT])
{
	struct rd r = rd_of(bytes);
	bool known = take32(&r) == IMAGE_MAGIC && take32(&r) == IMAGE_VERSION;

	for (size_t i = 0; i < PART_COUNT; i++)
		out[i] = rd_take(&r, take32(&r));
	return known && rd_ok(&r) && rd_left(&r) == 0;
}

int enforce_image_of(struct span bytes, struct enforce_image **out)
{
	struct span split_bytes[PART_COUNT];

	if (!split(bytes, split_bytes))
		return -EBADMSG;
	*out = copy_image(bytes);
	return 0;
}

/* --- what stands in the kernel --- */

int enforcer_open(const char *pin_folder, struct enforcer **out)
{
	struct enforcer *e = memory_take(sizeof(*e));

	for (size_t i = 0; i < PART_COUNT; i++) {
		int status = parts[i] ? parts[i]->open(pin_folder, &e->states[i]) : 0;

		if (status < 0 && status != -ELIBACC) {		/* then it serves no link */
			enforcer_free(e);
			return status;
		}
	}
	*out = e;
	return 0;
}

void enforcer_free(struct enforcer *enforcer)
{
	if (!enforcer)
		return;
	for (size_t i = 0; i < PART_COUNT; i++)
		if (enforcer->states[i])
			parts[i]->close(enforcer->states[i]);
	text_release(&enforcer->error);
	free(enforcer);
}

const char *enforcer_error(const struct enforcer *enforcer)
{
	return text_string(&enforcer->error);
}

void enforce_prepare(struct enforcer *enforcer)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (enforcer->states[i] && parts[i]->prepare)
			parts[i]->prepare(enforcer->states[i]);
}

void enforce_ahead(struct enforcer *enforcer, struct span piece)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (enforcer->states[i] && parts[i]->ahead)
			parts[i]->ahead(enforcer->states[i], piece);
}

/* A link that moves from one back end to the other is judged by both for a moment, never by none:
 * those that get bytes come first. */
int enforce_install(struct enforcer *enforcer, const struct enforce_image *image)
{
	struct span bytes[PART_COUNT];

	text_reset(&enforcer->error);
	if (!split((struct span){ image->bytes, image->n }, bytes))
		return -EBADMSG;
	for (int empty = 0; empty < 2; empty++) {
		for (size_t i = 0; i < PART_COUNT; i++) {
			int status;

			if ((bytes[i].n == 0) != empty || (empty && !enforcer->states[i]))
				continue;
			if (!enforcer->states[i])
				return -ENOTSUP;
			status = parts[i]->install(enforcer->states[i], bytes[i], &enforcer->error);
			if (status < 0)
				return status;
		}
	}
	return 0;
}

void enforce_settle(struct enforcer *enforcer)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (enforcer->states[i])
			parts[i]->settle(enforcer->states[i]);
}

typedef int state_call(void *state, struct text *error);

static state_call *remove_call(const struct backend_calls *calls)
{
	return calls->remove;
}

static state_call *forget_call(const struct backend_calls *calls)
{
	return calls->forget;
}

typedef state_call *choose_call(const struct backend_calls *calls);

/* All are called, the first failure is told. */
static int each_part(struct enforcer *enforcer, choose_call *chosen)
{
	int status = 0;

	text_reset(&enforcer->error);
	for (size_t i = 0; i < PART_COUNT; i++) {
		int now = 0;

		if (enforcer->states[i])
			now = chosen(parts[i])(enforcer->states[i], &enforcer->error);
		status = status < 0 ? status : now;
	}
	return status;
}

int enforce_remove(struct enforcer *enforcer)
{
	return each_part(enforcer, remove_call);
}

int enforce_forget(struct enforcer *enforcer)
{
	return each_part(enforcer, forget_call);
}

int enforce_counts(struct enforcer *enforcer, enforce_count_fn *each, void *ctx)
{
	int status = 0;

	text_reset(&enforcer->error);
	for (size_t i = 0; i < PART_COUNT; i++) {
		int now = 0;

		if (enforcer->states[i])
			now = parts[i]->counts(enforcer->states[i], each, ctx, &enforcer->error);
		status = status < 0 ? status : now;
	}
	return status;
}

/* --- who asked for what --- */

int enforce_tell_asked(struct enforcer *enforcer, const struct enforce_asked *asked)
{
	int status = 0;

	text_reset(&enforcer->error);
	for (size_t i = 0; i < PART_COUNT; i++) {
		int now = 0;

		if (enforcer->states[i])
			now = parts[i]->tell_asked(enforcer->states[i], asked, &enforcer->error);
		status = status < 0 ? status : now;
	}
	return status;
}

int enforce_asked(struct enforcer *enforcer, enforce_asked_fn *each, void *ctx)
{
	int status = 0;

	text_reset(&enforcer->error);
	for (size_t i = 0; i < PART_COUNT; i++) {
		int now = 0;

		if (enforcer->states[i])
			now = parts[i]->asked(enforcer->states[i], each, ctx, &enforcer->error);
		status = status < 0 ? status : now;
	}
	return status;
}
