#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "gitset.h"
#include "io.h"
#include "mem.h"
#include "tree.h"
#include "workspace.h"

#define CONFIG_MAX	(1024 * 1024)

enum value { BOOLEAN, REBASE, TEXT, REMOTE, REF, URL, REFSPEC, PUSH };

/* section, name and what its value may be; with sub, there is one between. */
static const struct {
	const char	*section;
	int		 sub;
	const char	*name;
	enum value	 value;
} table[] = {
	{ "branch", 1, "remote", REMOTE },
	{ "branch", 1, "pushremote", REMOTE },
	{ "branch", 1, "merge", REF },
	{ "branch", 1, "rebase", REBASE },
	{ "remote", 1, "url", URL },
	{ "remote", 1, "pushurl", URL },
	{ "remote", 1, "fetch", REFSPEC },
	{ "remote", 1, "prune", BOOLEAN },
	{ "user", 0, "name", TEXT },
	{ "user", 0, "email", TEXT },
	{ "pull", 0, "rebase", REBASE },
	{ "pull", 0, "ff", BOOLEAN },
	{ "push", 0, "autosetupremote", BOOLEAN },
	{ "push", 0, "default", PUSH },
	{ "rebase", 0, "autostash", BOOLEAN },
	{ "rebase", 0, "autosquash", BOOLEAN },
	{ "fetch", 0, "prune", BOOLEAN },
	{ "rerere", 0, "enabled", BOOLEAN },
	{ "commit", 0, "verbose", BOOLEAN }
};

static int
is_word(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return 1;
	return 0;
}

/* Letters, digits and a few signs; nothing that is an option or climbs. */
static int
is_name(const char *s)
{
	if (*s == '\0' || *s == '-' || *s == '/' || *s == '.' ||
	    strstr(s, "..") != NULL || strlen(s) > 200)
		return 0;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("._/+@-", *s) == NULL)
			return 0;
	return 1;
}

static int
is_text(const char *s)
{
	if (*s == '\0' || strlen(s) > 200)
		return 0;
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s) || *s == '<' || *s == '>')
			return 0;
	return 1;
}

/* https, or ssh in both spellings; a host cannot be an option of ssh's. */
static int
is_url(const char *s)
{
	const char *p, *host;

	if (strlen(s) > 1000 || strstr(s, "::") != NULL)
		return 0;
	for (p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 127 || *p == '\\' || *p == '`' ||
		    *p == '$' || *p == '\'' || *p == '"')
			return 0;
	if (strncmp(s, "https://", 8) == 0)
		host = s + 8;
	else if (strncmp(s, "ssh://", 6) == 0)
		host = s + 6;
	else {
		host = s;
		p = strchr(s, ':');
		if (p == NULL || strstr(s, "://") != NULL ||
		    memchr(s, '/', (size_t)(p - s)) != NULL)
			return 0;
	}
	for (p = host; *p != '\0' && *p != '/'; p++)
		if (*p == '@')
			host = p + 1;
	return isalnum((unsigned char)*host) && isalnum((unsigned char)*s);
}

/* As git itself writes it. */
static int
has_remote(const char *config, size_t n, const char *name)
{
	char *head = xasprintf("[remote \"%s\"]", name);
	size_t m = strlen(head), i;
	int found = 0;

	for (i = 0; !found && i + m <= n; i++)
		found = (i == 0 || config[i - 1] == '\n') &&
		    memcmp(config + i, head, m) == 0;
	free(head);
	return found;
}

static const char *
value_problem(enum value v, const char *sub, const char *s, const char *config,
    size_t n)
{
	static const char *const booleans[] = { "true", "false", NULL };
	static const char *const rebases[] = { "true", "false", "merges", NULL };
	static const char *const pushes[] = { "nothing", "current", "upstream",
	    "simple", "matching", NULL };
	char *spec;
	int ok;

	switch (v) {
	case BOOLEAN:
		return is_word(s, booleans) ? NULL : "it must be true or false";
	case REBASE:
		return is_word(s, rebases) ? NULL :
		    "it must be true, false or merges";
	case PUSH:
		return is_word(s, pushes) ? NULL : "it is no way to push";
	case TEXT:
		return is_text(s) ? NULL : "it must be a line of plain text";
	case REMOTE:
		if (strcmp(s, ".") == 0)
			return NULL;
		return is_name(s) && has_remote(config, n, s) ? NULL :
		    "it must be the name of a remote that is there";
	case REF:
		return strncmp(s, "refs/heads/", 11) == 0 && is_name(s + 11) ?
		    NULL : "it must be refs/heads/NAME";
	case URL:
		return is_url(s) ? NULL :
		    "it must be an https or ssh address";
	default:
		spec = xasprintf("+refs/heads/*:refs/remotes/%s/*", sub);
		ok = strcmp(s, spec) == 0;
		free(spec);
		return ok ? NULL :
		    "it must be +refs/heads/*:refs/remotes/NAME/*";
	}
}

const char *
gitset_problem(const char *key, const char *value, const char *config, size_t n)
{
	const char *first = strchr(key, '.'), *last = strrchr(key, '.'), *why;
	char *sub;
	size_t i, len;

	if (first == NULL)
		return "a key has the form SECTION.NAME";
	len = (size_t)(first - key);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].section) != len ||
		    strncasecmp(key, table[i].section, len) != 0 ||
		    strcasecmp(last + 1, table[i].name) != 0 ||
		    table[i].sub != (first != last))
			continue;
		sub = first == last ? xstrdup("x") :
		    xstrndup(first + 1, (size_t)(last - first - 1));
		why = is_name(sub) ? value_problem(table[i].value, sub, value,
		    config, n) : "its name has unusual characters";
		free(sub);
		return why;
	}
	return "it is none of the settings that are known to be harmless";
}

/* git, which makes the edit in a copy, and looks at no repository. */
static int
edit(const char *copy, const char *key, const char *value)
{
	struct argv a = ARGV_INIT;
	int rc;

	argv_add(&a, "env");
	argv_add(&a, "GIT_CONFIG_NOSYSTEM=1");
	argv_add(&a, "GIT_CONFIG_GLOBAL=/dev/null");
	argv_add(&a, "GIT_DIR=/nonexistent");
	argv_add(&a, "git");
	argv_add(&a, "config");
	argv_add(&a, "--file");
	argv_add(&a, copy);
	argv_add(&a, "--replace-all");
	argv_add(&a, "--");
	argv_add(&a, key);
	argv_add(&a, value);
	rc = child_run(a.v);
	argv_free(&a);
	return rc == 0 ? 0 : -1;
}

/* The same file with other bytes, all or, where the disk is full, none. */
static int
put(int fd, const struct buf *b)
{
	if (lseek(fd, 0, SEEK_SET) == -1 || io_writeall(fd, b->p, b->len) == -1)
		return -1;
	return ftruncate(fd, (off_t)b->len);
}

int
gitset_write(const struct workspace *w, const char *key, const char *value,
    const char **why)
{
	struct buf old = BUF_INIT, b = BUF_INIT;
	char *copy = workspace_state(w, "git.config");
	int ws, git = -1, fd = -1, lock = -1, rc = -1;

	*why = "it cannot be opened";
	ws = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ws != -1)
		git = tree_open(ws, ".git", O_RDONLY | O_DIRECTORY);
	if (git != -1)
		fd = openat(git, "config", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		goto out;
	*why = "it is locked by git, or by one that was killed";
	lock = openat(git, "config.lock", O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock == -1)
		goto out;
	*why = "it cannot be written";
	if (io_slurp(fd, &old, CONFIG_MAX) == 0 && io_replace(AT_FDCWD, copy,
	    old.p, old.len, 0600) == 0 && edit(copy, key, value) == 0 &&
	    io_slurp_at(AT_FDCWD, copy, &b, CONFIG_MAX) == 0 && b.len > 0) {
		rc = put(fd, &b);
		if (rc == -1)
			put(fd, &old);
	}
	unlinkat(git, "config.lock", 0);
out:
	unlink(copy);
	if (lock != -1)
		close(lock);
	if (fd != -1)
		close(fd);
	if (git != -1)
		close(git);
	if (ws != -1)
		close(ws);
	free(copy);
	buf_free(&old);
	buf_free(&b);
	return rc;
}
