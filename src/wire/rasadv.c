/* SPDX-License-Identifier: BSD-2-Clause */
/* rasadv: "Hostname=NAME LF [Domain=DOMAIN LF] NUL", [MS-RASA] 2.2, read generously and noted
 * exactly.  Knows no inventory and no list of authorised servers. */
#include "wire/rasadv.h"

#include "wire/layers.h"

#define HOSTNAME "Hostname="
#define DOMAIN "Domain="

struct addr rasadv_group(void)
{
	return addr_of4(0xefff0202);			/* 239.255.2.2 */
}

static bool begins_with(struct span s, const char *word)
{
	return s.n >= strlen(word) && memcmp(s.p, word, strlen(word)) == 0;
}

/* Where the word begins within s; s.n where it does not occur. */
static size_t find_word(struct span s, const char *word)
{
	for (size_t i = 0; i + strlen(word) <= s.n; i++) {
		if (memcmp(s.p + i, word, strlen(word)) == 0)
			return i;
	}
	return s.n;
}

static size_t find_byte(struct span s, uint8_t byte)
{
	const uint8_t *p = s.n ? memchr(s.p, byte, s.n) : NULL;

	return p ? (size_t)(p - s.p) : s.n;
}

/* What names are made of, and how long they are: for the notes. */
static uint64_t judge_name(struct span *name)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < name->n; i++) {
		if (name->p[i] >= 0x80)
			flags |= FLAG_BIT(NOT_ASCII);
		else if (name->p[i] < 0x20 || name->p[i] == 0x7f)
			flags |= FLAG_BIT(CONTROL_BYTES);
	}
	if (name->n > RASADV_NAME_MAX) {
		flags |= FLAG_BIT(TOO_LONG);
		name->n = RASADV_NAME_MAX;
	}
	return flags;
}

/* The name in front of a line feed, or of the dot that the specification's example shows in its
 * place: before "Domain=", or as the last character of all.  Absent where the capture ends
 * inside of it. */
static struct span read_name(struct rd *r, bool is_whole, uint64_t *flags)
{
	struct span rest = { r->p, rd_left(r) };
	size_t end = find_byte(rest, '\n');
	size_t dot = find_word((struct span){ rest.p, end }, "." DOMAIN);
	struct span name;

	if (dot < end)
		end = dot;
	else if (is_whole && end == rest.n && end > 0 && rest.p[end - 1] == '.')
		dot = --end;
	else
		dot = rest.n;
	name = rd_take(r, end);
	if (dot < rest.n)
		*flags |= FLAG_BIT(DOT_FOR_LF);
	else if (end == rest.n && is_whole)
		*flags |= FLAG_BIT(NO_LF);
	if (rd_left(r) > 0)
		rd_skip(r, 1);
	else if (!is_whole)
		return (struct span){ 0 };
	*flags |= judge_name(&name);
	return name;
}

/* Whether what is left behind the names may be the begin of a domain that the capture cut. */
static bool may_be_domain(const struct rd *r)
{
	return rd_left(r) < strlen(DOMAIN) && memcmp(r->p, DOMAIN, rd_left(r)) == 0;
}

/* `whole`: nothing of the payload is missing at its end. */
static void read_names(struct span payload, bool whole, struct observation *obs)
{
	size_t nul = find_byte(payload, 0);
	bool has_nul = nul < payload.n;
	struct rd r = rd_of((struct span){ payload.p, nul });

	if (!has_nul && whole)
		obs->flags |= FLAG_BIT(NO_NUL);
	rd_skip(&r, strlen(HOSTNAME));
	obs->hostname = read_name(&r, whole || has_nul, &obs->flags);
	if (begins_with((struct span){ r.p, rd_left(&r) }, DOMAIN)) {
		rd_skip(&r, strlen(DOMAIN));
		obs->domain = read_name(&r, whole || has_nul, &obs->flags);
	}
	if ((rd_left(&r) > 0 && (whole || has_nul || !may_be_domain(&r))) ||
	    (has_nul && nul + 1 < payload.n))
		obs->flags |= FLAG_BIT(EXTRA_BYTES);
}

/* A payload of which the begin alone was captured may be one as far as it goes. */
static bool is_advertisement(struct span payload, bool whole)
{
	size_t n = strlen(HOSTNAME);

	if (!whole && payload.n < n)
		n = payload.n;
	return payload.n >= n && (n == 0 || memcmp(payload.p, HOSTNAME, n) == 0);
}

static uint64_t judge_headers(const struct observation *header)
{
	uint64_t flags = 0;

	if (header->has_ttl && header->ttl > RASADV_TTL)
		flags |= FLAG_BIT(TTL_ABOVE_15);
	if (header->dport != RASADV_PORT)
		flags |= FLAG_BIT(WRONG_PORT);
	if (!addr_equal(header->receiver, rasadv_group()))
		flags |= FLAG_BIT(WRONG_GROUP);
	return flags;
}

/* The packet as a packet, whatever is in it. */
static struct observation state_data(const struct layers *at)
{
	struct observation obs = said_statement(at, PROTOCOL_UDP, TYPE_DATA);

	obs.point = at->is_quoted ? POINT_NONE : POINT_DATA;
	obs.what = WHAT_SEND;
	obs.source = obs.speaker;
	obs.group = obs.receiver;
	return obs;
}

void rasadv_decode(const struct layers *at, struct span bytes, struct said *out)
{
	const uint64_t wrong = FLAG_BIT(WRONG_PORT) | FLAG_BIT(WRONG_GROUP);
	bool whole = at->cut == 0 && !at->is_fragment;
	bool has_word = bytes.n >= strlen(HOSTNAME);
	uint64_t flags = judge_headers(&at->template);
	struct observation obs = state_data(at);
	struct layers message = *at;

	if (is_advertisement(bytes, whole) && (has_word || !(flags & wrong))) {
		obs.protocol = PROTOCOL_RASADV;
		obs.type = TYPE_ADVERTISEMENT;
		obs.what = WHAT_ADVERTISE;
		obs.flags |= flags;
		if (has_word)
			read_names(bytes, whole, &obs);
		said_add(out, &obs);
		return;
	}
	obs.flags |= flags & wrong;
	if (!at->is_quoted)
		said_add(out, &obs);
	if (flags & wrong)
		return;
	message.mark = out->n;
	said_only_anomaly(out, &message, PROTOCOL_RASADV,
			  at->is_quoted ? POINT_NONE : POINT_DATA,
			  has_word ? ANOMALY_TYPE : ANOMALY_SHORT);
}

bool rasadv_name_is_plain(struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= 0x20 || name.p[i] >= 0x7f)
			return false;
	}
	return name.n > 0 && name.n <= RASADV_NAME_MAX && find_word(name, "." DOMAIN) == name.n;
}

void rasadv_encode(struct wr *w, struct span hostname, struct span domain)
{
	if (!rasadv_name_is_plain(hostname) ||
	    (domain.n > 0 && !rasadv_name_is_plain(domain))) {
		w->failed = true;
		return;
	}
	wr_bytes(w, HOSTNAME, strlen(HOSTNAME));
	wr_bytes(w, hostname.p, hostname.n);
	wr_u8(w, '\n');
	if (domain.n > 0) {
		wr_bytes(w, DOMAIN, strlen(DOMAIN));
		wr_bytes(w, domain.p, domain.n);
		wr_u8(w, '\n');
	}
	wr_u8(w, 0);
}
