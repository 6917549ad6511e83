/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes packets to a pcapng file, each with a comment.  Wireshark shows the comments and
 * filters by them (frame.comment contains "deny"); tcpdump reads the packets. */
#ifndef WEIR_SINK_PCAPNG_H
#define WEIR_SINK_PCAPNG_H

#include "model/packet.h"

/* Of a packet's link, as the source tells it. */
struct pcapng_link {
	uint32_t    linktype;
	const char *name;			/* "" where it has none */
	unsigned    time_digits;		/* 6 or 9 */
};

struct pcapng_writer;

/* Begins a file, or standard output for "-": 0, or negative errno.  The caller ends it with
 * pcapng_writer_free(). */
int pcapng_writer_new(const char *path, struct pcapng_writer **out);
/* The same to a descriptor that is open, and is the writer's from here on. */
int pcapng_writer_of(int fd, struct pcapng_writer **out);
/* Bytes so far. */
uint64_t pcapng_writer_size(const struct pcapng_writer *w);
/* The link counts when its first packet comes.  The comment may hold any bytes: they are
 * escaped; an empty one is left out. */
void pcapng_write(struct pcapng_writer *w, const struct packet *packet,
		  const struct pcapng_link *link, struct span comment);
/* Ends the file: 0, or negative errno where not all could be written.  NULL is 0. */
int pcapng_writer_free(struct pcapng_writer *w);

#endif
