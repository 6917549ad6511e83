/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging for the commands: loading what the options name, and the packet loop.  Knows neither
 * files of packets nor interfaces. */
#include "cmd/judging.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/load.h"
#include "os/file.h"
#include "os/pages.h"
#include "policy/load.h"
#include "policy/table.h"
#include "source/capture.h"

#define TEXT_BYTES_MAX (64u << 20)

static int load_policies(struct judging *j)
{
	struct common other = *j->options->common;
	int status = EXIT_CLEAN;

	j->policy = load_policy(j->options->common, j->io, &status);
	if (j->policy && !(j->boundary = load_boundary(j->policy, &other, j->io)))
		status = EXIT_USAGE;
	if (status != EXIT_CLEAN || !j->options->against)
		return status;
	other.policy = j->options->against;
	j->against_policy = load_policy(&other, j->io, &status);
	if (!j->against_policy)
		return status;
	j->against = policy_boundary(j->against_policy, other.boundary);
	if (!j->against)
		j->against = policy_boundary(j->against_policy, NULL);
	if (j->against)
		return status;
	complain(j->io, "policy '%s' has no boundary", j->against_policy->name);
	return EXIT_USAGE;
}

/* Appends a file's text; false, with a complaint, where it cannot be read. */
static bool read_text(const struct judging *j, const char *what, const char *file, struct text *out)
{
	int error = file_read(file, TEXT_BYTES_MAX, out);

	if (error < 0)
		complain(j->io, "cannot read the %s %s: %s", what, file, strerror(-error));
	return error == 0;
}

static int load_list(struct judging *j)
{
	int status = EXIT_CLEAN;

	j->authorised = load_authorised(j->options->authorised, j->options->config, j->io, &status);
	return status;
}

static void complain_of_line(void *arg, unsigned line, const char *message)
{
	const struct judging *j = arg;

	complain(j->io, "%s:%u: %s", j->options->registry, line, message);
}

static int load_registry(struct judging *j)
{
	struct text text = { 0 };
	int status = EXIT_SYSTEM;

	j->registry = registry_new();
	if (!j->options->registry)
		return EXIT_CLEAN;
	if (read_text(j, "registry", j->options->registry, &text)) {
		struct span bytes = { (const uint8_t *)text_string(&text), text.n };

		status = registry_read(j->registry, bytes, complain_of_line, j) ? EXIT_CLEAN
										: EXIT_USAGE;
	}
	text_release(&text);
	return status;
}

static int load_side(struct judging *j)
{
	if (!side_parse(&j->options->common->inside, j->policy, j->io, &j->side))
		return EXIT_USAGE;
	return EXIT_CLEAN;
}

int judging_load(struct judging *j, const struct judging_options *options, const struct io *io)
{
	static int (*const steps[])(struct judging *) = {
		load_policies, load_list, load_registry, load_side,
	};
	int status = EXIT_CLEAN;

	*j = (struct judging){ .options = options, .io = io };
	for (size_t i = 0; i < COUNT(steps) && status == EXIT_CLEAN; i++)
		status = steps[i](j);
	return status;
}

void judging_begin(struct judging *j)
{
	struct engine_options options = { .authorised = j->authorised,
					  .remarks = j->options->remarks,
					  .events = j->options->events,
					  .roll = j->options->roll,
					  .advise = pages_prefer_large };
	uint8_t *bytes;

	j->boundary = inside_boundary(&j->side.inside, &j->side.arena, j->boundary);
	if (j->against)
		j->against = inside_boundary(&j->side.inside, &j->side.arena, j->against);
	j->table = table_new(j->boundary);
	if (j->against)
		j->against_table = table_new(j->against);
	options.inside = j->side.inside;
	options.against = j->against;
	options.against_table = j->against_table;
	j->engine = engine_new(j->boundary, j->table, &options);
	j->wire.udp_checksums = j->options->common->checksums;
	j->rules = quick_rules_of(&j->wire);
	said_init(&j->said);
	bytes = memory_room(JUDGING_AHEAD, CAPTURE_PACKET_MAX);
	for (size_t i = 0; i < JUDGING_AHEAD; i++) {
		said_init(&j->ahead[i].own);
		j->ahead[i].bytes = bytes + i * CAPTURE_PACKET_MAX;
	}
}

void judging_release(struct judging *j)
{
	said_release(&j->said);
	for (size_t i = 0; i < JUDGING_AHEAD; i++)
		said_release(&j->ahead[i].own);
	free(j->ahead[0].bytes);
	engine_free(j->engine);
	registry_free(j->registry);
	authorised_free(j->authorised);
	table_free(j->table);
	table_free(j->against_table);
	side_release(&j->side);
	policy_free(j->policy);
	policy_free(j->against_policy);
}

void judging_packet(struct judging *j, const struct packet *packet)
{
	wire_decode(packet, &j->wire, &j->said);
	engine_packet(j->engine, packet, &j->said);
}

/* What is decoded may not change meanwhile. */
static void hold(const struct batch *b, size_t i, struct ahead *out)
{
	out->packet = b->packets[i];
	if (!b->is_shared || out->said)
		return;
	memcpy(out->bytes, out->packet.bytes.p, out->packet.bytes.n);
	out->packet.bytes.p = out->bytes;
}

static void decode(struct judging *j, const struct batch *b, const struct quick *quick, size_t i,
		   struct ahead *out)
{
	hold(b, i, out);
	if (out->said)
		return;
	out->said = &out->own;
	quick_decode(&quick[i], &out->packet, &j->wire, out->said);
}

static enum way choose_way(struct judging *j, const struct packet *packet,
			   const struct quick *quick, struct ahead *out)
{
	out->may_echo = false;
	if (!out->said && brief_may_be(quick, packet) &&
	    brief_read(&j->rules, quick, packet, &out->brief.brief))
		return WAY_BRIEF;
	out->may_echo = quick->plain;
	if (out->may_echo && engine_foresee_echo(j->engine, quick, packet, &out->echo))
		return WAY_ECHO;
	return WAY_SAID;
}

static void read_one(struct judging *j, const struct batch *b, const struct quick *quick, size_t i,
		     struct ahead *out)
{
	out->said = b->said ? b->said[i] : NULL;
	out->way = choose_way(j, &b->packets[i], &quick[i], out);
	if (out->way == WAY_BRIEF)
		engine_expect_brief(j->engine, &out->brief);
	if (out->way != WAY_SAID)
		return;
	decode(j, b, quick, i, out);
	engine_foresee(j->engine, out->said);
}

static void expect_one(struct judging *j, const struct packet *packet, struct ahead *ahead)
{
	if (ahead->way == WAY_ECHO)
		engine_expect_echo(j->engine, packet, &ahead->echo);
	else
		engine_expect_said(j->engine, ahead->said);
}

/* Reads the next packets that ask for it, and has the engine fetch what they will need, so that
 * the misses of several overlap.  The list of those that are not brief grows without a branch,
 * which would be guessed wrong. */
static void read_ahead(struct judging *j, const struct batch *b, const struct quick *quick,
		       const uint8_t *asks, size_t n)
{
	uint8_t others[JUDGING_AHEAD];
	size_t other_n = 0;

	for (size_t k = 0; k < n; k++) {
		read_one(j, b, quick, asks[k], &j->ahead[k]);
		others[other_n] = (uint8_t)k;
		other_n += j->ahead[k].way != WAY_BRIEF;
	}
	for (size_t k = 0; k < other_n; k++)
		expect_one(j, &b->packets[asks[others[k]]], &j->ahead[others[k]]);
}

/* The packet at `i` of the batch, and those before it. */
static void judge_ahead(struct judging *j, const struct batch *b, struct expected *expected,
			size_t i, struct ahead *ahead)
{
	if (ahead->way == WAY_BRIEF && engine_take_brief(j->engine, expected, i, &ahead->brief))
		return;
	if (ahead->way == WAY_ECHO && engine_take_echo(j->engine, expected, i, &ahead->echo))
		return;
	if (ahead->way != WAY_SAID)
		decode(j, b, expected->quick, i, ahead);
	engine_take(j->engine, expected, i);
	if (ahead->may_echo)
		engine_learn(j->engine, &expected->quick[i], &ahead->packet, ahead->said,
			     ahead->echo.hash);
	else
		engine_packet(j->engine, &ahead->packet, ahead->said);
}

/* Where nothing lies ahead, the packets themselves do: they are looked at next. */
static const uint8_t *lies_ahead(const struct batch *b)
{
	return b->ahead > 0 ? b->packets->bytes.p + b->ahead : (const uint8_t *)b->packets;
}

/* At most QUICK_BATCH packets: what the quick look does not tell is read in full. */
static void judge_some(struct judging *j, const struct batch *b)
{
	struct quick own[QUICK_BATCH];
	const struct quick *quick = b->quick ? b->quick : own;
	struct quick_lists lists;
	struct expected expected;
	size_t n;

	engine_foretell(j->engine, &lists);
	lists.ahead = lies_ahead(b);
	lists.in_order = b->in_order;
	if (b->quick)
		quick_sort(b->quick, b->n, &lists);
	else
		quick_look_sorted(&j->rules, b->packets, b->n, own, &lists);
	engine_expect(j->engine, b->packets, quick, &lists, b->n, &expected);
	for (size_t from = 0; from < lists.ask_n; from += n) {
		const uint8_t *asks = &lists.asks[from];

		n = lists.ask_n - from < JUDGING_AHEAD ? lists.ask_n - from : JUDGING_AHEAD;
		read_ahead(j, b, quick, asks, n);
		for (size_t k = 0; k < n; k++)
			judge_ahead(j, b, &expected, asks[k], &j->ahead[k]);
	}
	engine_take(j->engine, &expected, b->n);
	if (b->ahead > 0)
		quick_fetch_rest(expected.ahead, b->packets[b->n - 1].bytes.p + b->ahead);
}

void judging_batch(struct judging *j, const struct batch *b)
{
	for (size_t i = 0; i < b->n; i += QUICK_BATCH) {
		size_t left = b->n - i;
		struct batch part = batch_part(b, i, left < QUICK_BATCH ? left : QUICK_BATCH);

		judge_some(j, &part);
	}
}
