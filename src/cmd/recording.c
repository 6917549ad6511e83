/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording an audit.  The same input is counted once for each boundary: it is known again by its
 * packets, bytes, and the times of its first and last packet. */
#include "cmd/recording.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/sha256.h"

/* After so many samples they are taken half as often: a capture of a year is no year's work. */
#define SAMPLES 4096

int recording_begin(struct recording *r, const char *path, const struct policy *policy,
		    const struct io *io)
{
	const struct history_options options = { .mode = HISTORY_WHOLE };
	char problem[HISTORY_PROBLEM] = "";

	*r = (struct recording){ .path = path, .step_ns = HISTORY_BUCKET_S * (uint64_t)NS_PER_S };
	if (!path)
		return EXIT_CLEAN;
	if (history_open(path, &options, problem, &r->history) < 0) {
		complain(io, "cannot write the history %s: %s", path, problem);
		return EXIT_SYSTEM;
	}
	history_about(r->history, policy);
	return EXIT_CLEAN;
}

static void note_input(struct recording *r, const struct packet *p)
{
	if (p->file >= r->inputs) {
		r->first = memory_grow(r->first, p->file + 1u, sizeof(r->first[0]));
		r->last = memory_grow(r->last, p->file + 1u, sizeof(r->last[0]));
		for (; r->inputs <= p->file; r->inputs++)
			r->first[r->inputs].ns = INT64_MAX, r->last[r->inputs].ns = INT64_MIN;
	}
	if (p->at.ns < r->first[p->file].ns)
		r->first[p->file] = p->at;
	if (p->at.ns > r->last[p->file].ns)
		r->last[p->file] = p->at;
}

static void begin_bucket(struct recording *r, struct mtime at)
{
	int64_t step = (int64_t)r->step_ns;

	r->bucket_end_ns = at.ns - at.ns % step + step;
}

static void sample(struct recording *r, struct engine *engine, struct mtime at)
{
	const struct report_options options = { .rows = 1 };
	struct report *report = report_now(engine, &options);

	history_count(r->history, report, (struct mtime){ r->bucket_end_ns - 1 });
	report_free(report);
	if (++r->samples % SAMPLES == 0)
		r->step_ns *= 2;
	begin_bucket(r, at);
}

size_t recording_take(struct recording *r, struct engine *engine, const struct packet *packets,
		      size_t n)
{
	size_t i;

	if (!r->history)
		return n;
	if (r->bucket_end_ns == 0)
		begin_bucket(r, packets[0].at);
	else if (packets[0].at.ns >= r->bucket_end_ns)
		sample(r, engine, packets[0].at);
	for (i = 0; i < n && packets[i].at.ns < r->bucket_end_ns; i++)
		note_input(r, &packets[i]);
	return i;
}

static void identify(const struct recording *r, const struct input *input, size_t i,
		     char identity[SHA256_TEXT])
{
	char text[160];

	snprintf(text, sizeof(text), "%" PRIu64 " packets %" PRIu64 " bytes %" PRId64 " %" PRId64,
		 input->packets, input->bytes, i < r->inputs ? r->first[i].ns : 0,
		 i < r->inputs ? r->last[i].ns : 0);
	sha256_text(span_of(text), identity);
}

/* False, with a complaint, where one of them was counted before. */
static bool add_inputs(struct recording *r, const char *boundary, const struct timeline *timeline,
		       const struct io *io)
{
	size_t n;
	const struct input *inputs = timeline_inputs(timeline, &n);

	for (size_t i = 0; i < n; i++) {
		char identity[SHA256_TEXT];

		identify(r, &inputs[i], i, identity);
		if (history_has_input(r->history, boundary, identity)) {
			complain(io, "nothing was added to the history %s: it has counted %s at boundary %s "
				 "before", r->path, inputs[i].name, boundary);
			return false;
		}
		history_input(r->history, identity, inputs[i].name);
	}
	return true;
}

bool recording_end(struct recording *r, const struct report *report,
		   const struct timeline *timeline, bool is_interrupted, const struct io *io)
{
	char problem[HISTORY_PROBLEM] = "";
	int error;

	if (!r->history)
		return true;
	if (is_interrupted)
		complain(io, "nothing was added to the history %s: the audit was interrupted", r->path);
	if (report->packets.total > 0)
		history_sample(r->history, report, report->last);
	if (is_interrupted || !add_inputs(r, report->boundary->name, timeline, io))
		history_forget(r->history);
	error = history_close(r->history, problem);
	r->history = NULL;
	if (error < 0)
		complain(io, "cannot write the history %s: %s", r->path, problem);
	return error == 0;
}

void recording_release(struct recording *r)
{
	if (r->history) {
		history_forget(r->history);
		history_close(r->history, NULL);
	}
	free(r->first);
	free(r->last);
}
