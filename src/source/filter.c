/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's filter language, compiled once for each link type that occurs.  libpcap compiles
 * and runs the programs; it reads no packets here. */
#include "source/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "source/capture.h"

struct program {
	uint32_t	   linktype;
	bool		   good;
	struct bpf_program code;
};

struct filter {
	struct timeline_options options;
	struct program	       *programs;
	size_t			n;
};

struct filter *filter_new(const struct timeline_options *options)
{
	struct filter *f;

	if (!options->filter && !options->has_since && !options->has_until)
		return NULL;
	f = memory_take(sizeof(*f));
	f->options = *options;
	return f;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->programs[i].good)
			pcap_freecode(&f->programs[i].code);
	free(f->programs);
	free(f);
}

/* Where the number that libpcap uses inside differs from the one in files, on Linux. */
static int dlt_of(uint32_t linktype)
{
	static const struct {
		uint32_t linktype;
		int	 dlt;
	} rows[] = { { 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW }, { 102, DLT_SLIP_BSDOS },
		     { 103, DLT_PPP_BSDOS },   { 106, DLT_ATM_CLIP } };

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].linktype == linktype)
			return rows[i].dlt;
	return (int)linktype;
}

static const struct program *find_program(const struct filter *f, uint32_t linktype)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->programs[i].linktype == linktype)
			return &f->programs[i];
	return NULL;
}

static bool compile(const char *expression, uint32_t linktype, struct bpf_program *out,
		    char *problem)
{
	pcap_t *dead = linktype == LINKTYPE_NONE
			       ? NULL
			       : pcap_open_dead(dlt_of(linktype), CAPTURE_PACKET_MAX);
	bool good = dead && pcap_compile(dead, out, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;

	if (!good)
		snprintf(problem, 160, "filter '%.60s': %s", expression,
			 dead ? pcap_geterr(dead) : "packets of an unknown link type");
	if (dead)
		pcap_close(dead);
	return good;
}

bool filter_prepare(struct filter *f, uint32_t linktype, char *problem)
{
	const struct program *known;
	struct program *p;

	if (!f || !f->options.filter)
		return true;
	known = find_program(f, linktype);
	if (known)
		return known->good;
	f->programs = memory_grow(f->programs, f->n + 1, sizeof(*p));
	p = &f->programs[f->n++];
	*p = (struct program){ .linktype = linktype };
	p->good = compile(f->options.filter, linktype, &p->code, problem);
	return p->good;
}

static bool passes(const struct filter *f, const struct packet *p)
{
	struct pcap_pkthdr header = { .caplen = (bpf_u_int32)p->bytes.n, .len = p->length };
	const struct program *program;

	if (f->options.has_since && p->at.ns < f->options.since.ns)
		return false;
	if (f->options.has_until && p->at.ns >= f->options.until.ns)
		return false;
	if (!f->options.filter)
		return true;
	program = find_program(f, p->linktype);
	return program && program->good && pcap_offline_filter(&program->code, &header, p->bytes.p);
}

size_t filter_packets(const struct filter *f, struct packet *packets, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (passes(f, &packets[i]))
			packets[kept++] = packets[i];
	}
	return kept;
}

