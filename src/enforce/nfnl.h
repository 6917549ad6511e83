/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to the kernel's netfilter over netlink: put together, sent as one, answered one
 * by one.  Knows no table, no chain and no queue.  Only enforce/queue*.c needs it. */
#ifndef WEIR_ENFORCE_NFNL_H
#define WEIR_ENFORCE_NFNL_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor, or a negative errno. */
int nfnl_open(void);

/* Messages behind each other; a batch that grew past its end is failed, and says so when
 * sent. */
struct nfnl_batch {
	uint8_t *bytes;
	size_t	 n, size;
	uint32_t sequence, asked;	/* numbers of messages; of those that are to be answered */
	int	 failed;
};

void nfnl_batch_init(struct nfnl_batch *batch, size_t size);
void nfnl_batch_release(struct nfnl_batch *batch);
void nfnl_batch_reset(struct nfnl_batch *batch);

/* Begins a message; attributes are then put into it by libmnl. */
struct nlmsghdr *nfnl_begin(struct nfnl_batch *batch, unsigned subsystem, unsigned type,
			    unsigned flags, unsigned family, uint16_t number);
/* It is whole. */
void nfnl_end(struct nfnl_batch *batch, struct nlmsghdr *message);

/* The brackets of a transaction.  Without the closing one the kernel tries everything, answers,
 * and keeps nothing. */
void nfnl_transaction_begin(struct nfnl_batch *batch);
void nfnl_transaction_end(struct nfnl_batch *batch);

/* Sends it all, and waits for the answers: 0, or the first error. */
int nfnl_ask(int fd, const struct nfnl_batch *batch);

/* Sends a request for a dump and gives each answer's attributes to `each`. */
int nfnl_dump(int fd, const struct nfnl_batch *batch, mnl_cb_t each, void *context);

/* Whether room is left for a message of so many bytes. */
static inline int nfnl_fits(const struct nfnl_batch *batch, size_t n)
{
	return batch->n + n <= batch->size;
}

#endif
