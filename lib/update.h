/*
 * The quiet look for a newer release when something starts.
 */
#ifndef AIPOD_UPDATE_H
#define AIPOD_UPDATE_H

/* 1 when version a comes after b: numbers between dots; 0 for what is none. */
int	update_is_newer(const char *a, const char *b);

/*
 * Where UPDATE_URL is set and UPDATE_CHECK is not no: when a day has passed
 * since the last, start 'aipod-update check --daily' on its own, without
 * waiting for it.  Returns the newer release which an earlier look found, as a
 * new string, or NULL.
 */
char	*update_look(void);

#endif
