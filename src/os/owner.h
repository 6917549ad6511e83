/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders of a daemon whose files are to be somebody else's than root's. */
#ifndef WEIR_OS_OWNER_H
#define WEIR_OS_OWNER_H

#include <sys/types.h>

/* A folder with its parents, where it is not there yet.  0 or negative errno. */
int folder_make(const char *path);

/* The folder that a file is in, as it is written; the caller frees it. */
char *folder_of_file(const char *file);

/* A folder with the files in it that are root's becomes another's, and readable for his group.  Only
 * where it holds plain files alone: -ENOTEMPTY where there is more, and nothing is changed.  0 or
 * negative errno. */
int folder_hand_over(const char *path, uid_t uid, gid_t gid);

#endif
