/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates and sparklines. */
#include "sink/pulse.h"

#define LEVELS 8

static uint32_t *bar_of(struct pulse *p, uint32_t second)
{
	return &p->bars[second / PULSE_BAR_S % PULSE_BARS];
}

static void add(uint32_t *bar, uint64_t n)
{
	*bar = n > UINT32_MAX - *bar ? UINT32_MAX : *bar + (uint32_t)n;
}

void pulse_begin(struct pulse *p, uint32_t who, uint32_t second)
{
	*p = (struct pulse){ .who = who, .second = second };
}

/* What came while nobody looked is spread over the seconds since. */
void pulse_feel(struct pulse *p, uint32_t who, uint64_t total, uint32_t second)
{
	uint64_t more, each;
	uint32_t seconds;

	if (p->who != who || total < p->then || second < p->second)
		pulse_begin(p, who, second ? second - 1 : 0);
	seconds = second - p->second;
	if (seconds == 0)
		return;
	more = total - p->then;
	each = more / seconds;
	p->rate = each > UINT32_MAX ? UINT32_MAX : (uint32_t)each;
	if (seconds > PULSE_BARS * PULSE_BAR_S)
		seconds = PULSE_BARS * PULSE_BAR_S;
	for (uint32_t s = second - seconds + 1; s != second + 1; s++) {
		if (s % PULSE_BAR_S == 0)
			*bar_of(p, s) = 0;
		add(bar_of(p, s), each);
	}
	add(bar_of(p, second), more % (second - p->second));
	p->then = total;
	p->second = second;
}

void pulse_spark(const struct pulse *p, uint32_t second, bool ascii, struct text *out)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[LEVELS] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	const char *const *signs = ascii ? letters : blocks;
	uint32_t first = second / PULSE_BAR_S, most = 1;

	for (unsigned i = 0; i < PULSE_BARS; i++)
		most = p->bars[i] > most ? p->bars[i] : most;
	for (unsigned i = 1; i <= PULSE_BARS; i++) {
		uint32_t bar = p->bars[(first + i) % PULSE_BARS];

		text_put(out, bar == 0 ? signs[0] : signs[(uint64_t)bar * (LEVELS - 1) / most]);
	}
}
