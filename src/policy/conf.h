/* SPDX-License-Identifier: BSD-2-Clause */
/* weir.conf: where a policy is enforced, what is watched, and where the daemon keeps its things.
 * Written like a policy (the same words, texts, sets and comments) and complained about like one:
 * every mistake in one run, with its place.  Knows no interface of this machine, and opens no
 * file.  weir.conf(5). */
#ifndef WEIR_POLICY_CONF_H
#define WEIR_POLICY_CONF_H

#include "base/text.h"
#include "model/diag.h"
#include "policy/policy.h"
#include "policy/syntax.h"

#define CONF_INTERFACES_MAX 64
#define CONF_PEERS_MAX 128
#define CONF_SOURCES_MAX 1024
#define CONF_TRANSIT "msdp-transit"	/* the boundary of `role transit` */
#define CONF_STATE "/var/lib/weir"
#define CONF_CONTROL "/run/weir/control.sock"

/* In the order of conf_backend_name(). */
enum conf_backend { CONF_AUTO, CONF_XDP, CONF_TC, CONF_NFTABLES, CONF_OFF, CONF_BACKEND_COUNT };
const char *conf_backend_name(enum conf_backend backend);

/* A name, a file or a word, and where it was written. */
struct conf_name {
	const char *name;		/* NULL where it was not written */
	struct spot spot;
};

struct conf_interface {
	struct conf_name  name, boundary;
	enum conf_backend backend;
	struct spot	  backend_spot;
	bool		  is_inside;
	bool		  fails_open;		/* `fail open`; else closed */
	bool		  is_silent;		/* `registers silent`; else stop */
	bool		  is_dry_run;
};

/* A part of a `set`: addresses as written, or the subnets of an interface. */
struct conf_term {
	const struct expr *expr;	/* NULL: the subnets of `interface` */
	const char	  *interface;
};

struct conf_set {
	struct conf_name	name;
	const struct conf_term *terms;
	size_t			n;
};

/* An MSDP peer, as its block in `msdp` says.  What was not written is 0, NULL or ADDR_NONE. */
struct conf_peer {
	struct addr	 remote, local;
	struct spot	 spot;
	struct conf_name boundary;
	const char	*mesh;			/* its mesh group */
	const char	*text;			/* description */
	const char	*password;		/* TCP-MD5 (RFC 2385) */
	const char	*password_file;
	uint32_t	 as;
	uint32_t	 hold_s, keepalive_s, retry_s;
	uint32_t	 entries_max;		/* of it in the cache; 0: any */
	uint32_t	 hops;			/* TTL security (RFC 5082): so many at most */
	struct set	 rps;			/* of `static-rpf`; empty: all */
	bool		 is_inside, is_static, is_transit;
	bool		 strips_data, listens;
};

/* A source that this machine announces itself. */
struct conf_source {
	struct addr source, group;
};

struct conf_msdp {
	bool		       is_there;
	struct spot	       spot;
	const struct conf_peer *peers;
	size_t		       peer_count;
	struct addr	       originator;
	const struct conf_source *sources;
	size_t		       source_count;
	uint32_t	       entries_max;	/* 0: the usual */
	bool		       listens;		/* a collector: nobody is told anything */
	bool		       is_transparent;	/* between two peers that keep each other's address */
};

struct conf_names {
	const struct conf_name *list;
	size_t			n;
};

/* Relative file names are taken from the configuration's folder already. */
struct conf {
	const char		    *file;	/* as the user named it */
	struct conf_name	     policy;
	bool			     is_profile;	/* `policy` names a built-in */
	const struct conf_set	    *sets;
	size_t			     set_count;
	const struct conf_interface *interfaces;
	size_t			     interface_count;
	struct conf_names	     watch, authorised;
	struct conf_msdp	     msdp;
	struct conf_name	     history, notify, state, control;
	uint64_t		     keep_s, bytes_max;	/* of the history; 0: the usual */
};

/* NULL where the text has mistakes: all of them are in diags.  The caller frees it. */
struct conf *conf_parse(const char *file, const char *text, size_t n, struct diags *diags);
void conf_free(struct conf *conf);
/* The control socket that a configuration names, appended, also where it has mistakes: whoever asks
 * the daemon to read it is told of them by the daemon.  False where it names none. */
bool conf_control(const char *file, const char *text, size_t n, struct text *out);

/* What only the policy knows: the boundaries that interfaces name.  False, and complaints. */
bool conf_check(const struct conf *conf, const struct policy *policy, struct diags *diags);

/* The boundary between this peer and the others; NULL: all of it may cross. */
const char *conf_peer_boundary(const struct conf_peer *peer);
/* True where an interface lies on this boundary, or an MSDP peer outside or inside of it. */
bool conf_uses_boundary(const struct conf *conf, const char *boundary);

/* The subnets of an interface, appended as "10.0.0.0/8, 2001:db8::/32"; nothing where it has none. */
typedef void conf_subnets(void *context, const char *interface, struct text *out);
/* "own={ 10.0.0.0/8, ... }", as --set takes it; appended. */
void conf_set_text(const struct conf_set *set, conf_subnets *subnets, void *context,
		   struct text *out);
/* True where the addresses of interfaces decide what a set holds. */
bool conf_follows_addresses(const struct conf *conf);

#endif
