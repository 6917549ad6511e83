/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel programs on real interfaces, veth pairs in a network namespace: what is delivered and
 * what is counted, while policies change under traffic, interfaces go and come back under other
 * names, and the process that installed them is gone. */
#include "bpf_place.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include "random_packet.h"
#include "random_policy.h"

/* --- interfaces --- */

static void ip(const char *word, ...)
{
	char *words[24] = { (char *)(uintptr_t)"ip", (char *)(uintptr_t)word };
	va_list list;
	int n = 2, status;
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
	check(waitpid(child, &status, 0) == child && status == 0);
}

static void write_setting(const char *path, const char *value)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(value, f);
		fclose(f);
	}
}

/* a sends, b receives; nothing else speaks there. */
static void add_pair(const char *a, const char *b)
{
	write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	ip("link", "add", a, "type", "veth", "peer", "name", b, NULL);
	ip("link", "set", a, "up", NULL);
	ip("link", "set", b, "up", NULL);
}

static int open_packets(const char *name)
{
	struct sockaddr_ll at_link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(name) };
	struct timeval wait = { 0, 200000 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = 8 << 20;

	check(fd >= 0 && bind(fd, (struct sockaddr *)&at_link, sizeof(at_link)) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd;
}

/* A frame that tc drops on its way out is not sent, says the kernel. */
static bool send_frame(int fd, const uint8_t *frame, size_t n)
{
	return send(fd, frame, n, 0) == (ssize_t)n || errno == ENOBUFS;
}

/* How many frames of this size wait; they come in, they were not sent here. */
static unsigned count_frames(int fd)
{
	uint8_t frame[2048];
	struct sockaddr_ll from;
	socklen_t n = sizeof(from);
	unsigned frames = 0;

	while (recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &n) > 0) {
		frames += from.sll_pkttype != PACKET_OUTGOING;
		n = sizeof(from);
	}
	return frames;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* --- frames --- */

#define FRAME_BYTES 64

/* UDP from 10.0.0.SOURCE to 239.1.0.GROUP. */
static void put_udp(uint8_t source, uint8_t group, uint16_t port, uint8_t out[FRAME_BYTES])
{
	static const uint8_t head[] = { 1, 0, 0x5e, 1, 0, 1, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 50,
					0, 1, 0, 0, 60, 17, 0, 0, 10, 0, 0, 0, 239, 1, 0, 0, 0x0f,
					0xa0 };

	memset(out, 0, FRAME_BYTES);
	memcpy(out, head, sizeof(head));
	out[29] = source;
	out[33] = group;
	out[36] = (uint8_t)(port >> 8);
	out[37] = (uint8_t)port;
	out[39] = 30;
}

static void send_udp(int fd, uint8_t source, uint8_t group, uint16_t port, unsigned n)
{
	uint8_t frame[FRAME_BYTES];

	put_udp(source, group, port, frame);
	while (n-- > 0)
		check(send_frame(fd, frame, sizeof(frame)));
}

static uint64_t count_of(struct bench *b, const char *rule, enum hook hook)
{
	static struct tally t;

	read_counts(b, &t);
	return packets_of(&t, rule, hook);
}

static const char simple[] = "boundary border {\n"
			     "deny to 239.1.0.1 as no\n"
			     "limit 1/h burst 3 by source to 239.1.0.2 as few\n"
			     "permit to 239.1.0.0/24 as yes\n"
			     "default deny\n}\n";

/* --- agreement over real interfaces --- */

/* What the wire may carry at all: the kernel cuts and pads nothing of these. */
static void test_agreement(void)
{
	static struct tally is, should;
	uint64_t seed = 11;
	struct bench b;
	unsigned passed = 0;
	int out, in;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "a0", true, BACKEND_AUTO, BACKEND_TC);
	add_link(&b, "b0", false, BACKEND_XDP, BACKEND_AUTO);
	out = open_packets("a0");
	in = open_packets("b0");
	for (unsigned i = 0; i < 8; i++) {
		struct text text = { 0 };
		struct policy *policy;

		random_policy(&seed, 2 + i * 2, &text);
		policy = load_text(text_string(&text));
		if (!policy || install(&b, policy) < 0) {
			policy_free(policy);
			text_release(&text);
			continue;
		}
		for (unsigned k = 0; k < 120; k++) {
			struct observation obs = random_observation(&seed, policy->boundaries[0]);
			uint8_t frame[RANDOM_FRAME_MAX];
			size_t n = random_frame(&seed, &obs, frame);
			struct expected e;

			if (n == 0)
				continue;
			e = expect_frame((struct span){ frame, n }, policy->boundaries[0],
					 DIRECTION_IN, at, 0, &b.said);
			if (e.action == ACTION_LIMIT)
				continue;
			check(send_frame(out, frame, n));
			if (e.rule)
				row_of(&should, e.rule, HOOK_EGRESS, false)->packets++;
			if (e.action == ACTION_DENY)
				continue;
			if (e.rule)
				row_of(&should, e.rule, HOOK_INGRESS, false)->packets++;
			passed++;
		}
		text_release(&text);
	}
	wait_ms(100);
	read_counts(&b, &is);
	check(same_counts(&is, &should));
	check(count_frames(in) == passed && passed > 100);
	close(out);
	close(in);
	end(&b);
	ip("link", "del", "a0", NULL);
}

/* --- limits, dry runs --- */

static bool has_clsact(const char *link)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(link),
		    .attach_point = BPF_TC_INGRESS);
	int status = bpf_tc_hook_create(&hook);

	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	if (status == 0)
		bpf_tc_hook_destroy(&hook);
	return status == -EEXIST;
}

static void test_limit(void)
{
	static struct tally t;
	struct bench b;
	int out, in;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "b0", false, BACKEND_XDP, BACKEND_TC);
	check(install(&b, load_text(simple)) == 0);
	out = open_packets("a0");
	in = open_packets("b0");
	send_udp(out, 1, 2, 5000, 5);
	send_udp(out, 2, 2, 5000, 2);
	send_udp(out, 1, 1, 5000, 7);
	send_udp(out, 1, 3, 5000, 11);
	wait_ms(50);
	read_counts(&b, &t);
	check(row_of(&t, "few", HOOK_INGRESS, false)->packets == 5);
	check(row_of(&t, "few", HOOK_INGRESS, true)->packets == 2);
	check(row_of(&t, "no", HOOK_INGRESS, false)->packets == 7);
	check(row_of(&t, "no", HOOK_INGRESS, false)->bytes == 7 * FRAME_BYTES);
	check(row_of(&t, "yes", HOOK_INGRESS, false)->packets == 11);
	check(count_frames(in) == 16);
	{
		struct timespec now;
		int64_t away;

		clock_gettime(CLOCK_REALTIME, &now);
		away = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec -
		       row_of(&t, "no", HOOK_INGRESS, false)->last_ns;
		check_named(away > 0 && away < 10 * NS_PER_S, "the time of the last packet");
	}
	b.links[0].dry_run = true;
	check(install(&b, b.policy) == 0);
	send_udp(out, 1, 1, 5000, 4);
	wait_ms(50);
	check(count_frames(in) == 4);
	check(count_of(&b, "no", HOOK_INGRESS) == 11);
	close(out);
	close(in);
	check(has_clsact("b0"));
	end(&b);
	check_named(!has_clsact("b0"), "nothing of weir's stays");
	ip("link", "del", "a0", NULL);
}

/* --- samples --- */

struct heard {
	unsigned n, rasadv, sap;
	size_t	 bytes;
	uint16_t vlan;
	unsigned ifindex;
};

static void hear(void *ctx, const struct packet *packet, const struct bpf_sample_info *info)
{
	struct heard *h = ctx;
	const uint8_t *p = packet->bytes.p;
	size_t tag = p[12] == 0x81 ? 4 : 0;
	unsigned port = (unsigned)p[36 + tag] << 8 | p[37 + tag];

	h->n++;
	h->rasadv += port == 9753;
	h->sap += port == 9875;
	h->bytes = packet->bytes.n;
	h->vlan = (uint16_t)(tag ? p[14] << 8 | p[15] : 0);
	h->ifindex = info->ifindex;
	check(packet->linktype == 1 && packet->length >= packet->bytes.n);
}

static struct heard hear_all(struct bpf_samples *samples)
{
	struct heard h = { 0 };

	wait_ms(30);
	check(bpf_samples_read(samples, hear, &h) >= 0);
	return h;
}

static void test_samples(void)
{
	uint8_t frame[FRAME_BYTES + 4] = { 0 };
	struct bpf_samples *samples = NULL;
	struct heard h;
	struct bench b;
	int out;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	check(bpf_samples_open(PINS, &samples) == -ENOENT);
	add_link(&b, "b0", false, BACKEND_TC, BACKEND_AUTO);
	check(install(&b, load_text(simple)) == 0);
	check(bpf_samples_open(PINS, &samples) == 0);
	check(bpf_samples_fd(samples) >= 0);
	out = open_packets("a0");
	send_udp(out, 1, 1, 9753, 5);
	h = hear_all(samples);
	check(h.n == 5 && h.rasadv == 5 && h.bytes == FRAME_BYTES);
	check(h.ifindex == if_nametoindex("b0"));
	send_udp(out, 1, 1, 9875, 3);
	h = hear_all(samples);
	check(h.n == 3 && h.sap == 3);
	send_udp(out, 7, 1, 5000, 9);
	send_udp(out, 8, 1, 5000, 9);
	send_udp(out, 7, 1, 5001, 9);
	h = hear_all(samples);
	check_named(h.n == 2, "the first of each (S,G) in a minute");
	send_udp(out, 7, 3, 9753, 4);
	h = hear_all(samples);
	check_named(h.n == 0, "what passes gives no sample");
	put_udp(1, 1, 9753, frame);
	memmove(frame + 16, frame + 12, FRAME_BYTES - 12);
	memcpy(frame + 12, "\x81\x00\x00\x2a", 4);
	check(send_frame(out, frame, sizeof(frame)));
	h = hear_all(samples);
	check_named(h.n == 1 && h.rasadv == 1 && h.vlan == 42, "the tag is in its place");
	bpf_samples_free(samples);
	close(out);
	end(&b);
	ip("link", "del", "a0", NULL);
}

/* --- what stands outlives its maker --- */

static uint32_t xdp_program(const char *link)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, options);

	if (bpf_xdp_query((int)if_nametoindex(link), 0, &options) < 0)
		return 0;
	return options.prog_id;
}

static void test_adoption(void)
{
	struct bench first, second;
	uint32_t program;
	int out;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&first);
	add_link(&first, "b0", false, BACKEND_XDP, BACKEND_TC);
	check(install(&first, load_text(simple)) == 0);
	program = xdp_program("b0");
	check(program != 0);
	bpf_backend.close(first.state);		/* as a killed process leaves it */
	out = open_packets("a0");
	send_udp(out, 1, 1, 5000, 6);
	wait_ms(30);
	begin(&second);
	add_link(&second, "b0", false, BACKEND_XDP, BACKEND_TC);
	check(count_of(&second, "no", HOOK_INGRESS) == 6);
	check(install(&second, load_text(simple)) == 0);
	check_named(xdp_program("b0") == program, "the program that stands is kept");
	send_udp(out, 1, 1, 5000, 5);
	wait_ms(30);
	check(count_of(&second, "no", HOOK_INGRESS) == 11);
	check(bpf_backend.install(second.state, (struct span){ NULL, 0 }, &second.error) == 0);
	check_named(xdp_program("b0") == 0, "nothing is enforced, and the counters stand");
	check(count_of(&second, "no", HOOK_INGRESS) == 11);
	check(install(&second, load_text(simple)) == 0);
	send_udp(out, 1, 1, 5000, 1);
	wait_ms(30);
	check(count_of(&second, "no", HOOK_INGRESS) == 12);
	check(mkdir(PINS "/set-1-v0", 0700) == 0);
	check(install(&second, second.policy) == 0);
	check_named(access(PINS "/set-1-v0", F_OK) < 0, "what another version pinned goes");
	close(out);
	end(&second);
	said_release(&first.said);
	policy_free(first.policy);
	text_release(&first.error);
	ip("link", "del", "a0", NULL);
}

/* Counters of rules that are gone stand until they are forgotten; a larger policy moves all. */
static void test_growth(void)
{
	static struct tally t;
	struct text text = { 0 };
	unsigned sets[4];
	struct bench b;
	int out;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "b0", false, BACKEND_XDP, BACKEND_AUTO);
	check(install(&b, load_text(simple)) == 0);
	out = open_packets("a0");
	send_udp(out, 1, 1, 5000, 6);
	wait_ms(30);
	text_put(&text, "boundary border {\ndeny to 239.1.0.1 as no\n");
	for (unsigned i = 0; i < 1200; i++)
		text_printf(&text, "deny to 232.%u.%u.0/24 as r%u\n", i / 250, i % 250, i);
	text_put(&text, "default permit\n}\n");
	check(bpf_set_list(PINS, sets, 4) == 1 && sets[0] == 1);
	check(install(&b, load_text(text_string(&text))) == 0);
	check(bpf_set_list(PINS, sets, 4) == 1 && sets[0] == 2);
	send_udp(out, 1, 1, 5000, 5);
	wait_ms(30);
	check(count_of(&b, "no", HOOK_INGRESS) == 11);
	read_counts(&b, &t);
	check(row_of(&t, "yes", HOOK_INGRESS, false)->gone);
	check(!row_of(&t, "no", HOOK_INGRESS, false)->gone);
	check(bpf_backend.forget(b.state, &b.error) == 0);
	read_counts(&b, &t);
	for (size_t i = 0; i < t.n; i++)
		check(!t.rows[i].gone && strcmp(t.rows[i].rule, "yes") != 0);
	check(count_of(&b, "no", HOOK_INGRESS) == 11);
	close(out);
	end(&b);
	check(bpf_set_list(PINS, sets, 4) == 0);
	text_release(&text);
	ip("link", "del", "a0", NULL);
}

static unsigned count_pins(const char *prefix)
{
	DIR *dir = opendir(PINS);
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (dir)
		closedir(dir);
	return n;
}

static void test_interfaces(void)
{
	struct bench b;
	int out;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "b0", false, BACKEND_XDP, BACKEND_TC);
	check(install(&b, load_text(simple)) == 0);
	for (unsigned i = 0; i < 5; i++) {
		ip("link", "del", "a0", NULL);
		add_pair("a0", "b0");
		b.links[0].index = if_nametoindex("b0");
		check(install(&b, b.policy) == 0);
		out = open_packets("a0");
		send_udp(out, 1, 1, 5000, 3);
		wait_ms(20);
		check(count_of(&b, "no", HOOK_INGRESS) == 3 * (i + 1));
		check_named(count_pins("xdp-") == 1, "no pin stays behind");
		close(out);
	}
	ip("link", "set", "b0", "name", "c0", NULL);
	snprintf(b.links[0].name, sizeof(b.links[0].name), "c0");
	{
		uint32_t program = xdp_program("c0");

		check(install(&b, b.policy) == 0);
		check_named(xdp_program("c0") == program, "a new name, the same program");
	}
	out = open_packets("a0");
	send_udp(out, 1, 1, 5000, 4);
	wait_ms(20);
	check(count_of(&b, "no", HOOK_INGRESS) == 19);	/* of both names */
	close(out);
	ip("link", "del", "a0", NULL);
	check_named(install(&b, b.policy) < 0 && b.error.n > 0, "no such interface");
	end(&b);
}

/* Somebody else's program is not replaced, and the message says what to do. */
static void test_foreign(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program, link;
	struct bench b;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	program = bpf_prog_load(BPF_PROG_TYPE_XDP, "somebody", "GPL", pass, 2, NULL);
	link = bpf_link_create(program, (int)if_nametoindex("b0"), BPF_XDP, NULL);
	check(program >= 0 && link >= 0);
	begin(&b);
	add_link(&b, "b0", false, BACKEND_XDP, BACKEND_TC);
	check(install(&b, (b.policy = load_text(simple))) < 0);
	printf("# %s\n", text_string(&b.error));
	check(strstr(text_string(&b.error), "another XDP program is attached there"));
	close(link);
	close(program);
	check(install(&b, b.policy) == 0);
	end(&b);
	ip("link", "del", "a0", NULL);
}

/* --- reloads under traffic --- */

/* Both policies say something of every flow by a rule of the flow's own name, with other classes and
 * other numbers: half of the one and half of the other would show as `default`, or as a verdict that
 * does not fit the name. */
#define FLOWS 16

static struct policy *odd_policy(bool second, unsigned others)
{
	struct text text = { 0 };
	struct policy *policy;

	text_put(&text, "boundary border {\n");
	for (unsigned i = 0; i < others; i++)
		text_printf(&text, "deny from 10.0.%u.0/24 to 239.%u.%u.0/24 as other%u\n",
			    i % 50 + 1, 2 + i / 250, i % 250, i);
	for (unsigned i = 0; i < FLOWS; i++) {
		unsigned flow = second ? FLOWS - 1 - i : i;

		text_printf(&text, "%s from 10.0.0.%u to 239.1.0.%u as %c%u\n",
			    second ? "permit" : "deny", flow + 1, flow + 1, second ? 'b' : 'a', flow);
	}
	text_put(&text, "default deny\n}\n");
	policy = load_text(text_string(&text));
	text_release(&text);
	return policy;
}

struct sending {
	atomic_bool stop;
	int	    fd;
	uint64_t    offered[FLOWS];
	double	    seconds;
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *send_flows(void *arg)
{
	struct sending *s = arg;
	uint8_t frames[64][FRAME_BYTES];
	struct iovec parts[64];
	struct mmsghdr batch[64] = { 0 };
	double start = seconds_now();

	for (unsigned i = 0; i < 64; i++) {
		put_udp((uint8_t)(i % FLOWS + 1), (uint8_t)(i % FLOWS + 1), 5000, frames[i]);
		parts[i] = (struct iovec){ frames[i], FRAME_BYTES };
		batch[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	/* It ends behind the first that the filter drops, which was judged too. */
	for (unsigned from = 0; !atomic_load(&s->stop); from %= 64) {
		int n = sendmmsg(s->fd, batch + from, 64 - from, 0);
		unsigned judged = n < 0 ? 1 : (unsigned)n < 64 - from ? (unsigned)n + 1 : (unsigned)n;

		for (; judged > 0; judged--)
			s->offered[from++ % FLOWS]++;
	}
	s->seconds = seconds_now() - start;
	return NULL;
}

/* Packets that came in: of this network namespace, whatever /sys shows. */
static uint64_t delivered(const char *link)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	unsigned long long bytes, packets, found = 0;
	char line[256], name[32];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %31[^:]: %llu %llu", name, &bytes, &packets) == 3 &&
		    strcmp(name, link) == 0)
			found = packets;
	check(f != NULL);
	if (f)
		fclose(f);
	return found;
}

/* Flow I is counted by the rule aI of one policy and bI of the other, and each packet of it once. */
static void check_flows(struct tally *t, const struct sending *s, bool by_both,
			uint64_t *out_offered, uint64_t *out_by_b)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		char a[8], b[8];
		uint64_t n;

		snprintf(a, sizeof(a), "a%u", i);
		snprintf(b, sizeof(b), "b%u", i);
		n = packets_of(t, a, HOOK_EGRESS) + packets_of(t, b, HOOK_EGRESS);
		if (n != s->offered[i])
			printf("# flow %u: %lu counted, %lu offered\n", i, (unsigned long)n,
			       (unsigned long)s->offered[i]);
		check_named(n == s->offered[i], "every packet of a flow by its own rule");
		check(!by_both || (packets_of(t, a, HOOK_EGRESS) > 0 &&
				   packets_of(t, b, HOOK_EGRESS) > 0));
		*out_offered += s->offered[i];
		*out_by_b += packets_of(t, b, HOOK_EGRESS);
	}
	check(packets_of(t, "default", HOOK_EGRESS) == 0);
}

static void test_reloads(void)
{
	static struct tally t;
	const char *wanted = getenv("WEIR_LONG");
	unsigned reloads = wanted ? 300 : 40;
	struct policy *policies[2];
	struct text parcels[2] = { { 0 }, { 0 } };
	struct sending s = { .fd = -1 };
	uint64_t offered = 0, counted = 0, passed = 0;
	pthread_t thread;
	struct bench b;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "a0", false, BACKEND_AUTO, BACKEND_TC);
	for (unsigned i = 0; i < 2; i++) {
		policies[i] = odd_policy(i, i * 40);
		check(policies[i] && compile(&b, policies[i], &parcels[i]) == 0);
	}
	check(install_parcel(&b, &parcels[0]) == 0);
	s.fd = open_packets("a0");
	passed = delivered("b0");
	check(pthread_create(&thread, NULL, send_flows, &s) == 0);
	for (unsigned i = 1; i <= reloads; i++) {
		check(install_parcel(&b, &parcels[i % 2]) == 0);
		if (i % 4 < 2)		/* some come at once, into the room that was just left */
			wait_ms(wanted ? 40 : 20);
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	wait_ms(200);
	passed = delivered("b0") - passed;
	read_counts(&b, &t);
	check_flows(&t, &s, true, &offered, &counted);
	printf("# %u reloads, %lu packets, %.0f a second, %lu passed\n", reloads,
	       (unsigned long)offered, (double)offered / s.seconds, (unsigned long)passed);
	check_named(passed == counted, "what the second policy permits is what arrived");
	close(s.fd);
	end(&b);
	for (unsigned i = 0; i < 2; i++) {
		policy_free(policies[i]);
		text_release(&parcels[i]);
	}
	ip("link", "del", "a0", NULL);
}

/* Whoever installs may be killed at any moment, between maps, programs and pins, or while a larger
 * set of maps takes the place of the old one: the packets are judged by whole policies, and counted. */
static void install_for_ever(const struct text parcels[3])
{
	struct text error = { 0 };
	void *state;

	if (bpf_backend.open(PINS, &state) < 0)
		_exit(1);
	for (unsigned i = 0;; i++)
		bpf_backend.install(state, (struct span){ (uint8_t *)parcels[i % 3].p,
							  parcels[i % 3].n }, &error);
}

static void test_kills(void)
{
	static struct tally t;
	struct policy *policies[3];
	struct text parcels[3] = { { 0 }, { 0 }, { 0 } };
	struct sending s = { .fd = -1 };
	uint64_t seed = 5, offered = 0, counted = 0;
	pthread_t thread;
	struct bench b;

	if (place()) {
		t_skip(place());
		return;
	}
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "a0", false, BACKEND_AUTO, BACKEND_TC);
	for (unsigned i = 0; i < 3; i++) {
		policies[i] = odd_policy(i % 2, i == 2 ? 700 : i * 40);
		check(policies[i] && compile(&b, policies[i], &parcels[i]) == 0);
	}
	check(install_parcel(&b, &parcels[0]) == 0);
	s.fd = open_packets("a0");
	check(pthread_create(&thread, NULL, send_flows, &s) == 0);
	for (unsigned i = 0; i < 12; i++) {
		pid_t child = fork();

		if (child == 0)
			install_for_ever(parcels);
		wait_ms(20 + (long)(t_random(&seed) % 150));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	bpf_backend.close(b.state);
	check(bpf_backend.open(PINS, &b.state) == 0);
	check(install_parcel(&b, &parcels[1]) == 0);
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	read_counts(&b, &t);
	check_flows(&t, &s, false, &offered, &counted);
	close(s.fd);
	end(&b);
	for (unsigned i = 0; i < 3; i++) {
		policy_free(policies[i]);
		text_release(&parcels[i]);
	}
	ip("link", "del", "a0", NULL);
}

/* --- parcels come from a process without privileges --- */

static void test_parcels(void)
{
	struct text parcel = { 0 };
	struct policy *policy;
	uint64_t seed = 3;
	struct bench b;
	int out;

	if (place()) {
		t_skip(place());
		return;
	}
	policy = load_text(simple);
	add_pair("a0", "b0");
	begin(&b);
	add_link(&b, "b0", false, BACKEND_TC, BACKEND_AUTO);
	check(compile(&b, policy, &parcel) == 0 && install_parcel(&b, &parcel) == 0);
	for (size_t n = 0; n < parcel.n; n += 1 + n / 3) {
		struct text cut = { .p = parcel.p, .n = n };

		check_named(n == 0 || install_parcel(&b, &cut) == -EBADMSG, "cut");
	}
	check(install_parcel(&b, &parcel) == 0);
	out = open_packets("a0");
	for (unsigned i = 0; i < 60; i++) {
		size_t where = i < 40 ? t_random(&seed) % 600 : t_random(&seed) % parcel.n;
		char was = parcel.p[where];

		parcel.p[where] = (char)t_random(&seed);
		install_parcel(&b, &parcel);	/* whatever it says: nothing breaks */
		send_udp(out, 1, 1, 5000, 1);
		parcel.p[where] = was;
	}
	check(install_parcel(&b, &parcel) == 0);
	close(out);
	end(&b);
	policy_free(policy);
	text_release(&parcel);
	ip("link", "del", "a0", NULL);
}

TEST_MAIN({ "agreement over veth pairs", test_agreement }, { "limits and dry runs", test_limit },
	  { "samples", test_samples }, { "adoption", test_adoption }, { "growth", test_growth },
	  { "interfaces go and come", test_interfaces }, { "a foreign program", test_foreign },
	  { "reloads under traffic", test_reloads }, { "kills", test_kills }, { "damaged parcels", test_parcels })
