/* SPDX-License-Identifier: BSD-2-Clause */
/* Packed bytes to plain ones, by zlib and libzstd.  Knows no file and no capture. */
#include "source/unpack.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/memory.h"

/* gzip's format, with the largest window. */
#define GZIP_WINDOW_BITS (16 + MAX_WBITS)

struct unpack {
	enum packing	packing;
	bool		whole;
	bool		ended;			/* gzip: bytes that are no member follow; ignored */
	z_stream	gzip;
	ZSTD_DStream   *zstd;
};

enum packing packing_of(struct span first)
{
	struct rd r = rd_of(first);
	uint32_t magic = rd_le32(&r);

	if (!rd_ok(&r))
		return PACKING_NONE;
	if ((magic & 0xffff) == 0x8b1f)
		return PACKING_GZIP;
	/* RFC 8878 3.1.1, and skippable frames, 3.1.2 */
	if (magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50)
		return PACKING_ZSTD;
	return PACKING_NONE;
}

struct unpack *unpack_new(enum packing packing)
{
	struct unpack *u = memory_take(sizeof(*u));

	u->packing = packing;
	u->whole = true;
	if (packing == PACKING_GZIP && inflateInit2(&u->gzip, GZIP_WINDOW_BITS) != Z_OK)
		memory_exhausted();
	if (packing == PACKING_ZSTD) {
		u->zstd = ZSTD_createDStream();
		if (!u->zstd)
			memory_exhausted();
	}
	return u;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	if (u->packing == PACKING_GZIP)
		inflateEnd(&u->gzip);
	ZSTD_freeDStream(u->zstd);
	free(u);
}

/* Between members: true where another one begins.  What else follows the last is padding,
 * which gzip ignores, too. */
static bool begin_member(struct unpack *u, struct rd *in)
{
	if (rd_left(in) == 0)
		return false;
	if (u->ended || *in->p != 0x1f) {
		u->ended = true;
		rd_skip(in, rd_left(in));
		return false;
	}
	inflateReset(&u->gzip);
	u->whole = false;
	return true;
}

static const char *run_gzip(struct unpack *u, struct rd *in, uint8_t *out, size_t n, size_t *out_n)
{
	z_stream *z = &u->gzip;
	int state = Z_OK;

	z->next_out = out;
	z->avail_out = (uInt)n;
	while (z->avail_out > 0 && state == Z_OK && (!u->whole || begin_member(u, in))) {
		z->next_in = (uint8_t *)in->p;
		z->avail_in = (uInt)rd_left(in);
		state = inflate(z, Z_NO_FLUSH);
		rd_skip(in, rd_left(in) - z->avail_in);
		u->whole = state == Z_STREAM_END;
		state = u->whole ? Z_OK : state;
	}
	*out_n = n - z->avail_out;
	if (state == Z_MEM_ERROR)
		memory_exhausted();
	return state == Z_OK || state == Z_BUF_ERROR ? NULL : "the gzip data are damaged";
}

static const char *run_zstd(struct unpack *u, struct rd *in, uint8_t *out, size_t n, size_t *out_n)
{
	ZSTD_inBuffer input = { in->p, rd_left(in), 0 };
	ZSTD_outBuffer output = { out, n, 0 };
	size_t hint = ZSTD_decompressStream(u->zstd, &output, &input);

	rd_skip(in, input.pos);
	*out_n = output.pos;
	if (ZSTD_isError(hint))
		return "the zstd data are damaged";
	if (input.pos > 0 || output.pos > 0)
		u->whole = hint == 0;
	return NULL;
}

const char *unpack_run(struct unpack *u, struct rd *in, uint8_t *out, size_t n, size_t *out_n)
{
	return u->packing == PACKING_GZIP ? run_gzip(u, in, out, n, out_n)
					  : run_zstd(u, in, out, n, out_n);
}

bool unpack_is_whole(const struct unpack *u)
{
	return u->whole;
}
