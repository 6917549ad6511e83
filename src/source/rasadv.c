/* SPDX-License-Identifier: BSD-2-Clause */
/* From datagrams to observations: what a capture tells by its headers the kernel tells beside the
 * datagram.  [MS-RASA] 2.1.  Knows no inventory. */
#include "source/rasadv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/multicast.h"
#include "wire/rasadv.h"

#define DATAGRAM_MAX 65536
#define UDP_HEADERS 28			/* of IPv4 and UDP */

struct rasadv_listener {
	int		    fd;
	struct rasadv_link *links;
	size_t		    n;
	uint8_t		    bytes[DATAGRAM_MAX];
};

static void join_link(struct rasadv_listener *l, struct rasadv_link *link)
{
	link->error = multicast_join(l->fd, link->index, rasadv_group());
	if (link->error == -EADDRINUSE)
		link->error = 0;
}

/* Takes over what the interface is now; true where that is news. */
static bool update_link(struct rasadv_listener *l, struct rasadv_link *link,
			const struct interface *now)
{
	unsigned index = now ? now->index : 0;
	bool is_new = index != link->index;
	bool is_up = now && now->is_up, changed = is_new || is_up != link->is_up;

	link->index = index;
	link->is_up = is_up;
	link->address = now ? now->address : ADDR_NONE;
	if (is_new && index)
		join_link(l, link);
	return changed;
}

const struct rasadv_link *rasadv_listener_changed(struct rasadv_listener *l)
{
	const struct rasadv_link *changed = NULL;
	struct interface *list = NULL;
	size_t n = 0;

	if (interfaces_read(&list, &n) < 0)
		return NULL;
	for (size_t i = 0; i < l->n && !changed; i++)
		if (update_link(l, &l->links[i], interface_named(list, n, l->links[i].name)))
			changed = &l->links[i];
	free(list);
	return changed;
}

int rasadv_listener_new(const char *const *names, size_t n, struct rasadv_listener **out)
{
	int fd = multicast_receiver(RASADV_PORT);
	struct rasadv_listener *l;

	if (fd < 0)
		return fd;
	l = memory_take(sizeof(*l));
	l->fd = fd;
	l->links = memory_array(n, sizeof(l->links[0]));
	l->n = n;
	for (size_t i = 0; i < n; i++)
		l->links[i].name = names[i];
	while (rasadv_listener_changed(l))
		;
	*out = l;
	return 0;
}

void rasadv_listener_free(struct rasadv_listener *l)
{
	if (!l)
		return;
	close(l->fd);
	free(l->links);
	free(l);
}

int rasadv_listener_fd(const struct rasadv_listener *l)
{
	return l->fd;
}

const struct rasadv_link *rasadv_listener_links(const struct rasadv_listener *l, size_t *out_n)
{
	*out_n = l->n;
	return l->links;
}

/* The number of the link that has this interface; false where none of them does. */
static bool find_link(const struct rasadv_listener *l, unsigned index, uint16_t *out)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->links[i].index == index) {
			*out = (uint16_t)i;
			return true;
		}
	return false;
}

static struct layers layers_of(const struct datagram *d, uint16_t link)
{
	struct layers at = { .template = observation_none(), .final = d->to, .cut = d->is_cut,
			     .is_inside = true, .was_multicast = true };

	at.template.at = d->at;
	at.template.speaker = d->from;
	at.template.receiver = d->to;
	at.template.ip_protocol = 17;
	at.template.sport = d->sport;
	at.template.dport = RASADV_PORT;
	at.template.has_ports = true;
	at.template.ttl = d->ttl;
	at.template.has_ttl = d->has_ttl;
	at.template.link = link;
	at.template.bytes = (uint32_t)d->n + UDP_HEADERS;
	if (d->is_cut)
		at.template.flags |= FLAG_BIT(CUT);
	return at;
}

bool rasadv_listener_next(struct rasadv_listener *l, struct said *out)
{
	struct datagram d;
	uint16_t link;

	while (multicast_receive(l->fd, l->bytes, sizeof(l->bytes), &d) > 0) {
		struct layers at;

		if (!addr_is_multicast(d.to) || !find_link(l, d.interface_index, &link))
			continue;
		at = layers_of(&d, link);
		said_reset(out);
		rasadv_decode(&at, (struct span){ l->bytes, d.n }, out);
		return true;
	}
	return false;
}
