/*
 * aipod-approve: show the user exact bytes and get an answer.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allow.h"
#include "ask.h"
#include "askfront.h"
#include "askterm.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "rec.h"
#include "runfiles.h"
#include "settle.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-approve",
	"-k KIND [-m TEXT] [-c TEXT] <SUBJECT\n"
	"       aipod-approve [-jl] [show|answer|yes|always|always-domain|no|silence"
	" ID [REASON]]",
	"  -k, --kind KIND      ask about a command, host or service: its bytes\n"
	"                       come by standard input\n"
	"  -m, --message TEXT   the agent's own words\n"
	"  -c, --changes TEXT   what has changed since it was allowed\n"
	"  -l, --list           what is pending, as records\n"
	"      show ID          the whole question\n"
	"      answer [ID]      show it and read an answer from this terminal\n"
	"      yes ID           once\n"
	"      always ID        and from now on\n"
	"      always-domain ID for a host: from now on all of its domain\n"
	"      no ID [REASON]   1 in the container, 2 wrong direction, 3 stop\n"
	"                       and ask, or words\n"
	"      silence ID       no to all questions of its session\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"  -j, --json           one JSON object a question\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "kind", required_argument, NULL, 'k' },
	{ "message", required_argument, NULL, 'm' },
	{ "changes", required_argument, NULL, 'c' },
	{ "list", no_argument, NULL, 'l' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

/* ---- asking -------------------------------------------------------------- */

static char *
asks_dir(const struct workspace *w)
{
	const char *dir = getenv("AIPOD_SESSION_DIR");
	char *up, *top;

	if (dir != NULL && *dir == '/')
		return xasprintf("%s/asks", dir);
	free(xconf_make_runtime_dir());
	up = workspace_runtime(w);
	if (io_private_dir(up) == -1)
		err(ST_SYS, "cannot use '%s'", up);
	top = xasprintf("%s/asks", up);
	free(up);
	return top;
}

static char *
dup_or_null(const char *s)
{
	return s != NULL && *s != '\0' ? xstrdup(s) : NULL;
}

static void
xsubject(struct buf *b)
{
	if (io_slurp(STDIN_FILENO, b, ALLOW_SUBJECT_MAX) == -1) {
		if (errno == EFBIG)
			errx(ST_USAGE, "a question is at most %d bytes long",
			    ALLOW_SUBJECT_MAX);
		err(ST_SYS, "cannot read standard input");
	}
	if (b->len == 0)
		errx(ST_USAGE, "nothing to ask about on standard input");
	if (memchr(b->p, '\0', b->len) != NULL)
		errx(ST_USAGE, "a subject cannot hold a NUL byte");
}

static int
cmd_ask(struct ask *q, const char *dir)
{
	struct runfiles rf;
	struct ask_answer a;
	struct workspace w;
	const char *why, *f[2];
	char *top, fault[SETTLE_WHY];

	if (strcmp(q->kind, "command") != 0 && strcmp(q->kind, "host") != 0 &&
	    strcmp(q->kind, "service") != 0)
		errx(ST_USAGE, "kind '%s': must be command, host or service",
		    q->kind);
	xworkspace_open(&w, dir);
	xsubject(&q->subject);
	q->workspace = xstrdup(w.path);
	q->session = dup_or_null(getenv("AIPOD_SESSION"));
	q->agent = dup_or_null(getenv("AIPOD_AGENT"));
	q->lock = -1;
	memset(&rf, 0, sizeof(rf));
	top = asks_dir(&w);
	if (settle_look(q, &w, &rf, &a) == 0) {
		if (ask_open(q, top, &why) == 0)
			ask_user(q, &a);
		else
			ask_refuse(&a, why);
	}
	signal(SIGPIPE, SIG_IGN);	/* who asked may be gone */
	if (settle(q, &w, &rf, &a, fault) == -1)
		warnx("%s", fault);
	ask_close(q);
	free(top);
	f[0] = ask_choice_name(a.choice);
	f[1] = a.reason;
	rec_line(stdout, 2, f);
	runfiles_free(&rf);
	workspace_free(&w);
	xio_close_stdout();
	return a.choice == ASK_NO ? ST_NO : ST_YES;
}

/* ---- answering ----------------------------------------------------------- */

static void
show_json(const struct ask *q)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "id", q->id);
	json_member(&j, "kind", q->kind);
	json_member(&j, "session", q->session);
	json_member(&j, "agent", q->agent);
	json_member(&j, "workspace", q->workspace);
	json_name(&j, "subject");
	json_put_strn(&j, q->subject.p, q->subject.len);
	xjson_end(&j);
}

static void
list(const struct ask *q, int n, int json)
{
	struct buf subject = BUF_INIT;
	const char *f[6];
	int i;

	for (i = 0; i < n; i++) {
		if (json) {
			show_json(&q[i]);
			continue;
		}
		buf_clear(&subject);
		vis_add(&subject, q[i].subject.p, q[i].subject.len, 0);
		xbuf_check(&subject);
		f[0] = q[i].id;
		f[1] = q[i].kind;
		f[2] = q[i].session;
		f[3] = q[i].agent;
		f[4] = q[i].workspace;
		f[5] = buf_str(&subject);
		rec_line(stdout, 6, f);
	}
	buf_free(&subject);
}

static int
answer(const struct ask *q, const char *line)
{
	struct ask_answer a;

	if (ask_put(q, line) == -1) {
		if (errno == EEXIST || errno == ENOENT)
			errx(ST_NO, "question '%s' has been answered already",
			    q->id);
		err(ST_SYS, "cannot answer '%s'", q->id);
	}
	if (!ask_taken(q, 10000))
		errx(ST_SYS, "whoever asked '%s' is gone: nothing was allowed",
		    q->id);
	if (q->unbound != NULL && ask_parse(q, &a, line) == 0 &&
	    a.choice == ASK_ALWAYS && tool_verbose >= 0)
		warnx("allowed once only: %s", q->unbound);
	return ST_YES;
}

static int
answer_here(const struct ask *q)
{
	struct buf line = BUF_INIT;
	int fd, rc;

	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot open '/dev/tty'");
	/* the asker's clock runs, not this one's */
	rc = askterm(fd, q, 3600, &line);
	close(fd);
	if (rc == -1 && errno == ECANCELED)
		return ST_NO;
	if (rc == -1)
		err(ST_SYS, "cannot read an answer");
	return answer(q, buf_str(&line));
}

static void
show(const struct ask *q)
{
	struct buf b = BUF_INIT, lines = BUF_INIT;

	ask_render(q, &b);
	xbuf_check(&b);
	ask_wrap(&lines, b.p, b.len, ASK_COLUMNS);
	xbuf_put(&lines);
	buf_free(&b);
}

static int
act(const char *verb, const struct ask *q, int argc, char *argv[])
{
	struct ask_answer a;
	char *line;
	int rc = ST_YES;

	if (strcmp(verb, "show") == 0)
		show(q);
	else if (strcmp(verb, "answer") == 0)
		rc = answer_here(q);
	else if (strcmp(verb, "no") == 0 && argc > 0) {
		line = xasprintf("no %s", argv[0]);
		rc = answer(q, line);
		free(line);
	} else if (ask_parse(q, &a, verb) == 0)
		rc = answer(q, verb);
	else if (strcmp(verb, "always-domain") == 0)
		errx(ST_USAGE, "question '%s' has no domain that could be"
		    " allowed", q->id);
	else
		errx(ST_USAGE, "unknown word '%s': see --help", verb);
	return rc;
}

static int
cmd_pending(int argc, char *argv[], int listing, int json)
{
	struct ask *q;
	int i, n, rc = ST_YES;

	n = asks_list(&q);
	if (argc == 0 && (listing || json || !isatty(STDIN_FILENO)))
		list(q, n, json);
	else if (argc == 0 || (argc == 1 && strcmp(argv[0], "answer") == 0)) {
		for (i = 0; i < n; i++)
			answer_here(&q[i]);
		if (n == 0 && tool_verbose >= 0)
			warnx("nothing is pending");
	} else {
		if (argc == 1)
			errx(ST_USAGE, "say which question: aipod-approve -l"
			    " lists them");
		for (i = 0; i < n && strcmp(q[i].id, argv[1]) != 0; i++)
			;
		if (i == n)
			errx(ST_NO, "no question '%s' is pending", argv[1]);
		rc = act(argv[0], &q[i], argc - 2, argv + 2);
	}
	asks_free(q, n);
	xio_close_stdout();
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL;
	struct ask q;
	int c, listing = 0, json = 0;

	memset(&q, 0, sizeof(q));
	while ((c = tool_getopt(&tool, argc, argv, "+k:m:c:lw:j", options)) !=
	    -1)
		switch (c) {
		case 'k':
			q.kind = xstrdup(optarg);
			break;
		case 'm':
			q.message = dup_or_null(optarg);
			break;
		case 'c':
			q.changes = dup_or_null(optarg);
			break;
		case 'l':
			listing = 1;
			break;
		case 'w':
			dir = optarg;
			break;
		case 'j':
			json = 1;
			break;
		default:
			tool_usage(&tool);
		}
	argc -= optind;
	argv += optind;
	if (q.kind != NULL) {
		if (argc > 0)
			tool_usage(&tool);
		return cmd_ask(&q, dir);
	}
	return cmd_pending(argc, argv, listing, json);
}
