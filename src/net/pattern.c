/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 patterns: their text, and the ranges that they stand for.  RFC 4291 2.2, RFC 5952 4.
 * Knows no policy. */
#include "net/pattern.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 32

/* 32 hex digits; DIGIT_ANY stands for x. */
#define DIGIT_ANY 16

struct digits {
	uint8_t at[DIGITS];
};

static int read_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c == 'x' || c == 'X' ? DIGIT_ANY : -1;
}

/* A group of 1 to 4 digits, filled with zeros first; its length, or 0. */
static size_t read_group(const char *s, size_t n, uint8_t out[4])
{
	size_t length = 0;

	while (length < n && length < 4 && read_digit(s[length]) >= 0)
		length++;
	memset(out, 0, 4);
	for (size_t i = 0; i < length; i++)
		out[4 - length + i] = (uint8_t)read_digit(s[i]);
	return length;
}

/* Groups parted by colons, with "::" at most once. */
static bool read_groups(const char *s, size_t n, struct digits *out)
{
	uint8_t groups[8][4] = { 0 };
	size_t i = 0, count = 0, gap = SIZE_MAX;

	if (n >= 2 && s[0] == ':' && s[1] == ':') {
		gap = 0;
		i = 2;
	}
	while (i < n) {
		size_t length = count < 8 ? read_group(s + i, n - i, groups[count]) : 0;

		if (length == 0)
			return false;
		count++;
		i += length;
		if (i == n)
			break;
		if (s[i++] != ':' || i == n)
			return false;
		if (s[i] == ':') {
			if (gap != SIZE_MAX)
				return false;
			gap = count;
			i++;
		}
	}
	if (gap == SIZE_MAX ? count != 8 : count > 7)
		return false;
	memset(out, 0, sizeof(*out));
	for (size_t k = 0; k < count; k++)
		memcpy(&out->at[4 * (k < gap ? k : 8 - count + k)], groups[k], 4);
	return true;
}

/* Decimal digits up to 128, without a leading zero. */
static bool read_length(const char *s, size_t n, unsigned *out)
{
	unsigned value = 0;

	if (n == 0 || n > 3 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (unsigned)(s[i] - '0');
	}
	if (value > 128)
		return false;
	*out = value;
	return true;
}

static enum pattern_fault find_fault(const struct digits *digits, unsigned length)
{
	for (unsigned i = 0; i < DIGITS; i++) {
		unsigned digit = digits->at[i];
		unsigned kept = length <= 4 * i ? 0 : length >= 4 * i + 4 ? 4 : length - 4 * i;

		if (digit == DIGIT_ANY && kept > 0 && kept < 4)
			return PATTERN_CUT;
		if (digit == DIGIT_ANY ? kept == 0 : (digit & (0xfu >> kept)) != 0)
			return PATTERN_BITS;
	}
	return PATTERN_GOOD;
}

enum pattern_fault pattern_parse(const char *text, size_t n, struct pattern *out)
{
	const char *slash = memchr(text, '/', n);
	size_t address = slash ? (size_t)(slash - text) : n;
	struct pattern pattern = { .length = 128 };
	enum pattern_fault fault;
	struct digits digits;

	if (!read_groups(text, address, &digits))
		return PATTERN_MALFORMED;
	if (slash && !read_length(slash + 1, n - address - 1, &pattern.length))
		return PATTERN_LENGTH;
	fault = find_fault(&digits, pattern.length);
	if (fault != PATTERN_GOOD)
		return fault;
	for (unsigned i = 0; i < DIGITS; i++) {
		bool any = digits.at[i] == DIGIT_ANY;
		uint64_t *value = i < 16 ? &pattern.value_hi : &pattern.value_lo;
		uint64_t *mask = i < 16 ? &pattern.any_hi : &pattern.any_lo;

		*value = *value << 4 | (any ? 0 : digits.at[i]);
		*mask = *mask << 4 | (any ? 0xf : 0);
	}
	*out = pattern;
	return PATTERN_GOOD;
}

static bool digit_is_any(const struct pattern *p, unsigned i)
{
	return ((i < 16 ? p->any_hi >> (60 - 4 * i) : p->any_lo >> (60 - 4 * (i - 16))) & 0xf) != 0;
}

/* The shortest prefix behind which every bit may be anything. */
static unsigned fixed_bits(const struct pattern *p)
{
	unsigned length = p->length;

	while (length >= 4 && length % 4 == 0 && digit_is_any(p, length / 4 - 1))
		length -= 4;
	return length;
}

uint64_t pattern_range_count(const struct pattern *pattern)
{
	unsigned fixed = fixed_bits(pattern);
	uint64_t count = 1;

	for (unsigned i = 0; 4 * i < fixed; i++)
		if (digit_is_any(pattern, i))
			count = count > UINT64_MAX / 16 ? UINT64_MAX : count * 16;
	return count;
}

/* The next number that the x bits of a mask can write, all others left at 0: what is no x bit is
 * filled, so that a carry runs over it. */
static void count_up(struct addr *a, struct addr mask)
{
	a->lo = ((a->lo | ~mask.lo) + 1) & mask.lo;
	if (a->lo == 0)
		a->hi = ((a->hi | ~mask.hi) + 1) & mask.hi;
}

struct set pattern_set(struct arena *arena, const struct pattern *pattern)
{
	uint64_t count = pattern_range_count(pattern);
	struct addr behind = addr_last(addr_of6(0, 0), fixed_bits(pattern));
	struct addr mask = addr_of6(pattern->any_hi & ~behind.hi, pattern->any_lo & ~behind.lo);
	struct addr digits = addr_of6(0, 0);
	struct range *ranges;

	assert(count <= SET_RANGES_MAX);
	ranges = arena_room(arena, (size_t)count, sizeof(*ranges));
	for (uint64_t i = 0; i < count; i++) {
		struct addr a = addr_of6(pattern->value_hi | digits.hi,
					 pattern->value_lo | digits.lo);

		ranges[i] = (struct range){ a, addr_of6(a.hi | behind.hi, a.lo | behind.lo) };
		count_up(&digits, mask);
	}
	return (struct set){ ranges, (size_t)count, 0 };
}

static bool group_is_zero(const struct pattern *p, unsigned group)
{
	unsigned shift = 48 - 16 * (group % 4);

	return (((group < 4 ? p->value_hi | p->any_hi : p->value_lo | p->any_lo) >> shift) &
		0xffff) == 0;
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 4.2). */
static unsigned find_zeros(const struct pattern *p, unsigned *out_count)
{
	unsigned best = 8, best_count = 1;

	for (unsigned i = 0; i < 8;) {
		unsigned j = i;

		while (j < 8 && group_is_zero(p, j))
			j++;
		if (j - i > best_count) {
			best = i;
			best_count = j - i;
		}
		i = j + 1;
	}
	*out_count = best_count;
	return best;
}

static size_t write_group(const struct pattern *p, unsigned group, char *out)
{
	size_t n = 0;

	for (unsigned i = 4 * group; i < 4 * group + 4; i++) {
		uint64_t word = i < 16 ? p->value_hi : p->value_lo;
		unsigned digit = (unsigned)(word >> (60 - 4 * (i % 16))) & 0xf;

		if (digit_is_any(p, i))
			out[n++] = 'x';
		else if (n > 0 || digit > 0 || i % 4 == 3)
			out[n++] = "0123456789abcdef"[digit];
	}
	return n;
}

char *pattern_text(const struct pattern *pattern, char buffer[ADDR_TEXT])
{
	unsigned count, zeros = find_zeros(pattern, &count);
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++) {
		if (i == zeros) {
			buffer[n++] = ':';
			if (i + count == 8)
				buffer[n++] = ':';
			i += count - 1;
			continue;
		}
		if (i > 0)
			buffer[n++] = ':';
		n += write_group(pattern, i, buffer + n);
	}
	buffer[n] = '\0';
	if (pattern->length < 128)
		snprintf(buffer + n, ADDR_TEXT - n, "/%u", pattern->length);
	return buffer;
}
