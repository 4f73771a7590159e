/*
 * Presets: hosts that belong together, in share/hosts/NAME, a pattern[:port] a
 * line, '#' comments.  "**.example.com" is example.com and what is below it.
 */
#ifndef AIPOD_PRESET_H
#define AIPOD_PRESET_H

#include "rule.h"

/*
 * Its lines as rules of this verdict; preset_free releases them.  NULL when it
 * cannot be had, with *why set to a static phrase.
 */
struct rules *preset_load(const char *name, enum rule_verdict,
	    const char **why);
void	 preset_free(struct rules *);

#endif
