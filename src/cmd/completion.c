/* SPDX-License-Identifier: BSD-2-Clause */
/* One printer per shell; all walk the same rows.  Knows no command. */
#include "cmd/completion.h"

#include <string.h>

#include "cmd/command.h"
#include "cmd/options.h"

struct words {
	const char *topics, *profiles;
};

static bool takes_file(const struct opt *o)
{
	return o->kind == OPT_FILE || o->kind == OPT_POLICY;
}

static bool takes_argument(const struct opt *o)
{
	return o->argument != NULL;
}

/* The words of "auto|always|never" with another separator. */
static void print_choices(const char *choices, char separator, FILE *out)
{
	for (const char *c = choices; *c; c++)
		fputc(*c == '|' ? separator : *c, out);
}

/* The first command of each family, one after the other; *i begins at 0. */
static const struct command *next_family(size_t *i)
{
	for (; commands[*i]; ++*i) {
		const struct command *c = commands[*i];

		if (command_family(c) && (*i == 0 || !command_is_sibling(commands[*i - 1], c))) {
			++*i;
			return c;
		}
	}
	return NULL;
}

/* Words that may stand first: names of commands and of families, each once. */
static void print_command_names(FILE *out)
{
	for (size_t i = 0; commands[i]; i++) {
		size_t n = command_family(commands[i]);

		if (n == 0)
			fprintf(out, "%s%s", i ? " " : "", commands[i]->name);
		else if (i == 0 || !command_is_sibling(commands[i - 1], commands[i]))
			fprintf(out, "%s%.*s", i ? " " : "", (int)n, commands[i]->name);
	}
}

/* The second words of a family. */
static void print_leaves(const struct command *first, FILE *out)
{
	const char *blank = "";

	for (size_t i = 0; commands[i]; i++)
		if (command_is_sibling(first, commands[i])) {
			fprintf(out, "%s%s", blank, command_leaf(commands[i]));
			blank = " ";
		}
}

/* Words that may stand as a command's operand. */
static void print_operand_words(const struct command *c, const struct words *words, FILE *out)
{
	if (c->completes == COMPLETES_PROFILES)
		fputs(words->profiles, out);
	if (c->completes == COMPLETES_TOPICS) {
		print_command_names(out);
		fprintf(out, " %s", words->topics);
	}
}

static bool operand_is_file(const struct command *c)
{
	return c->completes == COMPLETES_FILES || c->completes == COMPLETES_PROFILES;
}

/* A case of bash for the argument of one option. */
static void print_bash_option(const struct command *c, const struct opt *o,
			      const struct words *words, FILE *out)
{
	if (!takes_argument(o))
		return;
	fprintf(out, "\t'%s --%s'", c->name, o->name);
	if (o->letter)
		fprintf(out, "|'%s -%c'", c->name, o->letter);
	fputs(") words='", out);
	if (o->kind == OPT_CHOICE)
		print_choices(o->argument, ' ', out);
	if (o->kind == OPT_POLICY)
		fputs(words->profiles, out);
	fprintf(out, "'%s ;;\n", takes_file(o) ? " files=yes" : "");
}

static void print_bash_operand(const struct command *c, const struct words *words, FILE *out)
{
	const struct opt *o;

	fprintf(out, "\t\t'%s '-*) words='", c->name);
	for (size_t i = 0; (o = options_next(c, &i)) != NULL;)
		fprintf(out, "%s--%s", i > 1 ? " " : "", o->name);
	fprintf(out, "' ;;\n\t\t'%s '*) words='", c->name);
	print_operand_words(c, words, out);
	fprintf(out, "'%s ;;\n", operand_is_file(c) ? " files=yes" : "");
}

/* The second word of a family, or, where it stands already, the name of the command. */
static void print_bash_family(const struct command *first, FILE *out)
{
	fprintf(out, "\tif [ \"$command\" = '%.*s' ]; then\n\t\tcommand=\"$command ${COMP_WORDS[2]}\"\n"
		     "\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n\t\t\tcommand=''\n\t\t\twords='",
		(int)command_family(first), first->name);
	print_leaves(first, out);
	fputs("'\n\t\tfi\n\tfi\n", out);
}

static void print_bash(const struct words *words, FILE *out)
{
	const struct command *first;

	fputs("# bash completion of weir, printed by: weir help --completion bash\n"
	      "_weir()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command=${COMP_WORDS[1]} words='' files='' IFS=$' \\t\\n'\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tcommand=''\n\t\twords='",
	      out);
	print_command_names(out);
	fputs(" --help --version'\n\tfi\n", out);
	for (size_t i = 0; (first = next_family(&i)) != NULL;)
		print_bash_family(first, out);
	fputs("\tcase \"$command $prev\" in\n", out);
	for (size_t c = 0; commands[c]; c++) {
		const struct opt *o;

		for (size_t i = 0; (o = options_next(commands[c], &i)) != NULL;)
			print_bash_option(commands[c], o, words, out);
	}
	fputs("\t*)\n\t\tcase \"$command $cur\" in\n", out);
	for (size_t c = 0; commands[c]; c++)
		print_bash_operand(commands[c], words, out);
	fputs("\t\tesac ;;\n\tesac\n"
	      "\tIFS=$'\\n'\n"
	      "\tCOMPREPLY=($(IFS=' ' compgen -W \"$words\" -- \"$cur\"))\n"
	      "\tif [ -n \"$files\" ]; then\n"
	      "\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\tfi\n}\ncomplete -F _weir weir\n",
	      out);
}

/* Inside of single quotes and of an _arguments specification. */
static void print_zsh_quoted(const char *text, FILE *out)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			fputs("'\\'", out);
		else if (strchr("[]:\\", *c))
			fputc('\\', out);
		fputc(*c, out);
	}
}

/* "-p+" and "--policy=": the argument may follow at once, behind `=`, or as the next word. */
static void print_zsh_names(const struct opt *o, FILE *out)
{
	const char *repeat = o->kind == OPT_LIST || o->kind == OPT_COUNT ? "*" : "";
	bool argument = takes_argument(o);

	if (o->letter)
		fprintf(out, "\t\t\t'%s'{-%c%s,--%s%s}'[", repeat, o->letter, argument ? "+" : "",
			o->name, argument ? "=" : "");
	else
		fprintf(out, "\t\t\t'%s--%s%s[", repeat, o->name, argument ? "=" : "");
}

static void print_zsh_option(const struct opt *o, const struct words *words, FILE *out)
{
	print_zsh_names(o, out);
	print_zsh_quoted(o->help, out);
	fputc(']', out);
	if (takes_argument(o)) {
		fputc(':', out);
		print_zsh_quoted(o->argument, out);
		fputc(':', out);
	}
	if (o->kind == OPT_CHOICE) {
		fputc('(', out);
		print_choices(o->argument, ' ', out);
		fputc(')', out);
	}
	if (o->kind == OPT_POLICY)
		fprintf(out, "{compadd %s; _files}", words->profiles);
	if (o->kind == OPT_FILE)
		fputs("_files", out);
	fputs("' \\\n", out);
}

static void print_zsh_command(const struct command *c, const struct words *words, FILE *out)
{
	const struct opt *o;

	fprintf(out, "\t'%s')\n\t\t_arguments -s -S \\\n", c->name);
	for (size_t i = 0; (o = options_next(c, &i)) != NULL;)
		print_zsh_option(o, words, out);
	fputs("\t\t\t'*:operand:{", out);
	if (c->completes == COMPLETES_PROFILES || c->completes == COMPLETES_TOPICS) {
		fputs("compadd ", out);
		print_operand_words(c, words, out);
		fputs("; ", out);
	}
	fprintf(out, "%s}' ;;\n", operand_is_file(c) ? "_files" : "true");
}

static void print_zsh_names_of_all(FILE *out)
{
	for (size_t i = 0; commands[i]; i++) {
		size_t n = command_family(commands[i]);

		if (n > 0 && i > 0 && command_is_sibling(commands[i - 1], commands[i]))
			continue;
		fprintf(out, "\t\t'%.*s:", n ? (int)n : (int)strlen(commands[i]->name), commands[i]->name);
		print_zsh_quoted(commands[i]->summary, out);
		fputs("'\n", out);
	}
}

static void print_zsh_family(const struct command *first, FILE *out)
{
	fprintf(out, "\tif [[ $command == '%.*s' ]]; then\n\t\tif (( CURRENT == 2 )); then\n\t\t\tcompadd ",
		(int)command_family(first), first->name);
	print_leaves(first, out);
	fputs("\n\t\t\treturn\n\t\tfi\n\t\tcommand=\"$command $words[2]\"\n\t\tshift words\n"
	      "\t\t(( CURRENT-- ))\n\tfi\n", out);
}

static void print_zsh(const struct words *words, FILE *out)
{
	const struct command *first;

	fputs("#compdef weir\n# zsh completion of weir, printed by: weir help --completion zsh\n"
	      "_weir() {\n\tlocal -a commands\n\tcommands=(\n", out);
	print_zsh_names_of_all(out);
	fputs("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	      "\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n", out);
	for (size_t i = 0; (first = next_family(&i)) != NULL;)
		print_zsh_family(first, out);
	fputs("\tcase $command in\n", out);
	for (size_t i = 0; commands[i]; i++)
		print_zsh_command(commands[i], words, out);
	fputs("\tesac\n}\n_weir \"$@\"\n", out);
}

/* Inside of single quotes of fish, where a backslash escapes. */
static void print_fish_quoted(const char *text, FILE *out)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
}

/* The condition that this command stands on the line already. */
static void print_fish_seen(const struct command *c, FILE *out)
{
	int n = (int)command_family(c);

	fputs("complete -c weir -n '", out);
	if (n > 0)
		fprintf(out, "__fish_seen_subcommand_from %.*s; and ", n, c->name);
	fprintf(out, "__fish_seen_subcommand_from %s' ", command_leaf(c));
}

static void print_fish_option(const struct command *c, const struct opt *o,
			      const struct words *words, FILE *out)
{
	print_fish_seen(c, out);
	fprintf(out, "-l %s", o->name);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	if (takes_argument(o))
		fputs(takes_file(o) ? " -r -F" : " -x", out);
	if (o->kind == OPT_CHOICE) {
		fputs(" -a '", out);
		print_choices(o->argument, ' ', out);
		fputc('\'', out);
	}
	if (o->kind == OPT_POLICY)
		fprintf(out, " -a '%s'", words->profiles);
	fputs(" -d '", out);
	print_fish_quoted(o->help, out);
	fputs("'\n", out);
}

static void print_fish_command(const struct command *c, const struct words *words, FILE *out)
{
	int n = (int)command_family(c);
	const struct opt *o;

	if (n > 0)
		fprintf(out, "complete -c weir -n '__fish_seen_subcommand_from %.*s' -f -a %s -d '", n,
			c->name, command_leaf(c));
	else
		fprintf(out, "complete -c weir -n __fish_use_subcommand -f -a %s -d '", c->name);
	print_fish_quoted(c->summary, out);
	fputs("'\n", out);
	for (size_t i = 0; (o = options_next(c, &i)) != NULL;)
		print_fish_option(c, o, words, out);
	print_fish_seen(c, out);
	fprintf(out, "%s -a '", operand_is_file(c) ? "-F" : "-f");
	print_operand_words(c, words, out);
	fputs("'\n", out);
}

static void print_fish(const struct words *words, FILE *out)
{
	const struct command *first;

	fputs("# fish completion of weir, printed by: weir help --completion fish\n", out);
	for (size_t i = 0; (first = next_family(&i)) != NULL;)
		fprintf(out, "complete -c weir -n __fish_use_subcommand -f -a %.*s\n",
			(int)command_family(first), first->name);
	for (size_t i = 0; commands[i]; i++)
		print_fish_command(commands[i], words, out);
}

void completion_print(const char *shell, const char *topics, const char *profiles, FILE *out)
{
	static const struct {
		const char *name;
		void	    (*print)(const struct words *words, FILE *out);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; i < COUNT(shells); i++)
		if (strcmp(shells[i].name, shell) == 0)
			shells[i].print(&(struct words){ topics, profiles }, out);
}
