#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "json.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "svctell.h"

static void
put_ports(struct json_out *o, const struct svc *s)
{
	char *copy = s->ports != NULL ? xstrdup(s->ports) : NULL, *p = copy;
	char *word;
	long long port;

	json_name(o, "ports");
	json_open(o, '[');
	while ((word = strsep(&p, " ")) != NULL)
		if (num_parse(word, 1, 65535, &port) == 0)
			json_put_int(o, port);
	json_close(o, ']');
	free(copy);
}

static void
put_members(struct json_out *o, const struct svc *s)
{
	json_member(o, "name", s->name);
	json_member(o, "image", s->image);
	json_member(o, "state", s->state);
	put_ports(o, s);
	json_name(o, "exit_code");
	if (s->status >= 0)
		json_put_int(o, s->status);
	else
		json_put_null(o);
	json_member(o, "note", s->note);
}

char *
svctell_words(const struct svc *s)
{
	const char *note = s->note != NULL ? s->note : "";

	if (strcmp(s->state, "running") == 0)
		return s->ports != NULL ? xasprintf("Running. Reach it at the"
		    " host name %s, port %s.", s->name, s->ports) :
		    xasprintf("Running as %s, but it listens on no port now.",
		    s->name);
	if (strcmp(s->state, "pulling") == 0)
		return xasprintf("The image is being pulled. %s", note);
	if (!s->ended)
		return xasprintf("Starting: no port of it answers yet.");
	if (strcmp(s->how, "lost") == 0)
		return xasprintf("Gone, together with what looked after it.");
	return xasprintf("Not running: %s.", *note != '\0' ? note : s->how);
}

void
svctell(const struct svc *s, const char *words)
{
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct json_out o;

	buf_puts(&text, words);
	if (s->log.len > 0) {
		buf_puts(&text, "\n\nThe end of its log:\n");
		buf_add(&text, s->log.p, s->log.len);
	}
	xbuf_check(&text);
	json_begin(&o, &b);
	json_open(&o, '{');
	json_name(&o, "text");
	json_put_strn(&o, text.p, text.len);
	put_members(&o, s);
	json_name(&o, "log");
	json_put_strn(&o, s->log.len > 0 ? s->log.p : "", s->log.len);
	xjson_end(&o);
	buf_free(&text);
}

void
svctell_list(const struct svc *s, int n)
{
	struct buf b = BUF_INIT, t = BUF_INIT;
	struct json_out o;
	char *words;
	int i;

	json_begin(&o, &b);
	json_open(&o, '{');
	json_name(&o, "services");
	json_open(&o, '[');
	for (i = 0; i < n; i++) {
		json_open(&o, '{');
		put_members(&o, &s[i]);
		json_close(&o, '}');
		words = svctell_words(&s[i]);
		buf_printf(&t, "%s (%s): %s\n", s[i].name, s[i].image, words);
		free(words);
	}
	json_close(&o, ']');
	xbuf_check(&t);
	json_name(&o, "text");
	if (n == 0)
		json_put_str(&o, "No services run in this session.");
	else
		json_put_strn(&o, t.p, t.len);
	xjson_end(&o);
	buf_free(&t);
}

void
svctell_show(const struct svc *s, int json)
{
	struct buf b = BUF_INIT;
	struct json_out o;
	struct tm tm;
	time_t t = (time_t)s->started;
	char id[SESSION_ID + SVCNAME_MAX + 1], started[32], status[16] = "";
	const char *f[7];

	gmtime_r(&t, &tm);
	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(id, sizeof(id), "%s/%s", s->session, s->name);
	if (json) {
		json_begin(&o, &b);
		json_open(&o, '{');
		json_member(&o, "id", id);
		json_member(&o, "session", s->session);
		put_members(&o, s);
		json_member(&o, "started", started);
		xjson_end(&o);
		return;
	}
	if (s->status >= 0)
		snprintf(status, sizeof(status), "%d", s->status);
	f[0] = id;
	f[1] = s->state;
	f[2] = s->image;
	f[3] = s->ports;
	f[4] = started;
	f[5] = status;
	f[6] = s->note;
	rec_line(stdout, 7, f);
}
