#include <stdlib.h>

#include "buf.h"
#include "check.h"
#include "rec.h"

static void
round_trip(const char *want, const char *field)
{
	struct buf b = BUF_INIT;
	char *f[1] = { NULL };

	CHECK(rec_add(&b, field, strlen(field)) == 0);
	CHECK(strcmp(buf_str(&b), want) == 0);
	CHECK(strpbrk(b.p, "\t\n") == NULL);
	CHECK(rec_split(b.p, f, 1) == 1);
	CHECK(*field == '\0' ? f[0] == NULL :
	    f[0] != NULL && strcmp(f[0], field) == 0);
	buf_free(&b);
}

static void
check_file(void)
{
	static const char *const f[] = { "k\t", NULL, "", "-", "a\nb", "\\" };
	static const char want[] = "k\\t\t-\t-\t\\-\ta\\nb\t\\\\\n";
	char got[sizeof(want) + 1];
	FILE *fp = tmpfile();
	size_t n;

	CHECK(fp != NULL);
	if (fp == NULL)
		return;
	rec_line(fp, 6, f);
	rewind(fp);
	n = fread(got, 1, sizeof(got), fp);
	CHECK(n == sizeof(want) - 1 && memcmp(got, want, n) == 0);
	fclose(fp);
}

int
main(void)
{
	char line[64], all[256], *f[3] = { NULL, NULL, NULL };
	static const char *const bad[] = { "\\", "a\\", "\\x", "\\0", "\\\\\\",
	    "ok\t\\q" };
	size_t i;

	round_trip("-", "");
	round_trip("\\-", "-");
	round_trip("--", "--");
	round_trip("a\\tb\\nc\\\\d", "a\tb\nc\\d");
	round_trip("\\\\-", "\\-");
	round_trip("\\\\t", "\\t");
	for (i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	{
		struct buf b = BUF_INIT;

		CHECK(rec_add(&b, all, 255) == 0 && b.len == 255 + 3);
		CHECK(rec_split(buf_str(&b), f, 1) == 1 &&
		    strcmp(f[0], all) == 0);
		buf_free(&b);
	}
	memcpy(line, "a\t-\tc\td", 8);
	f[0] = f[1] = f[2] = line;
	CHECK(rec_split(line, f, 3) == 4);
	CHECK(strcmp(f[0], "a") == 0 && f[1] == NULL &&
	    strcmp(f[2], "c") == 0);
	line[0] = '\0';
	CHECK(rec_split(line, f, 3) == 1 && f[0] == line && *f[0] == '\0');
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "%s", bad[i]);
		CHECK(rec_split(line, f, 3) == -1);
	}
	/* what is not kept is not looked at */
	memcpy(line, "a\t\\q", 5);
	CHECK(rec_split(line, f, 1) == 2);
	check_file();
	return failed;
}
