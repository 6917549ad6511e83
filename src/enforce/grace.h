/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for the packets that the kernel has at hand.  Knows no rules. */
#ifndef WEIR_ENFORCE_GRACE_H
#define WEIR_ENFORCE_GRACE_H

/* Every packet that was being judged when this was called, by a program or by nftables, has been judged
 * and counted when it returns: a grace period of RCU, some 5 to 20 ms. */
void grace_wait(void);

#endif
