/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: text and arithmetic.  RFC 4291 2.2, RFC 5952.  Knows no registry, no policy. */
#include "net/addr.h"

#include <stdio.h>
#include <string.h>

bool addr_is_link_local_group(struct addr group)
{
	if (group.family == FAMILY_IP4)
		return addr_is_link_local4((uint32_t)group.lo);
	return addr_is_multicast(group) && addr_is_link_local6(group.hi);
}

bool addr_is_scoped_group(struct addr group)
{
	unsigned scope;

	if (group.family == FAMILY_IP4)
		return group.lo >> 24 == 239;
	if (!addr_is_multicast(group))
		return false;
	scope = (unsigned)(group.hi >> 48 & 0xf);
	return scope >= 3 && scope <= 0xd;
}

static uint64_t low_bits(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* The host bits of a prefix of this length: ones where an address may vary. */
static void host_mask(struct addr a, unsigned length, uint64_t *out_hi, uint64_t *out_lo)
{
	unsigned host = addr_bits(a) - length;

	*out_lo = low_bits(host);
	*out_hi = host > 64 ? low_bits(host - 64) : 0;
}

struct addr addr_first(struct addr a, unsigned length)
{
	uint64_t hi, lo;

	host_mask(a, length, &hi, &lo);
	return (struct addr){ a.hi & ~hi, a.lo & ~lo, a.family };
}

struct addr addr_last(struct addr a, unsigned length)
{
	uint64_t hi, lo;

	host_mask(a, length, &hi, &lo);
	return (struct addr){ a.hi | hi, a.lo | lo, a.family };
}

struct addr addr_next(struct addr a)
{
	if (a.family == FAMILY_IP4)
		a.lo = (a.lo + 1) & UINT32_MAX;
	else if (++a.lo == 0)
		a.hi++;
	return a;
}

struct addr addr_previous(struct addr a)
{
	if (a.family == FAMILY_IP4)
		a.lo = (a.lo - 1) & UINT32_MAX;
	else if (a.lo-- == 0)
		a.hi--;
	return a;
}

static bool parse4(const char *s, size_t n, uint32_t *out)
{
	uint32_t value = 0;
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		unsigned octet = 0;
		size_t from = i;

		if (part > 0 && (i >= n || s[i++] != '.'))
			return false;
		if (part > 0)
			from = i;
		for (; i < n && i - from < 3 && s[i] >= '0' && s[i] <= '9'; i++)
			octet = octet * 10 + (unsigned)(s[i] - '0');
		if (i == from || octet > 255 || (i - from > 1 && s[from] == '0'))
			return false;
		value = value << 8 | octet;
	}
	if (i != n)
		return false;
	*out = value;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One group of 1 to 4 hex digits; its length, or 0. */
static size_t parse_hextet(const char *s, size_t n, uint16_t *out)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; i < n && i < 4 && hex_digit(s[i]) >= 0; i++)
		value = value << 4 | (unsigned)hex_digit(s[i]);
	*out = (uint16_t)value;
	return i;
}

struct hextets {
	uint16_t at[8];
	unsigned n;
	int	 gap;			/* where "::" stood, or -1 */
};

/* Puts the groups behind "::" at the end. */
static bool close_gap(struct hextets *h)
{
	unsigned tail;

	if (h->gap < 0)
		return h->n == 8;
	if (h->n > 7)
		return false;
	tail = h->n - (unsigned)h->gap;
	memmove(&h->at[8 - tail], &h->at[h->gap], tail * sizeof(h->at[0]));
	memset(&h->at[h->gap], 0, (8 - h->n) * sizeof(h->at[0]));
	return true;
}

static bool parse_hextets(const char *s, size_t n, struct hextets *h)
{
	size_t i = 0;

	if (n >= 2 && s[0] == ':' && s[1] == ':') {
		h->gap = 0;
		i = 2;
	}
	while (i < n) {
		uint32_t v4;
		size_t len;

		if (h->n <= 6 && memchr(s + i, '.', n - i) && !memchr(s + i, ':', n - i)) {
			if (!parse4(s + i, n - i, &v4))
				return false;
			h->at[h->n++] = (uint16_t)(v4 >> 16);
			h->at[h->n++] = (uint16_t)v4;
			return true;
		}
		if (h->n >= 8 || (len = parse_hextet(s + i, n - i, &h->at[h->n])) == 0)
			return false;
		h->n++;
		i += len;
		if (i == n)
			return true;
		if (s[i++] != ':' || i == n)
			return false;
		if (s[i] == ':') {
			if (h->gap >= 0)
				return false;
			h->gap = (int)h->n;
			i++;
		}
	}
	return true;
}

bool addr_parse(const char *text, size_t n, struct addr *out)
{
	struct hextets h = { .gap = -1 };
	uint32_t v4;
	struct addr a = addr_of6(0, 0);

	if (!memchr(text, ':', n)) {
		if (!parse4(text, n, &v4))
			return false;
		*out = addr_of4(v4);
		return true;
	}
	if (!parse_hextets(text, n, &h) || !close_gap(&h))
		return false;
	for (int i = 0; i < 4; i++) {
		a.hi = a.hi << 16 | h.at[i];
		a.lo = a.lo << 16 | h.at[i + 4];
	}
	*out = a;
	return true;
}

static unsigned hextet(struct addr a, int i)
{
	return (unsigned)((i < 4 ? a.hi >> (48 - 16 * i) : a.lo >> (48 - 16 * (i - 4))) & 0xffff);
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 4.2). */
static int longest_zeros(struct addr a, int *out_length)
{
	int best = -1, best_length = 1;

	for (int i = 0; i < 8;) {
		int j = i;

		while (j < 8 && hextet(a, j) == 0)
			j++;
		if (j - i > best_length) {
			best = i;
			best_length = j - i;
		}
		i = j + 1;
	}
	*out_length = best_length;
	return best;
}

/* Without leading zeros (RFC 5952 4.1); by hand, as text4(). */
static char *put_hextet(char *at, unsigned value)
{
	for (int shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0;
	     shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

static void text6(struct addr a, char *buffer)
{
	int length, zeros = longest_zeros(a, &length);

	if (a.hi == 0 && a.lo >> 32 == 0xffff) {		/* RFC 5952 5 */
		snprintf(buffer, ADDR_TEXT, "::ffff:%u.%u.%u.%u", (unsigned)(a.lo >> 24 & 255),
			 (unsigned)(a.lo >> 16 & 255), (unsigned)(a.lo >> 8 & 255),
			 (unsigned)(a.lo & 255));
		return;
	}
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			*buffer++ = ':';
			*buffer++ = ':';
			i += length - 1;
			continue;
		}
		if (i > 0 && i != zeros + (zeros < 0 ? 0 : length))
			*buffer++ = ':';
		buffer = put_hextet(buffer, hextet(a, i));
	}
	*buffer = '\0';
}

/* By hand: a decoded line holds several, and snprintf would be most of its cost. */
static void text4(struct addr a, char *buffer)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned octet = (unsigned)(a.lo >> shift & 255);

		if (octet > 99)
			*buffer++ = (char)('0' + octet / 100);
		if (octet > 9)
			*buffer++ = (char)('0' + octet / 10 % 10);
		*buffer++ = (char)('0' + octet % 10);
		*buffer++ = shift > 0 ? '.' : '\0';
	}
}

char *addr_text(struct addr a, char buffer[ADDR_TEXT])
{
	if (a.family == FAMILY_IP4)
		text4(a, buffer);
	else if (a.family == FAMILY_IP6)
		text6(a, buffer);
	else
		snprintf(buffer, ADDR_TEXT, "%s", a.family == FAMILY_ANY ? "*" : "-");
	return buffer;
}

char *prefix_text(struct addr a, unsigned length, char buffer[ADDR_TEXT])
{
	size_t n;

	addr_text(a, buffer);
	n = strlen(buffer);
	if (addr_is_there(a) && length < addr_bits(a))
		snprintf(buffer + n, ADDR_TEXT - n, "/%u", length);
	return buffer;
}

void addr_write(struct addr a, struct wr *w)
{
	if (a.family == FAMILY_IP6) {
		wr_be32(w, (uint32_t)(a.hi >> 32));
		wr_be32(w, (uint32_t)a.hi);
		wr_be32(w, (uint32_t)(a.lo >> 32));
	}
	if (addr_is_there(a))
		wr_be32(w, (uint32_t)a.lo);
}

uint64_t addr_hash(struct addr a)
{
	return addr_mix(a.hi ^ addr_mix(a.lo ^ (uint64_t)a.family << 56));
}
