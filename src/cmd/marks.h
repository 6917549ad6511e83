/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets with a comment on what weir thinks of them, for Wireshark: `weir audit --write`. */
#ifndef WEIR_CMD_MARKS_H
#define WEIR_CMD_MARKS_H

#include "engine/engine.h"
#include "sink/pcapng.h"
#include "source/source.h"

/* Writes the engine's latest packet where something was found of it, or `always`. */
void marks_write(struct pcapng_writer *writer, const struct engine *engine,
		 const struct boundary *boundary, const struct pcapng_link *link,
		 const struct packet *packet, bool always);
/* The link of a packet that a timeline gave. */
struct pcapng_link marks_link(const struct timeline *timeline, const struct packet *packet);

#endif
