/* SPDX-License-Identifier: BSD-2-Clause */
/* weir run --check: the MSDP relay as it would stand, and what is odd about it.  Opens no socket. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cmd/run.h"
#include "os/file.h"

#define KEY_BYTES_MAX 4096

static const char *way_of(const struct conf_msdp *msdp)
{
	return msdp->is_transparent ? "transparent" : msdp->listens ? "listen-only" : "speaker";
}

static const char *role_of(const struct conf_peer *peer)
{
	return addr_order(peer->local, peer->remote) < 0 ? "connects" : "listens";
}

static bool has_key(const struct conf_peer *peer)
{
	return peer->password || peer->password_file;
}

/* RFC 3618 10.1.3, in a word. */
static const char *belief_in(const struct conf_msdp *msdp, const struct conf_peer *peer)
{
	return msdp->is_transparent ? "any"
	       : peer->mesh	    ? "mesh"
	       : !peer->is_static   ? "routes"
	       : peer->rps.n > 0    ? "static, some"
				    : "static";
}

/* Why its password cannot be used; false where it can. */
static bool lacks_key(const struct conf_peer *peer, struct text *out)
{
	struct text key = { 0 };
	size_t n;
	int error;

	if (!peer->password_file)
		return false;
	error = file_read(peer->password_file, KEY_BYTES_MAX, &key);
	n = error == 0 ? strcspn(text_string(&key), "\r\n") : 1;
	if (error < 0)
		text_printf(out, "the password file %s cannot be read: %s", peer->password_file,
			    strerror(-error));
	else if (n == 0 || n > 80)
		text_printf(out, "the first line of %s is no password of 1 to 80 bytes",
			    peer->password_file);
	if (key.p)
		explicit_bzero(key.p, key.n);
	text_release(&key);
	return out->n > 0;
}

struct notes {
	struct text list[3];
	size_t	    n;
	bool	    is_bad;		/* the daemon would not begin */
};

static void note(struct notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct notes *notes, const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	text_put(&notes->list[notes->n++], line);
}

static struct notes notes_of(const struct conf_msdp *msdp, const struct conf_peer *peer,
			     const struct links *links)
{
	struct notes notes = { .n = 0 };
	char local[ADDR_TEXT];

	if (lacks_key(peer, &notes.list[0])) {
		notes.n = 1;
		notes.is_bad = true;
	}
	if (!msdp->is_transparent && !links_have(links, peer->local))
		note(&notes, "%s is no address of this machine yet", addr_text(peer->local, local));
	if (msdp->is_transparent && links_have(links, peer->local))
		note(&notes, "%s is an address of this machine: a transparent relay stands between others",
		     addr_text(peer->local, local));
	return notes;
}

static bool has_boundary(const struct conf_msdp *msdp)
{
	for (size_t i = 0; i < msdp->peer_count; i++)
		if (conf_peer_boundary(&msdp->peers[i]))
			return true;
	return false;
}

static void tell_peer(const struct conf_msdp *msdp, const struct conf_peer *peer,
		      const struct links *links, bool *io_bad, FILE *out)
{
	struct notes notes = notes_of(msdp, peer, links);
	char remote[ADDR_TEXT], local[ADDR_TEXT];
	const char *boundary = conf_peer_boundary(peer);

	fprintf(out, "  %-15s %-8s %-15s %-8s %-16s %-12s %s\n", addr_text(peer->remote, remote),
		role_of(peer), addr_text(peer->local, local),
		!boundary ? "-" : peer->is_inside ? "inside" : "outside", boundary ? boundary : "-",
		belief_in(msdp, peer), has_key(peer) ? "password" : "no password");
	for (size_t i = 0; i < notes.n; i++) {
		fprintf(out, "    %s\n", text_string(&notes.list[i]));
		text_release(&notes.list[i]);
	}
	*io_bad |= notes.is_bad;
}

bool run_check_msdp(const struct conf_msdp *msdp, const struct links *links, FILE *out)
{
	bool bad = false;

	if (!msdp->is_there)
		return true;
	fprintf(out, "\nMSDP, %s\n", msdp->is_transparent
		? "transparent between the two peers"
		: msdp->listens ? "listening only: nobody is told anything" : "as a speaker");
	fprintf(out, "  %-15s %-8s %-15s %-8s %-16s %-12s %s\n", "PEER", "WEIR", "AT", "SIDE", "BOUNDARY",
		"BELIEVED BY", "MD5");
	for (size_t i = 0; i < msdp->peer_count; i++)
		tell_peer(msdp, &msdp->peers[i], links, &bad, out);
	if (!has_boundary(msdp))
		fputs("  No peer has a boundary: all that they say passes, unfiltered.\n", out);
	return !bad;
}

static void put_peer(struct json *j, const struct conf_msdp *msdp, const struct conf_peer *peer,
		     const struct links *links, bool *io_bad)
{
	struct notes notes = notes_of(msdp, peer, links);
	const char *boundary = conf_peer_boundary(peer);
	char address[ADDR_TEXT];

	json_open(j, NULL);
	json_string(j, "peer", addr_text(peer->remote, address));
	json_string(j, "local", addr_text(peer->local, address));
	json_string(j, "role", role_of(peer));
	if (boundary) {
		json_string(j, "boundary", boundary);
		json_string(j, "side", peer->is_inside ? "inside" : "outside");
	}
	json_string(j, "believed_by", belief_in(msdp, peer));
	json_bool(j, "password", has_key(peer));
	json_open_array(j, "notes");
	for (size_t i = 0; i < notes.n; i++) {
		json_bytes(j, NULL, span_of(text_string(&notes.list[i])));
		text_release(&notes.list[i]);
	}
	json_close_array(j);
	json_close(j);
	*io_bad |= notes.is_bad;
}

bool run_check_msdp_json(const struct conf_msdp *msdp, const struct links *links, struct json *j)
{
	bool bad = false;

	if (!msdp->is_there)
		return true;
	json_open(j, "msdp");
	json_string(j, "way", way_of(msdp));
	json_bool(j, "filters", has_boundary(msdp));
	json_open_array(j, "peers");
	for (size_t i = 0; i < msdp->peer_count; i++)
		put_peer(j, msdp, &msdp->peers[i], links, &bad);
	json_close_array(j);
	json_close(j);
	return !bad;
}
