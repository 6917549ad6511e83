/* SPDX-License-Identifier: BSD-2-Clause */
/* What pcap and pcapng share: the magic, the books, the bytes that are passed over. */
#include "source/capture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "source/pcap.h"
#include "source/pcapng.h"

void capture_init(struct capture *c, uint16_t file)
{
	*c = (struct capture){ .file = file, .time_digits = 6 };
}

void capture_release(struct capture *c)
{
	free(c->interfaces);
	free(c->links);
	c->interfaces = NULL;
	c->links = NULL;
}

void capture_break(struct capture *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->problem, sizeof(c->problem), format, arguments);
	va_end(arguments);
	c->broken = true;
}

/* Cuts on a whole character. */
static void copy_name(struct span name, char out[64])
{
	struct text t = { 0 };
	size_t n;

	text_escape_utf8(&t, name);
	n = t.n;
	if (n > 63)
		for (n = 63; n > 0 && ((uint8_t)t.p[n] & 0xc0) == 0x80; n--)
			;
	memcpy(out, text_string(&t), n);
	out[n] = '\0';
	text_release(&t);
}

static bool link_equal(const struct link_info *a, const struct link_info *b)
{
	return a->linktype == b->linktype && strcmp(a->name, b->name) == 0;
}

/* Every section describes its interfaces anew: the n-th of one is the n-th of the next where
 * type and name agree. */
static uint16_t find_link(struct capture *c, size_t nth, const struct link_info *link)
{
	if (nth < c->link_count && link_equal(&c->links[nth], link))
		return (uint16_t)nth;
	if (c->link_count < CAPTURE_INTERFACES_MAX) {
		c->links = memory_grow(c->links, c->link_count + 1, sizeof(*link));
		c->links[c->link_count++] = *link;
	}
	return (uint16_t)(c->link_count - 1);
}

void capture_interface(struct capture *c, struct interface interface, struct span name)
{
	struct link_info link = { .file = c->file, .linktype = interface.linktype };

	copy_name(name, link.name);
	if (interface.snaplen == 0)
		interface.snaplen = UINT32_MAX;
	interface.link = find_link(c, c->interface_count, &link);
	if (c->interface_count < CAPTURE_INTERFACES_MAX) {
		c->interfaces =
			memory_grow(c->interfaces, c->interface_count + 1, sizeof(interface));
		c->interface_count++;
	}
	c->interfaces[c->interface_count - 1] = interface;
}

void capture_count_odd(struct capture *c, size_t captured, uint32_t stated, struct mtime at,
		       uint32_t snaplen)
{
	c->odd[ODD_OVER_SNAPLEN] += captured > snaplen;
	c->odd[ODD_OVER_LENGTH] += captured > stated;
	c->odd[ODD_ZERO_LENGTH] += captured == 0;
	c->odd[ODD_TIME_BACK] += at.ns < c->last.ns;
}

const struct interface *capture_undescribed(struct capture *c)
{
	struct link_info link = { .file = c->file, .linktype = LINKTYPE_NONE };

	c->odd[ODD_INTERFACE]++;
	if (!c->has_undescribed)
		c->undescribed = (struct interface){ .linktype = LINKTYPE_NONE, .resolution = 6,
						     .snaplen = UINT32_MAX,
						     .link = find_link(c, c->link_count, &link) };
	c->has_undescribed = true;
	return &c->undescribed;
}

static const char editcap[] = "editcap FILE NEW.pcapng";

/* What people also take for a capture, by its first four bytes, and what makes it one. */
static const struct {
	uint32_t    magic, mask;
	const char *is, *first;
} strangers[] = {
	{ 0xfd377a58, 0xffffffff, "packed with xz", "xz -dc FILE | weir audit -" },
	{ 0x425a6800, 0xffffff00, "packed with bzip2", "bzip2 -dc FILE | weir audit -" },
	{ 0x04224d18, 0xffffffff, "packed with lz4", "lz4 -dc FILE | weir audit -" },
	{ 0x504b0304, 0xffffffff, "packed with zip", "unzip -p FILE | weir audit -" },
	{ 0x736e6f6f, 0xffffffff, "a capture of snoop", editcap },
	{ 0x52545353, 0xffffffff, "a capture of Network Monitor 1", editcap },
	{ 0x474d4255, 0xffffffff, "a capture of Network Monitor 2", editcap },
	{ 0x5452534e, 0xffffffff, "a capture of Sniffer", editcap },
	{ 0x58435000, 0xffffffff, "a capture of Sniffer for Windows", editcap },
};

static void refuse(struct capture *c, struct span bytes)
{
	struct rd r = rd_of(bytes);
	uint32_t magic = rd_be32(&r);

	for (size_t i = 0; i < COUNT(strangers); i++) {
		if ((magic & strangers[i].mask) == strangers[i].magic) {
			capture_break(c, "neither pcap nor pcapng but %s: %s", strangers[i].is,
				      strangers[i].first);
			return;
		}
	}
	capture_break(c, "not a capture: neither pcap nor pcapng, plain or packed with gzip "
			 "or zstd");
}

/* Chooses the format by the first four bytes; false where there are fewer, or none fits. */
static bool choose_format(struct capture *c, struct span bytes)
{
	struct rd r = rd_of(bytes);
	uint32_t magic = rd_le32(&r);

	if (!rd_ok(&r))
		return false;
	if (!pcap_begin(c, magic) && !pcapng_begin(c, magic))
		refuse(c, bytes);
	return !c->broken;
}

static void pass_over(struct capture *c, struct rd *r)
{
	size_t n = rd_left(r) < c->skip ? rd_left(r) : (size_t)c->skip;

	rd_skip(r, n);
	c->skip -= n;
}

size_t capture_split(struct capture *c, struct span bytes, struct packet *out, size_t max,
		     size_t *out_used)
{
	struct rd r = rd_of(bytes);
	size_t n = 0, left;

	*out_used = 0;
	if (c->broken || (!c->split && !choose_format(c, bytes)))
		return 0;
	do {
		left = rd_left(&r);
		pass_over(c, &r);
		if (c->skip > 0)
			break;
		n += c->split(c, &r, out + n, max - n);
		if (c->skip > 0)
			c->skip_from = c->offset + bytes.n - rd_left(&r);
	} while (!c->broken && n < max && (c->skip > 0 || rd_left(&r) < left));
	*out_used = bytes.n - rd_left(&r);
	c->offset += *out_used;
	return n;
}

bool capture_is_cut(struct capture *c, size_t left)
{
	if (c->broken || (left == 0 && c->skip == 0 && c->offset > 0))
		return c->broken;
	if (c->skip > 0)
		c->offset = c->skip_from;
	snprintf(c->problem, sizeof(c->problem),
		 c->offset == 0 ? "cut off: the file ends inside of its header"
				: "cut off: the file ends inside of the record behind packet %ju",
		 (uintmax_t)c->frames);
	return true;
}

static const struct {
	const char *name, *meaning;
} odds[] = {
#define ODD(symbol, name, meaning) { name, meaning },
#include "source/odd.def"
#undef ODD
};

const char *odd_name(enum odd odd)
{
	return odds[odd].name;
}

const char *odd_meaning(enum odd odd)
{
	return odds[odd].meaning;
}
