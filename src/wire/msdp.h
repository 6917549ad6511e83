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

/* What the IPv4 packet in a Source-Active says of itself, as an observation at `data`: TTL,
 * protocol and ports (section 14).  `data` is what msdp_read() let stand. */
void msdp_data_state(struct span data, struct observation *out);

/* Cuts a byte stream into TLVs, in whatever pieces it comes.  Zeroed is the begin of a stream;
 * `lost` is for one that was picked up in the middle. */
struct msdp_framer {
	uint8_t	 kept[MSDP_TLV_MAX];	/* the begin of what is not yet whole */
	size_t	 n;
	size_t	 given;			/* of these, the TLV that was given out last */
	uint32_t skip;			/* bytes of a TLV to pass without reading them */
	bool	 lost;			/* no TLV begins here for certain: look for one */
	bool	 passed;		/* bytes went by, or never came; the caller clears it */
};

/* Takes from the front of `bytes` up to the end of the next TLV, which lives until the next
 * call.  False when `bytes` is used up.  A TLV whose length is below 3 is given out as its
 * three bytes, and the framer is lost from there on. */
bool msdp_frame_next(struct msdp_framer *framer, struct span *bytes, struct span *out_tlv);
/* The stream goes on n bytes later.  What was begun is dropped; where the next TLV begins is
 * worked out from the length of the one that broke off, or looked for.  False where the hole
 * took nothing that would have been read. */
bool msdp_frame_gap(struct msdp_framer *framer, uint32_t n);

/* The next TLV is begun and broken off, and the stream goes on behind it.  False, and nothing was
 * done, where no TLV begins here for certain. */
bool msdp_frame_pass(struct msdp_framer *framer);

struct msdp_entry {
	struct addr source, group;
};

/* A whole TLV as a speaker reads it. */
enum msdp_reading {
	MSDP_SOURCES,		/* a Source-Active */
	MSDP_ALIVE,
	MSDP_PASSED,		/* RFC 3618 13: silently discarded, the session stays */
	MSDP_BROKEN,		/* 13: a format error, which resets the session */
};

/* What stands in a Source-Active; the spans live as long as the TLV. */
struct msdp_sa {
	struct addr rp;
	struct rd   entries;
	struct span data;		/* of the last entry; empty where it does not fit it */
	bool	    data_refused;	/* there was data that does not */
};

/* `tlv` is what msdp_frame_next() gave out. */
enum msdp_reading msdp_read(struct span tlv, struct msdp_sa *out);
/* The next entry.  False behind the last.  An entry that can mean no source and no group (12.2.1:
 * a prefix length that is not 32, an address of the wrong kind) has ADDR_NONE. */
bool msdp_entry_next(struct msdp_sa *sa, struct msdp_entry *out);

/* A Source-Active TLV with up to MSDP_ENTRIES_MAX entries, `data` (an IPv4 packet, or empty)
 * behind the last. */
void msdp_encode_sa(struct wr *w, struct addr rp, const struct msdp_entry *entries, unsigned n,
		    struct span data);
void msdp_encode_keepalive(struct wr *w);

#endif
