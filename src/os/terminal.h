/* SPDX-License-Identifier: BSD-2-Clause */
/* What the streams of the process are connected to. */
#ifndef WEIR_OS_TERMINAL_H
#define WEIR_OS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* False for a stream in memory. */
bool terminal_is(FILE *stream);
/* Its width in columns, at least 40; 100 where it is no terminal or does not say. */
unsigned terminal_columns(FILE *stream);
/* Its height in lines, 24 where it does not say. */
unsigned terminal_lines(FILE *stream);
/* NO_COLOR is unset or empty, and TERM is not "dumb". */
bool terminal_may_colour(void);
/* The locale's characters are UTF-8; it is the process's from now on. */
bool terminal_is_utf8(void);
/* The stream is a pipe whose reader has gone: nobody is there to complain to. */
bool terminal_reader_gone(FILE *stream);

#endif
