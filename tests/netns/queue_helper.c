/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue at work, without a daemon around it: for tests and for the benchmark.
 *
 * queue-helper run POLICY [split] LINK... until SIGTERM; then what was counted queue-helper
 * offered | probe | remove
 *
 * LINK is NAME[,bridge=BRIDGE][,peer=PORT][,inside][,open][,silent].  `split`: the judge is
 * a process of its own with no capability and another user's number.  `tap`: as if there
 * were no NFQUEUE. */
#include <errno.h>
#include <grp.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "enforce/queue.h"
#include "policy/load.h"
#include "policy/table.h"

#define LINKS_MAX 8
#define NOBODY 65534

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

static _Noreturn void fail(const char *what, int error)
{
	fprintf(stderr, "queue-helper: %s: %s\n", what, strerror(-error));
	exit(3);
}

struct setting {
	struct policy	 *policy;
	struct table	 *table;
	struct court	  court;
	struct queue_link links[LINKS_MAX];
	struct trim	 *trims[LINKS_MAX];
	struct queue_plan plan;
};

static void read_policy(struct setting *s, const char *path)
{
	static char text[1 << 16];
	struct policy_input input = { .name = path, .text = text };
	struct diags diags;
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path, -errno);
	input.n = fread(text, 1, sizeof(text), file);
	fclose(file);
	diags_init(&diags);
	s->policy = policy_load(&input, &diags);
	if (!s->policy) {
		fprintf(stderr, "queue-helper: %s\n", diags.n ? diags.list[0].message : "no policy");
		exit(2);
	}
	diags_release(&diags);
	s->table = table_new(s->policy->boundaries[0]);
	court_init(&s->court, s->policy->boundaries[0], s->table);
}

static void add_link(struct setting *s, char *words)
{
	struct queue_link *link = &s->links[s->plan.n];
	struct trim_options options = { .court = &s->court, .register_stop = true };
	const struct boundary *b = s->policy->boundaries[0];
	char *save, *word = strtok_r(words, ",", &save);

	snprintf(link->name, sizeof(link->name), "%s", word);
	while ((word = strtok_r(NULL, ",", &save))) {
		if (strncmp(word, "bridge=", 7) == 0)
			snprintf(link->bridge, sizeof(link->bridge), "%s", word + 7);
		else if (strncmp(word, "peer=", 5) == 0)
			snprintf(link->peer, sizeof(link->peer), "%s", word + 5);
		else if (strcmp(word, "inside") == 0)
			link->inside = true;
		else if (strcmp(word, "open") == 0)
			link->fail_open = true;
		else if (strcmp(word, "silent") == 0)
			options.register_stop = false;
	}
	link->index = if_nametoindex(link->name);
	link->peer_index = link->peer[0] ? if_nametoindex(link->peer) : 0;
	link->arriving = trim_is_needed(b, queue_direction(link, QUEUE_RECEIVED));
	link->leaving = trim_is_needed(b, queue_direction(link, QUEUE_SENT));
	link->payload = trim_needs_payload(b, queue_direction(link, QUEUE_RECEIVED)) ||
			trim_needs_payload(b, queue_direction(link, QUEUE_SENT));
	options.fail_open = link->fail_open;
	s->trims[s->plan.n++] = trim_new(&options);
}

static struct mtime now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (struct mtime){ t.tv_sec * NS_PER_S + t.tv_nsec };
}

static void print_counts(const struct setting *s, const struct queue_counts *c)
{
	for (size_t i = 0; i < s->plan.n; i++) {
		const struct trim_counts *t = trim_counts(s->trims[i]);

		for (unsigned h = 0; h < QUEUE_HOOK_COUNT; h++)
			printf("judged %s %s %llu\n", s->links[i].name,
			       queue_hook_name((enum queue_hook)h),
			       (unsigned long long)c->links[i].judged[h]);
		for (unsigned w = 0; w < TRIM_WHY_COUNT; w++)
			printf("why %s %s %llu\n", s->links[i].name, trim_why_name((enum trim_why)w),
			       (unsigned long long)t->packets[w]);
		for (size_t r = 0; r < t->n; r++)
			printf("rule %s %s %llu\n", s->links[i].name,
			       r < s->court.boundary->rule_count && s->court.boundary->rules[r]->name
				       ? s->court.boundary->rules[r]->name : "default",
			       (unsigned long long)t->rules[r].hits);
	}
	printf("lost %llu\n", (unsigned long long)c->lost);
	printf("unknown %llu\nstops %llu\nstops-failed %llu\n", (unsigned long long)c->unknown,
	       (unsigned long long)c->stops, (unsigned long long)c->stops_failed);
	fflush(stdout);
}

static void print_effort(const char *name)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("%s %llu\n", name,
	       (unsigned long long)((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
				    used.ru_utime.tv_usec + used.ru_stime.tv_usec));
	fflush(stdout);
}

static int judge(const struct setting *s, const struct queue_ports *ports, int answers)
{
	struct pollfd polls[] = { { .fd = ports->closed, .events = POLLIN },
				  { .fd = ports->open, .events = POLLIN } };
	struct queue *queue;
	int n = 0;

	queue_new(&s->plan, ports, answers, &queue);
	printf("ready\n");
	fflush(stdout);
	while (!is_over && n >= 0) {
		if (poll(polls, COUNT(polls), 200) > 0)
			n = queue_turn(queue, s->trims, now());
	}
	print_counts(s, queue_counts(queue));
	print_effort("cpu-us");
	queue_free(queue);
	if (n < 0)
		fail("turn", n);
	return 0;
}

/* The keeper relays; its child judges and can do nothing else. */
static int judge_split(const struct setting *s, const struct queue_ports *ports)
{
	int pair[2], error = 0, status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair", -errno);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			fail("setuid", -errno);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(pair[0]);
		exit(judge(s, ports, pair[1]));
	}
	close(pair[1]);
	while (error == 0 || error == -EINTR) {
		if (is_over)
			kill(child, SIGTERM);
		error = queue_relay(ports, &s->plan, pair[0], NULL, NULL);
	}
	waitpid(child, &status, 0);
	print_effort("relay-us");
	if (error != -EPIPE)
		fail("relay", error);
	return WEXITSTATUS(status);
}

static int run(int n, char **words)
{
	struct setting s = { 0 };
	char why[QUEUE_WHY];
	struct queue_ports ports;
	enum queue_means means = queue_probe(why);
	bool split = n > 1 && strcmp(words[1], "split") == 0;
	bool tap = n > 1 && strcmp(words[1], "tap") == 0;
	int error;

	prctl(PR_SET_PDEATHSIG, SIGTERM);		/* a test that fails leaves nobody behind */
	printf("%s\n", why);
	read_policy(&s, words[0]);
	means = tap ? QUEUE_BY_TAP : means;
	for (int i = 1 + split + tap; i < n && s.plan.n < LINKS_MAX; i++)
		add_link(&s, words[i]);
	s.plan.links = s.links;
	if (queue_check(&s.plan, means, why) < 0) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	s.plan.means = means;
	error = queue_open(&s.plan, &ports);
	if (error < 0)
		fail("open", error);
	error = queue_install(&s.plan, means, why);
	if (error < 0)
		fail(why, error);
	return split ? judge_split(&s, &ports) : judge(&s, &ports, -1);
}

#define BURST 32

/* In bursts, each at its time; a sender that is late makes no more of it than it must. */
static int send_frames(const char *name, unsigned long count, unsigned long rate, const char *hex)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	static uint8_t bytes[2048];
	struct iovec vector = { bytes, strlen(hex) / 2 };
	struct mmsghdr messages[BURST];
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int64_t begun = now().ns;

	for (size_t i = 0; i < vector.iov_len && i < sizeof(bytes); i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	for (size_t i = 0; i < BURST; i++)
		messages[i] = (struct mmsghdr){ { .msg_name = &to, .msg_namelen = sizeof(to),
						  .msg_iov = &vector, .msg_iovlen = 1 }, 0 };
	for (unsigned long sent = 0; sent < count; sent += BURST) {
		while (now().ns - begun < (int64_t)(sent * 1000000000ull / rate))
			;
		if (sendmmsg(fd, messages, BURST, 0) != BURST)
			fail("send", -errno);
	}
	printf("seconds %.3f\n", (double)(now().ns - begun) / 1e9);
	return 0;
}

static void print_offered(void *context, const char *link, enum queue_hook hook, uint64_t packets,
			  uint64_t bytes)
{
	(void)context;
	printf("offered %s %s %llu %llu\n", link, queue_hook_name(hook), (unsigned long long)packets,
	       (unsigned long long)bytes);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	char why[QUEUE_WHY];
	int error = 0;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (argc > 3 && strcmp(argv[1], "run") == 0)
		return run(argc - 2, argv + 2);
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_frames(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
				   argv[5]);
	if (argc == 2 && strcmp(argv[1], "offered") == 0)
		error = queue_offered(print_offered, NULL);
	else if (argc == 2 && strcmp(argv[1], "remove") == 0)
		error = queue_remove();
	else if (argc == 2 && strcmp(argv[1], "probe") == 0)
		printf("%d %s\n", (int)queue_probe(why), why);
	else
		return 2;
	if (error < 0)
		fail(argv[1], error);
	return 0;
}
