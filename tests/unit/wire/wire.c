/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole frames: what each header says, by link type, tag, IP header and tunnel. */
#include "sweep.h"

/* 192.0.2.1 > 239.1.2.3, TTL 5, UDP 4000 > 5000 without payload. */
#define IP4_UDP "4500001c 0001 0000 0511 02cb c0000201 ef010203  0fa0 1388 0008 0000"
/* 2001:db8::1 > ff0e::5, hop limit 7, the same ports. */
#define IP6_HEADER(length, next)                                                                   \
	"60000000" length next "07 20010db8 00000000 00000000 00000001 ff0e0000 00000000 00000000 00000005"
#define UDP6	"0fa0 1388 0008 afe8"
#define IP6_UDP IP6_HEADER("0008", "11") UDP6
#define LINKTYPE_WIFI 105
#define MACS	"01005e010203 020000000001"

/* Unicast headers around a tunnel.  Their lengths are 0, so that they hold all that follows. */
#define OUTER4(protocol) "45000000 0000 0000 40" protocol "0000 0a000001 0a000002"
#define OUTER6(next)                                                                               \
	"60000000 0000" next "40 20010db8 00000000 00000000 00000008 20010db8 00000000 00000000 00000009"
#define OUTER_UDP(port) OUTER4("11") "c000" port "0000 0000"

#define SAYS4	"udp send 192.0.2.1,239.1.2.3 ttl 5 port 5000"
#define SAYS6	"udp send 2001:db8::1,ff0e::5 ttl 7 port 5000"
#define TUNNEL4 "udp send 192.0.2.1,239.1.2.3 tunnel ttl 5 port 5000"
#define TUNNEL6 "udp send 2001:db8::1,ff0e::5 tunnel ttl 7 port 5000"

struct row {
	const char *name;
	uint32_t    linktype;
	const char *hex;
	uint32_t    missing;	/* bytes that the snap length took */
	const char *says;
};

static const struct row links[] = {
	{ "Ethernet, IPv4", 1, MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "Ethernet, IPv6", 1, MACS "86dd" IP6_UDP, 0, SAYS6 },
	{ "Ethernet, padding behind", 1, MACS "0800" IP4_UDP "0000 0000 0000 1111 2222", 0, SAYS4 },
	{ "802.1Q", 1, MACS "8100 a00c 0800" IP4_UDP, 0, SAYS4 " vlan 12" },
	{ "802.1ad: the outermost tag", 1, MACS "88a8 0064 8100 000c 0800" IP4_UDP, 0, SAYS4 " vlan 100" },
	{ "QinQ, three tags", 1, MACS "9100 0001 9200 0002 8100 0003 86dd" IP6_UDP, 0, SAYS6 " vlan 1" },
	{ "VN-Tag", 1, MACS "8926 00000000 8100 0007 0800" IP4_UDP, 0, SAYS4 " vlan 7" },
	{ "802.1ah", 1, MACS "88e7 00000001" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "HSR", 1, MACS "892f 1020 0001 0800" IP4_UDP, 0, SAYS4 },
	{ "802.1CB", 1, MACS "f1c1 0000 0001 8100 0005 0800" IP4_UDP, 0, SAYS4 " vlan 5" },
	{ "TRILL, an option", 1, MACS "22f3 005f 0001 0002 00000000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "FabricPath", 1, "020000000101 020000000100 8903 0060" MACS "8100 0006 0800" IP4_UDP, 0,
	  SAYS4 " vlan 6" },
	{ "ISL", 1, "01000c0000 00 020000000009 0036 aaaa03 00000c 0014 0000 0000" MACS "0800" IP4_UDP "00000000", 0,
	  SAYS4 " vlan 10" },
	{ "DSA", 284, MACS "c0180064 0800" IP4_UDP, 0, SAYS4 },
	{ "EDSA", 285, MACS "dada0000 c0180064 0800" IP4_UDP, 0, SAYS4 },
	{ "Broadcom's tag", 281, MACS "20000001 0800" IP4_UDP, 0, SAYS4 },
	{ "Broadcom's tag before the frame", 282, "20000001" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "DOCSIS", 143, "00 00 002a 0000" MACS "0800" IP4_UDP "00000000", 0, SAYS4 },
	{ "DOCSIS, extended header", 143, "01 02 002c 0100 0000" MACS "0800" IP4_UDP "00000000", 0, SAYS4 },
	{ "802.3, LLC, SNAP", 1, MACS "0024 aaaa03 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "802.3, LLC IP", 1, MACS "001f 060603" IP4_UDP, 0, SAYS4 },
	{ "802.3, a bridged frame", 1, MACS "0034 aaaa03 0080c2 0007 0000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "spanning tree says nothing", 1, MACS "0003 424203", 0, "" },
	{ "ARP says nothing", 1, MACS "0806 0001 0800 0604 0001", 0, "" },
	{ "PPPoE", 1, MACS "8864 1100 0001 001e 0021" IP4_UDP, 0, SAYS4 },
	{ "PPPoE, IPv6", 1, MACS "8864 1100 0001 0032 0057" IP6_UDP, 0, SAYS6 },
	{ "MACsec in clear", 1, MACS "88e5 00 00 00000001 0800" IP4_UDP, 0, SAYS4 },
	{ "MACsec encrypted", 1, MACS "88e5 0c 00 00000001 0800" IP4_UDP, 0, "" },
	{ "NSH shorter than itself", 1, MACS "894f 0f01 0201 000001ff" IP4_UDP, 0, "" },
	{ "NSH, IPv4", 1, MACS "894f 0f02 0201 000001ff" IP4_UDP, 0, SAYS4 },
	{ "Linux cooked", 113, "0000 0001 0006 020000000001 0000 0800" IP4_UDP, 0, SAYS4 },
	{ "Linux cooked, VLAN", 113, "0000 0001 0006 020000000001 0000 8100 000c 0800" IP4_UDP, 0,
	  SAYS4 " vlan 12" },
	{ "Linux cooked, LLC", 113, "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800" IP4_UDP, 0,
	  SAYS4 },
	{ "Linux cooked 2", 276, "86dd 0000 00000002 0001 00 06 020000000001 0000" IP6_UDP, 0, SAYS6 },
	{ "raw IPv4", 101, IP4_UDP, 0, SAYS4 },
	{ "raw IPv6", 101, IP6_UDP, 0, SAYS6 },
	{ "raw, 12", 12, IP4_UDP, 0, SAYS4 },
	{ "raw, 14", 14, IP6_UDP, 0, SAYS6 },
	{ "IPv4", 228, IP4_UDP, 0, SAYS4 },
	{ "IPv6", 229, IP6_UDP, 0, SAYS6 },
	{ "NULL, little-endian", 0, "02000000" IP4_UDP, 0, SAYS4 },
	{ "NULL, big-endian", 0, "00000002" IP4_UDP, 0, SAYS4 },
	{ "NULL, IPv6 of NetBSD", 0, "18000000" IP6_UDP, 0, SAYS6 },
	{ "NULL, IPv6 of FreeBSD", 0, "1c000000" IP6_UDP, 0, SAYS6 },
	{ "NULL, IPv6 of Darwin", 0, "0000001e" IP6_UDP, 0, SAYS6 },
	{ "LOOP", 108, "00000018" IP6_UDP, 0, SAYS6 },
	{ "PPP", 9, "0021" IP4_UDP, 0, SAYS4 },
	{ "PPP, framed", 9, "ff03 0057" IP6_UDP, 0, SAYS6 },
	{ "PPP, compressed protocol", 9, "21" IP4_UDP, 0, SAYS4 },
	{ "PPP, LCP says nothing", 9, "ff03 c021 01 01 0004", 0, "" },
	{ "PPP in HDLC framing", 50, "ff03 0021" IP4_UDP, 0, SAYS4 },
	{ "PPP in HDLC framing: Cisco's", 50, "0f00 0800" IP4_UDP, 0, SAYS4 },
	{ "PPP over Ethernet", 51, "1100 0001 001e 0021" IP4_UDP, 0, SAYS4 },
	{ "PPP with direction", 204, "01 ff03 0021" IP4_UDP, 0, SAYS4 },
	{ "PPP of pppd", 166, "01 03 0021" IP4_UDP, 0, SAYS4 },
	{ "Cisco HDLC", 104, "8f00 86dd" IP6_UDP, 0, SAYS6 },
	{ "Cisco HDLC with direction", 205, "00 0f00 0800" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay", 107, "1841 03 cc" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay, IPv6", 107, "1841 03 8e" IP6_UDP, 0, SAYS6 },
	{ "Frame Relay, padding and SNAP", 107, "1841 03 00 80 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay, bridged", 107, "1841 03 00 80 0080c2 0007" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay of Cisco", 107, "1841 0800" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay, four address bytes", 107, "18400001 03 cc" IP4_UDP, 0, SAYS4 },
	{ "Frame Relay with direction", 206, "01 1841 03 cc" IP4_UDP, 0, SAYS4 },
	{ "multilink Frame Relay", 182, "c000 1841 03 cc" IP4_UDP, 0, SAYS4 },
	{ "SLIP", 8, "00 450000000000000000000000000000" IP4_UDP, 0, SAYS4 },
	{ "NFLOG", 239, "02 00 0000 0800 0100 00000100 2000 0900" IP4_UDP, 0, SAYS4 },
	{ "NFLOG, big-endian, IPv6", 239, "0a 00 0000 0034 0009" IP6_UDP, 0, SAYS6 },
	{ "Solaris ipnet", 226, "01 02 0000 00000000 00000000 00000000 00000000 00000000" IP4_UDP, 0, SAYS4 },
	{ "OpenBSD enc", 109, "00000002 00000001 00000000" IP4_UDP, 0, SAYS4 },
	{ "OpenBSD pflog", 117, "05 02 0000 00 000000" IP4_UDP, 0, SAYS4 },
	{ "FDDI", 10, "50" MACS "aaaa03 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "token ring, source-routed", 6, "1040 c00000040000 800000000001 0670 0011 0022 aaaa03 000000 0800" IP4_UDP,
	  0, SAYS4 },
	{ "ARCNET", 129, "01 00 0000 d4 00 0001" IP4_UDP, 0, SAYS4 },
	{ "ATM", 100, "aaaa03 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "ATM, Classical IP of Linux", 106, IP4_UDP, 0, SAYS4 },
	{ "SunATM", 123, "82 00 0064 aaaa03 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "IP over Fibre Channel", 122, "0000000000000001 0000000000000002 aaaa03 000000 0800" IP4_UDP, 0, SAYS4 },
	{ "IP over FireWire", 138, "0000000000000001 0000000000000002 0800" IP4_UDP, 0, SAYS4 },
	{ "IP over InfiniBand", 242,
	  "6000000000201b01 00000000000000000000000000000001 ff12401b000000000000000000000002 0800 0000" IP4_UDP, 0, SAYS4 },
	{ "Ethernet behind a preamble", 274, "55555555555555d5" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "netANALYZER", 240, "00000000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "ERF, Ethernet", 197, "0000000000000000 02 04 0040 0000 003c 0000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "ERF, an extension header", 197,
	  "0000000000000000 82 04 0040 0000 003c 0300000000000000 0000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "PKTAP", 258, "10000000 01000000 01000000 00000000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "Juniper, Ethernet", 178, "4d4743 80 0006 010103020401" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "Juniper, no link header", 178, "4d4743 83 0006 010103020401 00000800" IP4_UDP, 0, SAYS4 },
	{ "Juniper, PPP", 179, "4d4743 00 ff03 0021" IP4_UDP, 0, SAYS4 },
	{ "Juniper, Frame Relay", 180, "4d4743 00 1841 03 cc" IP4_UDP, 0, SAYS4 },
	{ "Juniper, Cisco HDLC", 181, "4d4743 01 0f00 0800" IP4_UDP, 0, SAYS4 },
	{ "Juniper without magic", 178, "4d4744 00" MACS "0800" IP4_UDP, 0, "" },
	{ "MPLS as a link", 219, "00064 1ff" IP4_UDP, 0, SAYS4 },
	{ "an unknown link", 147, MACS "0800" IP4_UDP, 0, "" },
};

/* IEEE 802.11: receiver, transmitter, third address. */
#define WIFI_ADDRESSES "01005e010203 020000000009 020000000001 1000"
#define SNAP "aaaa03 000000 0800"

static const struct row wifi[] = {
	{ "from the access point", 105, "0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
	{ "to the access point", 105, "0801 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
	{ "four addresses", 105, "0803 0000" WIFI_ADDRESSES "020000000007" SNAP IP4_UDP, 0, SAYS4 },
	{ "QoS", 105, "8802 0000" WIFI_ADDRESSES "0000" SNAP IP4_UDP, 0, SAYS4 },
	{ "QoS, four addresses, HT control", 105,
	  "8883 0000" WIFI_ADDRESSES "020000000007 0000 00000000" SNAP IP4_UDP, 0, SAYS4 },
	{ "A-MSDU: two frames", 105,
	  "8802 0000" WIFI_ADDRESSES "8000"
	  "01005e010203 020000000001 0024" SNAP IP4_UDP "0000"
	  "333300000005 020000000002 0038 aaaa03 000000 86dd" IP6_UDP, 0, SAYS4 "; " SAYS6 },
	{ "A-MSDU: a frame that needs no padding", 105,
	  "8802 0000" WIFI_ADDRESSES "8000 ffffffffffff 020000000001 0026 aaaa03 000000 0806"
	  "000108000604000102000000000100000000000000000000000000000000"
	  "01005e010203 020000000001 0024" SNAP IP4_UDP, 0, SAYS4 },
	{ "protected", 105, "0842 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, "" },
	{ "no data", 105, "4801 0000" WIFI_ADDRESSES, 0, "" },
	{ "a beacon", 105, "8000 0000" WIFI_ADDRESSES "0000", 0, "" },
	{ "a later fragment", 105, "0802 0000 01005e010203 020000000009 020000000001 1100" SNAP IP4_UDP, 0, "" },
	{ "radiotap", 127, "0000 0900 02000000 10 0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
	{ "radiotap: time, flags, padded header", 127,
	  "0000 1100 03000000 0000000000000000 20 8802 0000" WIFI_ADDRESSES "0000 0000" SNAP IP4_UDP, 0, SAYS4 },
	{ "radiotap: more presence words", 127,
	  "0000 1900 03000080 00000000 00000000 0000000000000000 20"
	  "8802 0000" WIFI_ADDRESSES "0000 0000" SNAP IP4_UDP, 0, SAYS4 },
	{ "PPI", 192, "0000 0800 69000000 0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
	{ "PPI, Ethernet", 192, "0000 0c00 01000000 00000000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "AVS", 163, "80211001 0000000c 00000000 0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
	{ "Prism", 119, "44000000 0c000000 00000000 0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, SAYS4 },
};

static const struct row headers[] = {
	{ "MPLS", 1, MACS "8847 00064 1ff" IP4_UDP, 0, SAYS4 },
	{ "MPLS, three labels, IPv6", 1, MACS "8847 00064 0ff 00065 0ff 00066 1ff" IP6_UDP, 0, SAYS6 },
	{ "MPLS, Ethernet with control word", 1, MACS "8847 00064 1ff 00000000" MACS "0800" IP4_UDP, 0, SAYS4 },
	{ "MPLS, Ethernet without", 1, MACS "8847 00064 1ff" MACS "8100 0009 0800" IP4_UDP, 0,
	  SAYS4 " vlan 9" },
	{ "MPLS, a frame that begins with 4", 1,
	  MACS "8847 00064 1ff 4a0000000002 020000000001 0800" IP4_UDP, 0, SAYS4 },
	{ "MPLS, IP whose source looks like the type of a frame", 1,
	  MACS "8847 00064 1ff 4500001c 0001 0000 0511 77cb 08004501 ef010203  0fa0 1388 0008 0000", 0,
	  "udp send 8.0.69.1,239.1.2.3 ttl 5 port 5000" },
	{ "MPLS without its last label", 1, MACS "8847 00064 0ff", 0, "" },
	{ "Router Alert, then data", 1, MACS "0800 46000020 0001 0000 0511 0000 c0000201 ef010203 94040000"
	  "0fa0 1388 0008 0000", 0, "udp send 192.0.2.1,239.1.2.3 bad-ip-checksum ttl 5 port 5000" },
	{ "a loose route: the pseudo-header has its last hop", 101,
	  "47000024 0001 0000 0511 73ca c0000201 ef010203 83 07 04 ef010204 00  0fa0 1388 0008 29af", 0,
	  "udp send 192.0.2.1,239.1.2.3 ttl 5 port 5000" },
	{ "total length 0", 101, "45000000 0001 0000 0511 02e7 c0000201 ef010203  0fa0 1388 0008 0000", 0, SAYS4 },
	{ "a first fragment", 101, "45000024 0001 2000 0511 e2c2 c0000201 ef010203"
	  "0fa0 1388 0100 0000 0102030405060708", 0,
	  "udp send 192.0.2.1,239.1.2.3 fragment ttl 5 port 5000" },
	{ "a later fragment has no port", 101, "4500001c 0001 0002 0511 02c9 c0000201 ef010203 0102030405060708", 0,
	  "udp send 192.0.2.1,239.1.2.3 fragment ttl 5" },
	{ "a later fragment of IGMP", 101, "4500001c 0001 0002 0102 06d8 c0000201 ef010203 0102030405060708", 0,
	  "igmp anomaly short fragment ttl 1" },
	{ "a later fragment of a Register", 101,
	  "4500001c 0001 0002 4067 0000 c0000201 0a010203 0102030405060708", 0, "" },
	{ "cut behind the ports", 101, "4500001c 0001 0000 0511 02cb c0000201 ef010203 0fa0 1388", 4,
	  "udp send 192.0.2.1,239.1.2.3 cut ttl 5 port 5000" },
	{ "cut before the ports", 101, "4500001c 0001 0000 0511 02cb c0000201 ef010203", 8,
	  "udp send 192.0.2.1,239.1.2.3 cut ttl 5" },
	{ "cut inside of the header", 101, "4500001c 0001 0000 0511 02cb c0000201", 12, "ip anomaly cut ttl 0" },
	{ "only padding is cut", 1, MACS "0800" IP4_UDP, 4, SAYS4 },
	{ "a header that ends too soon", 101, "4500001c 0001 0000 0511", 0, "ip anomaly short ttl 0" },
	{ "version 5", 101, "5500001c 0001 0000 0511 02cb c0000201 ef010203", 0, "ip anomaly version ttl 0" },
	{ "a header of 16 bytes", 101, "4400001c 0001 0000 0511 02cb c0000201 ef010203", 0,
	  "ip anomaly length ttl 0" },
	{ "shorter than its header", 101, "45000013 0001 0000 0511 02cb c0000201 ef010203", 0,
	  "ip anomaly length ttl 0" },
	{ "longer than its frame", 101, "4500001d 0001 0000 0511 02ca c0000201 ef010203 0fa0 1388 0009 0000", 0,
	  "ip anomaly short ttl 5" },
	{ "unicast, longer than its frame", 101, "4500001d 0001 0000 0511 0000 c0000201 0a010203 0fa0 1388", 0, "" },
	{ "UDP longer than its packet", 101, "4500001c 0001 0000 0511 02cb c0000201 ef010203 0fa0 1388 0009 0000", 0,
	  SAYS4 "; udp anomaly length ttl 5 port 5000" },
	{ "UDP shorter than its header", 101, "4500001c 0001 0000 0511 02cb c0000201 ef010203 0fa0 1388 0007 0000",
	  0, SAYS4 "; udp anomaly length ttl 5 port 5000" },
	{ "a wrong UDP checksum", 101, "4500001c 0001 0000 0511 02cb c0000201 ef010203 0fa0 1388 0008 0001", 0,
	  "udp send 192.0.2.1,239.1.2.3 bad-udp-checksum ttl 5 port 5000" },
	{ "no UDP checksum in IPv6", 101, IP6_HEADER("0008", "11") "0fa0 1388 0008 0000", 0,
	  "udp send 2001:db8::1,ff0e::5 bad-udp-checksum ttl 7 port 5000" },
	{ "TCP to a group", 101, "45000028 0001 0000 0506 02ca c0000201 ef010203"
	  "0fa0 1388 00000000 00000000 5002 0000 0000 0000", 0,
	  "tcp send 192.0.2.1,239.1.2.3 ttl 5 port 5000" },
	{ "another protocol", 101, "45000018 0001 0000 0559 0287 c0000201 ef010203 00000000", 0,
	  "ip send 192.0.2.1,239.1.2.3 ttl 5" },
	{ "AH in IPv4", 101, "45000034 0001 0000 0533 0291 c0000201 ef010203"
	  "11 04 0000 00000001 00000001 000000000000000000000000  0fa0 1388 0008 0000", 0, SAYS4 },
	{ "an ICMP error's quote is not judged", 101,
	  "45000038 0000 0000 4001 0000 0a000001 0a000002 0b00 0000 00000000" IP4_UDP, 0, "" },
	{ "hop-by-hop", 101, IP6_HEADER("0010", "00") "11 00 0502 0000 0100" UDP6, 0, SAYS6 },
	{ "destination options", 101, IP6_HEADER("0010", "3c") "11 00 0104 00000000" UDP6, 0, SAYS6 },
	{ "AH", 101, IP6_HEADER("0018", "33") "11 02 0000 00000001 00000001 00000000" UDP6, 0, SAYS6 },
	{ "a first IPv6 fragment", 101, IP6_HEADER("0010", "2c") "11 00 0001 00000001" UDP6, 0,
	  "udp send 2001:db8::1,ff0e::5 fragment ttl 7 port 5000" },
	{ "an atomic fragment", 101, IP6_HEADER("0010", "2c") "11 00 0000 00000001" UDP6, 0, SAYS6 },
	{ "a later IPv6 fragment", 101, IP6_HEADER("0010", "2c") "11 00 0008 00000001" UDP6, 0,
	  "udp send 2001:db8::1,ff0e::5 fragment ttl 7" },
	{ "routing: the pseudo-header has the last address", 101,
	  IP6_HEADER("0020", "2b") "11 02 00 01 00000000 ff0e0000 00000000 00000000 00000006" "0fa0 1388 0008 afe7",
	  0, SAYS6 },
	{ "segment routing: its first", 101,
	  IP6_HEADER("0030", "2b") "11 04 04 01 01 00 0000 ff0e0000 00000000 00000000 00000006"
	  "20010db8 00000000 00000000 00000099" "0fa0 1388 0008 afe7", 0, SAYS6 },
	{ "a jumbogram", 101, IP6_HEADER("0000", "00") "11 00 c204 00000010" UDP6, 0, SAYS6 },
	{ "a jumbogram longer than its frame", 101, IP6_HEADER("0000", "00") "11 00 c204 00010010" UDP6, 0,
	  "ip anomaly short ttl 7" },
	{ "an extension header past the end", 101, IP6_HEADER("0008", "3c") "11 01 0104 00000000", 0,
	  "ip anomaly short ttl 7" },
	{ "an extension header that is cut", 101, IP6_HEADER("0010", "3c") "11 01 0104 00000000", 8,
	  "ip send 2001:db8::1,ff0e::5 cut ttl 7" },
	{ "no next header", 101, IP6_HEADER("0000", "3b"), 0, "ip send 2001:db8::1,ff0e::5 ttl 7" },
	{ "neighbour solicitation is data", 101,
	  "60000000 0018 3a ff fe800000 00000000 00000000 00000001 ff020000 00000000 00000001 ff000002"
	  "87 00 7da1 00000000 fe800000 00000000 00000000 00000002", 0,
	  "icmp6 send fe80::1,ff02::1:ff00:2 ttl 255" },
	{ "its checksum is verified too", 101,
	  "60000000 0018 3a ff fe800000 00000000 00000000 00000001 ff020000 00000000 00000001 ff000002"
	  "87 00 0000 00000000 fe800000 00000000 00000000 00000002", 0,
	  "icmp6 send fe80::1,ff02::1:ff00:2 bad-checksum ttl 255" },
	{ "scope F", 101,
	  "60000000 0008 11 07 20010db8 00000000 00000000 00000001 ff0f0000 00000000 00000000 00000005"
	  "0fa0 1388 0008 afe7", 0, "udp send 2001:db8::1,ff0f::5 scope-f ttl 7 port 5000" },
};

static const struct row tunnels[] = {
	{ "IP in IP", 101, OUTER4("04") IP4_UDP, 0, TUNNEL4 },
	{ "6in4", 101, OUTER4("29") IP6_UDP, 0, TUNNEL6 },
	{ "4in6", 101, OUTER6("04") IP4_UDP, 0, TUNNEL4 },
	{ "6in6", 101, OUTER6("29") IP6_UDP, 0, TUNNEL6 },
	{ "both headers are multicast", 101,
	  "45000030 0001 0000 0904 fec3 c0000201 ef010203" IP4_UDP, 0, "ip send 192.0.2.1,239.1.2.3 ttl 9; " TUNNEL4 },
	{ "GRE", 101, OUTER4("2f") "0000 0800" IP4_UDP, 0, TUNNEL4 },
	{ "GRE, checksum, key, sequence", 101,
	  OUTER4("2f") "b000 86dd 00000000 00000001 00000002" IP6_UDP, 0, TUNNEL6 },
	{ "GRE, routing", 101, OUTER4("2f") "4000 0800 00000000 0800 00 04 0a000001 0000 00 00" IP4_UDP, 0,
	  TUNNEL4 },
	{ "GRE, Ethernet: the VLAN is not the link's", 101,
	  OUTER4("2f") "0000 6558" MACS "8100 0005 0800" IP4_UDP, 0, TUNNEL4 },
	{ "GRE, MPLS", 101, OUTER4("2f") "0000 8847 00064 1ff" IP4_UDP, 0, TUNNEL4 },
	{ "ERSPAN I", 101, OUTER4("2f") "0000 88be" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "ERSPAN II", 101, OUTER4("2f") "1000 88be 00000001 1001000000000000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "ERSPAN III", 101, OUTER4("2f") "1000 22eb 00000001 20010000 00000000 00000000" MACS "0800" IP4_UDP, 0,
	  TUNNEL4 },
	{ "ERSPAN III, subheader", 101,
	  OUTER4("2f") "1000 22eb 00000001 20010000 00000000 00000001 0000000000000000" MACS "0800" IP4_UDP, 0,
	  TUNNEL4 },
	{ "WCCP", 101, OUTER4("2f") "0000 883e 01020304" IP4_UDP, 0, TUNNEL4 },
	{ "WCCP without redirect header", 101, OUTER4("2f") "0000 883e" IP4_UDP, 0, TUNNEL4 },
	{ "PPTP", 101, OUTER4("2f") "3081 880b 001e 0001 00000001 00000001 0021" IP4_UDP, 0, TUNNEL4 },
	{ "EtherIP", 101, OUTER4("61") "3000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "L2TPv3", 101, OUTER4("73") "00000001" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "L2TPv3, cookie and sublayer", 101,
	  OUTER4("73") "00000001 0102030405060708 40000000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "MPLS in IP", 101, OUTER4("89") "00064 1ff" IP4_UDP, 0, TUNNEL4 },
	{ "VXLAN", 101, OUTER_UDP("12b5") "08000000 00000100" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "VXLAN, the old port", 101, OUTER_UDP("2118") "08000000 00000100" MACS "86dd" IP6_UDP, 0, TUNNEL6 },
	{ "VXLAN without I, but with a frame", 101, OUTER_UDP("12b5") "00000000 00000100" MACS "0800" IP4_UDP, 0,
	  TUNNEL4 },
	{ "no VXLAN", 101, OUTER_UDP("12b5") "00000000 00000100" MACS "1234" IP4_UDP, 0, "" },
	{ "VXLAN-GPE", 101, OUTER_UDP("12b6") "0c000001 00000100" IP4_UDP, 0, TUNNEL4 },
	{ "VXLAN-GPE, NSH", 101, OUTER_UDP("12b6") "0c000004 00000100 0f02 0201 000001ff" IP4_UDP, 0, TUNNEL4 },
	{ "VXLAN to a group", 101,
	  "4500004e 0001 0000 0511 0299 c0000201 ef010203 c000 12b5 003a 0000 08000000 00000100" MACS "0800" IP4_UDP,
	  0, "udp send 192.0.2.1,239.1.2.3 ttl 5 port 4789; " TUNNEL4 },
	{ "Geneve, options", 101, OUTER_UDP("17c1") "0100 6558 00000100 00000000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "Geneve, IPv4", 101, OUTER_UDP("17c1") "0000 0800 00000100" IP4_UDP, 0, TUNNEL4 },
	{ "Teredo", 101, OUTER_UDP("0dd8") IP6_UDP, 0, TUNNEL6 },
	{ "Teredo, authentication and origin", 101,
	  OUTER_UDP("0dd8") "0001 02 01 aabb cc 0102030405060708 00 0000 f227 f5fffffe" IP6_UDP, 0, TUNNEL6 },
	{ "AMT, data", 101, OUTER_UDP("08dc") "0600" IP4_UDP, 0, TUNNEL4 },
	{ "AMT, membership update", 101,
	  OUTER_UDP("08dc") "0500 010203040506 01020304"
	  "46000020 0000 0000 0102 29d3 0a000001 ef010203 94040000 1600 f8fa ef010203", 0,
	  "igmp join *,239.1.2.3 tunnel ttl 1" },
	{ "L2TP", 101, OUTER_UDP("06a5") "0002 0001 0002 ff03 0021" IP4_UDP, 0, TUNNEL4 },
	{ "L2TP, every field", 101, OUTER_UDP("06a5") "4a02 0040 0001 0002 0000 0000 0002 0000 0021" IP4_UDP, 0,
	  TUNNEL4 },
	{ "L2TP, control", 101, OUTER_UDP("06a5") "c802 000c 0001 0000 0000 0000", 0, "" },
	{ "L2TPv3 over UDP", 101, OUTER_UDP("06a5") "0003 0000 00000001 00000000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "CAPWAP, 802.3", 101, OUTER_UDP("147f") "00 100000 00000000" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "CAPWAP, 802.11", 101, OUTER_UDP("147f") "00 100300 00000000 0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0,
	  TUNNEL4 },
	{ "CAPWAP, swapped frame control", 101,
	  OUTER_UDP("147f") "00 100300 00000000 0208 0000" WIFI_ADDRESSES SNAP IP4_UDP, 0, TUNNEL4 },
	{ "CAPWAP, encrypted", 101, OUTER_UDP("147f") "01 000000" MACS "0800" IP4_UDP, 0, "" },
	{ "GTP", 101, OUTER_UDP("0868") "30ff 001c 00000001" IP4_UDP, 0, TUNNEL4 },
	{ "GTP, sequence and extension headers", 101,
	  OUTER_UDP("0868") "36ff 0028 00000001 0001 00 85 01 0000 c0 01 0000 00" IP4_UDP, 0, TUNNEL4 },
	{ "GTP version 0", 101, OUTER_UDP("0d3a") "1eff 001c 0000 0000 00000000 0000000000000000" IP4_UDP, 0,
	  TUNNEL4 },
	{ "AYIYA", 101, OUTER_UDP("13d0") "4052 1129 00000000" "00000000000000000000000000000000"
	  "0000000000000000000000000000000000000000" IP6_UDP, 0, TUNNEL6 },
	{ "LISP", 101, OUTER_UDP("10f5") "80000000 00000000" IP4_UDP, 0, TUNNEL4 },
	{ "GRE in UDP", 101, OUTER_UDP("1292") "0000 0800" IP4_UDP, 0, TUNNEL4 },
	{ "MPLS in UDP", 101, OUTER_UDP("19eb") "00064 1ff" IP4_UDP, 0, TUNNEL4 },
	{ "TZSP", 101, OUTER_UDP("9090") "01 00 0001 00 0a 01 c3 01" MACS "0800" IP4_UDP, 0, TUNNEL4 },
	{ "three tunnels deep", 101, OUTER4("04") OUTER4("2f") "0000 86dd" OUTER6("29") IP6_UDP, 0, TUNNEL6 },
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
				 .length = (uint32_t)bytes.n + row->missing };
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

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct text text = decode(&rows[i]);

		check_text(text_string(&text), rows[i].says, rows[i].name);
		text_release(&text);
	}
}

static void test_links(void)
{
	check_rows(links, COUNT(links));
}

static void test_wifi(void)
{
	check_rows(wifi, COUNT(wifi));
}

static void test_headers(void)
{
	check_rows(headers, COUNT(headers));
}

static void test_tunnels(void)
{
	check_rows(tunnels, COUNT(tunnels));
}

/* What is said of the frame as a whole. */
static const struct {
	const char *name;
	uint32_t    linktype;
	const char *hex;
	bool	    has_ip, is_multicast, is_read;
} frames[] = {
	{ "data", 1, MACS "0800" IP4_UDP, true, true, true },
	{ "unicast", 101, OUTER4("59"), true, false, true },
	{ "the innermost header decides", 101, OUTER4("04") IP4_UDP, true, true, true },
	{ "a multicast VXLAN of unicast", 101,
	  "45000000 0001 0000 0511 0000 c0000201 ef010203 c000 12b5 0000 0000 08000000 00000100" MACS
	  "0800" OUTER4("59"), true, false, true },
	{ "one of two frames in an A-MSDU", 105,
	  "8802 0000" WIFI_ADDRESSES "8000 01005e010203 020000000001 0024" SNAP IP4_UDP "0000"
	  "020000000003 020000000001 001c" SNAP OUTER4("59"), true, true, true },
	{ "a Null-Register", 101,
	  "45000030 0001 0000 4067 0000 0a000001 0a000002 2100 9eff 40000000"
	  "45000014 0000 0000 0067 0000 c0000201 ef010203", true, true, true },
	{ "an ICMP error about multicast", 101, OUTER4("01") "0b00 0000 00000000" IP4_UDP, true, false, true },
	{ "ARP", 1, MACS "0806 0001", false, false, true },
	{ "a broken IP header", 1, MACS "0800 4500", false, false, false },
	{ "a frame of ten bytes", 1, "01005e010203 02000000", false, false, false },
	{ "protected", 105, "0842 0000" WIFI_ADDRESSES SNAP IP4_UDP, false, false, false },
	{ "an unknown link", 147, MACS "0800" IP4_UDP, false, false, false },
};

static void test_frames(void)
{
	struct wire_options options = { 0 };
	struct said said;

	said_init(&said);
	for (size_t i = 0; i < COUNT(frames); i++) {
		struct span bytes = t_bytes(frames[i].hex);
		struct packet packet = { .bytes = bytes, .linktype = frames[i].linktype,
					 .length = (uint32_t)bytes.n };

		wire_decode(&packet, &options, &said);
		check_named(said.has_ip == frames[i].has_ip, frames[i].name);
		check_named(said.is_multicast == frames[i].is_multicast, frames[i].name);
		check_named(said.is_read == frames[i].is_read, frames[i].name);
		free((void *)bytes.p);
	}
	said_release(&said);
}

/* Decodes a frame that stays; what was said is the caller's to look at. */
static void decode_into(uint32_t linktype, struct span bytes, struct said *said)
{
	struct packet packet = { .bytes = bytes, .length = (uint32_t)bytes.n, .linktype = linktype,
				 .link = 3, .at = { 42 } };
	struct wire_options options = { 0 };

	wire_decode(&packet, &options, said);
}

static void check_mac(uint32_t linktype, const char *hex, const char *mac)
{
	struct span bytes = t_bytes(hex), should = t_bytes(mac);
	struct said said;

	said_init(&said);
	decode_into(linktype, bytes, &said);
	check_named(said.n == 1 && said.list[0].has_mac == (should.n == 6), hex);
	check_named(should.n == 0 || memcmp(said.list[0].mac, should.p, 6) == 0, hex);
	check(said.n == 1 && said.list[0].at.ns == 42 && said.list[0].link == 3);
	check(said.n == 1 && said.list[0].bytes == bytes.n);
	said_release(&said);
	free((void *)bytes.p);
	free((void *)should.p);
}

static void test_macs(void)
{
	check_mac(1, MACS "0800" IP4_UDP, "020000000001");
	check_mac(113, "0000 0001 0006 0200000000aa 0000 0800" IP4_UDP, "0200000000aa");
	check_mac(113, "0000 0001 0000 000000000000 0000 0800" IP4_UDP, "");
	check_mac(276, "0800 0000 00000002 0001 00 06 0200000000ab 0000" IP4_UDP, "0200000000ab");
	check_mac(105, "0802 0000" WIFI_ADDRESSES SNAP IP4_UDP, "020000000001");
	check_mac(105, "0801 0000" WIFI_ADDRESSES SNAP IP4_UDP, "020000000009");
	check_mac(105, "0803 0000" WIFI_ADDRESSES "0200000000ac" SNAP IP4_UDP, "0200000000ac");
	check_mac(239, "02 00 0000 1000 0800 0006 0000 0200000000ad 0000 2000 0900" IP4_UDP, "0200000000ad");
	check_mac(101, IP4_UDP, "");
}

/* One IP header more than weir follows: the packet is one anomaly. */
static uint32_t print_in(uint32_t linktype, const char *hex)
{
	struct span bytes = t_bytes(hex);
	uint32_t print;
	struct said said;

	said_init(&said);
	decode_into(linktype, bytes, &said);
	check_named(said.n == 1 && said.list[0].print != 0, hex);
	print = said.n ? said.list[0].print : 0;
	said_release(&said);
	free((void *)bytes.p);
	return print;
}

/* Copies are told apart by their circuit, and by no bit that varies from frame to frame. */
static void test_circuits(void)
{
	uint32_t relay = print_in(107, "1841 03 cc" IP4_UDP);
	uint32_t pppoe = print_in(1, MACS "8864 1100 0001 001e 0021" IP4_UDP);

	check(relay == print_in(107, "1a4f 03 cc" IP4_UDP));	/* C/R, FECN, BECN, DE */
	check(relay != print_in(107, "1851 03 cc" IP4_UDP));
	check(relay != print_in(107, "1c41 03 cc" IP4_UDP));
	check(print_in(107, "18400001 03 cc" IP4_UDP) != print_in(107, "18400201 03 cc" IP4_UDP));
	check(pppoe == print_in(1, MACS "8864 1100 0001 001e 0021" IP4_UDP));
	check(pppoe != print_in(1, MACS "8864 1100 0002 001e 0021" IP4_UDP));
}

static void test_depth(void)
{
	struct text hex = { 0 };
	struct said said;
	struct span bytes;

	said_init(&said);
	for (unsigned depth = LAYERS_DEPTH_MAX - 1; depth <= LAYERS_DEPTH_MAX; depth++) {
		text_reset(&hex);
		for (unsigned i = 0; i < depth; i++)
			text_put(&hex, OUTER4("04"));
		text_put(&hex, IP4_UDP);
		bytes = t_bytes(text_string(&hex));
		decode_into(101, bytes, &said);
		check(said.n == 1);
		check(said.list[0].anomaly == (depth < LAYERS_DEPTH_MAX ? ANOMALY_NONE : ANOMALY_DEPTH));
		free((void *)bytes.p);
	}
	text_release(&hex);
	said_release(&said);
}

static void test_segments(void)
{
	struct span bytes = t_bytes("45000000 0001 0000 4006 0000 0a000001 0a000002"
				    "c000 027f 01020304 00000000 6018 0000 0000 0000 01010101 040003");
	struct said said;
	struct segment *segment;

	said_init(&said);
	segment = &said.segments[0];
	decode_into(101, bytes, &said);
	check(said.n == 0 && said.segment_count == 1);
	check(segment->seq == 0x01020304 && segment->tcp_flags == 0 && segment->missing == 0);
	check(segment->payload.n == 3 && segment->payload.p == bytes.p + 44);
	check(segment->header.dport == 639 && segment->header.sport == 0xc000 && segment->header.has_ports);
	check(addr_equal(segment->header.speaker, t_addr("10.0.0.1")));
	check(segment->header.protocol == PROTOCOL_TCP && segment->header.ttl == 64);
	said_release(&said);
	free((void *)bytes.p);
}

/* A TCP segment of the RAS port, unicast: a notice, which is never judged. */
static void test_ras_port(void)
{
	struct span bytes = t_bytes(OUTER4("06") "c000 2619 01020304 00000000 5002 0000 0000 0000");
	struct said said;

	said_init(&said);
	decode_into(101, bytes, &said);
	check(said.n == 1 && said.list[0].notice && said.list[0].point == POINT_NONE);
	check(said.list[0].protocol == PROTOCOL_TCP && said.list[0].dport == 9753);
	said_release(&said);
	free((void *)bytes.p);
}

/* The sweeps see a frame of the link type that stands in the surroundings' `link`.  Each header
 * speaks for itself, and whichever breaks ends the chain: an anomaly is the last word. */
static void decode_frame(const struct layers *at, struct span bytes, struct said *out)
{
	struct packet packet = { .bytes = bytes, .length = (uint32_t)(bytes.n + at->cut),
				 .linktype = at->template.link };
	struct wire_options options = { .udp_checksums = true };

	wire_decode(&packet, &options, out);
	for (size_t i = 0; i + 1 < out->n && packet.linktype != LINKTYPE_WIFI; i++)
		check(out->list[i].anomaly == ANOMALY_NONE);
	out->n = 0;
}

static void sweep(const struct row *rows, size_t n)
{
	struct layers at = { .template = observation_none() };

	for (size_t i = 0; i < n; i++) {
		at.template.link = (uint16_t)rows[i].linktype;
		sweep_cuts(&at, rows[i].hex, false, decode_frame);
		sweep_flips(&at, rows[i].hex, decode_frame);
	}
}

static void test_sweeps(void)
{
	sweep(links, COUNT(links));
	sweep(wifi, COUNT(wifi));
	sweep(headers, COUNT(headers));
	sweep(tunnels, COUNT(tunnels));
}

static void test_linktype_names(void)
{
	check_text(linktype_name(1), "ETHERNET", "1");
	check_text(linktype_name(127), "IEEE802_11_RADIOTAP", "127");
	check_text(linktype_name(12), "RAW", "12");
	check_text(linktype_name(276), "LINUX_SLL2", "276");
	check(linktype_name(147) && !linktype_is_read(147));
	check(!linktype_name(4711) && !linktype_is_read(4711));
	check(linktype_is_read(228) && linktype_is_read(239));
}

TEST_MAIN({ "links", test_links }, { "circuits", test_circuits }, { "wifi", test_wifi }, { "headers", test_headers },
	  { "tunnels", test_tunnels }, { "frames", test_frames }, { "link-layer sources", test_macs },
	  { "depth", test_depth }, { "segments", test_segments }, { "RAS port", test_ras_port },
	  { "every cut, every bit", test_sweeps }, { "names of link types", test_linktype_names })
