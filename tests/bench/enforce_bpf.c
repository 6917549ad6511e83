/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures the kernel programs in a network namespace of its own: each case's CPU time for one
 * packet, cases in turns, medians.  Prints `name value` lines for tests/bench/enforce.py.
 *
 * usage: bench-enforce-bpf BENCH.o ROUNDS [SETS] */
#include "enforce/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "enforce/bpf_object.h"
#include "policy/artefact.h"
#include "policy/load.h"

#define FOLDER "/tmp/weir-bench-bpf"
#define PINS FOLDER "/weir"
#define STREAM 4096
#define RUNS 1000000
#define CASES_MAX 16
#define ROUNDS_MAX 64

static void fail(const char *what, int status)
{
	fprintf(stderr, "bench-enforce-bpf: %s: %s\n", what, strerror(-status));
	exit(3);
}

static void need(const char *what, int status)
{
	if (status < 0)
		fail(what, status);
}

/* --- the place --- */

static void shell(const char *word, ...)
{
	char *words[24] = { (char *)(uintptr_t)word };
	va_list list;
	int n = 1, status;
	pid_t child;

	va_start(list, word);
	while (n < 23 && (words[n] = va_arg(list, char *)))
		n++;
	va_end(list);
	child = fork();
	if (child == 0) {
		execvp(words[0], words);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		fail(word, -EINVAL);
}

static void add_pair(const char *a, const char *b)
{
	shell("ip", "link", "add", a, "type", "veth", "peer", "name", b, NULL);
	shell("ip", "link", "set", a, "up", NULL);
	shell("ip", "link", "set", b, "up", NULL);
}

static void enter(void)
{
	cpu_set_t one;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		fail("no namespaces", -errno);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mkdir(FOLDER, 0700);
	if (mount("bpf", FOLDER, "bpf", 0, NULL) < 0)
		fail("no bpf file system", -errno);
	CPU_ZERO(&one);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	add_pair("weir0", "weir1");
	add_pair("bare0", "bare1");
}

/* --- the policy on weir1, by XDP --- */

static struct policy *load(const char *name, const char *text, const char *sets)
{
	const char *list[1] = { sets };
	struct policy_input input = { .name = name, .text = text, .n = text ? strlen(text) : 0,
				      .sets = list, .set_count = sets ? 1 : 0 };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	if (!policy)
		fail("a policy of the benchmark", -EINVAL);
	diags_release(&diags);
	return policy;
}

static double milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* How long from the policy in memory until it is in force. */
static double install(void *state, const struct boundary *boundary)
{
	struct enforce_link link = { .name = "weir1", .index = if_nametoindex("weir1") };
	struct enforce_choice choice = { .hooks = { BACKEND_XDP, BACKEND_AUTO } };
	struct enforce_boundary one = { boundary, &link, 1 };
	struct enforce_plan plan = { .boundaries = &one, .n = 1, .generation = 1 };
	struct enforce_notes notes = { 0 };
	struct text parcel = { 0 }, error = { 0 };
	double start = milliseconds();

	need("compile", bpf_backend.compile(&plan, &choice, &parcel, &notes));
	if (bpf_backend.install(state, (struct span){ (uint8_t *)parcel.p, parcel.n }, &error) < 0) {
		fprintf(stderr, "bench-enforce-bpf: %s\n", text_string(&error));
		exit(3);
	}
	start = milliseconds() - start;
	need("who asked", bpf_backend.tell_asked(state, &(struct enforce_asked){
		boundary->name, DIRECTION_IN, true, NULL, 0 }, &error));
	text_release(&parcel);
	enforce_notes_release(&notes);
	return start;
}

/* --- streams --- */

struct stream_row {
	uint32_t source[4], group[4];
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* As at a border: most from a few hundred sources of the world, to groups of every scope; a third of
 * it should never have come there. */
static struct addr random_source(uint64_t *seed, bool is_ip6)
{
	static const uint32_t nets[] = { 0xc6336400, 0xc0000200, 0x0a010000, 0xc0a80100, 0x80100000,
					 0x82e60000, 0x80700000, 0xc6120000, 0xac100000, 0xa9fe0000 };
	uint64_t r = next_random(seed);

	if (is_ip6)
		return addr_of6(UINT64_C(0x2001) << 48 | (r % 97) << 32 | (r >> 40 & 0xff),
				r >> 20 & 0xff);
	return addr_of4(nets[r % 10] + (uint32_t)(r >> 20 & 0x3ff));
}

static struct addr random_group(uint64_t *seed, bool is_ip6)
{
	static const uint32_t tops[] = { 0xe0000100, 0xe0020000, 0xe8000000, 0xe9000000, 0xea000000,
					 0xefff0000, 0xefc00000, 0xef000000, 0xe0000100, 0xe1000000 };
	static const uint64_t tops6[] = { 0xff0e, 0xff3e, 0xff05, 0xff08, 0xff1e, 0xff7e };
	uint64_t r = next_random(seed);

	if (is_ip6)
		return addr_of6(tops6[r % 6] << 48, r >> 20 & 0x3ff);
	return addr_of4(tops[r % 10] + (uint32_t)(r >> 20 & 0xfff));
}

static void put_row(struct addr source, struct addr group, struct stream_row *out)
{
	const struct addr both[2] = { source, group };
	uint32_t *words[2] = { out->source, out->group };

	for (int i = 0; i < 2; i++) {
		bool is_ip6 = both[i].family == FAMILY_IP6;

		words[i][0] = (uint32_t)(is_ip6 ? both[i].hi >> 32 : both[i].lo);
		words[i][1] = (uint32_t)both[i].hi;
		words[i][2] = (uint32_t)(both[i].lo >> 32);
		words[i][3] = (uint32_t)both[i].lo;
	}
}

#define PAIRS 10000

/* Seven of ten packets to a pair that a rule names, where rules name so many. */
static void choose_pair(uint64_t *seed, const struct boundary *b, bool is_ip6,
			struct observation *out)
{
	const struct rule *rule;

	out->source = random_source(seed, is_ip6);
	out->group = random_group(seed, is_ip6);
	if (b->match_count < PAIRS || next_random(seed) % 10 > 6)
		return;
	rule = b->rules[next_random(seed) % PAIRS];
	if (rule->match_count != 2)
		return;
	out->source = rule->matches[0].set->ranges[is_ip6].first;
	out->group = rule->matches[1].set->ranges[is_ip6].first;
}

/* With `denied` only what the policy drops: for the path, where what passes costs the stack. */
static void fill_stream(int map, const struct boundary *boundary, bool is_ip6, bool denied)
{
	uint64_t seed = 7;

	for (uint32_t i = 0; i < STREAM;) {
		struct observation obs = observation_none();
		struct stream_row row;

		choose_pair(&seed, boundary, is_ip6, &obs);
		obs.source_len = obs.group_len = is_ip6 ? 128 : 32;
		obs.point = POINT_DATA;
		obs.direction = DIRECTION_IN;
		obs.protocol = PROTOCOL_UDP;
		obs.ip_protocol = 17;
		obs.dport = 5004;
		obs.has_ports = obs.has_ttl = true;
		obs.ttl = 60;
		if (denied && reference_judge(boundary, &obs).action != ACTION_DENY)
			continue;
		put_row(obs.source, obs.group, &row);
		need("stream", bpf_map_update_elem(map, &i, &row, BPF_ANY));
		i++;
	}
}

/* --- two tries with the same classes --- */

static unsigned usual_class(const struct artefact_side *side)
{
	uint64_t most = 0;
	unsigned class = 0;

	for (size_t i = 0; i < side->n; i++) {
		uint64_t n = artefact_last(side, i).lo - side->intervals[i].first.lo;

		if (n > most) {
			most = n;
			class = side->intervals[i].class;
		}
	}
	return class;
}

static size_t add_prefixes(int map, uint64_t first, uint64_t last, uint32_t class)
{
	size_t added = 0;

	while (first <= last) {
		unsigned bits = 0;
		struct { uint32_t length; uint8_t address[4]; } key;

		while (bits < 32 && !(first & (UINT64_C(1) << bits)) &&
		       first + (UINT64_C(2) << bits) - 1 <= last)
			bits++;
		key.length = 32 - bits;
		for (int i = 0; i < 4; i++)
			key.address[i] = (uint8_t)(first >> (24 - 8 * i));
		need("trie", bpf_map_update_elem(map, &key, &class, BPF_ANY));
		first += UINT64_C(1) << bits;
		added++;
	}
	return added;
}

/* What is in no prefix is of the class of most addresses: class 0 in the trie stands for it. */
static size_t fill_trie(int map, const struct artefact_side *side)
{
	unsigned usual = usual_class(side);
	size_t n = 0;

	for (size_t i = 0; i < side->n; i++)
		if (side->intervals[i].class != usual)
			n += add_prefixes(map, side->intervals[i].first.lo,
					  artefact_last(side, i).lo, side->intervals[i].class);
	return n + (usual ? add_prefixes(map, 0, UINT32_MAX, usual) : 0);
}

/* --- programs --- */

/* A file that is as long as the object of the benchmark may be. */
static struct bpf_object *open_bench(const char *file, const struct bpf_set *set, uint32_t slot)
{
	static uint8_t bytes[1 << 22];
	struct bpf_program_options options = { .slot = slot, .ticks_per_s = 250, .is_xdp = true };
	FILE *f = fopen(file, "rb");
	size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
	struct bpf_object *object = n ? bpf_set_open_object(set, bytes, n, &options) : NULL;
	struct bpf_program *program;

	if (!object)
		fail(file, -errno);
	fclose(f);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program,
					  strncmp(bpf_program__name(program), "bench_", 6) == 0);
	need("load", bpf_object__load(object));
	return object;
}

static int program_of(struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static int map_of(struct bpf_object *object, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(object, name));
}

/* --- cases --- */

struct measured {
	char	 name[48];
	int	 program;
	bool	 is_live, is_ip6;
	double	 ns[ROUNDS_MAX];
};

struct bench {
	struct measured cases[CASES_MAX];
	size_t		n;
	unsigned	rounds;
};

static void add_case(struct bench *b, const char *name, int program, bool is_live, bool is_ip6)
{
	struct measured *m = &b->cases[b->n++];

	snprintf(m->name, sizeof(m->name), "%s", name);
	m->program = program;
	m->is_live = is_live;
	m->is_ip6 = is_ip6;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void put_frame(bool is_ip6, uint8_t out[64])
{
	static const uint8_t ip4[] = { 0x45, 0, 0, 50, 0, 1, 0, 0, 60, 17 };
	static const uint8_t ip6[] = { 0x60, 0, 0, 0, 0, 10, 17, 60 };

	memset(out, 0, 64);
	memcpy(out, "\x01\x00\x5e\x01\x02\x03\x02\x00\x00\x00\x00\x01", 12);
	memcpy(out + 12, is_ip6 ? "\x86\xdd" : "\x08\x00", 2);
	if (is_ip6) {
		memcpy(out + 14, ip6, sizeof(ip6));
		out[38] = 0xff;			/* a group; the stream has others */
		memcpy(out + 54, "\x0f\xa0\x13\x8c\x00\x0a", 6);
	} else {
		memcpy(out + 14, ip4, sizeof(ip4));
		out[30] = 0xef;
		memcpy(out + 34, "\x0f\xa0\x13\x8c\x00\x1e", 6);
	}
}

static double run_once(const struct measured *m, int repeat)
{
	uint8_t frame[64];
	struct xdp_md live = { .data_end = sizeof(frame) };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = repeat);
	double start;

	put_frame(m->is_ip6, frame);
	if (m->is_live) {
		options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		live.ingress_ifindex = 1;
		options.ctx_in = &live;
		options.ctx_size_in = sizeof(live);
	}
	start = cpu_ns();
	need(m->name, bpf_prog_test_run_opts(m->program, &options));
	return (cpu_ns() - start) / repeat;
}

static int compare_ns(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *ns, unsigned n)
{
	qsort(ns, n, sizeof(ns[0]), compare_ns);
	return ns[n / 2];
}

/* Cases in turns.  Returns how many times the first the second takes: the median of what it was in each
 * turn, for the machine is not equally fast all the time. */
static double run_all(struct bench *b)
{
	double ratios[ROUNDS_MAX];

	for (unsigned round = 0; round < b->rounds; round++) {
		for (size_t i = 0; i < b->n; i++) {
			if (round == 0)
				run_once(&b->cases[i], RUNS / 4);
			b->cases[i].ns[round] = run_once(&b->cases[i], RUNS);
		}
		ratios[round] = b->cases[1].ns[round] / b->cases[0].ns[round];
	}
	for (size_t i = 0; i < b->n; i++)
		printf("%s %.2f\n", b->cases[i].name, median(b->cases[i].ns, b->rounds));
	fflush(stdout);
	return median(ratios, b->rounds);
}

/* --- the comparisons --- */

static const char *const plain =		/* rules with from, to, at */
	"set own = { 192.0.2.0/24, 2001:db8::/32 }\n"
	"boundary border extends modern.border without tcp-to-group {\n}\n";

static const char *const asking =		/* ttl, port and limit too */
	"boundary border extends modern.border {\n"
	"\tdeny ttl < 16 port 1900 at data as ttl-port\n"
	"\tlimit 1/h burst 1 by source ttl > 250 at data as far\n"
	"\tdeny port 5004 ttl < 100 at data as asked\n}\n";

static const char *const asked =		/* who joined, where nobody did */
	"set own = { 192.0.2.0/24, 2001:db8::/32 }\n"
	"boundary border extends modern.border without tcp-to-group {\n"
	"\tdeny in to { 224.0.0.0/4, ff00::/8 } at data not joined as not-joined\n}\n";

static struct bpf_set open_set(void)
{
	unsigned numbers[8];
	struct bpf_set set = { 0 };
	size_t n = bpf_set_list(PINS, numbers, 8);

	need("the set of maps", n ? bpf_set_open(PINS, numbers[n - 1], &set) : -ENOENT);
	return set;
}

static void bench_lookups(const char *file, void *state, struct bench *b, const char *name,
			  const struct boundary *boundary, bool is_ip6)
{
	struct bpf_set set;
	struct bpf_object *object;
	char label[48];

	install(state, boundary);
	set = open_set();
	object = open_bench(file, &set, 0);
	fill_stream(map_of(object, "stream"), boundary, is_ip6, false);
	b->n = 0;
	snprintf(label, sizeof(label), "%s-without", name);
	add_case(b, label, program_of(object, is_ip6 ? "bench_without6" : "bench_without4"), false,
		 is_ip6);
	snprintf(label, sizeof(label), "%s-policy", name);
	add_case(b, label, program_of(object, "bench_policy"), false, is_ip6);
	snprintf(label, sizeof(label), "%s-tables", name);
	add_case(b, label, program_of(object, is_ip6 ? "bench_tables6" : "bench_tables4"), false,
		 is_ip6);
	if (!is_ip6 && boundary->match_count < PAIRS) {
		const char *why;
		struct artefact *a = artefact_new(boundary, (struct mtime){ 0 },
						  ARTEFACT_MATRIX_CELLS, &why);
		size_t prefixes = fill_trie(map_of(object, "lpm_sources"), &a->ip4.sources) +
				  fill_trie(map_of(object, "lpm_groups"), &a->ip4.groups);

		printf("%s-prefixes %zu\n", name, prefixes);
		artefact_free(a);
		snprintf(label, sizeof(label), "%s-lpm", name);
		add_case(b, label, program_of(object, "bench_lpm4"), false, false);
	}
	run_all(b);
	bpf_object__close(object);
	bpf_set_close(&set);
}

static void aim(struct bpf_object *object, const char *link)
{
	uint32_t zero = 0, index = if_nametoindex(link);

	need(link, bpf_map_update_elem(map_of(object, "target"), &zero, &index, BPF_ANY));
}

/* Frames from weir0 and bare0: at the other end they meet the policy, or a bare drop. */
static void bench_path(const char *file, void *state, struct bench *b, const char *name,
		       const struct boundary *boundary, bool is_ip6)
{
	struct bpf_set set;
	struct bpf_object *to_weir, *to_bare;
	char label[48];
	int link;

	install(state, boundary);
	set = open_set();
	to_weir = open_bench(file, &set, 0);
	to_bare = open_bench(file, &set, 0);
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	link = bpf_link_create(program_of(to_bare, "bench_drop"), (int)if_nametoindex("bare1"),
			       BPF_XDP, &options);
	need("bare1", link);
	aim(to_weir, "weir0");
	aim(to_bare, "bare0");
	fill_stream(map_of(to_weir, "stream"), boundary, is_ip6, true);
	fill_stream(map_of(to_bare, "stream"), boundary, is_ip6, true);
	b->n = 0;
	snprintf(label, sizeof(label), "%s-drop", name);
	add_case(b, label, program_of(to_bare, "bench_send"), true, is_ip6);
	snprintf(label, sizeof(label), "%s-weir", name);
	add_case(b, label, program_of(to_weir, "bench_send"), true, is_ip6);
	printf("%s-ratio %.3f\n", name, run_all(b));
	close(link);
	bpf_object__close(to_weir);
	bpf_object__close(to_bare);
	bpf_set_close(&set);
}

static void tell_count(void *ctx, const struct enforce_count *count)
{
	*(uint64_t *)ctx += count->packets;
}

/* Somebody who has the kernel judge one packet again and again, on another processor, and notes when
 * the verdict is another one. */
struct witness {
	int	    program;
	atomic_bool stop;
	double	    seen;		/* milliseconds(), or 0 */
};

static uint32_t verdict_of(int program)
{
	uint8_t frame[64];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);

	put_frame(false, frame);
	need("the witness", bpf_prog_test_run_opts(program, &options));
	return options.retval;
}

static void *look(void *arg)
{
	struct witness *w = arg;
	uint32_t was = verdict_of(w->program);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	while (!atomic_load(&w->stop)) {
		if (verdict_of(w->program) == was)
			continue;
		w->seen = milliseconds();
		atomic_store(&w->stop, true);
	}
	return NULL;
}

struct installing {
	double force[9];	/* until a packet is judged by the policy */
	double returned[9];	/* until whoever installs it goes on */
	double settled[9];	/* until no packet is judged by the one before any more */
};

/* From a policy in memory. */
static void put_in_force(void *state, int program, const struct boundary *boundary,
			 struct installing *out, int i)
{
	struct witness w = { .program = program };
	pthread_t thread;
	double start;

	need("a thread", -pthread_create(&thread, NULL, look, &w));
	usleep(20000);
	start = milliseconds();
	out->returned[i] = install(state, boundary);
	bpf_backend.settle(state);
	out->settled[i] = milliseconds() - start;
	for (int k = 0; k < 1000 && !atomic_load(&w.stop); k++)
		usleep(1000);
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	if (w.seen == 0)
		fail("the policy came into force", -ETIME);
	out->force[i] = w.seen - start;
}

/* Of the second time, and on: the first loads the program too.  `others` are policies that say
 * nothing but yes, and no. */
static void bench_install(void *state, const char *name, const struct boundary *boundary,
			  struct policy *const others[2])
{
	double first = install(state, boundary);
	/* tc, for the kernel takes long to begin and to end a run of XDP */
	int program = bpf_load_program(PINS, 0, HOOK_INGRESS, false);
	const struct boundary *other;
	struct installing took;

	need("the program", program);
	other = others[verdict_of(program) != TC_ACT_SHOT]->boundaries[0];
	for (int i = 0; i < 9; i++) {
		install(state, other);
		bpf_backend.settle(state);
		put_in_force(state, program, boundary, &took, i);
	}
	close(program);
	printf("%s-first-ms %.2f\n%s-force-ms %.2f\n%s-return-ms %.2f\n%s-settled-ms %.2f\n", name,
	       first, name, median(took.force, 9), name, median(took.returned, 9), name,
	       median(took.settled, 9));
}

static void bench_counts(void *state, const char *name)
{
	struct text error = { 0 };
	uint64_t packets = 0;
	double ms[5];

	for (int i = 0; i < 5; i++) {
		double start = milliseconds();

		bpf_backend.counts(state, tell_count, &packets, &error);
		ms[i] = milliseconds() - start;
	}
	qsort(ms, 5, sizeof(ms[0]), compare_ns);
	printf("%s-counts-ms %.2f\n", name, ms[2]);
}

static struct policy *large_policy(void)
{
	struct text text = { 0 };
	struct policy *policy;

	text_put(&text, "boundary border {\n");
	for (unsigned i = 0; i < 10000; i++)
		text_printf(&text, "deny to 232.%u.%u.0/24 as r%u\n", i / 256, i % 256, i);
	text_put(&text, "default permit\n}\n");
	policy = load("large", text_string(&text), NULL);
	text_release(&text);
	return policy;
}

/* Pairs of sources all over the world, with all of `plain` behind them. */
static struct policy *policy_of_pairs(void)
{
	struct text text = { 0 };
	struct policy *policy;

	text_put(&text, "set own = { 192.0.2.0/24, 2001:db8::/32 }\n"
		 "boundary border extends modern.border without tcp-to-group {\n");
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned mixed = i * 2654435761u;

		text_printf(&text, "permit from { %u.%u.%u.%u, 2001:db8:%x::%x } to { 232.%u.%u.7, "
			    "ff3e::8000:%x } as r%u\n", 1 + mixed % 99, mixed >> 24, mixed >> 16 & 255,
			    mixed >> 8 & 255, i & 0xfff, i, 1 + (i >> 8), i & 255, i, i);
	}
	text_put(&text, "}\n");
	policy = load("pairs", text_string(&text), NULL);
	text_release(&text);
	return policy;
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct policy *modern, *simple, *more, *others[2];
	void *state = NULL;
	struct text error = { 0 };
	uint64_t counted = 0;

	if (argc < 3 || !b)
		return 2;
	b->rounds = (unsigned)strtoul(argv[2], NULL, 10);
	b->rounds = b->rounds < ROUNDS_MAX ? b->rounds : ROUNDS_MAX;
	if (geteuid() != 0) {
		printf("skip needs root\n");
		return 0;
	}
	enter();
	modern = load("modern", NULL, "own=192.0.2.0/24, 2001:db8::/32");
	simple = load("plain", plain, NULL);
	more = load("asking", asking, NULL);
	need("open", bpf_backend.open(PINS, &state));
	others[0] = load("yes", "boundary border {\n\tdefault permit\n}\n", NULL);
	others[1] = load("no", "boundary border {\n\tdefault deny\n}\n", NULL);
	bench_install(state, "modern", modern->boundaries[0], others);
	bench_lookups(argv[1], state, b, "ip4", simple->boundaries[0], false);
	if (argc > 3)
		goto done;
	bench_lookups(argv[1], state, b, "ip6", simple->boundaries[0], true);
	policy_free(more);
	more = load("joined", asked, NULL);
	bench_lookups(argv[1], state, b, "joined4", more->boundaries[0], false);
	bench_lookups(argv[1], state, b, "joined6", more->boundaries[0], true);
	policy_free(more);
	more = load("asking", asking, NULL);
	bench_path(argv[1], state, b, "path-ip4", simple->boundaries[0], false);
	bench_path(argv[1], state, b, "path-modern", modern->boundaries[0], false);
	bench_path(argv[1], state, b, "path-asking", more->boundaries[0], false);
	bench_path(argv[1], state, b, "path-ip6", modern->boundaries[0], true);
	bpf_backend.counts(state, tell_count, &counted, &error);
	printf("counted %" PRIu64 "\n", counted);
	policy_free(more);
	more = large_policy();
	bench_install(state, "large", more->boundaries[0], others);
	bench_counts(state, "large");
	policy_free(more);
	more = policy_of_pairs();
	bench_install(state, "pairs", more->boundaries[0], others);
	bench_lookups(argv[1], state, b, "pairs4", more->boundaries[0], false);
	bench_lookups(argv[1], state, b, "pairs6", more->boundaries[0], true);
done:
	bpf_backend.remove(state, &error);
	bpf_backend.close(state);
	policy_free(modern);
	policy_free(simple);
	policy_free(more);
	policy_free(others[0]);
	policy_free(others[1]);
	free(b);
	return 0;
}
