/* SPDX-License-Identifier: BSD-2-Clause */
/* Libraries that few commands need: loaded when something first asks for one, for every program that is
 * linked with a library pays for its pages and its symbols, whether it calls it or not. */
#ifndef WEIR_OS_LIBRARY_H
#define WEIR_OS_LIBRARY_H

#include <stddef.h>

/* `at` is where the address of the function, or of the variable, is written. */
struct library_symbol {
	const char *name;
	void	   *at;
};

/* Loads the first of `names`, which end in NULL, that is there; it stays until the program ends.  0, or
 * -ELIBACC where none is, or where one symbol is missing. */
int library_load(const char *const *names, const struct library_symbol *symbols, size_t n);

#endif
