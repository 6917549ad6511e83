/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk's process, and its parent's side: a stream of samples, each behind its length, and one
 * reply to each.  Knows no packet and no table. */
#include "daemon/clerk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/privilege.h"
#include "os/sandbox.h"

#define SAMPLE_MAX (64u << 20)		/* the largest tables pack into half of it */
#define END_WAIT_MS 5000

struct reply {
	int32_t error;			/* negative errno */
	char	why[HISTORY_PROBLEM];
};

struct clerk {
	int			fd;
	pid_t			pid;		/* 0: it is gone */
	struct history_sampler *sampler;
	struct span		sample;		/* on its way; no bytes: none */
	uint8_t			head[4];	/* its length */
	size_t			sent, heard;	/* bytes of head and sample; of the reply */
	struct reply		reply;
	bool			was_told;	/* the trouble of `why` */
	char			why[HISTORY_PROBLEM];
};

/* --- the clerk --- */

/* False where the parent is gone. */
static bool receive(int fd, void *out, size_t n)
{
	uint8_t *p = out;

	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool answer(int fd, int error, const char *why)
{
	struct reply reply = { .error = error };

	snprintf(reply.why, sizeof(reply.why), "%s", why);
	return send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) == (ssize_t)sizeof(reply);
}

static bool take_one(int fd, struct history *history)
{
	struct span sample;
	uint8_t head[4], *bytes;
	bool good;

	if (!receive(fd, head, sizeof(head)))
		return false;
	sample.n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (sample.n > SAMPLE_MAX)
		return false;
	bytes = memory_array(sample.n + 1, 1);
	sample.p = bytes;
	good = receive(fd, bytes, sample.n);
	if (good && history_take(history, sample))
		good = answer(fd, 0, "");
	else if (good)
		good = answer(fd, -EIO, history_why(history));
	free(bytes);
	return good;
}

/* Keeps its socket and standard error alone. */
static int close_others(int fd)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0)
		return -errno;
	if (fd != STDERR_FILENO + 1) {
		if (dup2(fd, STDERR_FILENO + 1) < 0)
			return -errno;
		fd = STDERR_FILENO + 1;
	}
	close_range((unsigned)fd + 1, ~0u, 0);
	return fd;
}

/* What the terminal sends goes to all; the clerk lives until its parent is done. */
static void keep_books(int fd, const char *path, const struct history_options *options)
{
	char problem[HISTORY_PROBLEM] = "", whole[PATH_MAX];
	struct history *history = NULL;
	int error;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "weir-clerk", 0, 0, 0);
	fd = close_others(fd);
	if (fd < 0)
		return;
	error = privilege_become_owner(path);
	if (error == 0)
		error = history_open(path, options, problem, &history);
	if (error == 0)
		error = sandbox_clerk(realpath(path, whole) ? whole : path);
	if (error < 0 && !problem[0])
		snprintf(problem, sizeof(problem), "%s", strerror(-error));
	if (answer(fd, error, problem) && error == 0)
		while (take_one(fd, history))
			continue;
	if (history)
		history_close(history, NULL);
}

/* --- its parent --- */

/* It ends when it is done, whoever else has a copy of the socket; it is waited for where that is
 * now. */
static void stop_asking(struct clerk *c, bool may_wait)
{
	if (c->fd >= 0) {
		shutdown(c->fd, SHUT_RDWR);
		close(c->fd);
	}
	c->fd = -1;
	if (c->pid > 0)
		while (waitpid(c->pid, NULL, may_wait ? 0 : WNOHANG) < 0 && errno == EINTR)
			continue;
	c->pid = 0;
}

/* 0, or what the clerk says of the history. */
static int hear_beginning(struct clerk *c, char *problem)
{
	struct reply reply = { .error = -EPIPE };

	if (!receive(c->fd, &reply, sizeof(reply))) {
		reply.error = -EPIPE;
		snprintf(reply.why, sizeof(reply.why), "the process that writes it did not begin");
	}
	reply.why[sizeof(reply.why) - 1] = '\0';
	if (reply.error < 0)
		snprintf(problem, HISTORY_PROBLEM, "%s", reply.why);
	return reply.error;
}

int clerk_begin(const char *path, const struct history_options *options,
		const struct policy *policy, struct mtime from, char *problem, struct clerk **out)
{
	struct clerk *c;
	int ends[2], error;
	pid_t pid = -1;

	assert(options->mode == HISTORY_LIVE);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0)
		pid = fork();
	if (pid < 0) {
		snprintf(problem, HISTORY_PROBLEM, "%s", strerror(errno));
		return -errno;
	}
	if (pid == 0) {
		keep_books(ends[1], path, options);
		_exit(0);
	}
	close(ends[1]);
	c = memory_take(sizeof(*c));
	c->fd = ends[0];
	c->pid = pid;
	error = hear_beginning(c, problem);
	if (error < 0) {
		stop_asking(c, true);
		free(c);
		return error;
	}
	c->sampler = history_sampler_new(policy, from);
	*out = c;
	return 0;
}

struct history_sampler *clerk_sampler(struct clerk *c)
{
	return c->sampler;
}

bool clerk_is_in_trouble(const struct clerk *c)
{
	return c->why[0] != '\0';
}

int clerk_pid(const struct clerk *c)
{
	return c->pid;
}

bool clerk_is_free(const struct clerk *c)
{
	return c->sample.n == 0;
}

/* What became of the sample. */
static void settle(struct clerk *c, bool was_written, const char *why)
{
	history_sampler_empty(c->sampler, was_written);
	c->sample.n = 0;
	if (was_written) {
		c->was_told = false;
		c->why[0] = '\0';
	} else if (!c->was_told) {
		snprintf(c->why, sizeof(c->why), "%s", why);
	}
}

static void lose(struct clerk *c)
{
	settle(c, false, "the process that writes it is gone; what is new is not kept");
	stop_asking(c, false);
}

/* The next bytes of the length and the sample; false where the clerk takes no more now. */
static bool send_some(struct clerk *c)
{
	struct span rest = { c->head + c->sent, sizeof(c->head) - c->sent };
	ssize_t n;

	if (c->sent >= sizeof(c->head)) {
		size_t done = c->sent - sizeof(c->head);

		rest = (struct span){ c->sample.p + done, c->sample.n - done };
	}
	n = send(c->fd, rest.p, rest.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		lose(c);
	c->sent += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void hear_some(struct clerk *c)
{
	uint8_t *p = (uint8_t *)&c->reply;
	ssize_t n = recv(c->fd, p + c->heard, sizeof(c->reply) - c->heard, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		lose(c);
		return;
	}
	c->heard += n > 0 ? (size_t)n : 0;
	if (c->heard < sizeof(c->reply))
		return;
	c->reply.why[sizeof(c->reply.why) - 1] = '\0';
	settle(c, c->reply.error == 0, c->reply.why);
}

static bool has_more(const struct clerk *c)
{
	return c->sample.n > 0 && c->sent < sizeof(c->head) + c->sample.n;
}

bool clerk_turn(struct clerk *c)
{
	while (c->pid > 0 && has_more(c) && send_some(c))
		continue;
	if (c->pid > 0 && c->sample.n > 0 && !has_more(c))
		hear_some(c);
	return c->pid > 0 && has_more(c);
}

void clerk_sample(struct clerk *c, const struct report *report, struct mtime at)
{
	uint32_t n;

	assert(clerk_is_free(c));
	if (c->pid == 0)
		return;
	history_sampler_count(c->sampler, report, at);
	history_sampler_rows(c->sampler, report, at);
	c->sample = history_sampler_bytes(c->sampler);
	if (c->sample.n > SAMPLE_MAX) {
		settle(c, false, "a sample is too large");
		return;
	}
	n = (uint32_t)c->sample.n;
	memcpy(c->head,
	       (const uint8_t[]){ (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				  (uint8_t)n },
	       sizeof(c->head));
	c->sent = c->heard = 0;
	clerk_turn(c);
}

bool clerk_wait(struct clerk *c, unsigned timeout_ms)
{
	int64_t end = clock_steady().ns + (int64_t)timeout_ms * 1000000;

	while (c->pid > 0 && !clerk_is_free(c)) {
		bool more = clerk_turn(c);
		int64_t left = end - clock_steady().ns;
		struct pollfd fd = { .fd = c->fd, .events = (short)(more ? POLLOUT : POLLIN) };

		if (c->pid == 0 || clerk_is_free(c) || left <= 0)
			break;
		poll(&fd, 1, (int)(left / 1000000) + 1);
	}
	return clerk_is_free(c);
}

const char *clerk_problem(struct clerk *c)
{
	if (!c->why[0] || c->was_told)
		return NULL;
	c->was_told = true;
	return c->why;
}

void clerk_end(struct clerk *c)
{
	if (!c)
		return;
	stop_asking(c, clerk_wait(c, END_WAIT_MS));
	history_sampler_free(c->sampler);
	free(c);
}
