/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of `weir watch`: named, opened by the keeper, joined to groups, and followed as
 * they come and go.  Knows no packet. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/watch.h"
#include "os/clock.h"
#include "os/membership.h"
#include "os/netlink.h"

#define NEWS_MAX 64

/* --- operands --- */

static bool parse_link(struct watching *w, const char *word)
{
	const char *mark = strrchr(word, '=');
	size_t n = mark ? (size_t)(mark - word) : strlen(word);
	struct watched *link = &w->links[w->link_count];

	if (mark && strcmp(mark, "=inside") == 0)
		link->side = SIDE_INSIDE;
	else if (mark && strcmp(mark, "=outside") == 0)
		link->side = SIDE_OUTSIDE;
	if (n == 0 || n >= INTERFACE_NAME || (mark && link->side == SIDE_UNMARKED)) {
		complain(w->io, "'%s' is no interface: eth0, eth0=inside or eth0=outside", word);
		return false;
	}
	if (w->link_count == LIVE_INTERFACES_MAX) {
		complain(w->io, "at most %d interfaces", LIVE_INTERFACES_MAX);
		return false;
	}
	link->name = arena_text(&w->judging.side.arena, word, n);
	for (size_t i = 0; i < w->link_count; i++)
		if (strcmp(w->links[i].name, link->name) == 0) {
			complain(w->io, "interface %s is named twice", link->name);
			return false;
		}
	w->names[w->link_count++] = link->name;
	return true;
}

static bool parse_join(struct watching *w, const char *word)
{
	struct join *join = &w->joins[w->join_count];
	const char *comma = strchr(word, ',');
	size_t n = comma ? (size_t)(comma - word) : strlen(word);

	*join = (struct join){ .source = ADDR_NONE };
	if (w->join_count == JOINS_MAX) {
		complain(w->io, "at most %d groups to join", JOINS_MAX);
		return false;
	}
	if (!addr_parse(word, n, &join->group) || !addr_is_multicast(join->group) ||
	    (comma && (!addr_parse(comma + 1, strlen(comma + 1), &join->source) ||
		       join->source.family != join->group.family ||
		       addr_is_multicast(join->source)))) {
		complain(w->io, "--join: '%s' is no GROUP or GROUP,SOURCE of one address family", word);
		return false;
	}
	w->join_count++;
	return true;
}

/* --inside link:NAME means NAME=inside. */
static bool mark_inside(struct watching *w, const char *name)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (strcmp(w->links[i].name, name) == 0) {
			w->links[i].side = SIDE_INSIDE;
			return true;
		}
	complain(w->io, "--inside: link:%s is not watched", name);
	return false;
}

bool watch_parse_links(struct watching *w)
{
	const struct texts *inside = &w->judging.side.links;
	bool good = true;

	for (size_t i = 0; i < w->options->interfaces.n && good; i++)
		good = parse_link(w, w->options->interfaces.list[i]);
	for (size_t i = 0; i < inside->n && good; i++)
		good = mark_inside(w, inside->list[i]);
	for (size_t i = 0; i < w->options->joins.n && good; i++)
		good = parse_join(w, w->options->joins.list[i]);
	return good;
}

/* What comes in on an inside link goes out of the site, and so does what this machine sends over an
 * outside link.  Where any link has a mark, those without are of the other side. */
void watch_place_links(struct watching *w)
{
	struct inside *inside = &w->judging.side.inside;
	enum side_of others = SIDE_UNMARKED;

	for (size_t i = 0; i < w->link_count; i++)
		if (w->links[i].side == SIDE_INSIDE)
			others = SIDE_OUTSIDE;
		else if (w->links[i].side == SIDE_OUTSIDE && others == SIDE_UNMARKED)
			others = SIDE_INSIDE;
	for (size_t i = 0; i < w->link_count && others != SIDE_UNMARKED; i++) {
		enum side_of side = w->links[i].side == SIDE_UNMARKED ? others : w->links[i].side;

		inside->links[inside->link_count++] = (uint16_t)(2 * i + (side == SIDE_OUTSIDE));
	}
}

/* --- membership --- */

static bool open_memberships(struct watching *w)
{
	for (size_t k = 0; k < w->join_count; k++)
		for (size_t i = 0; i < w->link_count; i++) {
			int fd = membership_open(w->joins[k].group);

			w->joins[k].fds[i] = fd < 0 ? 0 : fd;
			if (fd < 0) {
				complain(w->io, "cannot open a socket: %s", strerror(-fd));
				return false;
			}
		}
	return true;
}

static bool join_groups(struct watching *w, size_t i, unsigned index)
{
	char group[ADDR_TEXT];

	for (size_t k = 0; k < w->join_count; k++) {
		struct join *join = &w->joins[k];
		int error = membership_join(join->fds[i], index, join->group, join->source);

		if (error < 0) {
			complain(w->io, "cannot join %s on %s: %s", addr_text(join->group, group),
				 w->links[i].name, strerror(-error));
			return false;
		}
		join->joined[i] = index;
	}
	return true;
}

void watch_leave(struct watching *w)
{
	for (size_t k = 0; k < w->join_count; k++) {
		struct join *join = &w->joins[k];

		for (size_t i = 0; i < w->link_count; i++) {
			if (join->joined[i] > 0)
				membership_leave(join->fds[i], join->joined[i], join->group,
						 join->source);
			if (join->fds[i] > 0)
				close(join->fds[i]);
		}
	}
}

/* --- opening --- */

static int open_link(struct watching *w, size_t i, unsigned *out_index)
{
	struct packet_socket socket;
	char problem[160] = "";
	int error = keeper_open(&w->keeper, w->links[i].name, &socket);

	if (error < 0)
		return error;
	*out_index = socket.index;
	error = live_attach(w->live, i, &socket, problem);
	if (problem[0])
		complain(w->io, "%s: %s", w->links[i].name, problem);
	return error;
}

static void complain_of_link(struct watching *w, const char *name, int error)
{
	if (error == -EPERM)
		complain(w->io, "watching %s needs the capability CAP_NET_RAW: run weir with sudo, or "
				"grant it once: sudo setcap cap_net_raw+ep $(command -v weir)", name);
	else if (error == -EPROTONOSUPPORT)
		complain(w->io, "cannot watch %s: weir does not read its kind of frames", name);
	else if (error == -EPIPE)
		complain(w->io, "cannot watch %s: the process that opens interfaces has ended", name);
	else
		complain(w->io, "cannot watch %s: %s", name, strerror(-error));
}

static void tell(struct watching *w, const char *name, const char *what)
{
	if (w->is_line_mode)
		event_print_interface(&w->print, name, what, clock_now());
	else if (!w->options->common.quiet)
		complain(w->io, "%s %s", name, what);
}

static bool begin_link(struct watching *w, size_t i)
{
	unsigned index;
	int error = open_link(w, i, &index);

	if (error == 0)
		return join_groups(w, i, index);
	if (error != -ENODEV) {
		complain_of_link(w, w->links[i].name, error);
		return false;
	}
	w->links[i].state = LINK_GONE;
	tell(w, w->links[i].name, "is not there yet; watching it when it comes");
	return true;
}

bool watch_open_links(struct watching *w)
{
	bool good = open_memberships(w);

	for (size_t i = 0; i < w->link_count && good; i++)
		good = begin_link(w, i);
	return good;
}

/* --- following --- */

static void open_again(struct watching *w, size_t i)
{
	struct watched *link = &w->links[i];
	unsigned index;
	int error = open_link(w, i, &index);

	if (error == -ENODEV)
		return;
	if (error < 0) {
		complain_of_link(w, link->name, error);
		return;
	}
	tell(w, link->name, link->state == LINK_GONE ? "is there, watching it" : "is another one now");
	link->state = LINK_UNKNOWN;
	link->gone_ticks = 0;
	join_groups(w, i, index);
}

static void lose_link(struct watching *w, size_t i, const char *what)
{
	tell(w, w->links[i].name, what);
	w->links[i].state = LINK_GONE;
	w->links[i].gone_ticks = 0;
	for (size_t k = 0; k < w->join_count; k++)
		w->joins[k].joined[i] = 0;
}

static void note_state(struct watching *w, size_t i, bool is_up)
{
	struct watched *link = &w->links[i];
	enum link_state state = is_up ? LINK_UP : LINK_DOWN;

	if (link->state == state)
		return;
	if (link->state != LINK_UNKNOWN || !is_up)
		tell(w, link->name, is_up ? "is up" : "is down");
	link->state = state;
}

static void follow(struct watching *w, size_t i, const struct interface_news *news, unsigned index)
{
	struct watched *link = &w->links[i];
	bool is_named = strcmp(news->name, link->name) == 0;

	if (link->state != LINK_GONE && news->index == index && (news->is_gone || !is_named)) {
		lose_link(w, i, news->is_gone ? "is gone" : "has another name now");
		return;
	}
	if (!is_named || news->is_gone)
		return;
	if (link->state == LINK_GONE || news->index != index)
		open_again(w, i);
	if (link->state != LINK_GONE)
		note_state(w, i, news->is_up);
}

void watch_follow_links(struct watching *w)
{
	struct interface_news news[NEWS_MAX];
	const struct live_interface *interfaces;
	bool lost;
	size_t n = netlink_read(w->netlink, news, NEWS_MAX, &lost), all;

	for (size_t k = 0; k < n; k++) {
		interfaces = live_interfaces(w->live, &all);
		for (size_t i = 0; i < w->link_count; i++)
			follow(w, i, &news[k], interfaces[i].index);
	}
	for (size_t i = 0; i < w->link_count && lost; i++)
		if (w->links[i].state == LINK_GONE)
			open_again(w, i);
}

/* The last packets of what is gone are read before it is let go. */
void watch_tick_links(struct watching *w)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (w->links[i].state == LINK_GONE && ++w->links[i].gone_ticks == 2)
			live_detach(w->live, i);
}
