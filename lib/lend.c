#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "lend.h"
#include "mem.h"
#include "num.h"
#include "status.h"

#define SOCKETS		"/run/host"
#define VENDOR		"1050"		/* Yubico's at usb.org */

static const struct {
	const char	*name;
	const char	*env;		/* what the tool reads, or NULL: */
	const char	*link;		/* in the home, to the cache */
} caches[] = {
	{ "npm", "npm_config_cache", NULL },
	{ "pip", "PIP_CACHE_DIR", NULL },
	{ "cargo", NULL, ".cargo/registry" },
	{ "go", "GOMODCACHE", NULL },
};

#define NCACHES	(sizeof(caches) / sizeof(caches[0]))

static const char *
home_in(const struct box *b)
{
	return b->home != NULL ? b->home : BOX_HOME;
}

/* The socket with its links resolved, a new string, or NULL. */
static char *
find_socket(const char *path)
{
	struct stat st;
	char *real;

	if (path == NULL || *path != '/' ||
	    (real = realpath(path, NULL)) == NULL)
		return NULL;
	if (stat(real, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    access(real, W_OK) == 0)
		return real;
	free(real);
	return NULL;
}

/* 1 when it is there; the path inside is SOCKETS/name. */
static int
lend_socket(struct box *b, const char *path, const char *name, const char *what)
{
	char *real = find_socket(path), *at;

	if (real == NULL) {
		warnx("no %s here: going on without", what);
		return 0;
	}
	at = xasprintf(SOCKETS "/%s", name);
	argv_add(&b->mounts, at);
	argv_add(&b->mounts, real);
	argv_add(&b->mounts, "rw");
	free(at);
	free(real);
	return 1;
}

/* The socket of gpg-agent that is made to be lent: it signs and decrypts. */
static char *
gpg_socket(void)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	char *path = NULL;

	argv_add(&a, "/bin/sh");
	argv_add(&a, "-c");
	argv_add(&a, "exec gpgconf --list-dirs agent-extra-socket 2>&-");
	if (child_capture(a.v, NULL, &out, 4096) == 0 && buf_str(&out) != NULL)
		path = xstrndup(out.p, strcspn(out.p, "\n"));
	buf_free(&out);
	argv_free(&a);
	return path;
}

static char *
file_line(const char *dir, const char *name, const char *file)
{
	char *path = xasprintf("%s/%s/%s", dir, name, file);
	char *line = io_line(path);

	free(path);
	return line;
}

/* A USB device by its numbers, a HID one by its uevent. */
static void
look_at(const char *dir, const char *name, struct argv *out)
{
	char *vendor = file_line(dir, name, "idVendor");
	char *bus = file_line(dir, name, "busnum");
	char *dev = file_line(dir, name, "devnum");
	char *path = xasprintf("%s/%s/device/uevent", dir, name);
	char *uevent = io_text(path);
	long long b, d;

	if (vendor != NULL && strcmp(vendor, VENDOR) == 0 && bus != NULL &&
	    dev != NULL && num_parse(bus, 0, 999, &b) == 0 &&
	    num_parse(dev, 0, 999, &d) == 0)
		argv_addf(out, "/dev/bus/usb/%03lld/%03lld", b, d);
	else if (uevent != NULL && strstr(uevent, ":0000" VENDOR ":") != NULL)
		argv_addf(out, "/dev/%s", name);
	free(uevent);
	free(path);
	free(dev);
	free(bus);
	free(vendor);
}

void
lend_find_yubikeys(const char *sys, struct argv *out)
{
	static const char *const dirs[] = { "bus/usb/devices", "class/hidraw" };
	struct dirent *e;
	size_t i;
	char *dir;
	DIR *d;

	for (i = 0; i < 2; i++) {
		dir = xasprintf("%s/%s", sys, dirs[i]);
		for (d = opendir(dir); d != NULL && (e = readdir(d)) != NULL;)
			if (e->d_name[0] != '.')
				look_at(dir, e->d_name, out);
		if (d != NULL)
			closedir(d);
		free(dir);
	}
}

static void
lend_yubikeys(struct box *b)
{
	struct argv found = ARGV_INIT;
	size_t i, there = 0;

	lend_find_yubikeys("/sys", &found);
	for (i = 0; i < found.n; i++)
		if (access(found.v[i], R_OK | W_OK) == 0) {
			argv_add(&b->devices, found.v[i]);
			there++;
		}
	if (there == 0)
		warnx("no YubiKey here that you may use: going on without");
	argv_free(&found);
}

static void
xlend_caches(struct box *b, const char *list)
{
	char *copy = xstrdup(list), *name, *next;
	size_t i;

	for (name = copy; name != NULL; name = next) {
		if ((next = strchr(name, ',')) != NULL)
			*next++ = '\0';
		for (i = 0; i < NCACHES &&
		    strcmp(caches[i].name, name) != 0; i++)
			;
		if (i == NCACHES)
			errx(ST_USAGE, "cache '%s': must be npm, pip, cargo"
			    " or go", name);
		argv_add(&b->caches, name);
		if (caches[i].env != NULL)
			argv_addf(&b->env, "%s=" LEND_CACHE "/%s",
			    caches[i].env, name);
		else
			argv_addf(&b->links, "%s/%s=" LEND_CACHE "/%s",
			    home_in(b), caches[i].link, name);
	}
	free(copy);
}

void
xlend(struct box *b, unsigned int what, const char *list)
{
	const char *home = getenv("HOME");
	char *path;

	if ((what & LEND_1PASSWORD) != 0) {
		path = xasprintf("%s/.1password/agent.sock",
		    home != NULL ? home : "");
		if (lend_socket(b, path, "1password.sock",
		    "agent of 1Password's")) {
			argv_addf(&b->links, "%s/.1password/agent.sock="
			    SOCKETS "/1password.sock", home_in(b));
			argv_add(&b->env, "SSH_AUTH_SOCK=" SOCKETS
			    "/1password.sock");
		}
		free(path);
	}
	if ((what & LEND_SSH) != 0 && lend_socket(b, getenv("SSH_AUTH_SOCK"),
	    "ssh-agent.sock", "ssh agent ($SSH_AUTH_SOCK)"))
		argv_add(&b->env, "SSH_AUTH_SOCK=" SOCKETS "/ssh-agent.sock");
	if ((what & LEND_GPG) != 0) {
		path = gpg_socket();
		if (lend_socket(b, path, "gpg-agent.sock", "gpg agent"))
			argv_addf(&b->links, "%s/.gnupg/S.gpg-agent=" SOCKETS
			    "/gpg-agent.sock", home_in(b));
		free(path);
	}
	if ((what & LEND_YUBIKEY) != 0)
		lend_yubikeys(b);
	if (list != NULL && *list != '\0')
		xlend_caches(b, list);
}
