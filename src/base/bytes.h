/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in and bytes out.  A span borrows memory and is never stored.  A reader past its end
 * yields zeros and is failed for good, so a decoder may read a whole header first and ask
 * rd_ok() once before it believes any of it.  A writer past its end writes nothing more and
 * is failed likewise.  All integers are big-endian unless the name says otherwise.
 * Knows no protocol. */
#ifndef WEIR_BASE_BYTES_H
#define WEIR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of a value that was loaded from memory that others may write: it stays what it is now, for no
 * compiler may load it a second time. */
#define KEEP_LOADED(value) __asm__("" : "+r"(value))

struct span {
	const uint8_t	*p;
	size_t		 n;
};

/* A span over the characters of a C string, its NUL left out. */
static inline struct span span_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct rd {
	const uint8_t	*p, *end;
	bool		 failed;
};

static inline struct rd rd_of(struct span s)
{
	return (struct rd){ s.p, s.n ? s.p + s.n : s.p, false };
}

static inline bool rd_ok(const struct rd *r)
{
	return !r->failed;
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

/* The next n bytes; an empty span, and a failed reader, where fewer are left. */
static inline struct span rd_take(struct rd *r, size_t n)
{
	struct span s = { r->p, n };

	if (r->failed || n > rd_left(r)) {
		r->failed = true;
		r->p = r->end;
		return (struct span){ r->end, 0 };
	}
	r->p += n;
	return s;
}

/* Everything that is left. */
static inline struct span rd_rest(struct rd *r)
{
	return rd_take(r, rd_left(r));
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* A reader over the next n bytes, which the outer reader passes.  Failed where they are not
 * all there. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	struct rd sub = rd_of(rd_take(r, n));

	sub.failed = r->failed;
	return sub;
}

static inline uint8_t rd_u8(struct rd *r)
{
	struct span s = rd_take(r, 1);

	return s.n ? s.p[0] : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	struct span s = rd_take(r, 2);

	return (uint16_t)(s.n ? s.p[0] << 8 | s.p[1] : 0);
}

static inline uint32_t rd_be32(struct rd *r)
{
	struct span s = rd_take(r, 4);

	return s.n ? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 |
			       s.p[3]
		   : 0;
}

static inline uint64_t rd_be64(struct rd *r)
{
	uint64_t high = rd_be32(r);

	return high << 32 | rd_be32(r);
}

static inline uint16_t rd_le16(struct rd *r)
{
	struct span s = rd_take(r, 2);

	return (uint16_t)(s.n ? s.p[1] << 8 | s.p[0] : 0);
}

static inline uint32_t rd_le32(struct rd *r)
{
	struct span s = rd_take(r, 4);

	return s.n ? (uint32_t)s.p[3] << 24 | (uint32_t)s.p[2] << 16 | (uint32_t)s.p[1] << 8 |
			       s.p[0]
		   : 0;
}

struct wr {
	uint8_t	*p, *start, *end;
	bool	 failed;
};

static inline struct wr wr_of(uint8_t *buffer, size_t n)
{
	return (struct wr){ buffer, buffer, buffer + n, false };
}

static inline bool wr_ok(const struct wr *w)
{
	return !w->failed;
}

static inline size_t wr_done(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

static inline struct span wr_span(const struct wr *w)
{
	return (struct span){ w->start, wr_done(w) };
}

static inline void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	if (w->failed || n > (size_t)(w->end - w->p)) {
		w->failed = true;
		return;
	}
	if (n > 0)
		memcpy(w->p, bytes, n);
	w->p += n;
}

static inline void wr_u8(struct wr *w, uint8_t value)
{
	wr_bytes(w, &value, 1);
}

static inline void wr_be16(struct wr *w, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	wr_bytes(w, bytes, sizeof(bytes));
}

static inline void wr_be32(struct wr *w, uint32_t value)
{
	wr_be16(w, (uint16_t)(value >> 16));
	wr_be16(w, (uint16_t)value);
}

/* Overwrites two bytes already written, at an offset from the start. */
static inline void wr_put_be16(struct wr *w, size_t offset, uint16_t value)
{
	if (w->failed || offset + 2 > wr_done(w)) {
		w->failed = true;
		return;
	}
	w->start[offset] = (uint8_t)(value >> 8);
	w->start[offset + 1] = (uint8_t)value;
}

#endif
