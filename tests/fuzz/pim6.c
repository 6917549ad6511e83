/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: PIM over IPv6. */
#include "decode.h"
#include "wire/pim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(pim_decode, "fe80::1", "ff02::d", data, size);
}
