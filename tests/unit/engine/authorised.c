/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of authorised RAS servers: what it lets through, and what it complains about. */
#include "base/text.h"
#include "engine/authorised.h"
#include "t.h"

static struct addr a_of(const char *text)
{
	struct addr a = ADDR_NONE;

	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static const char list[] = "# the VPN servers\n"
			   "192.0.2.1\n"
			   "192.0.2.64/26   # a pool\r\n"
			   "\n"
			   "   2001:db8::/64\n"
			   "198.51.100.1 vpn1\n"
			   "198.51.100.1 VPN2.example.com # its second name\n"
			   "198.51.100.2 vpn3#no blank before the comment";

static const struct {
	const char *address, *hostname, *domain;
	bool	    authorised;
} rows[] = {
	{ "192.0.2.1", "anything", "", true },
	{ "192.0.2.1", "", "", true },
	{ "192.0.2.2", "anything", "", false },
	{ "192.0.2.63", "", "", false },
	{ "192.0.2.64", "", "", true },
	{ "192.0.2.127", "", "", true },
	{ "192.0.2.128", "", "", false },
	{ "2001:db8::5", "", "", true },
	{ "2001:db8:0:1::5", "", "", false },
	{ "198.51.100.1", "vpn1", "", true },
	{ "198.51.100.1", "VPN1", "example.com", true },
	{ "198.51.100.1", "vpn2", "example.com", true },
	{ "198.51.100.1", "vpn2.example.com", "", true },
	{ "198.51.100.1", "vpn2", "", false },
	{ "198.51.100.1", "vpn2", "example.org", false },
	{ "198.51.100.1", "vpn", "1", false },
	{ "198.51.100.1", "", "", false },
	{ "198.51.100.3", "vpn1", "", false },		/* a name authorises nobody */
	{ "198.51.100.2", "vpn3", "", true },
};

static void test_has(void)
{
	struct diags diags;
	struct authorised *parsed;

	diags_init(&diags);
	parsed = authorised_parse("list", span_of(list), &diags);
	check(parsed && diags.n == 0);
	for (size_t i = 0; parsed && i < COUNT(rows); i++)
		check_named(authorised_has(parsed, a_of(rows[i].address), span_of(rows[i].hostname),
					   span_of(rows[i].domain)) == rows[i].authorised,
			    rows[i].address);
	check(parsed && authorised_count(parsed) == 6);
	authorised_free(parsed);
	diags_release(&diags);
}

static const struct {
	const char *text, *says;
} complaints[] = {
	{ "vpn1", "1:1+4 error: 'vpn1' is no address" },
	{ "192.0.2.1 a\n  10.0.0.1/24", "2:3+11 error: the address has bits behind its prefix length "
					"(write 10.0.0.0/24)" },
	{ "10.0.0.0/33", "1:1+11 error: no such prefix length (0 to 32)" },
	{ "10.0.0.0/", "1:1+9 error: no such prefix length (0 to 32)" },
	{ "2001:db8::/129", "1:1+14 error: no such prefix length (0 to 128)" },
	{ "239.255.2.2", "1:1+11 error: a server's address is no multicast group "
			 "(write the address that the advertisements come from)" },
	{ "10.0.0.1 a b", "1:12+1 error: one host name a line "
			  "(write the address again on a line of its own for another name)" },
	{ "10.0.0.1 \xc3\xa4", "1:10+2 error: a host name is written in ASCII "
			       "(as the server announces it)" },
	{ "10.0.0.1\n10.0.0.1/32", "2:1+11 warning: line 1 says the same" },
};

static struct text words_of(const struct diags *diags)
{
	struct text out = { 0 };

	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = &diags->list[i];

		text_printf(&out, "%s%u:%u+%u %s: %s", i ? "; " : "", d->line, d->column, d->width,
			    d->severity == SEVERITY_ERROR ? "error" : "warning", d->message);
		if (d->hint)
			text_printf(&out, " (%s)", d->hint);
	}
	return out;
}

static void test_complaints(void)
{
	for (size_t i = 0; i < COUNT(complaints); i++) {
		bool is_error = strstr(complaints[i].says, "error") != NULL;
		struct diags diags;
		struct authorised *parsed;
		struct text text;

		diags_init(&diags);
		parsed = authorised_parse("list", span_of(complaints[i].text), &diags);
		text = words_of(&diags);
		if (i == 0)
			check(strncmp(text_string(&text), complaints[i].says, strlen(complaints[i].says)) == 0);
		else
			check_text(text_string(&text), complaints[i].says, complaints[i].text);
		check_named((parsed == NULL) == is_error, complaints[i].text);
		authorised_free(parsed);
		diags_release(&diags);
		text_release(&text);
	}
}

/* All mistakes of a file in one run. */
static void test_every_mistake(void)
{
	struct diags diags;

	diags_init(&diags);
	check(!authorised_parse("list", span_of("a\nb\n10.0.0.1\nc"), &diags));
	check(diags.errors == 3 && diags.list[2].line == 4);
	check_text(diags.list[2].source_line, "c", "its line");
	check_text(diags.list[2].file, "list", "its file");
	diags_release(&diags);
}

static void test_empty(void)
{
	struct diags diags;
	struct authorised *parsed;

	diags_init(&diags);
	parsed = authorised_parse("list", (struct span){ NULL, 0 }, &diags);
	check(parsed && authorised_count(parsed) == 0);
	check(parsed && !authorised_has(parsed, a_of("192.0.2.1"), (struct span){ 0 }, (struct span){ 0 }));
	authorised_free(parsed);
	diags_release(&diags);
}

TEST_MAIN({ "has", test_has }, { "complaints", test_complaints },
	  { "every mistake", test_every_mistake }, { "empty", test_empty })
