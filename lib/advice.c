#include <string.h>

#include "advice.h"

static const char cd_advice[] = "Rejected before asking: commands run in the"
    " workspace's directory on the host already, and paths in the container"
    " do not hold there. Leave the `cd /...` out and name files relative to the workspace.";
static const char pipe_advice[] = "Rejected before asking: do not pipe into"
    " head or tail. All output is kept in files, and you are shown the end of"
    " it; run the command by itself and read"
    " .aipod/commands/SESSION/ID/stdout in the workspace for the rest.";
static const char empty_advice[] = "Rejected before asking: the command is"
    " empty.";
static const char nul_advice[] = "Rejected before asking: a command cannot hold"
    " a NUL byte.";

/* What may stand before a command's first word; a line may go on. */
static size_t
blanks(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && (strchr(" \t\n({", s[i]) != NULL || (s[i] == '\\' &&
	    i + 1 < n && s[i + 1] == '\n')); i++)
		;
	return i;
}

/* Is the word at s, with any directory in front, head or tail? */
static int
is_head_or_tail(const char *s, size_t n)
{
	size_t i, base = 0;

	for (i = 0; i < n && strchr(" \t\n|&;<>()", s[i]) == NULL; i++)
		if (s[i] == '/')
			base = i + 1;
	return i - base == 4 && (memcmp(s + base, "head", 4) == 0 ||
	    memcmp(s + base, "tail", 4) == 0);
}

/* A pipe into one of them outside of quotes. */
static int
pipes_away(const char *s, size_t n)
{
	size_t i;
	char quote = '\0';

	for (i = 0; i < n; i++) {
		if (quote != '\0') {
			if (s[i] == '\\' && quote == '"')
				i++;
			else if (s[i] == quote)
				quote = '\0';
			continue;
		}
		if (s[i] == '\\')
			i++;
		else if (s[i] == '\'' || s[i] == '"')
			quote = s[i];
		else if (s[i] == '|') {
			if (i + 1 < n && s[i + 1] == '|') {
				i++;
				continue;
			}
			i++;
			if (i < n && s[i] == '&')
				i++;
			i += blanks(s + i, n - i);
			if (i < n && is_head_or_tail(s + i, n - i))
				return 1;
			i--;
		}
	}
	return 0;
}

const char *
advice(const char *s, size_t n)
{
	size_t i;

	if (memchr(s, '\0', n) != NULL)
		return nul_advice;
	if ((i = blanks(s, n)) == n)
		return empty_advice;
	s += i;
	n -= i;
	if (n > 3 && memcmp(s, "cd", 2) == 0 && (i = blanks(s + 2, n - 2)) > 0 &&
	    2 + i < n && (s[2 + i] == '/' || (strchr("\"'", s[2 + i]) != NULL &&
	    3 + i < n && s[3 + i] == '/')))
		return cd_advice;
	return pipes_away(s, n) ? pipe_advice : NULL;
}
