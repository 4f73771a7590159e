#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "at.h"
#include "buf.h"
#include "io.h"
#include "jobtell.h"
#include "json.h"
#include "mem.h"
#include "rec.h"
#include "utf8.h"

#define TAIL_MAX	(16 * 1024)
#define SHORT		200		/* bytes of a command in a list */

/*
 * The end of a file of the job's, beginning with a whole character; 1 when
 * there was more.
 */
static int
add_tail(const struct job *j, const char *name, struct buf *b)
{
	char *path = xasprintf("%s/%s", j->dir, name);
	struct stat st;
	uint32_t cp;
	size_t cut = 0;
	int fd, more = 0;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > TAIL_MAX) {
		lseek(fd, st.st_size - TAIL_MAX, SEEK_SET);
		more = 1;
	}
	/* it may grow meanwhile: no more than that */
	if (buf_reserve(b, TAIL_MAX) == 0) {
		ssize_t n = io_readfull(fd, b->p, TAIL_MAX);

		b->len = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	while (more && cut < 4 && cut < b->len &&
	    utf8_next(b->p + cut, b->len - cut, &cp) < 0)
		cut++;
	buf_consume(b, cut);
	return more;
}

static const char *
state(const struct job *j)
{
	return !j->ended ? "running" : strcmp(j->how, "exited") == 0 ?
	    "exited" : strcmp(j->how, "lost") == 0 ? "lost" : "stopped";
}

static void
add_output(struct buf *t, const char *name, const struct buf *b, int more,
    const char *dir)
{
	if (b->len == 0)
		return;
	buf_printf(t, "\n%s", name);
	if (more)
		buf_printf(t, " (its end; the whole is in %s/%s)", dir, name);
	buf_puts(t, ":\n");
	buf_add(t, b->p, b->len);
	if (b->p[b->len - 1] != '\n')
		buf_addc(t, '\n');
}

static void
add_words(struct buf *t, const struct job *j, const char *dir)
{
	if (!j->ended)
		buf_printf(t, "Still running, as command %s. Ask command_status"
		    " for it later, or read %s/stdout and stderr; the file exit"
		    " appears there when it is done.\n", j->id, dir);
	else if (strcmp(j->how, "exited") == 0)
		buf_printf(t, "exit code %d%s\n", j->status,
		    j->status == 0 && j->running ?
		    " (what it left in the background still runs)" : "");
	else
		buf_printf(t, "exit code %d: it was ended%s\n", j->status,
		    strcmp(j->how, "session") == 0 ? " with its session" :
		    strcmp(j->how, "lost") == 0 ?
		    " together with what looked after it" : "");
}

void
jobtell(const struct job *j)
{
	struct buf b = BUF_INIT, t = BUF_INIT, out = BUF_INIT, err = BUF_INIT;
	struct json_out o;
	char *dir;
	int more_out, more_err;

	dir = xasprintf("%s/.aipod/commands/%s/%s", at_session(),
	    j->session, j->id);
	more_out = add_tail(j, "stdout", &out);
	more_err = add_tail(j, "stderr", &err);
	add_words(&t, j, dir);
	add_output(&t, "stdout", &out, more_out, dir);
	add_output(&t, "stderr", &err, more_err, dir);
	json_begin(&o, &b);
	json_open(&o, '{');
	json_name(&o, "text");
	json_put_strn(&o, t.p, t.len);
	json_member(&o, "id", j->id);
	json_member(&o, "state", state(j));
	json_name(&o, "exit_code");
	if (j->ended)
		json_put_int(&o, j->status);
	else
		json_put_null(&o);
	json_name(&o, "stdout");
	json_put_strn(&o, out.p, out.len);
	json_name(&o, "stderr");
	json_put_strn(&o, err.p, err.len);
	json_member_bool(&o, "truncated", more_out || more_err);
	json_member(&o, "directory", dir);
	xbuf_check(&t);
	xjson_end(&o);
	free(dir);
	buf_free(&t);
	buf_free(&out);
	buf_free(&err);
}

static void
put_members(struct json_out *o, const struct job *j, int with_id)
{
	if (with_id)
		json_member(o, "id", j->id);
	json_member(o, "session", j->session);
	json_member(o, "state", state(j));
	json_name(o, "exit_code");
	if (j->ended)
		json_put_int(o, j->status);
	else
		json_put_null(o);
	json_name(o, "command");
	json_put_strn(o, j->command, j->len);
}

void
jobtell_list(const struct job *j, int n, const char *mine)
{
	struct buf b = BUF_INIT, t = BUF_INIT;
	struct json_out o;
	int i, own;

	json_begin(&o, &b);
	json_open(&o, '{');
	json_name(&o, "commands");
	json_open(&o, '[');
	for (i = 0; i < n; i++) {
		own = strcmp(j[i].session, mine) == 0;
		json_open(&o, '{');
		put_members(&o, &j[i], own);
		json_close(&o, '}');
		buf_printf(&t, "%s  %-8s", own ? j[i].id : "(other session)",
		    state(&j[i]));
		if (j[i].ended)
			buf_printf(&t, "%4d  ", j[i].status);
		else
			buf_puts(&t, "   -  ");
		vis_add(&t, j[i].command, j[i].len < SHORT ? j[i].len : SHORT,
		    0);
		buf_puts(&t, j[i].len > SHORT ? "...\n" : "\n");
	}
	json_close(&o, ']');
	json_name(&o, "text");
	if (n == 0)
		json_put_str(&o, "No commands were run.");
	else
		json_put_strn(&o, t.p, t.len);
	xbuf_check(&t);
	xjson_end(&o);
	buf_free(&t);
}

void
jobtell_words(const char *s)
{
	struct buf b = BUF_INIT;
	struct json_out o;

	json_begin(&o, &b);
	json_open(&o, '{');
	json_name(&o, "text");
	json_put_strn(&o, s, strlen(s));
	xjson_end(&o);
}

void
jobtell_show(const struct job *j, int json)
{
	struct buf b = BUF_INIT, cmd = BUF_INIT;
	struct json_out o;
	struct tm tm;
	time_t t = (time_t)j->started;
	char status[16] = "", started[32];
	const char *f[7];

	gmtime_r(&t, &tm);
	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (json) {
		json_begin(&o, &b);
		json_open(&o, '{');
		put_members(&o, j, 1);
		json_member(&o, "how", j->ended ? j->how : NULL);
		json_member(&o, "started", started);
		xjson_end(&o);
		return;
	}
	if (j->ended)
		snprintf(status, sizeof(status), "%d", j->status);
	vis_add(&cmd, j->command, j->len, 0);
	xbuf_check(&cmd);
	f[0] = j->id;
	f[1] = state(j);
	f[2] = status;
	f[3] = j->ended ? j->how : NULL;
	f[4] = j->session;
	f[5] = started;
	f[6] = buf_str(&cmd);
	rec_line(stdout, 7, f);
	buf_free(&cmd);
}
