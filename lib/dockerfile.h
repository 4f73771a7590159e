/*
 * Dockerfiles: what aipod-build has to know of one and add to it.  Nothing
 * here reads a file or judges the rest of the syntax; the engine does.
 */
#ifndef AIPOD_DOCKERFILE_H
#define AIPOD_DOCKERFILE_H

#include <stddef.h>

struct argv;
struct buf;

/*
 * Append the text with what the build needs put in:
 * - after each FROM, after_from (NULL: nothing), which ends in a newline;
 * - a URL of the older tool's server (http://${HOST_GATEWAY}:7822/x) becomes
 *   file:///opt/aipod/x, and before the instruction that has the first one
 *   of a stage stands COPY aipod /opt/aipod.
 * Continued lines, comments and here-documents are followed.  0, or -1 with
 * errno ENOMEM.
 */
int	 dockerfile_adapt(const char *text, size_t len,
	    const char *after_from, struct buf *);

/*
 * Append each agent that the text installs, NAME or NAME@VERSION, once: the
 * words behind "/opt/aipod/agent", and X in "/install/X.sh" and "host-tools
 * install X".
 */
void	 dockerfile_agents(const char *text, size_t len, struct argv *);

/* 1 when a FROM takes its image by this very name. */
int	 dockerfile_has_from(const char *text, size_t len, const char *image);

#endif
