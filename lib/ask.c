#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "session.h"
#include "throttle.h"
#include "utf8.h"

#define FACT_MAX	(256 * 1024)

static const char said_no[] = "The user said no. Do not try to get the same"
    " effect in another way: go on without it, or ask the user.";

static const char *const reasons[] = {
	"The user said no: do it inside the container instead. It has the"
	    " workspace, and what is missing there can be installed there.",
	"The user said no: this is the wrong direction. Step back from this"
	    " approach; say what you want to achieve and propose another way.",
	"The user said no: stop and ask. Do nothing more until you have told"
	    " the user what you were about to do and why, and have an answer.",
};

const char *
ask_choice_name(enum ask_choice c)
{
	static const char *const names[] = { "failed", "once", "always",
	    "always-domain", "no" };

	return names[c];
}

void
ask_refuse(struct ask_answer *a, const char *reason)
{
	memset(a, 0, sizeof(*a));
	a->choice = ASK_NO;
	snprintf(a->reason, sizeof(a->reason), "%s", reason);
}

static int
is_one_of(const char *s, size_t n, const char *list)
{
	const char *p;

	for (p = list; *p != '\0'; p += strlen(p) + 1)
		if (strlen(p) == n && memcmp(p, s, n) == 0)
			return 1;
	return 0;
}

int
ask_parse(const struct ask *q, struct ask_answer *a, const char *line)
{
	struct buf b = BUF_INIT;
	char pattern[ASK_PATTERN];
	size_t n;

	memset(a, 0, sizeof(*a));
	line += strspn(line, " \t");
	n = strcspn(line, " \t\r\n");
	if (line[n + strspn(line + n, " \t\r\n")] == '\0') {
		if (is_one_of(line, n, "once\0yes\0y\0"))
			a->choice = ASK_ONCE;
		else if (is_one_of(line, n, "always\0a\0"))
			a->choice = ASK_ALWAYS;
		else if (is_one_of(line, n, "always-domain\0d\0") &&
		    ask_domain(q->kind, q->subject.p, q->subject.len, pattern))
			a->choice = ASK_DOMAIN;
		if (a->choice != ASK_FAILED)
			return 0;
	}
	if (is_one_of(line, n, "silence\0s\0")) {
		ask_refuse(a, said_no);
		a->silence = 1;
		return 0;
	}
	if (is_one_of(line, n, "no\0n\0")) {
		line += n;
		line += strspn(line, " \t");
		n = strcspn(line, "\r\n");
	} else if (n != 1 || *line < '1' || *line > '3')
		return -1;
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (n == 1 && *line >= '1' && *line <= '3')
		ask_refuse(a, reasons[*line - '1']);
	else if (n == 0)
		ask_refuse(a, said_no);
	else {
		buf_puts(&b, "The user said no: ");
		vis_add(&b, line, n < 400 ? n : 400, 0);
		ask_refuse(a, b.bad ? said_no : buf_str(&b));
		buf_free(&b);
	}
	return 0;
}

/* ---- the directory ------------------------------------------------------- */

static int
put_fact(int dirfd, const char *name, const char *s)
{
	return s == NULL ? 0 : io_replace(dirfd, name, s, strlen(s), 0600);
}

static char *
get_fact(int dirfd, const char *name)
{
	struct buf b = BUF_INIT;

	if (io_slurp_at(dirfd, name, &b, FACT_MAX) == -1 ||
	    buf_str(&b) == NULL) {
		buf_free(&b);
		return NULL;
	}
	return b.p;
}

/* 1 when the asker is there to read an answer. */
static int
is_pending(int dirfd)
{
	int fd, held;

	fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static void
remove_dir(int topfd, const char *id)
{
	static const char *const facts[] = { "kind", "subject", "workspace",
	    "session", "agent", "message", "changes", "unbound", "text", "at",
	    "lock", "answer" };
	size_t i;
	int fd;

	fd = openat(topfd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		unlinkat(fd, facts[i], 0);
	close(fd);
	unlinkat(topfd, id, AT_REMOVEDIR);
}

/* Count what is pending below top and remove what is not. */
static int
count_pending(int topfd)
{
	struct dirent *e;
	DIR *d;
	int fd, n = 0;

	if ((fd = openat(topfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, ASK_ID - 1))
			continue;
		fd = openat(topfd, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1)
			continue;
		if (is_pending(fd))
			n++;
		else
			remove_dir(topfd, e->d_name);
		close(fd);
	}
	closedir(d);
	return n;
}

static int
admit(const char *top, int topfd, const char **why)
{
	int n;

	errno = EBUSY;
	if (faccessat(topfd, "silenced", F_OK, 0) == 0)
		*why = "The user wants no more questions from this session and"
		    " has answered all of them with no. Go on without, or"
		    " tell the user in your own words what you need.";
	else if ((n = count_pending(topfd)) >= ASK_PENDING)
		*why = "Too many questions are waiting for the user already."
		    " Wait for their answers before you ask more.";
	else if (n == -1 || throttle(top, "recent", ASK_RATE, 60))
		*why = "Too many questions within a minute. Ask for fewer"
		    " things; one minute from now you may ask again.";
	else
		return 0;
	return -1;
}

static int
make_dir(struct ask *q, int topfd)
{
	struct buf text = BUF_INIT, lines = BUF_INIT;
	char at[32];
	int fd = -1, rc = -1, tries;

	for (tries = 0; tries < 8 && rc == -1; tries++)
		if (rand_hex(q->id, ASK_ID - 1) == -1 ||
		    ((rc = mkdirat(topfd, q->id, 0700)) == -1 &&
		    errno != EEXIST))
			break;
	if (rc == -1 || (fd = openat(topfd, q->id, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		return -1;
	q->at = (long long)time(NULL);
	snprintf(at, sizeof(at), "%lld", q->at);
	rc = ask_render(q, &text);
	if (rc == 0)
		rc = ask_wrap(&lines, text.p, text.len, ASK_COLUMNS);
	if (rc == 0)
		rc = io_replace(fd, "subject", q->subject.p, q->subject.len,
		    0600);
	if (rc == 0 && (put_fact(fd, "kind", q->kind) == -1 ||
	    put_fact(fd, "workspace", q->workspace) == -1 ||
	    put_fact(fd, "session", q->session) == -1 ||
	    put_fact(fd, "agent", q->agent) == -1 ||
	    put_fact(fd, "message", q->message) == -1 ||
	    put_fact(fd, "changes", q->changes) == -1 ||
	    put_fact(fd, "unbound", q->unbound) == -1 ||
	    put_fact(fd, "at", at) == -1 ||
	    io_replace(fd, "text", lines.p, lines.len, 0600) == -1))
		rc = -1;
	buf_free(&text);
	buf_free(&lines);
	/* the lock comes last: only then is the question there */
	if (rc == 0) {
		q->lock = openat(fd, "lock", O_RDWR | O_CREAT | O_EXCL |
		    O_CLOEXEC, 0600);
		if (q->lock == -1 || flock(q->lock, LOCK_EX | LOCK_NB) == -1)
			rc = -1;
	}
	close(fd);
	return rc;
}

int
ask_open(struct ask *q, const char *top, const char **why)
{
	int topfd, gate = -1, rc = -1;

	*why = "The question could not be put to the user.";
	q->lock = -1;
	if (io_private_dir(top) == -1 || (topfd = open(top, O_RDONLY |
	    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	/* one at a time, or a flood would count itself wrong */
	gate = openat(topfd, "gate", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (gate != -1 && flock(gate, LOCK_EX) == 0 &&
	    admit(top, topfd, why) == 0) {
		rc = make_dir(q, topfd);
		q->dir = xasprintf("%s/%s", top, q->id);
	}
	if (gate != -1)
		close(gate);
	close(topfd);
	return rc;
}

static void
release(struct ask *q)
{
	if (q->lock != -1)
		close(q->lock);
	free(q->dir);
	free(q->kind);
	buf_free(&q->subject);
	free(q->workspace);
	free(q->session);
	free(q->agent);
	free(q->message);
	free(q->changes);
	free(q->unbound);
}

void
ask_close(struct ask *q)
{
	char *slash;
	int fd;

	if (q->dir != NULL && (slash = strrchr(q->dir, '/')) != NULL) {
		*slash = '\0';
		fd = open(q->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd != -1) {
			remove_dir(fd, q->id);
			close(fd);
		}
	}
	release(q);
}

/* ---- what is pending ----------------------------------------------------- */

static int
load(struct ask *q, const char *top, const char *id)
{
	char *at;
	int fd, ok;

	memset(q, 0, sizeof(*q));
	q->lock = -1;
	q->dir = xasprintf("%s/%s", top, id);
	memcpy(q->id, id, ASK_ID);
	fd = open(q->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || !is_pending(fd)) {
		if (fd != -1)
			close(fd);
		free(q->dir);
		return -1;
	}
	q->kind = get_fact(fd, "kind");
	q->workspace = get_fact(fd, "workspace");
	q->session = get_fact(fd, "session");
	q->agent = get_fact(fd, "agent");
	q->message = get_fact(fd, "message");
	q->changes = get_fact(fd, "changes");
	q->unbound = get_fact(fd, "unbound");
	at = get_fact(fd, "at");
	ok = io_slurp_at(fd, "subject", &q->subject, FACT_MAX) == 0 &&
	    q->kind != NULL && q->workspace != NULL && at != NULL &&
	    num_parse(at, 0, LLONG_MAX, &q->at) == 0 &&
	    faccessat(fd, "answer", F_OK, 0) == -1;
	free(at);
	close(fd);
	if (!ok)
		release(q);
	return ok ? 0 : -1;
}

static void
list_one(char *top, struct ask **q, int *n)
{
	struct dirent *e;
	DIR *d = opendir(top);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, ASK_ID - 1))
			continue;
		*q = xreallocarray(*q, (size_t)*n + 1, sizeof(**q));
		if (load(&(*q)[*n], top, e->d_name) == 0)
			++*n;
	}
	if (d != NULL)
		closedir(d);
	free(top);
}

static int
compare(const void *x, const void *y)
{
	const struct ask *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return strcmp(a->id, b->id);
}

int
asks_list(struct ask **q)
{
	struct session *s;
	struct dirent *e;
	char *top = xconf_runtime_dir();
	DIR *d;
	int i, n = 0, ns;

	*q = NULL;
	if ((ns = sessions_list(NULL, &s)) == -1)
		ns = 0;
	for (i = 0; i < ns; i++)
		list_one(xasprintf("%s/asks", s[i].dir), q, &n);
	sessions_free(s, ns);
	if ((d = opendir(top)) != NULL) {
		while ((e = readdir(d)) != NULL)
			if (is_hex(e->d_name, WORKSPACE_HASH - 1))
				list_one(xasprintf("%s/%s/asks", top,
				    e->d_name), q, &n);
		closedir(d);
	}
	free(top);
	if (n > 0)
		qsort(*q, (size_t)n, sizeof(**q), compare);
	return n;
}

void
asks_free(struct ask *q, int n)
{
	int i;

	for (i = 0; i < n; i++)
		release(&q[i]);
	free(q);
}

/* ---- answers ------------------------------------------------------------- */

int
ask_put(const struct ask *q, const char *line)
{
	char tmp[32], *nl;
	struct buf b = BUF_INIT;
	int fd, rc = -1, saved;

	fd = open(q->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	memcpy(tmp, "answer.", 7);
	if (rand_hex(tmp + 7, 8) == -1)
		goto out;
	buf_puts(&b, line);
	if (buf_str(&b) != NULL && (nl = strchr(b.p, '\n')) != NULL)
		b.len = (size_t)(nl - b.p);
	if (b.bad || io_replace(fd, tmp, b.p, b.len, 0600) == -1)
		goto out;
	rc = linkat(fd, tmp, fd, "answer", 0);
	saved = errno;
	unlinkat(fd, tmp, 0);
	errno = saved;
out:
	saved = errno;
	close(fd);
	buf_free(&b);
	errno = saved;
	return rc;
}

/* The asker takes its directory away when it is done. */
int
ask_taken(const struct ask *q, int ms)
{
	int fd, held = 1, grace = 1000;

	for (; ms > 0 && grace > 0; ms -= 20) {
		fd = open(q->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		if (fd == -1)
			return 1;
		held = is_pending(fd);
		close(fd);
		if (!held)
			grace -= 20;	/* it may be at it this moment */
		poll(NULL, 0, 20);
	}
	return 0;
}

int
ask_get(const struct ask *q, struct ask_answer *a)
{
	char *path = xasprintf("%s/answer", q->dir), *line;

	line = io_line(path);
	free(path);
	if (line == NULL)
		return 0;
	if (ask_parse(q, a, line) == -1)
		ask_refuse(a, line);
	free(line);
	return 1;
}

int
ask_silence(const struct ask *q)
{
	char *path = xasprintf("%s/../silenced", q->dir);
	int rc = io_put_line(path, "by the user");

	free(path);
	return rc;
}
