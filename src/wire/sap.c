/* SPDX-License-Identifier: BSD-2-Clause */
/* SAP: version 1 headers (RFC 2974 6), authentication data passed over, compressed payloads
 * (zlib, RFC 1950) inflated into the decoder's scratch and never beyond it.
 * Knows the format only: who announces how often is the engine's and the policy's. */
#include "wire/sap.h"

#define ZLIB_CONST
#include <zlib.h>

#include "wire/layers.h"
#include "wire/sdp.h"

#define GROUPS_MAX 1024			/* of one announcement */
#define RANGES_MAX 128			/* connection lines that bring new groups */
#define TYPE_MAX 64			/* bytes of a payload type */
#define NAME_MAX_BYTES 256		/* of a session's name that are kept */
#define INFLATE_STATE 16384		/* zlib's own memory, in front of what it puts out */

struct sap {
	unsigned    version;
	bool	    is_delete, is_encrypted, is_compressed, is_authenticated;
	struct addr origin;
	struct span payload;
};

static bool is_version0_group(struct addr group)
{
	return group.family == FAMILY_IP4 && group.lo == 0xe0027fff;	/* 224.2.127.255 */
}

bool sap_is_group(struct addr group)
{
	if (group.family == FAMILY_IP4)
		return group.lo == 0xe0027ffe || is_version0_group(group) ||
		       group.lo == 0xefffffff || group.lo == 0xefc3ffff;
	return group.family == FAMILY_IP6 && group.hi >> 52 == 0xff0 &&
	       (group.hi & UINT64_C(0xffffffffffff)) == 0 && group.lo == 0x27ffe;
}

static bool read_header(struct span bytes, struct sap *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r);
	unsigned auth_words = rd_u8(&r);

	rd_skip(&r, 2);						/* message identifier hash */
	out->version = flags >> 5;
	out->origin = flags & 0x10 ? addr_read6(&r) : addr_read4(&r);
	out->is_delete = flags & 0x04;
	out->is_encrypted = flags & 0x02;
	out->is_compressed = flags & 0x01;
	out->is_authenticated = auth_words > 0;
	rd_skip(&r, auth_words * 4);
	out->payload = rd_rest(&r);
	return rd_ok(&r);
}

/* The payload type that stands in front of the payload; empty where the payload begins with
 * "v=0" (or, in a deletion, with "o=").  False where neither stands there. */
static bool split_type(struct span *payload, struct span *out_type)
{
	struct rd r = rd_of(*payload);
	struct span begin = rd_take(&r, 2);
	const uint8_t *nul;
	size_t n;

	*out_type = (struct span){ 0 };
	if (span_equal(begin, span_of("v=")) || span_equal(begin, span_of("o=")))
		return true;
	nul = payload->n ? memchr(payload->p, 0, payload->n) : NULL;
	n = nul ? (size_t)(nul - payload->p) : 0;
	if (n == 0 || n > TYPE_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (payload->p[i] <= 0x20 || payload->p[i] >= 0x7f)
			return false;
	}
	*out_type = (struct span){ payload->p, n };
	payload->p += n + 1;
	payload->n -= n + 1;
	return true;
}

static voidpf take_memory(voidpf from, uInt n, uInt size)
{
	struct wr *w = from;
	uint8_t *p = w->p;
	size_t bytes = ((size_t)n * size + 15) / 16 * 16;

	if (bytes > (size_t)(w->end - w->p))
		return Z_NULL;
	w->p += bytes;
	return p;
}

static void leave_memory(voidpf from, voidpf p)
{
	(void)from;
	(void)p;
}

/* Inflates the whole payload into the scratch: it fits, or it is an anomaly.  zlib works in the
 * scratch too, and inflates in one call, for which it needs no window of its own. */
static enum anomaly inflate_payload(struct span *payload, struct said *out)
{
	size_t begin = (out->scratch_used + 15) / 16 * 16;
	struct wr state, text;
	z_stream z = { .zalloc = take_memory, .zfree = leave_memory, .opaque = &state };
	int status;

	if (begin + INFLATE_STATE >= SAID_SCRATCH)
		return ANOMALY_CROWDED;
	state = wr_of(out->scratch + begin, INFLATE_STATE);
	text = wr_of(state.end, SAID_SCRATCH - begin - INFLATE_STATE);
	if (inflateInit(&z) != Z_OK)
		return ANOMALY_CROWDED;
	z.next_in = payload->p;
	z.avail_in = (uInt)payload->n;
	z.next_out = text.p;
	z.avail_out = (uInt)(text.end - text.p);
	status = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (status != Z_STREAM_END)
		return z.avail_out == 0 ? ANOMALY_CROWDED : z.avail_in == 0 ? ANOMALY_SHORT
									     : ANOMALY_LENGTH;
	*payload = (struct span){ text.start, z.total_out };
	out->scratch_used = begin + INFLATE_STATE + z.total_out;
	return ANOMALY_NONE;
}

/* The groups of an announcement that were said already: a description names most of them at
 * session level and again with each medium. */
struct ranges {
	struct sdp_groups list[RANGES_MAX];
	size_t		  n;
};

static const struct sdp_groups *find_range(const struct ranges *ranges, struct addr group)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (addr_order(ranges->list[i].first, group) <= 0 &&
		    addr_order(group, ranges->list[i].last) <= 0)
			return &ranges->list[i];
	}
	return NULL;
}

/* One `session` a group.  False where there are more than weir keeps. */
static bool say_groups(const struct sdp_groups *groups, const struct ranges *before,
		       struct observation *obs, struct said *out, unsigned *count)
{
	for (struct addr group = groups->first;; group = addr_next(group)) {
		const struct sdp_groups *known = find_range(before, group);

		if (known) {
			group = known->last;
		} else {
			if (++*count > GROUPS_MAX)
				return false;
			obs->group = group;
			said_add(out, obs);
		}
		if (addr_order(group, groups->last) >= 0)
			return true;
	}
}

/* The session's name is UTF-8 and may be of any length; what is odd about it is noted. */
static void take_name(struct span name, struct observation *obs)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 0x20 || name.p[i] == 0x7f)
			obs->flags |= FLAG_BIT(CONTROL_BYTES);
	}
	if (name.n > NAME_MAX_BYTES) {
		obs->flags |= FLAG_BIT(TOO_LONG);
		name.n = NAME_MAX_BYTES;
	}
	obs->session = name;
}

static enum anomaly read_description(struct span text, struct observation *obs,
				     struct said *out)
{
	struct ranges said_before;
	struct sdp_groups groups;
	unsigned count = 0;

	said_before.n = 0;			/* the list is large, and mostly stays empty */
	take_name(sdp_name(text), obs);
	while (!obs->notice && sdp_groups_next(&text, &groups)) {
		unsigned before = count;

		if (!say_groups(&groups, &said_before, obs, out, &count))
			return ANOMALY_CROWDED;
		if (count == before)
			continue;
		if (said_before.n == RANGES_MAX)
			return ANOMALY_CROWDED;
		said_before.list[said_before.n++] = groups;
	}
	if (count == 0) {
		obs->notice = true;
		said_add(out, obs);
	}
	return ANOMALY_NONE;
}

static bool is_sdp(struct span type)
{
	const char *sdp = "application/sdp";

	return type.n == 0 || (type.n == strlen(sdp) && memcmp(type.p, sdp, type.n) == 0);
}

/* What cannot be looked into is a notice: nobody can tell which groups it announces. */
static enum anomaly read_payload(const struct sap *sap, struct observation *obs, struct said *out)
{
	struct span payload = sap->payload;
	struct span type;
	enum anomaly anomaly = ANOMALY_NONE;

	if (sap->is_compressed && !sap->is_encrypted)
		anomaly = inflate_payload(&payload, out);
	if (anomaly != ANOMALY_NONE)
		return anomaly;
	if (!sap->is_encrypted && !split_type(&payload, &type))
		return payload.n == 0 ? ANOMALY_SHORT : ANOMALY_TYPE;
	if (!sap->is_encrypted && is_sdp(type))
		return read_description(payload, obs, out);
	obs->notice = true;
	said_add(out, obs);
	return ANOMALY_NONE;
}

static enum anomaly say_payload(const struct layers *at, const struct sap *sap, enum point point,
				uint64_t flags, struct said *out)
{
	struct observation obs = said_statement(at, PROTOCOL_SAP, sap->is_delete ? TYPE_DELETE
										 : TYPE_ANNOUNCE);

	obs.point = (uint8_t)point;
	obs.what = sap->is_delete ? WHAT_NONE : WHAT_ANNOUNCE;
	obs.notice = sap->is_delete;
	obs.source = sap->origin;
	obs.flags |= flags;
	return read_payload(sap, &obs, out);
}

/* `sap` is NULL where the header itself is not all there. */
static void say_sessions(const struct layers *at, const struct sap *sap, uint64_t flags,
			 struct said *out)
{
	enum point point = at->is_quoted ? POINT_NONE : POINT_SESSION;
	bool whole = at->cut == 0 && !at->is_fragment;
	enum anomaly anomaly = ANOMALY_SHORT;
	size_t mark = out->n;

	if (sap && (whole || sap->is_encrypted))
		anomaly = say_payload(at, sap, point, flags, out);
	if (anomaly != ANOMALY_NONE)
		said_instead(out, at, mark, PROTOCOL_SAP, point, anomaly);
}

/* Whether this is SAP at all: a header of version 1 (0 on its own group), and behind it
 * something that can be a payload.  What cannot be looked into is believed. */
static bool is_sap(const struct layers *at, const struct sap *sap, bool complete)
{
	bool whole = at->cut == 0 && !at->is_fragment;
	struct span payload = sap->payload, type;

	if (sap->version != 1 &&
	    !(sap->version == 0 && is_version0_group(at->template.receiver)))
		return false;
	if (!complete || !whole)
		return !whole;
	return sap->is_encrypted || sap->is_compressed || split_type(&payload, &type);
}

void sap_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct sap sap = { .version = 0 };
	bool complete = read_header(bytes, &sap);
	bool known = is_sap(at, &sap, complete);
	bool claims = sap.version == 1 && at->template.dport == SAP_PORT;
	uint64_t flags = 0, data = 0;

	if (known && complete) {
		flags |= sap.is_authenticated ? FLAG_BIT(AUTHENTICATED) : 0;
		flags |= sap.is_encrypted ? FLAG_BIT(ENCRYPTED) : 0;
		flags |= sap.is_compressed ? FLAG_BIT(COMPRESSED) : 0;
	}
	if (sap_is_group(at->template.receiver) &&
	    (!known || at->is_fragment || bytes.n + at->cut > SAP_USUAL_MAX))
		data = FLAG_BIT(NOT_SAP);
	if (!at->is_quoted)
		said_data(out, at, known ? PROTOCOL_SAP : PROTOCOL_UDP, flags | data);
	if (known || claims)
		say_sessions(at, complete ? &sap : NULL, flags, out);
}

void sap_encode(struct wr *w, const struct sap_message *message)
{
	bool is6 = message->origin.family == FAMILY_IP6;

	wr_u8(w, (uint8_t)(0x20 | (is6 ? 0x10 : 0) | (message->is_delete ? 0x04 : 0)));
	wr_u8(w, 0);
	wr_be16(w, message->hash);
	addr_write(message->origin, w);
	if (message->type)
		wr_bytes(w, message->type, strlen(message->type) + 1);
	wr_bytes(w, message->payload.p, message->payload.n);
}
