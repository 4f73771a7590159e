#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "status.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/aipod"
#endif
#ifndef SHAREDIR
#define SHAREDIR "/usr/local/share/aipod"
#endif

static char *
xdg(const char *var, const char *fallback)
{
	const char *v = getenv(var), *home;
	struct passwd *pw;

	if (v != NULL && *v == '/')
		return xasprintf("%s/aipod", v);
	home = getenv("HOME");
	if (home == NULL || *home != '/') {
		if ((pw = getpwuid(geteuid())) == NULL || *pw->pw_dir != '/')
			errx(ST_USAGE, "no home directory: set HOME");
		home = pw->pw_dir;
	}
	return xasprintf("%s/%s/aipod", home, fallback);
}

char *
xconf_config_dir(void)
{
	return xdg("XDG_CONFIG_HOME", ".config");
}

char *
xconf_state_dir(void)
{
	return xdg("XDG_STATE_HOME", ".local/state");
}

char *
xconf_runtime_dir(void)
{
	const char *v = getenv("XDG_RUNTIME_DIR");
	char *path, *slash;
	struct stat st;
	int ours;

	if (v != NULL && *v == '/')
		return xasprintf("%s/aipod", v);
	if (geteuid() == 0)
		return xstrdup("/run/aipod");
	/* cron and su set no variable, and must find the same sessions; an
	 * engine may have made it 0711, and ours below it is private */
	path = xasprintf("/run/user/%lu/aipod", (unsigned long)geteuid());
	slash = strrchr(path, '/');
	*slash = '\0';
	ours = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 022) == 0;
	*slash = '/';
	if (ours)
		return path;
	free(path);
	return xasprintf("/tmp/aipod-%lu", (unsigned long)geteuid());
}

static char *
made(char *dir)
{
	char *slash = strrchr(dir, '/');

	*slash = '\0';
	if (io_mkdirs(dir) == -1)
		err(ST_SYS, "cannot make directory '%s'", dir);
	*slash = '/';
	if (io_private_dir(dir) == -1) {
		if (errno == EPERM)
			errx(ST_SYS, "'%s' must be a directory of yours that"
			    " nobody else can enter: chmod 700 it, or move it"
			    " away", dir);
		err(ST_SYS, "cannot make directory '%s'", dir);
	}
	return dir;
}

char *
xconf_make_state_dir(void)
{
	return made(xconf_state_dir());
}

char *
xconf_make_runtime_dir(void)
{
	return made(xconf_runtime_dir());
}

char *
xconf_share(const char *rel)
{
	const char *dir = getenv("AIPOD_SHARE");

	if (dir == NULL || *dir != '/')
		dir = SHAREDIR;
	return xasprintf("%s/%s", dir, rel);
}

char *
conf_tool(const char *name)
{
	const char *dir = getenv("AIPOD_EXEC_PATH"), *end;
	char *path;

	if (dir != NULL && *dir == '/') {
		path = xasprintf("%s/%s", dir, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	path = xasprintf("%s/%s", LIBEXECDIR, name);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	for (dir = getenv("PATH"); dir != NULL; dir = *end ? end + 1 : NULL) {
		if ((end = strchr(dir, ':')) == NULL)
			end = dir + strlen(dir);
		if (*dir != '/')
			continue;	/* never from the working directory */
		path = xasprintf("%.*s/%s", (int)(end - dir), dir, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *
xconf_tool(const char *name)
{
	char *path;

	if ((path = conf_tool(name)) == NULL)
		errx(ST_NOTFOUND, "cannot find '%s': is the installation"
		    " complete?", name);
	return path;
}

/* The configuration file as one string, "" when there is none. */
static const char *
conf_text(void)
{
	static struct buf text;
	static int done;
	char *path, *dir;
	int fd;

	if (done)
		return text.p;
	dir = xconf_config_dir();
	path = xasprintf("%s/config", dir);
	if ((fd = io_open_trusted(path)) != -1) {
		if (io_slurp(fd, &text, 1024 * 1024) == -1)
			err(ST_USAGE, "cannot read '%s'", path);
		close(fd);
	} else if (errno == EPERM)
		errx(ST_USAGE, "refusing '%s': it must be a file of yours that"
		    " others cannot write: chmod go-w it", path);
	else if (errno != ENOENT)
		err(ST_SYS, "cannot open '%s'", path);
	if (buf_str(&text) == NULL)
		err(ST_SYS, "cannot read '%s'", path);
	if (strlen(text.p) != text.len)
		errx(ST_USAGE, "'%s' holds a NUL byte: want KEY=VALUE lines",
		    path);
	free(path);
	free(dir);
	done = 1;
	return text.p;
}

char *
xconf_get(const char *key)
{
	const char *p, *eol, *q;
	char *var, *value = NULL;
	size_t n = strlen(key);
	int line = 0;

	var = xasprintf("AIPOD_%s", key);
	p = getenv(var);
	free(var);
	if (p != NULL)
		return xstrdup(p);
	for (p = conf_text(); *p != '\0'; p = *eol != '\0' ? eol + 1 : eol) {
		line++;
		if ((eol = strchr(p, '\n')) == NULL)
			eol = p + strlen(p);
		if (p == eol || *p == '#')
			continue;
		for (q = p; q < eol && (isupper((unsigned char)*q) ||
		    isdigit((unsigned char)*q) || *q == '_'); q++)
			;
		if (q == p || q == eol || *q != '=')
			errx(ST_USAGE, "config line %d: want KEY=VALUE", line);
		if ((size_t)(q - p) == n && memcmp(p, key, n) == 0) {
			free(value);
			value = xstrndup(q + 1, (size_t)(eol - q - 1));
		}
	}
	return value;
}

int
xconf_bool(const char *key, int dflt)
{
	static const char *const yes[] = { "yes", "true", "1", "on" };
	static const char *const no[] = { "no", "false", "0", "off" };
	char *v = xconf_get(key);
	int i, rc = -1;

	if (v == NULL)
		return dflt;
	for (i = 0; i < 4; i++) {
		if (strcasecmp(v, yes[i]) == 0)
			rc = 1;
		if (strcasecmp(v, no[i]) == 0)
			rc = 0;
	}
	if (rc == -1)
		errx(ST_USAGE, "%s '%s': must be yes or no", key, v);
	free(v);
	return rc;
}
