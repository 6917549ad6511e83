/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: PIM over IPv4. */
#include "decode.h"
#include "wire/pim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(pim_decode, "10.0.0.7", "10.0.0.2", data, size);
}
