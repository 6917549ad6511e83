/* SPDX-License-Identifier: BSD-2-Clause */
/* One driver for all: the same random policies, and under each the same random frames of IPv4 and
 * IPv6, with tags, options, extension headers and fragments, through veth pairs to XDP, tc and
 * nftables, and to the programs by BPF_PROG_TEST_RUN.  Who arrives and what each rule has counted is
 * what the reference says.  WEIR_LONG=1 tries more policies, WEIR_EACH=1 looks after each frame and so
 * names the one that they do not agree about. */
#include "bpf_place.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <time.h>

#include "enforce/backend.h"
#include "engine/member.h"
#include "enforce/nft.h"
#include "random_packet.h"
#include "random_policy.h"
#include "wire/protocols.h"

#define FRAMES 100			/* under each policy */
#define MOVEMENTS 64			/* frames between two looks at who has arrived */

enum { BY_XDP, BY_TC, BY_NFTABLES, WAYS };

static const char *const senders[WAYS] = { "xa", "ta", "na" };
static const char *const receivers[WAYS] = { "xb", "tb", "nb" };

#define TAG_OF_OLD 0x9100

/* What the kernel may take a frame for, when it has taken its first tag out. */
static const unsigned types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD, TAG_OF_OLD };

/* A pair with its sockets: those that ask for one protocol stand behind the hooks at ingress. */
struct way {
	int out, in[COUNT(types)];
	unsigned come, wanted;
	struct tally should, is;
};

static struct way ways[WAYS];

static int open_socket(const char *name, unsigned protocol)
{
	struct sockaddr_ll at_link = { .sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex(name),
				       .sll_protocol = htons((uint16_t)protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = 8 << 20;

	check(fd >= 0 && bind(fd, (struct sockaddr *)&at_link, sizeof(at_link)) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static void add_pair(unsigned i)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		 "ip link add %1$s type veth peer name %2$s && ip link set %1$s up && "
		 "ip link set %2$s up",
		 senders[i], receivers[i]);
	check(system(command) == 0);
	ways[i].out = open_socket(senders[i], 0);
	for (unsigned k = 0; k < COUNT(types); k++)
		ways[i].in[k] = open_socket(receivers[i], types[k]);
}

static unsigned drain(int fd)
{
	uint8_t frame[2048];
	unsigned n = 0;

	while (recv(fd, frame, sizeof(frame), 0) > 0)
		n++;
	return n;
}

static void wait_for_frames(void)
{
	for (unsigned turn = 0; turn < 100; turn++) {
		bool all = true;

		for (unsigned i = 0; i < WAYS; i++) {
			for (unsigned k = 0; k < COUNT(types); k++)
				ways[i].come += drain(ways[i].in[k]);
			all &= ways[i].come >= ways[i].wanted;
		}
		if (all)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
}

static bool is_known_tag(unsigned type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

static unsigned type_at(const uint8_t *frame, unsigned tags)
{
	return (unsigned)frame[12 + 4 * tags] << 8 | frame[13 + 4 * tags];
}

static bool is_tag(unsigned type)
{
	return is_known_tag(type) || type == TAG_OF_OLD;
}

/* What nftables reaches by its place alone, and so not where something else may stand before it: it
 * counts such a frame by itself where that would matter. */
static bool is_out_of_reach(const uint8_t *frame)
{
	unsigned tags = 0, taken = is_known_tag(type_at(frame, 0));
	const uint8_t *header;

	while (is_tag(type_at(frame, tags)))
		tags++;
	header = frame + 14 + 4 * tags;
	if (tags == taken)
		return false;
	if (tags - taken > NFT_TAGS_MAX)
		return true;
	return type_at(frame, tags) == ETH_P_IP ? header[0] != 0x45
						: memchr("\x00\x2b\x2c\x33\x3c\x87", header[6], 6) != NULL;
}

/* nftables takes an authentication or a mobility header for what the packet carries, as the kernel
 * tells it. */
static bool ends_early(const uint8_t *frame, size_t n)
{
	unsigned tags = is_known_tag(type_at(frame, 0));
	size_t start = 14 + 4 * tags, at_header = start + 40;
	uint8_t next = frame[start + 6];

	if (type_at(frame, tags) != ETH_P_IPV6)
		return false;
	while (at_header + 8 <= n && (next == 0 || next == 43 || next == 44 || next == 60)) {
		next = frame[at_header];
		at_header += frame[at_header + 1] * 8u + 8;
	}
	return next == 51 || next == 135;
}

/* nftables looks whether it is an announcement what comes to the port of announcements; programs
 * take it for one. */
static bool is_known_by_port(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->list[i].has_ports &&
		    protocol_row_of_udp(said->list[i].group, said->list[i].dport))
			return true;
	return false;
}

/* The counter that the frame should meet; NULL: none.  nftables looks for control protocols before it
 * looks for groups of one link: both pass. */
static const char *counter_of(unsigned way, const struct expected *e)
{
	if (way != BY_NFTABLES)
		return e->rule;
	return e->rule && strcmp(e->rule, ENFORCE_CONTROL) == 0 ? ENFORCE_LINK_LOCAL : e->rule;
}

/* --- what they count --- */

static void add_way_count(void *ctx, const struct enforce_count *count)
{
	struct enforce_count one = *count;

	(void)ctx;
	for (unsigned i = 0; i < WAYS; i++) {
		if (strcmp(count->link, receivers[i]) != 0)
			continue;
		if (i == BY_NFTABLES && strcmp(count->rule, ENFORCE_CONTROL) == 0)
			one.rule = ENFORCE_LINK_LOCAL;
		add_count(&ways[i].is, &one);
	}
}

static bool counted(const struct way *way, const char *name, unsigned times)
{
	bool same = true;

	for (size_t i = 0; i < way->should.n; i++) {
		const struct row *r = &way->should.rows[i];
		uint64_t n = packets_of((struct tally *)&way->is, r->rule, r->hook);

		if (n == r->packets * times)
			continue;
		printf("# %s, %s: %lu packets, should be %lu\n", name, r->rule, (unsigned long)n,
		       (unsigned long)(r->packets * times));
		same = false;
	}
	return same;
}

/* --- one policy, one frame --- */

struct trial {
	struct bench	    b;			/* XDP and tc, and their programs */
	struct members	   *members;		/* told to all */
	void		   *nft;
	struct enforce_link link;		/* of nftables */
	unsigned	    policies, frames, drops;
	unsigned	    asked;		/* frames for which it made a difference who asked */
};

static int install_nft(struct trial *t, const struct policy *policy)
{
	struct enforce_boundary boundary = { policy->boundaries[0], &t->link, 1 };
	struct enforce_plan plan = { .boundaries = &boundary, .n = 1, .generation = 1, .now = at };
	const struct enforce_choice choice = { .hooks = { BACKEND_NFTABLES, BACKEND_AUTO } };
	struct enforce_notes notes = { 0 };
	struct text image = { 0 }, error = { 0 };
	int status = nft_backend.compile(&plan, &choice, &image, &notes);

	if (status == 0)
		status = nft_backend.install(t->nft, (struct span){ (uint8_t *)image.p, image.n },
					     &error);
	if (status < 0)
		printf("# nftables: %s\n", error.n ? error.p : strerror(-status));
	enforce_notes_release(&notes);
	text_release(&image);
	text_release(&error);
	return status;
}

#define MEMBERS_LIST (FRAMES + 1)

/* Of the frames that are to come, some by their group, some by source and group. */
static void hear_reports(struct trial *t, uint64_t ahead)
{
	const struct boundary *boundary = t->b.policy->boundaries[0];
	uint8_t frame[RANDOM_FRAME_MAX];

	members_free(t->members);
	t->members = members_new();
	for (unsigned k = 0; k < FRAMES && t->policies % 5 > 0; k++) {
		struct observation obs = random_observation(&ahead, boundary);

		random_frame(&ahead, &obs, frame);
		obs.point = POINT_MEMBERSHIP;
		obs.what = WHAT_JOIN;
		obs.direction = DIRECTION_OUT;
		obs.anomaly = ANOMALY_NONE;
		obs.source = k % 4 == 0 ? ADDR_ANY : obs.source;
		if (k % 2 == 0)
			members_hear(t->members, &obs, at);
	}
}

static void tell_members(struct trial *t)
{
	struct enforce_member list[MEMBERS_LIST];
	struct enforce_asked asked = { .boundary = t->b.policy->boundaries[0]->name,
				       .direction = DIRECTION_IN, .list = list,
				       .is_known = members_complete(t->members, DIRECTION_OUT) };
	struct text error = { 0 };
	size_t i = 0;

	while (asked.n < COUNT(list) &&
	       members_next(t->members, DIRECTION_OUT, at, &i, &list[asked.n].source,
			    &list[asked.n].group))
		asked.n++;
	check(nft_backend.tell_asked(t->nft, &asked, &error) == 0);
	check(bpf_backend.tell_asked(t->b.state, &asked, &error) == 0);
	text_release(&error);
}

static void tell_frame(const char *what, const struct expected *e, const uint8_t *frame, size_t n)
{
	printf("# %s: %s %s\n# ", what, e->rule ? e->rule : "(no multicast)",
	       action_name(e->action));
	for (size_t i = 0; i < n; i++)
		printf("%02x", frame[i]);
	printf("\n");
}

static bool same_everywhere(struct trial *t)
{
	struct text error = { 0 };
	bool same = true;

	wait_for_frames();
	for (unsigned i = 0; i < WAYS; i++)
		ways[i].is = (struct tally){ 0 };
	check(bpf_backend.counts(t->b.state, add_way_count, NULL, &error) == 0);
	check(nft_backend.counts(t->nft, add_way_count, NULL, &error) == 0);
	for (unsigned i = 0; i < WAYS; i++) {
		/* the first link's programs count what TEST_RUN gives them, too */
		same &= counted(&ways[i], receivers[i], i == BY_XDP ? 3 : 1);
		if (ways[i].come != ways[i].wanted)
			printf("# %s: %u frames came, should be %u\n", receivers[i], ways[i].come,
			       ways[i].wanted);
		same &= ways[i].come == ways[i].wanted;
	}
	text_release(&error);
	return same;
}

static bool try_frame(struct trial *t, uint64_t *seed)
{
	const struct boundary *boundary = t->b.policy->boundaries[0];
	struct observation obs = random_observation(seed, boundary);
	uint8_t frame[RANDOM_FRAME_MAX];
	size_t n = random_frame(seed, &obs, frame);
	struct expected unasked, e;
	const char *counter;

	if (n == 0)
		return true;
	unasked = expect_frame((struct span){ frame, n }, boundary, DIRECTION_IN, at, 0, &t->b.said);
	e = expect_frame_asked((struct span){ frame, n }, boundary, DIRECTION_IN, at, t->members,
			       &t->b.said);
	if (e.action == ACTION_LIMIT)
		return true;		/* a matter of time, which is not the same for all */
	t->asked += e.rule != unasked.rule;
	t->frames++;
	t->drops += e.action == ACTION_DENY;
	for (unsigned i = 0; i < WAYS; i++) {
		if (i == BY_NFTABLES && (ends_early(frame, n) || is_out_of_reach(frame) ||
					 is_known_by_port(&t->b.said)))
			continue;
		check(send(ways[i].out, frame, n, 0) == (ssize_t)n);
		ways[i].wanted += e.action != ACTION_DENY;
		counter = counter_of(i, &e);
		if (counter)
			row_of(&ways[i].should, counter, HOOK_INGRESS, false)->packets++;
	}
	for (unsigned which = 0; which < 2; which++)
		if (run_program(&t->b, which, frame, n) != (e.action == ACTION_DENY)) {
			tell_frame(which ? "tc by TEST_RUN" : "XDP by TEST_RUN", &e, frame, n);
			return false;
		}
	if (getenv("WEIR_EACH") && !same_everywhere(t)) {
		tell_frame("after", &e, frame, n);
		return false;
	}
	if (t->frames % MOVEMENTS == 0)
		wait_for_frames();
	return true;
}

static bool try_policy(struct trial *t, uint64_t *seed, unsigned rules)
{
	struct text text = { 0 };
	struct policy *policy;
	bool good = true;

	random_policy(seed, rules, &text);
	policy = load_text(text_string(&text));
	if (policy && install(&t->b, policy) == 0) {
		good = install_nft(t, policy) == 0;
		load_programs(&t->b);
		t->policies++;
		hear_reports(t, *seed);
		tell_members(t);
		for (unsigned k = 0; k < FRAMES && good; k++)
			good = try_frame(t, seed);
		good = good && same_everywhere(t);
		if (!good)
			printf("# under\n# %s\n", text_string(&text));
	} else {
		policy_free(policy);
	}
	text_release(&text);
	return good;
}

static void test_one_driver(void)
{
	struct enforce_support support = { 0 };
	/* more than generations of nftables may stand */
	unsigned policies = getenv("WEIR_LONG") ? 400 : 70;
	struct trial t = { 0 };
	struct text error = { 0 };
	uint64_t seed = 77;
	bool good = true;

	if (place()) {
		t_skip(place());
		return;
	}
	nft_backend.probe(&support);
	if (support.why_not[BACKEND_NFTABLES][0]) {
		t_skip(support.why_not[BACKEND_NFTABLES]);
		return;
	}
	for (unsigned i = 0; i < WAYS; i++)
		add_pair(i);
	begin(&t.b);
	add_link(&t.b, "xb", false, BACKEND_XDP, BACKEND_TC);
	add_link(&t.b, "tb", false, BACKEND_TC, BACKEND_AUTO);
	t.link = (struct enforce_link){ .index = if_nametoindex("nb") };
	snprintf(t.link.name, sizeof(t.link.name), "nb");
	check(nft_backend.open(PINS, &t.nft) == 0);
	for (unsigned i = 0; i < policies && good; i++)
		good = try_policy(&t, &seed, 1 + i % 24);
	check_named(good, "XDP, tc, nftables and TEST_RUN say what the reference says");
	printf("# %u policies, %u frames, each to 5; %u dropped, %u seen behind, %u by who asked\n",
	       t.policies, t.frames, t.drops, ways[0].wanted, t.asked);
	check(t.policies * 2 > policies && t.drops > t.frames / 8 && t.drops < t.frames);
	check(t.asked > t.frames / 100);
	members_free(t.members);
	check(nft_backend.remove(t.nft, &error) == 0);
	nft_backend.close(t.nft);
	end(&t.b);
	text_release(&error);
}

TEST_MAIN({ "XDP, tc, nftables and TEST_RUN beside the reference", test_one_driver })
