/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded-Unicast, Encoded-Group and Encoded-Source addresses.  RFC 7761 4.9.1, RFC 5384 3,
 * RFC 7887, RFC 5059 4, RFC 5015 3.7.3.  Knows no message. */
#include "wire/pim_addr.h"

/* IANA address families; the native encoding and the one with join attributes. */
#define FAMILY_NUMBER_IP4 1
#define FAMILY_NUMBER_IP6 2
#define ENCODING_NATIVE 0
#define ENCODING_ATTRIBUTES 1

#define GROUP_B 0x80
#define GROUP_Z 0x01
#define SOURCE_S 0x04
#define SOURCE_W 0x02
#define SOURCE_R 0x01
#define ATTRIBUTE_E 0x40		/* the last one: RFC 5384 3.4.1 */

struct head {
	enum family family;
	bool	    has_attributes;
};

static void fail(struct rd *r, enum anomaly anomaly, enum anomaly *out_wrong)
{
	if (*out_wrong == ANOMALY_NONE && rd_ok(r))
		*out_wrong = anomaly;
	r->failed = true;
}

static struct head read_head(struct rd *r, enum anomaly *out_wrong)
{
	unsigned family = rd_u8(r);
	unsigned encoding = rd_u8(r);
	struct head head = { FAMILY_NONE, encoding == ENCODING_ATTRIBUTES };

	if (family == FAMILY_NUMBER_IP4)
		head.family = FAMILY_IP4;
	if (family == FAMILY_NUMBER_IP6)
		head.family = FAMILY_IP6;
	if (head.family == FAMILY_NONE || encoding > ENCODING_ATTRIBUTES)
		fail(r, ANOMALY_FAMILY, out_wrong);
	return head;
}

static struct addr read_addr(struct rd *r, enum family family)
{
	return family == FAMILY_IP6 ? addr_read6(r) : addr_read4(r);
}

/* Attributes end with the one that says so. */
static struct span read_attributes(struct rd *r, struct head head)
{
	struct rd before = *r;
	bool is_last = !head.has_attributes;

	while (!is_last && rd_ok(r)) {
		is_last = rd_u8(r) & ATTRIBUTE_E;
		rd_skip(r, rd_u8(r));
	}
	return rd_take(&before, rd_left(&before) - rd_left(r));
}

enum anomaly pim_range_judge(struct addr group, unsigned length)
{
	unsigned least = group.family == FAMILY_IP6 ? 8 : 4;	/* ff00::/8, 224.0.0.0/4 */

	if (length > addr_bits(group))
		return ANOMALY_LENGTH;
	return length < least ? ANOMALY_ADDRESS : ANOMALY_NONE;
}

struct addr pim_unicast_read(struct rd *r, enum anomaly *out_wrong)
{
	struct head head = read_head(r, out_wrong);
	struct addr a = read_addr(r, head.family);

	read_attributes(r, head);
	return a;
}

struct pim_group pim_group_read(struct rd *r, enum anomaly *out_wrong)
{
	struct head head = read_head(r, out_wrong);
	unsigned flags = rd_u8(r);
	struct pim_group group = { .is_bidir = flags & GROUP_B, .is_zone = flags & GROUP_Z };
	enum anomaly wrong;

	group.length = rd_u8(r);
	group.addr = read_addr(r, head.family);
	wrong = pim_range_judge(group.addr, group.length);
	if (wrong != ANOMALY_NONE)
		fail(r, wrong, out_wrong);
	group.attributes = read_attributes(r, head);
	return group;
}

struct pim_source pim_source_read(struct rd *r, enum anomaly *out_wrong)
{
	struct head head = read_head(r, out_wrong);
	unsigned flags = rd_u8(r);
	struct pim_source source = { .is_sparse = flags & SOURCE_S,
				     .is_wildcard = flags & SOURCE_W,
				     .is_rpt = flags & SOURCE_R };

	source.length = rd_u8(r);
	source.addr = read_addr(r, head.family);
	if (source.length == 0 || source.length > addr_bits(source.addr))
		fail(r, ANOMALY_LENGTH, out_wrong);
	source.attributes = read_attributes(r, head);
	return source;
}

static void write_head(struct addr a, struct span attributes, struct wr *w)
{
	wr_u8(w, a.family == FAMILY_IP6 ? FAMILY_NUMBER_IP6 : FAMILY_NUMBER_IP4);
	wr_u8(w, attributes.n ? ENCODING_ATTRIBUTES : ENCODING_NATIVE);
}

void pim_unicast_write(struct addr a, struct wr *w)
{
	write_head(a, (struct span){ 0 }, w);
	addr_write(a, w);
}

void pim_group_write(const struct pim_group *group, struct wr *w)
{
	write_head(group->addr, group->attributes, w);
	wr_u8(w, (uint8_t)((group->is_bidir ? GROUP_B : 0) | (group->is_zone ? GROUP_Z : 0)));
	wr_u8(w, group->length);
	addr_write(group->addr, w);
	wr_bytes(w, group->attributes.p, group->attributes.n);
}

void pim_source_write(const struct pim_source *source, struct wr *w)
{
	write_head(source->addr, source->attributes, w);
	wr_u8(w, (uint8_t)((source->is_sparse ? SOURCE_S : 0) |
			   (source->is_wildcard ? SOURCE_W : 0) | (source->is_rpt ? SOURCE_R : 0)));
	wr_u8(w, source->length);
	addr_write(source->addr, w);
	wr_bytes(w, source->attributes.p, source->attributes.n);
}
