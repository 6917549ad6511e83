/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the queue share beside queue.h. */
#ifndef WEIR_ENFORCE_QUEUE_RULES_H
#define WEIR_ENFORCE_QUEUE_RULES_H

/* On the packets that weir itself sends, so that they are not judged. */
#define QUEUE_MARK 0x77656972u

/* One datagram of answers holds at most so many bytes: more than one rewritten packet of the
 * largest size, less than a socket takes by default. */
#define QUEUE_ANSWER_BYTES (1u << 17)

#endif
