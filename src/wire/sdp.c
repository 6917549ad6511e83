/* SPDX-License-Identifier: BSD-2-Clause */
/* SDP: "s=" and "c=" lines.  RFC 4566 5.3, 5.7.  Lines end with CR LF; a sole LF or CR is taken
 * too, as 5 asks.  Knows nothing of how a description travels. */
#include "wire/sdp.h"

#define PIECE 64

static bool is_end(uint8_t c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

/* Bytes before the first end, or all. */
static size_t find_end(struct span text)
{
	static const uint8_t ends[] = { '\n', '\r', '\0' };

	for (size_t i = 0; i < COUNT(ends); i++) {
		const uint8_t *end = memchr(text.p, ends[i], text.n);

		text.n = end ? (size_t)(end - text.p) : text.n;
	}
	return text.n;
}

/* In pieces, so that the search for an end that never comes is short. */
static size_t line_length(struct span text)
{
	size_t n = 0;

	while (n < text.n) {
		struct span piece = { text.p + n, text.n - n < PIECE ? text.n - n : PIECE };
		size_t found = find_end(piece);

		n += found;
		if (found < piece.n)
			break;
	}
	return n;
}

/* The index of the next letter that begins a line, with "=" behind it; text.n where there is none.
 * Most letters of a description are others, so lines need not be told apart to find one. */
static size_t find_line(struct span text, uint8_t letter)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		const uint8_t *at = memchr(text.p + i, letter, text.n - 1 - i);

		if (!at)
			break;
		i = (size_t)(at - text.p);
		if (text.p[i + 1] == '=' && (i == 0 || is_end(text.p[i - 1])))
			return i;
	}
	return text.n;
}

/* What stands behind "LETTER=" on the next line of that kind, which is passed; false where there is
 * none. */
static bool line_next(struct span *text, uint8_t letter, struct span *out)
{
	size_t at = find_line(*text, letter);

	if (at == text->n)
		return false;
	*text = (struct span){ text->p + at + 2, text->n - at - 2 };
	*out = (struct span){ text->p, line_length(*text) };
	*text = (struct span){ text->p + out->n, text->n - out->n };
	return true;
}

struct span sdp_name(struct span text)
{
	struct span name;

	return line_next(&text, 's', &name) ? name : (struct span){ 0 };
}

/* The next word of a line: what stands before a blank or a slash, which is passed. */
static struct span word_next(struct rd *r, char separator)
{
	struct span rest = { r->p, rd_left(r) };
	size_t n = 0;
	struct span word;

	while (n < rest.n && rest.p[n] != (uint8_t)separator)
		n++;
	word = rd_take(r, n);
	if (rd_left(r) > 0)
		rd_skip(r, 1);
	return word;
}

static bool is_word(struct span word, const char *text)
{
	return span_equal(word, span_of(text));
}

/* A number of addresses, at least 1; what is no number counts as 1, what is too large for any
 * use as UINT32_MAX. */
static uint32_t read_count(struct span digits)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return 1;
		value = value * 10 + (uint64_t)(digits.p[i] - '0');
		if (value > UINT32_MAX)
			return UINT32_MAX;
	}
	return value ? (uint32_t)value : 1;
}

/* The address count - 1 further on, which stays inside of the multicast addresses. */
static struct addr last_of(struct addr first, uint32_t count)
{
	struct addr end = addr_last(first, first.family == FAMILY_IP4 ? 4 : 8);
	struct addr last = first;

	if (first.hi == end.hi && end.lo - first.lo < count - 1)
		return end;
	last.lo += count - 1;
	last.hi += last.lo < first.lo;
	return last;
}

/* "IN IP4 224.2.1.1/127/3", "IN IP6 ff15::101/3": in IPv4 a TTL stands before the count. */
static bool read_connection(struct span line, struct sdp_groups *out)
{
	struct rd r = rd_of(line);
	struct span network = word_next(&r, ' ');
	struct span family = word_next(&r, ' ');
	struct rd value = rd_of(word_next(&r, ' '));
	struct span text = word_next(&value, '/');
	struct addr first;

	if (!is_word(network, "IN") || (!is_word(family, "IP4") && !is_word(family, "IP6")))
		return false;
	if (text.n == 0 || !addr_parse((const char *)text.p, text.n, &first))
		return false;
	if (!addr_is_multicast(first))
		return false;
	if (first.family == FAMILY_IP4)
		(void)word_next(&value, '/');
	out->last = last_of(first, read_count(word_next(&value, '/')));
	out->first = first;
	return true;
}

bool sdp_groups_next(struct span *text, struct sdp_groups *out)
{
	struct span line;

	while (line_next(text, 'c', &line))
		if (read_connection(line, out))
			return true;
	return false;
}
