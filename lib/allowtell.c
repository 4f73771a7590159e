#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "allow.h"
#include "at.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "status.h"
#include "workspace.h"

/* What is allowed of one kind. */
static void
put_rules(struct json_out *j, const struct ruleset *rs, enum rule_kind kind)
{
	struct buf b = BUF_INIT;
	size_t i;

	json_open(j, '[');
	for (i = 0; i < rs->rules.n; i++) {
		if (rs->rules.r[i].kind != kind ||
		    rs->rules.r[i].verdict != RULE_ALLOW)
			continue;
		buf_clear(&b);
		rule_show(&b, &rs->rules.r[i]);
		xbuf_check(&b);
		json_put_strn(j, b.p, b.len);
	}
	json_close(j, ']');
	buf_free(&b);
}

/* All of them as lines for a person or a model to read. */
static void
add_text(struct buf *out, const struct ruleset *rs)
{
	size_t i;

	for (i = 0; i < rs->rules.n; i++) {
		buf_puts(out, "    ");
		rule_show(out, &rs->rules.r[i]);
		buf_addc(out, '\n');
	}
	if (rs->rules.n == 0)
		buf_puts(out, "    (none yet)\n");
}

static const char explain[] =
    "Rules, one a line; the last that matches decides. A trailing \" *\"\n"
    "stands for further plain words, never for ; & | $ quotes, globs or\n"
    "redirection. A rule with `digest` holds until a file that the command\n"
    "runs changes; then the user is asked again. Where no rule matches, the\n"
    "user is asked.\n\n";

static void
put_denied(struct json_out *j, const struct ruleset *rs)
{
	struct buf b = BUF_INIT;
	size_t i;

	json_name(j, "denied");
	json_open(j, '[');
	for (i = 0; i < rs->rules.n; i++) {
		if (rs->rules.r[i].verdict != RULE_DENY)
			continue;
		buf_clear(&b);
		rule_show(&b, &rs->rules.r[i]);
		xbuf_check(&b);
		json_put_strn(j, b.p, b.len);
	}
	json_close(j, ']');
	buf_free(&b);
}

static int
tell_json(const struct ruleset *rs)
{
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct json_out j;

	buf_puts(&text, explain);
	add_text(&text, rs);
	json_begin(&j, &b);
	json_open(&j, '{');
	json_name(&j, "commands");
	put_rules(&j, rs, RULE_COMMAND);
	json_name(&j, "services");
	put_rules(&j, rs, RULE_SERVICE);
	json_name(&j, "hosts");
	put_rules(&j, rs, RULE_HOST);
	put_denied(&j, rs);
	json_name(&j, "text");
	json_put_strn(&j, text.p, text.len);
	xbuf_check(&text);
	xjson_end(&j);
	buf_free(&text);
	return ST_YES;
}

/* One tool's line, from the schema that the agent is given as well. */
static void
add_tool(struct buf *out, const char *dir, const char *name)
{
	struct buf text = BUF_INIT;
	struct json j;
	char *path = xasprintf("%s/%s/schema.json", dir, name), *s;

	if (io_slurp_at(AT_FDCWD, path, &text, 256 * 1024) == 0 &&
	    json_parse(&j, text.p, text.len, JSON_DEPTH, 4096) == 0) {
		if ((s = json_str(&j, json_get(&j, 0, "name"), NULL)) != NULL)
			buf_printf(out, "- `%s`: ", s);
		free(s);
		s = json_str(&j, json_get(&j, 0, "description"), NULL);
		buf_printf(out, "%s\n", s != NULL ? s : "");
		free(s);
		json_free(&j);
	}
	buf_free(&text);
	free(path);
}

static void
add_tools(struct buf *out, char *dir)
{
	struct dirent **e;
	int i, n;

	if ((n = scandir(dir, &e, NULL, alphasort)) > 0) {
		for (i = 0; i < n; i++) {
			if (e[i]->d_name[0] != '.')
				add_tool(out, dir, e[i]->d_name);
			free(e[i]);
		}
		free(e);
	}
	free(dir);
}

static int
tell_skill(const struct ruleset *rs)
{
	struct buf b = BUF_INIT;
	char *dir, *path;

	path = xconf_share("skill.md");
	if (io_slurp_at(AT_FDCWD, path, &b, 64 * 1024) == -1)
		err(ST_SYS, "cannot read '%s'", path);
	free(path);
	buf_puts(&b, "\n## Tools\n\n");
	add_tools(&b, xconf_share("tools"));
	dir = xconf_config_dir();
	add_tools(&b, xasprintf("%s/tools", dir));
	free(dir);
	buf_printf(&b, "\n## What is allowed already\n\n%s", explain);
	add_text(&b, rs);
	if (at_fill(&b, at_session()) == -1)
		err(ST_SYS, "cannot allocate");
	xbuf_put(&b);
	return ST_YES;
}

int
allow_tell(const struct workspace *w, const char *agent, int skill)
{
	struct ruleset rs;
	int rc;

	if (ruleset_load(&rs, w, agent) == -1)
		errx(ST_USAGE, "%s", rs.rules.why);
	rc = skill ? tell_skill(&rs) : tell_json(&rs);
	ruleset_free(&rs);
	xio_close_stdout();
	return rc;
}

void
allow_hosts(const struct ruleset *rs)
{
	const struct rule *r;
	const char *sep = "preset ";
	size_t i;
	int own = 0, agents = 0;

	for (i = 0; i < rs->rules.n; i++) {
		r = &rs->rules.r[i];
		if (r->kind != RULE_HOST)
			continue;
		if (ruleset_scope(rs, r) != SCOPE_AGENT)
			own++;
		else
			agents++;
		if (r->preset == NULL || r->verdict != RULE_ALLOW)
			continue;
		printf("%s%s", sep, r->pattern);
		sep = ", ";
	}
	if (*sep != ',')
		printf("no preset");
	printf("; %d rule%s of the agent's, %d of yours\n", agents,
	    agents == 1 ? "" : "s", own);
}
