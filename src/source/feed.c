/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture file: read() in blocks (faster than a mapping, and pipes have none), each behind
 * the unfinished record of the block before. */
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
#include "os/signals.h"

#define PACKED_SIZE (128u << 10)
/* A pipe may be silent for long: how often to ask whether to go on waiting. */
#define WAIT_MS 100

static int open_input(const char *name)
{
	int fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
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
	free(f->packed);
	free(f->buffer);
	f->unpack = NULL;
	f->filter = NULL;
	f->packed = NULL;
	f->buffer = NULL;
}

static void complain(struct feed *f, const char *problem)
{
	struct input *i = &f->books;

	if (i->truncated)
		return;
	i->truncated = true;
	i->truncated_at = f->capture.offset;
	snprintf(i->problem, sizeof(i->problem), "%s, at offset %" PRIu64, problem, i->truncated_at);
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
	size_t n = 0, used;

	while (n == 0 && !c->broken && !f->ended) {
		size_t split = 0;

		if (f->buffer) {
			struct span left = { f->buffer + f->start, f->end - f->start };

			split = capture_split(c, left, out, max, &used);
			f->start += used;
			n = filter_split(f, out, split);
		}
		if (split == 0 && !c->broken)
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

/* Splits all that was read; the unfinished record at its end waits in the feed's own buffer,
 * for the load may be gone when the next one is filled. */
static void split_load(struct feed *f, struct load *out)
{
	struct capture *c = &f->capture;
	size_t n, used;

	do {
		struct span left = { out->buffer + f->start, f->end - f->start };

		if (out->n == out->cap)
			load_grow(out);
		n = capture_split(c, left, out->packets + out->n, out->cap - out->n, &used);
		f->start += used;
		out->n += filter_split(f, out->packets + out->n, n);
	} while (n > 0);
	if (c->broken)
		f->start = f->end;
	memcpy(f->buffer + LOAD_START - (f->end - f->start), out->buffer + f->start,
	       f->end - f->start);
	f->start = LOAD_START - (f->end - f->start);
	f->end = LOAD_START;
}

void feed_fill(struct feed *f, struct load *out)
{
	if (!f->buffer)
		f->buffer = memory_take(LOAD_START);
	out->n = 0;
	while (out->n == 0 && !f->capture.broken && !f->ended) {
		size_t left = f->end - f->start;

		assert(left <= LOAD_START);
		memcpy(out->buffer + f->start, f->buffer + f->start, left);
		f->end = LOAD_START + read_block(f, out->buffer + LOAD_START);
		split_load(f, out);
	}
	tell_links(f, out);
	if (out->n == 0)
		close_books(f, f->end - f->start);
	else
		keep_books(f);
	out->books = f->books;
}
