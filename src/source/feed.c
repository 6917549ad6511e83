/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture file: read() in blocks (faster than a mapping, and pipes have none), each behind
 * the unfinished record of the block before. */
#include "source/feed.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/signals.h"

/* Where blocks are read to, so that they begin on a page. */
#define BLOCK_START ((CAPTURE_RECORD_MAX + 4095) / 4096 * 4096)
#define PACKED_SIZE (128u << 10)

static int open_input(const char *name)
{
	int fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

int feed_open(struct feed *f, struct input *input, uint16_t file, size_t block)
{
	struct stat status;
	int fd = open_input(input->name);

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0 || S_ISDIR(status.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	*f = (struct feed){
		.input = input,
		.fd = fd,
		.is_regular = S_ISREG(status.st_mode) && strcmp(input->name, "-") != 0,
		.block = block,
		.start = BLOCK_START,
		.end = BLOCK_START,
	};
	capture_init(&f->capture, file);
	input->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	input->offset = 0;
	return 0;
}

void feed_close(struct feed *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	unpack_free(f->unpack);
	free(f->packed);
	free(f->buffer);
	f->unpack = NULL;
	f->packed = NULL;
	f->buffer = NULL;
}

static void complain(struct feed *f, const char *problem)
{
	struct input *i = f->input;

	i->truncated = true;
	i->truncated_at = f->capture.offset;
	snprintf(i->problem, sizeof(i->problem), "%s, at offset %" PRIu64, problem, i->truncated_at);
}

/* As read(), but interrupted only by what asks the program to stop; that, or an error, counts as
 * the end. */
static size_t read_file(struct feed *f, uint8_t *out, size_t n)
{
	ssize_t got;

	do
		got = read(f->fd, out, n);
	while (got < 0 && errno == EINTR && !signals_stop_asked());
	if (got < 0 && errno != EINTR)
		complain(f, strerror(errno));
	if (got <= 0)
		return 0;
	f->input->offset += (uint64_t)got;
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
	if (!problem && got == 0 && !unpack_is_whole(f->unpack))
		problem = "the packed data are cut off";
	if (problem && !f->input->truncated)
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

/* A block more, behind what is not used yet. */
static void read_block(struct feed *f)
{
	size_t left = f->end - f->start;
	uint8_t *block;
	size_t got;

	assert(left <= BLOCK_START);
	if (!f->buffer) {
		f->buffer = malloc(BLOCK_START + f->block);
		if (!f->buffer)
			memory_exhausted();
		block = f->buffer + BLOCK_START;
		got = read_first(f, block, f->block);
	} else {
		block = f->buffer + BLOCK_START;
		memmove(block - left, f->buffer + f->start, left);
		got = f->unpack ? read_packed(f, block, f->block) : read_file(f, block, f->block);
	}
	f->start = BLOCK_START - left;
	f->end = BLOCK_START + got;
	f->ended = got == 0;
}

static void keep_books(struct feed *f)
{
	struct input *i = f->input;
	const struct capture *c = &f->capture;

	i->packets = c->frames;
	i->bytes = c->bytes;
	i->time_digits = c->time_digits;
	memcpy(i->odd, c->odd, sizeof(i->odd));
}

size_t feed_next(struct feed *f, struct packet *out, size_t max)
{
	struct capture *c = &f->capture;
	size_t n = 0, used;

	while (n == 0 && !c->broken && !f->ended) {
		if (f->buffer) {
			struct span left = { f->buffer + f->start, f->end - f->start };

			n = capture_split(c, left, out, max, &used);
			f->start += used;
		}
		if (n == 0 && !c->broken)
			read_block(f);
	}
	keep_books(f);
	if (n == 0 && capture_is_cut(c, f->end - f->start) && !f->input->truncated)
		complain(f, c->problem);
	return n;
}
