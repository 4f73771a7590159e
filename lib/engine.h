/*
 * The container engine: Podman where there is one, else Docker.
 */
#ifndef AIPOD_ENGINE_H
#define AIPOD_ENGINE_H

struct engine {
	char	*program;	/* what to execute: a path or a name on PATH */
	int	 docker;	/* it is Docker, not Podman */
};

/*
 * choice: NULL or "" for AIPOD_ENGINE, the configuration's ENGINE, else the
 * first of podman and docker that PATH has.  Runs nothing.  Exit ST_NOTFOUND
 * with advice when there is none.  The name decides which of the two it is.
 */
void	xengine_find(struct engine *, const char *choice);
/*
 * All engines there may be something of ours in: the one chosen, podman and
 * docker on PATH, each once.  Returns how many were put at e, at most 3.
 */
#define ENGINES_MAX	3
int	engines_all(struct engine e[ENGINES_MAX]);

#endif
