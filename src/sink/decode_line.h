/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir decode` says of one observation, for its two printers. */
#ifndef WEIR_SINK_DECODE_LINE_H
#define WEIR_SINK_DECODE_LINE_H

#include "base/text.h"
#include "model/observation.h"

struct decode_line {
	const struct observation *obs;
	const char		 *file;
	uint64_t		  frame;
	unsigned		  time_digits;	/* of the file: 6 or 9 */
	const char		 *link;		/* the interface's name, escaped; "" for none */
	/* NULL where no policy was named; a judged observation may still have no rule */
	const char		 *boundary, *rule;
	enum action		  action;
	struct span		  hex;		/* the frame's bytes, where they are wanted */
};

/* One line of JSON (DESIGN 6), with its line feed. */
void decode_json_put(const struct decode_line *line, struct text *out);

/* Text remembers what it need not say again.  Zeroed at first. */
struct decode_text {
	bool	colour;
	bool	verbose;		/* the frame, its length, VLAN, MAC and interface too */
	bool	say_frames;		/* several files: a line names its own */
	int64_t second;			/* that `clock` shows; INT64_MIN before the first line */
	char	clock[16], date[16];
};

struct decode_text decode_text_of(bool colour, bool verbose, bool say_frames);
/* One line for a person, behind a date line where the day is a new one. */
void decode_text_put(struct decode_text *state, const struct decode_line *line, struct text *out);
/* The frame in hexadecimal and characters, sixteen bytes a line. */
void decode_text_put_hex(struct span bytes, struct text *out);

#endif
