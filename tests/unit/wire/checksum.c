/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum: known headers, odd lengths, parts, pseudo-headers of both families. */
#include "sweep.h"
#include "wire/checksum.h"

static uint16_t sum_of(const char *hex)
{
	struct span bytes = t_bytes(hex);
	uint16_t sum = checksum_of(bytes);

	free((void *)bytes.p);
	return sum;
}

static void test_known(void)
{
	check(sum_of("45000073 0000 4000 4011 b861 c0a80001 c0a800c7") == 0);
	check(sum_of("45000073 0000 4000 4011 0000 c0a80001 c0a800c7") == 0xb861);
	check(sum_of("0001 f203 f4f5 f6f7") == (uint16_t)~0xddf2);	/* RFC 1071 3 */
	check(sum_of("") == 0xffff);
	check(sum_of("01") == (uint16_t)~0x0100);
	check(sum_of("ffff ffff ffff ffff ffff") == 0);
}

static void test_parts(void)
{
	struct span all = t_bytes("0102030405060708090a0b0c0d0e0f1011");

	for (size_t n = 0; n < all.n; n += 2) {
		uint64_t sum = checksum_add(0, (struct span){ all.p, n });

		sum = checksum_add(sum, (struct span){ all.p + n, all.n - n });
		check(checksum_fold(sum) == checksum_of(all));
	}
	free((void *)all.p);
}

static uint16_t pseudo_sum(const char *source, const char *destination, const char *hex)
{
	struct span bytes = t_bytes(hex);
	uint64_t sum = checksum_add_pseudo(0, t_addr(source), t_addr(destination), 17, (uint32_t)bytes.n);
	uint16_t folded = checksum_fold(checksum_add(sum, bytes));

	free((void *)bytes.p);
	return folded;
}

static void test_pseudo(void)
{
	check(pseudo_sum("2001:db8::1", "ff0e::5", "0fa0 1388 0008 afe8") == 0);
	check(pseudo_sum("2001:db8::1", "ff0e::6", "0fa0 1388 0008 afe8") != 0);
	check(pseudo_sum("192.105.90.102", "239.255.2.2", "040a 2619 001d e0f1 486f73746e616d653d7468"
			 "657063736e616d650a00") == 0);
}

/* No checksum is called wrong that cannot be known. */
static void test_unknown(void)
{
	struct layers at = t_layers("192.0.2.1", "239.1.2.3", 2);
	struct span bytes = t_bytes("16 00 00 00 ef 01 02 03");

	check(layers_bad_checksum(&at, bytes) && layers_bad_pseudo(&at, bytes, 17));
	at.cut = 1;
	check(!layers_bad_checksum(&at, bytes) && !layers_bad_pseudo(&at, bytes, 17));
	at.cut = 0;
	at.is_fragment = true;
	check(!layers_bad_checksum(&at, bytes) && !layers_bad_pseudo(&at, bytes, 17));
	at.is_fragment = false;
	at.checksums_unreliable = true;
	check(!layers_bad_checksum(&at, bytes) && !layers_bad_pseudo(&at, bytes, 17));
	free((void *)bytes.p);
}

TEST_MAIN({ "known sums", test_known }, { "parts", test_parts }, { "pseudo-headers", test_pseudo },
	  { "what cannot be known", test_unknown })
