/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: Auto-RP. */
#include "decode.h"
#include "wire/autorp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(autorp_decode, "10.0.0.7", "224.0.1.39", data, size);
}
