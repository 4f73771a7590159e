/*
 * Ask the user, on the terminal, about each finding that is pending.
 */
#ifndef AIPOD_TRIAGE_H
#define AIPOD_TRIAGE_H

#include <stddef.h>

struct decided;
struct finding;

enum triage { TRIAGE_SETTLED, TRIAGE_ABORTED, TRIAGE_NO_TERMINAL };

/*
 * Add the answers to the lists; on anything but TRIAGE_SETTLED they must not
 * be saved.  mask is called for a dependency directory that the user wants
 * masked; 0 when that worked.
 */
enum triage triage_ask(struct decided *, const struct finding *, size_t n,
	    int (*mask)(void *, const char *dir), void *arg);

/* The directory of a vendored path: a new string, NULL when there is none. */
char	*triage_vendor_dir(const char *path);

/* Say on standard error what is pending and how to settle it. */
void	triage_tell(const struct finding *, size_t n, const char *workspace);

#endif
