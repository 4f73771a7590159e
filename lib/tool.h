/*
 * What every tool's main has in common.
 */
#ifndef AIPOD_TOOL_H
#define AIPOD_TOOL_H

#include <getopt.h>

struct tool {
	const char	*name;
	const char	*synopsis;	/* what stands behind the name */
	const char	*options;	/* lines of --help without the reserved */
};

/*
 * getopt_long(3) that answers -h, -V, -v and -q itself.  The string starts
 * with '+'; do not name hVvq in it.  Bad options print the usage and exit
 * ST_USAGE.  -v and -q count in tool_verbose.
 */
#define TOOL_OPTIONS						\
	{ "help", no_argument, NULL, 'h' },			\
	{ "version", no_argument, NULL, 'V' },			\
	{ "verbose", no_argument, NULL, 'v' },			\
	{ "quiet", no_argument, NULL, 'q' }

int	tool_getopt(const struct tool *, int argc, char *argv[],
	    const char *optstring, const struct option *);

/*
 * For a tool with verbs: parse takes the options, which may stand before the
 * verb, behind it and, where it says so, behind its first operand.  Leaves
 * *argc and *argv at the operands.  Returns the verb's place in the table,
 * which ends with a NULL; other where the first word is none of them, which
 * then is an operand (-1: an error); the first verb when there is no word.
 */
struct tool_verb {
	const char	*name;
	int		 min, max;	/* operands; max -1: any number */
	int		 behind;	/* options may stand behind the first */
};

int	tool_verb(const struct tool *, const struct tool_verb *, int other,
	    void (*parse)(void *, int, char **), void *, int *argc,
	    char **argv[]);

/* Print the usage line to standard error and exit ST_USAGE. */
void	tool_usage(const struct tool *) __attribute__((noreturn));

/* 0 by default, one more for each -v; -1 after -q. */
extern int tool_verbose;

#endif
