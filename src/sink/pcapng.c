/* SPDX-License-Identifier: BSD-2-Clause */
/* pcapng, written: one section in this machine's byte order, an Interface Description Block
 * before the first packet of each link, Enhanced Packet Blocks with opt_comment.
 * draft-ietf-opsawg-pcapng.  Knows nothing of verdicts: the comment is the caller's. */
#include "sink/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { BLOCK_INTERFACE = 1, BLOCK_ENHANCED = 6, BLOCK_SECTION = 0x0a0d0d0a };
enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_NAME = 2, OPTION_USER_APPLICATION = 4,
       OPTION_TSRESOL = 9 };

/* An option's length has 16 bits. */
#define OPTION_LENGTH_MAX 65535u

/* A link that has been described; it never changes. */
struct described {
	unsigned id;				/* + 1; 0: not yet */
	unsigned time_digits;
};

struct pcapng_writer {
	FILE	         *file;
	uint64_t	  size;
	int		  error;
	struct described *links;		/* by the packet's link */
	size_t		  link_count;
	unsigned	  ids;
	struct text	  block, comment;
};

static void put(struct text *t, const void *bytes, size_t n)
{
	if (n > 0)
		text_put_n(t, bytes, n);
}

static void put16(struct text *t, unsigned value)
{
	uint16_t v = (uint16_t)value;

	put(t, &v, sizeof(v));
}

static void put32(struct text *t, uint32_t value)
{
	put(t, &value, sizeof(value));
}

static void put_padded(struct text *t, const void *bytes, size_t n)
{
	static const char zeros[4];

	put(t, bytes, n);
	put(t, zeros, (4 - n % 4) % 4);
}

/* Long texts are cut on a whole character. */
static void put_option(struct text *t, unsigned code, const char *bytes, size_t n)
{
	if (n > OPTION_LENGTH_MAX)
		for (n = OPTION_LENGTH_MAX; n > 0 && ((uint8_t)bytes[n] & 0xc0) == 0x80; n--)
			;
	put16(t, code);
	put16(t, (unsigned)n);
	put_padded(t, bytes, n);
}

static void begin_block(struct pcapng_writer *w, uint32_t type)
{
	text_reset(&w->block);
	put32(&w->block, type);
	put32(&w->block, 0);
}

/* Fills both lengths in, and writes. */
static void end_block(struct pcapng_writer *w)
{
	uint32_t length = (uint32_t)w->block.n + 4;

	put32(&w->block, length);
	memcpy(w->block.p + 4, &length, sizeof(length));
	w->size += w->block.n;
	if (fwrite(w->block.p, 1, w->block.n, w->file) != w->block.n && !w->error)
		w->error = errno ? -errno : -EIO;
}

static void write_section(struct pcapng_writer *w)
{
	static const char program[] = "weir " WEIR_VERSION;

	begin_block(w, BLOCK_SECTION);
	put32(&w->block, 0x1a2b3c4d);
	put16(&w->block, 1);
	put16(&w->block, 0);
	put32(&w->block, UINT32_MAX);		/* the section's length: not known */
	put32(&w->block, UINT32_MAX);
	put_option(&w->block, OPTION_USER_APPLICATION, program, sizeof(program) - 1);
	put32(&w->block, OPTION_END);
	end_block(w);
}

int pcapng_writer_new(const char *path, struct pcapng_writer **out)
{
	bool to_stdout = strcmp(path, "-") == 0;
	int fd = to_stdout ? dup(STDOUT_FILENO)
			   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	return fd < 0 ? -errno : pcapng_writer_of(fd, out);
}

uint64_t pcapng_writer_size(const struct pcapng_writer *w)
{
	return w->size;
}

int pcapng_writer_of(int fd, struct pcapng_writer **out)
{
	struct pcapng_writer *w = memory_take(sizeof(*w));

	w->file = fdopen(fd, "wb");
	if (!w->file) {
		int error = -errno;

		close(fd);
		free(w);
		return error;
	}
	setvbuf(w->file, NULL, _IOFBF, 1 << 16);
	write_section(w);
	*out = w;
	return 0;
}

static void write_interface(struct pcapng_writer *w, const struct pcapng_link *link)
{
	char resolution = (char)link->time_digits;

	begin_block(w, BLOCK_INTERFACE);
	put16(&w->block, link->linktype);
	put16(&w->block, 0);
	put32(&w->block, 0);			/* no snap length */
	if (link->name[0])
		put_option(&w->block, OPTION_NAME, link->name, strlen(link->name));
	put_option(&w->block, OPTION_TSRESOL, &resolution, 1);
	put32(&w->block, OPTION_END);
	end_block(w);
}

static const struct described *describe(struct pcapng_writer *w, size_t index,
					const struct pcapng_link *link)
{
	if (index >= w->link_count) {
		w->links = memory_grow(w->links, index + 1, sizeof(*w->links));
		memset(w->links + w->link_count, 0,
		       (index + 1 - w->link_count) * sizeof(*w->links));
		w->link_count = index + 1;
	}
	if (w->links[index].id == 0) {
		w->links[index] = (struct described){ ++w->ids, link->time_digits };
		write_interface(w, link);
	}
	return &w->links[index];
}

void pcapng_write(struct pcapng_writer *w, const struct packet *packet,
		  const struct pcapng_link *link, struct span comment)
{
	const struct described *d = describe(w, packet->link, link);
	uint64_t units = (uint64_t)(d->time_digits == 9 ? packet->at.ns : packet->at.ns / 1000);

	begin_block(w, BLOCK_ENHANCED);
	put32(&w->block, d->id - 1);
	put32(&w->block, (uint32_t)(units >> 32));
	put32(&w->block, (uint32_t)units);
	put32(&w->block, (uint32_t)packet->bytes.n);
	put32(&w->block, packet->length);
	put_padded(&w->block, packet->bytes.p, packet->bytes.n);
	if (comment.n > 0) {
		text_reset(&w->comment);
		text_escape_utf8(&w->comment, comment);
		put_option(&w->block, OPTION_COMMENT, w->comment.p, w->comment.n);
		put32(&w->block, OPTION_END);
	}
	end_block(w);
}

int pcapng_writer_free(struct pcapng_writer *w)
{
	int error;

	if (!w)
		return 0;
	error = w->error;
	if (fclose(w->file) != 0 && !error)
		error = -errno;
	text_release(&w->block);
	text_release(&w->comment);
	free(w->links);
	free(w);
	return error;
}
