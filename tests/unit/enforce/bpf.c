/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs for the kernel say what the reference says: random policies x random frames, run by
 * the kernel itself (BPF_PROG_TEST_RUN) in a network namespace of its own.  Counters are exact, live
 * through changes of policy, and go where their rules' names go. */
#include "bpf_place.h"

#include <linux/pkt_cls.h>

#include "random_packet.h"
#include "random_policy.h"

/* True where the frame is dropped. */
static bool run(const struct bench *b, unsigned which, const uint8_t *frame, size_t n)
{
	struct __sk_buff skb = { .ingress_ifindex = LO_INDEX, .ifindex = LO_INDEX };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)n,
		    .repeat = 1);

	if (which > 0) {
		options.ctx_in = &skb;
		options.ctx_size_in = sizeof(skb);
	}
	check(bpf_prog_test_run_opts(b->programs[which], &options) == 0);
	if (which == 0)
		return options.retval == XDP_DROP;
	return options.retval == TC_ACT_SHOT;
}

/* --- agreement --- */

static size_t frames, drops;

static bool compare(struct bench *b, uint64_t *seed, struct tally *should)
{
	const struct boundary *boundary = b->policy->boundaries[0];
	struct observation obs = random_observation(seed, boundary);
	uint8_t frame[RANDOM_FRAME_MAX];
	size_t n = random_frame(seed, &obs, frame);
	bool good = true;

	for (unsigned which = 0; which < 3 && n > 0; which++) {
		enum hook hook = which == 2 ? HOOK_EGRESS : HOOK_INGRESS;
		struct expected e;
		bool dropped;

		if (hook == HOOK_EGRESS && obs.ttl == 255)
			continue;	/* no packet has it behind a decrement */
		e = expect_frame((struct span){ frame, n }, boundary,
				 enforce_direction(&b->links[0], hook), at, hook == HOOK_EGRESS,
				 &b->said);
		dropped = run(b, which, frame, n);
		frames += which == 0;
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

/* Counters go on from policy to policy: names come back, so the sums must too. */
static void test_random(void)
{
	static struct tally is, should;
	uint64_t seed = 4;
	struct bench b;
	bool good = true;

	if (place()) {
		t_skip(place());
		return;
	}
	for (int inside = 0; inside < 2 && good; inside++) {
		begin(&b);
		add_link(&b, "lo", inside, BACKEND_TC, BACKEND_TC);
		should = (struct tally){ 0 };
		for (unsigned i = 0; i < 40 && good; i++) {
			struct text text = { 0 };
			struct policy *policy;

			random_policy(&seed, 1 + i % 24, &text);
			policy = load_text(text_string(&text));
			if (policy && install(&b, policy) == 0) {
				load_programs(&b);
				for (unsigned k = 0; k < 150 && good; k++)
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
	printf("# %zu frames, %zu of their %zu runs dropped\n", frames, drops, 3 * frames);
	check(frames > 8000 && drops > frames / 2 && drops < 2 * frames);
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
	for (unsigned k = 0; k < 1500 && good; k++)
		good = compare(&b, &seed, &should);
	read_counts(&b, &is);
	check(good && same_counts(&is, &should));
	end(&b);
	text_release(&text);
}

TEST_MAIN({ "random policies and frames", test_random }, { "wide tables", test_wide })
