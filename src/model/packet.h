/* SPDX-License-Identifier: BSD-2-Clause */
/* One captured frame, as a source hands it on. */
#ifndef WEIR_MODEL_PACKET_H
#define WEIR_MODEL_PACKET_H

#include "base/bytes.h"
#include "base/mtime.h"

/* The bytes are the source's, and live until its next batch is asked for. */
struct packet {
	struct mtime	at;
	struct span	bytes;			/* captured: at most `length` on the wire */
	uint64_t	frame;			/* 1-based number within its file */
	uint32_t	length;			/* on the wire, in bytes */
	/* and what a file's packets mostly have in common: */
	uint16_t	file;			/* index of the input */
	uint16_t	link;			/* index of the interface within all inputs */
	uint32_t	linktype;		/* LINKTYPE_* of the pcap registry */
	uint32_t	checksums_unreliable;	/* 0, or 1: offloaded, never flag them */
};

#endif
