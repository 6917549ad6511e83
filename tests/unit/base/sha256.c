/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256: the examples of FIPS 180-4's companion and the lengths around a block. */
#include "t.h"

#include "base/sha256.h"

static const struct { const char *text; unsigned times; const char *digest; } rows[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
	{ "a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
	{ "a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
	{ "a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text), all = n * rows[i].times;
		uint8_t *bytes = malloc(all + (all == 0));
		char digest[SHA256_TEXT];

		for (size_t k = 0; k < all; k++)
			bytes[k] = (uint8_t)rows[i].text[k % n];
		check_text(sha256_text((struct span){ bytes, all }, digest), rows[i].digest,
			   rows[i].text);
		free(bytes);
	}
}

TEST_MAIN({ "rows", test_rows })
