/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM version 1, which travels as IGMP type 0x14.  It was never an RFC; its forms are those of the
 * drafts of 1995 (draft-ietf-idmr-pim-spec) as routers sent them. */
#ifndef WEIR_WIRE_PIM1_H
#define WEIR_WIRE_PIM1_H

#include "wire/speech.h"

/* Reads a whole IGMP message of type 0x14. */
void pim1_decode(const struct layers *at, struct span bytes, struct said *out);

#endif
