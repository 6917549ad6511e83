/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel programs and the user side say to each other: the image of all policies that are
 * in force, which is one of the two values of one map, and the keys and values of the other maps.
 * Offsets are bytes from the start of the image; what lies behind them is aligned to its own size.
 *
 * A program is told one number when it is loaded: its slot.  All else it reads from the image that
 * is in force at that moment, for which a word in the map `own` names one of two.  The next one is
 * written whole into the place of the other, when no program reads that any more. */
#ifndef WEIR_ENFORCE_BPF_LAYOUT_H
#define WEIR_ENFORCE_BPF_LAYOUT_H

#include <linux/types.h>

/* Programs of one version and images of another do not understand each other. */
#define BPF_LAYOUT_VERSION 8u

#define BPF_SLOTS	 1024
#define BPF_IMAGES	 2
#define BPF_TOPS_SOURCE4 65536
#define BPF_TOPS_GROUP4	 4096		/* of 224.0.0.0/4: the 12 bits behind its first four */

/* What a program is told when it is loaded. */
struct bpf_told {
	__u32 image_mask;		/* the size of the image, a power of two, less one */
	__u32 slot;			/* its offset in the image */
	__u32 is_bare;			/* packets begin with their IP header */
	__u32 hook;			/* enum hook */
	__u32 minute;			/* in units of BPF_UNIT_BITS */
	__u32 word;			/* the slot's, its offset in the map `own` */
	/* Of the flows and the counters of a processor, powers of two. */
	__u32 flow_shift, counter_shift;
	__u32 flows4_mask, flows6_mask;	/* where its sets of ways begin, in a half of its flows */
	__u32 flows6;			/* where those of IPv6 begin, in a processor's flows */
	__u32 flows_mask;		/* where a processor's begin */
	__u32 counters_mask;		/* of all, where each begins */
};

/* A trie of src/policy/lookup.h. */
struct bpf_trie {
	__u32 root;
	__u32 tables;			/* of 256 __u32 each */
	__u32 lists;			/* struct bpf_keys each */
	__u32 keys, nexts;		/* __u64 each, __u32 each */
};

struct bpf_keys {
	__u32 first, n;
};

#define BPF_REF_TABLE 0x40000000u
#define BPF_REF_LIST  0x80000000u
#define BPF_REF_KIND  (BPF_REF_TABLE | BPF_REF_LIST)

/* The tables of IPv4 where one byte is enough for each number: what a top names, what that names,
 * and the class.  Of one size, so that the verifier needs no mask at each step. */
struct bpf_near {
	__u8 source_tops[BPF_TOPS_SOURCE4], group_tops[BPF_TOPS_GROUP4];
	__u8 source_middles[65536], group_middles[65536];
	__u8 source_bottoms[65536], group_bottoms[65536];
};

/* Where rules name many pairs of source and group: kinds of classes have rows and columns, and a pair
 * whose cell is another one stands in one of two slots, so that it is found, or is known not to be
 * there, by two reads that do not wait for each other. */
struct bpf_slots {
	__u64 seed;
	__u32 at, mask;			/* mask + 1 of them */
};

struct bpf_pairs {
	struct bpf_slots pairs;		/* struct bpf_pair */
	/* IPv6: single addresses are looked for here first, struct bpf_host, for each would take a
	 * trie four tables. */
	struct bpf_slots source_hosts, group_hosts;
	__u32 rows, columns;		/* __u32 each, by class: both together are bytes in a plane */
	/* IPv4: a __u32 by the first 16 bits of a source, or 12 of a group behind its first four.  It
	 * is a class, or a table by the next 8 bits (__u32[256]), or a list of few intervals. */
	__u32 source_tops, group_tops;
	__u32 tables;
	__u32 words;			/* __u32, BPF_PAIR_WORDS in a list: in order, the last 16 bits of
					 * an interval's first address above, its class below */
};

#define BPF_PAIR_WORDS 8

struct bpf_pair {
	__u32 key;			/* the source's class above, the group's below */
	__u32 cell;			/* bytes in a plane */
};

#define BPF_PAIR_NONE 0xffffffffu	/* the key of an empty slot, the class of an empty host's */

struct bpf_host {
	__u64 hi, lo;
	__u32 class, spare;
};

static inline __u64 bpf_mix(__u64 h)
{
	return (h ^ h >> 32) * 0x9fb21c651e98df25ull;
}

/* Which two slots a key may have: base/cuckoo.h says how it is read. */
static inline __u64 bpf_pair_hash(__u64 seed, __u32 key)
{
	return bpf_mix(key * seed);
}

static inline __u64 bpf_host_hash(__u64 seed, __u64 hi, __u64 lo)
{
	return bpf_mix(bpf_mix(hi * seed) + lo * seed);
}

/* The classes, the matrix and the lists of a boundary, seen from one direction. */
struct bpf_side {
	__u32 near;			/* struct bpf_near; 0: not all numbers are small */
	__u32 sources4, groups4;	/* else: __u16 each, the tops */
	__u32 blocks4;			/* and 256 __u16 each; what a top names, counted from here */
	__u32 row4, row6;		/* bytes of a source's row of cells; 0: there are pairs */
	__u32 pairs4, pairs6;		/* struct bpf_pairs */
	struct bpf_trie source6, group6;
	__u32 planes4, planes6;		/* __u32[256], by IP protocol: where its cells begin, of
					 * __u32 each; of IPv4 0 for what is no data */
	__u32 lists;			/* __u16 each: n, then n rules; the last needs no test */
	__u32 demands;			/* struct bpf_demand, by rule */
	__u32 asked;			/* struct bpf_asked_key; 0: no rule asks for it */
	__u16 rule_count;		/* the default included */
	__u8  asks_upper;		/* some rule asks for a port, a fragment, SAP or rasadv */
	__u8  asks_ttl;
};

/* One hook of one interface. */
struct bpf_slot {
	__u64 word;			/* what the keys of its flows are made of */
	struct bpf_side side;
	__u32 ids;			/* __u32: counter of each rule, then BPF_ID_MORE others */
	__u32 id_count;
	__u8  is_active;		/* 0: everything passes */
	__u8  on_drop;			/* BPF_OUTCOME_DROP, or BPF_OUTCOME_DRY */
	__u8  ttl_less;			/* what forwarded packets lost on their way to this hook */
	__u8  forgets;			/* 1: what depends on who asked is not remembered from now
					 * on; 2: nor is anything of before */
};

/* Counters behind those of the rules; behind these, what each `limit` rule refused. */
enum { BPF_ID_LINK_LOCAL, BPF_ID_CONTROL, BPF_ID_MORE };

/* A value of the map is a power of two and this more: what is read at a masked offset lies inside. */
#define BPF_IMAGE_SPARE sizeof(struct bpf_near)

struct bpf_image {
	__u64 generation;
	__u32 version;
	__u32 used;			/* bytes */
	__u32 serial;			/* the last stamp that a slot of these maps was given */
	__u32 spare;
	struct bpf_slot slots[BPF_SLOTS];
};

/* A cell: the rule in the low 16 bits, the action above; or where a list begins. */
#define BPF_CELL_LIST 0x80000000u

enum { BPF_ACTION_PASS, BPF_ACTION_DROP, BPF_ACTION_LIMIT };

/* What becomes of a packet: bits. */
#define BPF_OUTCOME_DROP   1
#define BPF_OUTCOME_DRY	   2		/* it would have been dropped */
#define BPF_OUTCOME_SAMPLE 4

#define BPF_ASKS_TTL	    1
#define BPF_ASKS_PORT	    2
#define BPF_ASKS_FLAG	    4
#define BPF_ASKS_KIND	    8
#define BPF_ASKS_MASKS	    16
#define BPF_ASKS_JOINED	    32
#define BPF_ASKS_NOT_JOINED 64

#define BPF_FLAG_FRAGMENT 1
#define BPF_FLAG_SCOPE_F  2

/* What weir recognises in a packet without its payload. */
enum { BPF_KIND_IP, BPF_KIND_UDP, BPF_KIND_TCP, BPF_KIND_SAP, BPF_KIND_RASADV, BPF_KIND_ICMP6 };

/* What a rule asks for besides class and plane, and the rate of a `limit`. */
struct bpf_demand {
	__u8  asks, action;
	__u8  ttl_first, ttl_last;
	__u16 port_first, port_last;
	__u8  flags;			/* one of these */
	__u8  kind;
	__u8  by_source;
	__u8  is_exact;			/* the bucket needs a clock better than 4 ms */
	__u16 refused;			/* of `limit`: index of the counter of what it refuses */
	__u16 mask_count;		/* all must hold */
	__u32 masks;			/* struct bpf_mask each */
	__u64 cost, brim;		/* a token and a full bucket, in 2^-4 ns */
	__u64 bucket;			/* the rule's name, hashed */
};

/* Holds where the masked IPv6 group lies in one of n ranges: struct bpf_range each, in order. */
struct bpf_mask {
	__u64 hi, lo;
	__u32 ranges, n;
};

struct bpf_range {
	__u64 first_hi, first_lo, last_hi, last_lo;
};

/* The map `own` has a word for each slot; which of the images is in force, a __u32; for each
 * processor a packet that was judged and is not counted yet; and each processor's counters, as many
 * as a power of two says.  The last is no rule's. */
#define BPF_PROCESSORS_MAX 4096

struct bpf_waiting {
	__u64 what;			/* the packet's bytes above, the offset of its counter below */
	__u64 ticks;
	__u64 spare[6];			/* no other processor's stands in the same line */
};

#define BPF_INDEX_AT	(BPF_SLOTS * sizeof(__u64))
#define BPF_WAITING_AT	(BPF_INDEX_AT + sizeof(struct bpf_waiting))	/* lines of their own */
#define BPF_COUNTERS_AT (BPF_WAITING_AT + BPF_PROCESSORS_MAX * sizeof(struct bpf_waiting))

struct bpf_counter {
	__u64 packets, bytes;
	__u64 last;			/* in ticks of the kernel (jiffies) */
	__u64 spare;
};


/* Two maps that no program reads; they stand beside the others for whoever adopts them.  `names`
 * says whose each counter is, and what it had counted in an older set of maps.  Texts are filled
 * with zeros. */
struct bpf_name {
	char boundary[64], rule[64], link[16];
	__u8 hook;			/* enum hook */
	__u8 refused;
	__u8 spare[6];
};

struct bpf_name_value {
	__u32 id;			/* index in `counters` */
	__u32 spare;
	struct bpf_counter base;
};

/* `hooks`: which slot the program of a hook was told. */
struct bpf_hook_key {
	char link[16];
	__u8 hook;			/* enum hook */
	__u8 spare[7];
};

struct bpf_hook_value {
	__u32 slot, ifindex, program;	/* the program's id */
	__u8  backend;			/* enum backend */
	__u8  has_clsact;		/* weir added the queueing discipline */
	__u8  spare[2];
};

/* The map `buckets`.  A bucket is the moment at which it would have been empty, in 2^-4 ns: what
 * has passed since then is what it holds, up to its brim. */
struct bpf_bucket_key {
	__u64 rule;
	__u64 hi, lo;			/* the source, where the rule counts by source */
};

/* The map `asked`: who asked for data of a boundary and a direction (LANGUAGE S17), each a map of its
 * own.  It belongs to no image, and outlives them. */
#define BPF_ASKED_MAX	 128
#define BPF_MEMBERS_MAX	 (1u << 14)	/* of one; what is more is not known of */
#define BPF_MEMBERS_ROOM (2 * BPF_MEMBERS_MAX + 1)	/* new ones come before old ones go */

struct bpf_asked_key {
	char boundary[64];
	__u8 direction;			/* enum direction */
	__u8 spare[7];
};

/* Somebody asked for the group, or for it from this source; or whoever asked for anything else is in
 * the map, too, which has no addresses. */
enum { BPF_MEMBER_GROUP, BPF_MEMBER_PAIR, BPF_MEMBER_KNOWN };

struct bpf_member {
	__u64 source_hi, source_lo, group_hi, group_lo;	/* as in struct frame */
	__u32 kind, spare;
};

/* The map `flows`: what became of the last packets, which is what becomes of the next one that shows
 * the same within this unit of time.  Each processor has two halves, for IPv4 and IPv6. */
#define BPF_FLOW_BYTES	   (1u << 21)
#define BPF_FLOW_BYTES_ALL (1u << 25)	/* of all processors, if they are many */
#define BPF_FLOW_WAYS	   2		/* where a flow may stand at one place */

/* A flow's key is a slot's word, and in it the port as it stands in the packet, the TTL if a rule asks
 * for it, and the time. */
#define BPF_WORD_TTL_SHIFT   16
#define BPF_WORD_TTL	     (0x1ffull << BPF_WORD_TTL_SHIFT)	/* some rule asks for it */
#define BPF_WORD_STAMP_SHIFT 25		/* of this slot, and of no other word that it had in these maps */
#define BPF_WORD_STAMP	     (0xffffffull << BPF_WORD_STAMP_SHIFT)
#define BPF_WORD_TIME_SHIFT  49
#define BPF_WORD_TTL_LESS    (1ull << 62)	/* of forwarded packets it is one less */
#define BPF_WORD_UPPER	     (1ull << 63)	/* some rule asks for a port or the like */

#define BPF_STAMPS (1u << 24)		/* none is 0 */

/* What became of a packet: the counter's offset among all, and below it BPF_OUTCOME_ and this. */
#define BPF_VALUE_KNOWN	  16u
#define BPF_VALUE_OUTCOME 15u

struct bpf_flow4 {
	__u64 hash;			/* of both addresses, and of no others with this key */
	__u64 key;
	__u32 value;
	__u32 spare[3];
};

struct bpf_flow6 {
	__u64 hash;
	__u64 key;
	__u64 addresses[4];		/* as they stand in the packet */
	__u32 value;
	__u32 spare[3];
};

/* Time in units of so many ticks, where seconds are meant. */
#define BPF_UNIT_BITS 8

/* The map `seen`: of which (S,G) a sample was taken lately. */
#define BPF_SEEN_SETS_BITS 14
#define BPF_SEEN_SETS	   (1 << BPF_SEEN_SETS_BITS)
#define BPF_SEEN_TIME_BITS 12
#define BPF_SEEN_TIME	   ((1 << BPF_SEEN_TIME_BITS) - 1)
struct bpf_seen {
	__u32 ways[2];			/* a hash above, the time below */
};

/* The ring `samples`. */
#define BPF_SAMPLE_BYTES 96
struct bpf_sample {
	__u64 at_ns;			/* CLOCK_MONOTONIC, coarse */
	__u32 ifindex;
	__u32 length;			/* of the frame */
	__u16 vlan_tci, vlan_protocol;	/* the tag that no byte of the frame holds; protocol 0: none */
	__u8  captured;
	__u8  hook;
	__u8  is_bare;			/* no link header */
	__u8  is_dry_run;		/* it was not dropped */
	__u8  bytes[BPF_SAMPLE_BYTES];
};

#endif
