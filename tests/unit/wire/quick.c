/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick look says what wire_decode() says, on frames made of likely parts and then broken, and
 * takes the plain ones without asking. */
#include "agree.h"

#define MACS "01005e010203 020000000001"
#define IP4  "4500 0028 1234 4000 40 11 0000 c0000201"
#define IP4_TCP "4500 0028 1234 4000 40 06 0000 c0000201"
#define IP4_LONG "4500 0048 1234 4000 40 11 0000 c0000201"
#define MANY "0809 0a0b0c0d 0e0f1011 12131415 16171819 1a1b1c1d 1e1f2021 22232425 26272829 2a2b"
#define IP6  "6000 0000 0014 11 40 20010db8000000000000000000000001"
#define IP6_ICMP "6000 0000 0014 3a ff fe800000000000000000000000000001"
#define IP6_PIM "6000 0000 0014 67 01 fe800000000000000000000000000001"

/* Beginnings and ends that are put together in every way; the IPv4 checksum is made right. */
static const char *const links[] = {
	MACS, MACS "8100 200c", MACS "88a8 0001 8100 0002", MACS "8100 0001 8100 0002 8100 0003",
};

static const struct { const char *ethertype, *header; } headers[] = {
	{ "0800", IP4 "ef010203" },	{ "0800", IP4 "0a010203" },
	{ "0800", IP4 "e0027ffe" },	{ "0800", IP4 "efff0202" },
	{ "0800", IP4 "ef0102fe" },	{ "0800", IP4_TCP "0a010203" },
	{ "0800", IP4_TCP "ef010203" }, { "0800", "4500 0028 1234 2000 40 11 0000 c0000201 ef010203" },
	{ "0800", IP4_LONG "ef010203" },     { "0800", IP4_LONG "0a010203" },
	{ "86dd", IP6 "ff0e0000000000000000000000000005" },
	{ "86dd", IP6 "ff0f0000000000000000000000000005" },
	{ "86dd", IP6 "ff050000000000000000000000027ffe" },
	{ "86dd", IP6 "20010db8000000000000000000000009" },
	{ "86dd", IP6_ICMP "ff020000000000000000000000000001" },
	{ "86dd", IP6_PIM "ff02000000000000000000000000000d" },
	{ "0806", "00010800060400010200000000010a0000010000000000000a000002" },
	{ "88cc", "0207040200000000010403" },
};

static const char *const payloads[] = {
	"0fa0 1388 0014 0000 000102030405060708090a0b", "0fa0 1388 0000 0000 000102030405060708090a0b",
	"0fa0 1388 0015 0000 000102030405060708090a0b", "0fa0 1388 0007 0000 000102030405060708090a0b",
	"0fa0 12b5 0014 0000 08000000 0000010000010203", "0868 1388 0014 0000 30ff000400000001 45000000",
	"0fa0 2693 0014 0000 2000000001020304763d300a", "0fa0 2619 0014 0000 486f73746e616d653d610a00",
	"c000 027f 00000001 00000000 5018 0000 00000000", "c000 0050 00000001 00000000 5018 0000 00000000",
	"8600 0000 4000 0708 0000000000000000 0500 0000", "2000 0000 0001 0002 0069 0014 0004 00000001 0000",
	"0fa0 1388 0034 0000 0001 02030405 0607" MANY, "0fa0 1388 0033 0000 0001 02030405 0607" MANY,
	"0fa0 1388", "0f",
};

static void repair_sum(uint8_t *ip)
{
	uint32_t sum = 0;

	ip[10] = ip[11] = 0;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static struct said said;
static size_t kinds[QUICK_DATA6 + 1];

/* A copy of exactly n bytes, `missing` more on the wire. */
static void agree_copy(const uint8_t *p, size_t n, size_t missing, unsigned choice, const char *name)
{
	struct packet packet = { .at = { 7 }, .length = (uint32_t)(n + missing), .frame = 1, .link = 2,
				 .linktype = choice & 8 ? 113 : 1, .checksums_unreliable = choice & 4 };
	struct wire_options options = { .udp_checksums = choice & 2 };
	uint8_t *copy = malloc(n + (n == 0));

	if (n > 0)
		memcpy(copy, p, n);
	packet.bytes = (struct span){ copy, n };
	check_named(agree_on(&packet, &options, &said, kinds), name);
	free(copy);
}

/* As it is, cut and shortened at every length, with every byte changed, with padding behind. */
static void agree_variants(uint8_t *p, size_t n, uint64_t *random, const char *name)
{
	agree_copy(p, n, 0, 0, name);
	for (size_t cut = 0; cut < n; cut++) {
		agree_copy(p, cut, n - cut, cut + 4 > n ? 0 : (unsigned)t_random(random) & 6, name);
		agree_copy(p, cut, 0, 0, name);
	}
	for (unsigned i = 0; i < 400; i++) {
		size_t at = 12 + t_random(random) % (n - 12);
		uint8_t was = p[at];

		p[at] = (uint8_t)(i & 1 ? t_random(random) : was ^ 1u << (i >> 1) % 8);
		agree_copy(p, n, t_random(random) % 3, (unsigned)t_random(random) & 15, name);
		p[at] = was;
	}
	memset(p + n, 0, 8);
	agree_copy(p, n + 8, 0, 0, name);
}

static void agree_frame(const char *link, const char *ethertype, const char *header,
			const char *payload, uint64_t *random)
{
	struct span before = t_bytes(link), all;
	uint8_t frame[256];
	char hex[512];

	snprintf(hex, sizeof(hex), "%s%s%s%s", link, ethertype, header, payload);
	all = t_bytes(hex);
	memcpy(frame, all.p, all.n);
	if (frame[before.n + 2] == 0x45)
		repair_sum(frame + before.n + 2);
	agree_variants(frame, all.n, random, hex);
	free((void *)before.p);
	free((void *)all.p);
}

static void test_agreement(void)
{
	uint64_t random = 0x9e3779b97f4a7c15;

	said_init(&said);
	memset(kinds, 0, sizeof(kinds));
	for (size_t l = 0; l < COUNT(links); l++)
		for (size_t h = 0; h < COUNT(headers); h++)
			for (size_t p = 0; p < COUNT(payloads); p++)
				agree_frame(links[l], headers[h].ethertype, headers[h].header, payloads[p],
					    &random);
	for (size_t i = 0; i < COUNT(kinds); i++)
		check(kinds[i] > 1000);
	said_release(&said);
}

static enum quick_kind kind_of(const char *hex)
{
	struct wire_options options = { 0 };
	struct quick_rules rules = quick_rules_of(&options);
	struct span bytes = t_bytes(hex);
	struct packet packet = { .bytes = bytes, .linktype = 1, .length = (uint32_t)bytes.n,
				 .checksums_unreliable = true };
	struct quick quick;

	quick_look(&rules, &packet, 1, &quick);
	free((void *)bytes.p);
	return quick.kind;
}

/* What makes the hot loop fast: these never ask. */
static void test_plain(void)
{
	const char *udp = "0fa0 1388 0014 0000 000102030405060708090a0b";
	const char *tcp = "c000 0050 00000001 00000000 5018 0000 00000000";
	static const struct { const char *header; bool is_tcp; enum quick_kind kind; } plain[] = {
		{ MACS "0800" IP4 "ef010203", false, QUICK_DATA4 },
		{ MACS "8100 000c 0800" IP4 "e8010203", false, QUICK_DATA4 },
		{ MACS "88a8 0001 8100 000c 0800" IP4 "ef010202", false, QUICK_DATA4 },
		{ MACS "86dd" IP6 "ff3e0000000000000000000000000005", false, QUICK_DATA6 },
		{ MACS "0800" IP4_LONG "e8010203" "0fa0 1388 0034 0000 0001 02030405 0607" MANY, false,
		  QUICK_DATA4 },
		{ MACS "0800" IP4_LONG "0a010203" "0fa0 1388 0034 0000 0001 02030405 0607" MANY, false,
		  QUICK_IP },
		{ MACS "0800" IP4 "0a010203", false, QUICK_IP },
		{ MACS "0800" IP4_TCP "0a010203", true, QUICK_IP },
		{ MACS "86dd" IP6 "20010db8000000000000000000000009", false, QUICK_IP },
		{ MACS "0806 0001 0800 0604", false, QUICK_NO_IP },
	};
	char hex[512];

	for (size_t i = 0; i < COUNT(plain); i++) {
		snprintf(hex, sizeof(hex), "%s%s", plain[i].header, plain[i].is_tcp ? tcp : udp);
		check_named(kind_of(hex) == plain[i].kind, hex);
	}
}

TEST_MAIN({ "agreement", test_agreement }, { "plain packets", test_plain })
