/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-judge: what one verdict costs.  Streams of (S,G) against the border of `modern`: the
 * compiled table, the reference interpreter, and DPDK's rte_acl where it is installed.  The work
 * is the time above a loop that only reads the stream. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "acl.h"
#include "model/diag.h"
#include "policy/load.h"
#include "policy/table.h"
#include "stopwatch.h"

#define FLOWS (1u << 16)			/* the stream stays in the second-level cache */
#define FLOWS6 (1u << 14)
#define TURNS 16
#define VERDICTS ((double)FLOWS * TURNS)
#define REFERENCE_FLOWS (1u << 13)
#define ROUNDS 15
#define ZIPF_GROUPS 20000
#define WORK_MAX 3.0			/* ns of a verdict for IPv4 */

static bool missed;

static uint64_t seed = 88172645463325252u;

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct flow6 {
	struct addr source, group;
};

struct bench {
	const struct boundary *boundary;
	struct table	      *table;
	unsigned	       plane;
	struct flow4	      *flows4;
	struct flow6	      *flows6;
	size_t		       algorithm;
};

/* --- streams --- */

static uint32_t realistic_group(void)
{
	static const uint32_t tops[] = { 0xe0000100, 0xe0020000, 0xe8000000, 0xe9000000, 0xe9160000,
					 0xea000000, 0xef000000, 0xefff0000, 0xefc00000, 0xe0030000 };

	return tops[random_next() % COUNT(tops)] | (uint32_t)(random_next() & 0xffff);
}

static uint32_t realistic_source(void)
{
	static const uint32_t tops[] = { 0xc6330000, 0x82000000, 0xc0690000, 0x0a000000, 0xac100000,
					 0x50000000, 0xc3000000, 0xd0000000 };

	return tops[random_next() % COUNT(tops)] | (uint32_t)(random_next() & 0xffffff);
}

/* The rank of a Zipf distribution with s = 1, by the inverse of its cumulative. */
static size_t zipf(size_t n)
{
	double u = (double)(random_next() >> 11) / (double)(UINT64_C(1) << 53);

	return (size_t)exp(u * log((double)n + 1)) - 1;
}

static void fill_uniform(struct flow4 *flows)
{
	for (size_t i = 0; i < FLOWS; i++)
		flows[i] = (struct flow4){ (uint32_t)random_next(),
					   0xe0000000 | (uint32_t)(random_next() & 0x0fffffff) };
}

static void fill_zipf(struct flow4 *flows)
{
	struct flow4 *some = calloc(ZIPF_GROUPS, sizeof(*some));

	if (!some)
		abort();
	for (size_t i = 0; i < ZIPF_GROUPS; i++)
		some[i] = (struct flow4){ realistic_source(), realistic_group() };
	for (size_t i = 0; i < FLOWS; i++)
		flows[i] = some[zipf(ZIPF_GROUPS)];
	free(some);
}

static struct flow6 realistic_flow6(void)
{
	static const uint64_t tops[] = { 0xff0e, 0xff3e, 0xff02, 0xff05, 0xff1e, 0xff7e, 0xff08 };
	uint64_t top = tops[random_next() % COUNT(tops)], hi = top << 48, r = random_next();
	uint64_t lo = r & 1 ? r & 0x1ff : 0x80000000 | (r & 0xffffff);

	if (top == 0xff7e)
		hi |= UINT64_C(0x0140) << 32 | 0x20010db8;
	else if (top == 0xff3e && r & 2)
		hi |= UINT64_C(0x0020) << 32 | 0x2a000001;
	return (struct flow6){ addr_of6(UINT64_C(0x2a00) << 48 | random_next() >> 16, random_next()),
			       addr_of6(hi, lo) };
}

/* --- cases --- */

static uint64_t read_stream4(void *arg)
{
	const struct bench *b = arg;
	uint64_t sum = 0;

	for (size_t k = 0, i = 0; k < FLOWS * TURNS; k++, i = k % FLOWS) {
		struct flow4 f = b->flows4[i];

		/* as the table's case: one number of each flow, one after the other */
		__asm__("" : "+r"(f.source), "+r"(f.group));
		sum += f.source ^ f.group;
	}
	return sum;
}

static uint64_t judge_table4(void *arg)
{
	const struct bench *b = arg;
	const struct table *t = b->table;
	uint64_t sum = 0;

	for (size_t k = 0, i = 0; k < FLOWS * TURNS; k++, i = k % FLOWS) {
		sum += table_quick4(t, b->flows4[i].source, b->flows4[i].group, b->plane)
			       .verdict.rule + 1u;
	}
	return sum;
}

static struct observation observation_of(struct addr source, struct addr group)
{
	struct observation obs = observation_none();

	obs.point = POINT_DATA;
	obs.type = TYPE_DATA;
	obs.protocol = PROTOCOL_UDP;
	obs.ip_protocol = 17;
	obs.source = obs.speaker = source;
	obs.group = group;
	obs.source_len = obs.group_len = (uint8_t)addr_bits(group);
	return obs;
}

static uint64_t judge_whole4(void *arg)
{
	const struct bench *b = arg;
	struct observation obs = observation_of(addr_of4(0), addr_of4(0));
	uint64_t sum = 0;

	for (size_t k = 0, i = 0; k < FLOWS * TURNS; k++, i = k % FLOWS) {
		obs.source.lo = b->flows4[i].source;
		obs.group.lo = b->flows4[i].group;
		sum += table_judge(b->table, &obs).rule + 1u;
	}
	return sum;
}

static uint64_t judge_reference4(void *arg)
{
	const struct bench *b = arg;
	uint64_t sum = 0;

	for (size_t i = 0; i < REFERENCE_FLOWS; i++) {
		struct observation obs = observation_of(addr_of4(b->flows4[i].source),
							addr_of4(b->flows4[i].group));

		sum += reference_judge(b->boundary, &obs).rule + 1u;
	}
	return sum;
}

static uint64_t read_stream6(void *arg)
{
	const struct bench *b = arg;
	uint64_t sum = 0;

	for (size_t k = 0, i = 0; k < FLOWS * TURNS; k++, i = k % FLOWS6)
		sum += b->flows6[i].source.lo ^ b->flows6[i].group.lo ^ b->flows6[i].group.hi;
	return sum;
}

static uint64_t judge_table6(void *arg)
{
	const struct bench *b = arg;
	uint64_t sum = 0;

	for (size_t k = 0, i = 0; k < FLOWS * TURNS; k++, i = k % FLOWS6)
		sum += table_quick(b->table, b->flows6[i].source, b->flows6[i].group, b->plane)
			       .verdict.rule + 1u;
	return sum;
}

static uint64_t judge_reference6(void *arg)
{
	const struct bench *b = arg;
	uint64_t sum = 0;

	for (size_t i = 0; i < REFERENCE_FLOWS; i++) {
		struct observation obs = observation_of(b->flows6[i].source, b->flows6[i].group);

		sum += reference_judge(b->boundary, &obs).rule + 1u;
	}
	return sum;
}

static uint64_t judge_acl(void *arg)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TURNS; i++)
		sum += acl_classify(((const struct bench *)arg)->algorithm);
	return sum;
}

/* --- printing --- */

#define ACL_MAX 8

/* rte_acl says 0 where no rule matches: the default. */
static uint64_t expected_of_acl(const struct bench *b)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		unsigned rule = table_quick(b->table, addr_of4(b->flows4[i].source),
					    addr_of4(b->flows4[i].group), b->plane).verdict.rule;

		sum += rule + 1 == b->boundary->rule_count ? 0 : rule + 1;
	}
	return sum;
}

static void print_acl(const struct bench *b, const struct stopwatch_case *cases, size_t n,
		      double weir)
{
	double best = 0;

	for (size_t i = 0; i < n; i++) {
		double ns = cases[i].ns / VERDICTS;

		printf("    rte_acl %-10s %8.2f ns\n", cases[i].name, ns);
		if (cases[i].result != TURNS * expected_of_acl(b))
			printf("    rte_acl %s and weir disagree\n", cases[i].name);
		best = best == 0 || ns < best ? ns : best;
	}
	if (n > 0)
		printf("    with its loop weir is %.1f times as fast as the best of rte_acl (aim: 3)\n", best / weir);
}

static void run_stream4(struct bench *b, const char *name)
{
	struct bench by_algorithm[ACL_MAX];
	struct stopwatch_case cases[4 + ACL_MAX] = {
		{ .name = "the stream", .run = read_stream4, .arg = b },
		{ .name = "weir", .run = judge_table4, .arg = b },
		{ .name = "weir, whole", .run = judge_whole4, .arg = b },
		{ .name = "reference", .run = judge_reference4, .arg = b },
	};
	size_t n = 4;
	double work, reference;

	if (acl_init(b->boundary, b->flows4, FLOWS)) {
		for (size_t i = 0; i < acl_algorithm_count() && i < ACL_MAX; i++, n++) {
			by_algorithm[i] = *b;
			by_algorithm[i].algorithm = i;
			cases[n] = (struct stopwatch_case){ .name = acl_algorithm_name(i), .run = judge_acl,
							    .arg = &by_algorithm[i] };
		}
	}
	stopwatch_run(cases, n, ROUNDS);
	work = (cases[1].ns - cases[0].ns) / VERDICTS;
	reference = cases[3].ns / REFERENCE_FLOWS;
	printf("  IPv4, %s\n", name);
	printf("    table_quick4       %8.2f ns of work (at most %.2f) %s, %.2f with its loop\n", work,
	       WORK_MAX, work <= WORK_MAX ? "ok" : "MISS", cases[1].ns / VERDICTS);
	missed = missed || work > WORK_MAX;
	printf("    table_judge        %8.2f ns, a whole observation\n", cases[2].ns / VERDICTS);
	printf("    reference          %8.0f ns: %.0f times as long\n", reference, reference / work);
	print_acl(b, cases + 4, n - 4, cases[1].ns / VERDICTS);
}

static void run_stream6(struct bench *b)
{
	struct stopwatch_case cases[] = {
		{ .name = "the stream", .run = read_stream6, .arg = b },
		{ .name = "weir", .run = judge_table6, .arg = b },
		{ .name = "reference", .run = judge_reference6, .arg = b },
	};
	double work, reference;

	for (size_t i = 0; i < FLOWS6; i++)
		b->flows6[i] = realistic_flow6();
	stopwatch_run(cases, COUNT(cases), ROUNDS);
	work = (cases[1].ns - cases[0].ns) / VERDICTS;
	reference = cases[2].ns / REFERENCE_FLOWS;
	printf("  IPv6\n    table_quick        %8.2f ns of work\n", work);
	printf("    reference          %8.0f ns: %.0f times as long\n", reference, reference / work);
}

static uint64_t compile(void *arg)
{
	struct table *t = table_new(arg);
	uint64_t bytes = table_size_bytes(t);

	table_free(t);
	return bytes;
}

static void print_compile(const struct bench *b)
{
	struct stopwatch_case cases[] = {
		{ .name = "compile", .run = compile, .arg = (void *)(uintptr_t)b->boundary } };
	struct table_shape shape = table_shape(b->table);

	stopwatch_run(cases, 1, 9);
	printf("  compiling %zu rules takes %.2f ms and %llu kB: classes of IPv4 %zu x %zu, of IPv6 "
	       "%zu x %zu, %zu planes, %zu lists\n", b->boundary->match_count, cases[0].ns / 1e6,
	       (unsigned long long)(cases[0].result / 1000), shape.sources4, shape.groups4, shape.sources6,
	       shape.groups6, shape.planes, shape.lists);
}

#define HOSTS 50000
#define HOSTS_MB 20.0

/* A list of sources that nobody aggregated: hosts of one provider's customers. */
static void put_hosts(struct text *out)
{
	text_put(out, "policy \"hosts\"\nset hosts = {");
	for (unsigned i = 0; i < HOSTS; i++) {
		uint64_t r = random_next();

		text_printf(out, "%s 2001:db8:%x:%x::%x", i > 0 ? "," : "", (unsigned)r & 0xffff,
			    (unsigned)(r >> 16) & 0xff, (unsigned)(r >> 24) & 0xffff);
	}
	text_put(out, " }\nboundary border {\n deny from hosts as hosts\n default permit\n}\n");
}

/* Half of the sources are of the list. */
static void fill_hosts(struct bench *b, const struct set *hosts)
{
	for (size_t i = 0; i < FLOWS6; i++) {
		b->flows6[i] = realistic_flow6();
		if (i % 2 == 0)
			b->flows6[i].source = hosts->ranges[random_next() % hosts->n].first;
	}
}

static void run_hosts(struct bench *b)
{
	struct stopwatch_case cases[] = {
		{ .name = "the stream", .run = read_stream6, .arg = b },
		{ .name = "weir", .run = judge_table6, .arg = b },
	};
	struct text text = { 0 };
	struct policy *policy;
	struct diags diags;
	double mb;

	put_hosts(&text);
	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "hosts", .text = text.p, .n = text.n },
			     &diags);
	b->boundary = policy->boundaries[0];
	b->table = table_new(b->boundary);
	b->plane = table_plane(b->table, &(struct observation){ .point = POINT_DATA });
	fill_hosts(b, policy->sets[0].set);
	stopwatch_run(cases, COUNT(cases), ROUNDS);
	mb = (double)table_size_bytes(b->table) / 1e6;
	printf("  a list of %u IPv6 hosts\n    table_quick        %8.2f ns of work, half of the sources are of "
	       "the list\n", HOSTS, (cases[1].ns - cases[0].ns) / VERDICTS);
	printf("    memory             %8.2f MB (at most %.0f) %s\n", mb, HOSTS_MB, mb <= HOSTS_MB ? "ok" : "MISS");
	missed = missed || mb > HOSTS_MB;
	table_free(b->table);
	policy_free(policy);
	diags_release(&diags);
	text_release(&text);
}

int main(void)
{
	struct diags diags;
	struct policy *policy;
	struct bench b = { .flows4 = calloc(FLOWS, sizeof(*b.flows4)),
			   .flows6 = calloc(FLOWS6, sizeof(*b.flows6)) };
	struct observation obs = observation_of(addr_of4(0), addr_of4(0));

	diags_init(&diags);
	policy = policy_load(&(struct policy_input){ .name = "modern" }, &diags);
	if (!policy || !b.flows4 || !b.flows6)
		return 1;
	b.boundary = policy->boundaries[0];
	b.table = table_new(b.boundary);
	b.plane = table_plane(b.table, &obs);
	printf("One verdict of modern's border, medians of %u rounds\n", ROUNDS);
	print_compile(&b);
	fill_uniform(b.flows4);
	run_stream4(&b, "uniform");
	fill_zipf(b.flows4);
	run_stream4(&b, "Zipf");
	run_stream6(&b);
	table_free(b.table);
	run_hosts(&b);
	policy_free(policy);
	diags_release(&diags);
	free(b.flows4);
	free(b.flows6);
	return missed;
}
