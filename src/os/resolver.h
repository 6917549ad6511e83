/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of addresses by the system's resolver, asked in a process of its own: whoever asks never
 * waits.  Names are hostile input: escape them. */
#ifndef WEIR_OS_RESOLVER_H
#define WEIR_OS_RESOLVER_H

#include "net/addr.h"

#define RESOLVER_ADDRESSES_MAX 4096

struct resolver;

/* 0 or negative errno. */
int resolver_new(struct resolver **out);
/* Waits for no answer. */
void resolver_free(struct resolver *r);

/* Ready to read when an answer has come, -1 where none can come any more; resolver_read() takes all
 * that have, and tells whether there was one. */
int resolver_fd(const struct resolver *r);
bool resolver_read(struct resolver *r);

/* The name, or "" where none is known; asks for it the first time. */
const char *resolver_name(struct resolver *r, struct addr address);
/* True where an answer may still come. */
bool resolver_waits(struct resolver *r, struct addr address);

#endif
