/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator of captures: scenes put frames with their times, in any order; the file is
 * written in the order of time.  The long scenes of the benchmark write as they go. */
#ifndef WEIR_TESTS_GEN_GEN_H
#define WEIR_TESTS_GEN_GEN_H

#include <stdio.h>

#include "gen/frame.h"

/* 2026-11-21 13:00:00 UTC; times of scenes are microseconds behind it. */
#define GEN_START_S INT64_C(1795266000)
#define US_PER_S INT64_C(1000000)

struct gen {
	FILE	     *out;
	uint32_t      snaplen;		/* frames are cut to this; 0: not */
	uint64_t      random;
	unsigned      vlan, service_vlan;	/* tags of the next frames; 0: none */
	bool	      streams;		/* writes at once */
	uint64_t      written;		/* bytes, when it streams */
	struct kept  *kept;		/* frames until gen_finish() sorts them */
	size_t	      n, cap;
	struct frame  frame;
};

void gen_begin(struct gen *g, FILE *out, uint32_t linktype, uint32_t snaplen, bool streams);
void gen_finish(struct gen *g);
/* Puts bytes as a frame; wire: its length on the wire, if more. */
void gen_put(struct gen *g, int64_t at_us, struct span bytes);
/* Finishes the frame that is being built, and puts it. */
void gen_put_frame(struct gen *g, int64_t at_us);

/* Begins an Ethernet frame with the tags that are set. */
struct frame *gen_frame(struct gen *g, struct addr source, struct addr destination);

/* A scene fills a capture; size is in bytes, for the scenes that have one. */
typedef void scene(struct gen *g, uint64_t size);

scene campus_scene, mix_scene, worst_scene, igmp3_scene, pim_scene, msdp_scene, sap_scene, names_scene;
/* Writes its own file: pcapng with one interface for each link type. */
int links_scene(const char *path);

#endif
