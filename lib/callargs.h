/*
 * Arguments of a tool from the words of a command line, KEY=VALUE and
 * KEY:=JSON, typed by the tool's schema.
 */
#ifndef AIPOD_CALLARGS_H
#define AIPOD_CALLARGS_H

struct json;
struct json_out;

/* 1 when one of the words needs the schema to know its type. */
int	callargs_typed(char *const *words);

/*
 * Write the object of arguments.  v is the inputSchema in j; -1: every value
 * is a string.  Exit ST_USAGE when a word is malformed, its key unknown or
 * given twice, or its value not of the type that the schema wants.
 */
void	xcallargs_put(struct json_out *, char *const *words,
	    const struct json *j, int v);

#endif
