/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: IGMP, PIM version 1 included. */
#include "decode.h"
#include "wire/igmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(igmp_decode, "10.0.0.7", "224.0.0.22", data, size);
}
