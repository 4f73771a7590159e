#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "engine.h"
#include "mem.h"
#include "status.h"

/* The path of a program on PATH, or NULL. */
static char *
on_path(const char *name)
{
	const char *dir, *end;
	char *path;

	for (dir = getenv("PATH"); dir != NULL; dir = *end ? end + 1 : NULL) {
		if ((end = strchr(dir, ':')) == NULL)
			end = dir + strlen(dir);
		if (*dir != '/')
			continue;
		path = xasprintf("%.*s/%s", (int)(end - dir), dir, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

void
xengine_find(struct engine *e, const char *choice)
{
	char *set = NULL;
	const char *base;

	e->program = NULL;
	if (choice == NULL || *choice == '\0')
		choice = set = xconf_get("ENGINE");
	if (choice != NULL && *choice != '\0') {
		if (strchr(choice, '/') != NULL)
			e->program = access(choice, X_OK) == 0 ?
			    xstrdup(choice) : NULL;
		else
			e->program = on_path(choice);
		if (e->program == NULL)
			errx(ST_NOTFOUND, "cannot find the engine '%s': install"
			    " it, or choose another with --engine", choice);
	} else if ((e->program = on_path("podman")) == NULL &&
	    (e->program = on_path("docker")) == NULL)
		errx(ST_NOTFOUND, "no container engine: install podman (or"
		    " docker), then try again");
	base = strrchr(e->program, '/');
	base = base != NULL ? base + 1 : e->program;
	e->docker = strncmp(base, "docker", 6) == 0;
	free(set);
}
