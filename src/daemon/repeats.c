/* SPDX-License-Identifier: BSD-2-Clause */
/* Notices that repeat themselves. */
#include "daemon/repeats.h"

#include <stdio.h>
#include <string.h>

static uint64_t hash_of(const char *kind, const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *p = kind; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	hash = (hash ^ '/') * UINT64_C(0x100000001b3);
	for (const char *p = key; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

/* A session that goes up and down is worth more words than a source that is there. */
static int64_t time_of(const char *kind)
{
	return strcmp(kind, "msdp-up") == 0 || strcmp(kind, "msdp-down") == 0 ? REPEATS_STATE_NS
									       : REPEATS_NS;
}

bool repeats_tells(struct repeats *repeats, unsigned priority, const char *kind, const char *key,
		   const char *text, int64_t now_ns)
{
	uint64_t hash = hash_of(kind, key);
	struct repeat *r;

	for (size_t i = 0; i < REPEATS_MAX; i++) {
		r = &repeats->list[i];
		if (r->hash == hash && (r->times > 0 || now_ns - r->at_ns < r->for_ns)) {
			r->times++;
			return false;
		}
	}
	r = &repeats->list[repeats->next++ % REPEATS_MAX];
	repeats->forgotten += r->times;
	*r = (struct repeat){ .hash = hash, .at_ns = now_ns, .for_ns = time_of(kind),
			      .priority = priority };
	snprintf(r->kind, sizeof(r->kind), "%s", kind);
	snprintf(r->text, sizeof(r->text), "%s", text);
	return true;
}

bool repeats_due(struct repeats *repeats, int64_t now_ns, struct repeat *out)
{
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		struct repeat *r = &repeats->list[i];

		if (r->times == 0 || now_ns - r->at_ns < r->for_ns)
			continue;
		*out = *r;
		r->times = 0;
		r->at_ns = now_ns;		/* that was the telling of it */
		return true;
	}
	return false;
}

int64_t repeats_deadline(const struct repeats *repeats)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < REPEATS_MAX; i++) {
		const struct repeat *r = &repeats->list[i];

		if (r->times > 0 && r->at_ns + r->for_ns < next)
			next = r->at_ns + r->for_ns;
	}
	return next;
}
