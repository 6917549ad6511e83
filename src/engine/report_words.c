/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings in words.  Every name that a packet brought is escaped.  Knows no output format. */
#include <inttypes.h>

#include "engine/report.h"

static void put_reason(const struct rule *rule, struct text *out)
{
	if (rule->text)
		text_printf(out, ": %s", rule->text);
	if (rule->ref)
		text_printf(out, "%s%s", rule->text ? ", " : ": ", rule->ref);
}

static void put_flow(const struct report *r, const struct report_finding *f, struct text *out)
{
	text_put(out, report_rule_name(r->boundary, f->rule));
	put_reason(r->boundary->rules[f->rule], out);
	if (r->options.vantage_inside && f->is_scoped)
		text_put(out, " (would be stopped at the border)");
}

static void put_policer(const struct report *r, const struct report_finding *f, struct text *out)
{
	const struct rule *line = r->boundary->rules[f->rule];
	char key[ADDR_TEXT];

	text_printf(out, "%s: %s", line->name, prefix_text(f->gauge->key, f->gauge->key_len, key));
	if (line->over_asked)
		text_printf(out, " over %" PRIu32 " (peak %" PRIu32 ")", line->over, f->gauge->peak);
	else
		text_put(out, " makes entries too fast");
	if (f->gauge->denied > 0)
		text_printf(out, ": %" PRIu64 " refused", f->gauge->denied);
	else
		text_put(out, ": alarm, nothing refused");
	put_reason(line, out);
}

static void put_ras(const struct report *r, const struct report_finding *f, struct text *out)
{
	const struct ras_host *h = f->host;

	text_put_n(out, "\"", 1);
	text_escape(out, (struct span){ h->hostname.bytes, h->hostname.n });
	if (h->domain.n > 0) {
		text_char(out, '.');
		text_escape(out, (struct span){ h->domain.bytes, h->domain.n });
	}
	text_printf(out, "\" announces a dial-in or VPN entrance that the firewall does not see; %s",
		    r->has_ras_list ? "not authorised" : "no list of authorised servers was given");
}

static void put_noted(const struct report_finding *f, struct text *out)
{
	switch (f->kind) {
	case FINDING_SAP_LISTENER:
		text_put(out, "a router that listens to SAP and may cache what it announces (draft 2.6)");
		break;
	case FINDING_NOT_SAP:
		text_put(out, "on a SAP group, but no SAP, or longer than 1 kB: it harms whoever caches "
			      "announcements (draft 2.6)");
		break;
	case FINDING_GROUP_SCAN:
		text_put(out, "over 256 new groups in 10 s: a worm or a scan (draft 2.2)");
		break;
	case FINDING_TTL_LARGE:
		text_printf(out, "TTL %" PRIu32 " for a group that stays in its site", f->detail);
		break;
	case FINDING_FORWARDED_LINK_LOCAL:
		text_printf(out, "must stay on its link, but was forwarded (TTL %" PRIu32 ")", f->detail);
		break;
	default:
		text_put(out, "the same packet twice on its link, or on two VLANs");
		if (f->detail)
			text_printf(out, " (VLAN %" PRIu32 ")", f->detail);
		break;
	}
}

void report_finding_text(const struct report *report, const struct report_finding *finding,
			 struct text *out)
{
	switch (finding->kind) {
	case FINDING_DENIED:
	case FINDING_LIMITED:
		put_flow(report, finding, out);
		break;
	case FINDING_POLICER:
		put_policer(report, finding, out);
		break;
	case FINDING_RAS:
		put_ras(report, finding, out);
		break;
	default:
		put_noted(finding, out);
		break;
	}
}
