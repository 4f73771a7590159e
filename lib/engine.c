#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "engine.h"
#include "mem.h"
#include "status.h"

static int
is_docker(const char *program)
{
	const char *base = strrchr(program, '/');

	return strncmp(base != NULL ? base + 1 : program, "docker", 6) == 0;
}

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
	e->docker = is_docker(e->program);
	free(set);
}

int
engines_all(struct engine e[ENGINES_MAX])
{
	static const char *const names[] = { "podman", "docker" };
	char *set = xconf_get("ENGINE"), *found[ENGINES_MAX];
	int i, j, n = 0;

	found[0] = set == NULL || *set == '\0' ? NULL :
	    strchr(set, '/') != NULL ? xstrdup(set) : on_path(set);
	for (i = 0; i < 2; i++)
		found[i + 1] = on_path(names[i]);
	for (i = 0; i < ENGINES_MAX; i++) {
		for (j = 0; j < n && found[i] != NULL; j++)
			if (strcmp(e[j].program, found[i]) == 0)
				break;
		if (found[i] == NULL || j < n) {
			free(found[i]);
			continue;
		}
		e[n].program = found[i];
		e[n].docker = is_docker(found[i]);
		n++;
	}
	free(set);
	return n;
}
