/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs for the kernel say what the reference says: random policies x random frames, run by
 * the kernel itself (BPF_PROG_TEST_RUN) in a network namespace of its own.  Counters are exact, live
 * through changes of policy, and go where their rules' names go. */
#include "enforce/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enforce/bpf_object.h"
#include "policy/load.h"
#include "random_packet.h"
#include "random_policy.h"
#include "t.h"

#define FOLDER "/tmp/weir-test-bpf"
#define PINS FOLDER "/weir"
#define LO_INDEX 1

/* --- the place --- */

static const char *why_not(void)
{
	struct enforce_support support = { 0 };
	static char text[ENFORCE_WHY];
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (geteuid() != 0)
		return "needs root";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "no namespaces here";
	mkdir(FOLDER, 0700);
	if (mount("bpf", FOLDER, "bpf", 0, NULL) < 0)
		return "no bpf file system here";
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &up) < 0)
		return "cannot set the interface up";
	close(fd);
	bpf_backend.probe(&support);
	snprintf(text, sizeof(text), "%s", support.why_not[BACKEND_TC]);
	return text[0] ? text : NULL;
}

static const char *place(void)
{
	static bool asked;
	static const char *why;

	if (!asked)
		why = why_not();
	asked = true;
	return why;
}

/* --- one policy on the loopback interface --- */

struct bench {
	void		   *state;
	struct policy	   *policy;
	struct enforce_link link;
	struct enforce_choice choice;
	struct said	    said;
	int		    programs[3];	/* XDP, tc ingress, tc egress */
	unsigned	    set;
	struct text	    error;
};

static const struct mtime at = { INT64_C(1770768000) * NS_PER_S };	/* 2026-02-11 */

static struct policy *load_text(const char *text)
{
	struct policy_input input = { .name = "test", .text = text, .n = strlen(text) };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	diags_release(&diags);
	return policy;
}

static void begin(struct bench *b, bool inside)
{
	*b = (struct bench){ 0 };
	b->link = (struct enforce_link){ .name = "lo", .index = LO_INDEX, .inside = inside };
	b->choice.hooks[HOOK_INGRESS] = BACKEND_TC;
	b->choice.hooks[HOOK_EGRESS] = BACKEND_TC;
	said_init(&b->said);
	check(bpf_backend.open(PINS, &b->state) == 0);
	for (int i = 0; i < 3; i++)
		b->programs[i] = -1;
}

static void end(struct bench *b)
{
	check(bpf_backend.remove(b->state, &b->error) == 0);
	bpf_backend.close(b->state);
	said_release(&b->said);
	policy_free(b->policy);
	text_release(&b->error);
	for (int i = 0; i < 3; i++)
		if (b->programs[i] >= 0)
			close(b->programs[i]);
}

static int install(struct bench *b, struct policy *policy, bool dry_run)
{
	struct enforce_boundary boundary = { policy->boundaries[0], &b->link, 1 };
	struct enforce_plan plan = { &boundary, 1, 1, at };
	struct enforce_notes notes = { 0 };
	struct text parcel = { 0 };
	int status;

	b->link.dry_run = dry_run;
	status = bpf_backend.compile(&plan, &b->choice, &parcel, &notes);
	if (status == 0)
		status = bpf_backend.install(b->state, (struct span){ (uint8_t *)parcel.p, parcel.n },
					     &b->error);
	if (status < 0)
		printf("# install: %s: %s\n", strerror(-status), text_string(&b->error));
	enforce_notes_release(&notes);
	text_release(&parcel);
	if (status == 0) {
		policy_free(b->policy);
		b->policy = policy;
	}
	return status;
}

/* Slots are given in the order of hooks: ingress, egress.  Programs are those of the set in force. */
static void load_programs(struct bench *b)
{
	unsigned sets[4];
	size_t n = bpf_set_list(PINS, sets, COUNT(sets));

	if (n > 0 && b->programs[0] >= 0 && b->set == sets[n - 1])
		return;
	check(n == 1);
	b->set = sets[n - 1];
	for (int i = 0; i < 3; i++)
		if (b->programs[i] >= 0)
			close(b->programs[i]);
	b->programs[0] = bpf_load_program(PINS, 0, HOOK_INGRESS, true);
	b->programs[1] = bpf_load_program(PINS, 0, HOOK_INGRESS, false);
	b->programs[2] = bpf_load_program(PINS, 1, HOOK_EGRESS, false);
	for (int i = 0; i < 3; i++)
		check(b->programs[i] >= 0);
}

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

/* --- counters --- */

#define COUNTS_MAX 2048

struct row {
	char	 rule[ENFORCE_RULE_NAME];
	enum hook hook;
	bool	 refused;
	uint64_t packets, bytes;
};

struct tally {
	struct row rows[COUNTS_MAX];
	size_t	   n;
};

static struct row *row_of(struct tally *t, const char *rule, enum hook hook, bool refused)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->rows[i].rule, rule) == 0 && t->rows[i].hook == hook &&
		    t->rows[i].refused == refused)
			return &t->rows[i];
	check(t->n < COUNTS_MAX);
	snprintf(t->rows[t->n].rule, ENFORCE_RULE_NAME, "%s", rule);
	t->rows[t->n].hook = hook;
	t->rows[t->n].refused = refused;
	return &t->rows[t->n++];
}

static void add_count(void *ctx, const struct enforce_count *count)
{
	struct row *row = row_of(ctx, count->rule, count->hook, count->refused);

	row->packets += count->packets;
	row->bytes += count->bytes;
}

static void read_counts(struct bench *b, struct tally *out)
{
	*out = (struct tally){ 0 };
	check(bpf_backend.counts(b->state, add_count, out, &b->error) == 0);
}

static uint64_t packets_of(struct tally *t, const char *rule, enum hook hook)
{
	return row_of(t, rule, hook, false)->packets + row_of(t, rule, hook, true)->packets;
}

static bool same_counts(struct tally *is, struct tally *should)
{
	bool same = true;

	for (size_t i = 0; i < should->n; i++) {
		const struct row *r = &should->rows[i];
		uint64_t n = packets_of(is, r->rule, r->hook);

		if (n == r->packets)
			continue;
		printf("# %s at %s: %lu packets, should be %lu\n", r->rule, hook_name(r->hook),
		       (unsigned long)n, (unsigned long)r->packets);
		same = false;
	}
	return same;
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
				 enforce_direction(&b->link, hook), at, hook == HOOK_EGRESS,
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
		begin(&b, inside);
		should = (struct tally){ 0 };
		for (unsigned i = 0; i < 40 && good; i++) {
			struct text text = { 0 };
			struct policy *policy;

			random_policy(&seed, 1 + i % 24, &text);
			policy = load_text(text_string(&text));
			if (policy && install(&b, policy, false) == 0) {
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
	begin(&b, false);
	check(install(&b, load_text(text_string(&text)), false) == 0);
	load_programs(&b);
	for (unsigned k = 0; k < 1500 && good; k++)
		good = compare(&b, &seed, &should);
	read_counts(&b, &is);
	check(good && same_counts(&is, &should));
	end(&b);
	text_release(&text);
}

TEST_MAIN({ "random policies and frames", test_random }, { "wide tables", test_wide })
