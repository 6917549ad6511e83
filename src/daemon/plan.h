/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration, a policy and the interfaces of this moment come to: links under
 * boundaries, which back end serves each, and what to tell of it.  Asks the kernel nothing. */
#ifndef WEIR_DAEMON_PLAN_H
#define WEIR_DAEMON_PLAN_H

#include "base/arena.h"
#include "enforce/enforce.h"
#include "os/links.h"
#include "policy/conf.h"
#include "policy/load.h"

/* An interface of the configuration, in its order. */
struct plan_interface {
	const struct conf_interface *conf;
	const struct link	    *link;	/* NULL: it is not there now */
	size_t			     choice;	/* of its link; SIZE_MAX: none */
};

struct plan {
	const struct conf      *conf;
	const struct policy    *policy;
	const struct links     *all;		/* of this machine */
	struct plan_interface  *interfaces;
	size_t			interface_count;
	struct enforce_plan	plan;
	struct enforce_boundary *boundaries;
	struct enforce_link    *links;
	struct enforce_choice  *choices;
	size_t			link_count;
	int			error;		/* of choosing: -ENOTSUP */
	struct arena		arena;		/* boundaries as the kernel judges them */
};

/* The configuration, the policy and the links must outlive it.  `dry_run`: of all
 * interfaces. */
void plan_init(struct plan *plan, const struct conf *conf, const struct policy *policy,
	       const struct links *links, bool dry_run);
void plan_release(struct plan *plan);
/* Chooses back ends; the reason of a refusal is in the choice. */
int plan_choose(struct plan *plan, const struct enforce_support *support);

/* What the rules come to in the kernel beside their own words: sources that are refused
 * where they are asked for. */
void plan_notes(const struct plan *plan, struct enforce_notes *notes);

/* Why an interface is not enforced, or NULL: "not there", "off". */
const char *plan_absence(const struct plan_interface *interface);

/* --set for the policy: one "NAME={ ... }" a set of the configuration.  The caller frees the
 * texts and the list with plan_sets_free(). */
char **plan_sets(const struct conf *conf, const struct links *links);
void plan_sets_free(char **sets, size_t n);

#endif
