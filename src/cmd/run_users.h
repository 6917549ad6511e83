/* SPDX-License-Identifier: BSD-2-Clause */
/* As whom the daemon's processes run, and whose its files are. */
#ifndef WEIR_CMD_RUN_USERS_H
#define WEIR_CMD_RUN_USERS_H

#include "base/text.h"
#include "daemon/run.h"

/* Chooses the users, and makes the folders of the state and of the history theirs.  `note` says where
 * the clerk keeps root's user id, and why.  0 or negative errno. */
int run_users_begin(struct run_options *o, struct text *note);

/* As run_users_begin() would choose, without changing anything. */
void run_users_look(struct run_options *o, struct text *note);

#endif
