/*
 * scantime read DIR: open and read every byte of the files below DIR, with as
 * many processes as there are processors, and print files and bytes.
 * scantime run N CMD ...: run it N times and print the medians of the seconds
 * that it took and of the processor's, and the most memory in MB that it had.
 */
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS	64

static char	 block[256 * 1024];
static char	**files;
static size_t	 nfiles;

static int
collect(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)w;
	if (type != FTW_F)
		return 0;
	if ((nfiles & (nfiles - 1)) == 0 && (files = realloc(files,
	    (nfiles != 0 ? 2 * nfiles : 1) * sizeof(*files))) == NULL)
		err(111, "cannot list the files");
	if ((files[nfiles++] = strdup(path)) == NULL)
		err(111, "cannot list the files");
	return 0;
}

static void
read_share(size_t first, size_t step)
{
	size_t i;
	int fd;

	for (i = first; i < nfiles; i += step) {
		if ((fd = open(files[i], O_RDONLY)) == -1)
			err(111, "cannot open '%s'", files[i]);
		while (read(fd, block, sizeof(block)) > 0)
			;
		close(fd);
	}
}

static void
read_all(const char *dir)
{
	size_t i, n = (size_t)sysconf(_SC_NPROCESSORS_ONLN);

	if (nftw(dir, collect, 32, FTW_PHYS) == -1)
		err(111, "cannot walk '%s'", dir);
	for (i = 1; i < n; i++)
		switch (fork()) {
		case -1:
			err(111, "cannot fork");
		case 0:
			read_share(i, n);
			_exit(0);
		}
	read_share(0, n);
	while (wait(NULL) != -1)
		;
	printf("%zu\n", nfiles);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
run_once(char *argv[], double *cpu, long *kb)
{
	struct timespec a, b;
	struct rusage u;
	pid_t pid;
	int fd, st;

	clock_gettime(CLOCK_MONOTONIC, &a);
	if ((pid = fork()) == -1)
		err(111, "cannot fork");
	if (pid == 0) {
		if ((fd = open("/dev/null", O_WRONLY)) == -1)
			err(111, "cannot open '/dev/null'");
		dup2(fd, STDOUT_FILENO);
		execvp(argv[0], argv);
		err(127, "cannot run '%s'", argv[0]);
	}
	if (wait4(pid, &st, 0, &u) == -1)
		err(111, "cannot wait");
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (!WIFEXITED(st) || WEXITSTATUS(st) >= 100)
		errx(111, "'%s' failed", argv[0]);
	*cpu = seconds(u.ru_utime) + seconds(u.ru_stime);
	if (u.ru_maxrss > *kb)
		*kb = u.ru_maxrss;
	return (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

int
main(int argc, char *argv[])
{
	double took[RUNS], cpu[RUNS];
	long kb = 0;
	int i, n;

	if (argc == 3 && strcmp(argv[1], "read") == 0) {
		read_all(argv[2]);
		return 0;
	}
	if (argc < 4 || strcmp(argv[1], "run") != 0 ||
	    (n = atoi(argv[2])) < 1 || n > RUNS)
		errx(100, "usage: scantime read DIR | run N CMD ...");
	for (i = 0; i < n; i++)
		took[i] = run_once(argv + 3, &cpu[i], &kb);
	qsort(took, (size_t)n, sizeof(*took), compare);
	qsort(cpu, (size_t)n, sizeof(*cpu), compare);
	printf("%.3f\t%.3f\t%.1f\n", took[n / 2], cpu[n / 2],
	    (double)kb / 1024);
	return 0;
}
