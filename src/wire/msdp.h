/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP: what peers say of active sources.  RFC 3618.  The framing of a byte stream into TLVs,
 * what one TLV says, and the TLVs that weir can write.
 * Knows no TCP: engine/stream puts the stream together. */
#ifndef WEIR_WIRE_MSDP_H
#define WEIR_WIRE_MSDP_H

#include "wire/wire.h"

#define MSDP_PORT 639
#define MSDP_TLV_MAX 9192		/* RFC 3618 12.1: the longest TLV, in bytes */
#define MSDP_ENTRIES_MAX 255

/* What one TLV says: an `sa` for each entry of a Source-Active, notices for the rest, or one
 * anomaly.  `header` is the observation of the segment that completed the TLV; `tlv` begins
 * with the type and holds the whole TLV, or the first MSDP_TLV_MAX bytes of a longer one. */
void msdp_decode(const struct observation *header, struct span tlv, struct said *out);

/* Cuts a byte stream into TLVs, in whatever pieces it comes.  Zeroed is a stream's begin. */
struct msdp_framer {
	uint8_t	 kept[MSDP_TLV_MAX];	/* the begin of a TLV that is not yet whole */
	size_t	 n;
	uint32_t skip;			/* bytes of a TLV to pass without reading them */
	bool	 lost;			/* no TLV begins here for certain: look for one */
	bool	 passed;		/* bytes were passed before a TLV was found again */
};

enum msdp_frame {
	MSDP_FRAME_NONE,		/* nothing more: `bytes` is used up */
	MSDP_FRAME_TLV,			/* a TLV; its span lives until the next call */
	MSDP_FRAME_BROKEN,		/* a length below 3: the framer is lost from here on */
};

/* Takes from the front of `bytes` up to the next TLV. */
enum msdp_frame msdp_frame_next(struct msdp_framer *framer, struct span *bytes,
				struct span *out_tlv);
/* The stream goes on n bytes later: what was begun is dropped, and where the next TLV begins
 * is worked out from the length of the one that was cut, or looked for.  True where a TLV had
 * begun or began inside of the hole. */
bool msdp_frame_gap(struct msdp_framer *framer, uint32_t n);

struct msdp_entry {
	struct addr source, group;
};

/* A Source-Active TLV with up to MSDP_ENTRIES_MAX entries, `data` (an IPv4 packet, or empty)
 * behind the last. */
void msdp_encode_sa(struct wr *w, struct addr rp, const struct msdp_entry *entries, unsigned n,
		    struct span data);
void msdp_encode_keepalive(struct wr *w);

#endif
