/* SPDX-License-Identifier: BSD-2-Clause */
/* A place for tests of the kernel programs: a network namespace with a bpf file system, policies in
 * force on its interfaces, and their counters. */
#ifndef WEIR_TESTS_BPF_PLACE_H
#define WEIR_TESTS_BPF_PLACE_H

#include "enforce/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforce/bpf_object.h"
#include "policy/load.h"
#include "t.h"
#include "wire/wire.h"

#define FOLDER "/sys/fs/bpf"		/* in a mount namespace of the test's own */
#define PINS FOLDER "/weir"
#define LO_INDEX 1

/* --- the place --- */

/* From here on no more rights than the daemon's keeper has. */
static inline bool keep_capabilities(void)
{
	const uint64_t kept = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW |
			      UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = {
		{ .effective = (uint32_t)kept, .permitted = (uint32_t)kept },
		{ .effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32) },
	};

	return syscall(SYS_capset, &head, sets) == 0;
}

static inline const char *why_not(void)
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
	if (mount("bpf", FOLDER, "bpf", 0, NULL) < 0)
		return "no bpf file system here";
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &up) < 0)
		return "cannot set the interface up";
	close(fd);
	if (!keep_capabilities())
		return "cannot give up capabilities";
	bpf_backend.probe(&support);
	snprintf(text, sizeof(text), "%s", support.why_not[BACKEND_TC]);
	return text[0] ? text : NULL;
}

static inline const char *place(void)
{
	static bool asked;
	static const char *why;

	if (!asked)
		why = why_not();
	asked = true;
	return why;
}

/* --- one policy on the loopback interface --- */

#define LINKS_MAX 4

struct bench {
	void		     *state;
	struct policy	     *policy;
	struct enforce_link   links[LINKS_MAX];
	struct enforce_choice choices[LINKS_MAX];
	size_t		      link_count;
	struct said	      said;
	bool		      by_pairs;		/* compiled as policies of many pairs are */
	int		      programs[3];	/* XDP, tc ingress, tc egress */
	unsigned	      set;
	struct text	      error;
};

static const struct mtime at = { INT64_C(1770768000) * NS_PER_S };	/* 2026-02-11 */

static inline struct policy *load_text(const char *text)
{
	struct policy_input input = { .name = "test", .text = text, .n = strlen(text) };
	struct diags diags;
	struct policy *policy;

	diags_init(&diags);
	policy = policy_load(&input, &diags);
	diags_release(&diags);
	return policy;
}

static inline void add_link(struct bench *b, const char *name, bool inside, enum backend ingress,
			    enum backend egress)
{
	size_t i = b->link_count++;

	b->links[i] = (struct enforce_link){ .index = if_nametoindex(name), .inside = inside };
	snprintf(b->links[i].name, sizeof(b->links[i].name), "%s", name);
	b->choices[i] = (struct enforce_choice){ .hooks = { ingress, egress } };
}

static inline void begin(struct bench *b)
{
	*b = (struct bench){ .programs = { -1, -1, -1 } };
	said_init(&b->said);
	check(bpf_backend.open(PINS, &b->state) == 0);
}

static inline void end(struct bench *b)
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

static inline int compile(struct bench *b, const struct policy *policy, struct text *parcel)
{
	struct enforce_boundary boundary = { policy->boundaries[0], b->links, b->link_count };
	struct enforce_plan plan = { .boundaries = &boundary, .n = 1, .generation = 1, .now = at,
				     .by_pairs = b->by_pairs };
	struct enforce_notes notes = { 0 };
	int status = bpf_backend.compile(&plan, b->choices, parcel, &notes);

	enforce_notes_release(&notes);
	return status;
}

static inline int install_parcel(struct bench *b, const struct text *parcel)
{
	return bpf_backend.install(b->state, (struct span){ (uint8_t *)parcel->p, parcel->n },
				   &b->error);
}

/* Takes the policy where it succeeds. */
static inline int install(struct bench *b, struct policy *policy)
{
	struct text parcel = { 0 };
	int status = compile(b, policy, &parcel);

	if (status == 0)
		status = install_parcel(b, &parcel);
	text_release(&parcel);
	if (status == 0 && policy != b->policy) {
		policy_free(b->policy);
		b->policy = policy;
	}
	return status;
}

/* Slots are given in the order of hooks: ingress, egress.  Programs are those of the set in force. */
static inline void load_programs(struct bench *b)
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

/* True where the program, XDP or tc, drops the frame. */
static inline bool run_program(const struct bench *b, unsigned which, const uint8_t *frame, size_t n)
{
	struct __sk_buff skb = { .ingress_ifindex = LO_INDEX, .ifindex = LO_INDEX };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)n,
		    .repeat = 1);

	if (which > 0) {
		options.ctx_in = &skb;
		options.ctx_size_in = sizeof(skb);
	}
	check(bpf_prog_test_run_opts(b->programs[which], &options) == 0);
	return options.retval == (which ? (unsigned)TC_ACT_SHOT : (unsigned)XDP_DROP);
}

/* --- counters --- */

#define COUNTS_MAX 4096

struct row {
	char	  rule[ENFORCE_RULE_NAME];
	enum hook hook;
	bool	  refused, gone;
	uint64_t  packets, bytes;
	int64_t	  last_ns;
};

struct tally {
	struct row rows[COUNTS_MAX];
	size_t	   n;
};

static inline struct row *row_of(struct tally *t, const char *rule, enum hook hook, bool refused)
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

static inline void add_count(void *ctx, const struct enforce_count *count)
{
	struct row *row = row_of(ctx, count->rule, count->hook, count->refused);

	row->packets += count->packets;
	row->bytes += count->bytes;
	row->gone = count->gone;
	row->last_ns = count->last_ns > row->last_ns ? count->last_ns : row->last_ns;
}

static inline void read_counts(struct bench *b, struct tally *out)
{
	*out = (struct tally){ 0 };
	check(bpf_backend.counts(b->state, add_count, out, &b->error) == 0);
}

static inline uint64_t packets_of(struct tally *t, const char *rule, enum hook hook)
{
	return row_of(t, rule, hook, false)->packets + row_of(t, rule, hook, true)->packets;
}

static inline bool same_counts(struct tally *is, struct tally *should)
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

#endif
