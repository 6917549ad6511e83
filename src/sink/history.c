/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the history, and making samples of reports: what grew since the sample before.  The
 * statements are written elsewhere (history_write.c); here is the thread that calls them. */
#include "sink/history.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "sink/history_state.h"

#define WAIT_MS 2000

/* --- opening --- */

/* A path as an SQLite URI, so that nothing in it is an option. */
static void put_uri(struct text *out, const char *path, const char *options)
{
	text_put(out, path[0] == '/' ? "file://" : "file:");
	for (const char *c = path; *c; c++)
		if (strchr("%?#", *c))
			text_printf(out, "%%%02x", (unsigned)(unsigned char)*c);
		else
			text_char(out, *c);
	text_put(out, options);
}

static int open_uri(const char *path, const char *options, int flags, sqlite3 **out)
{
	struct text uri = { 0 };
	int error;

	put_uri(&uri, path, options);
	error = sqlite3_open_v2(text_string(&uri), out,
				flags | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX, NULL);
	text_release(&uri);
	if (error == SQLITE_OK)
		sqlite3_extended_result_codes(*out, 1);
	return error;
}

static bool can_read(sqlite3 *db)
{
	return sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) == SQLITE_OK;
}

/* Where nobody writes and the reader may not make the files that the log needs, the database is
 * whole without them: it is read as it stands. */
static bool open_still(struct history *h, const char *path)
{
	struct text log = { 0 };
	int error = sqlite3_errcode(h->db) & 0xff;
	bool has_log;

	text_printf(&log, "%s-wal", path);
	has_log = access(text_string(&log), F_OK) == 0;
	text_release(&log);
	if (has_log || (error != SQLITE_CANTOPEN && error != SQLITE_READONLY))
		return false;
	sqlite3_close(h->db);
	h->db = NULL;
	return open_uri(path, "?immutable=1", SQLITE_OPEN_READONLY, &h->db) == SQLITE_OK &&
	       can_read(h->db);
}

static int open_reader(struct history *h, const char *path)
{
	int error = open_uri(path, "", SQLITE_OPEN_READONLY, &h->db);

	if (error != SQLITE_OK)
		return error;
	sqlite3_busy_timeout(h->db, (int)h->options.wait_ms);
	return can_read(h->db) || open_still(h, path) ? SQLITE_OK : sqlite3_errcode(h->db);
}

static int open_writer(struct history *h, const char *path)
{
	int error = open_uri(path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &h->db);

	if (error != SQLITE_OK)
		return error;
	signal(SIGXFSZ, SIG_IGN);	/* a file over its limit is an error like a full disk */
	sqlite3_busy_timeout(h->db, (int)h->options.wait_ms);
	return SQLITE_OK;
}

static void *write_aside(void *arg);

static int start(struct history *h)
{
	int error = pthread_create(&h->thread, NULL, write_aside, h);

	h->has_thread = error == 0;
	return -error;
}

static void release(struct history *h)
{
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(h->statements[i]);
	sqlite3_close(h->db);
	for (size_t i = 0; i < h->input_count; i++) {
		free(h->inputs[i].identity);
		free(h->inputs[i].name);
	}
	free(h->inputs);
	free(h->rule_ids);
	free(h->base.rules);
	free(h->next.rules);
	free(h->batch.hits);
	free(h->batch.points);
	free(h->batch.notes);
	free(h->batch.flows);
	free(h->batch.hosts);
	free(h->batch.findings);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->wake);
	free(h);
}

int history_open(const char *path, const struct history_options *options, char *problem,
		 struct history **out)
{
	struct history *h = memory_take(sizeof(*h));
	bool writes = options->mode != HISTORY_READ;
	int error;

	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->wake, NULL);
	h->options = *options;
	h->options.wait_ms = options->wait_ms ? options->wait_ms : WAIT_MS;
	h->batch.is_empty = true;
	error = writes ? open_writer(h, path) : open_reader(h, path);
	if (error != SQLITE_OK) {
		snprintf(problem, HISTORY_PROBLEM, "%s", h->db ? sqlite3_errmsg(h->db) : sqlite3_errstr(error));
		error = history_errno(error);
	} else {
		error = history_schema(h->db, writes, problem);
	}
	if (options->mode == HISTORY_LIVE)
		h->begun = clock_now();
	if (error == 0 && options->mode == HISTORY_LIVE && (error = start(h)) < 0)
		snprintf(problem, HISTORY_PROBLEM, "%s", strerror(-error));
	if (error == 0)
		*out = h;
	else
		release(h);
	return error;
}

void history_about(struct history *h, const struct policy *policy)
{
	h->policy = policy;
}

/* --- differences --- */

static int64_t bucket_of(int64_t ns)
{
	int64_t s = ns / NS_PER_S;

	return s - s % HISTORY_BUCKET_S;
}

/* Room for one more of an array that grows. */
static void *grown(void *list, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return list;
	*cap = *cap ? *cap * 2 : 64;
	return memory_grow(list, *cap, size);
}

static void count_rules(struct history *h, const struct report *r)
{
	struct history_batch *b = &h->batch;

	for (uint16_t i = 0; i < r->boundary->rule_count; i++) {
		const struct report_rule *now = &r->rules[i], *was = &h->base.rules[i];

		h->next.rules[i] = *now;
		if (now->hits == was->hits)
			continue;
		b->hits = grown(b->hits, b->hit_count, &b->hit_cap, sizeof(b->hits[0]));
		b->hits[b->hit_count++] = (struct history_hit){
			.rule = i, .hits = now->hits - was->hits, .packets = now->packets - was->packets,
			.bytes = now->bytes - was->bytes, .last_ns = now->last.ns,
			.bucket = bucket_of(now->last.ns),
		};
	}
}

static void count_points(struct history *h, const struct report *r, struct mtime at)
{
	struct history_batch *b = &h->batch;

	memcpy(h->next.points, r->points, sizeof(r->points));
	for (unsigned i = 0; i < POINT_COUNT * ACTION_COUNT; i++) {
		uint8_t point = (uint8_t)(i / ACTION_COUNT), action = (uint8_t)(i % ACTION_COUNT);
		uint64_t grew = r->points[point][action] - h->base.points[point][action];

		if (grew == 0)
			continue;
		b->points = grown(b->points, b->point_count, &b->point_cap, sizeof(b->points[0]));
		b->points[b->point_count++] =
			(struct history_point){ grew, bucket_of(at.ns), point, action };
	}
}

static void count_note(struct history *h, const struct report_note *note, unsigned index,
		       bool is_anomaly, struct mtime at)
{
	struct history_batch *b = &h->batch;

	h->next.notes[index] = note->count;
	if (note->count == h->base.notes[index])
		return;
	b->notes = grown(b->notes, b->note_count, &b->note_cap, sizeof(b->notes[0]));
	b->notes[b->note_count++] = (struct history_note){
		note->name, note->count - h->base.notes[index], bucket_of(at.ns), is_anomaly };
}

/* Notes of a report stand in the order of their numbers. */
static void count_notes(struct history *h, const struct report *r, struct mtime at)
{
	size_t n = 0;

	for (unsigned i = 0; i < FLAG_COUNT && n < r->note_count; i++)
		if (strcmp(flag_name(i), r->notes[n].name) == 0)
			count_note(h, &r->notes[n++], i, false, at);
	n = 0;
	for (unsigned i = 0; i < ANOMALY_COUNT && n < r->anomaly_count; i++)
		if (strcmp(anomaly_name(i), r->anomalies[n].name) == 0)
			count_note(h, &r->anomalies[n++], FLAG_COUNT + i, true, at);
}

static void count_all(struct history *h, const struct report *r, struct mtime at)
{
	if (!h->boundary) {
		size_t n = r->boundary->rule_count;

		h->boundary = r->boundary;
		h->base.rules = memory_array(n, sizeof(h->base.rules[0]));
		h->next.rules = memory_array(n, sizeof(h->next.rules[0]));
		if (h->options.mode == HISTORY_WHOLE)
			h->begun = r->first;
	}
	if (h->batch.is_empty)
		h->batch.from = h->begun;
	h->batch.is_empty = false;
	h->batch.boundary = h->boundary;
	h->batch.at = at;
	count_rules(h, r);
	count_points(h, r, at);
	count_notes(h, r, at);
	h->next.drops = h->drops;
	h->batch.drops = h->drops - h->base.drops;
}

/* Flows that were heard since they were written last, all findings and servers. */
static void copy_rows(struct history *h, const struct report *r)
{
	struct history_batch *b = &h->batch;

	b->flows = memory_grow(b->flows, r->flow_count + 1, sizeof(b->flows[0]));
	b->flow_count = 0;
	for (size_t i = 0; i < r->flow_count; i++) {
		b->flows[b->flow_count] = report_flow_at(r, i);
		b->flow_count += b->flows[b->flow_count].last.ns >= h->flows_at.ns;
	}
	b->finding_count = report_finding_count(r);
	b->findings = memory_grow(b->findings, b->finding_count + 1, sizeof(b->findings[0]));
	for (size_t i = 0; i < b->finding_count; i++)
		b->findings[i] = report_finding_at(r, i);
	b->host_count = r->ras_count;
	b->hosts = memory_grow(b->hosts, b->host_count + 1, sizeof(b->hosts[0]));
	for (size_t i = 0; i < b->host_count; i++)
		b->hosts[i] = *r->ras[i];
}

/* The totals of `next` are what the next sample is compared with. */
static void accept(struct history *h)
{
	struct report_rule *rules = h->base.rules;

	h->base = h->next;
	h->next.rules = rules;
}

static void empty(struct history_batch *b)
{
	b->hit_count = b->point_count = b->note_count = 0;
	b->flow_count = b->host_count = b->finding_count = 0;
	b->drops = 0;
	b->is_empty = true;
}

void history_count(struct history *h, const struct report *report, struct mtime at)
{
	assert(h->options.mode == HISTORY_WHOLE);
	count_all(h, report, at);
	accept(h);
}

void history_drops(struct history *h, uint64_t dropped)
{
	h->drops = dropped;
}

/* --- writing --- */

static void *write_aside(void *arg)
{
	struct history *h = arg;
	bool was_written;

	pthread_mutex_lock(&h->lock);
	while (true) {
		while (!h->is_writing && !h->must_end)
			pthread_cond_wait(&h->wake, &h->lock);
		if (!h->is_writing)
			break;
		pthread_mutex_unlock(&h->lock);
		was_written = history_write(h, &h->batch);
		pthread_mutex_lock(&h->lock);
		h->was_written = was_written;
		h->is_writing = false;
		h->is_done = true;
		pthread_cond_broadcast(&h->wake);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* Takes what became of the sample that was handed over; with the lock. */
static void settle(struct history *h)
{
	if (!h->is_done)
		return;
	h->is_done = false;
	if (h->was_written) {
		accept(h);
		h->flows_at = h->batch.at;
		h->was_told = false;
		h->told[0] = '\0';
	} else if (!h->was_told) {
		snprintf(h->told, sizeof(h->told), "%s", h->why);
	}
	empty(&h->batch);
}

void history_sample(struct history *h, const struct report *report, struct mtime at)
{
	if (h->options.mode == HISTORY_WHOLE) {
		history_count(h, report, at);
		copy_rows(h, report);
		return;
	}
	pthread_mutex_lock(&h->lock);
	if (!h->is_writing) {
		settle(h);
		count_all(h, report, at);
		copy_rows(h, report);
		h->is_writing = true;
		pthread_cond_broadcast(&h->wake);
	}
	pthread_mutex_unlock(&h->lock);
}

void history_wait(struct history *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->is_writing)
		pthread_cond_wait(&h->wake, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

const char *history_problem(struct history *h)
{
	const char *problem = NULL;

	pthread_mutex_lock(&h->lock);
	if (!h->is_writing)
		settle(h);
	if (h->told[0] && !h->was_told) {
		h->was_told = true;
		problem = h->told;
	}
	pthread_mutex_unlock(&h->lock);
	return problem;
}

bool history_has_input(struct history *h, const char *boundary, const char *identity)
{
	sqlite3_stmt *st = history_statement(h, SQL_INPUT_FIND);
	bool found;

	history_bind(st, "tt", boundary, identity);
	found = history_step(h, st);
	sqlite3_reset(st);
	return found;
}

void history_input(struct history *h, const char *identity, const char *name)
{
	h->inputs = memory_grow(h->inputs, h->input_count + 1, sizeof(h->inputs[0]));
	h->inputs[h->input_count].identity = strdup(identity);
	h->inputs[h->input_count].name = strdup(name);
	if (!h->inputs[h->input_count].identity || !h->inputs[h->input_count].name)
		memory_exhausted();
	h->input_count++;
}

void history_forget(struct history *h)
{
	empty(&h->batch);
}

static void end_thread(struct history *h)
{
	pthread_mutex_lock(&h->lock);
	h->must_end = true;
	pthread_cond_broadcast(&h->wake);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
}

/* What waits: the samples of WHOLE, or a last sample that a live writer still has. */
static bool write_rest(struct history *h)
{
	if (h->has_thread) {
		end_thread(h);
		return !h->is_done || h->was_written;
	}
	return h->batch.is_empty || history_write(h, &h->batch);
}

int history_close(struct history *h, char *problem)
{
	int error = 0;

	if (!h)
		return 0;
	if (!write_rest(h)) {
		error = history_errno(h->error);
		if (problem)
			snprintf(problem, HISTORY_PROBLEM, "%s", h->why);
	}
	release(h);
	return error;
}
