#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alarm.h"
#include "argv.h"
#include "audit.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "decide.h"
#include "finding.h"
#include "io.h"
#include "mem.h"
#include "notice.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"
#include "watch.h"
#include "workspace.h"

#define OUTPUT_MAX	(64 * 1024 * 1024)
#ifndef O_PATH
#define O_PATH		(O_RDONLY | O_NONBLOCK)
#endif

/* A hidden file; while it is held its inode's number is nobody else's. */
struct held {
	char		*path;
	struct stat	 st;
	int		 fd;
	int		 told;
};

struct watcher {
	const struct workspace *w;
	int		 root;
	struct held	 held[WATCH_HIDDEN];
	size_t		 nheld;
	char		 told[WATCH_TOLD][FINGERPRINT];
	size_t		 ntold;
	size_t		 news;		/* in this look */
	long long	 took;		/* milliseconds */
	int		 failed;	/* that was told */
};

struct watcher *
xwatcher_new(const struct workspace *w)
{
	struct watcher *t = xcalloc(1, sizeof(*t));
	struct decided d;
	struct held *h;
	size_t i;
	char *was;

	t->w = w;
	if ((t->root = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1)
		err(ST_SYS, "cannot open '%s'", w->path);
	xdecided_load(&d, w, 0, &was);
	free(was);
	for (i = 0; i < d.hidden.n && t->nheld < WATCH_HIDDEN; i++) {
		h = &t->held[t->nheld];
		if (d.hidden.v[i].moved != NULL || (h->fd = openat(t->root,
		    d.hidden.v[i].path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) ==
		    -1)
			continue;
		if (fstat(h->fd, &h->st) == -1) {
			close(h->fd);
			continue;
		}
		h->path = xstrdup(d.hidden.v[i].path);
		t->nheld++;
	}
	decided_free(&d);
	return t;
}

void
watcher_free(struct watcher *t)
{
	size_t i;

	for (i = 0; i < t->nheld; i++) {
		close(t->held[i].fd);
		free(t->held[i].path);
	}
	close(t->root);
	free(t);
}

long long
watcher_pause(const struct watcher *t, long long every)
{
	long long fair = t->took * WATCH_SHARE / 1000;

	return fair > every ? fair : every;
}

static void
say(const struct watcher *t, const char *text)
{
	pid_t pid = notice(t->w->path, "secret in view", text);

	if (pid != -1)
		child_wait(pid);
}

static void
tell(struct watcher *t, const char *path, const char *rule, const char *what)
{
	struct audit e = { getenv("AIPOD_SESSION"), "secret", "seen", rule,
	    path, strlen(path), NULL };
	struct buf b = BUF_INIT;

	if (audit_add(t->w, &e) == -1)
		warn("cannot write the audit trail");
	if (t->news++ >= WATCH_LINES)
		return;
	buf_puts(&b, "'");
	vis_add(&b, path, strlen(path), 0);
	buf_printf(&b, "' %s (%s): hide it with 'aipod hide' and start the"
	    " session again", what, rule);
	xbuf_check(&b);
	say(t, buf_str(&b));
	buf_free(&b);
}

static int
is_told(struct watcher *t, const char *print)
{
	size_t i;

	for (i = 0; i < t->ntold; i++)
		if (strcmp(t->told[i], print) == 0)
			return 1;
	if (t->ntold < WATCH_TOLD)
		memcpy(t->told[t->ntold++], print, strlen(print) + 1);
	else
		return 1;
	return 0;
}

/* The mount over a file that is replaced or moved is gone with it. */
static void
look_at_hidden(struct watcher *t)
{
	struct held *h;
	struct stat st;
	size_t i;

	for (i = 0; i < t->nheld; i++) {
		h = &t->held[i];
		if (h->told || fstatat(t->root, h->path, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || (st.st_dev == h->st.st_dev &&
		    st.st_ino == h->st.st_ino))
			continue;
		h->told = 1;
		tell(t, h->path, "hidden", "was replaced, and the agent can"
		    " read what is there now");
	}
}

static void
take(struct watcher *t, struct buf *out)
{
	struct finding f;
	struct decided d;
	char *line, *next, *was;

	xdecided_load(&d, t->w, 0, &was);
	free(was);
	for (line = out->p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (finding_parse(line, &f) == 0 && strlen(f.print) <
		    FINGERPRINT && !decided_settles(&d, &f) &&
		    !is_told(t, f.print))
			tell(t, f.path, f.rule, "is new, and the agent can"
			    " read it");
	}
	decided_free(&d);
}

void
xwatcher_look(struct watcher *t)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT, b = BUF_INIT;
	char *scan = xconf_tool("aipod-scan");
	long long from = alarm_now();
	int rc;

	argv_add(&a, scan);
	argv_add(&a, "-q");
	argv_add(&a, "-w");
	argv_add(&a, t->w->path);
	rc = child_capture(a.v, NULL, &out, OUTPUT_MAX);
	t->took = alarm_now() - from;
	t->news = 0;
	if (rc == -1 || (rc > ST_NO && rc != 101) || buf_str(&out) == NULL) {
		if (!t->failed)
			say(t, "the workspace cannot be scanned: nobody watches"
			    " for secrets");
		t->failed = 1;
	} else {
		t->failed = 0;
		take(t, &out);
	}
	look_at_hidden(t);
	if (t->news > WATCH_LINES) {
		buf_printf(&b, "and %zu more: see aipod scan | aipod hide"
		    " pending", t->news - WATCH_LINES);
		xbuf_check(&b);
		say(t, buf_str(&b));
	}
	buf_free(&b);
	buf_free(&out);
	argv_free(&a);
	free(scan);
}
