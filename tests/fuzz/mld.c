/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: MLD. */
#include "decode.h"
#include "wire/mld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(mld_decode, "fe80::1", "ff02::16", data, size);
}
