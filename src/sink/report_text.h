/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the text report share. */
#ifndef WEIR_SINK_REPORT_TEXT_H
#define WEIR_SINK_REPORT_TEXT_H

#include "os/localtime.h"
#include "sink/report_print.h"
#include "sink/sheet.h"

/* A time within the capture: "14:59:58", or with the day where it spans several. */
char *moment_text(const struct report *report, struct mtime at, char buffer[LOCAL_TIME_TEXT]);
unsigned moment_width(const struct report *report);

/* What must not cross, what else was found, RAS servers, MSDP, changes by --against, notes. */
void print_lists(struct sheet *sheet, const struct report_print *print);

#endif
