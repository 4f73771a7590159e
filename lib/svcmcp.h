/*
 * Answering an agent about services: the tools start_service, stop_service,
 * list_services and service_logs.
 */
#ifndef AIPOD_SVCMCP_H
#define AIPOD_SVCMCP_H

#include "svc.h"
#include "workspace.h"

#define SVC_TIMEOUT	60		/* seconds for a port to answer */
#define SVC_TIMEOUT_MAX	600
#define SVC_PULL	60		/* seconds that a call waits for a pull */

/*
 * Arguments as JSON on standard input, the answer as JSON on standard output;
 * what is "start", "stop", "list" or "logs".  Returns the exit status, or -1
 * when it is none of these.
 */
int	xsvcmcp(const char *what, const struct workspace *);

/*
 * Why a service cannot be called that here: words for a person, a new string,
 * or NULL when it can.
 */
char	*svcmcp_name_problem(const struct workspace *, const char *name);

/*
 * Start one that may be started and wait until it can be reached, or, with pull
 * seconds of pulling, until it can be left alone.  On success *s is loaded.
 * 1: it is there or on its way; 0: it is not, and *s tells why unless *why
 * does (words for an agent).
 */
int	svcmcp_start(const struct workspace *, const struct session *,
	    const struct svcspec *, int pull, void (*news)(const char *),
	    struct svc *s, const char **why);

#endif
