/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms of nft_text.c's text that nft_bulk.c writes as netlink messages.  Pure; false is "another
 * form", and libnftables reads it. */
#ifndef WEIR_ENFORCE_NFT_READ_H
#define WEIR_ENFORCE_NFT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_NAME_BYTES 255		/* of the kernel's names, without NUL */

struct nft_name {
	char text[NFT_NAME_BYTES + 1];
};

/* Mostly the first characters tell. */
static inline bool nft_begins(const char *line, const char *with)
{
	while (*with && *line == *with) {
		line++;
		with++;
	}
	return !*with;
}

/* The end of the text where there is no other. */
const char *nft_next_line(const char *line);
/* Up to a space, a comma or the line's end; false where it is longer than any name. */
bool nft_read_name(const char *at, struct nft_name *out);

#define NFT_NO_VERDICT INT32_MIN
/* A line of some chains that count: what comes in nowhere, this machine sends. */
#define NFT_OWN_LINE "\t\tmeta iif 0 counter accept\n"

/* NF_ACCEPT, NF_DROP or, for none, NFT_CONTINUE of a chain that only counts, given its first line. */
int32_t nft_verdict_of(const char *chain);

#define NFT_KEY_MAX 32
#define NFT_LINK_BYTES 16

/* Numbers that nftables gives to its types. */
#define NFT_TYPE_IP4 7
#define NFT_TYPE_IP6 8
#define NFT_TYPE_ETHER 10
#define NFT_TYPE_LINK 41
#define NFT_TYPE_BITS 6			/* of a part of a concatenation */

/* "\tmap NAME {\n\t\ttype ipv4_addr : verdict; size N\n\t\telements = {\n", or of two addresses,
 * "ipv4_addr . ipv4_addr", or "ifname". */
struct nft_map {
	struct nft_name name;
	uint32_t	size, key_bytes;	/* 4 or 16, or twice that */
	uint32_t	key_type;		/* as nftables numbers types */
};
bool nft_read_map(const char *line, struct nft_map *out);

/* "\t\t\tADDRESS : goto NAME,\n", "\t\t\tADDRESS . ADDRESS : goto NAME,\n",
 * "\t\t\tADDRESS : continue,\n", "\t\t\t\"LINK\" : goto NAME,\n", "\t\t\t* : goto NAME,\n" */
struct nft_element {
	uint8_t		key[NFT_KEY_MAX];
	uint32_t	key_bytes;		/* 0: all that the map does not name */
	struct nft_name chain;
	bool		continues;		/* and goes to no chain */
};
bool nft_read_element(const char *line, struct nft_element *out);

/* "ip daddr ", "@nh,160,32 ", "@th,0,8 ", and a mask: "& MASK "; "meta l4proto ", "meta protocol ",
 * "meta pkttype ", "iifname ", "oifname ". */
struct nft_field {
	enum { NFT_NETWORK, NFT_TRANSPORT, NFT_META } base;
	bool	 is_raw, is_ip6, is_masked;	/* raw: whatever packet it is */
	uint32_t offset, bytes;			/* in its header; at most 16 bytes */
	uint32_t meta;				/* NFT_META_... of <linux/netfilter/nf_tables.h> */
	uint8_t	 mask[16];
};

/* "ip daddr & MASK vmap @NAME ", "ip saddr == ADDRESS ", "ip6 daddr != FIRST-LAST ", "ip daddr !=
 * @NAME ", "meta protocol != ip ", "iifname \"LINK\" ", fields joined by ". ", or what ends a line:
 * "goto NAME", "accept". */
struct nft_step {
	enum {
		NFT_STEP_LOOKUP, NFT_STEP_FIND, NFT_STEP_COMPARE, NFT_STEP_GOTO, NFT_STEP_JUMP,
		NFT_STEP_ACCEPT
	} kind;
	bool		 is_inverted, is_range;
	struct nft_field fields[2];
	size_t		 field_count;
	uint8_t		 key[16], last[16];
	struct nft_name	 name;
};

/* Whether the step looks at the packet. */
static inline bool nft_step_reads(const struct nft_step *step)
{
	return step->kind < NFT_STEP_GOTO;
}

/* "add set FAMILY weir NAME { type TYPE; }" */
struct nft_set {
	struct nft_name name;
	const char     *family, *type;		/* where they begin */
};
bool nft_read_set(const char *line, struct nft_set *out);

/* "add chain FAMILY weir NAME { type filter hook HOOK device \"LINK\" priority N; policy accept; }",
 * where only ingress has a device. */
struct nft_base {
	struct nft_name name;
	const char     *family;			/* where it begins */
	char		link[NFT_LINK_BYTES];	/* empty: none */
	uint32_t	hook;			/* NF_NETDEV_INGRESS, NF_BR_FORWARD, ... */
	int32_t		priority;
};
bool nft_read_base(const char *line, struct nft_base *out);

#define NFT_STEPS_MAX 8			/* of a line */

bool nft_read_steps(const char *at, struct nft_step out[NFT_STEPS_MAX], size_t *out_n);
/* Whether all lines of a chain are such, given its first one.  A base chain's must be. */
bool nft_only_looks_up(const char *chain);

#endif
