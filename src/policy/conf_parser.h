/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the configuration's parser share.  Its words are no words of the policy
 * language: a set may be called `inside`. */
#ifndef WEIR_POLICY_CONF_PARSER_H
#define WEIR_POLICY_CONF_PARSER_H

#include "policy/conf.h"
#include "policy/parser.h"

struct conf_parser {
	struct parser p;
	struct conf  *conf;
	/* growing arrays; their first n elements are what `conf` points to */
	struct conf_interface *interfaces;
	struct conf_set	      *sets;
	size_t		       interface_cap, set_cap;
};

/* True where this word comes next; the second takes it. */
bool conf_at(const struct conf_parser *c, const char *word);
bool conf_take(struct conf_parser *c, const char *word);
/* True where a statement begins here: a line that starts with one of their words. */
bool conf_at_statement(const struct conf_parser *c);
/* The name of an interface; false, and a complaint, where none comes. */
bool conf_interface_name(struct conf_parser *c, struct conf_name *out);
/* A run of letters and digits, such as 90d; NULL, and a complaint, where none comes. */
const char *conf_run(struct conf_parser *c, const char *what, struct spot *out);
/* Digits and the letter of a unit, as 90d or 1G; true also where it complains and goes on. */
struct conf_unit {
	char	 letter;		/* 0: none is written */
	uint64_t factor;
};
bool conf_amount(struct conf_parser *c, const char *what, const struct conf_unit *units, size_t n,
		 uint64_t *out);
/* A file in quotes, taken from the configuration's folder.  False where none comes. */
bool conf_file(struct conf_parser *c, const char *what, struct conf_name *out);
/* Room for one more in an array of the arena. */
void *conf_room(struct conf_parser *c, void *list, size_t n, size_t *cap, size_t size);

/* Behind the word that begins them.  False once they have complained. */
bool conf_read_interface(struct conf_parser *c);
bool conf_read_set(struct conf_parser *c);
bool conf_read_msdp(struct conf_parser *c);

#endif
