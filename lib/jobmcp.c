#include <errno.h>
#include <stdlib.h>

#include "advice.h"
#include "allow.h"
#include "conf.h"
#include "consent.h"
#include "io.h"
#include "job.h"
#include "jobmcp.h"
#include "jobtell.h"
#include "num.h"
#include "status.h"
#include "toolcall.h"

#define INLINE_MS	5000	/* an agent's call waits that long */

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
mcp_run(const struct workspace *w, struct toolcall *r)
{
	struct job j;
	const char *no;
	char *cmd, *message, *why;
	size_t len;
	int fd;

	cmd = json_str(&r->json, json_get(&r->json, 0, "command"), &len);
	if (cmd == NULL)
		return toolcall_no("Want the command as a string.");
	message = json_str(&r->json, json_get(&r->json, 0, "reason"), NULL);
	if ((no = advice(cmd, len)) != NULL)
		return toolcall_no(no);
	if (len > ALLOW_SUBJECT_MAX)
		return toolcall_no("Rejected before asking: the command is longer"
		    " than 32768 bytes. Put it into a file in the workspace and"
		    " run that.");
	if (!consent_command(w, cmd, len, message, &why))
		return toolcall_no(why);
	if ((fd = job_start(w, r->session.id, r->session.dir, cmd, len, &j)) == -1)
		return toolcall_no(errno == ESHUTDOWN ? "The session is over." :
		    errno == EBUSY ? "Too many commands run already. Stop one,"
		    " or wait until one has ended." :
		    "The command could not be started on the host.");
	job_wait(&j, fd, inline_ms());
	jobtell(&j);
	xio_close_stdout();
	return ST_YES;
}

static int
mcp_one(const struct workspace *w, struct toolcall *r, int stop)
{
	struct job j;
	char *id;

	id = json_str(&r->json, json_get(&r->json, 0, "id"), NULL);
	if (id == NULL || job_load(w, r->session.id, id, &j) == -1)
		return toolcall_no("Unknown id: this session has no such command."
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
mcp_list(const struct workspace *w, struct toolcall *r)
{
	struct job *j;
	int n, all;

	all = json_eq(&r->json, json_get(&r->json, 0, "scope"), "workspace");
	n = jobs_list(w, all ? NULL : r->session.id, &j);
	jobtell_list(j, n, r->session.id);
	jobs_free(j, n);
	xio_close_stdout();
	return ST_YES;
}

int
xjobmcp(const char *what, const struct workspace *w)
{
	static const char *const all[] = { "run", "list", "status", "stop",
	    NULL };
	struct toolcall r;

	switch (xtoolcall(&r, w, what, all)) {
	case -1:
		return -1;
	case 0:
		return mcp_run(w, &r);
	case 1:
		return mcp_list(w, &r);
	case 2:
		return mcp_one(w, &r, 0);
	default:
		return mcp_one(w, &r, 1);
	}
}
