/* SPDX-License-Identifier: BSD-2-Clause */
/* What lasts: the policy that a restart loads, as current.json in the state folder, the ones before
 * it beside, and the kernel's counters in the history. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_clerk.h"
#include "daemon/run_judge_queue.h"
#include "daemon/run_past.h"
#include "os/clock.h"
#include "os/file.h"
#include "sink/history_peers.h"
#include "sink/history_read.h"

#define GENERATIONS_KEPT 20
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"

/* --- the state folder --- */

/* The keeper reads it at the next start: it is of the clerk's group. */
static int write_whole(const char *path, const struct text *text, bool at_once)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		      0640);
	int error = fd < 0 ? -errno : file_write(fd, text->p, text->n);

	if (fd < 0)
		return error;
	if (error == 0 && at_once && fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

static bool same_bundle(const struct text *a, const struct text *b)
{
	return a->n == b->n && memcmp(text_string(a), text_string(b), a->n) == 0;
}

static char *new_path(const struct clerk_state *c)
{
	struct text path = { 0 };

	text_printf(&path, "%s/current.new", c->options->state);
	return path.p;
}

/* What a disk takes is most of the time until weir apply is answered; it need not come behind what
 * the kernel takes. */
void keep_staged(struct clerk_state *c, struct text *bundle)
{
	char *path = new_path(c);

	text_release(&c->staged);
	if (!same_bundle(bundle, &c->kept) && write_whole(path, bundle, true) == 0) {
		c->staged = *bundle;
		*bundle = (struct text){ 0 };
	}
	free(path);
}

void keep_unstaged(struct clerk_state *c)
{
	char *path = new_path(c);

	if (c->staged.n > 0)
		unlink(path);
	text_release(&c->staged);
	free(path);
}

/* Under another name first, so that current.json is always whole.  The copy with a number is read only
 * where that cannot be, and the one before it serves where the machine stopped before it was on the
 * disk: nobody waits for it. */
static int write_current(struct clerk_state *c, const struct text *bundle, uint64_t generation)
{
	const char *state = c->options->state;
	struct text current = { 0 }, kept = { 0 }, old = { 0 };
	char *new = new_path(c);
	int error;

	text_printf(&current, "%s/current.json", state);
	text_printf(&kept, "%s/generation-%llu.json", state, (unsigned long long)generation);
	error = write_whole(kept.p, bundle, false);
	if (error == 0 && !same_bundle(bundle, &c->staged))
		error = write_whole(new, bundle, true);
	text_release(&c->staged);
	if (error == 0 && rename(new, current.p) < 0)
		error = -errno;
	if (error == 0 && generation > GENERATIONS_KEPT) {
		text_printf(&old, "%s/generation-%llu.json", state,
			    (unsigned long long)(generation - GENERATIONS_KEPT));
		unlink(old.p);
	}
	free(new);
	text_release(&current);
	text_release(&kept);
	text_release(&old);
	return error;
}

/* A policy that could not be written is written with a later reading of the counters. */
static void keep(struct clerk_state *c, struct text *bundle, uint64_t generation)
{
	struct text why = { 0 };
	int error;

	if (same_bundle(bundle, &c->kept)) {
		text_reset(&c->unwritten);
		return;
	}
	error = write_current(c, bundle, generation);
	text_release(error < 0 ? &c->unwritten : &c->kept);
	*(error < 0 ? &c->unwritten : &c->kept) = *bundle;
	*bundle = (struct text){ 0 };
	c->unwritten_generation = generation;
	if (error == 0)
		text_reset(&c->unwritten);
	else
		text_printf(&why, "generation %llu is in force, but %s cannot be written (%s): a restart "
			    "loads the one before", (unsigned long long)generation, c->options->state,
			    strerror(-error));
	if (error < 0)
		clerk_notice(c, LOG_ERR, "state", text_string(&why), text_string(&why), NULL);
	text_release(&why);
}

static void keep_again(struct clerk_state *c)
{
	struct text bundle = c->unwritten;

	if (bundle.n == 0)
		return;
	c->unwritten = (struct text){ 0 };
	keep(c, &bundle, c->unwritten_generation);
	text_release(&bundle);
	if (c->unwritten.n == 0)
		run_say("generation %llu is what a restart loads now",
			(unsigned long long)c->unwritten_generation);
}

void keep_bundle(struct clerk_state *c, const struct message *message, struct text *bundle)
{
	if (message->number == 0) {
		c->pending_generation = 0;
		keep(c, bundle, message->generation);
		return;
	}
	text_release(&c->pending);
	c->pending = *bundle;
	*bundle = (struct text){ 0 };
	c->pending_generation = message->generation;
	c->pending_ns = clock_steady().ns + (int64_t)message->number * NS_PER_S;
}

bool keep_confirmed(struct clerk_state *c)
{
	uint64_t generation = c->pending_generation;

	if (generation == 0)
		return false;
	c->pending_generation = 0;
	keep(c, &c->pending, generation);
	return true;
}

void keep_rolled_back(struct clerk_state *c, uint64_t generation)
{
	struct text text = { 0 };
	char key[32];

	c->pending_generation = 0;
	text_printf(&text, "generation %llu was not confirmed and is rolled back",
		    (unsigned long long)generation);
	snprintf(key, sizeof(key), "%llu", (unsigned long long)generation);
	clerk_notice(c, LOG_WARNING, "rolled-back", key, text_string(&text), NULL);
	text_release(&text);
}

/* --- the history --- */

static void trouble(struct clerk_state *c, const char *problem)
{
	struct text text = { 0 };

	snprintf(c->trouble, sizeof(c->trouble), "%s", problem);
	text_printf(&text, "cannot write the history %s: %s", c->options->history, problem);
	clerk_notice(c, LOG_ERR, "history", problem, text_string(&text), NULL);
	text_release(&text);
}

/* A history that cannot be opened is tried again with each reading: the kernel counts on. */
static bool open_history(struct clerk_state *c)
{
	const struct history_options options = { .mode = HISTORY_LIVE,
						 .keep_s = c->options->conf->keep_s,
						 .bytes_max = c->options->conf->bytes_max };
	char problem[HISTORY_PROBLEM] = "";

	if (c->tallies)
		return true;
	if (!c->history && history_open(c->options->history, &options, problem, &c->history) < 0)
		c->history = NULL;
	if (c->history && history_tallies_new(c->history, c->boot, problem, &c->tallies) < 0)
		c->tallies = NULL;
	if (!c->tallies)
		trouble(c, problem);
	return c->tallies != NULL;
}

static size_t list_rules(const json_t *rules, struct history_tally_rule *out)
{
	const json_t *boundaries = json_object_get(rules, "boundaries");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(boundaries); i++) {
		const json_t *boundary = json_array_get(boundaries, i);
		const json_t *list = json_object_get(boundary, "rules");

		for (size_t k = 0; k < json_array_size(list); k++, n++) {
			const json_t *rule = json_array_get(list, k);

			if (out)
				out[n] = (struct history_tally_rule){
					json_string_value(json_object_get(boundary, "name")),
					json_string_value(json_object_get(rule, "name")),
					json_string_value(json_object_get(rule, "action")) };
		}
	}
	return n;
}

/* Every rule is in the history, hit or not. */
static void tell_rules(struct clerk_state *c)
{
	char problem[HISTORY_PROBLEM] = "";
	struct history_tally_rule *rules;
	size_t n;

	if (!c->rules || c->rules_told || !open_history(c))
		return;
	n = list_rules(c->rules, NULL);
	rules = memory_array(n + 1, sizeof(*rules));
	list_rules(c->rules, rules);
	if (history_tallies_about(c->tallies, json_string_value(json_object_get(c->rules, "policy")),
				  json_string_value(json_object_get(c->rules, "sha256")), rules, n,
				  clock_now(), problem) < 0)
		trouble(c, problem);
	else
		c->rules_told = true;
	free(rules);
}

void keep_rules(struct clerk_state *c, const struct text *json)
{
	json_error_t error;
	json_t *rules = json_loadb(text_string(json), json->n, 0, &error);

	if (!json_is_string(json_object_get(rules, "policy")) ||
	    !json_is_string(json_object_get(rules, "sha256"))) {
		json_decref(rules);
		return;
	}
	json_decref(c->rules);
	c->rules = rules;
	c->rules_told = false;
	tell_rules(c);
}

static const char *action_of(const struct clerk_state *c, const struct history_tally *row)
{
	size_t n = list_rules(c->rules, NULL);
	struct history_tally_rule *rules = memory_array(n + 1, sizeof(*rules));
	const char *action = NULL;

	list_rules(c->rules, rules);
	for (size_t i = 0; i < n && !action; i++)
		if (rules[i].boundary && rules[i].name &&
		    strcmp(rules[i].boundary, row->boundary) == 0 &&
		    strcmp(rules[i].name, row->rule) == 0)
			action = rules[i].action;
	free(rules);
	return action;
}

/* The first hit of a denial in all the history: somebody should look. */
static void tell_growth(void *context, const struct history_tally *row, uint64_t packets,
			bool is_first)
{
	struct clerk_state *c = context;
	const char *action = is_first ? action_of(c, row) : NULL;
	struct text text = { 0 };
	char key[2 * TALLY_NAME];

	if (!action || (strcmp(action, "deny") != 0 && strcmp(action, "limit") != 0))
		return;
	text_printf(&text, "first hit of rule %s (%s) at boundary %s, ", row->rule, action, row->boundary);
	if (strcmp(row->hook, "sa") == 0)
		text_put(&text, "in what MSDP peers announce: ");
	else
		text_printf(&text, "on %s: ", row->link);
	text_printf(&text, "%llu %s%s", (unsigned long long)packets,
		    strcmp(row->hook, "sa") == 0 ? "time" : "packet", packets == 1 ? "" : "s");
	snprintf(key, sizeof(key), "%s/%s", row->boundary, row->rule);
	clerk_notice(c, LOG_NOTICE, "first-hit", key, text_string(&text),
		     json_pack("{s:s, s:s, s:s, s:s, s:I}", "boundary", row->boundary, "rule", row->rule,
			       "action", action, "interface", row->link, "packets",
			       (json_int_t)packets));
	text_release(&text);
}

static bool take_counts(struct clerk_state *c, struct history_tally *rows, size_t n)
{
	char problem[HISTORY_PROBLEM] = "";
	bool good;

	if (!open_history(c))
		return false;
	tell_rules(c);
	good = history_tallies_take(c->tallies, rows, n, clock_now(), tell_growth, c, problem) == 0;
	if (good)
		c->trouble[0] = '\0';
	else
		trouble(c, problem);
	return good;
}

/* Rows out of a message, whose texts end; with room for `more`. */
static struct history_tally *rows_of(const struct text *bytes, size_t more, size_t *out_n)
{
	size_t n = bytes->n / sizeof(struct history_tally);
	struct history_tally *rows = memory_array(n + more + 1, sizeof(*rows));

	if (n > 0)
		memcpy(rows, bytes->p, n * sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		rows[i].boundary[TALLY_NAME - 1] = rows[i].rule[TALLY_NAME - 1] = '\0';
		rows[i].link[sizeof(rows[i].link) - 1] = rows[i].hook[sizeof(rows[i].hook) - 1] =
			'\0';
		rows[i].backend[sizeof(rows[i].backend) - 1] = '\0';
	}
	*out_n = n;
	return rows;
}

/* Their boundaries are known here only.  A counter stays where it was counted first: it is cumulative,
 * and under another boundary all of it would count again, as it would if it were left out once. */
static size_t add_offered(const struct clerk_state *c, struct history_tally *rows, size_t n)
{
	const json_t *interfaces = json_object_get(c->rules, "interfaces");

	for (size_t i = 0; i < c->offered_count; i++) {
		struct history_tally *row = &rows[n];
		const char *boundary;

		*row = c->offered[i];
		if (row->rule[0] == '\0')
			snprintf(row->rule, sizeof(row->rule), "%s", QUEUE_OFFERED);
		snprintf(row->backend, sizeof(row->backend), "queue");
		boundary = history_tallies_boundary(c->tallies, row);
		if (!boundary)
			boundary = json_string_value(json_object_get(interfaces, row->link));
		if (!boundary)
			continue;
		snprintf(row->boundary, sizeof(row->boundary), "%s", boundary);
		n++;
	}
	return n;
}

void keep_offered(struct clerk_state *c, const struct text *bytes)
{
	free(c->offered);
	c->offered = rows_of(bytes, 0, &c->offered_count);
}

void keep_counts(struct clerk_state *c, const struct text *bytes)
{
	struct message reply = { .kind = MESSAGE_COUNTS };
	struct history_tally *rows;
	size_t n;

	rows = rows_of(bytes, c->offered_count, &n);
	for (size_t i = 0; i < n; i++)
		reply.number += rows[i].gone;
	free(c->rows);
	c->rows = memory_array(n + 1, sizeof(*rows));
	memcpy(c->rows, rows, n * sizeof(*rows));
	c->row_count = n;
	if (open_history(c))
		n = add_offered(c, rows, n);
	reply.error = take_counts(c, rows, n) ? 0 : -EIO;
	free(rows);
	c->counted = clock_now();
	keep_again(c);
	message_send(c->keeper, &reply, -1);
}

void keep_sample(struct clerk_state *c, const struct message *asked, const struct text *bytes)
{
	struct message reply = { .kind = MESSAGE_SAMPLE, .id = asked->id, .error = -EIO,
				 .generation = asked->generation };

	if (open_history(c)) {
		const struct span sample = { (const uint8_t *)text_string(bytes), bytes->n };

		reply.error = history_take(c->history, sample) ? 0 : -EIO;
		if (reply.error < 0)
			trouble(c, history_why(c->history));
	}
	if (c->judge >= 0)
		message_send(c->judge, &reply, -1);
}

void keep_peers(struct clerk_state *c, const struct text *bytes)
{
	size_t told = bytes->n / sizeof(struct history_peer);
	size_t n = told < CONF_PEERS_MAX ? told : CONF_PEERS_MAX;
	struct history_peer *rows = memory_array(n + 1, sizeof(*rows));
	char problem[HISTORY_PROBLEM] = "";

	if (n > 0)
		memcpy(rows, bytes->p, n * sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		rows[i].peer[HISTORY_PEER_NAME - 1] = rows[i].boundary[HISTORY_PEER_NAME - 1] =
			'\0';
	if (open_history(c) && history_peers_add(c->history, rows, n, clock_now(), problem) < 0)
		trouble(c, problem);
	free(rows);
}


static void add_sum(void *context, const struct history_rule *rule)
{
	struct queue_sums *sums = context;

	if (strcmp(rule->name, QUEUE_OFFERED) == 0) {
		sums->offered += rule->hits;
		if (sums->since.ns == 0 || rule->since.ns < sums->since.ns)
			sums->since = rule->since;
	} else if (strcmp(rule->name, QUEUE_JUDGED) == 0) {
		sums->judged += rule->hits;
	}
}

struct queue_sums keep_queue_sums(struct clerk_state *c)
{
	const struct history_query query = { .now = clock_now() };
	char problem[HISTORY_PROBLEM] = "";
	struct queue_sums sums = { 0 };

	if (open_history(c) && history_rules(c->history, &query, add_sum, &sums, problem) < 0)
		trouble(c, problem);
	return sums;
}

static void add_flow(void *context, const struct history_flow *flow)
{
	json_t *list = context;

	if (json_array_size(list) < PAST_FLOWS_MAX)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s}", "boundary",
						      flow->boundary, "source", flow->source, "group",
						      flow->group, "length", (json_int_t)flow->group_len,
						      "point", flow->point));
}

json_t *keep_flows(struct clerk_state *c)
{
	struct history_query query = { .has_since = true, .now = clock_now() };
	char problem[HISTORY_PROBLEM] = "";
	json_t *list = json_array();

	query.since.ns = query.now.ns - 3600 * NS_PER_S;
	if (open_history(c) && history_flows(c->history, &query, add_flow, list, problem) < 0)
		trouble(c, problem);
	return list;
}

/* --- begin and end --- */

/* What is kept already need not be written again.  A pipe in its place does not hold us. */
static void read_current(struct clerk_state *c)
{
	struct text name = { 0 };
	int fd;

	text_printf(&name, "%s/current.json", c->options->state);
	fd = open(name.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && payload_read(fd, &c->kept) < 0)
		text_reset(&c->kept);
	text_release(&name);
}

void keep_begin(struct clerk_state *c)
{
	struct text text = { 0 };

	if (file_read(BOOT_FILE, 256, &text) < 0 || text.n < 8)
		text_put(&text, "unknown");
	snprintf(c->boot, sizeof(c->boot), "%.*s", (int)strcspn(text.p, "\n"), text.p);
	text_release(&text);
	read_current(c);
	open_history(c);
}

void keep_end(struct clerk_state *c)
{
	history_tallies_free(c->tallies);
	if (c->history)
		history_close(c->history, NULL);
	json_decref(c->rules);
	text_release(&c->kept);
	text_release(&c->pending);
	text_release(&c->staged);
	text_release(&c->unwritten);
	free(c->rows);
	free(c->offered);
}
