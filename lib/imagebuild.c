#include <sys/file.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "argv.h"
#include "at.h"
#include "box.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "imagebuild.h"
#include "io.h"
#include "mem.h"
#include "progress.h"
#include "rec.h"
#include "status.h"
#include "tiny.h"
#include "utf8.h"

/* Other words in these mean another store with other images. */
char *
xengine_where(const struct engine *e)
{
	static const char *const vars[] = { "DOCKER_HOST", "DOCKER_CONTEXT",
	    "CONTAINER_HOST", "CONTAINERS_STORAGE_CONF", "STORAGE_DRIVER" };
	struct buf b = BUF_INIT;
	const char *v;
	char *s;
	size_t i;

	buf_puts(&b, e->program);
	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if ((v = getenv(vars[i])) != NULL)
			buf_printf(&b, " %s=%s", vars[i], v);
	xbuf_check(&b);
	s = xstrndup(b.p, b.len);
	buf_free(&b);
	return s;
}

/* The fact "image": name, digest, engine. */
int
imagebuild_is_remembered(const struct imagebuild *b)
{
	char *path = workspace_state(&b->w, "image"), *line, *f[3];
	int yes = 0;

	line = io_line(path);
	free(path);
	if (line != NULL && rec_split(line, f, 3) == 3 && f[0] != NULL &&
	    f[1] != NULL && f[2] != NULL)
		yes = strcmp(f[0], b->im.name) == 0 &&
		    strcmp(f[1], b->im.digest) == 0 &&
		    strcmp(f[2], b->where) == 0;
	free(line);
	return yes;
}

static void
xremember(struct imagebuild *b)
{
	const char *f[3] = { b->im.name, b->im.digest, b->where };
	char *path = xasprintf("%s/image", b->state);
	struct buf line = BUF_INIT;
	int i;

	for (i = 0; i < 3; i++) {
		if (i > 0)
			buf_addc(&line, '\t');
		rec_add(&line, f[i], strlen(f[i]));
	}
	if (buf_str(&line) == NULL || io_put_line(path, line.p) == -1)
		err(ST_SYS, "cannot write '%s'", path);
	free(path);
	path = xasprintf("%s/dockerfile", b->state);
	if (b->im.file != NULL) {
		if (io_replace(AT_FDCWD, path, b->im.source.p,
		    b->im.source.len, 0600) == -1)
			err(ST_SYS, "cannot write '%s'", path);
	} else
		unlink(path);
	free(path);
	buf_free(&line);
}

/* 1 when the engine has an image of this name with this digest. */
static int
has_image(const struct imagebuild *b, const char *name, const char *digest)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	int rc;

	argv_add(&a, b->engine.program);
	argv_add(&a, "image");
	argv_add(&a, "inspect");
	argv_add(&a, "-f");
	argv_add(&a, "{{index .Config.Labels \"aipod.digest\"}}");
	argv_add(&a, name);
	rc = progress_run(a.v, NULL, "", 0, 0, &out);
	argv_free(&a);
	if (rc == -1)
		err(ST_SYS, "cannot run '%s'", b->engine.program);
	if (rc == ST_NOTFOUND || rc == ST_NOEXEC)
		errx(rc, "cannot run '%s'", b->engine.program);
	rc = rc == 0 && out.len >= HASH_HEX - 1 &&
	    memcmp(out.p, digest, HASH_HEX - 1) == 0;
	buf_free(&out);
	return rc;
}

/*
 * A build has the network, and an agent can write the workspace's file: what
 * it says anew is for the user to see first.
 */
static void
xconfirm(struct imagebuild *b)
{
	char *image = workspace_state(&b->w, "image"), *line, *answer = NULL;
	char *was = workspace_state(&b->w, "dockerfile");
	struct buf old = BUF_INIT, diff = BUF_INIT, shown = BUF_INIT;
	struct argv a = ARGV_INIT;
	size_t size = 0;
	FILE *tty;
	int same;

	line = io_line(image);
	same = io_slurp_at(AT_FDCWD, was, &old, 1 << 20) == 0 &&
	    old.len == b->im.source.len &&
	    memcmp(old.p, b->im.source.p, old.len) == 0;
	if (line == NULL || same || b->yes)
		goto out;
	if ((tty = fopen("/dev/tty", "r+")) == NULL)
		errx(ST_NO, "'%s' changed since it was last built from: look"
		    " at it, then run aipod build --yes", b->im.file);
	argv_add(&a, "diff");
	argv_add(&a, "-u");
	argv_add(&a, access(was, R_OK) == 0 ? was : "/dev/null");
	argv_add(&a, "-");
	if (child_capture(a.v, &b->im.source, &diff, 4 << 20) > 1)
		buf_add(&diff, b->im.source.p, b->im.source.len);
	vis_add(&shown, diff.p, diff.len, VIS_LINES);
	xbuf_check(&shown);
	fprintf(tty, "%.*s\n'%s' changed since it was last built from.\n"
	    "A build has the network.  Build from it now? [y/N] ",
	    (int)shown.len, shown.p, b->im.file);
	fflush(tty);
	tcflush(fileno(tty), TCIFLUSH);
	if (getline(&answer, &size, tty) < 2 || (*answer | 32) != 'y' ||
	    answer[1] != '\n')
		errx(ST_NO, "not built: '%s' stays to be looked at",
		    b->im.file);
	fclose(tty);
out:
	free(answer);
	free(line);
	free(image);
	free(was);
	argv_free(&a);
	buf_free(&old);
	buf_free(&diff);
	buf_free(&shown);
}

/* Two launches at once build once.  Held until this process ends. */
static void
xlock(struct imagebuild *b)
{
	char *top = xconf_state_dir(), *path;
	int fd;

	path = b->im.file != NULL ? xasprintf("%s/build.lock", b->state) :
	    xasprintf("%s/build.lock", top);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		err(ST_SYS, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (b->verbose >= 0)
			warnx("waiting for another build to end");
		while (flock(fd, LOCK_EX) == -1)
			if (errno != EINTR)
				err(ST_SYS, "cannot lock '%s'", path);
	}
	free(path);
	free(top);
}

/* In the image every user may read these: the modes count. */
static void
xput(const char *dir, const char *name, const char *p, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name), *slash;

	slash = path + strlen(dir);
	for (; slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if ((mkdir(path, 0755) == -1 && errno != EEXIST) ||
		    chmod(path, 0755) == -1)
			err(ST_SYS, "cannot make directory '%s'", path);
		*slash = '/';
	}
	if (io_replace(AT_FDCWD, path, p, n, 0644) == -1)
		err(ST_SYS, "cannot write '%s'", path);
	free(path);
}

/* Nothing of the workspace's is in it: it may hold secrets. */
static void
xwrite_context(struct imagebuild *b, const char *dir)
{
	struct argv rm = ARGV_INIT;
	struct buf ca = BUF_INIT;
	int i;

	argv_add(&rm, "rm");
	argv_add(&rm, "-rf");
	argv_add(&rm, "--");
	argv_add(&rm, dir);
	child_run(rm.v);
	argv_free(&rm);
	xput(dir, "Dockerfile", b->im.text.p, b->im.text.len);
	for (i = 0; i < b->im.nfiles; i++)
		xput(dir, b->im.files[i].name, b->im.files[i].bytes.p,
		    b->im.files[i].bytes.len);
	if (b->im.ca_bundle == NULL)
		return;
	i = open(b->im.ca_bundle, O_RDONLY | O_CLOEXEC);
	if (i == -1 || io_slurp(i, &ca, 8 << 20) == -1)
		err(ST_USAGE, "cannot read '%s'", b->im.ca_bundle);
	close(i);
	xput(dir, "aipod-ca.crt", ca.p, ca.len);
	buf_free(&ca);
}

static void
xrun(struct imagebuild *b, struct argv *a, const struct buf *in, const char *what)
{
	struct buf out = BUF_INIT, shown = BUF_INIT, line = BUF_INIT;
	int rc, tty = isatty(STDERR_FILENO) && b->verbose >= 0;

	if (b->dry_run) {
		if (in != NULL)
			fputs("aipod-build --tar | ", stdout);
		argv_show(&line, a->v);
		xbuf_check(&line);
		printf("%.*s\n", (int)line.len, line.p);
		buf_free(&line);
		argv_free(a);
		return;
	}
	if (!tty && b->verbose == 0)
		fprintf(stderr, "%s\n", what);
	rc = progress_run(a->v, in, what, tty && b->verbose == 0,
	    b->verbose > 0, &out);
	argv_free(a);
	if (rc == -1)
		err(ST_SYS, "cannot run '%s'", b->engine.program);
	if (rc != 0) {
		vis_add(&shown, out.p, out.len, VIS_LINES);
		fwrite(shown.p, 1, shown.len, stderr);
		/* the engine was not to be had; a build may end so, too */
		if (rc >= ST_NOEXEC && out.len == 0)
			exit(rc == ST_NOEXEC || rc == ST_NOTFOUND ? rc :
			    ST_SYS);
		errx(ST_BUILD, "'%s' could not be built: its output is above",
		    b->im.name);
	}
	buf_free(&out);
	buf_free(&shown);
}

static void
add_label(struct argv *a, int change, const char *key, const char *value)
{
	argv_add(a, change ? "--change" : "--label");
	argv_addf(a, change ? "LABEL %s=%s" : "%s=%s", key, value);
}

static void
xtiny(struct imagebuild *b, const char *name)
{
	struct argv a = ARGV_INIT;
	struct buf tar = BUF_INIT;

	argv_add(&a, b->engine.program);
	argv_add(&a, "import");
	if (!b->engine.docker)
		argv_add(&a, "-q");
	add_label(&a, 1, "aipod.digest", b->im.tiny_digest);
	add_label(&a, 1, "aipod.role", "image");
	argv_add(&a, "--change");
	argv_add(&a, "ENV HOME=" BOX_HOME);
	argv_add(&a, "--change");
	argv_add(&a, b->im.imported ? "ENV PATH=" BOX_HOME
	    "/.local/bin:/bin:" BOX_RUN "/bin" : "ENV PATH=/bin");
	argv_add(&a, "--change");
	argv_add(&a, "WORKDIR " AT_APP);
	argv_add(&a, "--change");
	argv_add(&a, "CMD [\"sh\"]");
	argv_add(&a, "-");
	argv_add(&a, name);
	if (!b->dry_run && tiny_tar(&tar, b->im.busybox, b->im.uid,
	    b->im.gid) == -1)
		err(ST_SYS, "cannot pack '%s'", b->im.busybox);
	xrun(b, &a, &tar, "making the image from busybox");
	buf_free(&tar);
}

static void
xbuild(struct imagebuild *b)
{
	static const char *const proxies[] = { "HTTP_PROXY", "HTTPS_PROXY",
	    "NO_PROXY", "http_proxy", "https_proxy", "no_proxy" };
	struct argv a = ARGV_INIT;
	char *dir = workspace_state(&b->w, "build"), *what;
	size_t i;

	if (!b->dry_run)
		xwrite_context(b, dir);
	argv_add(&a, b->engine.program);
	argv_add(&a, "build");
	/* OCI's own format forgets SHELL and HEALTHCHECK */
	if (!b->engine.docker)
		argv_add(&a, "--format=docker");
	if (b->no_cache)
		argv_add(&a, "--no-cache");
	if (b->pull)
		argv_add(&a, b->engine.docker ? "--pull" : "--pull=always");
	if (b->network != NULL)
		argv_addf(&a, "--network=%s", b->network);
	add_label(&a, 0, "aipod.digest", b->im.digest);
	add_label(&a, 0, "aipod.role", "image");
	if (b->im.file != NULL)
		add_label(&a, 0, "aipod.workspace", b->w.hash);
	for (i = 0; i < b->im.args.n; i++) {
		argv_add(&a, "--build-arg");
		argv_add(&a, b->im.args.v[i]);
	}
	/* Podman passes these by itself */
	for (i = 0; b->engine.docker &&
	    i < sizeof(proxies) / sizeof(proxies[0]); i++)
		if (getenv(proxies[i]) != NULL) {
			argv_add(&a, "--build-arg");
			argv_add(&a, proxies[i]);
		}
	argv_add(&a, "-t");
	argv_add(&a, b->im.name);
	argv_add(&a, "-f");
	argv_addf(&a, "%s/Dockerfile", dir);
	argv_add(&a, dir);
	what = xasprintf("building %s", b->im.name);
	xrun(b, &a, NULL, what);
	free(what);
	free(dir);
}

/* The first run with keep-id copies the image: now is the time. */
static void
xwarm(struct imagebuild *b)
{
	struct box box = { .engine = &b->engine, .workspace = &b->w };
	struct buf out = BUF_INIT;
	struct argv a = ARGV_INIT;

	if (!box_keep_id(&box))
		return;
	argv_add(&a, b->engine.program);
	argv_add(&a, "run");
	argv_add(&a, "--rm");
	argv_add(&a, "--pull=never");
	argv_add(&a, "--network=none");
	argv_add(&a, "--userns=keep-id");
	argv_add(&a, "--entrypoint=true");
	argv_add(&a, b->im.name);
	if (b->dry_run)
		xrun(b, &a, NULL, "");
	else {
		/* an image without true is copied all the same */
		progress_run(a.v, NULL, "", 0, 0, &out);
		argv_free(&a);
	}
	buf_free(&out);
}

void
ximagebuild_make(struct imagebuild *b)
{
	if (!b->dry_run) {
		if (b->im.file != NULL)
			xconfirm(b);
		b->state = xworkspace_make_state(&b->w);
		xlock(b);
		if (!b->force && has_image(b, b->im.name, b->im.digest)) {
			xremember(b);
			return;
		}
	}
	if (b->im.imported)
		xtiny(b, b->im.name);
	else {
		if (b->im.from_tiny && (b->dry_run ||
		    !has_image(b, IMAGE_TINY, b->im.tiny_digest)))
			xtiny(b, IMAGE_TINY);
		xbuild(b);
	}
	xwarm(b);
	if (!b->dry_run)
		xremember(b);
}
