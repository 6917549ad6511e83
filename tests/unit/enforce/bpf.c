/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs for the kernel say what the reference says: random policies x random frames, run by
 * the kernel itself (BPF_PROG_TEST_RUN) in a network namespace of its own.  Counters are exact, live
 * through changes of policy, and go where their rules' names go. */
#include "bpf_place.h"

#include "enforce/bpf_store.h"
#include "random_packet.h"
#include "random_policy.h"

/* --- beginning --- */

/* On the loopback interface; false where there is no place for it. */
static bool begin_at_lo(struct bench *b, enum backend egress)
{
	if (place()) {
		t_skip(place());
		return false;
	}
	begin(b);
	add_link(b, "lo", false, BACKEND_TC, egress);
	return true;
}

/* The same with a policy in force. */
static bool begin_with(struct bench *b, const char *policy)
{
	if (!begin_at_lo(b, BACKEND_TC))
		return false;
	check(install(b, load_text(policy)) == 0);
	load_programs(b);
	return true;
}

/* --- agreement --- */

static size_t frames, drops;

static bool compare_frame(struct bench *b, uint64_t *seed, const struct observation *obs,
			  struct tally *should)
{
	const struct boundary *boundary = b->policy->boundaries[0];
	uint8_t frame[RANDOM_FRAME_MAX];
	size_t n = random_frame(seed, obs, frame);
	bool good = true;

	for (unsigned run_at = 0; run_at < 6 && n > 0; run_at++) {
		unsigned which = run_at % 3;		/* each one twice: it may remember */
		enum hook hook = which == 2 ? HOOK_EGRESS : HOOK_INGRESS;
		struct expected e;
		bool dropped;

		if (hook == HOOK_EGRESS && obs->ttl == 255)
			continue;	/* no packet has it behind a decrement */
		e = expect_frame((struct span){ frame, n }, boundary,
				 enforce_direction(&b->links[0], hook), at, hook == HOOK_EGRESS,
				 &b->said);
		dropped = run_program(b, which, frame, n);
		frames += run_at == 0;
		drops += dropped;
		if (e.rule) {
			struct row *row = row_of(should, e.rule, hook, false);

			row->packets++;
			row->bytes += n;
		}
		if (e.action == ACTION_LIMIT || dropped == (e.action == ACTION_DENY))
			continue;
		good = false;
		printf("# program %u %s what %s says\n", which, dropped ? "drops" : "passes",
		       e.rule ? e.rule : "(no multicast)");
		for (size_t i = 0; i < n; i++)
			printf("%s%02x", i % 32 ? "" : "\n# ", frame[i]);
		printf("\n");
	}
	return good;
}

static bool compare(struct bench *b, uint64_t *seed, struct tally *should)
{
	struct observation obs = random_observation(seed, b->policy->boundaries[0]);
	bool good = true;

	for (unsigned i = 0; i < 3 && good; i++) {
		good = compare_frame(b, seed, &obs, should);
		if (i == 1)
			obs.ttl = (uint8_t)(1 + t_random(seed) % 254);
	}
	return good;
}

typedef void write_policy(uint64_t *seed, unsigned rules, struct text *out);

/* Counters go on from policy to policy: names come back, so the sums must too. */
static void try_random(uint64_t seed, write_policy *writes, bool by_pairs)
{
	static struct tally is, should;
	size_t frames_before = frames;
	struct bench b;
	bool good = true;

	if (place()) {
		t_skip(place());
		return;
	}
	for (int inside = 0; inside < 2 && good; inside++) {
		begin(&b);
		b.by_pairs = by_pairs;
		add_link(&b, "lo", inside, BACKEND_TC, BACKEND_TC);
		should = (struct tally){ 0 };
		for (unsigned i = 0; i < 40 && good; i++) {
			struct text text = { 0 };
			struct policy *policy;

			writes(&seed, 1 + i % 24, &text);
			policy = load_text(text_string(&text));
			if (policy && install(&b, policy) == 0) {
				load_programs(&b);
				for (unsigned k = 0; k < 50 && good; k++)
					good = compare(&b, &seed, &should);
				if (good && i % 8 == 7) {
					read_counts(&b, &is);
					good = same_counts(&is, &should);
				}
			} else {
				policy_free(policy);
			}
			if (!good) {
				read_counts(&b, &is);
				same_counts(&is, &should);
				printf("# %s\n", text_string(&text));
			}
			text_release(&text);
		}
		end(&b);
	}
	check_named(good, "the kernel says what the reference says");
	printf("# %zu frames, %zu of their %zu runs dropped\n", frames, drops, 6 * frames);
	check(frames - frames_before > 8000 && drops > frames && drops < 4 * frames);
}

static void test_random(void)
{
	try_random(4, random_policy, false);
}

static void test_random_pairs(void)
{
	try_random(5, random_pairs, true);
}

/* More classes than a byte can number: the wide tables judge. */
static void test_wide(void)
{
	static struct tally is, should;
	struct text text = { 0 };
	uint64_t seed = 9;
	struct bench b;
	bool good;

	text_put(&text, "boundary border {\n");
	for (unsigned i = 0; i < 600; i++)
		text_printf(&text, "%s %s 232.%u.%u.0/24 as r%u\n", i % 3 ? "deny" : "permit",
			    i % 2 ? "to" : "from 10.0.0.0/8 to", i % 7, i % 251, i);
	text_put(&text, "default deny\n}\n");
	good = begin_with(&b, text_string(&text));
	text_release(&text);
	if (!good)
		return;
	for (unsigned k = 0; k < 400 && good; k++)
		good = compare(&b, &seed, &should);
	read_counts(&b, &is);
	check(good && same_counts(&is, &should));
	end(&b);
}

/* Sources all over the address space, more pairs than a matrix has room for, some in one /24, some
 * prefixes, and before and behind them rules for all. */
static void put_many_pairs(struct text *out)
{
	text_put(out, "boundary border {\ndeny to 232.9.0.0/16 protocol tcp as first\n");
	for (unsigned i = 0; i < 3000; i++) {
		unsigned mixed = i * 2654435761u;

		text_printf(out, "%s from %u.%u.%u.%u%s to 232.%u.%u.%u as r%u\n",
			    i % 3 ? "permit" : "deny", i % 5 ? 1 + mixed % 99 : 100,
			    i % 5 ? mixed >> 8 & 255 : 7, i % 5 ? mixed >> 16 & 255 : i & 1,
			    i % 7 ? i / 5 % 256 : 0, i % 7 || i % 5 == 0 ? "" : "/24", 1 + i % 9, i >> 8,
			    i & 255, i);
	}
	text_put(out, "deny to 232.1.0.0/16 ttl < 9 as low\npermit from 100.7.0.0/16 as near\n"
		 "default deny\n}\n");
}

/* A frame of a random pair that some rule names, or of two rules. */
static struct observation pair_of(uint64_t *seed, const struct boundary *b)
{
	struct observation obs = random_observation(seed, b);
	const struct rule *one = b->rules[1 + t_random(seed) % 3000], *other = one;

	if (t_random(seed) % 4 == 0)
		other = b->rules[1 + t_random(seed) % 3000];
	obs.source = one->matches[0].set->ranges[0].first;
	obs.group = other->matches[1].set->ranges[0].first;
	obs.group_len = obs.source_len = 32;
	obs.point = POINT_DATA;
	return obs;
}

static void test_many_pairs(void)
{
	static struct tally should;
	struct text text = { 0 };
	uint64_t seed = 10;
	struct bench b;
	bool good;

	put_many_pairs(&text);
	good = begin_with(&b, text_string(&text));
	text_release(&text);
	if (!good)
		return;
	for (unsigned k = 0; k < 3000 && good; k++) {
		struct observation obs = pair_of(&seed, b.policy->boundaries[0]);

		good = compare_frame(&b, &seed, &obs, &should);
		should.n = 0;
	}
	check(good);
	end(&b);
}

/* --- what is remembered --- */

static const char halves[] = "boundary border {\n"
			     "deny to 239.1.0.0/17 as low\n"
			     "permit to 239.1.0.0/16 as high\n"
			     "default deny\n}\n";

/* UDP from a source to 239.1.X.X, through one of the programs: true where it is dropped. */
static bool run_udp(const struct bench *b, unsigned which, uint32_t source, uint16_t group)
{
	uint8_t frame[64] = { 1, 0, 0x5e, 1, 0, 0, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 50, 0, 1, 0, 0,
			      60, 17, 0, 0, 0, 0, 0, 0, 239, 1, 0, 0, 0x0f, 0xa0, 0x13, 0x88, 0, 30 };

	for (int i = 0; i < 4; i++)
		frame[26 + i] = (uint8_t)(source >> (24 - 8 * i));
	frame[32] = (uint8_t)(group >> 8);
	frame[33] = (uint8_t)group;
	return run_program(b, which, frame, sizeof(frame));
}

static uint64_t count_of(struct bench *b, const char *rule)
{
	static struct tally t;

	read_counts(b, &t);
	return packets_of(&t, rule, HOOK_INGRESS);
}

/* More flows than there are places for: some take the places of others. */
static void test_flows(void)
{
	uint64_t dropped = 0, offered = 0, packets;
	struct bench b;
	bool good = true;

	if (!begin_with(&b, halves))
		return;
	for (uint32_t i = 0; i < 40000 && good; i++) {
		uint32_t flow = i % 400 < 200 ? i % 25000 : (i * 2654435761u) % 25000;
		uint32_t source = 10u << 24 | flow % 7919;
		uint16_t group = (uint16_t)(flow * 40503u);

		good = run_udp(&b, i & 1, source, group) == (group < 0x8000);
		dropped += group < 0x8000;
		offered++;
	}
	check_named(good, "each flow's packets go its own way");
	packets = count_of(&b, "low");
	check_named(packets == dropped, "what was dropped is what was counted");
	check(packets + count_of(&b, "high") == offered);
	end(&b);
}

/* All but the last n. */
static void spend_stamps(const struct bench *b, uint32_t n)
{
	struct bpf_image *image = (void *)(uintptr_t)bpf_set_image(bpf_store_set(b->state));

	image->serial = BPF_STAMPS - n;
}

/* The numbers by which flows know their image run out: then the maps are new. */
static void test_stamps(void)
{
	unsigned sets[4];
	struct bench b;

	if (!begin_with(&b, halves))
		return;
	check(run_udp(&b, 0, 1u << 24, 1));
	spend_stamps(&b, 2 * BPF_SLOTS + 1);
	check(install(&b, load_text(halves)) == 0);
	check(bpf_set_list(PINS, sets, 4) == 1 && sets[0] == 1);
	check(run_udp(&b, 0, 1u << 24, 1) && run_udp(&b, 0, 1u << 24, 1));
	check(install(&b, load_text("boundary border {\npermit to 239.1.0.0/17 as low\n"
				    "default deny\n}\n")) == 0);
	check(bpf_set_list(PINS, sets, 4) == 1 && sets[0] == 2);
	load_programs(&b);
	check(!run_udp(&b, 0, 1u << 24, 1) && !run_udp(&b, 0, 1u << 24, 1));
	check(count_of(&b, "low") == 5);
	check(install(&b, load_text(halves)) == 0);
	check(bpf_set_list(PINS, sets, 4) == 1 && sets[0] == 2);
	check(run_udp(&b, 0, 1u << 24, 1));
	check(count_of(&b, "low") == 6);
	end(&b);
}

/* A packet that waits to be counted when its rule goes is not counted for the next owner. */
static void test_waiting(void)
{
	struct bench b;

	if (!begin_with(&b, halves))
		return;
	for (int i = 0; i < 3; i++)
		check(run_udp(&b, 0, 1u << 24, 1));
	check(count_of(&b, "low") == 3);
	check(install(&b, load_text("boundary border {\npermit to 239.0.0.0/8 as all\ndefault deny\n}\n")) == 0);
	check(count_of(&b, "low") == 3);
	check(bpf_backend.forget(b.state, &b.error) == 0);
	check(install(&b, load_text("boundary border {\ndeny to 239.1.0.0/18 as one\n"
				    "deny to 239.1.0.0/17 as two\npermit to 239.0.0.0/8 as all\ndefault deny\n}\n")) == 0);
	for (int i = 0; i < 4; i++) {
		check(run_udp(&b, 0, 1u << 24, 1));
		check(run_udp(&b, 0, 1u << 24, 0x4001));
		check(!run_udp(&b, 0, 1u << 24, 0xff01));
	}
	check(count_of(&b, "one") == 4 && count_of(&b, "two") == 4 && count_of(&b, "all") == 4);
	end(&b);
}

/* --- who asked --- */

static const char unasked[] = "boundary border {\n"
			      "deny not joined to { 239.1.0.0/16, ff3e::/16 } at data as unasked\n"
			      "permit to 239.1.0.0/16 at data as rest\n"
			      "default permit\n}\n";

static const struct enforce_member any1 = { ADDR_ANY, { 0, 0xef010001, FAMILY_IP4 } };
static const struct enforce_member one1 = { { 0, 0x0a000001, FAMILY_IP4 },
					    { 0, 0xef010001, FAMILY_IP4 } };
static const struct enforce_member one6 = { { UINT64_C(0x20010db8) << 32, 1, FAMILY_IP6 },
					    { UINT64_C(0xff3e) << 48, 1, FAMILY_IP6 } };

static int tell(struct bench *b, enum direction direction, bool is_known,
		const struct enforce_member *list, size_t n)
{
	return bpf_backend.tell_asked(b->state, &(struct enforce_asked){
		"border", direction, is_known, list, n }, &b->error);
}

/* From 2001:db8::S to ff3e::1, as run_udp(). */
static bool run_udp6(const struct bench *b, unsigned which, uint8_t source)
{
	uint8_t frame[80] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0, 0,
			      26, 17, 60, 0x20, 1, 0x0d, 0xb8, [37] = source, [38] = 0xff, 0x3e,
			      [53] = 1, 0x0f, 0xa0, 0x13, 0x88, 0, 26 };

	return run_program(b, which, frame, sizeof(frame));
}

/* Whether the programs drop what comes from 10.0.0.1 and .2 to 239.1.0.1, from .1 to 239.1.0.2, and
 * from 2001:db8::1 and ::2; each twice and more, for they may remember. */
static bool drops_are(const struct bench *b, const char *wanted)
{
	bool good = true;

	for (unsigned i = 0; i < 6; i++) {
		unsigned which = i & 1;

		good &= run_udp(b, which, 0x0a000001, 1) == (wanted[0] == 'd');
		good &= run_udp(b, which, 0x0a000002, 1) == (wanted[1] == 'd');
		good &= run_udp(b, which, 0x0a000001, 2) == (wanted[2] == 'd');
		good &= run_udp6(b, which, 1) == (wanted[3] == 'd');
		good &= run_udp6(b, which, 2) == (wanted[4] == 'd');
	}
	return good;
}

static void add_asked(void *ctx, const struct enforce_asked *asked)
{
	struct text *out = ctx;
	char source[ADDR_TEXT], group[ADDR_TEXT];

	text_printf(out, "%s %s ", asked->boundary, asked->direction == DIRECTION_IN ? "in" : "out");
	if (asked->n > 0)
		text_printf(out, "%s %s; ", addr_text(asked->list[0].source, source),
			    addr_text(asked->list[0].group, group));
	else
		text_put(out, asked->is_known ? "known; " : "?; ");
}

static bool reads(struct bench *b, const char *wanted)
{
	struct text is = { 0 };
	bool same = bpf_backend.asked(b->state, add_asked, &is, &b->error) == 0 &&
		    strcmp(text_string(&is), wanted) == 0;

	if (!same)
		printf("# it reads %s\n", text_string(&is));
	text_release(&is);
	return same;
}

/* Of more than there is room for nobody knows all. */
static void tell_many(struct bench *b)
{
	size_t n = BPF_MEMBERS_MAX;
	struct enforce_member *list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; i <= n; i++)
		list[i] = (struct enforce_member){ ADDR_ANY, addr_of4(0xee000000u + (uint32_t)i) };
	check(tell(b, DIRECTION_IN, true, list, n) == 0 && drops_are(b, "ddddd"));
	check(tell(b, DIRECTION_IN, true, list, n + 1) == 0 && drops_are(b, "-----"));
	list[0] = any1;
	check(tell(b, DIRECTION_IN, true, list, n) == 0 && drops_are(b, "--ddd"));
	free(list);
}

/* What is told often enough uses up the stamps by which flows are forgotten: it holds all the same, and a
 * policy that comes then has maps of its own. */
static void tell_often(struct bench *b)
{
	bool good = true;

	spend_stamps(b, BPF_SLOTS + 4);
	for (unsigned i = 0; i < 12 && good; i++) {
		if (i == 8)
			spend_stamps(b, 2);
		good = tell(b, DIRECTION_IN, true, i % 2 ? &any1 : &one1, 1) == 0 &&
		       drops_are(b, i % 2 ? "--ddd" : "-dddd");
	}
	check(good);
	check(bpf_set_image(bpf_store_set(b->state))->serial < BPF_STAMPS);
	check(install(b, load_text(unasked)) == 0);
	load_programs(b);
	check(bpf_set_image(bpf_store_set(b->state))->serial < BPF_SLOTS && drops_are(b, "--ddd"));
}

/* What is told holds from the next packet on, whatever was remembered of the one before. */
static void test_asked(void)
{
	struct bench b;

	if (!begin_at_lo(&b, BACKEND_TC))
		return;
	check(tell(&b, DIRECTION_IN, true, NULL, 0) == 0 && reads(&b, ""));
	check(install(&b, load_text(unasked)) == 0);
	load_programs(&b);
	check_named(drops_are(&b, "-----"), "nobody knows: no rule holds");
	check(tell(&b, DIRECTION_IN, true, NULL, 0) == 0);
	check_named(drops_are(&b, "ddddd"), "nobody asked");
	check(tell(&b, DIRECTION_IN, true, &any1, 1) == 0);
	check_named(drops_are(&b, "--ddd"), "one group, of all sources");
	check(tell(&b, DIRECTION_IN, true, (struct enforce_member[]){ one1, one6 }, 2) == 0);
	check_named(drops_are(&b, "-dd-d"), "one source of each family");
	check(tell(&b, DIRECTION_IN, false, &one1, 1) == 0);
	check_named(drops_are(&b, "-----"), "it is not known what else");
	check(tell(&b, DIRECTION_IN, true, &one1, 1) == 0);
	check(tell(&b, DIRECTION_OUT, true, &any1, 1) == 0);
	check_named(drops_are(&b, "-dddd"), "each direction has its own");
	check(count_of(&b, "unasked") == 6 * (5 + 3 + 3 + 4));
	tell_many(&b);
	tell_often(&b);
	end(&b);
}

/* Over policies, and over whoever told it; not where no rule asks for it any more. */
static void test_asked_stays(void)
{
	struct bench b;

	if (!begin_at_lo(&b, BACKEND_AUTO))
		return;
	check(install(&b, load_text(unasked)) == 0);
	load_programs(&b);
	check(tell(&b, DIRECTION_OUT, true, &any1, 1) == 0);
	check_named(reads(&b, ""), "no program asks for that direction");
	check(tell(&b, DIRECTION_IN, false, &one1, 1) == 0);
	check(reads(&b, "border in 10.0.0.1 239.1.0.1; "));
	check(tell(&b, DIRECTION_IN, true, NULL, 0) == 0);
	bpf_backend.close(b.state);
	check(bpf_backend.open(PINS, &b.state) == 0);
	check_named(reads(&b, "border in known; "), "it is read by whoever comes");
	spend_stamps(&b, 1);			/* the next policy has other maps */
	check(install(&b, load_text(unasked)) == 0);
	load_programs(&b);
	check_named(drops_are(&b, "ddddd") && reads(&b, "border in known; "), "it outlives policies");
	check(install(&b, load_text(halves)) == 0);
	bpf_backend.settle(b.state);
	check(reads(&b, ""));
	check(install(&b, load_text(unasked)) == 0);
	check_named(drops_are(&b, "-----"), "it begins anew with rules that ask");
	end(&b);
}

TEST_MAIN({ "random policies and frames", test_random }, { "random pairs", test_random_pairs },
	  { "wide tables", test_wide }, { "many pairs", test_many_pairs },
	  { "more flows than places", test_flows }, { "stamps that come round", test_stamps },
	  { "packets that wait to be counted", test_waiting }, { "who asked", test_asked },
	  { "who asked stays", test_asked_stays })
