/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration texts: whatever they say, every mistake has a place in them, and what is good names
 * its interfaces and sets once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(good) must_at((good), __LINE__)

static void must_at(bool good, int line)
{
	if (!good) {
		fprintf(stderr, "line %d\n", line);
		abort();
	}
}

static void subnets(void *context, const char *interface, struct text *out)
{
	(void)context;
	if (interface[0] != 'e')
		text_put(out, "192.0.2.0/24, 2001:db8::/32");
}

static void check_places(const struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *d = &diags->list[i];

		must(d->line > 0 && d->column > 0 && d->width > 0 && d->message[0] && d->file);
	}
}

static void check_good(const struct conf *conf)
{
	struct text text = { 0 };

	must(conf->policy.name && conf->policy.name[0]);
	must(conf->interface_count <= CONF_INTERFACES_MAX);
	for (size_t i = 0; i < conf->interface_count; i++) {
		const struct conf_interface *one = &conf->interfaces[i];

		must(one->name.name && strlen(one->name.name) < 16 && one->boundary.name);
		for (size_t k = 0; k < i; k++)
			must(strcmp(conf->interfaces[k].name.name, one->name.name) != 0);
	}
	for (size_t i = 0; i < conf->set_count; i++) {
		text_reset(&text);
		conf_set_text(&conf->sets[i], subnets, NULL, &text);
		must(strchr(text_string(&text), '=') && text.p[text.n - 1] == '}');
	}
	text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags diags;
	struct conf *conf;

	diags_init(&diags);
	conf = conf_parse("etc/fuzz.conf", size ? (const char *)data : "", size, &diags);
	must((conf != NULL) == (diags.errors == 0));
	if (conf)
		check_good(conf);
	check_places(&diags);
	conf_free(conf);
	diags_release(&diags);
	return 0;
}
