/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir watch --write`: a ring of pcapng files, each of a limited size, which the keeper opens. */
#include <string.h>

#include "cmd/marks.h"
#include "cmd/watch.h"

static void give_up(struct watching *w, int error)
{
	complain(w->io, "cannot write %s: %s", w->options->write, strerror(-error));
	w->status = EXIT_SYSTEM;
}

void watch_end_file(struct watching *w)
{
	int error = pcapng_writer_free(w->writer);

	w->writer = NULL;
	if (error < 0)
		give_up(w, error);
}

bool watch_begin_file(struct watching *w)
{
	unsigned number = w->written_files++ % (unsigned)w->options->write_files;
	int fd = keeper_file(&w->keeper, number);
	int error = fd < 0 ? fd : pcapng_writer_of(fd, &w->writer);

	if (error < 0)
		give_up(w, error);
	return error == 0;
}

/* A file that is full makes room for the next; one that cannot be written ends the writing and
 * nothing else. */
void watch_write(struct watching *w, const struct packet *packet)
{
	const struct pcapng_link link = { .linktype = packet->linktype,
					  .name = w->names[packet->file], .time_digits = 9 };

	marks_write(w->writer, w->judging.engine, w->judging.boundary, &link, packet,
		    w->options->all && w->judging.said.is_multicast);
	if (pcapng_writer_size(w->writer) < w->options->write_mb * 1000000)
		return;
	watch_end_file(w);
	watch_begin_file(w);
}
