/* SPDX-License-Identifier: BSD-2-Clause */
/* How far the reading is: percent, packets, rate, time left.  Knows what a source tells of its
 * inputs, and no command. */
#include "cmd/progress.h"

#include "base/text.h"
#include "os/clock.h"

#define FIRST_NS NS_PER_S
#define AGAIN_NS (NS_PER_S / 5)
#define BAR_CELLS 24

struct progress progress_of(const struct io *io, bool quiet, bool output_scrolls)
{
	struct mtime now = clock_steady();

	return (struct progress){
		.err = io->err,
		.wanted = io->err_is_terminal && !quiet && !(output_scrolls && io->out_is_terminal),
		.began = now,
		.next = { now.ns + FIRST_NS },
	};
}

struct sum {
	uint64_t packets, offset, size;
	bool	 size_known;
};

static struct sum add_inputs(const struct timeline *timeline)
{
	struct sum sum = { .size_known = true };
	const struct input *inputs;
	size_t n;

	inputs = timeline_inputs(timeline, &n);
	for (size_t i = 0; i < n; i++) {
		sum.packets += inputs[i].packets;
		sum.offset += inputs[i].offset;
		sum.size += inputs[i].size;
		sum.size_known &= inputs[i].size > 0;
	}
	return sum;
}

static void draw_bar(FILE *err, const struct sum *sum, double elapsed_s)
{
	double part = sum->offset < sum->size ? (double)sum->offset / (double)sum->size : 1;
	unsigned full = (unsigned)(part * BAR_CELLS);
	char bar[BAR_CELLS + 1];
	unsigned left_s = part > 0 ? (unsigned)(elapsed_s / part - elapsed_s + 0.5) : 0;

	for (unsigned i = 0; i < BAR_CELLS; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	fprintf(err, "%s %3.0f %%  %u:%02u left  ", bar, part * 100, left_s / 60, left_s % 60);
}

void progress_step(struct progress *progress, const struct timeline *timeline)
{
	char packets[NUMBER_TEXT], rate[NUMBER_TEXT];
	struct mtime now;
	double elapsed_s;
	struct sum sum;

	if (!progress->wanted)
		return;
	now = clock_steady();
	if (now.ns < progress->next.ns)
		return;
	progress->next.ns = now.ns + AGAIN_NS;
	progress->shown = true;
	elapsed_s = (double)(now.ns - progress->began.ns) / (double)NS_PER_S;
	sum = add_inputs(timeline);
	fputs("\r  ", progress->err);
	if (sum.size_known)
		draw_bar(progress->err, &sum, elapsed_s);
	fprintf(progress->err, "%s packets, %s/s\033[K", number_text(sum.packets, packets),
		number_text((uint64_t)((double)sum.packets / elapsed_s), rate));
	fflush(progress->err);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", progress->err);
	progress->shown = false;
}
