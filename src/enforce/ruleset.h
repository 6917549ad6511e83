/* SPDX-License-Identifier: BSD-2-Clause */
/* A transaction of rules for nftables, expression by expression, as the kernel reads them.
 * Knows no link and no queue.  Only enforce/queue*.c and enforce/tap*.c need it. */
#ifndef WEIR_ENFORCE_RULESET_H
#define WEIR_ENFORCE_RULESET_H

#include <stdbool.h>

#include "base/bytes.h"
#include "enforce/nfnl.h"

#define RULESET_NAME 64		/* of a chain or a counter, its NUL included */

/* What is put into it is of this table and family at the time. */
struct ruleset {
	struct nfnl_batch batch;
	struct nlmsghdr	 *last;
	const char	 *table;
	uint8_t		  family;
	/* the caller's: whether this kernel has the `fib` expression, and rules at a
	 * device's egress */
	bool		  knows_own, has_egress;
};

/* Opens a transaction; ruleset_send() closes and releases it: 0, or the kernel's first
 * complaint.  With `keep` false the kernel tries everything and keeps nothing. */
void ruleset_open(struct ruleset *s, const char *table);
int ruleset_send(struct ruleset *s, bool keep);
/* By a descriptor of nfnl_open().  Its end waits until the kernel has seen every packet of what was
 * taken away by any.  After a failure there may be more answers to come. */
int ruleset_send_by(struct ruleset *s, int fd, bool keep);
/* A table with all that is in it; 0 also where there is none. */
int ruleset_remove(const char *table, uint8_t family);

/* A message of the transaction, into which attributes are put. */
struct nlmsghdr *ruleset_begin(struct ruleset *s, unsigned type, unsigned flags);
void ruleset_end(struct ruleset *s, struct nlmsghdr *message);

/* What is there already stays as it is. */
void ruleset_table(struct ruleset *s);
void ruleset_chain(struct ruleset *s, const char *name);
void ruleset_counter(struct ruleset *s, const char *name);
/* A base chain at a hook of the table's family; in family netdev at that of a device (NF_NETDEV_*),
 * else `device` is NULL. */
void ruleset_base(struct ruleset *s, const char *chain, const char *device, uint32_t hook,
		  int32_t priority);
/* Takes all rules out of the table; chains and counters stay. */
void ruleset_flush(struct ruleset *s);
void ruleset_flush_chain(struct ruleset *s, const char *name);

/* Lines of a chain by which control packets go to chain `to`: IGMP, MLD, PIM, Router
 * Advertisements; with `payload` Auto-RP and SAP. */
void ruleset_select_control(struct ruleset *s, const char *chain, bool payload, const char *to);

/* One rule while it is put together. */
struct line {
	struct ruleset	*rules;
	uint32_t	 reg;		/* what is looked at goes there; at first NFT_REG_1 */
	struct nlmsghdr *message;
	struct nlattr	*expressions;
};

struct line line_begin(struct ruleset *s, const char *chain);
void line_end(struct line *line);

/* An expression of any kind, whose attributes are put between the two. */
struct nest {
	struct nlattr *element, *data;
};
struct nest line_open(struct line *line, const char *name);
void line_close(struct line *line, struct nest nest);

/* What is looked at, by the keys of nf_tables.h, and what it must be. */
void line_meta(struct line *line, uint32_t key);
void line_payload(struct line *line, uint32_t offset, uint32_t length);	/* of what IP carries */
void line_network(struct line *line, uint32_t offset, uint32_t length);	/* of the network header */
void line_compare(struct line *line, uint32_t op, const void *value, size_t length);
/* Both ends included; all are numbers in network byte order. */
void line_range(struct line *line, const void *first, const void *last, size_t length);
void line_mask(struct line *line, const void *mask, size_t length);
void line_protocol(struct line *line, uint8_t number);
void line_interface(struct line *line, uint32_t key, const char *name);

/* Looks it up in a verdict map, from NFT_REG_1 on; what is not there ends the line. */
void line_lookup(struct line *line, const char *map);
/* Goes on where a set has it, or where it has it not. */
void line_find(struct line *line, const char *set, bool is_inverted);
/* Counts in the line itself. */
void line_count(struct line *line);
/* What is done; `chain` NULL where the verdict goes to none. */
void line_counter(struct line *line, const char *counter);
void line_verdict(struct line *line, int32_t verdict, const char *chain);

#endif
