/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: Router Advertisements. */
#include "decode.h"
#include "wire/icmp6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(icmp6_decode, "fe80::1", "ff02::1", data, size);
}
