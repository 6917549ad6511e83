/* SPDX-License-Identifier: BSD-2-Clause */
/* Bundles from a control socket or a state folder: whatever they hold, what is read says itself again. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char problem[POLICY_PROBLEM] = "";
	struct bundle bundle = { 0 }, again = { 0 };
	struct text json = { 0 };

	if (!bundle_parse(size ? (const char *)data : "", size, &bundle, problem)) {
		if (!problem[0])
			abort();
		return 0;
	}
	bundle_text(&bundle, &json);
	if (!bundle_parse(json.p, json.n, &again, problem) || !bundle_equal(&bundle, &again))
		abort();
	text_release(&json);
	bundle_release(&bundle);
	bundle_release(&again);
	return 0;
}
