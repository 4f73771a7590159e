#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "ask.h"
#include "asker.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "rec.h"
#include "sidekick.h"
#include "status.h"

/* ---- questions ----------------------------------------------------------- */

/*
 * aipod-approve takes the subject on standard input and answers with a record:
 * the choice and the user's words.
 */
static int
approve(const char *subject, char choice[16], char why[JUDGE_WHY])
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *tool, *f[2] = { NULL, NULL };
	int rc;

	choice[0] = why[0] = '\0';
	if ((tool = conf_tool("aipod-approve")) == NULL)
		return -1;
	argv_add(&v, tool);
	argv_add(&v, "--kind");
	argv_add(&v, "host");
	buf_puts(&in, subject);
	rc = child_capture(v.v, &in, &out, 65536);
	if (rc != -1 && buf_str(&out) != NULL) {
		out.p[strcspn(out.p, "\n")] = '\0';
		if (rec_split(out.p, f, 2) >= 1 && f[0] != NULL)
			snprintf(choice, 16, "%s", f[0]);
		if (f[1] != NULL)
			snprintf(why, JUDGE_WHY, "%s", f[1]);
	}
	argv_free(&v);
	buf_free(&in);
	buf_free(&out);
	free(tool);
	return rc;
}

/* aipod-allow add host PATTERN */
static int
allow(const char *pattern)
{
	struct argv v = ARGV_INIT;
	char *tool;
	int rc;

	if ((tool = conf_tool("aipod-allow")) == NULL)
		return -1;
	argv_add(&v, tool);
	argv_add(&v, "add");
	argv_add(&v, "host");
	argv_add(&v, pattern);
	rc = child_run(v.v);
	argv_free(&v);
	free(tool);
	return rc == ST_YES ? 0 : -1;
}

/* A port goes into the rule unless it is one that a rule without has. */
static int
always(const struct asker_question *q, const char *subject, int domain)
{
	char pattern[ASK_PATTERN];

	if (domain) {
		if (!ask_domain("host", subject, strlen(subject), pattern))
			return -1;
	} else if ((q->port == 80 || q->port == 443) &&
	    strcmp(q->name, JUDGE_HOST) != 0)
		snprintf(pattern, sizeof(pattern), "%s", q->name);
	else
		snprintf(pattern, sizeof(pattern), "%s:%d", q->name, q->port);
	return allow(pattern);
}

static enum asker_answer
ask(const struct asker_question *q, char why[JUDGE_WHY])
{
	char subject[NAME_HOST_MAX + 8], choice[16];
	int rc;

	snprintf(subject, sizeof(subject), "%s:%d", q->name, q->port);
	rc = approve(subject, choice, why);
	if (rc == ST_YES && strcmp(choice, "once") == 0)
		return ASKER_ONCE;
	if (rc == ST_YES && strcmp(choice, "always") == 0)
		return always(q, subject, 0) == 0 ? ASKER_ALWAYS : ASKER_ONCE;
	if (rc == ST_YES && strcmp(choice, "always-domain") == 0)
		return always(q, subject, 1) == 0 ? ASKER_ALWAYS : ASKER_ONCE;
	return rc == ST_NO ? ASKER_NO : ASKER_FAILED;
}

static void
serve_questions(int fd, void *arg)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	struct asker_question q;
	struct asker_reply r;
	pid_t pid;

	(void)arg;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	while (io_readfull(fd, &q, sizeof(q)) == (ssize_t)sizeof(q)) {
		q.name[sizeof(q.name) - 1] = '\0';
		memset(&r, 0, sizeof(r));
		r.id = q.id;
		r.answer = ASKER_FAILED;
		if ((pid = fork()) > 0)
			continue;
		if (pid == 0) {
			signal(SIGCHLD, SIG_DFL);
			r.answer = ask(&q, r.why);
		}
		if (io_writeall(fd, &r, sizeof(r)) == -1 || pid == 0)
			_exit(0);
	}
	_exit(0);
}

int
asker_start(void)
{
	return sidekick_start(serve_questions, NULL);
}
