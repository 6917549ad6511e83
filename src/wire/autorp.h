/* SPDX-License-Identifier: BSD-2-Clause */
/* Auto-RP: which RP serves which groups, by UDP port 496 to 224.0.1.39 (candidates announce) and
 * 224.0.1.40 (the mapping agent's choice).  Cisco's, never an RFC. */
#ifndef WEIR_WIRE_AUTORP_H
#define WEIR_WIRE_AUTORP_H

#include "wire/speech.h"

#define AUTORP_PORT 496

/* Reads the payload of the datagram: a statement for each range of each RP. */
void autorp_decode(const struct layers *at, struct span bytes, struct said *out);

#endif
