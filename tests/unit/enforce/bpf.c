/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs for the kernel say what the reference says: random policies x random frames, run by
 * the kernel itself (BPF_PROG_TEST_RUN) in a network namespace of its own.  Counters are exact, live
 * through changes of policy, and go where their rules' names go. */
#include "bpf_place.h"


#include "enforce/bpf_store.h"
#include "random_packet.h"
#include "random_policy.h"

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
	bool good = true;

	if (place()) {
		t_skip(place());
		return;
	}
	text_put(&text, "boundary border {\n");
	for (unsigned i = 0; i < 600; i++)
		text_printf(&text, "%s %s 232.%u.%u.0/24 as r%u\n", i % 3 ? "deny" : "permit",
			    i % 2 ? "to" : "from 10.0.0.0/8 to", i % 7, i % 251, i);
	text_put(&text, "default deny\n}\n");
	begin(&b);
	add_link(&b, "lo", false, BACKEND_TC, BACKEND_TC);
	check(install(&b, load_text(text_string(&text))) == 0);
	load_programs(&b);
	for (unsigned k = 0; k < 400 && good; k++)
		good = compare(&b, &seed, &should);
	read_counts(&b, &is);
	check(good && same_counts(&is, &should));
	end(&b);
	text_release(&text);
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
	bool good = true;

	if (place()) {
		t_skip(place());
		return;
	}
	put_many_pairs(&text);
	begin(&b);
	add_link(&b, "lo", false, BACKEND_TC, BACKEND_TC);
	check(install(&b, load_text(text_string(&text))) == 0);
	load_programs(&b);
	for (unsigned k = 0; k < 3000 && good; k++) {
		struct observation obs = pair_of(&seed, b.policy->boundaries[0]);

		good = compare_frame(&b, &seed, &obs, &should);
		should.n = 0;
	}
	check(good);
	end(&b);
	text_release(&text);
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

	if (place()) {
		t_skip(place());
		return;
	}
	begin(&b);
	add_link(&b, "lo", false, BACKEND_TC, BACKEND_TC);
	check(install(&b, load_text(halves)) == 0);
	load_programs(&b);
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

/* The number by which a flow knows its image comes round: then the maps are new. */
static void test_stamps(void)
{
	unsigned sets[4];
	struct bench b;

	if (place()) {
		t_skip(place());
		return;
	}
	begin(&b);
	add_link(&b, "lo", false, BACKEND_TC, BACKEND_TC);
	check(install(&b, load_text(halves)) == 0);
	load_programs(&b);
	check(run_udp(&b, 0, 1u << 24, 1));
	((struct bpf_store *)b.state)->serial = BPF_SERIAL_MASK - 1;
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

	if (place()) {
		t_skip(place());
		return;
	}
	begin(&b);
	add_link(&b, "lo", false, BACKEND_TC, BACKEND_TC);
	check(install(&b, load_text(halves)) == 0);
	load_programs(&b);
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

TEST_MAIN({ "random policies and frames", test_random }, { "random pairs", test_random_pairs },
	  { "wide tables", test_wide }, { "many pairs", test_many_pairs },
	  { "more flows than places", test_flows }, { "stamps that come round", test_stamps },
	  { "packets that wait to be counted", test_waiting })
