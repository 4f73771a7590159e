#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "at.h"
#include "box.h"
#include "conf.h"
#include "dockerfile.h"
#include "image.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "tiny.h"

#define SOURCE_MAX	(1024 * 1024)
#define FILE_MAX	(256 * 1024)
#define CA_DIR		"/usr/local/share/ca-certificates"
#define CA_FILE		CA_DIR "/aipod.crt"

/* Raised when what is built from the same text changes. */
#define FORMAT		"2"

static void
xadd(struct buf *b, const char *s)
{
	buf_puts(b, s);
	xbuf_check(b);
}

/* The name without "@VERSION". */
static char *
bare(const char *agent)
{
	return xstrndup(agent, strcspn(agent, "@"));
}

static void
xcheck_words(const char *what, const char *s, const char *extra)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(extra, *p) == NULL)
			errx(ST_USAGE, "%s '%s': no place for the character"
			    " '%c'", what, s, isprint((unsigned char)*p) ?
			    *p : '?');
}

/* Each agent of the list once, as written, checked. */
static void
xwords(const char *list, struct argv *a)
{
	char *copy = xstrdup(list), *p, *next, *name;
	struct agent agent;

	xcheck_words("agents", list, ",-_.@");
	for (p = copy; p != NULL; p = next) {
		if ((next = strchr(p, ',')) != NULL)
			*next++ = '\0';
		name = bare(p);
		xagent_find(&agent, name);
		agent_free(&agent);
		free(name);
		argv_add(a, p);
	}
	free(copy);
}

static int
has_install(const char *word)
{
	struct agent a;
	char *name = bare(word), *path;
	int rc;

	xagent_find(&a, name);
	path = agent_path(&a, "install");
	rc = path != NULL;
	free(path);
	free(name);
	agent_free(&a);
	return rc;
}

/* The base that the agents want: the first that names one but tiny. */
static char *
preferred_base(const struct argv *agents)
{
	struct argv line = ARGV_INIT;
	struct agent a;
	char *name, *base = NULL;
	size_t i;

	for (i = 0; i < agents->n; i++) {
		name = bare(agents->v[i]);
		xagent_find(&a, name);
		free(name);
		if (agent_words(&a, "base", &line) == -1)
			err(ST_SYS, "cannot read the base of agent '%s'",
			    a.name);
		agent_free(&a);
		if (line.n > 0 && (base == NULL || strcmp(base, "tiny") == 0)) {
			free(base);
			base = xstrdup(line.v[0]);
		}
		argv_free(&line);
	}
	return base != NULL ? base : xstrdup("debian");
}

static void
xslurp(const char *path, struct buf *b)
{
	if (io_slurp_at(AT_FDCWD, path, b, FILE_MAX) == -1)
		err(ST_SYS, "cannot read '%s'", path);
}

/* A base is a file: the user's own before ours. */
static char *
base_path(const char *base)
{
	char *dir, *path;

	if (strpbrk(base, "/:") == NULL) {
		dir = xconf_config_dir();
		path = xasprintf("%s/images/%s", dir, base);
		free(dir);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
		dir = xasprintf("images/base/%s", base);
		path = xconf_share(dir);
		free(dir);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
		errx(ST_USAGE, "no base '%s': there are alpine, debian, go,"
		    " node, python, rust, tiny and ubuntu, or name an image"
		    " with its tag", base);
	}
	return xconf_share("images/base/other");
}

char *
ximage_base(const char *agents)
{
	struct argv a = ARGV_INIT;
	char *base;

	xwords(agents, &a);
	base = preferred_base(&a);
	argv_free(&a);
	return base;
}

void
ximage_write_rest(struct buf *out, const char *agents, const char *tools)
{
	struct argv a = ARGV_INIT;
	size_t i, n = 0;

	xwords(agents, &a);
	for (i = 0; i < a.n; i++)
		n += has_install(a.v[i]) != 0;
	if (tools != NULL || n > 0)
		xadd(out, "\n# aipod puts its own files into the build as"
		    " aipod/; nothing of the\n# workspace is sent, so COPY"
		    " cannot reach it: it is mounted at /app.\n"
		    "COPY aipod /opt/aipod\n");
	if (tools != NULL) {
		xcheck_words("tools", tools, " :@.-_+/");
		buf_printf(out, "\n# Packages of the distribution, or mise:"
		    "TOOL@VERSION.\nRUN sh /opt/aipod/tools %s\n", tools);
	}
	if (n > 0) {
		xadd(out, "\n# The agents.  NAME@VERSION pins one.\n"
		    "RUN sh /opt/aipod/agent");
		for (i = 0; i < a.n; i++)
			if (has_install(a.v[i]))
				buf_printf(out, " %s", a.v[i]);
		xadd(out, "\n");
	}
	xadd(out, "\n# More of your own, as root.  The user that the box runs"
	    " as and its home,\n# /home/aipod, are added by aipod.\n");
	xbuf_check(out);
	argv_free(&a);
}

void
ximage_write(struct buf *out, const char *agents, const char *base,
    const char *tools)
{
	struct buf text = BUF_INIT;
	char *own = NULL, *path, *at;

	if (base == NULL)
		base = own = ximage_base(agents);
	xcheck_words("image", base, "/:@.-_");
	path = base_path(base);
	xslurp(path, &text);
	if (buf_str(&text) == NULL)
		err(ST_SYS, "cannot read '%s'", path);
	xadd(out, "# The image that aipod makes for this workspace:"
	    " see aipod-build(1).\n");
	if ((at = strstr(text.p, "@image@")) != NULL) {
		buf_add(out, text.p, (size_t)(at - text.p));
		buf_puts(out, base);
		at += strlen("@image@");
	} else
		at = text.p;
	buf_puts(out, at);
	ximage_write_rest(out, agents, tools);
	free(own);
	free(path);
	buf_free(&text);
}

/* The workspace's own Dockerfile, ours before the older tool's. */
static void
xfind_file(struct image *im, const struct workspace *w)
{
	static const char *const names[] = { "aipod.Dockerfile",
	    "ai-pod.Dockerfile" };
	size_t i;
	int fd;

	if ((fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot open '%s'", w->path);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (io_slurp_at(fd, names[i], &im->source, SOURCE_MAX) == 0) {
			im->file = xstrdup(names[i]);
			break;
		}
		if (errno == ELOOP || errno == EINVAL)
			errx(ST_USAGE, "'%s/%s' must be a plain file", w->path,
			    names[i]);
		if (errno != ENOENT)
			err(ST_USAGE, "cannot read '%s/%s'", w->path, names[i]);
	}
	close(fd);
}

static struct buf *
add_file(struct image *im, const char *name)
{
	struct image_file *f;

	im->files = xreallocarray(im->files, (size_t)im->nfiles + 1,
	    sizeof(*im->files));
	f = &im->files[im->nfiles++];
	memset(f, 0, sizeof(*f));
	f->name = xstrdup(name);
	return &f->bytes;
}

/* The agent's own script, and what GET /install/NAME.sh used to give. */
static void
xadd_agent(struct image *im, const struct agent *a)
{
	char *name, *path;
	struct buf *b;

	if ((path = agent_path(a, "install")) == NULL)
		return;
	name = xasprintf("aipod/agents/%s/install", a->name);
	xslurp(path, add_file(im, name));
	free(name);
	free(path);
	name = xasprintf("aipod/install/%s.sh", a->name);
	b = add_file(im, name);
	buf_printf(b, "#!/bin/sh\nexec sh /opt/aipod/agent %s\n", a->name);
	xbuf_check(b);
	free(name);
}

static void
xadd_context(struct image *im, const struct argv *agents)
{
	static const char *const ours[] = { "agent", "host-tools", "node",
	    "tools", "user" };
	struct agent a;
	char *rel, *path, *name;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		rel = xasprintf("images/context/%s", ours[i]);
		path = xconf_share(rel);
		free(rel);
		rel = xasprintf("aipod/%s", ours[i]);
		xslurp(path, add_file(im, rel));
		free(rel);
		free(path);
	}
	for (i = 0; i < agents->n; i++) {
		name = bare(agents->v[i]);
		/* the engine's output tells of one that there is not */
		if (agent_find(&a, name) == 0) {
			xadd_agent(im, &a);
			agent_free(&a);
		}
		free(name);
	}
}

/*
 * The host's certificates: as asked, as set, or, where this process itself
 * was told of a bundle, that one.
 */
static char *
xfind_ca(const char *choice, int *chosen)
{
	static const char *const vars[] = { "SSL_CERT_FILE",
	    "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE" };
	char *set = NULL;
	const char *v;
	size_t i;

	if (choice == NULL)
		choice = set = xconf_get("CA_BUNDLE");
	*chosen = choice != NULL;
	if (choice != NULL) {
		if (strcmp(choice, "no") == 0 || *choice == '\0') {
			free(set);
			return NULL;
		}
		if (access(choice, R_OK) == -1)
			err(ST_USAGE, "cannot read the CA bundle '%s'", choice);
		return set != NULL ? set : xstrdup(choice);
	}
	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if ((v = getenv(vars[i])) != NULL && *v == '/' &&
		    access(v, R_OK) == 0)
			return xstrdup(v);
	return NULL;
}

static const char ca_text[] =
    "COPY aipod-ca.crt " CA_FILE "\n"
    "COPY aipod-ca.crt /etc/ssl/certs/ca-certificates.crt\n"
    "ENV SSL_CERT_FILE=" CA_FILE " NODE_EXTRA_CA_CERTS=" CA_FILE
    " CURL_CA_BUNDLE=" CA_FILE " REQUESTS_CA_BUNDLE=" CA_FILE
    " PIP_CERT=" CA_FILE " GIT_SSL_CAINFO=" CA_FILE
    " CARGO_HTTP_CAINFO=" CA_FILE "\n";

/* What every image ends with: the user's tools, the agent, the user. */
static void
xadd_tail(const struct image *im, struct buf *b, const struct argv *wanted,
    const char *tools)
{
	size_t i;

	xadd(b, "\n# Added by aipod-build.\nUSER 0\nCOPY aipod /opt/aipod\n");
	if (tools != NULL)
		buf_printf(b, "RUN sh /opt/aipod/tools %s\n", tools);
	for (i = 0; i < wanted->n; i++)
		if (has_install(wanted->v[i]))
			buf_printf(b, "RUN sh /opt/aipod/agent %s\n",
			    wanted->v[i]);
	buf_printf(b, "RUN AIPOD_UID=%lu AIPOD_GID=%lu AIPOD_USER=aipod"
	    " sh /opt/aipod/user\n", im->uid, im->gid);
	xadd(b, "ENV HOME=" BOX_HOME " PATH=" BOX_HOME "/.local/bin:${PATH:-"
	    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}:"
	    BOX_RUN "/bin\nWORKDIR " AT_APP "\n");
	/* keep-id leaves an image's own USER in force */
	buf_printf(b, "USER %lu:%lu\n", im->uid, im->gid);
}

/* Big files of the host's count by size and time of change. */
static void
hash_stat(hash_ctx *h, const char *path)
{
	struct stat st;
	char line[64];

	if (path == NULL || stat(path, &st) == -1)
		return;
	hash_add_field(h, path, strlen(path));
	snprintf(line, sizeof(line), "%lld %lld", (long long)st.st_size,
	    (long long)st.st_mtime);
	hash_add_field(h, line, strlen(line));
}

static void
digest(struct image *im, const struct buf *text, int ca_chosen)
{
	hash_ctx h;
	char ids[64];
	size_t i;
	int j;

	snprintf(ids, sizeof(ids), "%lu:%lu", im->uid, im->gid);
	hash_init(&h);
	hash_add_field(&h, "tiny " FORMAT, sizeof("tiny " FORMAT) - 1);
	hash_add_field(&h, ids, strlen(ids));
	hash_stat(&h, im->busybox);
	hash_hex(&h, im->tiny_digest);
	if (im->imported) {
		memcpy(im->digest, im->tiny_digest, sizeof(im->digest));
		return;
	}
	hash_init(&h);
	hash_add_field(&h, FORMAT, sizeof(FORMAT) - 1);
	if (im->from_tiny)
		hash_add_field(&h, im->tiny_digest, HASH_HEX);
	hash_add_field(&h, text->p, text->len);
	for (j = 0; j < im->nfiles; j++) {
		hash_add_field(&h, im->files[j].name,
		    strlen(im->files[j].name));
		hash_add_field(&h, im->files[j].bytes.p,
		    im->files[j].bytes.len);
	}
	for (i = 0; i < im->args.n; i++)
		hash_add_field(&h, im->args.v[i], strlen(im->args.v[i]));
	if (ca_chosen)
		hash_stat(&h, im->ca_bundle);
	hash_hex(&h, im->digest);
}

/* A default image is shared by all workspaces with the same wishes. */
static void
xname_default(struct image *im, const struct argv *agents, const char *base,
    int keep_id)
{
	struct buf b = BUF_INIT;
	size_t i, start;

	xadd(&b, "aipod-default");
	for (i = 0; i < agents->n; i++)
		buf_printf(&b, "-%s", agents->v[i]);
	buf_printf(&b, "-%s", base);
	if (!keep_id)
		buf_printf(&b, "-%lu", im->uid);
	xbuf_check(&b);
	for (start = 0; start < b.len; start++)
		if (strchr("/:@", b.p[start]) != NULL)
			b.p[start] = '-';
		else
			b.p[start] = (char)tolower((unsigned char)b.p[start]);
	im->name = xstrndup(b.p, b.len);
	buf_free(&b);
}

static void
xneed_busybox(struct image *im)
{
	if ((im->busybox = tiny_busybox()) != NULL)
		return;
	if (errno == ENOEXEC)
		errx(ST_NOTFOUND, "cannot make the image 'tiny': busybox on"
		    " this machine is no static program: install"
		    " busybox-static, or choose another base with --image");
	errx(ST_NOTFOUND, "cannot make the image 'tiny': no busybox: install"
	    " busybox-static, or choose another base with --image");
}

/*
 * The setting TOOLS, commas or spaces between; NULL when there are none.
 */
static char *
xtools(void)
{
	char *t = xconf_get("TOOLS"), *p;

	if (t == NULL)
		return NULL;
	for (p = t; *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	xcheck_words("setting TOOLS", t, " :@.-_+/");
	if (t[strspn(t, " ")] != '\0')
		return t;
	free(t);
	return NULL;
}

/* No file in the workspace: what init would write, and a shared name. */
static void
xplan_default(struct image *im, const struct image_want *want,
    const struct argv *wanted, int keep_id)
{
	char *base;
	size_t i;

	base = want->base != NULL ? xstrdup(want->base) : xconf_get("IMAGE");
	if (base == NULL)
		base = preferred_base(wanted);
	for (i = 0; i < wanted->n && !has_install(wanted->v[i]); i++)
		;
	im->imported = strcmp(base, "tiny") == 0 && i == wanted->n;
	ximage_write(&im->source, want->agents, base, NULL);
	xname_default(im, wanted, base, keep_id);
	free(base);
}

/*
 * A bundle that was found and not asked for goes in but does not count: from
 * a terminal and from cron the image has to be the same.
 */
static void
xplan_text(struct image *im, const char *ca_bundle, const struct argv *wanted)
{
	struct buf counts = BUF_INIT;
	char *tools = xtools();
	int chosen;

	im->ca_bundle = xfind_ca(ca_bundle, &chosen);
	dockerfile_adapt(im->source.p, im->source.len,
	    im->ca_bundle != NULL ? ca_text : NULL, &im->text);
	xadd_tail(im, &im->text, wanted, tools);
	dockerfile_adapt(im->source.p, im->source.len,
	    im->ca_bundle != NULL && chosen ? ca_text : NULL, &counts);
	xadd_tail(im, &counts, wanted, tools);
	xbuf_check(&im->text);
	xbuf_check(&counts);
	digest(im, &counts, chosen);
	buf_free(&counts);
	free(tools);
}

static int
has_text(struct buf *b, const char *s)
{
	const char *text = buf_str(b);

	xbuf_check(b);
	return strstr(text, s) != NULL;
}

void
ximage_plan(struct image *im, const struct image_want *want)
{
	static const struct argv none = ARGV_INIT;
	struct box box = { .engine = want->engine,
	    .workspace = want->workspace };
	struct argv wanted = ARGV_INIT, named = ARGV_INIT;

	memset(im, 0, sizeof(*im));
	xbox_user(&box, &im->uid, &im->gid);
	xwords(want->agents, &wanted);
	if (!want->no_file)
		xfind_file(im, want->workspace);
	if (im->file != NULL)
		im->name = workspace_image(want->workspace);
	else
		xplan_default(im, want, &wanted, box_keep_id(&box));
	im->from_tiny = !im->imported && dockerfile_has_from(im->source.p,
	    im->source.len, IMAGE_TINY);
	if (im->imported || im->from_tiny)
		xneed_busybox(im);
	/* a file that names no agent gets the one that is wanted */
	dockerfile_agents(im->source.p, im->source.len, &named);
	xadd_context(im, named.n > 0 ? &named : &wanted);
	if (has_text(&im->source, "HOST_GATEWAY"))
		argv_add(&im->args, "HOST_GATEWAY=host.containers.internal");
	if (has_text(&im->source, "AI_POD_VERSION"))
		argv_add(&im->args, "AI_POD_VERSION=" AIPOD_VERSION);
	xplan_text(im, want->ca_bundle,
	    named.n > 0 || im->file == NULL ? &none : &wanted);
	argv_free(&wanted);
	argv_free(&named);
}

void
image_free(struct image *im)
{
	int i;

	free(im->name);
	free(im->file);
	buf_free(&im->source);
	buf_free(&im->text);
	free(im->busybox);
	free(im->ca_bundle);
	for (i = 0; i < im->nfiles; i++) {
		free(im->files[i].name);
		buf_free(&im->files[i].bytes);
	}
	free(im->files);
	argv_free(&im->args);
	memset(im, 0, sizeof(*im));
}
