/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets for the MSDP relay.  RFC 3618 11.  Knows no privilege: connections are asked for. */
#include "daemon/speaker.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/tcp_socket.h"

#define READ_BYTES 65536
#define TURNS 16		/* of the relay before sockets are looked at again */
#define WRITES 2		/* to a peer before others have their turn */

static void look_up(void *context, struct addr rp, struct rpf_route *out)
{
	struct speaker *s = context;

	*out = (struct rpf_route){ .found = false };
	if (s->options.route)
		s->options.route(s->options.context, rp, out);
}

int speaker_init(struct speaker *speaker, const struct speaker_options *options, struct loop *loop)
{
	*speaker = (struct speaker){ .options = *options, .loop = loop };
	speaker->lines = memory_array(RELAY_PEERS_MAX, sizeof(speaker->lines[0]));
	for (unsigned i = 0; i < RELAY_PEERS_MAX; i++)
		speaker->lines[i].fd = -1;
	speaker->relay = relay_new(&(struct relay_config){
		.peers = options->peers, .n = options->n, .seed = options->seed,
		.entries_max = options->entries_max,
		.originator = options->originator, .lookup = look_up,
		.context = speaker }, clock_steady());
	return 0;
}

/* Lines. */

static void drop_line(struct speaker *s, unsigned peer)
{
	struct speaker_line *line = &s->lines[peer];

	if (line->fd < 0)
		return;
	loop_drop(s->loop, line->fd);
	close(line->fd);
	*line = (struct speaker_line){ .fd = -1 };
}

void speaker_release(struct speaker *speaker)
{
	for (unsigned i = 0; i < speaker->options.n; i++)
		drop_line(speaker, i);
	relay_free(speaker->relay);
	free(speaker->lines);
	*speaker = (struct speaker){ 0 };
}

static unsigned peer_of(const struct speaker *s, int fd)
{
	for (unsigned i = 0; i < s->options.n; i++)
		if (s->lines[i].fd == fd)
			return i;
	return UINT_MAX;
}

static void lose(struct speaker *s, unsigned peer)
{
	drop_line(s, peer);
	relay_down(s->relay, peer, clock_steady());
}

static void stand(struct speaker *s, unsigned peer)
{
	s->lines[peer].is_up = true;
	s->lines[peer].wants_room = false;
	loop_wants_room(s->loop, s->lines[peer].fd, false);
	relay_up(s->relay, peer, clock_steady());
}

/* As much as the relay has room for: what it has none for waits in the socket, and TCP holds the
 * peer back. */
static void read_line(struct speaker *s, unsigned peer)
{
	static uint8_t buffer[READ_BYTES];
	size_t room = relay_room(s->relay, peer);
	ssize_t n;

	if (room == 0)
		return;
	n = recv(s->lines[peer].fd, buffer, room < sizeof(buffer) ? room : sizeof(buffer), 0);
	if (n > 0)
		relay_bytes(s->relay, peer, (struct span){ buffer, (size_t)n }, clock_steady());
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lose(s, peer);
}

/* True where it took what it was given and there is more: the others come first. */
static bool write_line(struct speaker *s, unsigned peer)
{
	struct speaker_line *line = &s->lines[peer];
	bool full = false;

	for (unsigned i = 0; i < WRITES && !full; i++) {
		struct span bytes = relay_output(s->relay, peer, clock_steady());
		ssize_t n;

		if (bytes.n == 0)
			break;
		n = send(line->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			lose(s, peer);
			return false;
		}
		full = n < (ssize_t)bytes.n;
		relay_sent(s->relay, peer, n > 0 ? (size_t)n : 0, clock_steady());
	}
	if (full != line->wants_room)
		loop_wants_room(s->loop, line->fd, full);
	line->wants_room = full;
	return !full && relay_tells_more(s->relay, peer);
}

static void hear_line(void *context, int fd)
{
	struct speaker *s = context;
	unsigned peer = peer_of(s, fd);

	if (peer == UINT_MAX)
		return;
	if (!s->lines[peer].is_up) {
		if (tcp_error(fd) < 0)
			lose(s, peer);
		else
			stand(s, peer);
		return;
	}
	if (s->lines[peer].wants_room)
		write_line(s, peer);
	if (s->lines[peer].fd == fd)
		read_line(s, peer);
}

static bool take_line(struct speaker *s, unsigned peer, int fd, bool is_up)
{
	drop_line(s, peer);
	if (loop_add(s->loop, fd, hear_line, s) < 0) {
		close(fd);
		return false;
	}
	s->lines[peer].fd = fd;
	if (is_up)
		stand(s, peer);
	else
		loop_wants_room(s->loop, fd, true);
	return true;
}

/* Connections that come in. */

static unsigned peer_between(const struct speaker *s, struct addr remote, struct addr local)
{
	for (unsigned i = 0; i < s->options.n; i++)
		if (s->options.rows[i] && addr_equal(s->options.peers[i].remote, remote) &&
		    addr_equal(s->options.peers[i].local, local))
			return i;
	return UINT_MAX;
}

/* Only a peer that may connect to us does: the lower address (RFC 3618 11), or in our place where
 * both try at once, the connection that stands already. */
static void admit(struct speaker *s, int fd, struct addr remote, struct addr local)
{
	unsigned peer = peer_between(s, remote, local);

	if (peer == UINT_MAX) {
		s->strangers++;
		close(fd);
		return;
	}
	if (relay_session(s->relay, peer)->active && s->lines[peer].is_up) {
		close(fd);
		return;
	}
	tcp_secure(fd, &(struct tcp_options){ .hops = s->options.rows[peer]->hops });
	take_line(s, peer, fd, true);
}

static void hear_listener(void *context, int listener)
{
	struct speaker *s = context;
	struct addr remote, local;
	int fd;

	while ((fd = tcp_accept(listener, &remote, &local)) >= 0)
		admit(s, fd, remote, local);
}

int speaker_listen(struct speaker *speaker, int listener)
{
	return loop_add(speaker->loop, listener, hear_listener, speaker);
}

void speaker_unlisten(struct speaker *speaker, int listener)
{
	loop_drop(speaker->loop, listener);
	close(listener);
}

/* What the relay wishes. */

static void connect_peer(struct speaker *s, unsigned peer)
{
	int fd = s->options.connect(s->options.context, peer);

	if (fd < 0 || !take_line(s, peer, fd, false))
		relay_down(s->relay, peer, clock_steady());
}

static void fulfil(struct speaker *s)
{
	struct relay_event event;
	struct relay_wish wish;

	while (relay_wish_next(s->relay, &wish)) {
		if (wish.kind == RELAY_CONNECT)
			connect_peer(s, wish.peer);
		else
			drop_line(s, wish.peer);
	}
	while (relay_event_next(s->relay, &event))
		s->options.tell(s->options.context, &event);
}

/* Input that found no room when it came is fetched now. */
static void read_waiting(struct speaker *s)
{
	for (unsigned i = 0; i < s->options.n; i++)
		if (s->lines[i].is_up)
			read_line(s, i);
}

static bool write_all(struct speaker *s)
{
	bool more = false;

	for (unsigned i = 0; i < s->options.n; i++)
		if (s->lines[i].is_up && !s->lines[i].wants_room)
			more |= write_line(s, i);
	return more;
}

int64_t speaker_turn(struct speaker *speaker)
{
	bool more = true;

	for (unsigned i = 0; i < TURNS && more; i++) {
		more = relay_turn(speaker->relay, clock_steady());
		fulfil(speaker);
		more |= write_all(speaker);
		if (more)
			read_waiting(speaker);
	}
	return more ? clock_steady().ns : relay_deadline(speaker->relay).ns;
}

/* What was wished and told of the old peers is done before the new ones are asked for anything. */
void speaker_reload(struct speaker *speaker, unsigned n)
{
	relay_reload(speaker->relay, speaker->options.peers, n, clock_steady());
	speaker->options.n = n > speaker->options.n ? n : speaker->options.n;
	fulfil(speaker);
}

void speaker_renew(struct speaker *speaker, unsigned peer, enum session_end why)
{
	relay_renew(speaker->relay, peer, why, clock_steady());
	fulfil(speaker);
}
