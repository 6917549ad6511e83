/* SPDX-License-Identifier: BSD-2-Clause */
/* A child that asks getnameinfo(), one address after the other, and a table of what it answered.
 * The child knows nothing but its end of a socket pair, and ends when the other end is closed. */
#include "os/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define SLOTS (RESOLVER_ADDRESSES_MAX * 2)
#define NAME_MAX_BYTES 256

enum progress { PROGRESS_NONE, PROGRESS_ASKED, PROGRESS_ANSWERED };

/* What goes over the socket, one way without a name. */
struct answer {
	struct addr address;
	char	    name[NAME_MAX_BYTES];
};

struct slot {
	struct answer answer;
	enum progress progress;
};

struct resolver {
	int	     fd;
	pid_t	     child;
	struct slot *slots;
	size_t	     n;
};

static socklen_t sockaddr_of(struct addr a, struct sockaddr_storage *out)
{
	uint8_t bytes[16];
	struct wr w = wr_of(bytes, sizeof(bytes));

	memset(out, 0, sizeof(*out));
	addr_write(a, &w);
	if (a.family == FAMILY_IP6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

		memcpy(&in6.sin6_addr, bytes, 16);
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	} else {
		struct sockaddr_in in = { .sin_family = AF_INET };

		memcpy(&in.sin_addr, bytes, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
}

static _Noreturn void answer_all(int fd)
{
	struct sockaddr_storage address;
	struct answer answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);			/* the parent's to end it */
	while (recv(fd, &answer.address, sizeof(answer.address), 0) == sizeof(answer.address)) {
		socklen_t n = sockaddr_of(answer.address, &address);

		memset(answer.name, 0, sizeof(answer.name));
		if (getnameinfo((const struct sockaddr *)&address, n, answer.name,
				sizeof(answer.name) - 1, NULL, 0, NI_NAMEREQD) != 0)
			answer.name[0] = '\0';
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

int resolver_new(struct resolver **out)
{
	struct resolver *r;
	int ends[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		int error = errno;

		close(ends[0]);
		close(ends[1]);
		return -error;
	}
	if (child == 0) {
		close(ends[0]);
		answer_all(ends[1]);
	}
	close(ends[1]);
	r = memory_take(sizeof(*r));
	r->fd = ends[0];
	r->child = child;
	r->slots = memory_array(SLOTS, sizeof(r->slots[0]));
	*out = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	kill(r->child, SIGKILL);
	while (waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
		;
	free(r->slots);
	free(r);
}

int resolver_fd(const struct resolver *r)
{
	return r->fd;
}

/* The slot of the address, an empty one where it has none yet; NULL where there is no room. */
static struct slot *find_slot(struct resolver *r, struct addr address)
{
	size_t i = addr_hash(address) % SLOTS;

	while (r->slots[i].progress != PROGRESS_NONE) {
		if (addr_equal(r->slots[i].answer.address, address))
			return &r->slots[i];
		i = (i + 1) % SLOTS;
	}
	return r->n < RESOLVER_ADDRESSES_MAX ? &r->slots[i] : NULL;
}

bool resolver_read(struct resolver *r)
{
	struct answer answer;
	bool any = false;
	ssize_t n;

	while ((n = recv(r->fd, &answer, sizeof(answer), MSG_DONTWAIT)) == sizeof(answer)) {
		struct slot *slot = find_slot(r, answer.address);

		if (!slot || slot->progress != PROGRESS_ASKED)
			continue;
		slot->answer = answer;
		slot->progress = PROGRESS_ANSWERED;
		any = true;
	}
	if (n == 0) {					/* the child is gone: no more answers */
		close(r->fd);
		r->fd = -1;
	}
	return any;
}

/* Where the socket is full it is asked again the next time. */
static void ask(struct resolver *r, struct slot *slot, struct addr address)
{
	if (send(r->fd, &address, sizeof(address), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	slot->answer.address = address;
	slot->progress = PROGRESS_ASKED;
	r->n++;
}

const char *resolver_name(struct resolver *r, struct addr address)
{
	struct slot *slot = find_slot(r, address);

	if (!slot)
		return "";
	if (slot->progress == PROGRESS_NONE)
		ask(r, slot, address);
	return slot->progress == PROGRESS_ANSWERED ? slot->answer.name : "";
}

bool resolver_waits(struct resolver *r, struct addr address)
{
	struct slot *slot = find_slot(r, address);

	return r->fd >= 0 && slot && slot->progress != PROGRESS_ANSWERED;
}
