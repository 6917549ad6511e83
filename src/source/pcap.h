/* SPDX-License-Identifier: BSD-2-Clause */
/* The pcap file format, with the variants of its header that are in use. */
#ifndef WEIR_SOURCE_PCAP_H
#define WEIR_SOURCE_PCAP_H

#include "source/capture.h"

/* True where the file's first four bytes, read in little-endian order, are pcap's; the capture
 * then reads it. */
bool pcap_begin(struct capture *c, uint32_t magic);

#endif
