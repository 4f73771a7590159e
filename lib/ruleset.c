#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "ruleset.h"
#include "workspace.h"

const char *
ruleset_scope_name(enum rule_scope s)
{
	static const char *const names[] = { "agent", "user", "workspace" };

	return names[s];
}

int
ruleset_load(struct ruleset *rs, const struct workspace *w, const char *agent)
{
	static const struct rules none = RULES_INIT;
	struct agent a;
	char *dir;
	int i;

	rs->rules = none;
	rs->file[SCOPE_AGENT] = NULL;
	if (agent != NULL && agent_find(&a, agent) == 0) {
		rs->file[SCOPE_AGENT] = agent_path(&a, "rules");
		agent_free(&a);
	}
	dir = xconf_config_dir();
	rs->file[SCOPE_USER] = xasprintf("%s/rules", dir);
	free(dir);
	rs->file[SCOPE_WORKSPACE] = workspace_state(w, "rules");
	for (i = 0; i < SCOPES; i++)
		if (rs->file[i] != NULL &&
		    rules_load(&rs->rules, rs->file[i]) == -1)
			return -1;
	return 0;
}

void
ruleset_free(struct ruleset *rs)
{
	int i;

	rules_free(&rs->rules);
	for (i = 0; i < SCOPES; i++)
		free(rs->file[i]);
}

enum rule_scope
ruleset_scope(const struct ruleset *rs, const struct rule *r)
{
	int i;

	for (i = 0; i < SCOPES - 1; i++)
		if (r->file == rs->file[i])
			break;
	return (enum rule_scope)i;
}

/* What stays of the old text, then the new line. */
static int
compose(struct buf *out, const struct buf *old, const struct rules *rs,
    const char *drop, const char *text)
{
	const char *p = old->len > 0 ? old->p : "", *eol, *end = p + old->len;
	size_t i = 0;
	int line;

	for (line = 1; p < end; line++, p = eol) {
		eol = memchr(p, '\n', (size_t)(end - p));
		eol = eol != NULL ? eol + 1 : end;
		if (i < rs->n && rs->r[i].line == line && drop[i++])
			continue;
		buf_add(out, p, (size_t)(eol - p));
		if (eol[-1] != '\n')
			buf_addc(out, '\n');
	}
	if (text != NULL) {
		buf_puts(out, text);
		buf_addc(out, '\n');
	}
	return out->bad ? -1 : 0;
}

static int
lock_file(const char *path)
{
	char *lock = xasprintf("%s.lock", path);
	int fd;

	fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	free(lock);
	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	return fd;
}

/* The edit itself, while the lock is held. */
static int
edit(const char *path, int (*drop)(const struct rule *, const void *),
    const void *arg, const char *text, char why[256])
{
	struct rules rs = RULES_INIT;
	struct buf old = BUF_INIT, new = BUF_INIT;
	char *out = NULL;
	size_t i;
	int fd, n = 0, rc = 0;

	if ((fd = io_open_trusted(path)) != -1) {
		rc = io_slurp(fd, &old, 1024 * 1024);
		close(fd);
	} else if (errno != ENOENT)
		return -1;
	if (rc == 0 && rules_load(&rs, path) == -1) {
		memcpy(why, rs.why, sizeof(rs.why));
		errno = EINVAL;
		rc = -1;
	}
	if (rc == 0) {
		out = xcalloc(rs.n + 1, 1);
		for (i = 0; i < rs.n && drop != NULL; i++)
			if (drop(&rs.r[i], arg)) {
				out[i] = 1;
				n++;
			}
		rc = compose(&new, &old, &rs, out, text);
	}
	if (rc == 0 && (n > 0 || text != NULL))
		rc = io_replace(AT_FDCWD, path, new.p, new.len, 0600);
	free(out);
	rules_free(&rs);
	buf_free(&old);
	buf_free(&new);
	return rc == 0 ? n : -1;
}

int
ruleset_edit(const char *path, int (*drop)(const struct rule *, const void *),
    const void *arg, const char *text, char why[256])
{
	int lock, rc, saved;

	why[0] = '\0';
	if ((lock = lock_file(path)) == -1)
		return -1;
	rc = edit(path, drop, arg, text, why);
	saved = errno;
	close(lock);
	errno = saved;
	return rc;
}
