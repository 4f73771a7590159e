/*
 * Something that the user is to know, while an agent may have the terminal.
 */
#ifndef AIPOD_NOTICE_H
#define AIPOD_NOTICE_H

#include <sys/types.h>

/*
 * A line on standard error unless quiet, and a notification for the workspace.
 * Returns the process that shows it, to be waited for, or -1.
 */
pid_t	notice(const char *dir, const char *title, const char *text);

#endif
