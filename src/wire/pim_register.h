/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM Register and Null-Register: a data packet on its way from a DR to an RP.
 * RFC 7761 4.9.3. */
#ifndef WEIR_WIRE_PIM_REGISTER_H
#define WEIR_WIRE_PIM_REGISTER_H

#include "wire/speech.h"

/* Reads what is behind the PIM header: flags and the inner packet. */
void pim_register_read(struct rd *r, struct speech *s);

/* The RP that a Register names: the outer destination, absent where that is wrongly a group. */
struct addr pim_register_rp(const struct layers *at);

/* Reads the inner packet alone, for PIM version 1: says (S,G), and lets SAP and rasadv inside of
 * it speak. */
void pim_register_read_inner(struct rd *r, struct speech *s);

#endif
