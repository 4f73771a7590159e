/*
 * Telling about commands: to an agent (JSON), to a person and to pipes.
 */
#ifndef AIPOD_JOBTELL_H
#define AIPOD_JOBTELL_H

#include "job.h"

/* JSON of one command with the end of its output, to standard output. */
void	jobtell(const struct job *);
/* JSON of many; those of other sessions than mine without their ids. */
void	jobtell_list(const struct job *, int n, const char *mine);
/* JSON that holds nothing but words. */
void	jobtell_words(const char *);
/* A record (id, state, status, how, session, started, command) or JSON. */
void	jobtell_show(const struct job *, int json);

#endif
