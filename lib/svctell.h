/*
 * Telling about services: to an agent (JSON), to a person and to pipes.
 */
#ifndef AIPOD_SVCTELL_H
#define AIPOD_SVCTELL_H

#include "svc.h"

/* JSON of one in these words, with what was read of its log. */
void	svctell(const struct svc *, const char *words);
/* JSON of all of the session's. */
void	svctell_list(const struct svc *, int n);
/* A record (id, state, image, ports, started, status, note) or JSON. */
void	svctell_show(const struct svc *, int json);
/* In words: how one is reached, or why it ended. */
char	*svctell_words(const struct svc *);

#endif
