/* SPDX-License-Identifier: BSD-2-Clause */
/* weir ras announce: say that this machine is a remote access server, as Windows does.
 * [MS-RASA] 2.1, 2.2, 3.1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "os/clock.h"
#include "os/multicast.h"
#include "os/signals.h"
#include "wire/rasadv.h"

#define INTERVAL_S 3600			/* [MS-RASA] 3.1.6 */
#define PAYLOAD_MAX (2 * RASADV_NAME_MAX + 32)
#define HOST_NAME_MAX_BYTES 256

struct announce {
	struct common common;
	const char   *hostname, *domain;
	struct texts  interfaces;
	uint64_t      interval_s, count;
};

#define AT(field) offsetof(struct announce, field)

static const struct opt opts[] = {
	{ OPT_TEXT, 0, "hostname", "NAME", "the host name to announce (default: this machine's, without "
	  "a domain)", AT(hostname), 0 },
	{ OPT_TEXT, 0, "domain", "NAME", "the domain that this machine is a member of (default: none)",
	  AT(domain), 0 },
	{ OPT_LIST, 0, "interface", "NAME", "announce on this interface, may be repeated (default: each "
	  "that is up and can multicast)", AT(interfaces), 0 },
	{ OPT_DURATION, 0, "interval", "TIME", "the time between announcements (default: 1h)",
	  AT(interval_s), 0 },
	{ OPT_NUMBER, 'c', "count", "N", "end after N announcements (default: never)", AT(count), 0 },
	{ 0 },
};

static const struct announce defaults = { .interval_s = INTERVAL_S };

struct announcing {
	const struct announce *options;
	const struct io	      *io;
	int		       fd;
	uint8_t		       payload[PAYLOAD_MAX];
	size_t		       n;
	bool		       was_told;	/* where the announcements go */
};

/* This machine's name up to its first dot: the domain of DNS is not that of the announcement. */
static const char *own_name(char buffer[HOST_NAME_MAX_BYTES])
{
	if (gethostname(buffer, HOST_NAME_MAX_BYTES) < 0)
		return "";
	buffer[HOST_NAME_MAX_BYTES - 1] = '\0';
	buffer[strcspn(buffer, ".")] = '\0';
	return buffer;
}

static bool check_name(const struct io *io, const char *what, const char *name)
{
	if (rasadv_name_is_plain(span_of(name)))
		return true;
	complain(io, "ras announce: the format cannot carry the %s '%s': it takes 1 to %d characters of "
		 "printable ASCII without blanks, and no '.Domain=' in them", what, name, RASADV_NAME_MAX);
	return false;
}

static bool make_payload(struct announcing *a)
{
	const struct announce *o = a->options;
	char buffer[HOST_NAME_MAX_BYTES];
	const char *hostname = o->hostname ? o->hostname : own_name(buffer);
	struct wr w = wr_of(a->payload, sizeof(a->payload));

	if (!check_name(a->io, "host name", hostname) ||
	    (o->domain && !check_name(a->io, "domain", o->domain)))
		return false;
	rasadv_encode(&w, span_of(hostname), span_of(o->domain ? o->domain : ""));
	a->n = wr_done(&w);
	return wr_ok(&w);
}

static bool is_chosen(const struct announce *o, const struct interface *interface)
{
	if (o->interfaces.n == 0)
		return interface->is_up && interface->is_multicast &&
		       addr_is_there(interface->address);
	for (size_t i = 0; i < o->interfaces.n; i++)
		if (strcmp(o->interfaces.list[i], interface->name) == 0)
			return true;
	return false;
}

static bool send_on(struct announcing *a, const struct interface *interface)
{
	char address[ADDR_TEXT];
	int error;

	if (!addr_is_there(interface->address)) {
		complain(a->io, "cannot announce on %s: it has no IPv4 address", interface->name);
		return false;
	}
	error = multicast_send(a->fd, interface, rasadv_group(), RASADV_PORT,
			       (struct span){ a->payload, a->n });
	if (error < 0) {
		complain(a->io, "cannot announce on %s: %s", interface->name, strerror(-error));
		return false;
	}
	if (!a->options->common.quiet && (!a->was_told || a->options->common.verbose))
		fprintf(a->io->err, "Announced on %s (%s).\n", interface->name,
			addr_text(interface->address, address));
	return true;
}

static bool check_interfaces(struct announcing *a, const struct interface *list, size_t n)
{
	const struct texts *named = &a->options->interfaces;
	bool good = true;

	for (size_t i = 0; i < named->n; i++)
		if (!interface_named(list, n, named->list[i])) {
			complain(a->io, "cannot announce on %s: there is no such interface", named->list[i]);
			good = false;
		}
	return good;
}

/* Once on every interface; they are looked up each time, for they come and go.  False where one
 * that was asked for, or all of them, did not take it. */
static bool announce(struct announcing *a)
{
	struct interface *list = NULL;
	size_t n = 0, sent = 0;
	int error = interfaces_read(&list, &n);
	bool good = true;

	if (error < 0) {
		complain(a->io, "cannot list the interfaces: %s", strerror(-error));
		return false;
	}
	good = check_interfaces(a, list, n);
	for (size_t i = 0; i < n; i++) {
		if (!is_chosen(a->options, &list[i]))
			continue;
		if (send_on(a, &list[i]))
			sent++;
		else
			good = false;
	}
	free(list);
	if (sent == 0 && good)
		complain(a->io, "cannot announce: no interface that is up and can multicast has an IPv4 "
			 "address");
	a->was_told |= sent > 0;
	return good && sent > 0;
}

/* The steady clock keeps the interval, however long the sending took. */
static int announce_on(struct announcing *a)
{
	const struct announce *o = a->options;
	struct mtime next = clock_steady();
	bool good = true;

	for (uint64_t i = 0; (o->count == 0 || i < o->count) && !signals_stop_asked(); i++) {
		if (i > 0) {
			next.ns += (int64_t)o->interval_s * NS_PER_S;
			while (!signals_stop_asked() && clock_steady().ns < next.ns)
				signals_poll(NULL, 0, next.ns - clock_steady().ns);
			if (signals_stop_asked())
				break;
		}
		good = announce(a);
		if (!good && i == 0)
			break;
	}
	return good ? EXIT_CLEAN : EXIT_SYSTEM;
}

static int run(const void *arg, const struct io *io)
{
	struct announcing a = { .options = arg, .io = io, .fd = -1 };
	int status;

	if (!make_payload(&a))
		return EXIT_USAGE;
	a.fd = multicast_sender(RASADV_TTL);
	if (a.fd < 0) {
		complain(io, "cannot open a socket: %s", strerror(-a.fd));
		return EXIT_SYSTEM;
	}
	signals_catch();
	status = announce_on(&a);
	close(a.fd);
	return status;
}

const struct command cmd_ras_announce = {
	.name = "ras announce",
	.summary = "announce this machine as a remote access server, as Windows does",
	.about = "Sends the datagram that a Windows server with Routing and Remote Access sends, to "
		 "239.255.2.2 port 9753 with TTL 15, at once and then every hour, on every interface that "
		 "is up and can multicast.  A Linux VPN server so stands in the same inventories: those of "
		 "weir ras list, netsh ras show activeservers and raslist.  It needs no privilege, and "
		 "ends cleanly on a signal; weir-ras-announce.service runs it.  Exits 3 where an interface "
		 "did not take it.",
	.example = "weir ras announce --interface eth0\n"
		   "weir ras announce --hostname vpn1 --domain example.com --interface eth0 --count 1",
	.opts = opts, .size = sizeof(struct announce), .defaults = &defaults,
	.run = run,
};
