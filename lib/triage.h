/*
 * Ask the user, on the terminal, about each finding that is pending.
 */
#ifndef AIPOD_TRIAGE_H
#define AIPOD_TRIAGE_H

#include <stddef.h>

struct decided;
struct finding;
struct workspace;

enum triage { TRIAGE_SETTLED, TRIAGE_ABORTED, TRIAGE_NO_TERMINAL };

/*
 * Add the answers to the lists; on anything but TRIAGE_SETTLED they must not
 * be saved.
 */
enum triage triage_ask(struct decided *, const struct finding *, size_t n,
	    const struct workspace *);

/* The directory of a vendored path: a new string, NULL when there is none. */
char	*triage_vendor_dir(const char *path);

/* Say on standard error what is pending and how to settle it. */
void	triage_tell(const struct finding *, size_t n, const char *workspace);

#endif
