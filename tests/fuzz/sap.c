/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: SAP, and the session descriptions inside, inflated ones included.  The packet's
 * own data always stands first. */
#include "decode.h"
#include "wire/sap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct layers message = *at;

	message.template.dport = SAP_PORT;
	sap_decode(&message, bytes, out);
	if (out->n < 1 || out->list[0].anomaly != ANOMALY_NONE || out->scratch_used > SAID_SCRATCH)
		abort();
	out->n--;
	memmove(&out->list[0], &out->list[1], out->n * sizeof(out->list[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(decode, "192.0.2.1", "224.2.127.254", data, size);
}
