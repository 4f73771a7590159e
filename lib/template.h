/*
 * Commands with places for the fields of a record: {1}, {2}, ... and {} for
 * the whole of it.  The text is the user's and goes to sh(1) as it is; the
 * fields go beside it as positional parameters, so that no byte of theirs is
 * ever read as shell.
 */
#ifndef AIPOD_TEMPLATE_H
#define AIPOD_TEMPLATE_H

#include "argv.h"

struct item;

#define TEMPLATE_LINE	"AIPOD_PICK_LINE"	/* {} in the environment */

/* Append sh -c SCRIPT sh FIELD... for this record. */
void	 xtemplate_argv(struct argv *, const char *template,
	    const struct item *);

#endif
