/* SPDX-License-Identifier: BSD-2-Clause */
/* What the policy language means, sentence by sentence of its reference: each row is a policy,
 * an observation, and the verdict with the rule that gave it. */
#include "observation.h"

#include "policy/load.h"
#include "policy/table.h"

struct row {
	const char *sentence;
	const char *policy;		/* boundary "b" is asked, else the first */
	const char *sets;		/* of --set, parted by blanks; NULL: none */
	const char *observation;
	const char *says;		/* verdict and rule */
};

/* A boundary of these rules, which ends with `default deny`. */
#define B(rules) "boundary b {\n" rules "\ndefault deny\n}\n"
#define SETS "set own ?= {}\nset lan ?= own\nset ssm = { 232.0.0.0/8, ff3x::/32 }\n"
#define DATA "point=data source=193.60.1.1 group=233.1.1.1"
#define DATA6 "point=data source=2a02::1 "
#define STAR "point=join source=* group=233.1.1.1 what=join"
#define ROUTER "point=router speaker=fe80::1 what=router"
#define HELLO "point=join what=hello type=hello speaker=10.0.0.1"
#define BSM "rp=10.1.1.1 type=bootstrap what=rp point=bootstrap "
#define TWO_SPEAKERS                                                                               \
	SETS B("deny speaker not own speaker not 0.0.0.0 at join as x\npermit at join as y")

static const struct row rows[] = {
	{ "S1 comments and line ends",
	  "# a\nboundary b { # b\npermit # c\nat\n\tdata #\n as x default\r\ndeny }", NULL, DATA,
	  "permit x" },
	{ "S1 a rule ends where the next one begins",
	  "boundary b { deny at sa permit at data as x default deny }", NULL, DATA, "permit x" },
	{ "S1 a byte order mark", "\xef\xbb\xbf" "boundary b { permit at data as x default deny }",
	  NULL, DATA, "permit x" },
	{ "S2 trailers in any order",
	  B("permit at data ref \"r\" until 2030-01-01 as x \"text\" owner \"o\""), NULL, DATA,
	  "permit x" },
	{ "S2 an address without braces", B("permit to 233.1.1.1 as a"), NULL, DATA, "permit a" },
	{ "S2 a prefix without braces", B("permit to 233.0.0.0/8 as a"), NULL, DATA, "permit a" },
	{ "S2 a range without braces", B("permit to 233.0.0.0 - 233.2.0.0 as a"), NULL, DATA,
	  "permit a" },
	{ "S3 a-b is one name",
	  "set a-b = 233.0.0.0/8\nset a = {}\nset b = {}\n" B("permit to a-b as x"), NULL, DATA,
	  "permit x" },
	{ "S3 a - b is a difference",
	  "set a-b = {}\nset a = 233.0.0.0/8\nset b = 233.1.1.1\n" B("permit to a - b as x"), NULL,
	  DATA, "deny default" },
	{ "S3 words may name boundaries and rules",
	  "boundary deny { permit at data as in default deny }", NULL, DATA, "permit in" },
	{ "S5 sets before they are written", B("permit to late as x") "set late = 233.0.0.0/8\n",
	  NULL, DATA, "permit x" },
	{ "S5 the first boundary", "boundary one { default permit }\nboundary two { default deny }",
	  NULL, DATA, "permit default" },
	{ "S7 the first rule decides", B("deny to 233.1.1.1 as one\npermit to 233.1.1.1 as two"),
	  NULL, DATA, "deny one" },
	{ "S7 all clauses must hold",
	  B("deny to 233.1.1.1 at sa as one\npermit to 233.1.1.1 at data as two"), NULL, DATA,
	  "permit two" },
	{ "S7 else the default", B("permit to 233.1.1.2 as one"), NULL, DATA, "deny default" },
	{ "S8 rp not X without an RP", B("permit rp not 10.0.0.0/8 as x"), NULL, STAR,
	  "deny default" },
	{ "S8 in with the direction unknown", B("permit in as x"), NULL, DATA, "deny default" },
	{ "S8 the direction known", B("permit in as x"), NULL, DATA " direction=in", "permit x" },
	{ "S8 the other direction", B("permit in as x"), NULL, DATA " direction=out",
	  "deny default" },
	{ "S8 no TTL", B("permit ttl < 200 as x"), NULL, DATA, "deny default" },
	{ "S8 no speaker", B("permit speaker not 10.0.0.0/8 at join as x"), NULL, STAR,
	  "deny default" },
	{ "S8 at absent: any point", B("permit from 193.60.1.1 as x"), NULL,
	  "point=sa source=193.60.1.1 group=233.1.1.1 rp=193.60.1.9 what=sa", "permit x" },
	{ "S9 a notice is permitted", B("deny at join as x"), NULL, HELLO, "permit " },
	{ "S9 a type clause judges it", B("deny at join type hello as x"), NULL, HELLO, "deny x" },
	{ "S9 but not of another type", B("deny at join type assert as x"), NULL, HELLO, "permit " },
	{ "S10 inside", B("permit from 193.60.0.0/16 as x"), NULL, DATA, "permit x" },
	{ "S10 outside", B("permit from not 193.60.0.0/16 as x"), NULL, DATA, "deny default" },
	{ "S10 a range wholly inside", B("deny to 239.0.0.0/8 as x"), NULL,
	  BSM "group=239.192.0.0/14", "deny x" },
	{ "S10 a range that straddles goes on",
	  B("deny to { 224.0.0.0/24, 239.255.0.0/16 } as x\npermit at bootstrap as y"), NULL,
	  BSM "group=224.0.0.0/4", "permit y" },
	{ "S10 not, a range wholly outside",
	  B("deny to not 224.0.0.0/24 as x\npermit at bootstrap as y"), NULL,
	  BSM "group=239.0.0.0/8", "deny x" },
	{ "S10 not, a range that straddles goes on",
	  B("deny to not 224.0.0.0/24 as x\npermit at bootstrap as y"), NULL,
	  BSM "group=224.0.0.0/4", "permit y" },
	{ "S11 a set says nothing of another family",
	  B("deny from not 10.0.0.0/8 as x\npermit at data as y"), NULL, DATA6 "group=ff0e::1",
	  "permit y" },
	{ "S11 an empty set: off", SETS B("deny from not own as x\npermit at data as y"), NULL,
	  DATA, "permit y" },
	{ "S11 chosen: on", SETS B("deny from not own as x\npermit at data as y"), "own=10.0.0.0/8",
	  DATA, "deny x" },
	{ "S11a an empty choice in a longer expression: on",
	  SETS B("deny speaker not own + 0.0.0.0 at join as x\npermit at join as y"), NULL,
	  STAR " speaker=10.0.0.1", "deny x" },
	{ "S11 a union of empty sets: off", SETS B("deny from own + lan as x\npermit at data as y"),
	  NULL, DATA, "permit y" },
	{ "S12 234.a.b.c embeds a /24", B("permit embeds 10.9.8.0/24 as x"), NULL,
	  "point=data source=193.60.1.1 group=234.10.9.8", "permit x" },
	{ "S12 not wholly inside", B("permit embeds 10.9.8.0/25 as x"), NULL,
	  "point=data source=193.60.1.1 group=234.10.9.8", "deny default" },
	{ "S12 IPv6, its length", B("permit embeds 2a02:1::/32 as x"), NULL,
	  DATA6 "group=ff3e:30:2a02:1:5::1", "permit x" },
	{ "S12 IPv6, a shorter prefix is not inside", B("permit embeds 2a02:1::/32 as x"), NULL,
	  DATA6 "group=ff3e:1f:2a02:1:5::1", "deny default" },
	{ "S12 another group embeds none, negated or not", B("permit embeds not 10.0.0.0/8 as x"),
	  NULL, DATA, "deny default" },
	{ "S13 the embedded RP, at any point", B("permit rp 2a02:1::1 as x"), NULL,
	  DATA6 "group=ff7e:140:2a02:1::99", "permit x" },
	{ "S13 not with RIID 0", B("permit rp 2a02:1::/64 as x"), NULL,
	  DATA6 "group=ff7e:40:2a02:1::99", "deny default" },
	{ "S13 never fff0::/12", B("permit rp 2a02:1::/64 as x"), NULL,
	  DATA6 "group=fffe:140:2a02:1::99", "deny default" },
	{ "S14 from * is (*,G)", B("permit from * as x"), NULL, STAR, "permit x" },
	{ "S14 from * is (S,G,rpt)", B("permit from * as x"), NULL,
	  "point=join source=10.1.1.1 group=233.1.1.1 flags=rpt what=join", "permit x" },
	{ "S14 from * is not (S,G)", B("permit from * as x"), NULL,
	  "point=join source=10.1.1.1 group=233.1.1.1 what=join", "deny default" },
	{ "S14 from SET is (S,G,rpt) by S", B("permit from 10.0.0.0/8 as x"), NULL,
	  "point=join source=10.1.1.1 group=233.1.1.1 flags=rpt what=join", "permit x" },
	{ "S14 from SET is never *", B("permit from 0.0.0.0/0 as x"), NULL, STAR, "deny default" },
	{ "S14 from not SET is never *", B("permit from not 10.0.0.0/8 as x"), NULL, STAR,
	  "deny default" },
	{ "S14 an absent source is not *", B("permit from * as x"), NULL, ROUTER, "deny default" },
	{ "S15 repeated clauses must all hold", TWO_SPEAKERS, "own=10.0.0.0/8",
	  STAR " speaker=0.0.0.0", "permit y" },
	{ "S15 and do", TWO_SPEAKERS, "own=10.0.0.0/8", STAR " speaker=11.0.0.1", "deny x" },
	{ "S15 off while one is empty", TWO_SPEAKERS, NULL, STAR " speaker=11.0.0.1", "permit y" },
	{ "S16 one of the types", B("permit type join-prune, graft at join as x"), NULL,
	  STAR " type=graft", "permit x" },
	{ "S16 one of the flags", B("permit flag rpt, null as x"), NULL,
	  "point=register source=193.60.1.1 group=233.1.1.1 flags=null what=register", "permit x" },
	{ "S16 none of the flags", B("permit flag rpt, null as x"), NULL, DATA, "deny default" },
	{ "S16 ttl below", B("permit ttl < 16 as x"), NULL, DATA " ttl=15", "permit x" },
	{ "S16 ttl not below", B("permit ttl < 16 as x"), NULL, DATA " ttl=16", "deny default" },
	{ "S16 ttl above", B("permit ttl > 16 as x"), NULL, DATA " ttl=17", "permit x" },
	{ "S16 protocol by name", B("permit protocol udp as x"), NULL, DATA " protocol=17",
	  "permit x" },
	{ "S16 protocol by number", B("permit protocol 17 as x"), NULL, DATA " protocol=17",
	  "permit x" },
	{ "S16 protocol only at data", B("permit protocol udp as x"), NULL,
	  "point=session source=193.60.1.1 group=233.1.1.1 protocol=17 what=announce",
	  "deny default" },
	{ "S16 a port", B("permit port 5000 as x"), NULL, DATA " protocol=17 port=5000",
	  "permit x" },
	{ "S16 a range of ports", B("permit port 5000-5010 as x"), NULL,
	  DATA " protocol=17 port=5010", "permit x" },
	{ "S16 behind the range", B("permit port 5000 - 5010 as x"), NULL,
	  DATA " protocol=17 port=5011", "deny default" },
	{ "S16 a later fragment has no port", B("permit port 0-65535 as x"), NULL,
	  DATA " protocol=17", "deny default" },
	{ "S17 not joined", B("permit not joined at data as x"), NULL, DATA " joined=no",
	  "permit x" },
	{ "S17 joined", B("permit joined at data as x"), NULL, DATA " joined=yes", "permit x" },
	{ "S17 not known", B("permit joined at data as x\npermit not joined at data as y"), NULL,
	  DATA, "deny default" },
	{ "S18 scope F is read as E", B("permit to ffxe::/16 as x"), NULL,
	  DATA6 "group=ff3f::8000:1", "permit x" },
	{ "S18 and never matches F", B("permit to ffxf::/16 as x"), NULL,
	  DATA6 "group=ff3f::8000:1", "deny default" },
	{ "S19 x is any digit", B("permit to ff0x::101 as x"), NULL, DATA6 "group=ff08::101",
	  "permit x" },
	{ "S19 but one digit", B("permit to ff0x::101 as x"), NULL, DATA6 "group=ff18::101",
	  "deny default" },
	{ "S19 a short group is filled", B("permit to ff02::x1 as x"), NULL, DATA6 "group=ff02::f1",
	  "permit x" },
	{ "S20 from left to right",
	  B("permit to 233.0.0.0/8 - 233.1.0.0/16 + 233.1.1.0/24 as x"), NULL, DATA, "permit x" },
	{ "S20 brackets group", B("permit to 233.0.0.0/8 - (233.1.0.0/16 + 233.1.1.0/24) as x"),
	  NULL, DATA, "deny default" },
	{ "S20 intersection", B("permit to { 233.0.0.0/8 } & { 233.1.1.0/24 } as x"), NULL, DATA,
	  "permit x" },
	{ "S20 intersection of others", B("permit to { 233.0.0.0/8 } & { 234.1.1.0/24 } as x"),
	  NULL, DATA, "deny default" },
	{ "S20 names in braces",
	  "set a = 233.1.0.0/16\n" B("permit to { a, 224.2.0.0/16, } as x"), NULL, DATA,
	  "permit x" },
	{ "S20 family by family",
	  "set a = { 233.0.0.0/8, ff0e::/16 }\nset b = { 233.1.1.1 }\n" B("permit to a - b as x"),
	  NULL, DATA6 "group=ff0e::1", "permit x" },
	{ "S21 a range holds its ends", B("permit to 233.1.1.1-233.1.1.1 as x"), NULL, DATA,
	  "permit x" },
	{ "S21 to subtract one address", B("permit to 233.0.0.0/8 - { 233.1.1.1 } as x"), NULL,
	  DATA, "deny default" },
	{ "S23 from may name multicast", B("deny from 224.0.0.0/4 as x\npermit at data as y"), NULL,
	  "point=data source=224.1.1.1 group=233.1.1.1", "deny x" },
	{ "S24 its own value", "set a ?= 233.1.1.1\n" B("permit to a as x"), NULL, DATA,
	  "permit x" },
	{ "S24 --set", "set a ?= 233.1.1.1\n" B("permit to a as x"), "a=233.1.1.2", DATA,
	  "deny default" },
	{ "S24 --set without braces, several", "set a ?= {}\n" B("permit to a as x"),
	  "a=233.1.1.2,233.1.1.1", DATA, "permit x" },
	{ "S24 --set to nothing", "set a ?= 233.1.1.1\n" B("permit to a as x"), "a={}", DATA,
	  "deny default" },
	{ "S24 sets follow a chosen one",
	  "set a ?= {}\nset b = a + { 234.0.0.0/8 }\n" B("permit to b as x"), "a=233.0.0.0/8", DATA,
	  "permit x" },
	{ "S24 the set of the extending policy",
	  "set lan = 193.60.9.0/24\nboundary b extends chown-02.subnet {}", NULL,
	  DATA " direction=out", "deny off-lan-source" },
	{ "S24 which may be a choice itself",
	  "set lan ?= {}\nboundary b extends chown-02.subnet {}", "lan=193.60.9.0/24",
	  DATA " direction=out", "deny off-lan-source" },
	{ "S24 the outermost of two",
	  "set lan = 193.60.9.0/24\nboundary b extends ssm-only.subnet {}", NULL,
	  DATA " direction=out", "deny off-lan-source" },
	{ "S24 --set reaches a profile that is only used",
	  "boundary b { deny from modern.own as x default permit }", "own=193.60.0.0/16", DATA,
	  "deny x" },
	{ "S24 = sets never change",
	  "set bogon = 193.60.0.0/16\nboundary b extends chown-02.border {}", NULL, DATA,
	  "permit assigned" },
	{ "S25 a built-in's set", B("deny from modern.bogon as x"), NULL,
	  "point=data source=10.1.1.1 group=233.1.1.1", "deny x" },
	{ "S26 an inherited default", "boundary a { default permit }\nboundary b extends a {}",
	  NULL, DATA, "permit default" },
	{ "S27 own rules first",
	  "boundary a { permit at data as x default deny }\n"
	  "boundary b extends a { deny at data as y }", NULL, DATA, "deny y" },
	{ "S27 then the inherited ones",
	  "boundary a { permit at data as x default deny }\n"
	  "boundary b extends a { deny at sa as y }", NULL, DATA, "permit x" },
	{ "S27 as flattened",
	  "boundary a { permit at data as x default deny }\nboundary c extends a {}\n"
	  "boundary b extends c {}", NULL, DATA, "permit x" },
	{ "S27 an own default",
	  "boundary a { default permit }\nboundary b extends a { default deny }", NULL, DATA,
	  "deny default" },
	{ "S28 without",
	  "boundary a { deny at data as x permit at data as y default deny }\n"
	  "boundary b extends a without x {}", NULL, DATA, "permit y" },
	{ "S30 an own rule replaces its namesake",
	  "boundary a { deny at data as x permit at data as y default deny }\n"
	  "boundary b extends a { deny at sa as x }", NULL, DATA, "permit y" },
	{ "S31 an own permit is an exception to all denials",
	  "boundary b extends modern.border { permit from 10.0.0.0/8 as x }", NULL,
	  "point=data source=10.1.1.1 group=233.1.1.1", "permit x" },
	{ "S35 warn ends the search", B("warn to 233.0.0.0/8 as x\ndeny at data as y"), NULL, DATA,
	  "warn x" },
	{ "S36 ignore", B("ignore at router as x"), NULL, ROUTER, "ignore x" },
	{ "S37 limit", B("limit 5/s to 233.0.0.0/8 as x"), NULL, DATA, "limit x" },
	{ "S44 holds through its day", B("permit at data as x until 2026-11-21"), NULL, DATA,
	  "permit x" },
	{ "S44 then it is skipped", B("permit at data as x until 2026-11-20"), NULL, DATA,
	  "deny default" },
	{ "S47 the default covers all points", B("permit at sa as x"), NULL, ROUTER,
	  "deny default" },
};

static struct policy *load(const struct row *row, struct diags *diags)
{
	char sets[256], *rest = sets;
	const char *list[4];
	struct policy_input input = { .name = "row.weir", .text = row->policy,
				      .n = strlen(row->policy), .sets = list };

	snprintf(sets, sizeof(sets), "%s", row->sets ? row->sets : "");
	while (*sets && rest && input.set_count < COUNT(list))
		list[input.set_count++] = strsep(&rest, " ");
	return policy_load(&input, diags);
}

static const char *says(const struct boundary *b, struct verdict v, char buffer[128])
{
	snprintf(buffer, 128, "%s %s", action_name((enum action)v.action),
		 v.rule == RULE_NONE ? "" : b->rules[v.rule]->name);
	return buffer;
}

static void check_verdicts(const struct row *row, const struct policy *policy)
{
	const struct boundary *b = policy_boundary(policy, "b");
	char asked[256], buffer[128];
	struct observation obs;
	struct table *table;

	b = b ? b : policy_boundary(policy, NULL);
	snprintf(asked, sizeof(asked), "%s", row->observation);
	obs = read_observation(asked);
	check_text(says(b, reference_judge(b, &obs), buffer), row->says, row->sentence);
	table = table_new(b);
	check_text(says(b, table_judge(table, &obs), buffer), row->says, row->sentence);
	table_free(table);
}

static void check_row(const struct row *row)
{
	struct policy *policy;
	struct diags diags;

	diags_init(&diags);
	policy = load(row, &diags);
	for (size_t i = 0; i < diags.n; i++)
		printf("# %s: %u:%u: %s\n", row->sentence, diags.list[i].line,
		       diags.list[i].column, diags.list[i].message);
	check_named(policy != NULL, row->sentence);
	if (policy)
		check_verdicts(row, policy);
	policy_free(policy);
	diags_release(&diags);
}

int main(void)
{
	unsigned failed = 0;

	printf("1..%zu\n", COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		t_failures = 0;
		check_row(&rows[i]);
		printf("%s %zu - %s\n", t_failures ? "not ok" : "ok", i + 1, rows[i].sentence);
		failed += t_failures > 0;
	}
	return failed ? 1 : 0;
}
