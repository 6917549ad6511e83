/* SPDX-License-Identifier: BSD-2-Clause */
/* All capture files as one timeline: merged by time stamp, then file, then frame.  Time that
 * goes back inside of a file stands still for the order; the packets keep their own.  Of many
 * files only those are open whose time has come: captures that rotate come by the thousand. */
#include "source/source.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "source/crew.h"

/* Packets handed on at a time: few enough that their records stay in the first cache. */
#define BATCH 256
/* Of small packets, with their records. */
#define BATCH_BYTES (32u << 10)
/* Bytes read at a time: 256 to 512 KiB is best; less each where many files are open. */
#define BLOCK_ONE (256u << 10)
#define BLOCK_FEW (64u << 10)
#define BLOCK_MANY (16u << 10)
#define BLOCK_CROWD (4u << 10)
#define FEW 8
#define MANY 64
#define CROWD 256

/* Files that are read ahead at a time, so many loads of each where there are several; what else
 * is open is read where it is remembered, for each belt costs memory. */
#define BELTS_MAX 8
#define LOADS_FEW 2

/* One file's place in the merge. */
struct lane {
	struct feed	     feed;
	struct belt	    *belt;	/* NULL: the lane reads by itself, into: */
	struct packet	    *own;	/* BATCH packets, while the file is open */
	struct batch	     batch;	/* the packets at hand, and */
	size_t		     next;	/* the first of them that is still to come */
	struct link_info    *infos;	/* of the file's links, as they became known */
	uint16_t	    *links;	/* as links of the timeline, + 1; 0: not met yet */
	size_t		     link_count;
	int64_t		     key;	/* the time that stands in the order */
	bool		     waits;	/* closed again after a first look */
	bool		     ended;
};

struct timeline {
	struct timeline_options options;
	struct input	       *inputs;
	struct lane	       *lanes;
	size_t			n;
	size_t		       *heap;	/* lanes, the earliest first */
	size_t			heap_n;
	struct link_info       *links;
	size_t			link_count;
	struct crew	       *crew;	/* NULL: one thread */
	size_t			belts;
	struct quick_rules	rules;	/* for lanes without a belt */
	struct packet	       *packets;	/* BATCH of each, merged */
	struct quick	       *quick;
	struct said	      **said;
	size_t			block;
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

static size_t index_of(const struct timeline *t, const struct lane *l)
{
	return (size_t)(l - t->lanes);
}

/* The links' numbers stay. */
static void close_lane(struct timeline *t, struct lane *l)
{
	t->belts -= l->belt != NULL;
	belt_free(l->belt);
	feed_close(&l->feed);
	free(l->own);
	l->belt = NULL;
	l->own = NULL;
	l->batch = (struct batch){ 0 };
	l->next = 0;
}

static void learn_links(struct lane *l, const struct link_info *links, size_t n)
{
	if (n == 0)
		return;
	l->infos = memory_grow(l->infos, l->link_count + n, sizeof(*l->infos));
	l->links = memory_grow(l->links, l->link_count + n, sizeof(*l->links));
	memcpy(l->infos + l->link_count, links, n * sizeof(*links));
	memset(l->links + l->link_count, 0, n * sizeof(*l->links));
	l->link_count += n;
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
	assert(local < l->link_count);
	if (l->links[local] == 0)
		l->links[local] = (uint16_t)(number_link(t, &l->infos[local]) + 1);
	return (uint16_t)(l->links[local] - 1);
}

/* All that the file has told of: those of a file alone keep its own numbers, and those
 * without a packet come at its end. */
static void number_links(struct timeline *t, struct lane *l)
{
	for (size_t i = 0; i < l->link_count; i++)
		(void)link_of(t, l, (uint16_t)i);
}

static void fill_alone(struct timeline *t, struct lane *l)
{
	size_t n = feed_next(&l->feed, l->own, BATCH);

	const struct capture *c = &l->feed.capture;

	t->inputs[index_of(t, l)] = l->feed.books;
	if (c->link_count > l->link_count)
		learn_links(l, c->links + l->link_count, c->link_count - l->link_count);
	l->batch = (struct batch){ .packets = l->own, .n = n };
}

static void fill_from_belt(struct timeline *t, struct lane *l)
{
	const struct load *load = belt_next(l->belt);

	l->batch = (struct batch){ 0 };
	if (!load)
		return;
	t->inputs[index_of(t, l)] = load->books;
	learn_links(l, load->links, load->link_count);
	l->batch = (struct batch){ .packets = load->packets, .n = load->n, .quick = load->quick,
				   .said = load->said };
}

/* The lane's next packets; none at its end. */
static void fill_lane(struct timeline *t, struct lane *l)
{
	l->next = 0;
	if (l->belt)
		fill_from_belt(t, l);
	else
		fill_alone(t, l);
	if (t->n == 1 || l->batch.n == 0)
		number_links(t, l);
	if (l->batch.n == 0) {
		feed_settle(&l->feed, &t->inputs[index_of(t, l)]);
		close_lane(t, l);
		l->ended = true;
	} else if (l->batch.packets[0].at.ns > l->key) {
		l->key = l->batch.packets[0].at.ns;
	}
}

static void begin_lane(struct timeline *t, struct lane *l)
{
	if (!t->crew || t->belts == BELTS_MAX) {
		l->own = memory_array(BATCH, sizeof(*l->own));
		return;
	}
	l->belt = belt_new(t->crew, &l->feed, t->n == 1 ? t->options.jobs + 2 : LOADS_FEW);
	t->belts++;
}

static int open_lane(struct timeline *t, struct lane *l)
{
	size_t i = index_of(t, l);
	int error = feed_open(&l->feed, t->inputs[i].name, (uint16_t)i, t->block, &t->options);

	if (error)
		return error;
	l->feed.links_told = l->link_count;	/* by a first look */
	begin_lane(t, l);
	fill_lane(t, l);
	return 0;
}

/* Looks into the file: is it a capture, does the filter fit, when does it begin? */
static int look_into(struct timeline *t, struct lane *l, char *problem)
{
	struct input *input = &t->inputs[index_of(t, l)];
	int error;

	l->key = INT64_MIN;
	error = open_lane(t, l);
	if (error) {
		snprintf(problem, 160, "%.90s: %s", input->name, strerror(-error));
		return error;
	}
	if (l->feed.capture.broken && !l->feed.capture.split) {
		snprintf(problem, 160, "%.60s: %.98s", input->name, l->feed.capture.problem);
		return -EBADMSG;
	}
	if (l->feed.filter_refused) {
		memcpy(problem, input->problem, sizeof(input->problem));
		return -EINVAL;
	}
	if (t->n > MANY && l->feed.is_regular && !l->ended) {
		close_lane(t, l);
		l->waits = true;
	}
	return 0;
}

/* Its time has come.  A file that went away in between is over. */
static void wake_lane(struct timeline *t, struct lane *l)
{
	struct input *input = &t->inputs[index_of(t, l)];
	int error = open_lane(t, l);

	l->waits = false;
	if (!error)
		return;
	l->ended = true;
	input->truncated = true;
	snprintf(input->problem, sizeof(input->problem), "%s", strerror(-error));
}

/* Where no file has a packet the expression was not looked at yet. */
static int check_filter(const struct timeline *t, char *problem)
{
	struct filter *f = filter_new(&t->options);
	bool good = filter_prepare(f, LINKTYPE_ETHERNET, problem);

	filter_free(f);
	return good ? 0 : -EINVAL;
}

static int check_names(const char *const *files, size_t n, char *problem)
{
	size_t stdins = 0;

	for (size_t i = 0; i < n; i++)
		stdins += strcmp(files[i], "-") == 0;
	if (stdins < 2 && n <= UINT16_MAX)
		return 0;
	snprintf(problem, 160, "%s", stdins > 1 ? "standard input can be read only once"
						: "more files than weir can number");
	return -EINVAL;
}

static size_t block_size(size_t files)
{
	if (files == 1)
		return BLOCK_ONE;
	if (files <= FEW)
		return BLOCK_FEW;
	return files <= CROWD ? BLOCK_MANY : BLOCK_CROWD;
}

static struct timeline *timeline_new(const char *const *files, size_t n,
				     const struct timeline_options *options)
{
	static const struct wire_options wire;
	struct timeline *t = memory_take(sizeof(*t));

	t->options = *options;
	t->n = n;
	t->inputs = memory_array(n, sizeof(*t->inputs));
	t->lanes = memory_array(n, sizeof(*t->lanes));
	t->heap = memory_array(n, sizeof(*t->heap));
	t->packets = memory_array(BATCH, sizeof(*t->packets));
	t->quick = memory_array(BATCH, sizeof(*t->quick));
	t->said = memory_array(BATCH, sizeof(struct said *));
	t->block = block_size(n);
	t->rules = quick_rules_of(options->wire ? options->wire : &wire);
	if (options->jobs > 1)
		t->crew = crew_new(options->wire ? options->wire : &wire);
	for (size_t i = 0; i < n; i++) {
		t->lanes[i].feed.fd = -1;
		t->inputs[i].name = files[i];
	}
	return t;
}

int timeline_open(const char *const *files, size_t n, const struct timeline_options *options,
		  char *problem, struct timeline **out)
{
	int error = check_names(files, n, problem);
	struct timeline *t;

	if (error)
		return error;
	t = timeline_new(files, n, options);
	for (size_t i = 0; i < n && !error; i++) {
		error = look_into(t, &t->lanes[i], problem);
		if (!t->lanes[i].ended)
			t->heap[t->heap_n++] = i;
	}
	if (!error && t->heap_n == 0)
		error = check_filter(t, problem);
	for (size_t i = t->heap_n; i-- > 0;)
		sift_down(t, i);
	if (!error && t->crew)
		crew_start(t->crew, t->options.jobs - 1);
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
	for (size_t i = 0; i < t->n; i++) {
		close_lane(t, &t->lanes[i]);
		free(t->lanes[i].infos);
		free(t->lanes[i].links);
	}
	crew_free(t->crew);
	free(t->inputs);
	free(t->lanes);
	free(t->heap);
	free(t->links);
	free(t->packets);
	free(t->quick);
	free(t->said);
	free(t);
}

/* One file alone: its packets as they are, its links by their own numbers. */
static bool next_alone(struct timeline *t, struct batch *out)
{
	struct lane *l = &t->lanes[0];

	if (!l->ended && l->next == l->batch.n)
		fill_lane(t, l);
	if (l->ended)
		return false;
	*out = l->batch;
	out->is_shared = t->options.shares;
	out->in_order = t->inputs[index_of(t, l)].odd[ODD_TIME_BACK] == 0;
	out->ahead = l->feed.is_viewed && capture_is_dense(&l->feed.capture) ? BATCH_BYTES : 0;
	l->next = l->batch.n;
	return true;
}

/* Makes sure that the earliest lane has a packet; false at the end of all. */
static bool fill_earliest(struct timeline *t)
{
	while (t->heap_n > 0) {
		struct lane *l = &t->lanes[t->heap[0]];

		if (!l->ended && l->next < l->batch.n && !l->waits)
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

/* What was decoded ahead knows the link by the file's own number only. */
static void place_said(struct said *said, uint16_t link)
{
	for (size_t i = 0; said && i < said->n; i++)
		said->list[i].link = link;
	for (size_t i = 0; said && i < said->segment_count; i++)
		said->segments[i].header.link = link;
}

static void merge_packet(struct timeline *t, struct lane *l, size_t n)
{
	const struct batch *b = &l->batch;

	t->packets[n] = b->packets[l->next];
	t->packets[n].link = link_of(t, l, t->packets[n].link);
	if (b->quick) {
		t->quick[n] = b->quick[l->next];
		t->said[n] = b->said[l->next];
		place_said(t->said[n], t->packets[n].link);
	} else if (t->crew) {
		quick_look(&t->rules, &t->packets[n], 1, &t->quick[n]);
		t->said[n] = NULL;
	}
	l->next++;
}

/* Packets are handed on until a lane runs empty, for filling it overwrites their bytes. */
static bool next_merged(struct timeline *t, struct batch *out)
{
	size_t n = 0;

	if (!fill_earliest(t))
		return false;
	while (n < BATCH) {
		struct lane *l = &t->lanes[t->heap[0]];

		if (l->waits || l->next == l->batch.n)
			break;
		merge_packet(t, l, n++);
		if (l->next == l->batch.n)
			break;
		if (l->batch.packets[l->next].at.ns > l->key)
			l->key = l->batch.packets[l->next].at.ns;
		sift_down(t, 0);
	}
	*out = (struct batch){ .packets = t->packets, .n = n, .is_shared = t->options.shares };
	if (t->crew) {
		out->quick = t->quick;
		out->said = t->said;
	}
	return true;
}

bool timeline_batch(struct timeline *t, struct batch *out)
{
	return t->n == 1 ? next_alone(t, out) : next_merged(t, out);
}

size_t timeline_next(struct timeline *t, const struct packet **out)
{
	struct batch batch;

	if (!timeline_batch(t, &batch))
		return 0;
	*out = batch.packets;
	return batch.n;
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
