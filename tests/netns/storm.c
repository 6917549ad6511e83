/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP peers for storms, over real sockets.  `flood` says many Source-Actives; `watch` is two peers,
 * of which one says a new (S,G) every 10 ms and the other waits for it, and counts whatever else it is
 * told.  Prints one "name value" a line.  Encodes and decodes by itself, to share no mistake. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 639
#define TLV 20				/* one entry */
#define PIECE 3000			/* TLVs that are made at a time */
#define BEAT_NS INT64_C(10000000)
#define SEEN (1u << 22)
#define BEATS 1000000u			/* at most, of one run */
#define KEEPALIVE_NS INT64_C(20000000000)

static int64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static uint32_t address(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1) {
		fprintf(stderr, "not an address: %s\n", text);
		exit(2);
	}
	return ntohl(a.s_addr);
}

static int session(const char *local, const char *remote)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address(local)) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT),
				  .sin_addr.s_addr = htonl(address(remote)) };
	int one = 1, fd = -1;

	for (unsigned i = 0; i < 50; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
		    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			return fd;
		}
		close(fd);
		usleep(100000);
	}
	fprintf(stderr, "cannot connect %s to %s: %s\n", local, remote, strerror(errno));
	exit(1);
}

static void put_be32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return ntohl(value);
}

/* RFC 3618 12.2.1 */
static void put_sa(uint8_t *at, uint32_t rp, uint32_t source, uint32_t group)
{
	static const uint8_t head[4] = { 1, 0, TLV, 1 }, entry[4] = { 0, 0, 0, 32 };

	memcpy(at, head, sizeof(head));
	put_be32(at + 4, rp);
	memcpy(at + 8, entry, sizeof(entry));
	put_be32(at + 12, group);
	put_be32(at + 16, source);
}

/* Every number has another: what follows looks like chance, and nothing comes twice. */
static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	return x ^ x >> 16;
}

/* Reads and forgets; false where the session is gone. */
static bool swallow(int fd)
{
	static uint8_t buffer[65536];
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		;
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* --- flood --- */

struct flood {
	const char *kind;
	uint32_t    rp, base, n, at;
	uint8_t	    bytes[PIECE * TLV];
	size_t	    from, end;
	uint64_t    sent;
	int64_t	    period_ns, again_ns;
};

static void put_entry(const struct flood *f, uint8_t *out, uint32_t i)
{
	uint32_t h = mix(i ^ f->base);

	if (strcmp(f->kind, "source") == 0)		/* one source, many groups */
		put_sa(out, f->rp, f->base, 0xe9000000 + i);
	else if (strcmp(f->kind, "worm") == 0)		/* fifty that were infected */
		put_sa(out, f->rp, f->base + i % 50, 0xe9000000 | (h & 0xfffff));
	else
		put_sa(out, f->rp, f->base + (h & 0xffffff), 0xe9fc0000 | h >> 24);
}

static void fill(struct flood *f)
{
	f->from = f->end = 0;
	while (f->at < f->n && f->end < sizeof(f->bytes)) {
		put_entry(f, f->bytes + f->end, f->at++);
		f->end += TLV;
	}
	if (f->end == 0 && now_ns() >= f->again_ns) {
		f->again_ns = now_ns() + f->period_ns;	/* RFC 3618 5.1: all of it again */
		f->at = 0;
	}
}

static bool pour(struct flood *f, int fd)
{
	ssize_t n;

	if (f->from == f->end)
		fill(f);
	if (f->from == f->end)
		return true;
	n = send(fd, f->bytes + f->from, f->end - f->from, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	f->from += (size_t)n;
	f->sent += (size_t)n;
	return true;
}

static bool keep_alive(struct flood *f, int fd, int64_t *at)
{
	static const uint8_t keepalive[3] = { 4, 0, 3 };

	if (now_ns() < *at || f->from != f->end)
		return true;
	*at = now_ns() + KEEPALIVE_NS;
	return send(fd, keepalive, sizeof(keepalive), MSG_NOSIGNAL) == sizeof(keepalive);
}

/* flood KIND LOCAL REMOTE RP BASE N PERIOD_S SECONDS */
static int flood(char **args)
{
	static struct flood f;
	int fd = session(args[1], args[2]);
	int64_t begun = now_ns(), end = begun + atoll(args[7]) * 1000000000, beat = 0, first = 0;
	bool is_up = true;

	f = (struct flood){ .kind = args[0], .rp = address(args[3]), .base = address(args[4]),
			    .n = (uint32_t)atoll(args[5]), .period_ns = atoll(args[6]) * 1000000000 };
	f.again_ns = begun + f.period_ns;
	while (is_up && now_ns() < end) {
		struct pollfd p = { fd, POLLIN, 0 };
		bool is_idle = f.from == f.end && f.at == f.n;

		if (is_idle && first == 0)
			first = now_ns();
		p.events = (short)(is_idle ? POLLIN : POLLIN | POLLOUT);
		poll(&p, 1, 100);
		is_up = swallow(fd) && pour(&f, fd) && keep_alive(&f, fd, &beat);
	}
	printf("sent %llu\nlost %d\nfirst_s %.3f\n", (unsigned long long)(f.sent / TLV), !is_up,
	       first ? (double)(first - begun) / 1e9 : -1.0);
	return 0;
}

/* --- watch --- */

struct watch {
	int	 source, sink;
	uint32_t rp;			/* of the good sources */
	int64_t	 *told, *heard;		/* by number of the beat */
	uint32_t said, came;
	uint64_t others[256], repeated;	/* others: by the last byte of the RP */
	uint64_t *seen;			/* others' entries */
	uint8_t	 buffer[1 << 17];
	size_t	 n;
	int64_t	 next;
	uint32_t base;
};

/* What is told of others: once each.  False where the table is full. */
static bool note_other(struct watch *w, uint32_t rp, uint32_t source, uint32_t group)
{
	uint64_t key = (uint64_t)source << 32 | group;
	uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 40;

	for (uint32_t i = 0; i < SEEN; i++) {
		uint64_t *place = &w->seen[(at + i) % SEEN];

		if (*place == key) {
			w->repeated++;
			return true;
		}
		if (*place == 0) {
			*place = key;
			w->others[rp & 0xff]++;
			return true;
		}
	}
	return false;
}

static void note(struct watch *w, uint32_t rp, uint32_t source, uint32_t group, int64_t at)
{
	uint32_t i = source - w->base;

	if (rp != w->rp || group != 0xe9fb0001) {
		note_other(w, rp, source, group);
		return;
	}
	if (i >= w->said || w->heard[i])
		return;
	w->heard[i] = at;
	w->came++;
}

/* True where a whole TLV stood there, which is gone now. */
static bool read_tlv(struct watch *w, size_t *from, int64_t at)
{
	const uint8_t *p = w->buffer + *from;
	size_t left = w->n - *from, n;

	if (left < 3 || left < (n = (size_t)(p[1] << 8 | p[2])) || n < 3)
		return false;
	if (p[0] == 1)
		for (unsigned i = 0; i < p[3] && 8 + 12 * (size_t)(i + 1) <= n; i++)
			note(w, be32(p + 4), be32(p + 8 + 12 * i + 8), be32(p + 8 + 12 * i + 4), at);
	*from += n;
	return true;
}

static bool hear(struct watch *w)
{
	ssize_t n;

	while ((n = recv(w->sink, w->buffer + w->n, sizeof(w->buffer) - w->n, 0)) > 0) {
		int64_t at = now_ns();
		size_t from = 0;

		w->n += (size_t)n;
		while (read_tlv(w, &from, at))
			;
		memmove(w->buffer, w->buffer + from, w->n - from);
		w->n -= from;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool beat(struct watch *w)
{
	uint8_t bytes[TLV];

	if (now_ns() < w->next || w->said == BEATS)
		return true;
	w->next += BEAT_NS;
	put_sa(bytes, w->rp, w->base + w->said, 0xe9fb0001);
	w->told[w->said++] = now_ns();
	return send(w->source, bytes, sizeof(bytes), MSG_NOSIGNAL) == sizeof(bytes);
}

static int order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_watch(struct watch *w, bool is_up)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->said; i++)
		if (w->heard[i])
			w->told[n++] = w->heard[i] - w->told[i];
	qsort(w->told, n, sizeof(w->told[0]), order);
	printf("said %u\ncame %u\nrepeated %llu\nlost %d\n", w->said, w->came,
	       (unsigned long long)w->repeated, !is_up);
	for (unsigned i = 0; i < 256; i++)
		if (w->others[i] > 0)
			printf("others-%u %llu\n", i, (unsigned long long)w->others[i]);
	if (n > 0)
		printf("median_ms %.3f\np99_ms %.3f\nworst_ms %.3f\n", (double)w->told[n / 2] / 1e6,
		       (double)w->told[(uint64_t)n * 99 / 100] / 1e6, (double)w->told[n - 1] / 1e6);
}

/* watch SOURCE SINK REMOTE RP BASE SECONDS: and two seconds more, for those under way */
static int watch(char **args)
{
	static const uint8_t keepalive[3] = { 4, 0, 3 };
	static struct watch w;
	int64_t end, alive = 0;
	bool is_up = true;

	w.sink = session(args[1], args[2]);
	w.source = session(args[0], args[2]);
	w.rp = address(args[3]);
	w.base = address(args[4]);
	w.told = calloc(BEATS, sizeof(w.told[0]));
	w.heard = calloc(BEATS, sizeof(w.heard[0]));
	w.seen = calloc(SEEN, sizeof(w.seen[0]));
	if (!w.told || !w.heard || !w.seen)
		return 1;
	w.next = now_ns();
	end = w.next + atoll(args[5]) * 1000000000;
	while (is_up && (now_ns() < end || (w.came < w.said && now_ns() < end + 2000000000))) {
		struct pollfd p[2] = { { w.sink, POLLIN, 0 }, { w.source, POLLIN, 0 } };
		int64_t left = (w.next - now_ns()) / 1000000;

		poll(p, 2, left < 0 ? 0 : (int)left);
		is_up = hear(&w) && swallow(w.source) && (now_ns() >= end || beat(&w));
		if (is_up && now_ns() >= alive) {
			alive = now_ns() + KEEPALIVE_NS;
			is_up = send(w.sink, keepalive, 3, MSG_NOSIGNAL) == 3;
		}
	}
	print_watch(&w, is_up);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 10 && strcmp(argv[1], "flood") == 0)
		return flood(argv + 2);
	if (argc == 8 && strcmp(argv[1], "watch") == 0)
		return watch(argv + 2);
	fprintf(stderr, "usage: %s flood KIND LOCAL REMOTE RP BASE N PERIOD_S SECONDS\n"
			"       %s watch SOURCE SINK REMOTE RP BASE SECONDS\n", argv[0], argv[0]);
	return 2;
}
