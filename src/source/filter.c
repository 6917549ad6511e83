/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's filter language, compiled once for each link type that occurs.  libpcap compiles
 * and runs the programs; it reads no packets here.  It is loaded when the first filter is, and
 * brings eight other libraries along. */
#include "source/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "os/library.h"
#include "source/capture.h"

struct program {
	uint32_t	   linktype;
	bool		   good;
	struct bpf_program code;
};

/* What is called of it. */
struct libpcap {
	__typeof__(pcap_open_dead)	*open_dead;
	__typeof__(pcap_compile)	*compile;
	__typeof__(pcap_geterr)		*geterr;
	__typeof__(pcap_close)		*close;
	__typeof__(pcap_offline_filter) *offline_filter;
	__typeof__(pcap_freecode)	*freecode;
};

struct filter {
	struct timeline_options options;
	struct libpcap		pcap;
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
			f->pcap.freecode(&f->programs[i].code);
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

static bool load_libpcap(struct libpcap *out)
{
	/* Debian's name, for it came early, and that of others */
	static const char *const names[] = { "libpcap.so.0.8", "libpcap.so.1", NULL };
	const struct library_symbol symbols[] = {
		{ "pcap_open_dead", &out->open_dead },
		{ "pcap_compile", &out->compile },
		{ "pcap_geterr", &out->geterr },
		{ "pcap_close", &out->close },
		{ "pcap_offline_filter", &out->offline_filter },
		{ "pcap_freecode", &out->freecode },
	};

	return library_load(names, symbols, COUNT(symbols)) == 0;
}

static bool compile(const struct filter *f, uint32_t linktype, struct bpf_program *out,
		    char *problem)
{
	const char *expression = f->options.filter;
	pcap_t *dead = linktype == LINKTYPE_NONE
			       ? NULL
			       : f->pcap.open_dead(dlt_of(linktype), CAPTURE_PACKET_MAX);
	bool good = dead &&
		    f->pcap.compile(dead, out, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;

	if (!good)
		snprintf(problem, 160, "filter '%.60s': %s", expression,
			 dead ? f->pcap.geterr(dead) : "packets of an unknown link type");
	if (dead)
		f->pcap.close(dead);
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
	if (load_libpcap(&f->pcap))
		p->good = compile(f, linktype, &p->code, problem);
	else
		snprintf(problem, 160, "filters need libpcap, which is not installed");
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
	return program && program->good &&
	       f->pcap.offline_filter(&program->code, &header, p->bytes.p);
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

