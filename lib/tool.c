#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "status.h"
#include "tool.h"

int tool_verbose;

void
tool_usage(const struct tool *t)
{
	fprintf(stderr, "usage: %s %s\n", t->name, t->synopsis);
	exit(ST_USAGE);
}

static void
help(const struct tool *t)
{
	printf("usage: %s %s\n\n%s"
	    "  -v, --verbose        say more\n"
	    "  -q, --quiet          say less\n"
	    "  -h, --help           this text\n"
	    "  -V, --version        the version\n"
	    "\nSee %s(1).\n", t->name, t->synopsis, t->options, t->name);
	xio_close_stdout();
	exit(ST_YES);
}

int
tool_getopt(const struct tool *t, int argc, char *argv[],
    const char *optstring, const struct option *options)
{
	char full[128];
	int c;

	if (snprintf(full, sizeof(full), "%shVvq", optstring) >=
	    (int)sizeof(full))
		errx(ST_SYS, "too many options");
	while ((c = getopt_long(argc, argv, full, options, NULL)) != -1)
		switch (c) {
		case 'h':
			help(t);
			break;
		case 'V':
			printf("%s %s\n", t->name, AIPOD_VERSION);
			xio_close_stdout();
			exit(ST_YES);
		case 'v':
			tool_verbose++;
			break;
		case 'q':
			tool_verbose = -1;
			break;
		case '?':
		case ':':
			tool_usage(t);
		default:
			return c;
		}
	return -1;
}

static void
options_behind(void (*parse)(void *, int, char **), void *arg, int *argc,
    char **argv[])
{
	optind = 1;
	parse(arg, *argc, *argv);
	*argc -= optind;
	*argv += optind;
}

int
tool_verb(const struct tool *t, const struct tool_verb *verbs, int other,
    void (*parse)(void *, int, char **), void *arg, int *argc, char **argv[])
{
	char *first;
	int v = 0;

	options_behind(parse, arg, argc, argv);
	if (*argc > 0) {
		while (verbs[v].name != NULL &&
		    strcmp(verbs[v].name, (*argv)[0]) != 0)
			v++;
		if (verbs[v].name != NULL)
			options_behind(parse, arg, argc, argv);
		else if ((v = other) == -1)
			errx(ST_USAGE, "no verb '%s': see %s --help",
			    (*argv)[0], t->name);
	}
	if (verbs[v].behind && *argc > 0) {
		first = (*argv)[0];
		options_behind(parse, arg, argc, argv);
		*--*argv = first;
		++*argc;
	}
	if (*argc < verbs[v].min ||
	    (verbs[v].max != -1 && *argc > verbs[v].max))
		tool_usage(t);
	return v;
}
