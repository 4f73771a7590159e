#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "callout.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "utf8.h"

#define INVALID_REQUEST	(-32600)
#define NO_METHOD	(-32601)
#define INVALID_PARAMS	(-32602)

/* Bytes from the server: as they are into a pipe, harmless to a terminal. */
static void
put_bytes(FILE *f, const char *s, size_t n)
{
	struct buf b = BUF_INIT;

	if (!isatty(fileno(f))) {
		fwrite(s, 1, n, f);
		return;
	}
	vis_add(&b, s, n, VIS_LINES);
	if (n > 0 && s[n - 1] != '\n')
		buf_addc(&b, '\n');
	xbuf_check(&b);
	fwrite(b.p, 1, b.len, f);
	buf_free(&b);
}

/* The string member of v as a new string; NULL when there is none. */
static char *
string(const struct json *j, int v, const char *name, size_t *n)
{
	return json_str(j, json_get(j, v, name), n);
}

void
xcallout_json(const struct json *j, int v)
{
	struct buf b = BUF_INIT;
	struct json_out o;

	json_begin(&o, &b);
	json_put_value(&o, j, v);
	buf_addc(&b, '\n');
	xbuf_put(&b);
}

static void
put_tool(const struct json *j, int v)
{
	const char *f[2];
	char *name, *about, *safe;
	int i;

	name = string(j, v, "name", NULL);
	if ((about = string(j, v, "title", NULL)) == NULL)
		about = string(j, v, "description", NULL);
	if (about != NULL)
		about[strcspn(about, "\r\n")] = '\0';
	f[0] = name;
	f[1] = about;
	if (!isatty(STDOUT_FILENO))
		rec_line(stdout, 2, f);
	else
		for (i = 0; i < 2; i++) {
			safe = xvis(f[i] == NULL ? "-" : f[i]);
			printf("%-*s%c", i == 0 ? 22 : 0, safe,
			    i == 0 ? ' ' : '\n');
			free(safe);
		}
	free(name);
	free(about);
}

void
xcallout_list(const struct mcpc_answer *a, int as_json)
{
	int v = json_get(&a->j, a->result, "tools"), c;

	for (c = json_first(&a->j, v); c != -1; c = json_next(&a->j, v, c))
		if (as_json)
			xcallout_json(&a->j, c);
		else
			put_tool(&a->j, c);
}

static void
put_content(const struct json *j, int v, FILE *f)
{
	int c, text = 1;
	char *s;
	size_t n;

	for (c = json_first(j, v); c != -1; c = json_next(j, v, c)) {
		if (!json_eq(j, json_get(j, c, "type"), "text") ||
		    (s = string(j, c, "text", &n)) == NULL) {
			warnx("the tool also answered what is not text: see"
			    " it with --json");
			continue;
		}
		/* blocks are lines of their own */
		if (!text)
			putc('\n', f);
		put_bytes(f, s, n);
		text = n == 0 || s[n - 1] == '\n' || isatty(fileno(f));
		free(s);
	}
	if (!text && f == stderr)
		putc('\n', f);
}

/* The output of a command that has ended, where the result is that; 1, or 0. */
static int
put_command(const struct json *j, int v)
{
	char *out, *err;
	size_t n;

	if (json_type(j, json_get(j, v, "exit_code")) != JSON_NUMBER ||
	    (out = string(j, v, "stdout", &n)) == NULL)
		return 0;
	put_bytes(stdout, out, n);
	fflush(stdout);
	if ((err = string(j, v, "stderr", &n)) != NULL)
		put_bytes(stderr, err, n);
	free(out);
	free(err);
	return 1;
}

int
xcallout_result(const struct mcpc_answer *a, int as_json)
{
	int structured = json_get(&a->j, a->result, "structuredContent");
	int content = json_get(&a->j, a->result, "content");
	int no = json_type(&a->j, json_get(&a->j, a->result, "isError")) ==
	    JSON_TRUE;

	if (as_json)
		xcallout_json(&a->j, structured != -1 ? structured : a->result);
	if (no)
		put_content(&a->j, content, stderr);
	else if (!as_json && !put_command(&a->j, structured))
		put_content(&a->j, content, stdout);
	return no ? ST_NO : ST_YES;
}

int
callout_command(const struct mcpc_answer *a, char **id, int *status)
{
	int v = json_get(&a->j, a->result, "structuredContent");
	long long code;

	if (json_type(&a->j, json_get(&a->j, a->result, "isError")) ==
	    JSON_TRUE)
		return -1;
	if (json_int(&a->j, json_get(&a->j, v, "exit_code"), 0, 255,
	    &code) == 0) {
		*status = (int)code;
		return 1;
	}
	*id = string(&a->j, v, "id", NULL);
	return *id != NULL ? 0 : -1;
}

void
xcallout_error(const struct mcpc_answer *a, int http)
{
	char *message, *safe;
	long long code = 0;
	int status = ST_SYS;

	message = string(&a->j, a->error, "message", NULL);
	safe = xvis(message != NULL ? message : "no reason given");
	json_int(&a->j, json_get(&a->j, a->error, "code"), INT_MIN, INT_MAX,
	    &code);
	if (http == 401 || http == 403)
		errx(ST_USAGE, "the server refused (%s): is AIPOD_TOKEN or"
		    " --token-file right?", safe);
	if (code == INVALID_PARAMS || code == NO_METHOD ||
	    code == INVALID_REQUEST || (http >= 400 && http < 500))
		status = ST_USAGE;
	errx(status, "the server refused: %s (error %lld)", safe, code);
}

void
callout_progress(const struct json *j, int v)
{
	const char *done, *total;
	char *message, *safe;
	size_t n, m;

	done = json_raw(j, json_get(j, v, "progress"), &n);
	total = json_raw(j, json_get(j, v, "total"), &m);
	message = string(j, v, "message", NULL);
	safe = xvis(message != NULL ? message : "working");
	if (json_type(j, json_get(j, v, "progress")) != JSON_NUMBER)
		warnx("%s", safe);
	else if (json_type(j, json_get(j, v, "total")) != JSON_NUMBER)
		warnx("%s (%.*s)", safe, (int)n, done);
	else
		warnx("%s (%.*s of %.*s)", safe, (int)n, done, (int)m, total);
	free(message);
	free(safe);
}
