#if HAVE_INOTIFY
#include <sys/inotify.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "io.h"
#include "mem.h"
#include "rule.h"
#include "sidekick.h"
#include "warden.h"

struct seen {
	struct stat	st[WARDEN_FILES];
};

static int
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
changed(const struct warden *w, struct seen *s)
{
	struct stat st;
	int i, any = 0;

	for (i = 0; i < w->nfile; i++) {
		if (stat(w->file[i], &st) == -1)
			memset(&st, 0, sizeof(st));
		any |= !same(&st, &s->st[i]);
		s->st[i] = st;
	}
	return any;
}

/* Call fn for each host rule, a preset's one by one with its line. */
static void
each_host(const struct rules *rs, void (*fn)(struct buf *, const struct rule *,
    const struct rule *), struct buf *b)
{
	const struct rule *r;
	size_t i, k;

	for (i = 0; i < rs->n; i++) {
		r = &rs->r[i];
		if (r->kind != RULE_HOST)
			continue;
		if (r->preset == NULL)
			fn(b, r, r);
		for (k = 0; r->preset != NULL && k < r->preset->n; k++)
			fn(b, &r->preset->r[k], r);
	}
}

static void
hosts_line(struct buf *b, const struct rule *r, int port)
{
	buf_printf(b, "%s %s %d\n", r->verdict == RULE_ALLOW ? "allow" : "deny",
	    r->pattern, port);
}

static void
hosts_lines(struct buf *b, const struct rule *r, const struct rule *line)
{
	(void)line;
	if (r->port != 0) {
		hosts_line(b, r, r->port);
		return;
	}
	hosts_line(b, r, 80);
	hosts_line(b, r, 443);
}

static void
hosts_text(const struct warden *w, const struct rules *rs, int broken,
    struct buf *b)
{
	buf_printf(b, "mode %s%s\n", broken ? "deny" : w->mode,
	    w->handover ? " handover" : "");
	if (!broken)
		each_host(rs, hosts_lines, b);
}

static void
tell_relay(const struct warden *w, const struct rules *rs, int broken)
{
	struct buf b = BUF_INIT;

	hosts_text(w, rs, broken, &b);
	if (b.bad || io_replace(AT_FDCWD, w->hosts, b.p, b.len, 0644) == -1)
		warn("cannot write '%s'", w->hosts);
	buf_free(&b);
}

static void
judge_line(struct buf *b, const struct rule *r, const struct rule *line)
{
	buf_printf(b, "%d\t%s\t", line->line, line->file);
	rule_show(b, r);
	buf_addc(b, '\n');
}

/* "ok" or "broken WHY", then LINE, FILE and rule of each that is on hosts. */
static int
tell_judge(int fd, const struct rules *rs, int broken)
{
	struct buf b = BUF_INIT;
	uint32_t len;
	int rc;

	if (broken)
		buf_printf(&b, "broken %s\n", rs->why);
	else {
		buf_puts(&b, "ok\n");
		each_host(rs, judge_line, &b);
	}
	len = (uint32_t)b.len;
	rc = b.bad || b.len > WARDEN_MAX ? -1 :
	    io_writeall(fd, &len, sizeof(len));
	if (rc == 0)
		rc = io_writeall(fd, b.p, b.len);
	buf_free(&b);
	return rc;
}

/* 1 when they cannot be used, which has been told then. */
static int
read_rules(const struct warden *w, struct rules *rs)
{
	int i, broken = 0;

	for (i = 0; i < w->nfile && !broken; i++)
		broken = rules_load(rs, w->file[i]) == -1;
	if (broken)
		warnx("%s: every host is refused until this is put right",
		    rs->why);
	return broken;
}

int
warden_hosts(const struct warden *w, struct buf *b)
{
	struct rules rs = RULES_INIT;
	int broken = read_rules(w, &rs);

	hosts_text(w, &rs, broken, b);
	rules_free(&rs);
	return broken ? -1 : 0;
}

static void
look(const struct warden *w, int fd)
{
	struct rules rs = RULES_INIT;
	int broken = read_rules(w, &rs);

	if (w->hosts != NULL)
		tell_relay(w, &rs, broken);
	if (tell_judge(fd, &rs, broken) == -1)
		_exit(0);
	rules_free(&rs);
}

/* Files are replaced, so their directories are watched; -1: one cannot be. */
static int
watch(const struct warden *w, int in)
{
	char *dir, *slash;
	int i, rc = 0;

	for (i = 0; i < w->nfile; i++) {
		dir = xstrdup(w->file[i]);
		if ((slash = strrchr(dir, '/')) != NULL)
			*slash = '\0';
		if (inotify_add_watch(in, slash == NULL ? "." : slash == dir ?
		    "/" : dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
		    IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) == -1)
			rc = -1;
		free(dir);
	}
	return rc;
}

static void
serve(int fd, void *arg)
{
	const struct warden *w = arg;
	struct seen s;
	struct pollfd p[2];
	char waste[4096];
	int in;

	memset(&s, 0, sizeof(s));
	if ((in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1)
		_exit(1);
	changed(w, &s);
	look(w, fd);
	p[0].fd = fd;
	p[0].events = POLLIN;
	p[1].fd = in;
	p[1].events = POLLIN;
	for (;;) {
		/* a directory that is not there yet cannot tell */
		if (poll(p, 2, watch(w, in) == -1 ? 1000 : -1) == -1 &&
		    errno != EINTR)
			_exit(1);
		if (p[0].revents != 0)
			_exit(0);
		while (read(in, waste, sizeof(waste)) > 0)
			continue;
		if (changed(w, &s))
			look(w, fd);
	}
}

int
warden_start(struct warden *w)
{
	return sidekick_start(serve, w);
}

void
warden_free(struct warden *w)
{
	while (w->nfile > 0)
		free(w->file[--w->nfile]);
}

int
warden_read(int fd, struct buf *b)
{
	uint32_t len;

	buf_clear(b);
	if (io_readfull(fd, &len, sizeof(len)) != (ssize_t)sizeof(len) ||
	    len > WARDEN_MAX || buf_reserve(b, len) == -1 ||
	    io_readfull(fd, b->p, len) != (ssize_t)len)
		return -1;
	b->len = len;
	return 0;
}
#else
typedef int warden_needs_inotify;
#endif
