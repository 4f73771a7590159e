#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advice.h"
#include "allow.h"
#include "buf.h"
#include "conf.h"
#include "consent.h"
#include "io.h"
#include "job.h"
#include "jobmcp.h"
#include "jobtell.h"
#include "json.h"
#include "num.h"
#include "session.h"
#include "status.h"

#define INLINE_MS	5000	/* an agent's call waits that long */

struct request {
	struct buf	 text;
	struct json	 json;
	const char	*session;
	const char	*dir;
};

static int
tell_no(const char *why)
{
	jobtell_words(why);
	xio_close_stdout();
	return ST_NO;
}

static void
xrequest(struct request *r)
{
	if (io_slurp(STDIN_FILENO, &r->text, 1024 * 1024) == -1)
		err(ST_SYS, "cannot read standard input");
	if (json_parse(&r->json, r->text.p != NULL ? r->text.p : "",
	    r->text.len, JSON_DEPTH, 1024) == -1)
		errx(ST_USAGE, "arguments are not JSON");
	r->session = getenv("AIPOD_SESSION");
	r->dir = getenv("AIPOD_SESSION_DIR");
	if (r->session == NULL || !is_hex(r->session, SESSION_ID - 1) ||
	    r->dir == NULL || *r->dir != '/')
		errx(ST_USAGE, "no session: AIPOD_SESSION and AIPOD_SESSION_DIR"
		    " must be set");
}

static int
inline_ms(void)
{
	char *s = xconf_get("COMMAND_INLINE_MS");
	long long n = INLINE_MS;

	if (s != NULL)
		n = xnum("COMMAND_INLINE_MS", s, 0, 600000);
	free(s);
	return (int)n;
}

static int
mcp_run(const struct workspace *w, struct request *r)
{
	struct job j;
	const char *no;
	char *cmd, *message, *why;
	size_t len;
	int fd;

	cmd = json_str(&r->json, json_get(&r->json, 0, "command"), &len);
	if (cmd == NULL)
		return tell_no("Want the command as a string.");
	message = json_str(&r->json, json_get(&r->json, 0, "reason"), NULL);
	if ((no = advice(cmd, len)) != NULL)
		return tell_no(no);
	if (len > ALLOW_SUBJECT_MAX)
		return tell_no("Rejected before asking: the command is longer"
		    " than 32768 bytes. Put it into a file in the workspace and"
		    " run that.");
	if (!consent_command(w, cmd, len, message, &why))
		return tell_no(why);
	if ((fd = job_start(w, r->session, r->dir, cmd, len, &j)) == -1)
		return tell_no(errno == ESHUTDOWN ? "The session is over." :
		    errno == EBUSY ? "Too many commands run already. Stop one,"
		    " or wait until one has ended." :
		    "The command could not be started on the host.");
	job_wait(&j, fd, inline_ms());
	jobtell(&j);
	xio_close_stdout();
	return ST_YES;
}

static int
mcp_one(const struct workspace *w, struct request *r, int stop)
{
	struct job j;
	char *id;

	id = json_str(&r->json, json_get(&r->json, 0, "id"), NULL);
	if (id == NULL || job_load(w, r->session, id, &j) == -1)
		return tell_no("Unknown id: this session has no such command."
		    " list_commands tells what there is.");
	if (stop && j.running) {
		job_stop(&j);
		job_wait(&j, -1, 7000);
	}
	jobtell(&j);
	xio_close_stdout();
	return ST_YES;
}

static int
mcp_list(const struct workspace *w, struct request *r)
{
	struct job *j;
	int n, all;

	all = json_eq(&r->json, json_get(&r->json, 0, "scope"), "workspace");
	n = jobs_list(w, all ? NULL : r->session, &j);
	jobtell_list(j, n, r->session);
	jobs_free(j, n);
	xio_close_stdout();
	return ST_YES;
}

int
xjobmcp(const char *what, const struct workspace *w)
{
	static const char *const all[] = { "run", "status", "stop", "list" };
	struct request r;
	size_t i;

	for (i = 0; i < 4 && strcmp(what, all[i]) != 0; i++)
		;
	if (i == 4)
		return -1;
	memset(&r, 0, sizeof(r));
	xrequest(&r);
	if (i == 0)
		return mcp_run(w, &r);
	if (i == 3)
		return mcp_list(w, &r);
	return mcp_one(w, &r, i == 2);
}
