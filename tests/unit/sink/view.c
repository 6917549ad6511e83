/* SPDX-License-Identifier: BSD-2-Clause */
/* The full-screen view without a terminal: scenes are played to an engine, keys are pressed, and
 * whole screens are compared with those in tests/golden/view (WEIR_BLESS=1 writes them anew).  No
 * hostile name puts anything into a cell that a terminal would act on. */
#include <time.h>

#include "scene.h"
#include "sink/view_columns.h"

#define START INT64_C(1795266000000000000)	/* 2026-11-21 13:00:00 UTC */
#define BORDER                                                                                     \
	"boundary border {\n"                                                                      \
	"  deny from 10.0.0.0/8 as bogon-source \"private source\" ref \"RFC 1918 3\"\n"      \
	"  deny to 239.0.0.0/8 as adm-scoped \"administratively scoped\" ref \"RFC 2365 6\"\n" \
	"  warn to 224.2.0.0/16 at data as sap\n"                                                  \
	"  permit to 232.0.0.0/8 as ssm \"source-specific\" ref \"RFC 4607\"\n"               \
	"  permit at sa as peers\n"                                                                \
	"  default deny\n"                                                                         \
	"  police sa by peer over 3 warn 2 then alarm \"few entries\"\n"                         \
	"}\n"

struct stage {
	struct scene	 scene;
	struct registry *registry;
	struct view	 view;
	struct cells	 cells;
};

static const char *const interfaces[] = { "eth0", "eth1" };

static void open_stage(struct stage *s, const char *policy, bool ascii)
{
	*s = (struct stage){ 0 };
	setenv("TZ", "UTC", 1);
	tzset();
	scene_open(&s->scene, policy, (struct engine_options){ .roll = true }, false);
	s->registry = registry_new();
	s->cells.ascii = ascii;
	view_init(&s->view, &(struct view_options){
		.policy = s->scene.policy, .boundary = s->scene.boundary,
		.table = s->scene.table, .registry = s->registry, .interfaces = interfaces,
		.interface_count = 2, .ascii = ascii });
	view_say_interfaces(&s->view, "eth0, eth1=inside");
}

static void close_stage(struct stage *s)
{
	view_release(&s->view);
	cells_release(&s->cells);
	registry_free(s->registry);
	scene_close(&s->scene);
}

static void gather(struct stage *s, unsigned second)
{
	view_gather(&s->view, s->scene.engine,
		    &(struct view_moment){ .now.ns = START + second * NS_PER_S,
					   .second = second, .lost = second > 6 ? 5 : 0 });
}

static void press(struct stage *s, const char *keys)
{
	for (; *keys; keys++)
		view_key(&s->view, (uint32_t)*keys);
}

static void draw(struct stage *s, unsigned rows, unsigned columns, struct text *out)
{
	view_gather_flows(&s->view, s->scene.engine);
	cells_resize(&s->cells, rows, columns);
	view_draw(&s->view, &s->cells);
	for (unsigned row = 0; row < rows; row++) {
		cells_text(&s->cells, row, false, out);
		text_char(out, '\n');
	}
}

/* Plays lines at whole seconds after START: "SECOND " is put in place of the scene's time. */
static void play(struct stage *s, unsigned second, unsigned times, const char *statement)
{
	char line[256];

	for (unsigned i = 0; i < times; i++) {
		snprintf(line, sizeof(line), "%u.%03u %s",
			 (unsigned)(START / NS_PER_S) + second, i, statement);
		scene_play(&s->scene, line);
	}
}

/* Flows are looked at meanwhile, so that their figures are of each second. */
static void play_border(struct stage *s)
{
	press(s, "2");
	for (unsigned second = 1; second <= 30; second++) {
		play(s, second, second < 20 ? 40 : 5, "data 198.51.100.7 > 232.1.1.7 ttl=60 bytes=1400");
		play(s, second, second % 8, "data 192.0.2.14 > 239.255.255.250 ttl=4");
		if (second == 3) {
			play(s, second, 2, "data 10.20.3.9 > 233.252.0.14 ttl=62");
			play(s, second, 1, "data 2001:db8::5 > ff3e::8000:1 ttl=30");
			play(s, second, 1, "data 192.0.2.15 > 224.0.0.251 ttl=1");
			play(s, second, 3, "data 192.0.2.16 > 224.2.127.254 ttl=15 flag=not-sap");
		}
		if (second == 5) {
			play(s, second, 2, "membership 198.51.100.7 > 232.1.1.7 speaker=192.0.2.31");
			play(s, second, 1, "membership * > 239.255.255.250 speaker=192.0.2.32 link=2");
			play(s, second, 1, "membership * > 239.255.255.250 speaker=192.0.2.32 link=2 "
					   "what=leave");
			play(s, second, 1, "join 198.51.100.9 > 232.1.1.9 speaker=192.0.2.1");
			play(s, second, 1, "data 192.0.2.40 > 239.255.2.2 protocol=rasadv "
					   "what=advertise host=thepcsname ttl=15 bytes=80");
		}
		for (unsigned k = 0; second == 8 && k < 5; k++) {
			char sa[96];

			snprintf(sa, sizeof(sa), "sa 198.51.100.%u > 233.252.0.%u speaker=192.0.2.2 "
						 "to=192.0.2.3 rp=192.0.2.2", 50 + k, k);
			play(s, second, 1, sa);
		}
		if (second == 9)
			play(s, second, 1, "data 198.51.100.7 > 232.1.1.7 anomaly=short");
		gather(s, second);
	}
	press(s, "1");
}

/* --- screens --- */

static const struct {
	const char *name, *keys;
	unsigned    rows, columns;
	bool	    ascii;
} screens[] = {
	{ "rules-80x24", "", 24, 80, false },
	{ "rules-200x50", "", 50, 200, false },
	{ "flows-80x24", "2", 24, 80, false },
	{ "flows-200x50", "2", 50, 200, false },
	{ "members-80x24", "3", 24, 80, false },
	{ "members-200x50", "3", 50, 200, false },
	{ "ras-80x24", "4", 24, 80, false },
	{ "ras-200x50", "4", 50, 200, false },
	{ "msdp-80x24", "5", 24, 80, false },
	{ "odd-80x24", "6", 24, 80, false },
	{ "odd-200x50", "6", 50, 200, false },
	{ "help-80x24", "?", 24, 80, false },
	{ "rule-detail-80x24", "\r", 24, 80, false },
	{ "flow-detail-80x24", "2/group:239.255.255.250\r\r", 24, 80, false },
	{ "flow-detail-200x50", "2/group:239.255.255.250\r\r", 50, 200, false },
	{ "member-detail-80x24", "3\r", 24, 80, false },
	{ "ras-detail-80x24", "4\r", 24, 80, false },
	{ "msdp-detail-80x24", "5\r", 24, 80, false },
	{ "odd-detail-80x24", "6\r", 24, 80, false },
	{ "typing-80x24", "2/deny -ssm", 24, 80, false },
	{ "filtered-80x24", "2/deny\r", 24, 80, false },
	{ "findings-80x24", "2ap", 24, 80, false },
	{ "no-match-80x24", "2/rule:nowhere\r", 24, 80, false },
	{ "ascii-80x24", "", 24, 80, true },
	{ "rules-40x10", "", 10, 40, false },
	{ "flows-24x5", "2", 5, 24, false },
	{ "too-small-20x4", "", 4, 20, false },
};

static char *read_golden(const char *name)
{
	char path[128];
	char *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/view/%s.txt", name);
	f = fopen(path, "r");
	check_named(f && fread(text, 1, 65535, f) > 0, path);
	if (f)
		fclose(f);
	return text;
}

static void bless(const char *name, const struct text *screen)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/view/%s.txt", name);
	f = fopen(path, "w");
	check_named(f && fwrite(screen->p, 1, screen->n, f) == screen->n, path);
	if (f)
		fclose(f);
}

/* The first line that differs. */
static void compare(const char *name, const struct text *screen)
{
	char *golden = read_golden(name), *a = golden;
	const char *b = text_string(screen);
	unsigned line = 1;

	while (*a && *b && strcspn(a, "\n") == strcspn(b, "\n") &&
	       strncmp(a, b, strcspn(a, "\n") + 1) == 0) {
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
		line++;
	}
	if (*a || *b) {
		printf("# %s, line %u\n#   is     %.*s\n#   should %.*s\n", name, line,
		       (int)strcspn(b, "\n"), b, (int)strcspn(a, "\n"), a);
		check_named(false, name);
	}
	free(golden);
}

static void test_screens(void)
{
	for (unsigned ascii = 0; ascii < 2; ascii++) {
		struct stage s;

		open_stage(&s, BORDER, ascii);
		play_border(&s);
		for (size_t i = 0; i < COUNT(screens); i++) {
			struct text screen = { 0 };

			if (screens[i].ascii != ascii)
				continue;
			press(&s, screens[i].keys);
			draw(&s, screens[i].rows, screens[i].columns, &screen);
			if (getenv("WEIR_BLESS"))
				bless(screens[i].name, &screen);
			compare(screens[i].name, &screen);
			/* back to the first tab as it was at first */
			press(&s, s.view.is_typing ? "\033" : s.view.mode != MODE_LIST ? "\033" : "");
			press(&s, s.view.only_findings ? "a" : "");
			press(&s, s.view.is_paused ? "p" : "");
			press(&s, "\033");
			view_key(&s.view, VIEW_HOME);
			press(&s, "1");
			text_release(&screen);
		}
		close_stage(&s);
	}
}

/* The README's screen is the first one here, without its blank lines. */
static void test_the_readme(void)
{
	char *golden = read_golden("rules-80x24"), *readme = calloc(1, 1 << 18);
	FILE *f = fopen("README.md", "r");
	struct text screen = { 0 };

	check(f && fread(readme, 1, (1 << 18) - 1, f) > 0);
	for (char *at = golden; *at; at += strcspn(at, "\n") + 1)
		if (*at != '\n')
			text_put_n(&screen, at, strcspn(at, "\n") + 1);
	check(screen.n > 500 && strstr(readme, text_string(&screen)) != NULL);
	if (f)
		fclose(f);
	free(golden);
	free(readme);
	text_release(&screen);
}

/* --- what keys do --- */

static const char *row_says(struct stage *s, unsigned row, const char *words)
{
	static struct text line;

	text_reset(&line);
	cells_text(&s->cells, row, false, &line);
	return strstr(text_string(&line), words) ? words : text_string(&line);
}

static void show(struct stage *s)
{
	struct text screen = { 0 };

	draw(s, 24, 120, &screen);
	text_release(&screen);
}

static void test_sort_both_ways(void)
{
	struct stage s;

	open_stage(&s, BORDER, false);
	play_border(&s);
	press(&s, "2ss");			/* by PACKETS, then BYTES */
	show(&s);
	check_text(row_says(&s, 3, "232.1.1.7"), "232.1.1.7", "most bytes first");
	press(&s, "r");
	show(&s);
	check(strcmp(row_says(&s, 3, "232.1.1.7"), "232.1.1.7") != 0);
	press(&s, "r1");
	for (unsigned i = 0; i < view_tabs[TAB_RULES].n; i++)
		press(&s, "s");
	check(s.view.pages[TAB_RULES].sort == view_tabs[TAB_RULES].sort);
	press(&s, "S");				/* by RULE, from a on */
	show(&s);
	check_text(row_says(&s, 3, " adm-scoped"), " adm-scoped", "first of the alphabet");
	close_stage(&s);
}

/* Groups by what they are called, not by their addresses. */
static void test_sort_by_name(void)
{
	char before[128] = "", here[128];
	struct stage s;

	open_stage(&s, BORDER, false);
	play_border(&s);
	press(&s, "2SSSSSS");			/* from PKT/s back over SOURCE to NAME */
	check(view_tabs[TAB_FLOWS].columns[s.view.pages[TAB_FLOWS].sort].field == FIELD_GROUP_NAME);
	show(&s);
	check(s.view.picked_n > 4);
	for (size_t i = 0; i < s.view.picked_n; i++) {
		const struct view_row *row = &s.view.facts.tabs[TAB_FLOWS].list[s.view.picked[i].row];
		struct group_name name;

		snprintf(here, sizeof(here), "%s", view_group_name(&s.view, row, &name));
		check(strcmp(before, here) <= 0);
		memcpy(before, here, sizeof(before));
	}
	close_stage(&s);
}

/* While the flow goes on, not when it ends. */
static void test_a_ttl_too_large(void)
{
	const struct view_row *row = NULL;
	struct stage s;

	open_stage(&s, BORDER, false);
	play(&s, 1, 3, "data 192.0.2.14 > 239.255.255.250 ttl=40");
	play(&s, 1, 3, "data 192.0.2.14 > 239.255.255.250 ttl=64");
	gather(&s, 2);
	for (size_t i = 0; i < s.view.facts.tabs[TAB_ODD].n; i++)
		if (strcmp(s.view.facts.tabs[TAB_ODD].list[i].word, "ttl-large") == 0)
			row = &s.view.facts.tabs[TAB_ODD].list[i];
	check(row && row->is_finding && row->count == 1);
	close_stage(&s);
}

/* One source that sends to many groups: it is counted, they are estimated. */
static void test_what_is_estimated(void)
{
	const struct view_row *row = NULL;
	char line[64];
	struct stage s;

	open_stage(&s, BORDER, false);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "data 198.51.100.7 > 232.1.%u.%u", i / 250, i % 250);
		play(&s, 1, 1, line);
	}
	gather(&s, 2);
	for (size_t i = 0; i < s.view.facts.tabs[TAB_RULES].n; i++)
		if (s.view.facts.tabs[TAB_RULES].list[i].count == 2000)
			row = &s.view.facts.tabs[TAB_RULES].list[i];
	check(row && row->sources == 1 && !row->sources_estimated && row->groups_estimated);
	close_stage(&s);
}

static void test_the_choice_stays(void)
{
	struct stage s;
	uint64_t id;

	open_stage(&s, BORDER, false);
	play_border(&s);
	press(&s, "2");
	show(&s);
	press(&s, "jj");
	show(&s);
	id = view_selected(&s.view)->id;
	for (unsigned i = 0; i < 3; i++)	/* another flow becomes the fastest */
		play(&s, 31, 99, "data 192.0.2.99 > 232.1.1.99");
	gather(&s, 31);
	show(&s);
	check(view_selected(&s.view)->id == id);
	press(&s, "r");
	show(&s);
	check(view_selected(&s.view)->id == id);
	view_key(&s.view, VIEW_HOME);
	show(&s);
	check(s.view.pages[TAB_FLOWS].place == 0);
	view_key(&s.view, VIEW_END);
	show(&s);
	check(s.view.pages[TAB_FLOWS].place == s.view.picked_n - 1);
	close_stage(&s);
}

static void test_pause(void)
{
	struct text before = { 0 }, paused = { 0 }, after = { 0 };
	struct stage s;

	open_stage(&s, BORDER, false);
	play_border(&s);
	press(&s, "2p");
	draw(&s, 24, 80, &before);
	play(&s, 31, 50, "data 198.51.100.7 > 232.1.1.7");
	gather(&s, 31);
	draw(&s, 24, 80, &paused);
	/* but for the clock of the head line */
	check_text(strchr(text_string(&paused), '\n'), strchr(text_string(&before), '\n'), "paused");
	check(strstr(text_string(&paused), "PAUSED") != NULL);
	press(&s, "p");
	gather(&s, 31);
	draw(&s, 24, 80, &after);
	check(strcmp(text_string(&after), text_string(&paused)) != 0);
	text_release(&before);
	text_release(&paused);
	text_release(&after);
	close_stage(&s);
}

static const struct {
	const char *filter;
	unsigned    flows, members, rules;
} filters[] = {
	{ "", 15, 3, 7 },
	{ "group:239", 3, 1, 1 },
	{ "group:239.255.255.0/24", 2, 1, 1 },
	{ "source:10.0.0.0/8", 1, 0, 1 },
	{ "source:10.", 1, 0, 1 },
	{ "-source:10.", 14, 3, 6 },
	{ "group:232.1.1.7", 2, 1, 1 },
	{ "group:232.1.", 3, 2, 1 },
	{ "group:233.252.0.14", 1, 0, 0 },
	{ "group:239.0.0.0/", 0, 0, 1 },
	{ "group:224.0.0.0/3", 14, 3, 3 },
	{ "rule:BOGON", 1, 0, 1 },
	{ "verdict:deny point:data", 5, 0, 0 },
	{ "ssdp", 2, 1, 0 },
	{ "host:192.0.2.31", 0, 1, 0 },
	{ "state:left", 0, 1, 0 },
	{ "interface:eth1", 0, 1, 0 },
	{ "interface:eth0", 0, 2, 0 },
	{ "group:", 15, 3, 7 },
	{ "ff3e:", 1, 0, 0 },
	{ "group:999.1/99", 0, 0, 0 },
	{ "a b c d e f g h i j k", 0, 0, 0 },
};

static unsigned count(struct stage *s, const char *tab)
{
	press(s, tab);
	view_gather_flows(&s->view, s->scene.engine);
	view_pick(&s->view, 10);
	return (unsigned)s->view.picked_n;
}

static void test_filters(void)
{
	struct stage s;

	open_stage(&s, BORDER, false);
	play_border(&s);
	for (size_t i = 0; i < COUNT(filters); i++) {
		char is[64], should[64];
		unsigned flows, members, rules;

		press(&s, "/");
		press(&s, filters[i].filter);
		press(&s, "\r");
		flows = count(&s, "2");
		members = count(&s, "3");
		rules = count(&s, "1");
		snprintf(is, sizeof(is), "%u flows, %u members, %u rules", flows, members, rules);
		snprintf(should, sizeof(should), "%u flows, %u members, %u rules", filters[i].flows,
			 filters[i].members, filters[i].rules);
		check_text(is, should, filters[i].filter);
		press(&s, "\033");
	}
	press(&s, "/abc def");
	view_key(&s.view, VIEW_BACKSPACE);
	check_text(s.view.filter.text, "abc de", "backspace");
	view_key(&s.view, 'W' - 64);
	check_text(s.view.filter.text, "abc ", "ctrl-w");
	view_key(&s.view, 0xe9);
	check_text(s.view.filter.text, "abc \xc3\xa9", "a letter beyond ASCII");
	view_key(&s.view, VIEW_BACKSPACE);
	check_text(s.view.filter.text, "abc ", "one letter, two bytes");
	for (unsigned i = 0; i < 500; i++)
		press(&s, "x");
	check(strlen(s.view.filter.text) == FILTER_TEXT - 1);
	view_key(&s.view, 'U' - 64);
	check_text(s.view.filter.text, "", "ctrl-u");
	close_stage(&s);
}

/* Every key in every state at every size: it draws, and nothing is out of bounds (sanitizers). */
static void test_any_keys(void)
{
	static const uint32_t keys[] = { '1', '2', '3', '4', '5', '6', 's', 'S', 'r', 'p', 'a', '/', '?',
					 'x', ':', '.', '\r', '\t', 27, 127, 'j', 'k', 'G', 'g',
					 VIEW_UP, VIEW_DOWN, VIEW_LEFT, VIEW_RIGHT, VIEW_PAGE_UP,
					 VIEW_PAGE_DOWN, VIEW_HOME, VIEW_END, VIEW_TAB_BACK,
					 VIEW_BACKSPACE, 0, 0xfffd, 0x10ffff, 0xd800 };
	uint64_t random = 88172645463325252u;
	struct stage s;

	open_stage(&s, BORDER, false);
	play_border(&s);
	for (unsigned i = 0; i < 6000; i++) {
		view_key(&s.view, keys[t_random(&random) % COUNT(keys)]);
		if (i % 50 == 0)
			gather(&s, 31 + i / 50);
		view_gather_flows(&s.view, s.scene.engine);
		if (i % 3 == 0) {
			cells_resize(&s.cells, 1 + (unsigned)(t_random(&random) % 60),
				     1 + (unsigned)(t_random(&random) % 220));
			view_draw(&s.view, &s.cells);
		}
	}
	check(!s.view.is_over);
	press(&s, "\033\033q");
	check(s.view.is_over);
	close_stage(&s);
}

/* --- hostile names --- */

#define NUL_NAME "a\0b"
static const struct {
	const char *name;
	size_t	    n;
} hostile[] = {
	{ "\033[2J\033]52;c;cm0=\007", 16 },	{ "\033]0;owned\007", 10 },
	{ "\x9b" "31m\xc2\x9b" "32m", 9 },	{ "a\rb\nc", 5 },
	{ NUL_NAME, 3 },			{ "<script>\"'`$(reboot)", 20 },
	{ "a\xe2\x80\xae" "b", 5 },		{ "\xff\xfe\xc0\x80\xed\xa0\x80", 7 },
	{ "e\xcc\x81\xe2\x80\x8b", 6 },		{ "\xe7\xb6\xb2\xe7\xb5\xa1", 6 },
	{ "\xc2\x85\xc2\xad\xf3\xa0\x80\x81", 8 }, { "\177\b\b\b", 4 },
};

static void announce(struct stage *s, unsigned i, const char *name, size_t n)
{
	char line[96];
	struct observation obs;

	snprintf(line, sizeof(line), "%u data 192.0.2.%u > 239.255.2.2 protocol=rasadv what=advertise",
		 (unsigned)(START / NS_PER_S) + 5, i + 1);
	obs = scene_read(line, &s->scene.packet);
	obs.hostname = obs.domain = (struct span){ (const uint8_t *)name, n };
	said_add(&s->scene.said, &obs);
	scene_flush(&s->scene);
}

/* Whatever is drawn: no control, no C1, no mark that turns text, and halves only behind wide ones. */
static void check_cells(const struct cells *cells, const char *what)
{
	for (size_t i = 0; i < (size_t)cells->rows * cells->columns; i++) {
		uint32_t c = cells->list[i].point;

		if (c == 0)
			check_named(i % cells->columns > 0 &&
					    cells_point_width(cells->list[i - 1].point) == 2, what);
		else
			check_named(c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x202e &&
					    c != 0x200b && c != 0x301 && c != 0xad &&
					    !(c >= 0xd800 && c < 0xe000) && c < 0xe0000, what);
	}
	for (unsigned row = 0; row < cells->rows; row++) {
		struct text line = { 0 };

		cells_text(cells, row, false, &line);
		for (size_t i = 0; i < line.n; i++)
			check_named((uint8_t)line.p[i] >= 0x20 && line.p[i] != 0x7f, what);
		text_release(&line);
	}
}

static void test_hostile_names(void)
{
	static char long_name[4096];
	struct text screen = { 0 };
	struct stage s;

	open_stage(&s, "boundary b { deny to 239.0.0.0/8 as x default permit }", false);
	memset(long_name, 0x1b, sizeof(long_name));
	for (unsigned i = 0; i < COUNT(hostile); i++)
		announce(&s, i, hostile[i].name, hostile[i].n);
	announce(&s, 100, long_name, 256);
	gather(&s, 6);
	press(&s, "4");
	for (unsigned i = 0; i <= COUNT(hostile); i++) {
		for (unsigned k = 0; k < 2; k++) {
			draw(&s, k ? 50 : 24, k ? 200 : 80, &screen);
			check_cells(&s.cells, "list");
		}
		press(&s, "\r");
		draw(&s, 24, 80, &screen);
		check_cells(&s.cells, "detail");
		press(&s, "\r");
		view_key(&s.view, VIEW_DOWN);
	}
	check(strstr(text_string(&screen), "\\x1b[2J\\x1b]52;c;cm0=\\x07") != NULL);
	check(strstr(text_string(&screen), "a\\x00b") != NULL);
	check(strstr(text_string(&screen), "a\\xe2\\x80\\xaeb") != NULL);
	check(strstr(text_string(&screen), "\xe7\xb6\xb2\xe7\xb5\xa1") != NULL);
	text_release(&screen);
	for (unsigned i = 0; i < COUNT(hostile); i++) {	/* names of interfaces and messages */
		view_say_interfaces(&s.view, hostile[i].name);
		view_say(&s.view, hostile[i].name);
		view_draw(&s.view, &s.cells);
		check_cells(&s.cells, "head and foot");
	}
	close_stage(&s);
}

static void test_cells_refuse_what_is_raw(void)
{
	struct cells cells = { 0 };
	struct text line = { 0 };

	for (size_t i = 0; i < COUNT(hostile); i++) {
		char text[32] = "";

		memcpy(text, hostile[i].name, hostile[i].n);
		cells_resize(&cells, 1, 40);
		cells_put(&cells, 0, 0, 40, INK_PLAIN, text);
		check_cells(&cells, "raw");
	}
	cells_resize(&cells, 1, 8);
	check(cells_put(&cells, 0, 0, 8, INK_PLAIN, "\xe7\xb6\xb2\xe7\xb5\xa1") == 4);
	check(cells.list[1].point == 0 && cells.list[2].point == 0x7d61);
	check(cells_put(&cells, 0, 0, 4, INK_PLAIN, "\xe7\xb6\xb2\xe7\xb5\xa1!") == 3);
	cells_text(&cells, 0, false, &line);
	check(strncmp(text_string(&line), "\xe7\xb6\xb2\xe2\x80\xa6", 6) == 0);
	check(cells_put(&cells, 7, 7, 8, INK_PLAIN, "off the screen") == 1);
	check(cells_put(&cells, 0, 99, 8, INK_PLAIN, "off the screen") == 0);
	text_release(&line);
	cells_release(&cells);
}

/* --- pulses, and the order of many --- */

static void test_pulses(void)
{
	struct pulse p = { 0 };
	struct text t = { 0 };

	for (uint32_t second = 1; second <= 64; second++)
		pulse_feel(&p, 1, second < 33 ? second * 10 : 320, second);
	check(p.rate == 0);
	pulse_spark(&p, 64, true, &t);
	check(t.n == PULSE_BARS);
	check_text(text_string(&t), "###_____", "half a minute, then nothing");
	text_reset(&t);
	pulse_feel(&p, 1, 320 + 600, 124);	/* a minute without a look is spread */
	check(p.rate == 10);
	pulse_spark(&p, 124, true, &t);
	check_text(text_string(&t), "%######+", "spread");
	pulse_feel(&p, 2, 7, 125);		/* another one in its place */
	check(p.rate == 7);
	pulse_feel(&p, 2, 5, 126);		/* a counter that went back began anew */
	check(p.rate == 5);
	text_release(&t);
}

/* Flows that nobody looked at: when their tab is turned to, no burst of old shows as a rate. */
static void test_flows_that_were_not_looked_at(void)
{
	const struct view_row *row;
	struct stage s;
	char line[64];

	open_stage(&s, BORDER, false);
	for (unsigned i = 0; i < 40; i++) {	/* some of which the eighths have not met yet */
		snprintf(line, sizeof(line), "data 198.51.100.%u > 232.1.1.7", i);
		play(&s, 2, 20, line);
	}
	for (unsigned second = 1; second <= 6; second++) {
		play(&s, second, second > 2 ? 10 : 0, "data 192.0.2.14 > 232.1.1.8");
		gather(&s, second);
	}
	press(&s, "2");
	view_gather_flows(&s.view, s.scene.engine);
	check(s.view.facts.tabs[TAB_FLOWS].n == 41);
	for (size_t i = 0; i < 41; i++) {
		row = &s.view.facts.tabs[TAB_FLOWS].list[i];
		check(row->count == 20 ? row->pulse->rate == 0 : row->pulse->rate <= 10);
	}
	press(&s, "1");
	for (unsigned second = 7; second <= 60; second++) {
		play(&s, second, 10, "data 192.0.2.14 > 232.1.1.8");
		gather(&s, second);
	}
	press(&s, "2");
	view_gather_flows(&s.view, s.scene.engine);
	show(&s);
	row = view_selected(&s.view);
	check(row->count == 580 && row->pulse->rate >= 9 && row->pulse->rate <= 11);
	close_stage(&s);
}

/* Windows of a large tab are what sorting all of it would show. */
static void test_windows_of_many(void)
{
	struct stage s;
	uint64_t random = 1234567;
	size_t checked = 0;

	open_stage(&s, "boundary b { default permit }", false);
	for (unsigned i = 0; i < 5000; i++) {
		char line[96];

		snprintf(line, sizeof(line), "%u data 198.51.%u.%u > 232.%u.0.%u bytes=%u", i / 1000,
			 i >> 8, i & 255, i % 7, i % 250, (unsigned)(t_random(&random) % 4) * 100 + 60);
		scene_play(&s.scene, line);
	}
	press(&s, "2");
	gather(&s, 6);
	for (unsigned sort = 0; sort < view_tabs[TAB_FLOWS].n; sort++) {
		enum view_field field;

		press(&s, sort % 3 ? "s" : "sr");
		field = view_tabs[TAB_FLOWS].columns[s.view.pages[TAB_FLOWS].sort].field;
		for (size_t place = 0; place < 5000; place += 1237) {
			const struct view_row *list = s.view.facts.tabs[TAB_FLOWS].list;
			bool turned = s.view.pages[TAB_FLOWS].is_reversed;
			size_t first = 0;

			s.view.pages[TAB_FLOWS].place = place;
			s.view.pages[TAB_FLOWS].is_held = false;
			view_pick(&s.view, 20);
			for (size_t i = s.view.pages[TAB_FLOWS].top; i + 1 < s.view.pages[TAB_FLOWS].top + 20;
			     i++, checked++) {
				int order = view_column_order(&s.view, &list[s.view.picked[i].row],
							      &list[s.view.picked[i + 1].row], field);

				check(turned ? order >= 0 : order <= 0);
			}
			for (size_t i = 0; i < 5000; i++) {	/* as many before it as its place says */
				int order = view_column_order(&s.view, &list[i], view_selected(&s.view),
							      field);

				first += turned ? order > 0 : order < 0;
			}
			check(first <= place);
		}
	}
	check(checked > 1000);
	close_stage(&s);
}

TEST_MAIN({ "screens", test_screens }, { "the screen of the README", test_the_readme }, { "sorting, both ways", test_sort_both_ways },
	  { "sorting by name", test_sort_by_name }, { "a TTL too large", test_a_ttl_too_large },
	  { "what is estimated", test_what_is_estimated },
	  { "the row that is chosen stays chosen", test_the_choice_stays }, { "a pause", test_pause },
	  { "filters", test_filters }, { "any keys at any size", test_any_keys },
	  { "hostile names", test_hostile_names },
	  { "raw bytes in cells", test_cells_refuse_what_is_raw }, { "pulses", test_pulses },
	  { "flows that were not looked at", test_flows_that_were_not_looked_at },
	  { "windows of many rows", test_windows_of_many })
