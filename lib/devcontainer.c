#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "devcontainer.h"
#include "image.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "status.h"
#include "utf8.h"

#define SIZE_MAX_FILE	(1024 * 1024)
#define MAX_VALUES	20000

/* Features that are a plain installation: by packages, or one version. */
static const struct feature {
	const char	*name;
	const char	*packages;
	const char	*mise;
} features[] = {
	{ "common-utils", "curl less procps", NULL },
	{ "git", "git", NULL },
	{ "git-lfs", "git-lfs", NULL },
	{ "github-cli", "gh", "gh" },
	{ "go", "golang", "go" },
	{ "java", "default-jdk-headless", "java" },
	{ "node", "nodejs npm", "node" },
	{ "php", "php-cli", NULL },
	{ "python", "python3 python3-pip python3-venv", "python" },
	{ "ruby", "ruby", "ruby" },
	{ "rust", "cargo rustc", "rust" },
	{ "sshd", NULL, NULL },
	{ "terraform", NULL, "terraform" },
};

/* What means nothing here: the editor's, or what the box does by itself. */
static const char *const quiet[] = { "$schema", "name", "customizations",
	"init", "overrideCommand", "shutdownAction", "userEnvProbe",
	"updateRemoteUserUID", "remoteUser", "containerUser", "portsAttributes",
	"otherPortsAttributes", "waitFor", "hostRequirements", "extensions",
	"settings", "image", "build", "dockerFile", "features", "mounts", "containerEnv",
	"remoteEnv", "forwardPorts", "onCreateCommand", "updateContentCommand",
	"postCreateCommand", "postStartCommand", "postAttachCommand" };

void
devcontainer_plain(char *s, size_t n)
{
	size_t i, j, start;
	int in_string = 0;

	for (i = 0; i < n; i++) {
		if (in_string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				in_string = 0;
		} else if (s[i] == '"')
			in_string = 1;
		else if (s[i] == '/' && i + 1 < n && s[i + 1] == '/') {
			for (; i < n && s[i] != '\n'; i++)
				s[i] = ' ';
		} else if (s[i] == '/' && i + 1 < n && s[i + 1] == '*') {
			start = i;
			for (i += 2; i + 1 < n && !(s[i] == '*' &&
			    s[i + 1] == '/'); i++)
				;
			i += i + 1 < n;
			for (j = start; j <= i && j < n; j++)
				if (s[j] != '\n')
					s[j] = ' ';
		} else if (s[i] == ']' || s[i] == '}') {
			for (j = i; j > 0 && isspace((unsigned char)s[j - 1]);
			    j--)
				;
			if (j > 0 && s[j - 1] == ',')
				s[j - 1] = ' ';
		}
	}
}

static void
refuse(const char *what, const char *why)
{
	char *shown = xvis(what);

	warnx("not taken over: '%s': %s", shown, why);
	free(shown);
}

static char *
string(const struct json *j, int v)
{
	return v == -1 ? NULL : json_str(j, v, NULL);
}

static int
is_plain(const char *s, const char *extra)
{
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(extra, *s) == NULL)
			return 0;
	return 1;
}

/*
 * Read a file below dir, by no symbolic link: what is read ends up in the
 * workspace, and a link could name anything of the user's.
 */
static int
slurp_below(int dir, char *path, struct buf *b)
{
	char *slash, *p;
	int fd = dir, next, rc, saved;

	for (p = path; (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		*slash = '\0';
		next = openat(fd, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		saved = errno;
		if (fd != dir)
			close(fd);
		if (next == -1) {
			errno = saved;
			return -1;
		}
		fd = next;
	}
	rc = io_slurp_at(fd, p, b, SIZE_MAX_FILE);
	saved = errno;
	if (fd != dir)
		close(fd);
	errno = saved;
	return rc;
}

/* The Dockerfile that it names, wherever in the workspace that is. */
static void
xadd_dockerfile(struct buf *out, int dir, const char *where, const char *name)
{
	struct buf b = BUF_INIT;
	char *path;

	if (strncmp(name, "../", 3) == 0 && *where != '\0') {
		where = "";
		name += 3;
	}
	if (*name == '/' || strstr(name, "..") != NULL)
		errx(ST_USAGE, "the Dockerfile of devcontainer.json must be"
		    " in the workspace");
	path = xasprintf("%s%s", where, name);
	if (slurp_below(dir, path, &b) == -1)
		err(ST_USAGE, "cannot read the Dockerfile of"
		    " devcontainer.json");
	buf_add(out, b.p, b.len);
	if (b.len > 0 && b.p[b.len - 1] != '\n')
		buf_addc(out, '\n');
	buf_puts(out, "USER 0\n");
	buf_free(&b);
	free(path);
}

static void
xadd_from(struct buf *out, int dir, const char *where, const struct json *j)
{
	char *image = string(j, json_get(j, 0, "image"));
	int build = json_get(j, 0, "build"), c;
	char *file = string(j, json_get(j, build, "dockerfile")), *key;

	if (file == NULL)
		file = string(j, json_get(j, 0, "dockerFile"));
	if (file != NULL)
		xadd_dockerfile(out, dir, where, file);
	else if (image == NULL)
		errx(ST_USAGE, "devcontainer.json names no image and no"
		    " Dockerfile: that of compose is not taken over");
	else if (!isalnum((unsigned char)*image) || !is_plain(image, "/:@.-_"))
		errx(ST_USAGE, "the image of devcontainer.json is no name of"
		    " an image");
	else
		buf_printf(out, "FROM %s\nUSER 0\n", image);
	for (c = json_first(j, build); c != -1; c = json_next(j, build, c)) {
		if ((key = json_key(j, c)) == NULL)
			continue;
		if (strcmp(key, "context") == 0)
			refuse("build.context", "a build never sees the"
			    " workspace");
		else if (strcmp(key, "dockerfile") != 0)
			refuse(key, "set it in the Dockerfile itself");
		free(key);
	}
	free(file);
	free(image);
}

static void
add_feature(const struct json *j, int v, const char *id, struct buf *tools)
{
	const char *base = strrchr(id, '/');
	char *version = NULL;
	size_t i, n;

	base = base != NULL ? base + 1 : id;
	n = strcspn(base, ":");
	if (json_type(j, v) == JSON_STRING)
		version = string(j, v);
	else
		version = string(j, json_get(j, v, "version"));
	if (version != NULL && (strcmp(version, "latest") == 0 ||
	    strcmp(version, "lts") == 0 || strcmp(version, "os-provided") == 0 ||
	    strcmp(version, "none") == 0 || !is_plain(version, ".-_"))) {
		free(version);
		version = NULL;
	}
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (strlen(features[i].name) == n &&
		    memcmp(features[i].name, base, n) == 0)
			break;
	if (i == sizeof(features) / sizeof(features[0]))
		refuse(id, "a feature that is more than an installation, or"
		    " unknown: install it in the file");
	else if (features[i].mise != NULL && (version != NULL ||
	    features[i].packages == NULL))
		buf_printf(tools, " mise:%s@%s", features[i].mise,
		    version != NULL ? version : "latest");
	else if (features[i].packages != NULL)
		buf_printf(tools, " %s", features[i].packages);
	else
		refuse(id, "nothing listens in the box");
	free(version);
}

static void
add_env(struct buf *out, const char *key, const char *value)
{
	static const char folder[] = "${containerWorkspaceFolder}";
	const char *p;

	if (*key == '\0' || !is_plain(key, "_")) {
		refuse(key, "it is no variable's name");
		return;
	}
	if (strchr(value, '\n') != NULL ||
	    strstr(value, "${localEnv:") != NULL ||
	    strstr(value, "${localWorkspaceFolder") != NULL) {
		refuse(key, "a variable of the host's: give it with"
		    " aipod --env");
		return;
	}
	buf_printf(out, "ENV %s=\"", key);
	for (p = value; *p != '\0'; p++) {
		if (strncmp(p, folder, sizeof(folder) - 1) == 0) {
			buf_puts(out, "/app");
			p += sizeof(folder) - 2;
		} else if (strncmp(p, "${containerEnv:", 15) == 0) {
			buf_puts(out, "${");
			p += 14;
		} else {
			if (strchr("\\\"$", *p) != NULL)
				buf_addc(out, '\\');
			buf_addc(out, *p);
		}
	}
	buf_puts(out, "\"\n");
}

static void
add_members(struct buf *out, const struct json *j, const char *name)
{
	int v = json_get(j, 0, name), c;
	char *key, *value;

	for (c = json_first(j, v); c != -1; c = json_next(j, v, c)) {
		key = json_key(j, c);
		value = string(j, c);
		if (key != NULL && value != NULL)
			add_env(out, key, value);
		free(key);
		free(value);
	}
}

/* A command as a line for the shell; -1 when it is none. */
static int
command_line(const struct json *j, int v, struct buf *line)
{
	struct argv words = ARGV_INIT;
	char *word;
	int c;

	buf_clear(line);
	if ((word = string(j, v)) != NULL) {
		argv_add(&words, "sh");
		argv_add(&words, "-c");
		argv_add(&words, word);
		free(word);
	} else if (json_type(j, v) == JSON_ARRAY)
		for (c = json_first(j, v); c != -1; c = json_next(j, v, c))
			if ((word = string(j, c)) != NULL) {
				argv_add(&words, word);
				free(word);
			}
	if (words.n > 0)
		argv_show(line, words.v);
	argv_free(&words);
	return line->len == 0 ? -1 : 0;
}

/* once: what runs when the box is new, and only then; else NULL. */
static void
add_command(struct buf *out, struct buf *once, const struct json *j, int v,
    const char *name)
{
	struct buf line = BUF_INIT;

	if (command_line(j, v, &line) == -1)
		refuse(name, "it is no command");
	else {
		if (memchr(line.p, '\n', line.len) == NULL)
			buf_printf(out, "# %s, in the box and under its rules:"
			    "\n#   aipod run %.*s\n", name, (int)line.len,
			    line.p);
		else if (once == NULL)
			refuse(name, "run it in the box: aipod run");
		if (once != NULL)
			buf_printf(once, "# %s\n%.*s || exit\n", name,
			    (int)line.len, line.p);
	}
	buf_free(&line);
}

/*
 * What runs when the container is new can run so here, if the user wants;
 * what runs at each start is the user's to run.
 */
static void
add_commands(struct buf *out, struct buf *once, const struct json *j)
{
	static const char *const names[] = { "onCreateCommand",
	    "updateContentCommand", "postCreateCommand", "postStartCommand",
	    "postAttachCommand" };
	struct buf *to;
	size_t i;
	int v, c;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((v = json_get(j, 0, names[i])) == -1)
			continue;
		to = i < 3 ? once : NULL;
		if (json_type(j, v) != JSON_OBJECT)
			add_command(out, to, j, v, names[i]);
		else
			for (c = json_first(j, v); c != -1;
			    c = json_next(j, v, c))
				add_command(out, to, j, c, names[i]);
	}
}

static void
add_ports(struct buf *out, const struct json *j)
{
	int v = json_get(j, 0, "forwardPorts"), c;
	long long port;

	for (c = json_first(j, v); c != -1; c = json_next(j, v, c))
		if (json_int(j, c, 1, 65535, &port) == 0)
			buf_printf(out, "# A port, on this machine while a"
			    " session runs:\n#   aipod forward %lld\n", port);
		else
			refuse("forwardPorts", "a service's port: see"
			    " aipod service");
}

/* One field of "source=A,target=B,type=bind", or of the same as an object. */
static char *
mount_field(const struct json *j, int v, const char *const names[3])
{
	char *s = string(j, v), *p, *found = NULL;
	size_t i, n;

	for (i = 0; i < 3 && found == NULL; i++) {
		if (s == NULL) {
			found = string(j, json_get(j, v, names[i]));
			continue;
		}
		n = strlen(names[i]);
		for (p = s; p != NULL && found == NULL; p = strchr(p, ',')) {
			p += *p == ',';
			if (strncmp(p, names[i], n) == 0 && p[n] == '=')
				found = xstrndup(p + n + 1,
				    strcspn(p + n + 1, ","));
		}
	}
	free(s);
	return found;
}

/* The part of a path that lies in the workspace there; NULL when none does. */
static const char *
in_workspace(const struct json *j, const char *path)
{
	static const char folder[] = "${containerWorkspaceFolder}/";
	char *set = string(j, json_get(j, 0, "workspaceFolder"));
	const char *rest = NULL;
	size_t n = set != NULL ? strlen(set) : 0;

	if (strncmp(path, folder, sizeof(folder) - 1) == 0)
		rest = path + sizeof(folder) - 1;
	else if (n > 0 && strncmp(path, set, n) == 0 && path[n] == '/')
		rest = path + n + 1;
	else if (strncmp(path, "/workspaces/", 12) == 0 &&
	    (rest = strchr(path + 12, '/')) != NULL)
		rest++;
	free(set);
	return rest != NULL && *rest != '\0' ? rest : NULL;
}

static const char *
add_mount(struct buf *out, const struct json *j, const char *type,
    const char *from, const char *to)
{
	static const char home[] = "${localEnv:HOME}";
	const char *rest, *h = "";

	if (to == NULL || type == NULL)
		return "without a type and a target";
	if (strcmp(type, "volume") == 0) {
		if ((rest = in_workspace(j, to)) == NULL)
			return "a volume outside of the workspace: the home"
			    " is kept as it is";
		if (!is_plain(rest, "/._-") || strstr(rest, "..") != NULL)
			return "its target is no plain path";
		buf_printf(out, "# A directory of the box's own:\n"
		    "#   aipod mask add %s\n", rest);
		return NULL;
	}
	if (strcmp(type, "bind") != 0 || from == NULL)
		return "neither a volume nor a bind mount";
	if (strncmp(from, home, sizeof(home) - 1) == 0) {
		from += sizeof(home) - 1;
		h = "\"$HOME\"";
	}
	if (*from != '/' || *to != '/' || from[1] == '\0' ||
	    strstr(from, "..") != NULL || strstr(to, "..") != NULL ||
	    !is_plain(from, "/._-") || !is_plain(to, "/._-"))
		return "its paths must be plain, and less than all of the host";
	if (strstr(from, "docker.sock") != NULL ||
	    strstr(from, "podman.sock") != NULL)
		return "the engine's socket is the host";
	buf_printf(out, "# A path of the host's, read-only; --rw lets the box"
	    " write it:\n#   aipod mount add %s%s:%s\n", h, from, to);
	return NULL;
}

static void
add_mounts(struct buf *out, const struct json *j)
{
	static const char *const types[3] = { "type", "type", "type" };
	static const char *const sources[3] = { "source", "src", "source" };
	static const char *const targets[3] = { "target", "dst",
	    "destination" };
	int v = json_get(j, 0, "mounts"), c;
	char *type, *from, *to, *what;
	const char *why;

	for (c = json_first(j, v); c != -1; c = json_next(j, v, c)) {
		type = mount_field(j, c, types);
		from = mount_field(j, c, sources);
		to = mount_field(j, c, targets);
		if ((why = add_mount(out, j, type, from, to)) != NULL) {
			what = xasprintf("mounts: %s", to != NULL ? to : "?");
			refuse(what, why);
			free(what);
		}
		free(type);
		free(from);
		free(to);
	}
}

static void
name_rest(const struct json *j)
{
	static const struct {
		const char	*key;
		const char	*why;
	} known[] = {
		{ "initializeCommand", "it would run on the host" },
		{ "workspaceMount", "the workspace is at /app" },
		{ "workspaceFolder", "the workspace is at /app" },
		{ "privileged", "the box gives no privileges" },
		{ "capAdd", "the box gives no privileges" },
		{ "securityOpt", "the box gives no privileges" },
		{ "runArgs", "the box is made by aipod alone" },
		{ "appPort", "see aipod forward" },
	};
	char *key;
	size_t i;
	int c;

	for (c = json_first(j, 0); c != -1; c = json_next(j, 0, c)) {
		if ((key = json_key(j, c)) == NULL)
			continue;
		for (i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
			if (strcmp(key, quiet[i]) == 0)
				break;
		if (i < sizeof(quiet) / sizeof(quiet[0])) {
			free(key);
			continue;
		}
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(key, known[i].key) == 0)
				break;
		refuse(key, i < sizeof(known) / sizeof(known[0]) ?
		    known[i].why : "unknown");
		free(key);
	}
}

void
xdevcontainer_write(struct buf *out, struct buf *once, int dir,
    const char *agents, const char *tools)
{
	struct buf text = BUF_INIT, all = BUF_INIT;
	const char *where = ".devcontainer/";
	char inside[] = ".devcontainer/devcontainer.json";
	struct json j;
	char *key;
	int v, c;

	if (slurp_below(dir, inside, &text) == -1) {
		where = "";
		if (errno != ENOENT || io_slurp_at(dir, ".devcontainer.json",
		    &text, SIZE_MAX_FILE) == -1)
			err(ST_USAGE, "cannot read devcontainer.json");
	}
	devcontainer_plain(text.p, text.len);
	if (json_parse(&j, text.p, text.len, JSON_DEPTH, MAX_VALUES) == -1)
		errx(ST_USAGE, "devcontainer.json, byte %zu: %s", j.where,
		    j.why);
	buf_puts(out, "# Made from devcontainer.json: see aipod-init(1).\n");
	xadd_from(out, dir, where, &j);
	add_members(out, &j, "containerEnv");
	add_members(out, &j, "remoteEnv");
	if (tools != NULL)
		buf_puts(&all, tools);
	v = json_get(&j, 0, "features");
	for (c = json_first(&j, v); c != -1; c = json_next(&j, v, c)) {
		if ((key = json_key(&j, c)) != NULL)
			add_feature(&j, c, key, &all);
		free(key);
	}
	if (buf_str(&all) == NULL)
		err(ST_SYS, "cannot write");
	ximage_write_rest(out, agents, all.len == 0 ? NULL :
	    all.p + (*all.p == ' '));
	add_ports(out, &j);
	add_mounts(out, &j);
	add_commands(out, once, &j);
	name_rest(&j);
	xbuf_check(out);
	xbuf_check(once);
	json_free(&j);
	buf_free(&all);
	buf_free(&text);
}
