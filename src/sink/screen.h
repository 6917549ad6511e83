/* SPDX-License-Identifier: BSD-2-Clause */
/* A terminal that cells are drawn on, and its keys (ncursesw).  What is on it before comes back when
 * it ends or pauses.  Knows no view. */
#ifndef WEIR_SINK_SCREEN_H
#define WEIR_SINK_SCREEN_H

#include "sink/cells.h"

struct screen;

/* Takes standard input and output, which are a terminal, until screen_free(); all files that it needs
 * are read here.  0, or -ENOTTY where the terminal is of no kind that can be drawn on, or where
 * there is no ncursesw. */
int screen_new(bool colour, struct screen **out);
void screen_free(struct screen *screen);

/* The size as of now. */
void screen_size(const struct screen *screen, unsigned *out_rows, unsigned *out_columns);
void screen_draw(struct screen *screen, const struct cells *cells);
/* The terminal is not what it was (another size, or somebody else wrote on it): draws it all anew
 * next time. */
void screen_renew(struct screen *screen);
/* Gives the terminal back, stops the process, and takes it again when that goes on. */
void screen_pause(struct screen *screen);
/* The next key that waits, as view_key() knows it; false where none does. */
bool screen_key(struct screen *screen, uint32_t *out);
/* The terminal was closed. */
bool screen_is_gone(const struct screen *screen);

#endif
