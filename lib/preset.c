#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "preset.h"

#define PRESET_MAX	65536		/* bytes of a file */

static int
slurp(const char *name, struct buf *b, const char **why)
{
	char rel[64], *path;
	int fd, rc;

	*why = "a preset is lower-case letters, digits and hyphens";
	if (*name == '\0' || *name == '-' || name[strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0' ||
	    snprintf(rel, sizeof(rel), "hosts/%s", name) >= (int)sizeof(rel))
		return -1;
	path = xconf_share(rel);
	fd = io_open_trusted(path);
	free(path);
	if (fd == -1) {
		*why = errno == ENOENT ? "there is no such preset: see"
		    " share/hosts" : "this preset cannot be read";
		return -1;
	}
	*why = "this preset cannot be read";
	rc = io_slurp(fd, b, PRESET_MAX);
	close(fd);
	return rc == -1 || buf_str(b) == NULL ? -1 : 0;
}

static void
add_rules(struct buf *out, char *text, const char *verdict)
{
	char *line, *next;

	for (line = text; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		line += strspn(line, " \t");
		line[strcspn(line, " \t#")] = '\0';
		if (*line == '\0')
			continue;
		if (strncmp(line, "**.", 3) == 0) {
			buf_printf(out, "%s host %s\n", verdict, line + 3);
			line++;
		}
		buf_printf(out, "%s host %s\n", verdict, line);
	}
}

struct rules *
preset_load(const char *name, enum rule_verdict verdict, const char **why)
{
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct rules *rs = NULL;

	if (slurp(name, &b, why) == 0) {
		add_rules(&text, b.p, verdict == RULE_DENY ? "deny" : "allow");
		*why = "no memory";
		if (!text.bad && buf_str(&text) != NULL &&
		    (rs = calloc(1, sizeof(*rs))) != NULL &&
		    rules_parse(rs, name, text.p) == -1) {
			*why = "a line of this preset is no host";
			preset_free(rs);
			rs = NULL;
		}
	}
	buf_free(&b);
	buf_free(&text);
	return rs;
}

void
preset_free(struct rules *rs)
{
	if (rs == NULL)
		return;
	rules_free(rs);
	free(rs);
}
