#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "io.h"
#include "mem.h"
#include "remote.h"

#define ANSWER_MAX	(1024 * 1024)

static const char *
set(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

/* A socket of this machine's; Docker Desktop's leads into its own. */
static int
is_here(const char *address)
{
	return (strncmp(address, "unix:", 5) == 0 &&
	    strstr(address, "/.docker/") == NULL) || *address == '/';
}

static int
is_word_in(const char *path, const char *key, const char *value)
{
	struct buf b = BUF_INIT;
	char *line, *next;
	int fd, yes = 0;

	/* a link is as good: people keep these files elsewhere */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return 0;
	if (io_slurp(fd, &b, ANSWER_MAX) == -1 || buf_addc(&b, '\0') == -1) {
		close(fd);
		buf_free(&b);
		return 0;
	}
	close(fd);
	for (line = b.p; line != NULL && !yes; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		line += strspn(line, " \t\"");
		yes = strncmp(line, key, strlen(key)) == 0 &&
		    strstr(line, value) != NULL;
	}
	buf_free(&b);
	return yes;
}

/* containers.conf(5), "remote = true": as if --remote were always given. */
static int
podman_is_remote(void)
{
	const char *conf, *home;
	char *path;
	int yes;

	if ((conf = set("CONTAINERS_CONF")) != NULL)
		return is_word_in(conf, "remote", "true");
	if ((conf = set("XDG_CONFIG_HOME")) != NULL)
		path = xasprintf("%s/containers/containers.conf", conf);
	else {
		home = set("HOME");
		path = xasprintf("%s/.config/containers/containers.conf",
		    home != NULL ? home : "");
	}
	yes = is_word_in(path, "remote", "true") ||
	    is_word_in("/etc/containers/containers.conf", "remote", "true");
	free(path);
	return yes;
}

static int
docker_has_context(void)
{
	const char *dir = set("DOCKER_CONFIG"), *home = set("HOME");
	char *path = dir != NULL ? xasprintf("%s/config.json", dir) :
	    xasprintf("%s/.docker/config.json", home != NULL ? home : "");
	int yes = is_word_in(path, "", "currentContext");

	free(path);
	return yes;
}

/* The first line that the client answers and that is behind want, or NULL. */
static char *
ask(struct argv *a, const char *want)
{
	struct buf b = BUF_INIT;
	char *found = NULL, *line, *next;
	size_t n = strlen(want);

	if (child_capture(a->v, NULL, &b, ANSWER_MAX) == 0 &&
	    buf_addc(&b, '\0') == 0)
		for (line = b.p; line != NULL && found == NULL; line = next) {
			if ((next = strchr(line, '\n')) != NULL)
				*next++ = '\0';
			if (strncmp(line, want, n) == 0 && line[n] != '\0')
				found = xstrdup(line + n);
		}
	argv_free(a);
	buf_free(&b);
	return found;
}

static char *
podman_connection(const struct engine *e, const char *name)
{
	struct argv a = ARGV_INIT;
	char *want = xasprintf("%s ", name != NULL ? name : "true"), *found;

	argv_add(&a, e->program);
	argv_add(&a, "system");
	argv_add(&a, "connection");
	argv_add(&a, "list");
	argv_add(&a, "--format");
	argv_add(&a, name != NULL ? "{{.Name}} {{.URI}}" :
	    "{{.Default}} {{.URI}}");
	found = ask(&a, want);
	free(want);
	return found;
}

static char *
docker_context(const struct engine *e)
{
	struct argv a = ARGV_INIT;

	argv_add(&a, e->program);
	argv_add(&a, "context");
	argv_add(&a, "inspect");
	argv_add(&a, "--format");
	argv_add(&a, "{{.Endpoints.docker.Host}}");
	return ask(&a, "");
}

char *
remote_address(const struct engine *e, const char **by)
{
	char *address = NULL;

	*by = e->docker ? "DOCKER_HOST" : "CONTAINER_HOST";
	if (set(*by) != NULL)
		address = xstrdup(set(*by));
	else if (e->docker) {
		*by = set("DOCKER_CONTEXT") != NULL ? "DOCKER_CONTEXT" :
		    "docker context";
		if (set("DOCKER_CONTEXT") != NULL || docker_has_context())
			address = docker_context(e);
	} else if (set("CONTAINER_CONNECTION") != NULL) {
		*by = "CONTAINER_CONNECTION";
		address = podman_connection(e, set(*by));
	} else if (podman_is_remote()) {
		*by = "podman system connection";
		address = podman_connection(e, NULL);
	}
	if (address != NULL && is_here(address)) {
		free(address);
		address = NULL;
	}
	return address;
}
