/*
 * MCP tools are files: a directory NAME with schema.json (name, description,
 * inputSchema, optional title, outputSchema, annotations) and the program run,
 * or in place of run a member "command" in the schema: the words of a command
 * whose program is searched like all of aipod's, which saves a shell.  It gets
 * the arguments as a JSON object on standard input and answers with one on
 * standard output; exit status 0 is a result, 1 one that is an error.  With
 * "stays": true a program lasts for many calls, one after the other: a line
 * with the arguments is answered by a line with what would be the exit status,
 * a blank and the object.
 */
#ifndef AIPOD_MCPTOOL_H
#define AIPOD_MCPTOOL_H

#include <stddef.h>

#include "argv.h"

#define MCPTOOL_MAX	64
#define MCPTOOL_NAME	50
#define MCPTOOL_WORDS	16

struct mcptool {
	char	*name;
	struct argv argv;	/* an absolute path, and its arguments */
	char	*entry;		/* its object in tools/list */
	int	 stays;
};

struct mcptools {
	struct mcptool	t[MCPTOOL_MAX];	/* sorted by name */
	size_t		n;
};

/*
 * Add the tools in a directory; a missing directory has none.  One that is
 * there under the same name already is replaced.  With `trusted' its files
 * must be this user's or root's and writable by nobody else.  What is no good
 * tool is warned about and left out.
 */
void	xmcptools_add(struct mcptools *, const char *dir, int trusted);
/* share/tools, then the user's own. */
void	xmcptools_load(struct mcptools *);
void	mcptools_free(struct mcptools *);
/* Index of the tool, or -1. */
int	mcptools_find(const struct mcptools *, const char *name);

#endif
