/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts policies into the kernel and reads their counters back.  Compiling is pure: a plan in
 * memory becomes an image, bytes that may be sent to a process that holds privileges; installing
 * only hands those bytes to the kernel.  What stands in the kernel outlives both processes.
 *
 *	enforce_choose(&plan, &support, choices);	which back end serves each link, and why
 *	enforce_compile(&plan, choices, &image, &notes);
 *	enforcer_open("/sys/fs/bpf/weir", &enforcer);	adopts what stands
 *	enforce_install(enforcer, image);		all of it or nothing
 *	enforce_counts(enforcer, each, ctx);
 *
 * Judged is every multicast packet by its outer IP header, at the point `data`: by the direction of
 * arrival at ingress, by that of leaving at egress.  Link-local groups (addr_is_link_local_group),
 * IGMP, MLD and PIM are never dropped at ingress. */
#ifndef WEIR_ENFORCE_ENFORCE_H
#define WEIR_ENFORCE_ENFORCE_H

#include "policy/policy.h"

enum backend { BACKEND_AUTO, BACKEND_XDP, BACKEND_TC, BACKEND_NFTABLES, BACKEND_COUNT };
enum hook { HOOK_INGRESS, HOOK_EGRESS, HOOK_COUNT };

/* "auto", "xdp", "tc", "nftables"; "ingress", "egress". */
const char *backend_name(enum backend backend);
const char *hook_name(enum hook hook);

#define ENFORCE_LINK_NAME 16
#define ENFORCE_RULE_NAME 64
#define ENFORCE_WHY 160

/* An interface under a boundary.  What arrives at an outside link goes in, what leaves there goes
 * out; at an inside link the reverse (LANGUAGE S29). */
struct enforce_link {
	char	     name[ENFORCE_LINK_NAME];
	unsigned     index;
	bool	     inside;
	bool	     dry_run;		/* counts what it would drop, and drops nothing */
	bool	     fails_closed;	/* drops what its back end cannot look into */
	bool	     is_bridge_port;	/* its egress is a bridge's: nothing is decremented there */
	bool	     is_native;		/* its driver runs XDP itself */
	enum backend backend;		/* as configured */
};

/* The direction in which a packet goes that meets the hook (enum direction). */
enum direction enforce_direction(const struct enforce_link *link, enum hook hook);

struct enforce_boundary {
	const struct boundary	  *boundary;
	const struct enforce_link *links;
	size_t			   link_count;
};

/* A piece of an image that is being made, which can go into the kernel ahead of it. */
typedef void enforce_piece_fn(void *ctx, struct span bytes);

struct enforce_plan {
	const struct enforce_boundary *boundaries;
	size_t			       n;
	uint64_t		       generation;
	struct mtime		       now;	/* rules that have ended are left out (S44) */
	bool			       by_pairs; /* for tests: as large policies are, whatever size */
	enforce_piece_fn	      *piece;	 /* told of pieces; NULL: nobody is */
	void			      *piece_ctx;
};

/* All links of all boundaries. */
size_t enforce_link_count(const struct enforce_plan *plan);

/* What this machine can: a back end is there where its text is empty, else that says why not. */
struct enforce_support {
	char why_not[BACKEND_COUNT][ENFORCE_WHY];
};
void enforce_probe(struct enforce_support *out);

/* Which back end serves a link's hooks.  AUTO: none, for no rule of the boundary stops anything in
 * that direction. */
struct enforce_choice {
	enum backend hooks[HOOK_COUNT];
	char	     why[ENFORCE_WHY];
};

/* `out` has one for each link, in the plan's order.  -ENOTSUP where a link asks for what is not
 * there, or nothing is; its `why` says so, and the others are chosen all the same. */
int enforce_choose(const struct enforce_plan *plan, const struct enforce_support *support,
		   struct enforce_choice *out);

/* What the operator should know of a plan: a rule that is not enforced somewhere, and why.  The
 * names are "" where it is about all. */
struct enforce_note {
	char boundary[ENFORCE_RULE_NAME], rule[ENFORCE_RULE_NAME], link[ENFORCE_LINK_NAME];
	char text[ENFORCE_WHY];
};

struct enforce_notes {
	struct enforce_note *list;
	size_t		     n;
};

void enforce_notes_add(struct enforce_notes *notes, const struct enforce_note *note);
void enforce_notes_release(struct enforce_notes *notes);

/* What is to be installed.  One allocation, to be freed with free(). */
struct enforce_image {
	size_t	n;			/* bytes */
	uint8_t bytes[];
};

/* Pure.  0, or -E2BIG where a boundary is too large for a back end; a note then says which. */
int enforce_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		    struct enforce_image **out, struct enforce_notes *notes);

/* A copy of an image's bytes, from another process: 0, or -EBADMSG. */
int enforce_image_of(struct span bytes, struct enforce_image **out);

struct enforcer;

/* `pin_folder` is where BPF objects are pinned; a bpf file system is mounted for it where there is
 * none.  Takes nothing away and changes nothing else.  -EBUSY: what stands there needs libbpf, and
 * there is none. */
int enforcer_open(const char *pin_folder, struct enforcer **out);
/* The kernel goes on as it was told. */
void enforcer_free(struct enforcer *enforcer);
/* One line, or "": why the last call failed, in the words of the kernel or of the back end. */
const char *enforcer_error(const struct enforcer *enforcer);

/* For a moment in which somebody makes an image, and the enforcer has nothing to do: tidies up, and
 * looks at what stands, so that installing that image soon need not.  What is in force stays. */
void enforce_prepare(struct enforcer *enforcer);

/* Brings a piece into the kernel, where no packet meets it before the image is installed of which
 * it is one; it goes again when anything else is asked for, or another image.  What does not
 * succeed does no harm. */
void enforce_ahead(struct enforcer *enforcer, struct span piece);

/* Each back end changes from the old to the new as a whole, while packets pass: none is judged by
 * half of a policy.  Negative errno: the old one stands. */
int enforce_install(struct enforcer *enforcer, const struct enforce_image *image);

/* Waits for packets that the rules before the last install still judge, and takes away what is left of
 * those: some 10 ms, for when nobody waits.  The next call that needs it would do it first. */
void enforce_settle(struct enforcer *enforcer);

/* Takes all of weir's out of the kernel, counters included. */
int enforce_remove(struct enforcer *enforcer);

/* What passed unjudged is counted under names that no rule can have.  IGMP, MLD (types 130 to 132
 * and 143) and PIM are control, whatever their group; what else goes to a link-local group is that.
 * A router's forward hook drops both. */
#define ENFORCE_LINK_LOCAL ".link-local"
#define ENFORCE_CONTROL ".control"
/* Multicast frames with several VLAN tags of which nftables cannot tell what the rules ask: dropped
 * where the link fails closed. */
#define ENFORCE_TAGGED_TWICE ".tagged-twice"

/* One counter.  A packet that meets a hook and is multicast is in exactly one of them. */
struct enforce_count {
	const char *boundary, *rule, *link;	/* valid during the call */
	enum hook   hook;
	enum backend backend;
	bool	    refused;		/* what a `limit` rule refused; else what it let pass */
	bool	    gone;		/* no rule counts here any more: see enforce_forget */
	uint64_t    packets, bytes;
	int64_t	    last_ns;		/* since 1970; 0: unknown */
};

typedef void enforce_count_fn(void *ctx, const struct enforce_count *count);

/* Cumulative since the counter came to be; reloads and the daemon's death do not reset it. */
int enforce_counts(struct enforcer *enforcer, enforce_count_fn *each, void *ctx);

/* Who asked for data that goes in a direction, at a boundary whose rules ask for it (LANGUAGE S17):
 * each group with a source, or with ADDR_ANY for all.  Where it is not known that nobody asked for
 * anything else, no rule holds that asks for what nobody did. */
struct enforce_member {
	struct addr source, group;
};

struct enforce_asked {
	const char		    *boundary;
	enum direction		     direction;
	bool			     is_known;
	const struct enforce_member *list;
	size_t			     n;
};

/* Takes the place of all that was told of the boundary and the direction.  It stays with the rules:
 * over installs, and when whoever told it is gone. */
int enforce_tell_asked(struct enforcer *enforcer, const struct enforce_asked *asked);

/* What stands, bit by bit: each call says one member, or that all is known. */
typedef void enforce_asked_fn(void *ctx, const struct enforce_asked *asked);
int enforce_asked(struct enforcer *enforcer, enforce_asked_fn *each, void *ctx);

/* Counters of rules that are gone stand, so that none of their counts is lost, until this call:
 * to be made when what enforce_counts() said of them is stored. */
int enforce_forget(struct enforcer *enforcer);

#endif
