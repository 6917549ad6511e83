/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: trimming.  The first byte says in which packet the message comes (or that the
 * rest is the packet) and what is done with what is not understood; checksums are made
 * right, so that every message is read.  What comes out must be sound, and trimming it again
 * must change nothing. */
#include "enforce/tap.h"
#include "trim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POLICY                                                                                     \
	"boundary b { ignore to 239.7.7.7 deny to { 239.1.1.1, 239.3.0.0/16, ff0e::1:1 }"          \
	" deny from { 10.0.0.9, 2001:db8::9 } deny rp { 10.9.9.9, 2001:db8:9::9 }"                 \
	" deny from * to 232.0.0.0/8 deny type pfm to 239.4.0.0/16 default permit }"

static struct trim_result judge(struct t_trim *t, struct span packet)
{
	struct trim_result out = t_judge(t, packet);

	if (!t_is_sound(t, packet, &out))
		abort();
	return out;
}

static void try_packet(struct t_trim *t, struct span packet)
{
	struct trim_result out = judge(t, packet);
	uint8_t *again;

	tap_carries(packet, true);
	if (out.act != TRIM_REWRITE)
		return;
	again = malloc(out.packet.n);
	memcpy(again, out.packet.p, out.packet.n);
	if (judge(t, (struct span){ again, out.packet.n }).act != TRIM_PASS)
		abort();
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct t_trim trims[2];
	struct span message = { data + 1, size - 1 }, packet;
	struct t_trim *t;

	if (size == 0 || size > 16384)
		return 0;
	t = &trims[data[0] >> 7];
	if (!t->trim && !t_trim_open(t, POLICY, (struct trim_options){ .fail_open = data[0] >> 7,
								       .register_stop = true,
								       .judges_data = true }))
		abort();
	if ((data[0] & 7) >= VIA_COUNT) {
		try_packet(t, message);
		return 0;
	}
	packet = t_packet((enum via)(data[0] & 7), message);
	try_packet(t, packet);
	free((void *)packet.p);
	return 0;
}
