#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "asker.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "rec.h"
#include "sidekick.h"
#include "status.h"
#include "workspace.h"

/* ---- questions ----------------------------------------------------------- */

/*
 * aipod-approve takes the subject on standard input and answers with a record:
 * the choice and the user's words.
 */
static int
approve(const struct workspace *w, const char *subject, char choice[16],
    char why[JUDGE_WHY])
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
	argv_add(&v, "--workdir");
	argv_add(&v, w->path);
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

/* What it says has been done by then: the record and the rule. */
static enum asker_answer
ask(const struct workspace *w, const struct asker_question *q,
    char why[JUDGE_WHY])
{
	char subject[NAME_HOST_MAX + 8], choice[16];
	int rc;

	snprintf(subject, sizeof(subject), "%s:%d", q->name, q->port);
	rc = approve(w, subject, choice, why);
	if (rc == ST_YES && strcmp(choice, "once") == 0)
		return ASKER_ONCE;
	if (rc == ST_YES && strncmp(choice, "always", 6) == 0)
		return ASKER_ALWAYS;
	return rc == ST_NO ? ASKER_NO : ASKER_FAILED;
}

static void
serve_questions(int fd, void *arg)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	struct asker_question q;
	struct asker_reply r;
	pid_t pid;

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
			r.answer = ask(arg, &q, r.why);
		}
		if (io_writeall(fd, &r, sizeof(r)) == -1 || pid == 0)
			_exit(0);
	}
	_exit(0);
}

int
asker_start(struct workspace *w)
{
	return sidekick_start(serve_questions, w);
}
