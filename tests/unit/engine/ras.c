/* SPDX-License-Identifier: BSD-2-Clause */
/* The RAS inventory: what it counts, the life cycle, names that move, the bound. */
#include "engine/ras.h"
#include "sweep.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR (60 * MINUTE)

static struct observation said_by(const char *address, const char *hostname, int64_t at)
{
	struct observation obs = observation_none();

	obs.protocol = PROTOCOL_RASADV;
	obs.type = TYPE_ADVERTISEMENT;
	obs.speaker = t_addr(address);
	obs.hostname = span_of(hostname);
	obs.at.ns = at;
	obs.ttl = 15;
	obs.has_ttl = true;
	return obs;
}

static void hear(struct ras_table *table, const char *address, const char *hostname, int64_t at)
{
	struct observation obs = said_by(address, hostname, at);

	ras_table_hear(table, &obs);
}

static const struct ras_host *only(struct ras_table *table, int64_t now)
{
	const struct ras_host *const *hosts;
	size_t n;

	ras_table_settle(table, (struct mtime){ now });
	hosts = ras_table_hosts(table, &n);
	check(n == 1);
	return hosts[0];
}

static void test_counts(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "vpn1", 10 * NS_PER_S);
	const struct ras_host *host;

	obs.domain = span_of("example.com");
	obs.flags = FLAG_BIT(NO_NUL);
	obs.ttl = 13;
	obs.has_mac = true;
	obs.mac[5] = 7;
	ras_table_hear(table, &obs);
	obs.at.ns += HOUR;
	obs.flags = FLAG_BIT(EXTRA_BYTES);
	ras_table_hear(table, &obs);
	host = only(table, 2 * HOUR);
	check(host->count == 2 && host->first.ns == 10 * NS_PER_S);
	check(host->last.ns == 10 * NS_PER_S + HOUR && host->period_ns == HOUR);
	check(host->hops == 2 && host->ttl == 13 && host->has_mac && host->mac[5] == 7);
	check(host->notes == (FLAG_BIT(NO_NUL) | FLAG_BIT(EXTRA_BYTES)));
	check(host->hostname.n == 4 && memcmp(host->hostname.bytes, "vpn1", 4) == 0);
	check(host->domain.n == 11 && !host->renamed && host->authorised == RAS_NO_LIST);
	ras_table_free(table);
}

static void test_hops(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "a", 0);

	obs.ttl = 16;
	ras_table_hear(table, &obs);
	check(only(table, 0)->hops == RAS_HOPS_UNKNOWN);
	obs.ttl = 0;
	ras_table_hear(table, &obs);
	check(only(table, 0)->hops == 15);
	obs.has_ttl = false;
	ras_table_hear(table, &obs);
	check(only(table, 0)->hops == RAS_HOPS_UNKNOWN);
	ras_table_free(table);
}

static void test_life_cycle(void)
{
	struct ras_table *table = ras_table_new(NULL);
	int64_t back = HOUR + RAS_GONE_NS;

	hear(table, "192.0.2.1", "a", 0);
	check(only(table, 0)->state == RAS_NEW);
	check(only(table, RAS_LATE_NS - 1)->state == RAS_NEW);
	check(only(table, RAS_LATE_NS)->state == RAS_LATE);
	hear(table, "192.0.2.1", "a", HOUR);
	check(only(table, HOUR)->state == RAS_SEEN);
	check(only(table, back - 1)->state == RAS_LATE);
	check(only(table, back)->state == RAS_GONE);
	hear(table, "192.0.2.1", "a", back);
	check(only(table, back)->state == RAS_RETURNED && only(table, back)->returns == 1);
	check(only(table, back)->period_ns == HOUR);		/* silence is no period */
	hear(table, "192.0.2.1", "a", back - 5 * MINUTE);	/* time that goes back stands still */
	check(only(table, back)->last.ns == back && only(table, back)->count == 4);
	check(only(table, back + RAS_LATE_NS)->state == RAS_LATE);
	check_text(ras_state_name(RAS_RETURNED), "returned", "name");
	ras_table_free(table);
}

static void test_keys(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "a", 0);
	const struct ras_host *const *hosts;
	size_t n;

	ras_table_hear(table, &obs);
	obs.link = 1;
	ras_table_hear(table, &obs);				/* another interface */
	obs.vlan = 12;
	ras_table_hear(table, &obs);
	obs.link = 0;
	ras_table_hear(table, &obs);				/* the same VLAN, wherever */
	ras_table_settle(table, obs.at);
	hosts = ras_table_hosts(table, &n);
	check(n == 3 && hosts[0]->vlan == 12 && hosts[0]->count == 2);
	check(hosts[1]->link == 0 && hosts[2]->link == 1);
	check(!hosts[0]->duplicate_name && !hosts[1]->duplicate_name);
	ras_table_free(table);
}

static void check_names(struct ras_table *table, const char *says, const char *name)
{
	const struct ras_host *const *hosts;
	struct text text = { 0 };
	size_t n;

	ras_table_settle(table, (struct mtime){ 20 * HOUR });
	hosts = ras_table_hosts(table, &n);
	for (size_t i = 0; i < n; i++)
		text_printf(&text, "%s%s%s", i ? ", " : "", hosts[i]->moved ? "moved" : "",
			    hosts[i]->duplicate_name ? "duplicate" : "");
	check_text(text_string(&text), says, name);
	text_release(&text);
	ras_table_free(table);
}

static void test_names(void)
{
	struct ras_table *table = ras_table_new(NULL);

	hear(table, "192.0.2.1", "a", 0);
	hear(table, "192.0.2.1", "a", HOUR);
	hear(table, "192.0.2.2", "a", 2 * HOUR);
	hear(table, "192.0.2.3", "b", 2 * HOUR);
	check_names(table, ", moved, ", "one after the other");
	table = ras_table_new(NULL);
	hear(table, "192.0.2.1", "a", 0);
	hear(table, "192.0.2.2", "a", HOUR);
	hear(table, "192.0.2.1", "a", 2 * HOUR);
	check_names(table, "duplicate, duplicate", "both at a time");
	table = ras_table_new(NULL);
	hear(table, "192.0.2.1", "", 0);
	hear(table, "192.0.2.2", "", HOUR);
	check_names(table, ", ", "no name is no name");
	table = ras_table_new(NULL);
	hear(table, "192.0.2.1", "a", 0);
	hear(table, "192.0.2.2", "a", HOUR);
	hear(table, "192.0.2.3", "a", 3 * HOUR);
	hear(table, "192.0.2.2", "a", 4 * HOUR);
	check_names(table, ", movedduplicate, duplicate", "three");
}

static void test_renamed(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "", 2);

	hear(table, "192.0.2.1", "a", 0);
	hear(table, "192.0.2.1", "a", 1);
	obs.flags = FLAG_BIT(CUT);
	ras_table_hear(table, &obs);				/* its name was cut off */
	check(!only(table, 2)->renamed && only(table, 2)->hostname.n == 1);
	hear(table, "192.0.2.1", "b", 3);
	check(only(table, 3)->renamed && only(table, 3)->hostname.bytes[0] == 'b');
	ras_table_free(table);
}

static void test_others_are_passed_over(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "a", 0);
	size_t n;

	obs.anomaly = ANOMALY_SHORT;
	ras_table_hear(table, &obs);
	obs = said_by("192.0.2.1", "a", 0);
	obs.protocol = PROTOCOL_UDP;
	ras_table_hear(table, &obs);
	ras_table_settle(table, obs.at);
	ras_table_hosts(table, &n);
	check(n == 0);
	ras_table_free(table);
}

static void test_tcp(void)
{
	struct ras_table *table = ras_table_new(NULL);
	struct observation obs = said_by("192.0.2.1", "a", 0);

	ras_table_hear(table, &obs);
	obs = observation_none();
	obs.protocol = PROTOCOL_TCP;
	obs.speaker = t_addr("198.51.100.1");
	obs.receiver = t_addr("192.0.2.1");
	obs.sport = 50000;
	obs.dport = RASADV_PORT;
	obs.has_ports = true;
	ras_table_hear(table, &obs);
	obs.dport = 80;
	ras_table_hear(table, &obs);
	obs.dport = RASADV_PORT;
	obs.receiver = t_addr("192.0.2.2");
	ras_table_hear(table, &obs);
	check(only(table, 0)->tcp_segments == 1 && only(table, 0)->count == 1);
	ras_table_free(table);
}

static void test_authorised(void)
{
	struct diags diags;
	struct authorised *list;
	struct ras_table *table;

	diags_init(&diags);
	list = authorised_parse("list", span_of("192.0.2.1 vpn1\n"), &diags);
	table = ras_table_new(list);
	hear(table, "192.0.2.1", "vpn1", 0);
	check(only(table, 0)->authorised == RAS_AUTHORISED);
	hear(table, "192.0.2.1", "other", 1);
	check(only(table, 1)->authorised == RAS_NOT_AUTHORISED);
	ras_table_free(table);
	authorised_free(list);
	diags_release(&diags);
}

/* The hosts that were heard last stay, each with what was said of it. */
static void test_bound(void)
{
	struct ras_table *table = ras_table_new(NULL);
	const struct ras_host *const *hosts;
	struct observation obs = said_by("10.0.0.0", "a", 0);
	size_t n;

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < RAS_HOSTS_MAX + 1000; i++) {
			obs.speaker = addr_of4(0x0a000000 + i);
			obs.at.ns++;
			ras_table_hear(table, &obs);
		}
	}
	ras_table_settle(table, obs.at);
	hosts = ras_table_hosts(table, &n);
	check(n == RAS_HOSTS_MAX);
	check(ras_table_evicted(table) == 2 * (RAS_HOSTS_MAX + 1000) - RAS_HOSTS_MAX);
	check(hosts[0]->address.lo == 0x0a000000 + 1000 && hosts[0]->count == 1);
	for (size_t i = 0; i + 1 < n; i++)
		check(addr_order(hosts[i]->address, hosts[i + 1]->address) < 0);
	ras_table_free(table);
}

TEST_MAIN({ "counts", test_counts }, { "hops", test_hops }, { "life cycle", test_life_cycle },
	  { "keys", test_keys }, { "names", test_names }, { "renamed", test_renamed },
	  { "others are passed over", test_others_are_passed_over }, { "TCP", test_tcp },
	  { "authorised", test_authorised }, { "bound", test_bound })
