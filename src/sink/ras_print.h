/* SPDX-License-Identifier: BSD-2-Clause */
/* RAS servers on paper: the table and the lines of `weir ras list`, the layout of netsh, and JSON
 * (weir-ras/1).  Names from packets and from the resolver are escaped. */
#ifndef WEIR_SINK_RAS_PRINT_H
#define WEIR_SINK_RAS_PRINT_H

#include <stdio.h>

#include "base/json.h"
#include "engine/ras_site.h"

struct ras_print {
	const struct ras_host *const *hosts;	/* settled as of `now` */
	size_t			 count;
	uint64_t		 evicted;
	const struct ras_strays *strays;
	const struct ras_site	*site;
	bool			 has_list;
	struct mtime		 now;
	unsigned		 time_digits;
	const char *const	*links;		/* names by a host's `link`, escaped; NULL: not to be told */
	size_t			 link_count;
	/* The sender's name, "" where it is not known; NULL: not asked for. */
	const char		*(*name_of)(void *context, struct addr address);
	void			*context;
	int			 exit;
	/* of the text */
	unsigned		 columns, rows;	/* rows: of servers and of strays, 0: all */
	bool			 colour;
};

/* The servers, what is wrong, and other traffic on their group or port. */
void ras_print_table(const struct ras_print *print, FILE *out);
void ras_print_json(const struct ras_print *print, FILE *out);

/* One announcement, as it came. */
struct ras_line {
	struct mtime	at;
	struct addr	address;
	struct ras_name hostname, domain;
	uint64_t	flags, count;		/* count: how many the server has sent */
	uint16_t	vlan, link;
	uint8_t		ttl, hops;
	bool		has_ttl, moved, duplicate_name;
	enum ras_state	state;
	enum ras_authorisation authorised;
};

void ras_line_put_text(const struct ras_print *print, const struct ras_line *line,
		       struct text *out);
void ras_line_put_json(const struct ras_print *print, const struct ras_line *line,
		       struct text *out);
/* As `netsh ras show activeservers`; the head stands once, first. */
void ras_netsh_put_head(struct text *out);
void ras_line_put_netsh(const struct ras_print *print, const struct ras_line *line,
			struct text *out);

/* The members of one server's object, as in weir-audit/1. */
void ras_host_put(struct json *j, const struct ras_host *host, bool has_list, unsigned time_digits);

#endif
