/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture file: looked at where the kernel keeps it, or, where it is packed or no file that can
 * be mapped, by read() in blocks, each behind the unfinished record of the block before. */
#include "source/feed.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/file_view.h"
#include "os/signals.h"
#include "source/scout.h"

#define PACKED_SIZE (128u << 10)
/* Of a view at a time: what the scout fetches of it stays in the second cache. */
#define WINDOW (1u << 20)
/* Of small packets, where several loads are there at once, each with what its packets say. */
#define DENSE_WINDOW (256u << 10)
/* So many windows stay behind it, for loads that others look at. */
#define WINDOWS_KEPT 8
/* A pipe may be silent for long: how often to ask whether to go on waiting. */
#define WAIT_MS 100

static const char shrank[] = "the file shrank while it was read";

static int open_input(const char *name)
{
	int fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

/* Where the kernel keeps the file, unless it is packed or cannot be mapped.  Whoever opens files does
 * it, for views are made by one thread. */
static void open_view(struct feed *f)
{
	size_t size = (size_t)f->books.size;

	f->view = file_view_new(f->fd, size);
	if (!f->view || !file_view_fetch(f->view, 0, 4) ||
	    packing_of((struct span){ file_view_bytes(f->view), 4 }) != PACKING_NONE) {
		file_view_free(f->view);
		f->view = NULL;
		return;
	}
	f->begun = f->is_viewed = true;
	f->view_size = size;
	f->start = f->end = 0;
}

int feed_open(struct feed *f, const char *name, uint16_t file, size_t block,
	      const struct timeline_options *options)
{
	struct stat status;
	int fd = open_input(name);

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0 || S_ISDIR(status.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	*f = (struct feed){
		.books.name = name,
		.fd = fd,
		.is_regular = S_ISREG(status.st_mode) && strcmp(name, "-") != 0,
		.filter = filter_new(options),
		.block = block,
		.start = LOAD_START,
		.end = LOAD_START,
	};
	capture_init(&f->capture, file);
	f->books.size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	if (options->shares && f->is_regular)
		open_view(f);
	return 0;
}

void feed_close(struct feed *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	unpack_free(f->unpack);
	filter_free(f->filter);
	capture_release(&f->capture);
	file_view_free(f->view);
	free(f->packed);
	free(f->buffer);
	f->unpack = NULL;
	f->filter = NULL;
	f->packed = NULL;
	f->buffer = NULL;
	f->view = NULL;
}

static void complain_in(struct input *books, const char *problem, uint64_t at)
{
	if (books->truncated)
		return;
	books->truncated = true;
	books->truncated_at = at;
	snprintf(books->problem, sizeof(books->problem), "%s, at offset %" PRIu64, problem, at);
}

static void complain(struct feed *f, const char *problem)
{
	complain_in(&f->books, problem, f->capture.offset);
}

void feed_settle(const struct feed *f, struct input *books)
{
	if (f->view && file_view_is_lost(f->view))
		complain_in(books, shrank, f->capture.offset);
}

static bool is_stopped(const struct feed *f)
{
	return signals_stop_asked() || (f->stop && __atomic_load_n(f->stop, __ATOMIC_RELAXED));
}

/* False where nobody wants to wait any longer. */
static bool wait_for_bytes(const struct feed *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	if (f->is_regular)
		return true;
	while (!is_stopped(f))
		if (poll(&p, 1, WAIT_MS) > 0)
			return true;
	return false;
}

/* As read(); an error counts as the end, and so does a wish to stop. */
static size_t read_file(struct feed *f, uint8_t *out, size_t n)
{
	ssize_t got = -1;

	errno = EINTR;
	while (got < 0 && errno == EINTR) {
		if (!wait_for_bytes(f))
			return 0;
		got = read(f->fd, out, n);
	}
	if (got < 0)
		complain(f, strerror(errno));
	if (got <= 0)
		return 0;
	f->books.offset += (uint64_t)got;
	return (size_t)got;
}

static size_t read_packed(struct feed *f, uint8_t *out, size_t n)
{
	const char *problem = NULL;
	size_t got = 0;
	bool more = true;

	while (got == 0 && more && !problem) {
		if (rd_left(&f->packed_left) == 0) {
			size_t in = read_file(f, f->packed, PACKED_SIZE);

			f->packed_left = rd_of((struct span){ f->packed, in });
			more = in > 0;
		}
		problem = unpack_run(f->unpack, &f->packed_left, out, n, &got);
	}
	if (!problem && got == 0 && !unpack_is_whole(f->unpack) && !is_stopped(f))
		problem = "the packed data are cut off";
	if (problem)
		complain(f, problem);
	return got;
}

/* The first read finds out whether the file is packed. */
static size_t read_first(struct feed *f, uint8_t *out, size_t n)
{
	size_t got = 0, more;
	enum packing packing;

	do {
		more = read_file(f, out + got, n - got);
		got += more;
	} while (more > 0 && got < 4);
	packing = packing_of((struct span){ out, got });
	if (packing == PACKING_NONE)
		return got;
	f->unpack = unpack_new(packing);
	f->packed = memory_take(n > PACKED_SIZE ? n : PACKED_SIZE);
	memcpy(f->packed, out, got);
	f->packed_left = rd_of((struct span){ f->packed, got });
	return read_packed(f, out, n);
}

static size_t read_block(struct feed *f, uint8_t *out)
{
	size_t got;

	if (!f->begun)
		got = read_first(f, out, f->block);
	else
		got = f->unpack ? read_packed(f, out, f->block) : read_file(f, out, f->block);
	f->begun = true;
	f->ended = got == 0;
	return got;
}

static void keep_books(struct feed *f)
{
	struct input *i = &f->books;
	const struct capture *c = &f->capture;

	i->packets = c->frames;
	i->bytes = c->bytes;
	i->time_digits = c->time_digits;
	memcpy(i->odd, c->odd, sizeof(i->odd));
}

/* At the end: `left` bytes belong to no whole record. */
static void close_books(struct feed *f, size_t left)
{
	keep_books(f);
	if (capture_is_cut(&f->capture, left) && (f->capture.broken || !is_stopped(f)))
		complain(f, f->capture.problem);
}

/* Link types may turn up on the way: where the filter means nothing none of their packets
 * passes. */
static size_t filter_split(struct feed *f, struct packet *packets, size_t n)
{
	char problem[160];

	if (!f->filter)
		return n;
	for (; f->filter_links < f->capture.link_count; f->filter_links++) {
		if (filter_prepare(f->filter, f->capture.links[f->filter_links].linktype, problem))
			continue;
		f->filter_refused = true;
		memcpy(f->books.problem, problem, sizeof(problem));
	}
	return filter_packets(f->filter, packets, n);
}

/* --- where the kernel keeps it --- */

/* From here on the file is read: it may have grown, or it is the end. */
static void close_view(struct feed *f)
{
	size_t left = f->end - f->start;

	assert(left <= LOAD_START);
	f->buffer = memory_room(LOAD_START + f->block, 1);
	memcpy(f->buffer + LOAD_START - left, file_view_bytes(f->view) + f->start, left);
	if (lseek(f->fd, (off_t)f->end, SEEK_SET) < 0)
		f->ended = true;
	f->is_viewed = false;
	f->start = LOAD_START - left;
	f->end = LOAD_START;
}

/* One window more. */
static void view_more(struct feed *f, size_t window)
{
	size_t end = f->view_size - f->end < window ? f->view_size : f->end + window;
	struct span bytes;

	if (f->start > WINDOWS_KEPT * window)
		file_view_pass(f->view, f->start - WINDOWS_KEPT * window);
	if (f->end == f->view_size || file_view_is_lost(f->view) ||
	    !file_view_fetch(f->view, f->end, end)) {
		close_view(f);
		return;
	}
	bytes = (struct span){ file_view_bytes(f->view) + f->start, end - f->start };
	scout_run(&f->capture, bytes);
	f->end = end;
	f->books.offset = end;
}

/* As capture_split(), of what was read or is viewed.  What is gone from a view was no packets. */
static size_t split(struct feed *f, const uint8_t *bytes, struct packet *out, size_t max)
{
	struct capture *c = &f->capture;
	uint64_t frames = c->frames, on_wire = c->bytes;
	size_t used, n;

	n = capture_split(c, (struct span){ bytes + f->start, f->end - f->start }, out, max, &used);
	f->start += used;
	if (!f->is_viewed || !file_view_is_lost(f->view))
		return n;
	c->frames = frames;
	c->bytes = on_wire;
	capture_break(c, "%s", shrank);
	return 0;
}

/* --- some packets at a time --- */

/* A block more, behind what is not used yet. */
static void read_behind(struct feed *f)
{
	size_t left = f->end - f->start;

	assert(left <= LOAD_START);
	if (!f->buffer)
		f->buffer = memory_room(LOAD_START + f->block, 1);
	memmove(f->buffer + LOAD_START - left, f->buffer + f->start, left);
	f->start = LOAD_START - left;
	f->end = LOAD_START + read_block(f, f->buffer + LOAD_START);
}

size_t feed_next(struct feed *f, struct packet *out, size_t max)
{
	struct capture *c = &f->capture;
	size_t n = 0;

	while (n == 0 && !c->broken && !f->ended) {
		size_t all = 0;

		if (f->buffer || f->is_viewed) {
			all = split(f, f->is_viewed ? file_view_bytes(f->view) : f->buffer, out,
				    max);
			n = filter_split(f, out, all);
		}
		if (all > 0 || c->broken)
			continue;
		if (f->is_viewed)
			view_more(f, WINDOW);
		else
			read_behind(f);
	}
	if (n == 0)
		close_books(f, f->end - f->start);
	else
		keep_books(f);
	return n;
}

/* --- a block at a time --- */

static void tell_links(struct feed *f, struct load *out)
{
	out->link_count = 0;
	if (f->capture.link_count <= f->links_told)
		return;
	out->link_count = f->capture.link_count - f->links_told;
	out->links = memory_grow(out->links, out->link_count, sizeof(*out->links));
	memcpy(out->links, f->capture.links + f->links_told, out->link_count * sizeof(*out->links));
	f->links_told = f->capture.link_count;
}

/* All that was read. */
static void split_load(struct feed *f, struct load *out, const uint8_t *bytes)
{
	size_t n;

	do {
		if (out->n == out->cap)
			load_grow(out);
		n = split(f, bytes, out->packets + out->n, out->cap - out->n);
		out->n += filter_split(f, out->packets + out->n, n);
	} while (n > 0);
	if (f->capture.broken)
		f->start = f->end;
}

/* The unfinished record at the block's end waits in the feed's own buffer, for the load may be gone
 * when the next one is filled. */
static void read_load(struct feed *f, struct load *out)
{
	size_t left = f->end - f->start;

	assert(left <= LOAD_START);
	if (!f->buffer)
		f->buffer = memory_take(LOAD_START);
	memcpy(out->buffer + f->start, f->buffer + f->start, left);
	f->end = LOAD_START + read_block(f, out->buffer + LOAD_START);
	split_load(f, out, out->buffer);
	memcpy(f->buffer + LOAD_START - (f->end - f->start), out->buffer + f->start,
	       f->end - f->start);
	f->start = LOAD_START - (f->end - f->start);
	f->end = LOAD_START;
}

void feed_fill(struct feed *f, struct load *out)
{
	out->n = 0;
	while (out->n == 0 && !f->capture.broken && !f->ended) {
		if (f->is_viewed)
			view_more(f, capture_is_dense(&f->capture) ? DENSE_WINDOW : WINDOW);
		out->is_shared = f->is_viewed;
		if (f->is_viewed)
			split_load(f, out, file_view_bytes(f->view));
		else
			read_load(f, out);
	}
	tell_links(f, out);
	if (out->n == 0)
		close_books(f, f->end - f->start);
	else
		keep_books(f);
	out->books = f->books;
}
