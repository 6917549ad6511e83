/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the history, and all of an audit at once.  The statements are written elsewhere
 * (history_write.c). */
#include "sink/history.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
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
	error = sqlite.open_v2(text_string(&uri), out,
				flags | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX, NULL);
	text_release(&uri);
	if (error == SQLITE_OK)
		sqlite.extended_result_codes(*out, 1);
	return error;
}

static bool can_read(sqlite3 *db)
{
	return sqlite.exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) == SQLITE_OK;
}

/* Where nobody writes and the reader may not make the files that the log needs, the database is
 * whole without them: it is read as it stands. */
static bool open_still(struct history *h, const char *path)
{
	struct text log = { 0 };
	int error = sqlite.errcode(h->db) & 0xff;
	bool has_log;

	text_printf(&log, "%s-wal", path);
	has_log = access(text_string(&log), F_OK) == 0;
	text_release(&log);
	if (has_log || (error != SQLITE_CANTOPEN && error != SQLITE_READONLY))
		return false;
	sqlite.close(h->db);
	h->db = NULL;
	return open_uri(path, "?immutable=1", SQLITE_OPEN_READONLY, &h->db) == SQLITE_OK &&
	       can_read(h->db);
}

static int open_reader(struct history *h, const char *path)
{
	int error = open_uri(path, "", SQLITE_OPEN_READONLY, &h->db);

	if (error != SQLITE_OK)
		return error;
	sqlite.busy_timeout(h->db, (int)h->options.wait_ms);
	return can_read(h->db) || open_still(h, path) ? SQLITE_OK : sqlite.errcode(h->db);
}

static int open_writer(struct history *h, const char *path)
{
	int error = open_uri(path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &h->db);

	if (error != SQLITE_OK)
		return error;
	signal(SIGXFSZ, SIG_IGN);	/* a file over its limit is an error like a full disk */
	sqlite.busy_timeout(h->db, (int)h->options.wait_ms);
	return SQLITE_OK;
}

static void release(struct history *h)
{
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite.finalize(h->statements[i]);
	sqlite.close(h->db);
	for (size_t i = 0; i < h->input_count; i++) {
		free(h->inputs[i].identity);
		free(h->inputs[i].name);
	}
	free(h->inputs);
	history_sampler_free(h->sampler);
	history_forget_policy(h);
	free(h);
}

void history_prepare(void)
{
	(void)sqlite_load();
}

int history_open(const char *path, const struct history_options *options, char *problem,
		 struct history **out)
{
	bool writes = options->mode != HISTORY_READ;
	int error = sqlite_load();
	struct history *h;

	if (error < 0) {
		snprintf(problem, HISTORY_PROBLEM, "libsqlite3 is not installed");
		return error;
	}
	h = memory_take(sizeof(*h));
	h->options = *options;
	h->options.wait_ms = options->wait_ms ? options->wait_ms : WAIT_MS;
	error = writes ? open_writer(h, path) : open_reader(h, path);
	if (error != SQLITE_OK) {
		snprintf(problem, HISTORY_PROBLEM, "%s", h->db ? sqlite.errmsg(h->db) : sqlite.errstr(error));
		error = history_errno(error);
	} else {
		error = history_schema(h->db, writes, problem);
	}
	if (error == 0)
		*out = h;
	else
		release(h);
	return error;
}

const char *history_why(const struct history *h)
{
	return h->why;
}

/* --- the whole at once --- */

void history_about(struct history *h, const struct policy *policy)
{
	assert(h->options.mode == HISTORY_WHOLE && !h->sampler);
	h->sampler = history_sampler_new(policy, (struct mtime){ 0 });
}

void history_count(struct history *h, const struct report *report, struct mtime at)
{
	history_sampler_count(h->sampler, report, at);
}

void history_sample(struct history *h, const struct report *report, struct mtime at)
{
	history_sampler_count(h->sampler, report, at);
	history_sampler_rows(h->sampler, report, at);
}

bool history_has_input(struct history *h, const char *boundary, const char *identity)
{
	sqlite3_stmt *st = history_statement(h, SQL_INPUT_FIND);
	bool found;

	history_bind(st, "tt", boundary, identity);
	found = history_step(h, st);
	sqlite.reset(st);
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
	if (h->sampler)
		history_sampler_empty(h->sampler, false);
}

static bool write_rest(struct history *h)
{
	struct span rest = { 0 };

	if (h->sampler)
		rest = history_sampler_bytes(h->sampler);
	return rest.n == 0 || history_take(h, rest);
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
