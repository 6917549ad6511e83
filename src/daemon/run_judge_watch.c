/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine of weir watch within the judge: one for each boundary that has watched interfaces.  The
 * rings are opened by the keeper; the samples go to the clerk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_judge.h"
#include "engine/ras.h"
#include "engine/report.h"
#include "os/clock.h"
#include "os/pages.h"
#include "policy/table.h"
#include "wire/wire.h"


/* Twice as long as between two readings of the kernel's counters: a report is more work. */
static int64_t sample_span_ns(const struct judge *j)
{
	return 2 * (int64_t)j->options->count_s * NS_PER_S;
}

/* --- what is watched --- */

static const struct conf_interface *conf_of(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->interface_count; i++)
		if (strcmp(conf->interfaces[i].name.name, name) == 0)
			return &conf->interfaces[i];
	return NULL;
}

static bool is_enforced(const struct conf *conf, const struct boundary *boundary)
{
	for (size_t i = 0; i < conf->interface_count; i++)
		if (conf->interfaces[i].backend != CONF_OFF &&
		    strcmp(conf->interfaces[i].boundary.name, boundary->name) == 0)
			return true;
	return false;
}

static size_t group_of(struct watching *w, const struct conf *conf, const struct boundary *boundary)
{
	size_t i = 0;

	while (i < w->group_count && w->groups[i].boundary != boundary)
		i++;
	if (i == w->group_count) {
		w->groups[w->group_count++] = (struct watch_group){
			.boundary = boundary, .is_enforced = is_enforced(conf, boundary) };
		arena_init(&w->groups[i].arena);
	}
	return i;
}

/* What comes in over an inside interface goes out, and so does what is sent over an outside one. */
static void place(struct watch_group *group, size_t i, bool is_inside)
{
	if (group->inside.link_count < INSIDE_MAX)
		group->inside.links[group->inside.link_count++] = (uint16_t)(2 * i + !is_inside);
}

static void add_link(struct watching *w, const struct judge *j, const char *name)
{
	const struct conf *conf = ruling_conf(j, &j->now);
	const struct conf_interface *known = conf_of(conf, name);
	const struct boundary *boundary =
		policy_boundary(j->now.policy, known ? known->boundary.name : NULL);
	struct watch_link *link = &w->links[w->link_count];

	*link = (struct watch_link){ .name = name, .fd = -1, .group = group_of(w, conf, boundary) };
	w->names[2 * w->link_count] = w->names[2 * w->link_count + 1] = name;
	if (known)
		place(&w->groups[link->group], w->link_count, known->is_inside);
	w->link_count++;
}

static void read_authorised(struct watching *w, struct judge *j)
{
	const struct conf_names *files = &ruling_conf(j, &j->now)->authorised;
	struct text text = { 0 };
	struct diags diags;
	int error = 0;

	diags_init(&diags);
	for (size_t i = 0; i < files->n && error == 0; i++) {
		error = judge_read_file(j, files->list[i].name, &text);
		text_char(&text, '\n');
		if (error < 0)
			run_say("cannot read the list of authorised servers %s: %s", files->list[i].name,
				strerror(-error));
	}
	if (files->n > 0 && error == 0)
		w->authorised =
			authorised_parse(files->list[0].name, span_of(text_string(&text)), &diags);
	if (diags.n > 0)
		run_say("%s:%u: %s", diags.list[0].file, diags.list[0].line, diags.list[0].message);
	diags_release(&diags);
	text_release(&text);
}

static void begin_group(struct watching *w, struct judge *j, struct watch_group *group)
{
	struct engine_options options = { .inside = group->inside, .authorised = w->authorised,
					  .events = true, .advise = pages_prefer_large };
	const struct boundary *boundary =
		inside_boundary(&group->inside, &group->arena, group->boundary);

	group->table = table_new(boundary);
	group->engine = engine_new(boundary, group->table, &options);
	group->sampler = history_sampler_new(j->now.policy, clock_now());
	history_sampler_links(group->sampler, w->names, 2 * w->link_count);
}

void watch_begin(struct judge *j)
{
	const struct conf_names *names = &ruling_conf(j, &j->now)->watch;
	struct watching *w = &j->watching;
	const char **list = memory_array(names->n + 1, sizeof(*list));
	char problem[160] = "";

	*w = (struct watching){ .sample_ns = INT64_MAX, .serial = w->serial + 1 };
	w->groups = memory_array(names->n + 1, sizeof(w->groups[0]));
	w->links = memory_array(names->n + 1, sizeof(w->links[0]));
	w->names = memory_array(2 * names->n + 2, sizeof(w->names[0]));
	for (size_t i = 0; i < names->n; i++) {
		list[i] = names->list[i].name;
		add_link(w, j, list[i]);
	}
	said_init(&w->said);
	if (names->n > 0 && live_new(list, names->n, NULL, problem, &w->live) < 0) {
		run_say("cannot watch: %s", problem);
		w->live = NULL;
	}
	if (w->live) {
		read_authorised(w, j);
		w->sample_ns = clock_steady().ns + sample_span_ns(j);
	}
	for (size_t i = 0; i < w->group_count && w->live; i++)
		begin_group(w, j, &w->groups[i]);
	free(list);
	watch_follow(j);
}

void watch_end(struct judge *j)
{
	struct watching *w = &j->watching;

	watch_sample(j);
	for (size_t i = 0; i < w->link_count; i++)
		if (w->links[i].fd >= 0)
			loop_drop(&j->loop, w->links[i].fd);
	live_free(w->live);
	for (size_t i = 0; i < w->group_count; i++) {
		history_sampler_free(w->groups[i].sampler);
		engine_free(w->groups[i].engine);
		table_free(w->groups[i].table);
		arena_release(&w->groups[i].arena);
	}
	if (w->groups)
		said_release(&w->said);
	authorised_free(w->authorised);
	free(w->groups);
	free(w->links);
	free(w->names);
	*w = (struct watching){ .sample_ns = INT64_MAX, .serial = w->serial };
}

/* --- what is told --- */

static void tell_server(struct judge *j, const struct ras_host *host)
{
	char address[ADDR_TEXT];
	struct text name = { 0 }, text = { 0 };

	if (host->authorised == RAS_AUTHORISED ||
	    (host->state != RAS_NEW && host->state != RAS_RETURNED))
		return;
	addr_text(host->address, address);
	text_escape(&name, (struct span){ host->hostname.bytes, host->hostname.n });
	text_printf(&text, "a remote access server that nobody authorised announces itself: %s, %s", address,
		    text_string(&name));
	judge_notice(j, "ras", text_string(&text),
		     json_pack("{s:s, s:s, s:s}", "source", address, "hostname", text_string(&name), "state",
			       ras_state_name(host->state)));
	text_release(&name);
	text_release(&text);
}

static void tell_event(struct judge *j, const struct watch_group *group, const struct event *event)
{
	char source[ADDR_TEXT], to[ADDR_TEXT];
	struct text text = { 0 };

	if (event->kind != EVENT_FINDING || event->which == FINDING_RAS)
		return;
	addr_text(event->key.source, source);
	addr_text(event->key.group, to);
	text_printf(&text, "%s at boundary %s: %s > %s", finding_name(event->which),
		    group->boundary->name, source, to);
	judge_notice(j, "alarm", text_string(&text),
		     json_pack("{s:s, s:s, s:s, s:s}", "finding", finding_name(event->which), "boundary",
			       group->boundary->name, "source", source, "group", to));
	text_release(&text);
}

static void tell_news(struct judge *j)
{
	struct watching *w = &j->watching;

	for (size_t i = 0; i < w->group_count && w->live; i++) {
		const struct ras_host *host;
		struct event event;

		while (engine_event_next(w->groups[i].engine, &event))
			tell_event(j, &w->groups[i], &event);
		while ((host = engine_ras_next(w->groups[i].engine, clock_now())))
			tell_server(j, host);
	}
}

/* --- packets --- */

static void take_packet(struct watching *w, struct watch_group *group, const struct packet *packet)
{
	wire_decode(packet, &w->wire, &w->said);
	engine_packet(group->engine, packet, &w->said);
}

/* All that is there, but not for ever: the queue has its turn, too. */
static void hear_packets(void *context, int fd)
{
	struct judge *j = context;
	struct watching *w = &j->watching;
	const struct packet *packets;
	size_t n = live_next(w->live, &packets);

	(void)fd;
	for (size_t i = 0; i < n; i++) {
		size_t link = packets[i].link / 2u;

		if (link < w->link_count)
			take_packet(w, &w->groups[w->links[link].group], &packets[i]);
	}
	tell_news(j);
}

/* A packet socket hears what arrives before tc does, and what leaves behind it. */
static bool is_heard(const struct judge *j, unsigned index, enum hook hook)
{
	for (size_t i = 0; i < j->plan.link_count; i++)
		if (j->plan.links[i].index == index)
			return hook == HOOK_INGRESS &&
			       j->plan.choices[i].hooks[HOOK_INGRESS] != BACKEND_XDP;
	return true;
}

void watch_dropped(struct judge *j, unsigned index, enum hook hook, const struct packet *packet)
{
	struct watching *w = &j->watching;
	struct packet numbered = *packet;

	if (is_heard(j, index, hook))
		return;
	for (size_t i = 0; i < w->link_count && w->live; i++) {
		if (w->links[i].index != index)
			continue;
		numbered.link = (uint16_t)(2 * i + (hook == HOOK_EGRESS));
		take_packet(w, &w->groups[w->links[i].group], &numbered);
	}
	tell_news(j);
}

/* --- interfaces --- */

static void close_link(struct judge *j, size_t i)
{
	struct watch_link *link = &j->watching.links[i];

	loop_drop(&j->loop, link->fd);
	live_detach(j->watching.live, i);
	link->fd = -1;
	link->index = 0;
}

static void open_link(struct judge *j, size_t i)
{
	struct message message = { .kind = MESSAGE_RING };
	struct watch_link *link = &j->watching.links[i];
	struct packet_socket socket;
	char problem[160] = "";
	int payload, error;

	snprintf(message.text, sizeof(message.text), "%s", link->name);
	error = message_send(j->keeper, &message, -1);
	if (error == 0 && !judge_await(j, MESSAGE_RING, &message, &payload))
		error = -EPIPE;
	if (error == 0)
		error = payload < 0 && message.error == 0 ? -EBADMSG : message.error;
	if (error == 0) {
		memcpy(&socket, message.text, sizeof(socket));
		socket.fd = payload;
		error = live_attach(j->watching.live, i, &socket, problem);
	}
	if (error == -EPIPE)
		return;				/* the keeper ends, and this process with it */
	if (error < 0) {
		run_say("cannot watch %s: %s", link->name, problem[0] ? problem : strerror(-error));
		return;
	}
	link->fd = payload;
	link->index = socket.index;
	loop_add(&j->loop, payload, hear_packets, j);
}

void watch_follow(struct judge *j)
{
	struct watching *w = &j->watching;

	for (size_t i = 0; i < w->link_count && w->live; i++) {
		const struct link *now = links_find(&j->links, w->links[i].name);
		bool is_up = now && now->is_up;

		if (w->links[i].fd >= 0 && (!is_up || now->index != w->links[i].index))
			close_link(j, i);
		if (w->links[i].fd < 0 && is_up)
			open_link(j, i);
	}
}

/* --- what the history keeps --- */

/* Hits of rules are the kernel's to count where it enforces the boundary. */
static void leave_out_hits(struct report *report)
{
	for (size_t i = 0; i < report->boundary->rule_count; i++)
		report->rules[i] = (struct report_rule){ 0 };
	memset(report->points, 0, sizeof(report->points));
}

static void sample_group(struct judge *j, size_t i)
{
	const struct message message = { .kind = MESSAGE_SAMPLE, .id = i,
					 .generation = j->watching.serial };
	struct watch_group *group = &j->watching.groups[i];
	const struct report_options options = { .now = clock_now() };
	struct report *report;
	struct span bytes;
	struct text text = { 0 };

	if (group->is_sent || j->clerk < 0)
		return;
	report = report_now(group->engine, &options);
	if (group->is_enforced)
		leave_out_hits(report);
	history_sampler_count(group->sampler, report, clock_now());
	history_sampler_rows(group->sampler, report, clock_now());
	report_free(report);
	bytes = history_sampler_bytes(group->sampler);
	text_put_n(&text, (const char *)bytes.p, bytes.n);
	if (bytes.n > 0)
		group->is_sent = message_send_text(j->clerk, &message, &text) == 0;
	if (!group->is_sent)
		history_sampler_empty(group->sampler, false);
	text_release(&text);
}

static uint64_t drops_of(const struct watching *w)
{
	size_t n;
	const struct live_interface *list = live_interfaces(w->live, &n);
	uint64_t dropped = 0;

	for (size_t i = 0; i < n; i++)
		dropped += list[i].dropped;
	return dropped;
}

void watch_sample(struct judge *j)
{
	struct watching *w = &j->watching;

	if (!w->live)
		return;
	w->sample_ns = clock_steady().ns + sample_span_ns(j);
	if (w->group_count > 0)
		history_sampler_drops(w->groups[0].sampler, drops_of(w));
	for (size_t i = 0; i < w->group_count; i++)
		sample_group(j, i);
}

void watch_written(struct judge *j, const struct message *message)
{
	struct watching *w = &j->watching;

	if (message->generation != w->serial || message->id >= w->group_count ||
	    !w->groups[message->id].is_sent)
		return;
	w->groups[message->id].is_sent = false;
	history_sampler_empty(w->groups[message->id].sampler, message->error == 0);
}

void watch_clerk_gone(struct judge *j)
{
	struct watching *w = &j->watching;

	for (size_t i = 0; i < w->group_count; i++) {
		if (!w->groups[i].is_sent)
			continue;
		w->groups[i].is_sent = false;
		history_sampler_empty(w->groups[i].sampler, false);
	}
}
