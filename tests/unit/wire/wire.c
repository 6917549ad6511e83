/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole frames: what each header says, by link type, tag, IP header and tunnel. */
#include "sweep.h"

#define ETHERNET 1

/* An IPv4 header of 20 + 8 bytes, UDP 4000 to 5000: 192.0.2.1 > 239.1.2.3, TTL 5. */
#define IP4_UDP "4500001c 0001 0000 0511 02cb c0000201 ef010203  0fa0 1388 0008 0000"
#define MACS	"01005e010203 020000000001"

struct row {
	const char *name;
	uint32_t    linktype;
	const char *hex;
	uint32_t    length;	/* on the wire; 0: what hex holds */
	const char *says;
};

static const struct row rows[] = {
	{ "IPv4 UDP", ETHERNET, MACS "0800" IP4_UDP, 0,
	  "udp send 192.0.2.1,239.1.2.3 ttl 5 port 5000" },
	{ "802.1Q", ETHERNET, MACS "8100 a00c 0800" IP4_UDP, 0,
	  "udp send 192.0.2.1,239.1.2.3 ttl 5 port 5000 vlan 12" },
	{ "QinQ: the outermost tag", ETHERNET, MACS "88a8 0064 8100 000c 0800" IP4_UDP, 0,
	  "udp send 192.0.2.1,239.1.2.3 ttl 5 port 5000 vlan 100" },
};

static void put_extras(const struct observation *obs, struct text *out)
{
	text_printf(out, " ttl %u", obs->ttl);
	if (obs->has_ports)
		text_printf(out, " port %u", obs->dport);
	if (obs->vlan != VLAN_NONE)
		text_printf(out, " vlan %u", obs->vlan);
}

static struct text decode(const struct row *row)
{
	struct span bytes = t_bytes(row->hex);
	struct packet packet = { .bytes = bytes, .frame = 1, .linktype = row->linktype,
				 .length = row->length ? row->length : (uint32_t)bytes.n };
	struct wire_options options = { .udp_checksums = true };
	struct text text = { 0 };
	struct said said;

	said_init(&said);
	wire_decode(&packet, &options, &said);
	for (size_t i = 0; i < said.n; i++) {
		text_printf(&text, "%s%s ", i ? "; " : "", protocol_name(said.list[i].protocol));
		t_statement(&said.list[i], &text);
		put_extras(&said.list[i], &text);
	}
	said_release(&said);
	free((void *)bytes.p);
	return text;
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text = decode(&rows[i]);

		check_text(text_string(&text), rows[i].says, rows[i].name);
		text_release(&text);
	}
}

TEST_MAIN({ "rows", test_rows })
