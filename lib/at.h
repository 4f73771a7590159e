/*
 * Where in the box the workspace is: /app, or at the host's own path.
 */
#ifndef AIPOD_AT_H
#define AIPOD_AT_H

#define AT_APP	"/app"

struct buf;

/* What this session's is: $AIPOD_AT, else /app. */
const char *at_session(void);

/*
 * Why a workspace with this canonical path cannot be at its own path, as a
 * phrase, or NULL: it would lie over what the box needs.
 */
const char *at_problem(const char *path);

/* 1 when path is dir or below it; absolute and normal both. */
int	at_covers(const char *dir, const char *path);

/* Put at for each "@app@"; 0, or -1 when out of memory. */
int	at_fill(struct buf *, const char *at);

#endif
