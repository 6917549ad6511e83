/* SPDX-License-Identifier: BSD-2-Clause */
/* Several rings as one stream of packets.  Knows no privilege: whoever has it opens the sockets. */
#include "source/live.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/memory.h"
#include "source/capture.h"
#include "source/filter.h"
#include "source/ring.h"

struct live {
	struct live_interface interfaces[LIVE_INTERFACES_MAX];
	struct ring	     *rings[LIVE_INTERFACES_MAX];	/* NULL: not open */
	uint64_t	      frames[LIVE_INTERFACES_MAX];
	size_t		      n;
	struct filter	     *filter;				/* NULL: all pass */
	struct packet	      batch[LIVE_BATCH];
};

int live_new(const char *const *names, size_t n, const char *filter, char *problem,
	     struct live **out)
{
	const struct timeline_options options = { .filter = filter };
	struct live *l = memory_take(sizeof(*l));

	l->filter = filter_new(&options);
	if (l->filter && !filter_prepare(l->filter, LINKTYPE_ETHERNET, problem)) {
		live_free(l);
		return -EINVAL;
	}
	l->n = n < LIVE_INTERFACES_MAX ? n : LIVE_INTERFACES_MAX;
	for (size_t i = 0; i < l->n; i++)
		l->interfaces[i] = (struct live_interface){ .name = names[i],
							    .linktype = UINT32_MAX };
	*out = l;
	return 0;
}

static void count_drops(struct live *l, size_t i)
{
	if (l->rings[i])
		l->interfaces[i].dropped += packet_socket_drops(ring_fd(l->rings[i]));
}

void live_detach(struct live *l, size_t i)
{
	count_drops(l, i);
	ring_free(l->rings[i]);
	l->rings[i] = NULL;
	l->interfaces[i].index = 0;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		ring_free(l->rings[i]);
	filter_free(l->filter);
	free(l);
}

int live_attach(struct live *l, size_t i, const struct packet_socket *socket, char *problem)
{
	const uint16_t links[2] = { (uint16_t)(2 * i), (uint16_t)(2 * i + 1) };
	struct ring *ring;
	int error;

	live_detach(l, i);
	error = ring_new(socket, (uint16_t)i, links, &ring);
	if (error < 0)
		return error;
	if (l->filter && !filter_prepare(l->filter, ring_linktype(ring), problem)) {
		ring_free(ring);
		return -EINVAL;
	}
	l->rings[i] = ring;
	l->interfaces[i].index = socket->index;
	l->interfaces[i].linktype = ring_linktype(ring);
	return 0;
}

/* The ring whose next packet is the oldest; -1 where none has one. */
static int find_oldest(struct live *l)
{
	const struct packet *oldest = NULL;
	int found = -1;

	for (size_t i = 0; i < l->n; i++) {
		const struct packet *head = l->rings[i] ? ring_head(l->rings[i]) : NULL;

		if (!head || (oldest && head->at.ns >= oldest->at.ns))
			continue;
		oldest = head;
		found = (int)i;
	}
	return found;
}

/* One ring alone needs no comparing.  With several, a ring whose block is spent ends the batch:
 * its next block may hold what is older than the others' next. */
static size_t gather(struct live *l)
{
	size_t n = 0;
	int i;

	while (n < LIVE_BATCH && (i = find_oldest(l)) >= 0) {
		l->batch[n] = *ring_head(l->rings[i]);
		l->batch[n++].frame = ++l->frames[i];
		ring_take(l->rings[i]);
		if (l->n > 1 && ring_is_spent(l->rings[i]))
			break;
	}
	return n;
}

static void count(struct live *l, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct live_interface *interface = &l->interfaces[l->batch[k].file];

		interface->packets++;
		interface->bytes += l->batch[k].length;
	}
}

size_t live_next(struct live *l, const struct packet **out)
{
	size_t n;

	do {
		for (size_t i = 0; i < l->n; i++)
			if (l->rings[i])
				ring_give_back(l->rings[i]);
		n = gather(l);
		if (n == 0)
			return 0;
		if (l->filter)
			n = filter_packets(l->filter, l->batch, n);
	} while (n == 0);
	count(l, n);
	*out = l->batch;
	return n;
}

void live_wait(const struct live *l, const int *fds, size_t fd_count, int timeout_ms)
{
	struct pollfd list[LIVE_INTERFACES_MAX + LIVE_FDS_MAX];
	nfds_t n = 0;

	assert(fd_count <= LIVE_FDS_MAX);
	for (size_t i = 0; i < fd_count; i++)
		list[n++] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (size_t i = 0; i < l->n; i++)
		if (l->rings[i])
			list[n++] = (struct pollfd){ .fd = ring_fd(l->rings[i]), .events = POLLIN };
	if (poll(list, n, timeout_ms) <= 0)
		return;
	for (nfds_t k = fd_count; k < n; k++)
		if (list[k].revents & POLLERR)
			packet_socket_clear(list[k].fd);
}

const struct live_interface *live_interfaces(struct live *l, size_t *out_n)
{
	for (size_t i = 0; i < l->n; i++)
		count_drops(l, i);
	*out_n = l->n;
	return l->interfaces;
}
