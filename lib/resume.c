#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "resume.h"
#include "status.h"
#include "tool.h"

#define LAYERS_MAX	40

static char *
image_now(const struct plan *p)
{
	char *path = workspace_state(&p->w, "image"), *line = io_line(path);

	free(path);
	return line != NULL ? line : xstrdup("");
}

static void
tell_about_image(const struct plan *p)
{
	char *now = image_now(p), *was = kept_fact(&p->kept, "image");

	if (was != NULL && strcmp(was, now) != 0)
		warnx("going on in the kept container '%s', whose image is"
		    " older than the one there is now: aipod clean --kept"
		    " removes it", p->kept.id);
	else if (tool_verbose > 0 || (tool_verbose == 0 && p->box.tty))
		warnx("going on in the kept container '%s'", p->kept.id);
	free(was);
	free(now);
}

void
xresume_choose(struct plan *p)
{
	const char *engine = p->engine.program, *agent = p->agent.name;
	int got = 0;

	p->box.kept = NULL;
	if (p->keep == -1 || p->prep.dry_run)
		return;
	if (!p->prep.rebuild &&
	    (got = kept_take(&p->kept, &p->w, engine, agent)) == -1)
		err(ST_SYS, "cannot see which containers are kept");
	if (got == 1)
		tell_about_image(p);
	else if (p->keep == 0)
		return;
	else if (kept_make(&p->kept, &p->w, engine, agent) == -1)
		err(ST_SYS, "cannot note that a container is to be kept");
	p->box.kept = &p->kept;
}

/* A digest of the command, but for the session and the image. */
static void
digest(const struct plan *p, char hex[HASH_HEX])
{
	struct session any = p->session;
	struct box like = p->box;
	struct argv a = ARGV_INIT;
	hash_ctx h;
	size_t i;

	any.dir = (char *)"-";
	like.session = &any;
	like.image = "-";
	xbox_argv(&like, &a);
	hash_init(&h);
	for (i = 0; i < a.n; i++)
		hash_add_field(&h, a.v[i], strlen(a.v[i]));
	hash_hex(&h, hex);
	argv_free(&a);
}

/* ENGINE VERB WORDS... on the kept container. */
static void
command(const struct plan *p, struct argv *a, const char *const *words)
{
	char *name = kept_container(&p->kept);

	argv_add(a, p->engine.program);
	for (; *words != NULL; words++)
		argv_add(a, *words);
	argv_add(a, name);
	free(name);
}

static int
run_quietly(const struct plan *p, const char *const *words)
{
	struct argv a = ARGV_INIT;
	int status;

	command(p, &a, words);
	status = child_run_quietly(a.v);
	argv_free(&a);
	return status;
}

static int
is_there(const struct plan *p)
{
	static const char *const words[] = { "container", "inspect", NULL };

	return run_quietly(p, words) == 0;
}

static void
xput(const struct plan *p, const char *fact, const char *value)
{
	if (kept_put(&p->kept, fact, value) == -1)
		err(ST_SYS, "cannot note about the kept container '%s'",
		    p->kept.id);
}

static void
drop_fact(const struct plan *p, const char *fact)
{
	char *path = xasprintf("%s/%s", p->kept.dir, fact);

	unlink(path);
	free(path);
}

/* Run it for an image's id: a new string, or NULL when it failed. */
static char *
image_id(struct argv *a)
{
	struct buf out = BUF_INIT;
	char *id = NULL;

	if (child_capture(a->v, NULL, &out, 64 * 1024) == 0 &&
	    buf_str(&out) != NULL && *out.p != '\0' && *out.p != '\n')
		id = xstrndup(out.p, strcspn(out.p, "\n"));
	buf_free(&out);
	return id;
}

/* The image's environment, each as an instruction of a Dockerfile's. */
static int
add_env(const struct plan *p, const char *image, struct argv *import)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT, env = BUF_INIT;
	char *line, *rest, *c;
	int rc = -1;

	argv_add(&a, p->engine.program);
	argv_add(&a, "image");
	argv_add(&a, "inspect");
	argv_add(&a, "-f");
	argv_add(&a, "{{range .Config.Env}}{{println .}}{{end}}");
	argv_add(&a, image);
	if (child_capture(a.v, NULL, &out, 64 * 1024) == 0 &&
	    buf_str(&out) != NULL)
		rc = 0;
	for (line = out.p; rc == 0 && *line != '\0'; line = rest) {
		rest = line + strcspn(line, "\n");
		if (*rest != '\0')
			*rest++ = '\0';
		if ((c = strchr(line, '=')) == NULL)
			continue;
		buf_clear(&env);
		buf_printf(&env, "ENV %.*s=\"", (int)(c - line), line);
		while (*++c != '\0') {
			if (strchr("\\\"$", *c) != NULL)
				buf_addc(&env, '\\');
			buf_addc(&env, *c);
		}
		buf_addc(&env, '"');
		if (buf_str(&env) == NULL)
			rc = -1;
		else {
			argv_add(import, "--change");
			argv_add(import, env.p);
		}
	}
	argv_free(&a);
	buf_free(&out);
	buf_free(&env);
	return rc;
}

/* An image of all that is in it, in one layer: what it was made from goes. */
static char *
flatten(const struct plan *p, const char *image)
{
	static const char *const kinds[] = { "workspace", "session", "role" };
	const char *values[] = { p->w.hash, p->kept.id, "agent" };
	char *tar = xasprintf("%s/root.tar", p->kept.dir), *id = NULL;
	const char *words[] = { "export", "-o", tar, NULL };
	struct argv import = ARGV_INIT;
	size_t i;

	argv_add(&import, p->engine.program);
	argv_add(&import, "import");
	for (i = 0; i < 3; i++) {
		argv_add(&import, "--change");
		argv_addf(&import, "LABEL aipod.%s=%s", kinds[i], values[i]);
	}
	if (add_env(p, image, &import) == 0 && run_quietly(p, words) == 0) {
		argv_add(&import, tar);
		id = image_id(&import);
	}
	unlink(tar);
	free(tar);
	argv_free(&import);
	return id;
}

static long long
layers(const struct plan *p)
{
	char *fact = kept_fact(&p->kept, "layers");
	long long n = 0;

	if (fact != NULL && num_parse(fact, 0, LAYERS_MAX, &n) == -1)
		n = LAYERS_MAX;
	free(fact);
	return n;
}

/*
 * What was installed in it becomes an image, and only then the container
 * goes.  Engines take about a hundred layers: before there are as many, or
 * when one more is refused, they become one.
 */
static void
xcommit(const struct plan *p)
{
	static const char *const loud[] = { "commit", NULL };
	static const char *const quiet[] = { "commit", "-q", NULL };
	static const char *const rm[] = { "rm", "-f", NULL };
	struct argv a = ARGV_INIT, rmi = ARGV_INIT;
	char *id = NULL, *was = kept_fact(&p->kept, "layer"), count[NUM_MAX];
	long long n = layers(p);

	warnx("what the box is made of has changed: making the kept container"
	    " '%s' anew with what is in it", p->kept.id);
	command(p, &a, p->engine.docker ? loud : quiet);
	if (n < LAYERS_MAX)
		id = image_id(&a);
	argv_free(&a);
	n = id != NULL ? n + 1 : 1;
	if (id == NULL &&
	    (id = flatten(p, was != NULL ? was : p->box.image)) == NULL)
		errx(ST_SYS, "'%s' could not make an image of the kept"
		    " container '%s', which is as it was: see its message"
		    " above; --no-keep goes on without it",
		    p->engine.program, p->kept.id);
	num_put(count, (unsigned long long)n);
	xput(p, "layers", count);
	xput(p, "layer", id);
	drop_fact(p, "spec");
	run_quietly(p, rm);
	if (n == 1 && was != NULL) {
		argv_add(&rmi, p->engine.program);
		argv_add(&rmi, "rmi");
		argv_add(&rmi, was);
		child_run_quietly(rmi.v);
		argv_free(&rmi);
	}
	free(was);
	free(id);
}

void
xresume_argv(struct plan *p, struct argv *a)
{
	static const char *const start[] = { "start", "-a", "-i", NULL };
	char spec[HASH_HEX], *was, *now;

	if (p->box.kept == NULL) {
		xbox_argv(&p->box, a);
		return;
	}
	digest(p, spec);
	if ((was = kept_fact(&p->kept, "spec")) != NULL &&
	    strcmp(was, spec) == 0) {
		if (session_put(&p->session, "cid", p->kept.id) == -1)
			err(ST_SYS, "cannot write to '%s'", p->session.dir);
		command(p, a, start);
		free(was);
		return;
	}
	if (was != NULL && is_there(p))
		xcommit(p);
	free(was);
	if ((was = kept_fact(&p->kept, "layer")) != NULL)
		p->box.image = was;
	else {
		now = image_now(p);
		xput(p, "image", now);
		free(now);
	}
	xput(p, "spec", spec);
	xbox_argv(&p->box, a);
}

int
resume_end(struct plan *p, int failed)
{
	char *layer;
	int again = 0;

	if (p->box.kept == NULL)
		return 0;
	if (failed && !is_there(p)) {
		again = 1;
		drop_fact(p, "spec");
		if ((layer = kept_fact(&p->kept, "layer")) == NULL) {
			kept_forget(&p->kept);
			p->box.kept = NULL;
			return again;
		}
		free(layer);
	}
	kept_end(&p->kept);
	p->box.kept = NULL;
	return again;
}
