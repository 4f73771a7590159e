/*
 * May this command run, this service start?  The rules, then the user.
 */
#ifndef AIPOD_CONSENT_H
#define AIPOD_CONSENT_H

#include <stddef.h>

struct svcspec;
struct workspace;

/*
 * Judge exactly these bytes; message is the agent's own words or NULL.
 * Returns 1 for yes, and 0 for no with *why, a new string, in words for the
 * agent.  "Always" has been made a rule, bound to what the command runs.
 * Everything is in the audit trail.
 */
int	consent_command(const struct workspace *, const char *cmd, size_t len,
	    const char *message, char **why);
/* The same for the service's image with these keys. */
int	consent_service(const struct workspace *, const struct svcspec *,
	    const char *message, char **why);

#endif
