/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening captures for the commands.  Knows no packet. */
#include "cmd/capture.h"

#include <errno.h>

#include "wire/wire.h"

struct timeline *capture_open(const struct common *common, const struct texts *files, unsigned jobs,
			      bool shares, const struct io *io, int *out_status)
{
	const struct wire_options wire = { .udp_checksums = common->checksums };
	const struct timeline_options options = {
		.filter = common->filter,
		.has_since = common->since.given, .since = common->since.at,
		.has_until = common->until.given, .until = common->until.at,
		.jobs = jobs, .shares = shares, .wire = &wire,
	};
	struct timeline *timeline = NULL;
	char problem[160] = "";
	int error = timeline_open(files->list, files->n, &options, problem, &timeline);

	if (error == 0)
		return timeline;
	complain(io, "%s", problem);
	*out_status = error == -EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
	return NULL;
}

static void put_link(const struct link_info *link, struct text *out)
{
	const char *name = linktype_name(link->linktype);

	text_printf(out, "weir does not read link type %u", (unsigned)link->linktype);
	if (name)
		text_printf(out, " (%s)", name);
}

void capture_put_problem(const struct timeline *timeline, uint16_t file, struct text *out)
{
	const struct link_info *links;
	const struct input *input;
	size_t n;

	input = &timeline_inputs(timeline, &n)[file];
	if (input->problem[0]) {
		text_printf(out, "%s: %s", input->name, input->problem);
		return;
	}
	links = timeline_links(timeline, &n);
	for (size_t i = 0; i < n; i++)
		if (links[i].file == file && !linktype_is_read(links[i].linktype)) {
			text_printf(out, "%s: ", input->name);
			put_link(&links[i], out);
			return;
		}
}

const char *const *capture_link_names(const struct timeline *timeline, struct arena *arena,
				      size_t *out_n)
{
	size_t n, files;
	const struct link_info *links = timeline_links(timeline, &n);
	const struct input *inputs = timeline_inputs(timeline, &files);
	const char **names = arena_array(arena, n, sizeof(names[0]));
	struct text name = { 0 };

	for (size_t i = 0; i < n; i++) {
		text_reset(&name);
		if (links[i].name[0])
			text_put(&name, links[i].name);
		else
			text_escape_utf8(&name, span_of(inputs[links[i].file].name));
		names[i] = arena_text(arena, text_string(&name), name.n);
	}
	text_release(&name);
	*out_n = n;
	return names;
}

bool capture_is_damaged(const struct timeline *timeline, uint16_t file)
{
	size_t n;
	const struct input *input = &timeline_inputs(timeline, &n)[file];

	return input->problem[0] || input->truncated;
}
