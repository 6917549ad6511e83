/* SPDX-License-Identifier: BSD-2-Clause */
/* What the MSDP relay costs: a million distinct (S,G) in random order, one TLV each, into the
 * cache and out to a second peer; the same through the `federation` boundary of `modern`; a storm
 * through a policer with a legitimate source every 10 ms beside it.  One thread, no sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "policy/load.h"
#include "policy/table.h"
#include "relay/relay.h"
#include "wire/msdp.h"

#define ENTRIES 1000000u
#define TLV_BYTES 20

struct stage {
	struct relay_peering peers[3];
	struct policy	    *policy;
	struct table	    *table;
	struct relay	    *relay;
	struct mtime	     now;
};

static uint64_t seed = 88172645463325252u;

static uint32_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static double cpu_s(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double resident_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static void stage_init(struct stage *s, const char *name, const char *text, const char *boundary)
{
	struct diags diags;

	*s = (struct stage){ .now = { NS_PER_S } };
	diags_init(&diags);
	if (name)
		s->policy = policy_load(&(struct policy_input){
			.name = name, .text = text, .n = text ? strlen(text) : 0 }, &diags);
	diags_release(&diags);
	if (s->policy)
		s->table = table_new(policy_boundary(s->policy, boundary));
	for (unsigned i = 0; i < 3; i++)
		s->peers[i] = (struct relay_peering){
			.remote = addr_of4(0x0a000001 + i), .local = addr_of4(0x0a000009),
			.is_default = true, .timing = { .hold_s = 65000 },
			.boundary = s->policy && i != 2 ? policy_boundary(s->policy, boundary) : NULL,
			.table = i != 2 ? s->table : NULL };
	s->relay = relay_new(&(struct relay_config){ .peers = s->peers, .n = 3,
						     .entries_max = 1u << 20, .seed = 99 },
			     s->now);
	for (unsigned i = 0; i < 3; i++)
		relay_up(s->relay, i, s->now);
}

static void stage_release(struct stage *s)
{
	relay_free(s->relay);
	table_free(s->table);
	policy_free(s->policy);
}

static void write_entry(uint8_t *at, struct addr rp, uint32_t source, uint32_t group)
{
	struct msdp_entry entry = { addr_of4(source), addr_of4(group) };
	struct wr w = wr_of(at, TLV_BYTES);

	msdp_encode_sa(&w, rp, &entry, 1, (struct span){ 0 });
}

static uint8_t *make_stream(uint32_t n)
{
	uint8_t *bytes = malloc((size_t)n * TLV_BYTES);

	for (uint32_t i = 0; i < n; i++)
		write_entry(bytes + (size_t)i * TLV_BYTES, addr_of4(0x0a000001),
			    0x40000000 | (any() & 0x1fffffff), 0xe9000000 | (any() & 0xffff));
	return bytes;
}

static void drain(struct stage *s)
{
	struct span out;

	for (unsigned i = 0; i < 3; i++)
		while ((out = relay_output(s->relay, i, s->now)).n > 0)
			relay_sent(s->relay, i, out.n, s->now);
}

static double feed(struct stage *s, const uint8_t *bytes, size_t n)
{
	double begun = cpu_s();

	while (n > 0) {
		struct span piece = { bytes, n < 16384 ? n : 16384 };
		size_t taken = relay_bytes(s->relay, 0, piece, s->now);

		bytes += taken;
		n -= taken;
		relay_turn(s->relay, s->now);
		drain(s);
	}
	while (relay_turn(s->relay, s->now))
		drain(s);
	return cpu_s() - begun;
}

static void measure_accepting(const uint8_t *bytes)
{
	double before = resident_mb(), took;
	struct stage s;

	stage_init(&s, NULL, NULL, NULL);
	took = feed(&s, bytes, (size_t)ENTRIES * TLV_BYTES);
	printf("  %u distinct (S,G) in random order: %.2f s, %.2f M/s, %.0f bytes an entry"
	       " (%u held, %llu told to each of two peers)\n",
	       ENTRIES, took, ENTRIES / took / 1e6, (resident_mb() - before) * 1048576 / ENTRIES,
	       relay_cache(s.relay)->live,
	       (unsigned long long)relay_figures(s.relay, 2).entries_out);
	took = feed(&s, bytes, (size_t)ENTRIES * TLV_BYTES);
	printf("  the same again, all refreshes: %.2f s, %.2f M/s\n", took, ENTRIES / took / 1e6);
	stage_release(&s);
}

static void measure_filtering(const uint8_t *bytes)
{
	struct stage s;
	double took;

	stage_init(&s, "modern", NULL, "federation");
	feed(&s, bytes, (size_t)ENTRIES * TLV_BYTES);
	took = feed(&s, bytes, (size_t)ENTRIES * TLV_BYTES);
	printf("  through modern's federation: %.2f M/s (%llu of %u let in)\n",
	       ENTRIES / took / 1e6, (unsigned long long)relay_figures(s.relay, 0).fresh, ENTRIES);
	stage_release(&s);
}

int main(void)
{
	uint8_t *bytes = make_stream(ENTRIES);

	printf("MSDP relay, one thread, no sockets\n");
	measure_accepting(bytes);
	measure_filtering(bytes);
	free(bytes);
	return 0;
}
