/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture file's bytes to packets: the part that pcap and pcapng share.  Dry: whoever reads
 * the file hands the bytes over as they come, in pieces of any size, and a piece that ends
 * inside of a record is handed over again with more behind it.  Memory is bounded whatever the
 * file claims: a record needs at most CAPTURE_RECORD_MAX bytes at once, what is longer is
 * passed over piece by piece.  Knows no file, no compression, and no link layer. */
#ifndef WEIR_SOURCE_CAPTURE_H
#define WEIR_SOURCE_CAPTURE_H

#include "model/packet.h"
#include "source/source.h"

/* libpcap's limit for a packet, too; a record that claims more is broken. */
#define CAPTURE_PACKET_MAX 262144
/* A packet, its headers, and the options that are read. */
#define CAPTURE_RECORD_MAX (CAPTURE_PACKET_MAX + 4096)
/* Interfaces of a section, and links of a file; more share the last one's place. */
#define CAPTURE_INTERFACES_MAX 1024

/* Records of fewer bytes follow each other so closely that the processor fetches them by itself. */
#define CAPTURE_DENSE_BYTES 256
/* From the beginning of a record: what is looked at of nearly every packet lies in the lines of
 * memory of these bytes, and of the first.  A record's header, Ethernet with a tag, IPv4, and what
 * tells packets apart (wire/print.h). */
#define CAPTURE_LINE_BYTES 64
#define CAPTURE_LAST_BYTE (16 + 18 + 20 + 32 - 1)

/* Link type of a packet whose interface the file does not describe. */
#define LINKTYPE_NONE UINT32_MAX
#define LINKTYPE_ETHERNET 1

/* An interface of the section that is read. */
struct interface {
	uint32_t linktype, snaplen;	/* UINT32_MAX: no limit */
	int64_t	 offset_s;		/* if_tsoffset */
	uint16_t link;			/* index of its link in this file */
	uint8_t	 resolution;		/* if_tsresol: 10^-n s, or 2^-n s with bit 7 set */
};

struct capture {
	/* The format's: reads packets off `bytes`; NULL until the magic is seen. */
	size_t (*split)(struct capture *c, struct rd *bytes, struct packet *out, size_t max);
	bool		  is_pcapng;
	bool		  swapped;	/* not in this machine's byte order */
	uint64_t	  offset;	/* of the next byte, in the (unpacked) file */
	uint64_t	  skip;		/* bytes of a record that are passed over ... */
	uint64_t	  skip_from;	/* ... from this offset on */
	uint64_t	  frames, bytes;/* packets so far, and their bytes on the wire */
	uint64_t	  odd[ODD_COUNT];
	struct mtime	  last;		/* of the newest packet */
	struct interface *interfaces;	/* owned; of this section */
	size_t		  interface_count;
	struct link_info *links;	/* owned; sections that tell of the same links share them */
	size_t		  link_count;
	uint16_t	  file;
	bool		  has_undescribed;
	struct interface  undescribed;	/* for packets of an interface that is not described */
	bool		  broken;	/* nothing behind `offset` can be read; `problem` says why */
	unsigned	  time_digits;	/* 6 or 9 */
	unsigned	  fraction_ns;	/* pcap: 1000 or 1 */
	unsigned	  header_size;	/* pcap: of a record */
	unsigned	  lengths;	/* pcap: enum lengths_order */
	char		  problem[160];
};

void capture_init(struct capture *c, uint16_t file);
void capture_release(struct capture *c);

/* The packets at the start of `bytes`, at most `max`, and in *out_used how many bytes are done
 * with.  Where both are 0, more bytes are needed, or the capture is broken.  The packets borrow
 * `bytes`; their link is the interface's number in this file. */
size_t capture_split(struct capture *c, struct span bytes, struct packet *out, size_t max,
		     size_t *out_used);

/* The file ends, with `left` bytes that were not used: true where it ends inside of a record;
 * `problem` then says where. */
bool capture_is_cut(struct capture *c, size_t left);

/* By the packets so far. */
static inline bool capture_is_dense(const struct capture *c)
{
	return c->frames > 0 && c->offset / c->frames < CAPTURE_DENSE_BYTES;
}

/* For the formats.  The next interface of the section, its snaplen as in the file; so is `name`. */
void capture_interface(struct capture *c, struct interface interface, struct span name);
/* What stands for an interface that the file does not describe; counts it. */
const struct interface *capture_undescribed(struct capture *c);
void capture_count_odd(struct capture *c, size_t captured, uint32_t stated, struct mtime at,
		       uint32_t snaplen);
/* Nothing behind here can be read. */
void capture_break(struct capture *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Fills what every packet has, and counts; `stated` is its length on the wire as stated. */
static inline void capture_packet(struct capture *c, struct span bytes, uint32_t stated,
				  struct mtime at, const struct interface *interface,
				  struct packet *out)
{
	*out = (struct packet){
		.at = at,
		.bytes = bytes,
		.frame = ++c->frames,
		.length = stated > bytes.n ? stated : (uint32_t)bytes.n,
		.file = c->file,
		.link = interface->link,
		.linktype = interface->linktype,
	};
	c->bytes += out->length;
	if (__builtin_expect((bytes.n > interface->snaplen) | (bytes.n > stated) | (bytes.n == 0) |
			     (at.ns < c->last.ns), 0))
		capture_count_odd(c, bytes.n, stated, at, interface->snaplen);
	c->last = at;
}

static inline uint32_t capture_u32(const struct capture *c, struct rd *r)
{
	uint32_t v = rd_le32(r);

	KEEP_LOADED(v);				/* the file may be written to */
	return c->swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t capture_u16(const struct capture *c, struct rd *r)
{
	uint16_t v = rd_le16(r);

	return c->swapped ? __builtin_bswap16(v) : v;
}

#endif
