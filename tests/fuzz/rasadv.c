/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: RAS advertisements.  The packet's own data always stands first. */
#include "decode.h"
#include "wire/rasadv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct layers message = *at;

	message.template.dport = RASADV_PORT;
	rasadv_decode(&message, bytes, out);
	if (out->n < 1 || out->n > 2 || out->list[0].anomaly != ANOMALY_NONE)
		abort();
	if (out->list[0].hostname.n > RASADV_NAME_MAX || out->list[0].domain.n > RASADV_NAME_MAX)
		abort();
	if (out->n == 2)
		out->list[0] = out->list[1];
	out->n = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_decode(decode, "192.0.2.1", "239.255.2.2", data, size);
}
