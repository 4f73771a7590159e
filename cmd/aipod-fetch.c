/*
 * aipod-fetch: get a URL, check its digest.
 */
#include <sys/stat.h>

#include <curl/curl.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-fetch",
	"[-q] [-o FILE] [--sha256 HEX] [--max-size BYTES]\n"
	"           [--timeout SECONDS] [--ca-file FILE] [--http] URL",
	"  -o, --output FILE        replace this file, when all is well\n"
	"      --sha256 HEX         what the digest must be\n"
	"      --max-size BYTES     the most to take            [268435456]\n"
	"      --timeout SECONDS    for the whole of it         [300]\n"
	"      --ca-file FILE       certificates to trust\n"
	"      --http               take a URL without TLS, too\n"
};

enum { O_SHA256 = 256, O_MAX, O_TIMEOUT, O_CA, O_HTTP };

/* What is no use to try again, whatever the world does. */
enum { ST_REFUSED = 101, ST_LARGE = 102, ST_CERT = 103 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "output", required_argument, NULL, 'o' },
	{ "sha256", required_argument, NULL, O_SHA256 },
	{ "max-size", required_argument, NULL, O_MAX },
	{ "timeout", required_argument, NULL, O_TIMEOUT },
	{ "ca-file", required_argument, NULL, O_CA },
	{ "http", no_argument, NULL, O_HTTP },
	{ NULL, 0, NULL, 0 }
};

struct fetch {
	const char	*url;
	const char	*output;	/* NULL: standard output */
	const char	*sha256;	/* NULL: any */
	const char	*ca;
	long long	 max;
	long		 timeout;
	int		 http;
	char		*temp;		/* beside output */
	int		 fd;
	long long	 got;
	int		 large;
	int		 werror;	/* errno of a write */
	hash_ctx	 hash;
	int		 show;		/* progress */
	time_t		 shown;
};

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught = sig;
}

static void
catch_signals(void)
{
	static const int sig[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction sa, was;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	for (i = 0; i < sizeof(sig) / sizeof(sig[0]); i++)
		if (sigaction(sig[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			sigaction(sig[i], &sa, NULL);
}

/* Leave nothing behind, and end as whoever waits expects. */
static void
drop(struct fetch *f)
{
	if (f->show && f->shown != 0)
		fputc('\n', stderr);
	if (f->temp != NULL)
		unlink(f->temp);
	if (caught != 0) {
		signal(caught, SIG_DFL);
		raise(caught);
	}
}

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;

	n *= size;
	if ((long long)n > f->max - f->got) {
		f->large = 1;
		return 0;
	}
	if (io_writeall(f->fd, p, n) == -1) {
		f->werror = errno;
		return 0;
	}
	hash_add(&f->hash, p, n);
	f->got += (long long)n;
	return n;
}

static int
progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
    curl_off_t up)
{
	struct fetch *f = arg;
	time_t t;

	(void)up_total;
	(void)up;
	if (caught != 0)
		return 1;
	if (!f->show || now == 0 || (t = time(NULL)) == f->shown)
		return 0;
	f->shown = t;
	if (total > 0)
		fprintf(stderr, "\r%lld of %lld kB, %d %% ", (long long)now / 1000,
		    (long long)total / 1000, (int)(100.0 * (double)now /
		    (double)total));
	else
		fprintf(stderr, "\r%lld kB ", (long long)now / 1000);
	return 0;
}

static void
xoption(CURLcode rc)
{
	if (rc != CURLE_OK)
		errx(ST_SYS, "libcurl: %s", curl_easy_strerror(rc));
}

static void
set_protocols(CURL *c, int http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	xoption(curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, http ?
	    "http,https" : "https"));
	xoption(curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https"));
#else
	xoption(curl_easy_setopt(c, CURLOPT_PROTOCOLS, http ?
	    CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
	xoption(curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTPS));
#endif
}

static CURL *
xprepare(struct fetch *f, char *why)
{
	CURL *c;

	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK ||
	    (c = curl_easy_init()) == NULL)
		errx(ST_SYS, "cannot start libcurl");
	set_protocols(c, f->http);
	xoption(curl_easy_setopt(c, CURLOPT_URL, f->url));
	xoption(curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why));
	xoption(curl_easy_setopt(c, CURLOPT_USERAGENT,
	    "aipod-fetch/" AIPOD_VERSION));
	xoption(curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L));
	xoption(curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L));
	xoption(curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L));
	xoption(curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L));
	xoption(curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L));
	xoption(curl_easy_setopt(c, CURLOPT_TIMEOUT, f->timeout));
	xoption(curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT,
	    f->timeout < 30 ? f->timeout : 30L));
	xoption(curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
	    (curl_off_t)f->max));
	xoption(curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take));
	xoption(curl_easy_setopt(c, CURLOPT_WRITEDATA, f));
	xoption(curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L));
	xoption(curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, progress));
	xoption(curl_easy_setopt(c, CURLOPT_XFERINFODATA, f));
	if (f->ca != NULL && *f->ca != '\0') {
		if (access(f->ca, R_OK) == -1)
			err(ST_USAGE, "cannot read certificates '%s'", f->ca);
		xoption(curl_easy_setopt(c, CURLOPT_CAINFO, f->ca));
	}
	return c;
}

/* The exit status for what went wrong, with a message. */
static int
failed(const struct fetch *f, CURL *c, CURLcode rc, const char *why)
{
	long code = 0;

	if (*why == '\0')
		why = curl_easy_strerror(rc);
	if (f->large || rc == CURLE_FILESIZE_EXCEEDED) {
		warnx("'%s' has more than %lld bytes: see --max-size", f->url,
		    f->max);
		return ST_LARGE;
	}
	if (f->werror != 0) {
		errno = f->werror;
		warn("cannot write '%s'", f->output != NULL ? f->output :
		    "a temporary file");
		return ST_SYS;
	}
	switch (rc) {
	case CURLE_HTTP_RETURNED_ERROR:
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
		warnx("cannot get '%s': the server says %ld", f->url, code);
		return code >= 400 && code < 500 && code != 408 &&
		    code != 425 && code != 429 ? ST_REFUSED : ST_SYS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		warnx("cannot get '%s': %s: see --ca-file", f->url, why);
		return ST_CERT;
	case CURLE_URL_MALFORMAT:
		warnx("URL '%s': cannot be understood", f->url);
		return ST_USAGE;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_LOGIN_DENIED:
	case CURLE_TOO_MANY_REDIRECTS:
		warnx("cannot get '%s': %s: at most five redirections, and to"
		    " https only", f->url, why);
		return ST_REFUSED;
	default:
		warnx("cannot get '%s': %s", f->url, why);
		return ST_SYS;
	}
}

/* Where it goes until it is known to be right. */
static void
xopen_temp(struct fetch *f)
{
	struct stat st;
	mode_t mask;
	FILE *fp;

	if (f->output == NULL) {
		if ((fp = tmpfile()) == NULL || (f->fd = dup(fileno(fp))) == -1)
			err(ST_SYS, "cannot make a temporary file");
		fclose(fp);
		return;
	}
	if (stat(f->output, &st) == 0 && !S_ISREG(st.st_mode))
		errx(ST_USAGE, "'%s' is no regular file", f->output);
	f->temp = xasprintf("%s.XXXXXX", f->output);
	if ((f->fd = mkstemp(f->temp)) == -1)
		err(ST_SYS, "cannot make a file beside '%s'", f->output);
	mask = umask(0);
	umask(mask);
	if (fchmod(f->fd, 0666 & ~mask) == -1) {
		drop(f);
		err(ST_SYS, "cannot set the mode of '%s'", f->temp);
	}
}

/* 0, or -1 with errno. */
static int
deliver(struct fetch *f)
{
	char chunk[65536];
	ssize_t n;

	if (f->output != NULL)
		return fsync(f->fd) == -1 || rename(f->temp, f->output) == -1 ?
		    -1 : 0;
	if (lseek(f->fd, 0, SEEK_SET) == -1)
		return -1;
	while ((n = io_readfull(f->fd, chunk, sizeof(chunk))) > 0)
		if (io_writeall(STDOUT_FILENO, chunk, (size_t)n) == -1)
			return -1;
	return n == -1 ? -1 : 0;
}

static int
fetch(struct fetch *f)
{
	char why[CURL_ERROR_SIZE] = "", hex[HASH_HEX];
	CURLcode rc;
	CURL *c;
	int status = ST_YES;

	c = xprepare(f, why);
	hash_init(&f->hash);
	catch_signals();
	xopen_temp(f);
	if ((rc = curl_easy_perform(c)) != CURLE_OK) {
		if (caught == 0)
			status = failed(f, c, rc, why);
		drop(f);
	} else {
		hash_hex(&f->hash, hex);
		if (f->sha256 != NULL && strcasecmp(hex, f->sha256) != 0) {
			drop(f);
			warnx("'%s' is not what it should be: its digest is %s,"
			    " not %s", f->url, hex, f->sha256);
			status = ST_NO;
		} else if (deliver(f) == -1) {
			status = errno;
			drop(f);
			errno = status;
			err(ST_SYS, "cannot write '%s'", f->output != NULL ?
			    f->output : "standard output");
		} else if (f->show && f->shown != 0)
			fputc('\n', stderr);
	}
	close(f->fd);
	free(f->temp);
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return status;
}

static void
check(const struct fetch *f)
{
	const char *host;

	if (strncasecmp(f->url, "https://", 8) != 0 &&
	    (!f->http || strncasecmp(f->url, "http://", 7) != 0))
		errx(ST_USAGE, "URL '%s': must begin with https://%s", f->url,
		    f->http ? " or http://" : "; see --http");
	host = strstr(f->url, "://") + 3;
	if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
		errx(ST_USAGE, "URL '%s': must hold no name or password, which"
		    " others could see", f->url);
	if (f->sha256 != NULL && (strlen(f->sha256) != HASH_HEX - 1 ||
	    strspn(f->sha256, "0123456789abcdefABCDEF") != HASH_HEX - 1))
		errx(ST_USAGE, "sha256 '%s': must be 64 hexadecimal digits",
		    f->sha256);
}

int
main(int argc, char *argv[])
{
	struct fetch f;
	int c;

	memset(&f, 0, sizeof(f));
	f.max = 256LL * 1024 * 1024;
	f.timeout = 300;
	f.ca = getenv("SSL_CERT_FILE");
	while ((c = tool_getopt(&tool, argc, argv, "+o:", options)) != -1)
		switch (c) {
		case 'o':
			f.output = optarg;
			break;
		case O_SHA256:
			f.sha256 = optarg;
			break;
		case O_MAX:
			f.max = xnum("--max-size", optarg, 0, 1LL << 50);
			break;
		case O_TIMEOUT:
			f.timeout = (long)xnum("--timeout", optarg, 1, 86400);
			break;
		case O_CA:
			f.ca = optarg;
			break;
		case O_HTTP:
			f.http = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if (argc - optind != 1)
		tool_usage(&tool);
	f.url = argv[optind];
	check(&f);
	f.show = tool_verbose >= 0 && isatty(STDERR_FILENO);
	return fetch(&f);
}
