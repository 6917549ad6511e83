/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of both families as numbers, so that ranges, order and masks are plain
 * arithmetic.  RFC 4291, RFC 5952 (text), RFC 5771. */
#ifndef WEIR_NET_ADDR_H
#define WEIR_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* FAMILY_ANY is the wildcard source `*` of (*,G): it is no address and lies in no set. */
enum family { FAMILY_NONE = 0, FAMILY_ANY = 1, FAMILY_IP4 = 4, FAMILY_IP6 = 6 };

/* Host order.  An IPv4 address is in the low 32 bits of `lo`, `hi` is 0.  An address that is
 * not there has FAMILY_NONE and zeros. */
struct addr {
	uint64_t hi, lo;
	uint8_t	 family;
};

#define ADDR_NONE ((struct addr){ 0, 0, FAMILY_NONE })
#define ADDR_ANY ((struct addr){ 0, 0, FAMILY_ANY })

static inline struct addr addr_of4(uint32_t host_order)
{
	return (struct addr){ 0, host_order, FAMILY_IP4 };
}

static inline struct addr addr_of6(uint64_t hi, uint64_t lo)
{
	return (struct addr){ hi, lo, FAMILY_IP6 };
}

static inline struct addr addr_read4(struct rd *r)
{
	return addr_of4(rd_be32(r));
}

static inline struct addr addr_read6(struct rd *r)
{
	uint64_t hi = rd_be64(r);

	return addr_of6(hi, rd_be64(r));
}

static inline bool addr_is_there(struct addr a)
{
	return a.family == FAMILY_IP4 || a.family == FAMILY_IP6;
}

static inline bool addr_equal(struct addr a, struct addr b)
{
	return a.family == b.family && a.hi == b.hi && a.lo == b.lo;
}

/* Family first, then number. */
static inline int addr_order(struct addr a, struct addr b)
{
	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* 224.0.0.0/4: of an IPv4 address as a number. */
static inline bool addr_is_multicast4(uint32_t a)
{
	return a - UINT32_C(0xe0000000) < UINT32_C(0x10000000);
}

/* The same, or ff00::/8. */
static inline bool addr_is_multicast(struct addr a)
{
	return a.family == FAMILY_IP4 ? addr_is_multicast4((uint32_t)a.lo)
				      : a.family == FAMILY_IP6 && a.hi >> 56 == 0xff;
}

/* 224.0.0.0/24 (RFC 5771 4): of an IPv4 address as a number. */
static inline bool addr_is_link_local4(uint32_t group)
{
	return group >> 8 == 0xe00000;
}

/* ffx1::/16 and ffx2::/16 (RFC 4291 2.7): of the first half of a multicast address of IPv6. */
static inline bool addr_is_link_local6(uint64_t hi)
{
	unsigned scope = (unsigned)(hi >> 48 & 0xf);

	return scope == 1 || scope == 2;
}

/* 32, 128, or 0 for what is no address. */
static inline unsigned addr_bits(struct addr a)
{
	return a.family == FAMILY_IP4 ? 32 : a.family == FAMILY_IP6 ? 128 : 0;
}

/* True for 224.0.0.0/24, ffx1::/16 and ffx2::/16: no router forwards them. */
bool addr_is_link_local_group(struct addr group);

/* True for 239.0.0.0/8 (RFC 2365) and IPv6 scopes 3 to D (RFC 7346): groups that stay within some
 * administrative boundary. */
bool addr_is_scoped_group(struct addr group);

/* The first and the last address of a prefix; length is at most addr_bits(). */
struct addr addr_first(struct addr a, unsigned length);
struct addr addr_last(struct addr a, unsigned length);

/* The next and the previous number of the same family; they wrap at the ends. */
struct addr addr_next(struct addr a);
struct addr addr_previous(struct addr a);

/* Dotted quad, or RFC 4291 2.2 text, of exactly n characters.  False leaves out untouched. */
bool addr_parse(const char *text, size_t n, struct addr *out);

/* RFC 5952 text; "*" for the wildcard, "-" where there is none.  Returns buffer. */
#define ADDR_TEXT 48
char *addr_text(struct addr a, char buffer[ADDR_TEXT]);

/* The same with "/length" where it is no host.  Returns buffer. */
char *prefix_text(struct addr a, unsigned length, char buffer[ADDR_TEXT]);

/* Appends the address's bytes in network order: 4, 16 or none. */
void addr_write(struct addr a, struct wr *w);

static inline uint64_t addr_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

/* A well-mixed 64-bit hash, the same on every machine. */
uint64_t addr_hash(struct addr a);
/* The same of an IPv4 address (host order), for hot loops. */
static inline uint64_t addr_hash4(uint32_t address)
{
	return addr_mix(addr_mix(address | (uint64_t)FAMILY_IP4 << 56));
}

/* An IPv4 source and group (host order) as one word. */
static inline uint64_t addr_pair(uint32_t source, uint32_t group)
{
	return (uint64_t)source << 32 | group;
}

/* The same as addr_hash4(), but other values, of a pair. */
static inline uint64_t addr_hash_word(uint64_t pair)
{
	uint64_t x = pair * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 29;
}

static inline uint64_t addr_hash_pair(uint32_t source, uint32_t group)
{
	return addr_hash_word(addr_pair(source, group));
}

#endif
