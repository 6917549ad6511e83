/* SPDX-License-Identifier: BSD-2-Clause */
/* All capture files as one timeline: merged by time stamp, then file, then frame.  Time that
 * goes back inside of a file stands still for the order; the packets keep their own.  Of many
 * files only those are open whose time has come: captures that rotate come by the thousand. */
#include "source/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "source/feed.h"
#include "source/filter.h"

/* Packets handed on at a time: few enough that their records stay in the first cache. */
#define BATCH 256
/* Bytes read at a time: 256 to 512 KiB is best; less each where many files are open. */
#define BLOCK_ONE (256u << 10)
#define BLOCK_FEW (64u << 10)
#define BLOCK_MANY (16u << 10)
#define FEW 8
#define MANY 64

/* One file's place in the merge. */
struct lane {
	struct feed	feed;
	struct packet  *packets;	/* BATCH of them, while the file is open */
	size_t		next, n;
	uint16_t       *links;		/* this file's links as links of the timeline, + 1; 0: new */
	size_t		link_count, numbered;
	int64_t		key;		/* the time that stands in the order */
	bool		waits;		/* closed again after a first look */
	bool		ended;
};

struct timeline {
	struct input	 *inputs;
	struct lane	 *lanes;
	size_t		  n;
	size_t		 *heap;		/* lanes, the earliest first */
	size_t		  heap_n;
	struct link_info *links;
	size_t		  link_count;
	struct filter	 *filter;
	struct packet	 *batch;
	size_t		  block;
};

static bool lane_is_before(const struct timeline *t, size_t a, size_t b)
{
	int64_t ka = t->lanes[a].key, kb = t->lanes[b].key;

	return ka != kb ? ka < kb : a < b;
}

static void sift_down(struct timeline *t, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1, moved;

		for (size_t c = child; c < child + 2 && c < t->heap_n; c++)
			if (lane_is_before(t, t->heap[c], t->heap[least]))
				least = c;
		if (least == at)
			return;
		moved = t->heap[at];
		t->heap[at] = t->heap[least];
		t->heap[least] = moved;
		at = least;
	}
}

static void end_lane(struct lane *l)
{
	feed_close(&l->feed);
	capture_release(&l->feed.capture);
	free(l->packets);
	free(l->links);
	l->packets = NULL;
	l->links = NULL;
	l->ended = true;
}

/* A link of the timeline for one of a file; its number is the order of first sight. */
static uint16_t number_link(struct timeline *t, const struct link_info *link)
{
	if (t->link_count < UINT16_MAX) {
		t->links = memory_grow(t->links, t->link_count + 1, sizeof(*link));
		t->links[t->link_count++] = *link;
	}
	return (uint16_t)(t->link_count - 1);
}

static uint16_t link_of(struct timeline *t, struct lane *l, uint16_t local)
{
	static const struct link_info unknown = { .linktype = LINKTYPE_NONE };
	const struct capture *c = &l->feed.capture;

	if (local >= l->link_count) {
		l->links = memory_grow(l->links, local + 1u, sizeof(*l->links));
		memset(l->links + l->link_count, 0, (local + 1u - l->link_count) * sizeof(*l->links));
		l->link_count = local + 1u;
	}
	if (l->links[local] == 0) {
		struct link_info link = local < c->link_count ? c->links[local] : unknown;

		link.file = c->file;
		l->links[local] = (uint16_t)(number_link(t, &link) + 1);
	}
	return (uint16_t)(l->links[local] - 1);
}

/* All that the file has told of: those of a file alone keep its own numbers, and those
 * without a packet come at its end. */
static void number_links(struct timeline *t, struct lane *l)
{
	for (size_t i = l->numbered; i < l->feed.capture.link_count; i++)
		(void)link_of(t, l, (uint16_t)i);
	l->numbered = l->feed.capture.link_count;
}

/* Link types that turn up on the way: a filter that means nothing there lets none through. */
static void prepare_filter(struct timeline *t, struct lane *l)
{
	char problem[160];

	for (size_t i = 0; i < l->feed.capture.link_count; i++)
		if (!filter_prepare(t->filter, l->feed.capture.links[i].linktype, problem))
			memcpy(l->feed.input->problem, problem, sizeof(problem));
}

/* The lane's next packets; none at its end. */
static void fill_lane(struct timeline *t, struct lane *l)
{
	l->next = 0;
	do {
		l->n = feed_next(&l->feed, l->packets, BATCH);
		if (l->n == 0 || !t->filter)
			break;
		prepare_filter(t, l);
		l->n = filter_packets(t->filter, l->packets, l->n);
	} while (l->n == 0);
	if (t->n == 1)
		number_links(t, l);
	if (l->n == 0) {
		number_links(t, l);
		end_lane(l);
	} else if (l->packets[0].at.ns > l->key) {
		l->key = l->packets[0].at.ns;
	}
}

static int open_lane(struct timeline *t, struct lane *l)
{
	size_t i = (size_t)(l - t->lanes);
	int error = feed_open(&l->feed, &t->inputs[i], (uint16_t)i, t->block);

	if (error)
		return error;
	l->packets = memory_array(BATCH, sizeof(*l->packets));
	fill_lane(t, l);
	return 0;
}

/* Looks into the file: is it a capture, does the filter fit, when does it begin? */
static int look_into(struct timeline *t, struct lane *l, char *problem)
{
	struct input *input = &t->inputs[l - t->lanes];
	const struct capture *c = &l->feed.capture;
	int error;

	l->key = INT64_MIN;
	error = open_lane(t, l);
	if (error) {
		snprintf(problem, 160, "%.90s: %s", input->name, strerror(-error));
		return error;
	}
	if (c->broken && !c->split) {
		snprintf(problem, 160, "%.60s: %.98s", input->name, c->problem);
		return -EBADMSG;
	}
	if (input->problem[0] && !input->truncated) {
		memcpy(problem, input->problem, sizeof(input->problem));
		return -EINVAL;
	}
	if (t->n > MANY && l->feed.is_regular && !l->ended) {
		end_lane(l);
		l->ended = false;
		l->waits = true;
	}
	return 0;
}

/* Its time has come.  A file that went away in between is over. */
static void wake_lane(struct timeline *t, struct lane *l)
{
	struct input *input = &t->inputs[l - t->lanes];
	int error = open_lane(t, l);

	l->waits = false;
	if (!error)
		return;
	l->ended = true;
	input->truncated = true;
	snprintf(input->problem, sizeof(input->problem), "%s", strerror(-error));
}

static int check_filter(struct timeline *t, char *problem)
{
	return filter_prepare(t->filter, LINKTYPE_ETHERNET, problem) ? 0 : -EINVAL;
}

static int check_names(const char *const *files, size_t n, char *problem)
{
	size_t stdins = 0;

	for (size_t i = 0; i < n; i++)
		stdins += strcmp(files[i], "-") == 0;
	if (stdins < 2 && n <= UINT16_MAX)
		return 0;
	snprintf(problem, 160, "%s", stdins > 1 ? "standard input can be read only once" : "more files than weir can number");
	return -EINVAL;
}

int timeline_open(const char *const *files, size_t n, const struct timeline_options *options,
		  char *problem, struct timeline **out)
{
	int error = check_names(files, n, problem);
	struct timeline *t;

	if (error)
		return error;
	t = memory_take(sizeof(*t));
	t->n = n;
	t->inputs = memory_array(n, sizeof(*t->inputs));
	t->lanes = memory_array(n, sizeof(*t->lanes));
	t->heap = memory_array(n, sizeof(*t->heap));
	t->batch = memory_array(BATCH, sizeof(*t->batch));
	t->block = n == 1 ? BLOCK_ONE : n <= FEW ? BLOCK_FEW : BLOCK_MANY;
	t->filter = filter_new(options);
	for (size_t i = 0; i < n; i++) {
		t->lanes[i].feed.fd = -1;
		t->inputs[i].name = files[i];
	}
	for (size_t i = 0; i < n && !error; i++) {
		error = look_into(t, &t->lanes[i], problem);
		if (!t->lanes[i].ended)
			t->heap[t->heap_n++] = i;
	}
	if (!error && t->heap_n == 0)
		error = check_filter(t, problem);
	for (size_t i = t->heap_n; i-- > 0;)
		sift_down(t, i);
	if (error)
		timeline_free(t);
	else
		*out = t;
	return error;
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		end_lane(&t->lanes[i]);
	filter_free(t->filter);
	free(t->inputs);
	free(t->lanes);
	free(t->heap);
	free(t->links);
	free(t->batch);
	free(t);
}

/* One file alone: its packets as they are, its links by their own numbers. */
static size_t next_alone(struct timeline *t, const struct packet **out)
{
	struct lane *l = &t->lanes[0];
	size_t n;

	if (!l->ended && l->next == l->n)
		fill_lane(t, l);
	if (l->ended)
		return 0;
	*out = l->packets + l->next;
	n = l->n - l->next;
	l->next = l->n;
	return n;
}

/* Makes sure that the earliest lane has a packet; false at the end of all. */
static bool fill_earliest(struct timeline *t)
{
	while (t->heap_n > 0) {
		struct lane *l = &t->lanes[t->heap[0]];

		if (!l->ended && l->next < l->n && !l->waits)
			return true;
		if (l->waits)
			wake_lane(t, l);
		else if (!l->ended)
			fill_lane(t, l);
		if (l->ended)
			t->heap[0] = t->heap[--t->heap_n];
		sift_down(t, 0);
	}
	return false;
}

/* Packets are handed on until a lane runs empty, for filling it overwrites their bytes. */
static size_t next_merged(struct timeline *t, const struct packet **out)
{
	size_t n = 0;

	if (!fill_earliest(t))
		return 0;
	while (n < BATCH) {
		struct lane *l = &t->lanes[t->heap[0]];
		struct packet *p = &t->batch[n];

		if (l->waits || l->next == l->n)
			break;
		*p = l->packets[l->next++];
		p->link = link_of(t, l, p->link);
		n++;
		if (l->next == l->n)
			break;
		if (l->packets[l->next].at.ns > l->key)
			l->key = l->packets[l->next].at.ns;
		sift_down(t, 0);
	}
	*out = t->batch;
	return n;
}

size_t timeline_next(struct timeline *t, const struct packet **out)
{
	return t->n == 1 ? next_alone(t, out) : next_merged(t, out);
}

const struct input *timeline_inputs(const struct timeline *t, size_t *out_n)
{
	*out_n = t->n;
	return t->inputs;
}

const struct link_info *timeline_links(const struct timeline *t, size_t *out_n)
{
	*out_n = t->link_count;
	return t->links;
}
