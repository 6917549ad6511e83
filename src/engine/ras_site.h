/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong about a RAS server, and about other traffic on its group or port: findings of
 * `weir ras list`, in words.  RFC 2365 6.1: 239.255.0.0/16 stays within a site.  Every name that a
 * packet brought is escaped. */
#ifndef WEIR_ENGINE_RAS_SITE_H
#define WEIR_ENGINE_RAS_SITE_H

#include "base/text.h"
#include "engine/ras.h"
#include "net/set.h"

/* Where the site ends, as far as anybody told. */
struct ras_site {
	const struct set *own;		/* its addresses; NULL: not told */
	bool		  has_hops;
	unsigned	  hops;		/* routers between any two of its hosts, at most */
};

enum ras_finding { RAS_STRANGER, RAS_FROM_OUTSIDE, RAS_LEAVES, RAS_FINDING_COUNT };

/* "ras", "ras-from-outside", "ras-leaves". */
const char *ras_finding_name(enum ras_finding kind);
/* True where it is to be said of a settled host. */
bool ras_finding_holds(enum ras_finding kind, const struct ras_site *site,
		       const struct ras_host *host);
/* One sentence: what, why it matters, and what it gives away. */
void ras_finding_put(enum ras_finding kind, const struct ras_site *site,
		     const struct ras_host *host, struct text *out);
/* "vpn1.example.com", escaped. */
void ras_name_put(const struct ras_name *hostname, const struct ras_name *domain, struct text *out);

/* 239.255.2.2 with another port, another group with port 9753, or what is no advertisement. */
#define RAS_STRAYS_MAX 256

struct ras_stray {
	struct addr  source, group;
	struct mtime first, last;
	uint64_t     count;
	uint64_t     flags;		/* FLAG_BIT(WRONG_PORT), FLAG_BIT(WRONG_GROUP) */
	uint16_t     port;
	uint8_t	     anomaly;		/* enum anomaly */
	bool	     is_advertisement;
};

struct ras_strays {
	struct ras_stray list[RAS_STRAYS_MAX];
	size_t		 n;
	uint64_t	 refused;	/* found no room */
};

/* Takes note where the observation is one; any other is passed over. */
void ras_strays_hear(struct ras_strays *strays, const struct observation *obs);

#endif
