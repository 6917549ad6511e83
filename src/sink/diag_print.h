/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints about an operator's text, as a person reads them: place, line, caret, hint. */
#ifndef WEIR_SINK_DIAG_PRINT_H
#define WEIR_SINK_DIAG_PRINT_H

#include <stdio.h>

#include "model/diag.h"

/* All of them, in order.  Nothing of the text reaches the stream unescaped. */
void diags_print(const struct diags *diags, bool colour, FILE *out);
/* "2 errors, 1 warning, 1 note", or nothing where there are none. */
void diags_print_summary(const struct diags *diags, FILE *out);

#endif
