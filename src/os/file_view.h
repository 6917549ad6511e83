/* SPDX-License-Identifier: BSD-2-Clause */
/* A file's bytes where the kernel keeps them, without a copy of them: a mapping that is made ready
 * and given back window by window, so that little of it counts as this program's memory.  A file
 * that shrinks while it is read does no harm: what is gone reads as zeros, and is told.  The bytes
 * are shared: whoever may write the file can change them at any time, so no byte whose value
 * matters for safety may be loaded twice. */
#ifndef WEIR_OS_FILE_VIEW_H
#define WEIR_OS_FILE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Views that may be open at a time, in the whole program. */
#define FILE_VIEWS_MAX 16

struct file_view;

/* Views are made and freed by one thread; their bytes are any thread's to look at. */
/* The first `size` bytes of a regular file; NULL where there are too many views already, or the
 * file cannot be mapped.  The descriptor may be closed. */
struct file_view *file_view_new(int fd, size_t size);
void file_view_free(struct file_view *view);

const uint8_t *file_view_bytes(const struct file_view *view);
/* Has the bytes from `from` to `to` mapped at once, where that is known to be wanted; false where
 * the file has no longer that many. */
bool file_view_fetch(struct file_view *view, size_t from, size_t to);
/* Gives back what lies before `end`; it is mapped again where it is read again. */
void file_view_pass(struct file_view *view, size_t end);
/* The file shrank below a byte that was read. */
bool file_view_is_lost(const struct file_view *view);

#endif
