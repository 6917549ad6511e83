/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP: TLVs of RFC 3618 12, and how a stream of bytes falls into them.
 * Knows the format only: no TCP, no session, no cache, no RPF check. */
#include "wire/msdp.h"

#include "wire/layers.h"

enum { SA = 1, SA_REQUEST = 2, SA_RESPONSE = 3, KEEPALIVE = 4 };

#define HEADER_BYTES 3
#define SA_FIXED_BYTES 8		/* header, entry count, RP */
#define ENTRY_BYTES 12
#define IP4_HEADER_BYTES 20

static struct observation state(const struct layers *at, enum type type, enum what what,
				bool notice)
{
	struct observation obs = said_statement(at, PROTOCOL_MSDP, type);

	obs.point = POINT_SA;
	obs.what = (uint8_t)what;
	obs.notice = notice;
	return obs;
}

/* 12.2.1: the data is one IPv4 packet, and reflects the last entry in its header. */
static bool data_fits(struct span data, size_t announced, struct addr source, struct addr group)
{
	struct rd r = rd_of(data);
	unsigned version = rd_u8(&r);
	unsigned total;

	rd_skip(&r, 1);
	total = rd_be16(&r);
	rd_skip(&r, 8);
	if (version >> 4 != 4 || (version & 0xf) < 5 || total != announced)
		return false;
	return addr_equal(addr_read4(&r), source) && addr_equal(addr_read4(&r), group) &&
	       rd_ok(&r);
}

/* 12.2.1: Sprefix Len must be 32.  Another one is shown as it is, and what is no prefix length
 * at all contradicts the message. */
static enum anomaly read_entry(struct rd *r, struct observation *obs)
{
	unsigned length;

	rd_skip(r, 3);
	length = rd_u8(r);
	obs->group = addr_read4(r);
	obs->source = addr_read4(r);
	obs->source_len = (uint8_t)length;
	if (!rd_ok(r))
		return ANOMALY_SHORT;
	if (length == 0 || length > 32)
		return ANOMALY_LENGTH;
	if (!addr_is_multicast(obs->group) || addr_is_multicast(obs->source))
		return ANOMALY_ADDRESS;
	return ANOMALY_NONE;
}

/* `length` is the TLV's own: the reader holds less of one that is over MSDP_TLV_MAX. */
static enum anomaly read_sa(struct layers *at, struct rd *r, size_t length, struct said *out)
{
	bool response = at->template.type == TYPE_SA_RESPONSE;
	struct observation obs = state(at, at->template.type,
				       response ? WHAT_NONE : WHAT_SA, response);
	size_t entries = rd_u8(r);
	size_t control = SA_FIXED_BYTES + ENTRY_BYTES * entries;
	size_t announced = length > control ? length - control : 0;

	obs.rp = addr_read4(r);
	if (!rd_ok(r) || length < control)
		return ANOMALY_LENGTH;				/* 13: a format error */
	if (addr_is_multicast(obs.rp))
		return ANOMALY_ADDRESS;
	for (size_t left = entries; left > 0; left--) {
		enum anomaly anomaly = read_entry(r, &obs);

		if (anomaly != ANOMALY_NONE)
			return anomaly;
		if (left == 1 && announced > 0) {
			struct span data = { r->p, rd_left(r) };

			obs.flags |= FLAG_BIT(ENCAPSULATED);
			if (!data_fits(data, announced, obs.source, obs.group))
				obs.flags |= FLAG_BIT(DATA_MISMATCH);
		}
		said_add(out, &obs);
	}
	if (entries == 0) {					/* announces nothing */
		obs.notice = true;
		obs.what = WHAT_NONE;
		said_add(out, &obs);
	}
	if (announced > 0 && !response)
		layers_read_quoted(at, rd_rest(r), out);
	return ANOMALY_NONE;
}

/* Length 8, a group and its prefix length: the form of the drafts before RFC 3618. */
static enum anomaly read_request(struct layers *at, struct rd *r, size_t length,
				 struct said *out)
{
	struct observation obs = state(at, TYPE_SA_REQUEST, WHAT_QUERY, true);

	obs.group_len = rd_u8(r);
	obs.group = addr_read4(r);
	if (!rd_ok(r) || length != 8 || obs.group_len > 32)
		return ANOMALY_LENGTH;
	if (!addr_is_multicast(obs.group))
		return ANOMALY_ADDRESS;
	said_add(out, &obs);
	return ANOMALY_NONE;
}

static enum anomaly read_keepalive(struct layers *at, struct rd *r, size_t length,
				   struct said *out)
{
	struct observation obs = state(at, TYPE_KEEPALIVE, WHAT_NONE, true);

	(void)r;
	if (length != HEADER_BYTES)				/* 12.2.2 */
		return ANOMALY_LENGTH;
	said_add(out, &obs);
	return ANOMALY_NONE;
}

static const struct message {
	uint8_t	      number;
	enum type     type;
	enum anomaly (*read)(struct layers *, struct rd *, size_t, struct said *);
} messages[] = {
	{ SA,	       TYPE_SA,		 read_sa	},
	{ SA_REQUEST,  TYPE_SA_REQUEST,	 read_request	},
	{ SA_RESPONSE, TYPE_SA_RESPONSE, read_sa	},
	{ KEEPALIVE,   TYPE_KEEPALIVE,	 read_keepalive },
};

static const struct message *find_message(unsigned number)
{
	for (size_t i = 0; i < COUNT(messages); i++) {
		if (messages[i].number == number)
			return &messages[i];
	}
	return NULL;
}

void msdp_decode(const struct observation *header, struct span tlv, struct said *out)
{
	struct layers at = { .template = *header, .mark = out->n, .depth = 1 };
	struct rd r = rd_of(tlv);
	const struct message *message = find_message(rd_u8(&r));
	size_t length = rd_be16(&r);
	enum anomaly anomaly = ANOMALY_TYPE;			/* 13: discard, do not reset */

	at.final = at.template.receiver;
	if (!rd_ok(&r) || length < HEADER_BYTES) {
		anomaly = rd_ok(&r) ? ANOMALY_LENGTH : ANOMALY_SHORT;
	} else if (tlv.n < (length < MSDP_TLV_MAX ? length : MSDP_TLV_MAX)) {
		anomaly = ANOMALY_SHORT;
	} else if (message) {
		tlv.n = length < tlv.n ? length : tlv.n;
		r = rd_of(tlv);
		rd_skip(&r, HEADER_BYTES);
		at.template.type = (uint8_t)message->type;
		anomaly = message->read(&at, &r, length, out);
	}
	if (anomaly != ANOMALY_NONE)
		said_only_anomaly(out, &at, PROTOCOL_MSDP, POINT_SA, anomaly);
	else if (length > MSDP_TLV_MAX)				/* 12: the rest is ignored */
		said_flag(out, &at, FLAG_BIT(EXTRA_BYTES));
}

/* 12.2.1: the data must reflect the last of the entries. */
static struct span fitting_data(const struct msdp_sa *sa, struct span data, size_t announced)
{
	struct rd r = sa->entries;
	struct addr group;

	rd_skip(&r, rd_left(&r) - 8);
	group = addr_read4(&r);
	if (!data_fits(data, announced, addr_read4(&r), group))
		return (struct span){ 0 };
	return data;
}

static enum msdp_reading read_sources(struct rd *r, size_t length, struct msdp_sa *out)
{
	struct msdp_sa sa = { .rp = ADDR_NONE };
	size_t entries = rd_u8(r);
	size_t control = SA_FIXED_BYTES + ENTRY_BYTES * entries;

	sa.rp = addr_read4(r);
	sa.entries = rd_sub(r, ENTRY_BYTES * entries);
	if (!rd_ok(r) || length < control)
		return MSDP_BROKEN;
	if (length > control && entries > 0)
		sa.data = fitting_data(&sa, rd_rest(r), length - control);
	sa.data_refused = length > control && sa.data.n == 0;
	*out = sa;
	return MSDP_SOURCES;
}

enum msdp_reading msdp_read(struct span tlv, struct msdp_sa *out)
{
	struct rd r = rd_of(tlv);
	unsigned type = rd_u8(&r);
	size_t length = rd_be16(&r);

	if (!rd_ok(&r) || length < HEADER_BYTES)
		return MSDP_BROKEN;
	switch (type) {
	case SA:
		return read_sources(&r, length, out);
	case KEEPALIVE:						/* 12.2.2 */
		return length == HEADER_BYTES ? MSDP_ALIVE : MSDP_BROKEN;
	default:
		return MSDP_PASSED;
	}
}

bool msdp_entry_next(struct msdp_sa *sa, struct msdp_entry *out)
{
	struct observation obs;
	struct rd *r = &sa->entries;

	if (rd_left(r) == 0)
		return false;
	if (read_entry(r, &obs) != ANOMALY_NONE || obs.source_len != 32)
		*out = (struct msdp_entry){ ADDR_NONE, ADDR_NONE };
	else
		*out = (struct msdp_entry){ obs.source, obs.group };
	return true;
}

void msdp_data_state(struct span data, struct observation *out)
{
	struct rd r = rd_of(data);
	size_t header_bytes = (rd_u8(&r) & 0xfu) * 4;
	bool first;

	rd_skip(&r, 5);
	first = (rd_be16(&r) & 0x1fff) == 0;			/* fragment offset */
	out->ttl = rd_u8(&r);
	out->has_ttl = rd_ok(&r);
	out->ip_protocol = rd_u8(&r);
	rd_skip(&r, 2);
	out->source = addr_read4(&r);
	out->group = addr_read4(&r);
	out->speaker = out->source;
	out->receiver = out->group;
	rd_skip(&r, header_bytes - IP4_HEADER_BYTES);
	out->sport = rd_be16(&r);
	out->dport = rd_be16(&r);
	out->has_ports = rd_ok(&r) && first && (out->ip_protocol == 17 || out->ip_protocol == 6);
	out->point = POINT_DATA;
	out->what = WHAT_SEND;
	out->protocol = out->ip_protocol == 17 ? PROTOCOL_UDP : PROTOCOL_IP;
	out->type = TYPE_DATA;
	out->source_len = out->group_len = 32;
}

/* Whether a TLV may begin here.  Not a decoder: strict, because a wrong begin in the middle of
 * a stream would invent sources. */
enum likeness { LIKELY_NOT, LIKELY_UNDECIDED, LIKELY_TLV };

static enum likeness judge_sa(struct span s)
{
	struct rd r = rd_of(s);
	size_t length, entries;
	uint32_t rp, prefix;
	struct addr group;

	rd_skip(&r, 1);
	length = rd_be16(&r);
	entries = rd_u8(&r);
	rp = rd_be32(&r);
	prefix = rd_be32(&r);
	group = addr_read4(&r);
	if (s.n >= 3 && (length < SA_FIXED_BYTES + ENTRY_BYTES || length > MSDP_TLV_MAX))
		return LIKELY_NOT;
	if (s.n >= 4 && (entries == 0 || length < SA_FIXED_BYTES + ENTRY_BYTES * entries))
		return LIKELY_NOT;
	if (s.n >= 4 && length > SA_FIXED_BYTES + ENTRY_BYTES * entries &&
	    length < SA_FIXED_BYTES + ENTRY_BYTES * entries + IP4_HEADER_BYTES)
		return LIKELY_NOT;
	if (s.n >= 8 && (rp == 0 || addr_is_multicast4(rp)))
		return LIKELY_NOT;
	if (s.n >= 12 && prefix != 32)
		return LIKELY_NOT;
	if (!rd_ok(&r))
		return LIKELY_UNDECIDED;
	return addr_is_multicast(group) ? LIKELY_TLV : LIKELY_NOT;
}

static enum likeness judge_fixed(struct span s, const uint8_t *pattern, size_t n)
{
	if (s.n > 0 && memcmp(s.p, pattern, s.n < n ? s.n : n) != 0)
		return LIKELY_NOT;
	return s.n < n ? LIKELY_UNDECIDED : LIKELY_TLV;
}

static enum likeness judge_begin(struct span s)
{
	static const uint8_t keepalive[] = { KEEPALIVE, 0, HEADER_BYTES };
	static const uint8_t request[] = { SA_REQUEST, 0, 8, 32 };

	if (s.n == 0)
		return LIKELY_UNDECIDED;
	switch (s.p[0]) {
	case SA:
	case SA_RESPONSE:
		return judge_sa(s);
	case SA_REQUEST:
		return judge_fixed(s, request, sizeof(request));
	case KEEPALIVE:
		return judge_fixed(s, keepalive, sizeof(keepalive));
	default:
		return LIKELY_NOT;
	}
}

/* The shape of a Source-Active proves enough; behind a short one the next must be likely. */
static enum likeness judge_place(struct span s)
{
	struct rd r = rd_of(s);
	enum likeness first = judge_begin(s), next = first;

	while (next == LIKELY_TLV && rd_left(&r) > 0 && r.p[0] != SA && r.p[0] != SA_RESPONSE) {
		rd_skip(&r, r.p[0] == KEEPALIVE ? HEADER_BYTES : 8);
		next = judge_begin((struct span){ r.p, rd_left(&r) });
	}
	return first == LIKELY_TLV && next == LIKELY_NOT ? LIKELY_NOT : first;
}

static void drop_kept(struct msdp_framer *f, size_t n)
{
	memmove(f->kept, f->kept + n, f->n - n);
	f->n -= n;
}

static void keep(struct msdp_framer *f, struct span *bytes, size_t n)
{
	n = n < bytes->n ? n : bytes->n;
	if (n > 0)
		memcpy(f->kept + f->n, bytes->p, n);
	f->n += n;
	bytes->p += n;
	bytes->n -= n;
}

/* What was kept and what comes, as far as judging a place needs them side by side. */
static enum likeness judge_here(const struct msdp_framer *f, struct span bytes)
{
	uint8_t both[64];
	struct wr w = wr_of(both, sizeof(both));

	bytes.n = bytes.n < 32 ? bytes.n : 32;
	if (f->n == 0)
		return judge_place(bytes);
	wr_bytes(&w, f->kept, f->n < 32 ? f->n : 32);
	if (f->n < 32)
		wr_bytes(&w, bytes.p, bytes.n);
	return judge_place(wr_span(&w));
}

/* Passes bytes until a TLV may begin.  A place can be judged by its first 16 bytes, so less
 * than that is kept where they have not all come. */
static bool find_begin(struct msdp_framer *f, struct span *bytes)
{
	enum likeness likeness;

	while ((likeness = judge_here(f, *bytes)) == LIKELY_NOT) {
		f->passed = true;
		if (f->n > 0) {
			drop_kept(f, 1);
		} else {
			bytes->p++;
			bytes->n--;
		}
	}
	if (likeness == LIKELY_UNDECIDED)
		keep(f, bytes, bytes->n);
	f->lost = likeness != LIKELY_TLV;
	return !f->lost;
}

static size_t length_of(const uint8_t *tlv)
{
	struct rd r = rd_of((struct span){ tlv, HEADER_BYTES });

	rd_skip(&r, 1);
	return rd_be16(&r);
}

/* The TLV in front, out of `bytes` where it is whole there, else out of what is kept. */
static bool take_tlv(struct msdp_framer *f, struct span *bytes, struct span *out_tlv)
{
	bool direct = f->n == 0 && bytes->n >= HEADER_BYTES;
	size_t length, want;

	if (f->n < HEADER_BYTES && !direct)
		keep(f, bytes, HEADER_BYTES - f->n);
	if (f->n < HEADER_BYTES && !direct)
		return false;
	length = length_of(direct ? bytes->p : f->kept);
	f->lost = length < HEADER_BYTES;
	want = length < MSDP_TLV_MAX ? length : MSDP_TLV_MAX;
	want = want < HEADER_BYTES ? HEADER_BYTES : want;
	if (direct && bytes->n >= want) {
		*out_tlv = (struct span){ bytes->p, want };
		bytes->p += want;
		bytes->n -= want;
	} else {
		if (f->n < want)
			keep(f, bytes, want - f->n);
		if (f->n < want)
			return false;
		*out_tlv = (struct span){ f->kept, want };
		f->given = want;
	}
	f->skip = length > want ? (uint32_t)(length - want) : 0;
	return true;
}

bool msdp_frame_next(struct msdp_framer *framer, struct span *bytes, struct span *out_tlv)
{
	size_t pass;

	drop_kept(framer, framer->given);
	framer->given = 0;
	pass = framer->skip < bytes->n ? framer->skip : bytes->n;
	framer->skip -= (uint32_t)pass;
	bytes->p += pass;
	bytes->n -= pass;
	if (framer->lost && !find_begin(framer, bytes))
		return false;
	return take_tlv(framer, bytes, out_tlv);
}

bool msdp_frame_gap(struct msdp_framer *framer, uint32_t n)
{
	uint64_t left = framer->skip;

	drop_kept(framer, framer->given);
	framer->given = 0;
	if (!framer->lost && n <= left) {
		framer->skip -= n;
		return false;
	}
	if (!framer->lost && framer->n >= HEADER_BYTES)
		left = length_of(framer->kept) - framer->n;
	framer->lost = framer->lost || n > left;
	framer->skip = framer->lost ? 0 : (uint32_t)(left - n);
	framer->n = 0;
	framer->passed = true;
	return true;
}

bool msdp_frame_pass(struct msdp_framer *framer)
{
	if (framer->lost || framer->skip > 0 || framer->n > framer->given)
		return false;
	framer->n = framer->given = 0;
	framer->passed = true;
	return true;
}

void msdp_encode_sa(struct wr *w, struct addr rp, const struct msdp_entry *entries, unsigned n,
		    struct span data)
{
	size_t length = SA_FIXED_BYTES + ENTRY_BYTES * n + data.n;

	if (n > MSDP_ENTRIES_MAX || length > MSDP_TLV_MAX) {
		w->failed = true;
		return;
	}
	wr_u8(w, SA);
	wr_be16(w, (uint16_t)length);
	wr_u8(w, (uint8_t)n);
	addr_write(rp, w);
	for (unsigned i = 0; i < n; i++) {
		wr_be32(w, 32);					/* reserved; Sprefix Len */
		addr_write(entries[i].group, w);
		addr_write(entries[i].source, w);
	}
	wr_bytes(w, data.p, data.n);
}

void msdp_encode_keepalive(struct wr *w)
{
	wr_u8(w, KEEPALIVE);
	wr_be16(w, HEADER_BYTES);
}
